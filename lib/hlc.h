/*
 * hlc - hybrid logical clock: stamps near the wall clock that never go back
 * and always lie after every stamp seen.  Pure: the caller reads the clock.
 * Source: Kulkarni et al., Logical Physical Clocks, OPODIS 2014.
 */
#ifndef ML_HLC_H
#define ML_HLC_H
#include <stdint.h>

/* Of the stamps in a log only those before this drive the clock: a forged far
 * future must not drag everyone along.  2100-01-01T00:00:00Z, in ms. */
#define ML_HLC_HORIZON INT64_C(4102444800000)
#define ML_HLC_COUNTER_MAX (INT64_C(1) << 31)	/* that we mint */
/* A stamp so far ahead of our clock is worth telling a person; ms. */
#define ML_HLC_AHEAD_MS INT64_C(86400000)

struct ml_hlc {
	int64_t wall;		/* ms since 1970, may be negative */
	int64_t counter;
};

/* <0, 0, >0 */
int ml_hlc_compare(struct ml_hlc a, struct ml_hlc b);
/* Stamp a local event while the physical clock reads phys ms. */
struct ml_hlc ml_hlc_now(struct ml_hlc *clock, int64_t phys);
/* A remote stamp was seen: what is stamped from now on lies after it. */
struct ml_hlc ml_hlc_update(struct ml_hlc *clock, struct ml_hlc remote,
    int64_t phys);
/* As ml_hlc_now, but a counter that would pass its maximum moves the wall on
 * by one millisecond instead: what ml-emit stamps with. */
struct ml_hlc ml_hlc_mint(struct ml_hlc *clock, int64_t phys);
#endif

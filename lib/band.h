/*
 * band - where nobody needs a licence, and for how much of an hour one may send
 * there.  Pure.
 * Source: ETSI EN 300 220-2 V3.2.1 (2018), table B.1; Commission Decision
 * 2006/771/EC as amended; ERC Recommendation 70-03, annex 1.
 */
#ifndef ML_BAND_H
#define ML_BAND_H
#include <stdint.h>

struct ml_band {
	const char *name;		/* of the ledger that all on it share */
	uint32_t from, to;		/* Hz */
	unsigned duty;			/* percent x 100 of each hour */
	int power;			/* dBm at most, radiated */
};

/* The band that a channel lies in as a whole, or NULL. */
const struct ml_band *ml_band_of(uint32_t frequency, uint32_t bandwidth);
#endif

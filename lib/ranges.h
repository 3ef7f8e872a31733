/*
 * ranges - a set of numbers that mostly follow each other, as ranges: memory
 * goes by the holes in it, not by the numbers.  Pure.
 */
#ifndef ML_RANGES_H
#define ML_RANGES_H
#include <stdint.h>

#define ML_RANGES_MAX 1000000	/* then the lowest is forgotten */

struct ml_ranges;

struct ml_ranges *ml_ranges_new(void);		/* NULL: no memory */
void ml_ranges_free(struct ml_ranges *r);	/* takes NULL */
/* 1 when v is new, 0 when it was there, -1: no memory. */
int ml_ranges_add(struct ml_ranges *r, uint64_t v);
/* All from low to high, which lie beyond all that is there and do not touch it:
 * 0; or -1: they do not, or no memory. */
int ml_ranges_append(struct ml_ranges *r, uint64_t low, uint64_t high);
int ml_ranges_has(const struct ml_ranges *r, uint64_t v);
/* How many ranges there are. */
uint64_t ml_ranges_count(const struct ml_ranges *r);
/* Call with each range, from the lowest up. */
void ml_ranges_each(const struct ml_ranges *r, void *arg,
    void (*each)(void *arg, uint64_t low, uint64_t high));
#endif

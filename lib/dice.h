/*
 * dice - random numbers that are the same on every machine.  Pure.
 * Source: SplitMix64, Steele, Lea and Flood, OOPSLA 2014.
 */
#ifndef ML_DICE_H
#define ML_DICE_H
#include <stdint.h>

static inline uint64_t
ml_dice(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to limit - 1. */
static inline uint64_t
ml_dice_below(uint64_t *state, uint64_t limit)
{
	return ml_dice(state) % limit;
}

/* 0 to 1, but not 1. */
static inline double
ml_dice_part(uint64_t *state)
{
	return (double)(ml_dice(state) >> 11) * 0x1p-53;
}
#endif

/*
 * place - where a line's event lies in a file, in one number: byte offset and
 * length.  Pure.
 */
#ifndef ML_PLACE_H
#define ML_PLACE_H
#include <stdint.h>

#define ML_PLACE_LEN_BITS 24	/* lengths 1 .. 2^24, which is ML_LINE_MAX */

static inline uint64_t
ml_place(uint64_t offset, uint64_t len)
{
	return offset << ML_PLACE_LEN_BITS | (len - 1);
}

static inline uint64_t
ml_place_offset(uint64_t place)
{
	return place >> ML_PLACE_LEN_BITS;
}

static inline uint64_t
ml_place_len(uint64_t place)
{
	return (place & ((1U << ML_PLACE_LEN_BITS) - 1)) + 1;
}
#endif

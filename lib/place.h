/*
 * place - where a line's event lies in a file, in one number: byte offset,
 * length, and whether it stands there exactly as ml_event_write() makes it.
 * Pure.
 */
#ifndef ML_PLACE_H
#define ML_PLACE_H
#include <stdint.h>

#define ML_PLACE_LEN_BITS 24	/* lengths 1 .. 2^24, which is ML_LINE_MAX */
#define ML_PLACE_EXACT (UINT64_C(1) << ML_PLACE_LEN_BITS)

/* Offsets below 2^39: 512 GiB. */
static inline uint64_t
ml_place(uint64_t offset, uint64_t len)
{
	return offset << (ML_PLACE_LEN_BITS + 1) | (len - 1);
}

static inline uint64_t
ml_place_offset(uint64_t place)
{
	return place >> (ML_PLACE_LEN_BITS + 1);
}

static inline uint64_t
ml_place_len(uint64_t place)
{
	return (place & (ML_PLACE_EXACT - 1)) + 1;
}
#endif

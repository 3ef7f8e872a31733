/*
 * varint - unsigned numbers in as few bytes as they need, seven bits a byte,
 * the lowest first; the top bit says that more follow.  Signed ones alternate:
 * 0, -1, 1, -2 ...  Pure.  Source: LEB128, as in DWARF; zigzag, as in Protocol
 * Buffers.
 */
#ifndef ML_VARINT_H
#define ML_VARINT_H
#include "buf.h"

#define ML_VARINT_LEN 10		/* bytes */

static inline void
ml_varint_put(struct ml_buf *out, uint64_t v)
{
	uint8_t text[ML_VARINT_LEN];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		text[n++] = (uint8_t)(v | 0x80);
	text[n++] = (uint8_t)v;
	ml_buf_add(out, text, n);
}

/* Take one from the front: 1, or 0 if there is none. */
static inline int
ml_varint_get(struct ml_slice *from, uint64_t *v)
{
	unsigned shift = 0, byte;

	for (*v = 0; from->len > 0 && shift < 64; shift += 7) {
		byte = (uint8_t)*from->p++;
		from->len--;
		*v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return 1;
	}
	return 0;
}

static inline uint64_t
ml_varint_fold(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t
ml_varint_unfold(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

static inline void
ml_varint_put_signed(struct ml_buf *out, int64_t v)
{
	ml_varint_put(out, ml_varint_fold(v));
}

static inline int
ml_varint_get_signed(struct ml_slice *from, int64_t *v)
{
	uint64_t folded;
	int got = ml_varint_get(from, &folded);

	*v = ml_varint_unfold(got ? folded : 0);
	return got;
}
#endif

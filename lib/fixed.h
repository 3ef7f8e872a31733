/*
 * fixed - numbers of fixed width in a file, little-endian, and a checksum that
 * finds what chance has damaged.  Pure.
 */
#ifndef ML_FIXED_H
#define ML_FIXED_H
#include "buf.h"
#include "table.h"

static inline void
ml_fixed_put32(struct ml_buf *out, uint64_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8),
	    (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	ml_buf_add(out, b, sizeof b);
}

static inline void
ml_fixed_put64(struct ml_buf *out, uint64_t v)
{
	ml_fixed_put32(out, v);
	ml_fixed_put32(out, v >> 32);
}

static inline uint32_t
ml_fixed_get32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
}

/* Take the next from the front, where the caller knows that it is. */
static inline uint64_t
ml_fixed_take64(struct ml_slice *from)
{
	uint64_t v = ml_fixed_get32(from->p) |
	    (uint64_t)ml_fixed_get32(from->p + 4) << 32;

	from->p += 8;
	from->len -= 8;
	return v;
}

/* SipHash under a key that everybody knows: no protection from malice. */
static inline uint64_t
ml_checksum(const void *p, size_t len)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];

	return ml_table_hash(key, p, len);
}
#endif

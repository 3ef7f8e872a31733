/*
 * partfile - the inside of a part: shared by part.c, which reads, and
 * partwrite.c, which writes and merges; nobody else's.
 */
#ifndef ML_PARTFILE_H
#define ML_PARTFILE_H
#include "part.h"
#include "segment.h"

#define ML_PARTFILE_MAGIC UINT64_C(0x31747261702d6c6d)	/* "ml-part1" */
#define ML_PARTFILE_FOOTER_HEAD (9 * 8)	/* bytes before the feeds */

/* The bucket of a hash, of 2 to the power of bits. */
static inline uint64_t
ml_partfile_bucket_of(uint64_t hash, unsigned bits)
{
	return bits == 0 ? 0 : hash >> (ML_POSTING_BITS - bits);
}

/* part.c.  The text of a bucket, behind its checksum: 1, or 0. */
int ml_partfile_bucket(const struct ml_part *p, int fd, uint64_t number,
    struct ml_buf *text, struct ml_slice *inside);
#endif

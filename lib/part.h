/*
 * part - what an index's file knows of a stretch of its log, at a place in that
 * file: written once, then only read.  Its pieces, each with a checksum: blocks
 * of places and their directory, buckets of postings and theirs, the places of
 * loose events (which waited for others), and at its end what it says of feeds.
 *
 * Functions say 1, or 0: it is damaged, cannot be read or written, or memory
 * ran out; to an index all of these come to the same.
 * Source: meshlog-index(5).
 */
#ifndef ML_PART_H
#define ML_PART_H
#include "feed.h"

#define ML_PART_BYTES (UINT64_C(1) << 31)	/* bytes: offsets in it have 32 bits */
#define ML_PART_BLOCK 128		/* places read at a time */

struct ml_part {
	uint64_t at, footer, end;	/* in the file: all that a root knows */
	/* from at: */
	uint64_t blocks_dir, blocks, buckets, buckets_dir, loose, loose_len;
	unsigned bits;			/* 2 to this: buckets */
	uint64_t events;
	uint32_t *feed;			/* index of each that it tells of */
	int64_t *first;			/* seq of each */
	size_t feeds;
};

/* So many bytes of a file, into a buffer that was something else's. */
int ml_part_bytes(int fd, uint64_t at, uint64_t len, struct ml_buf *into);
/* Leaves at, footer and end. */
void ml_part_free(struct ml_part *p);
/*
 * Read what it says of feeds, and give them that and a span each: number is
 * what they call this part.  Parts are read in the order of their making.
 */
int ml_part_attach(struct ml_part *p, int fd, uint32_t number,
    struct ml_feeds *feeds);
/* The places of a span from (number * ML_PART_BLOCK) on: how many, or 0. */
size_t ml_part_places(const struct ml_part *p, int fd,
    const struct ml_span *span, uint64_t number,
    uint64_t place[static ML_PART_BLOCK]);
/* Call with each event that may be about a record; it returns 0 to end. */
int ml_part_record(const struct ml_part *p, int fd, uint64_t hash, void *arg,
    int (*each)(void *arg, uint32_t feed, int64_t seq));
/* Append its loose places, a uint64_t each. */
int ml_part_loose(const struct ml_part *p, int fd, struct ml_buf *out);
/* Write one at a place: the spots that feeds have up to their heads, and such
 * loose places. */
int ml_part_write(struct ml_part *p, int fd, uint64_t at,
    const struct ml_feeds *feeds, struct ml_slice loose);
/* Write one for n others, which are attached and numbered from first, the last
 * of all; feeds have no spots up to their heads. */
int ml_part_merge(struct ml_part *p, int fd, uint64_t at,
    const struct ml_feeds *feeds, const struct ml_part *from, size_t n,
    uint32_t first, struct ml_slice loose);
#endif

/*
 * segment - a part of a log's index, as bytes: where the events of a stretch
 * of the log lie, whose they are, and what they are about.  It is written once
 * and never changed.  Pure.  Source: meshlog-index(5).
 *
 * Places of a feed stand in blocks of ML_SEGMENT_BLOCK.  Postings say which
 * events are about a record, by a hash of its id: sorted, and cut into buckets
 * by the hash's first bits, so that a bucket is found without searching.
 * Seqs in postings count from the first of their feed in the segment.
 */
#ifndef ML_SEGMENT_H
#define ML_SEGMENT_H
#include "buf.h"
#include "event.h"
#include "seal.h"

#define ML_SEGMENT_BLOCK 128		/* places */
#define ML_POSTING_BITS 48		/* of a hash */

/* What a segment says of a feed; its slices are borrowed. */
struct ml_segment_feed {
	struct ml_slice author;
	int keyed, forked;
	uint8_t public[ML_PUBLIC_LEN];	/* of a keyed one */
	struct ml_slice name;		/* that event 1 gives it, or empty */
	int64_t first, count;		/* seqs; none if count is 0 */
	uint64_t block;			/* number of the first of its blocks */
	uint8_t id[ML_ID_LEN];		/* of the last of them */
	struct ml_hlc oldest, newest;	/* of the whole feed, so far */
};

struct ml_posting {
	uint64_t hash;			/* below 2^ML_POSTING_BITS */
	int64_t seq;			/* from 0 */
	uint32_t feed;			/* in order of the segment's */
};

/* A bucket that is written or read in order; it begins as { 0 }. */
struct ml_bucket {
	struct ml_posting last;
	int open;			/* more of the same record may come */
};

void ml_segment_put_feed(struct ml_buf *out, const struct ml_segment_feed *f);
/* Take one from the front: 1, or 0 if there is none. */
int ml_segment_get_feed(struct ml_slice *from, struct ml_segment_feed *f);
/* A block of n places, at most ML_SEGMENT_BLOCK. */
void ml_segment_put_places(struct ml_buf *out, const uint64_t *place,
    size_t n);
int ml_segment_get_places(struct ml_slice from, uint64_t *place, size_t n);
/* By hash; among equals the order stays.  spare has as much room. */
void ml_postings_sort(struct ml_posting *p, struct ml_posting *spare,
    size_t n);
/* Append a posting to a bucket's text; and end it. */
void ml_bucket_put(struct ml_bucket *b, struct ml_buf *out,
    const struct ml_posting *p);
void ml_bucket_end(const struct ml_bucket *b, struct ml_buf *out);
/* The next posting of a bucket's text, which is taken from the front, into
 * b->last: 1, 0 at the end, or -1: this is no bucket. */
int ml_bucket_get(struct ml_bucket *b, struct ml_slice *from);
/* Of so many postings: the number of buckets is 2 to this. */
unsigned ml_bucket_bits(uint64_t postings);
#endif

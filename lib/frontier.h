/*
 * frontier - what somebody holds: for each author the last seq of an unbroken
 * run from 1, and perhaps the id of that event.  Pure.
 * Source: version vectors, Parker et al., IEEE TSE SE-9(3), 1983.
 */
#ifndef ML_FRONTIER_H
#define ML_FRONTIER_H
#include "feed.h"

#define ML_FRONTIER_MAX (16 * 1024 * 1024)	/* bytes of JSON */

struct ml_frontier;

struct ml_frontier_entry {
	struct ml_slice author;		/* inside of a canonical string */
	int64_t seq;			/* 0 .. 2^53 */
	int has_id;
	uint8_t id[ML_ID_LEN];		/* of the event with that seq */
};

/*
 * Read {"author":seq,...} or a frontier message, blanks around it allowed.
 * NULL and *f for the caller to free, or a static reason.
 */
const char *ml_frontier_read(struct ml_frontier **f, struct ml_slice text);
/* One that holds nothing; NULL when memory ran out. */
struct ml_frontier *ml_frontier_new(void);
void ml_frontier_free(struct ml_frontier *f);	/* takes NULL */
/* The seq held of an author (the inside of a canonical string), 0 if none. */
int64_t ml_frontier_seq(const struct ml_frontier *f, struct ml_slice author);
/* All of them, sorted by author: they borrow from f. */
const struct ml_frontier_entry *ml_frontier_entries(
    const struct ml_frontier *f, size_t *n);
/* Whether it is a message that has ids, as ours do; and how many of its
 * receiver's events its sender had taken by then, -1 if it does not say. */
int ml_frontier_has_ids(const struct ml_frontier *f);
int64_t ml_frontier_taken(const struct ml_frontier *f);

/* Append {"author":seq,...} of feeds that are sorted by author. */
void ml_frontier_write(struct ml_feed *const *feed, size_t n,
    struct ml_buf *out);
/* The same as a message, with ids and, unless it is -1, how many were taken. */
void ml_frontier_write_message(struct ml_feed *const *feed, size_t n,
    int64_t taken, struct ml_buf *out);
#endif

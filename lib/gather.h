/*
 * gather - the wire forms of many events of a feed, copied out of a log's file
 * on all cores, in order.  Pure, but for reading and the threads.
 */
#ifndef ML_GATHER_H
#define ML_GATHER_H
#include "feed.h"

#define ML_GATHER_EVENTS 1024		/* at a time */

struct ml_gather;

/* Told of a piece: text has its lines, each with a newline; with good unset it
 * could not be copied, and from..to are for the caller to print. */
typedef void ml_gather_told(void *arg, const struct ml_feed *f, int64_t from,
    int64_t to, int good, struct ml_slice text);

/* fd is borrowed.  NULL: no memory. */
struct ml_gather *ml_gather_new(int fd, void *arg, ml_gather_told *told);
void ml_gather_free(struct ml_gather *g);	/* takes NULL; tells no more */
/*
 * Room for the places of so many events of a feed, at most ML_GATHER_EVENTS,
 * from a seq on; then ml_gather_give() has them copied.
 */
uint64_t *ml_gather_room(struct ml_gather *g, const struct ml_feed *f,
    int64_t from, size_t n);
void ml_gather_give(struct ml_gather *g);
/* All that was given is told. */
void ml_gather_end(struct ml_gather *g);
#endif

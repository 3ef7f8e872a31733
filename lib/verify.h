/*
 * verify - the seals of a log, verified on all cores and told in the order in
 * which they were given.  Pure, but for the threads.
 */
#ifndef ML_VERIFY_H
#define ML_VERIFY_H
#include "feed.h"
#include "log.h"

struct ml_verify;

/* Told of each seal: why is NULL if it is good, else a static reason. */
typedef void ml_verify_told(void *arg, const struct ml_feed *f, int64_t seq,
    const struct ml_log_place *at, const char *why);

struct ml_verify *ml_verify_new(void *arg, ml_verify_told *told);
void ml_verify_free(struct ml_verify *v);	/* takes NULL; tells no more */
/* The seal of an event of a keyed feed, which lives on; e is copied.  0, or
 * -1: no memory. */
int ml_verify_add(struct ml_verify *v, const struct ml_feed *f,
    const struct ml_event *e, const struct ml_log_place *at);
/* All that was given is told.  Likewise. */
int ml_verify_end(struct ml_verify *v);
#endif

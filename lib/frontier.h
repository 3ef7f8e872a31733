/*
 * frontier - what somebody holds: for each author the last seq of an unbroken
 * run from 1, and perhaps the id of that event.  Pure.
 * Source: version vectors, Parker et al., IEEE TSE SE-9(3), 1983.
 */
#ifndef ML_FRONTIER_H
#define ML_FRONTIER_H
#include "buf.h"

#define ML_FRONTIER_MAX (16 * 1024 * 1024)	/* bytes of JSON */

struct ml_frontier;

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
#endif

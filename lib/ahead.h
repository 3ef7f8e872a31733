/*
 * ahead - texts of a file that will be asked for one after another, wherever
 * they lie: read by other threads before they are.
 */
#ifndef ML_AHEAD_H
#define ML_AHEAD_H
#include "buf.h"

struct ml_ahead;

struct ml_ahead *ml_ahead_new(void);		/* NULL: no memory */
void ml_ahead_free(struct ml_ahead *a);		/* takes NULL */
/* Whether there is room to announce another. */
int ml_ahead_wants(const struct ml_ahead *a);
/* The text at a place, see place.h, of fd will be asked for. */
void ml_ahead_announce(struct ml_ahead *a, int fd, uint64_t place);
/*
 * The text at a place, borrowed until the next call: 1; 0 if it is not the next
 * that was announced, or could not be read, and is the caller's to read.
 */
int ml_ahead_get(struct ml_ahead *a, uint64_t place, struct ml_slice *text);
/* Nothing that was announced will be asked for; nobody reads fd any more. */
void ml_ahead_end(struct ml_ahead *a);
#endif

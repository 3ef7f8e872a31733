/*
 * mergestate - what one of two that merge knows, as the line of its state file.
 * Pure.  Source: ml-merge(1).
 */
#ifndef ML_MERGESTATE_H
#define ML_MERGESTATE_H
#include "buf.h"
#include "merge.h"

#define ML_MERGESTATE_LEN_MAX 65536	/* bytes of a state file */

/* Append it, with a newline. */
void ml_mergestate_write(const struct ml_merge *m, struct ml_buf *out);
/* NULL, or a static reason: a state that was taken cannot lead astray. */
const char *ml_mergestate_read(struct ml_merge *m, struct ml_slice text);
#endif

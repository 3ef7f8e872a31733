/*
 * replaystate - how far a source of packets got, as one line: seed, run, lines
 * of the noise that were sent, and the numbers that were requested and are not
 * answered.  Pure.  Source: ml-noise(1).
 */
#ifndef ML_REPLAYSTATE_H
#define ML_REPLAYSTATE_H
#include <stdint.h>
#include "buf.h"

#define ML_REPLAY_REQUESTS_MAX 65536	/* not answered yet; more are dropped */

struct ml_replaystate {
	uint64_t seed, run, position;
	uint64_t *request;		/* borrowed: room for that many */
	size_t requests;		/* in the order in which they came */
};

/* Of a line, without its newline: 1; or 0, and s is good for nothing. */
int ml_replaystate_read(struct ml_replaystate *s, struct ml_slice line);
/* Append it, with its newline. */
void ml_replaystate_write(struct ml_buf *out, const struct ml_replaystate *s);
#endif

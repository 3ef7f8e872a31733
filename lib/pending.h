/*
 * pending - lines of the sidecar of a packet log: what waits, what was
 * requested, which numbers the log holds.  Each line bears a checksum, so one
 * that a crash has spoilt costs itself.  Pure.  Source: ml-journal(1).
 */
#ifndef ML_PENDING_H
#define ML_PENDING_H
#include <stdint.h>
#include "buf.h"

#define ML_PENDING_NUMBERS 64	/* in one line */

enum ml_pending_kind {
	ML_PENDING_LOG,		/* offset, sum: what follows is true of the log
				 * up to there; sum is of the bytes before it */
	ML_PENDING_LOGGED,	/* written, late, recovered, inversions */
	ML_PENDING_SEEN,	/* low, high, low, high, ... */
	ML_PENDING_END,		/* of what was written as a whole */
	ML_PENDING_RUN,		/* received, duplicates, corrupt, requests,
				 * flushes, displacements, answers */
	ML_PENDING_WAIT,	/* seq, is_recovered, and its text */
	ML_PENDING_ASK,		/* seq, packets received then, and when it is
				 * due again or 0, tries, exists */
	ML_PENDING_PART,	/* offset, and from there on, up to a "|" at its
				 * end, a line of the input that has begun */
	ML_PENDING_KINDS
};

struct ml_pending {
	enum ml_pending_kind kind;
	size_t n;
	uint64_t number[ML_PENDING_NUMBERS];	/* below 10^16 */
	struct ml_slice text;
};

/* Whether a text is such a line, without its newline, and what it says.  It
 * borrows. */
int ml_pending_read(struct ml_pending *p, struct ml_slice line);
/* Append it as a line. */
void ml_pending_write(struct ml_buf *out, const struct ml_pending *p);
/* A checksum of bytes that are not lines. */
uint32_t ml_pending_sum(struct ml_slice bytes);
#endif

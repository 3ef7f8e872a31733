/*
 * merge - two workers, A and B, who each have numbers and merge them into one
 * output by messages of ten integers: what one of them does, step by step.
 * Pure: values, messages and text come from and go to the caller.
 *
 * A worker is a process that waits for a message when it needs one and looks at
 * nothing else (a Kahn network): what it says and writes depends on what it was
 * told, never on when.  So a step may be done again, from any state that was
 * kept, and comes to the same; that is what makes a crash harmless.
 *
 * A value is kept as its distance from -2^31: 0 to 2^32.
 * Source: ml-merge(1); Kahn, The Semantics of a Simple Language for Parallel
 * Programming, 1974; Hwang and Lin, SIAM J. Comput. 1(1), 1972.
 */
#ifndef ML_MERGE_H
#define ML_MERGE_H
#include "golomb.h"
#include "mergemsg.h"

#define ML_MERGE_CUTS_MAX 255		/* of the longer side's values */
#define ML_MERGE_VALUE_MAX (INT64_C(1) << 32)	/* distance from -2^31 */
#define ML_MERGE_COUNT_MAX (INT64_C(1) << 40)	/* values of a side */

enum ml_merge_phase {
	ML_MERGE_SAY,			/* tell how many values, from where to where */
	ML_MERGE_HEAR,			/* wait for the same of the other */
	ML_MERGE_COPY,			/* write own values alone */
	ML_MERGE_PASS,			/* say that the turn is over */
	ML_MERGE_AWAIT_TURN,
	ML_MERGE_AWAIT_DONE,
	ML_MERGE_AWAIT_PART,		/* the longer side: what is to be merged */
	ML_MERGE_CUT,			/* it says where it cuts its values */
	ML_MERGE_MERGE,			/* and merges what it is told */
	ML_MERGE_AWAIT_CUT,		/* the shorter side */
	ML_MERGE_PLACE,			/* it finds where each cut lies in its own */
	ML_MERGE_TELL,			/* and tells them, cut by cut */
	ML_MERGE_END
};

enum ml_merge_pass { ML_MERGE_PART, ML_MERGE_TURN, ML_MERGE_DONE };

/* All but the arrays; the state file has a member for each. */
#define ML_MERGE_FIELDS(X) \
	X(worker)			/* 0: A, 1: B */ \
	X(phase) \
	X(then)				/* the phase behind COPY */ \
	X(pass)				/* what PASS says */ \
	X(after)			/* the phase behind PASS */ \
	X(count) X(min) X(max)		/* own values */ \
	X(his_count) X(his_min) X(his_max) \
	X(is_below) X(is_above)		/* the shorter side has some there alone */ \
	X(from) X(until)		/* own values that lie among the other's */ \
	X(inside)			/* values of the shorter side to be merged */ \
	X(cuts) X(shift)		/* and the low bits that they have not */ \
	X(coded)			/* of the cuts: said or heard so far */ \
	X(next)				/* own value that is written or told next */ \
	X(copy_until) \
	X(gap)				/* between two cuts, from 0 */ \
	X(is_open)			/* its number of values is said */ \
	X(left)				/* of them, still to be said */ \
	X(told)				/* values merged so far */ \
	X(last)				/* the value said last */ \
	X(mean)				/* struct ml_golomb_mean */ \
	X(has_value)			/* last is to be written */ \
	X(spot)				/* behind own values up to here */ \
	X(turn)				/* the output is ours to write */ \
	X(touched)			/* and we may have begun */ \
	X(output_len)			/* bytes, as far as we know */ \
	X(comparisons) X(sent) X(received) X(written) \
	X(inbox_at) X(inbox_tail) X(inbox_sum)	/* struct ml_inbox */ \
	X(outbox_at) \
	X(bits_from) X(bits_to)

struct ml_merge {
#define ML_MERGE_MEMBER(name) uint64_t name;
	ML_MERGE_FIELDS(ML_MERGE_MEMBER)
#undef ML_MERGE_MEMBER
	uint64_t cut[ML_MERGE_CUTS_MAX];	/* the least value behind it */
	uint64_t rank[ML_MERGE_CUTS_MAX + 2];	/* own values: where gaps begin */
	uint32_t word[ML_GOLOMB_WORDS];
};

enum ml_merge_did {
	ML_MERGE_FAILED = -1,		/* port->why says why, or the port did */
	ML_MERGE_WAITS,			/* nothing to do until a message comes */
	ML_MERGE_WORKED,
	ML_MERGE_SAID,			/* port->message is to be sent */
	ML_MERGE_ENDED
};

struct ml_merge_port {
	void *arg;
	/* The i-th of own values, sorted: 0, or -1. */
	int (*own)(void *arg, uint64_t i, uint64_t *v);
	/* The next message: 1, 0: there is none yet, -1. */
	int (*receive)(void *arg, struct ml_mergemsg *m);
	struct ml_mergemsg message;	/* to send */
	struct ml_buf out;		/* to append to the output; owned */
	const char *why;		/* a message is refused for that */
};

/* A worker that has nothing yet but its sorted values. */
void ml_merge_begin(struct ml_merge *m, int worker, uint64_t count,
    uint64_t min, uint64_t max);
/*
 * Do a little: at most one message, at most about ML_MERGE_TEXT bytes of output.
 * Where turn is set after a step and touched is not, the caller looks at the
 * output before the next one; where turn goes, it keeps the state first.
 */
#define ML_MERGE_TEXT (256 * 1024)
enum ml_merge_did ml_merge_step(struct ml_merge *m, struct ml_merge_port *p);
/* Where values begin and end that lie among the other's, on both sides. */
uint64_t ml_merge_low(const struct ml_merge *m);
uint64_t ml_merge_high(const struct ml_merge *m);
#endif

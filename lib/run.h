/*
 * run - events of a keyed feed that one seal covers: from a sealed one back to
 * the tip, by what each follows.  Forged events beside them do not matter,
 * however many they are: nothing is searched but by id.  Pure.
 */
#ifndef ML_RUN_H
#define ML_RUN_H
#include "feed.h"
#include "wait.h"

struct ml_run {
	size_t n;			/* newest first */
	struct {
		uint32_t held;		/* entry in held, or ML_WAIT_NONE: */
		int64_t seq;		/* it lies in the log's file already */
	} at[ML_SEAL_RUN];
};

/*
 * The run that ends with an entry of held, which lies beyond the tip: 1 when
 * all of it is here, in held or, behind a gap, in filed; else 0.
 */
int ml_run_walk(struct ml_run *run, const struct ml_feed *f,
    const struct ml_wait *held, const struct ml_wait *filed, uint32_t entry);
#endif

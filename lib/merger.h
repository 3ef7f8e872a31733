/*
 * merger - one of two workers on its files: what merge decides, done so that it
 * may be killed anywhere and started again.
 *
 * The order: output, synced; then the state that gives up the turn, synced;
 * then the message that passes it.  So what a state says is ours to write is
 * ours, up to the length that it says, and what lies beyond is ours to cut.
 * Messages that a state does not know yet are said again, and found there; those
 * that it says were read are made last before it.
 */
#ifndef ML_MERGER_H
#define ML_MERGER_H
#include "merge.h"

struct ml_merger_files {
	int worker;			/* 0: A, 1: B */
	const char *inbox, *outbox, *output, *state, *data;	/* borrowed */
};

/* What went wrong: why, or errno where that is NULL, with a line of a file. */
struct ml_merger_fault {
	const char *file;		/* of struct ml_merger_files, or its own */
	uint64_t line;			/* 0: none */
	const char *why;
};

struct ml_merger;

/* Go on from the state, or begin: sort the data, and keep a state.  0, or -1. */
int ml_merger_open(struct ml_merger **w, const struct ml_merger_files *files,
    struct ml_merger_fault *fault);
/* One step: at most one message.  ML_MERGE_FAILED: only free it. */
enum ml_merge_did ml_merger_step(struct ml_merger *w,
    struct ml_merger_fault *fault);
/* Whether anything was done that the state on disk does not know. */
int ml_merger_has_changed(const struct ml_merger *w);
/* Make all last: output, messages, then the state.  0, or -1. */
int ml_merger_keep(struct ml_merger *w, struct ml_merger_fault *fault);
const struct ml_merge *ml_merger_state(const struct ml_merger *w);
void ml_merger_free(struct ml_merger *w);		/* takes NULL */
#endif

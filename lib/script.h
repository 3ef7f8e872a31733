/*
 * script - commands for a testbed, line by line from a stream, each with the
 * time when it is due.
 */
#ifndef ML_SCRIPT_H
#define ML_SCRIPT_H
#include "lines.h"
#include "testbed.h"

struct ml_script {
	struct ml_lines lines;
	const char *name;		/* for messages; borrowed */
	/* "wait" counts from when a line is read, not from the one before */
	int is_live;
	int has_ended;
	int has_line;
	struct ml_slice line;		/* what is to be done */
	uint64_t due;			/* and when, us */
};

enum ml_script_next {
	ML_SCRIPT_NONE,			/* no line at hand, or the end */
	ML_SCRIPT_LINE,
	ML_SCRIPT_REFUSED,		/* *why says why; go on */
	ML_SCRIPT_ERROR			/* errno says why; it has ended */
};

/* The line that is to be done; it stays until ml_script_done().  With may_block
 * unset ML_SCRIPT_NONE is returned instead of waiting for one. */
enum ml_script_next ml_script_next(struct ml_script *s, uint64_t now,
    int may_block, const char **why);
void ml_script_done(struct ml_script *s);
#endif

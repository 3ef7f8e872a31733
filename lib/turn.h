/*
 * turn - a file to which two append in turn.  Who has the turn may write, and
 * knows how long the file was when it came; he alone cuts what he has written,
 * and no more than that.
 */
#ifndef ML_TURN_H
#define ML_TURN_H
#include "buf.h"

struct ml_turn {
	const char *path;		/* borrowed */
	int fd;				/* -1: not open */
};

/*
 * The turn has come with this length: what the other has written must be there,
 * and no more.  With length 0 the file is made.  1; 0: not all of it is there
 * yet, or its end is a hole; -1: *why, or errno where that is NULL.
 */
int ml_turn_take(struct ml_turn *t, uint64_t len, const char **why);
/* We had it, and wrote up to this length for sure: what lies beyond is cut.
 * 0, or -1 likewise. */
int ml_turn_resume(struct ml_turn *t, uint64_t len, const char **why);
/* Write at an offset, which is the length so far.  0, or -1 with errno. */
int ml_turn_write(struct ml_turn *t, struct ml_slice bytes, uint64_t at);
int ml_turn_sync(struct ml_turn *t);		/* likewise; of none: 0 */
void ml_turn_close(struct ml_turn *t);
#endif

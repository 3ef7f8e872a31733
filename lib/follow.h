/*
 * follow - to be told when somebody else writes to a file, or puts another one
 * in its place: by the system where it can (inotify), else by looking each
 * second.
 */
#ifndef ML_FOLLOW_H
#define ML_FOLLOW_H

#define ML_FOLLOW_LOOK_MS 1000		/* where the system does not tell */

struct ml_follow;

/* path: resolved; its folder must be there.  NULL: no memory. */
struct ml_follow *ml_follow_new(const char *path);
void ml_follow_free(struct ml_follow *f);	/* takes NULL */
/* To be polled for input, then ml_follow_take(); -1: there is none, and the
 * caller should look each ML_FOLLOW_LOOK_MS. */
int ml_follow_fd(const struct ml_follow *f);
/* What was told by now: whether any of it is about the file. */
int ml_follow_take(struct ml_follow *f);
#endif

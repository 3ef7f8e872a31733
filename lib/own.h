/*
 * own - one key, one feed: what is minted with a key, and what KEY.feed beside
 * it remembers of that, so that a restored backup, a second copy of a log or a
 * damaged line does not kill a feed unknowingly.
 * Source: meshlog-key(5).
 */
#ifndef ML_OWN_H
#define ML_OWN_H
#include "identity.h"
#include "log.h"
#include <sys/stat.h>

struct ml_own {
	struct ml_identity *identity;
	struct ml_identity_feed feed;	/* what KEY.feed says */
	const char *path;		/* of the key, the caller's */
	int lock;			/* an fd of the key file */
	struct stat held, refused;	/* as they were when last searched */
};

/* 0; or -1 with a reason in *why or, with that NULL, errno. */
int ml_own_open(struct ml_own *own, const char *key_path, const char **why);
void ml_own_close(struct ml_own *own);
/*
 * Be the one who mints with this key, on whatever log: waits up to seconds
 * (errno EAGAIN when they ran out), reads KEY.feed.  Lock this before the log.
 */
int ml_own_lock(struct ml_own *own, double seconds, const char **why);
void ml_own_unlock(struct ml_own *own);
/*
 * Whether minting on this log, which is locked, would fork the feed: NULL if
 * not, else a static reason.  What KEY.feed lacks and is provably of this key
 * is taken over.  *rc is -1 with errno when that could not be found out.
 */
const char *ml_own_check(struct ml_own *own, struct ml_log *log, int *rc);
/* Note the head of the feed in KEY.feed, synced: 0, or -1 with errno. */
int ml_own_note(struct ml_own *own, struct ml_log *log);
#endif

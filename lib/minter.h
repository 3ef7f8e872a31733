/*
 * minter - an author at a log: what mint does, with the locks that it takes,
 * with a look at whether it would fork the author's feed, and made to last.
 *
 * What is minted takes the seq behind the head.  If events of the author lie
 * beyond it, that seq was used: peers have it, and a second one forks the feed.
 * So nothing is minted then unless that was asked for.
 * Source: meshlog-key(5), ml-emit(1).
 */
#ifndef ML_MINTER_H
#define ML_MINTER_H
#include "mint.h"
#include "own.h"

/* What the author should know, and is no reason to end. */
enum ml_minter_told {
	ML_MINTER_CUT,			/* n bytes of a torn tail */
	ML_MINTER_HASH,			/* a plain name looks like a key's id */
	ML_MINTER_LATER,		/* later events of that name are held */
	ML_MINTER_GAP,			/* n events behind a gap are given up */
	ML_MINTER_FORK,			/* the feed of a key is forked: why */
	ML_MINTER_AHEAD			/* over a day: a stamp of n ms since 1970 */
};

/* What went wrong: with file why, or errno where that is NULL. */
struct ml_minter_fault {
	const char *file;		/* NULL: no memory */
	const char *why;
	uint64_t behind;		/* or so many events behind a gap, or 0 */
};

struct ml_minter {
	const char *path;		/* of the log, which is made if need be */
	const char *key;		/* its path; NULL: a plain author */
	double wait;			/* seconds for each lock */
	int force;			/* fork the feed rather than end */
	void *arg;
	void (*tell)(void *arg, enum ml_minter_told what, int64_t n,
	    const char *why);
	struct ml_mint mint;		/* its author is the caller's to set */
	struct ml_own own;		/* opened by the caller if there is a key */
	struct ml_buf out;		/* wire lines of what was minted */
	uint64_t stored;		/* events, committed */
	/* These are minter.c's. */
	uint64_t cut;
	int is_forced, has_warned, has_looked, has_told_later;
};

/*
 * Lock, look, and begin to mint at ms since 1970: with an author.key if a keyed
 * feed is new.  0, or -1 with *fault, and then the program should end.
 */
int ml_minter_begin(struct ml_minter *m, int64_t ms,
    struct ml_minter_fault *fault);
/* Make n events last, and unlock; likewise.  The lines are the caller's to
 * print and clear. */
int ml_minter_commit(struct ml_minter *m, uint64_t n,
    struct ml_minter_fault *fault);
void ml_minter_free(struct ml_minter *m);	/* what it opened, and has */
#endif

/*
 * gossipbox - an exchange of events with one peer through two message files,
 * one contact after the other, however long the way of a file takes.
 *
 * What the peer has said, and what has been said to it, stays known from one
 * contact to the next in OUT.state, so nothing is said twice; without that file
 * all is said again, which does no harm.
 */
#ifndef ML_GOSSIPBOX_H
#define ML_GOSSIPBOX_H
#include "frontier.h"
#include "gossip.h"
#include "log.h"
#include "mailbox.h"

#define ML_GOSSIPBOX_STATE_MAX (49 * 1024 * 1024)	/* bytes: three frontiers */

struct ml_gossipbox {
	struct ml_inbox in;
	struct ml_outbox out;
	uint64_t first;			/* what that begins with, in a number */
	char *state;			/* path; owned */
	struct ml_frontier *his;	/* what the peer says it holds, or NULL */
	struct ml_frontier *lost;	/* the one before, if that held more */
	struct ml_frontier *said;	/* what it was told that we hold, or NULL */
	struct ml_frontier *shown;	/* forks proved to it, at which seq, or NULL */
	struct ml_buf newly;		/* and those of this contact, likewise */
	int is_answered;		/* and it was sent all of that */
	const char *failed;		/* the file that is in trouble */
	uint64_t events;		/* sent in this contact */
};

/* 0, or -1: *why, or errno where that is NULL, about b->failed. */
int ml_gossipbox_open(struct ml_gossipbox *b, const char *in, const char *out,
    const char **why);
/* A line of the peer's that is new: 1, b->in.is_long if it is too long; 0: there
 * is none; -1 likewise. */
int ml_gossipbox_next(struct ml_gossipbox *b, struct ml_slice *line,
    const char **why);
/* It is a frontier: NULL, or a static reason. */
const char *ml_gossipbox_hear(struct ml_gossipbox *b, struct ml_slice line);
/* Write what the peer lacks, what proves the forks that g knows of, once, and
 * our frontier if it has changed; sync, and keep the state.  All of the log, and
 * what was heard, must be on the disk. */
int ml_gossipbox_say(struct ml_gossipbox *b, struct ml_gossip *g,
    struct ml_log *log, const char **why);
void ml_gossipbox_close(struct ml_gossipbox *b);
#endif

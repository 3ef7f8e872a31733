/*
 * gossip - the exchange of events with one peer, as a state machine: what the
 * peer says, what we hold and the time go in; what to say comes out.  It knows
 * nothing of how messages are spelled, and of events only author and seq, so
 * that it may drive lines of JSON or radio frames.  Pure.
 *
 * Each side tells its frontier.  Who hears one sends what it lacks, and what it
 * comes to hold later at once.  Events are counted: each frontier and each
 * "done" says how many of the other's were taken by then, so a frontier that
 * crossed events on their way is told from one that was made after they were
 * decided on.  What the peer has confirmed is not sent again; what it did not
 * take (as it does not trust the author, or has another branch of the feed)
 * is offered again in serving, a message's worth at growing intervals.
 *
 * One contact ends when each side has nothing more to send, and has heard that
 * the other took all that was sent.  Times are ms of a clock that only goes on.
 * Source: Demers et al., Epidemic Algorithms, PODC 1987; ml-gossip(1).
 */
#ifndef ML_GOSSIP_H
#define ML_GOSSIP_H
#include "buf.h"
#include "table.h"

#define ML_GOSSIP_STRANGERS_MAX 65536	/* authors remembered of a peer, whom we
					 * have not: of others it may be sent what
					 * it has */
#define ML_GOSSIP_IDLE_MAX (UINT64_C(256) << 20) /* bytes for nothing, in one
					 * contact */
#define ML_GOSSIP_IDLE_WAITS 20		/* times the silence, for nothing new */
#define ML_GOSSIP_SIGN 1024		/* bytes that are a sign of life */
#define ML_GOSSIP_RETRY_MAX INT64_C(3600000) /* ms, of what was not taken */

struct ml_gossip_options {
	int once;			/* one contact; else serve */
	int64_t interval_ms;		/* between two frontiers, in serving */
	int64_t silence_ms;		/* of a peer that is given up */
};

enum ml_gossip_what {
	ML_GOSSIP_WAIT,			/* until then, or what comes first */
	ML_GOSSIP_FRONTIER,		/* send all heads, and taken */
	ML_GOSSIP_EVENTS,		/* send events of author: from..to */
	ML_GOSSIP_EVIDENCE,		/* send what shows that the author's event
					 * from is another than the peer's */
	ML_GOSSIP_DONE,			/* send that all was sent, and taken */
	ML_GOSSIP_OVER			/* with this outcome */
};

enum ml_gossip_outcome {
	ML_GOSSIP_AGREED,		/* all was sent and taken, as far as known */
	ML_GOSSIP_ENDED,		/* the peer ended, in serving */
	ML_GOSSIP_EARLY,		/* the peer ended before that */
	ML_GOSSIP_SILENT,		/* nothing came, or was read, for too long */
	ML_GOSSIP_UNHEARD,		/* the same, of one that never said a word */
	ML_GOSSIP_FLOODED		/* much came, and nothing new */
};

struct ml_gossip_wish {
	enum ml_gossip_what what;
	struct ml_slice author;		/* borrows until the next call */
	int64_t from, to;		/* seq */
	int64_t taken;			/* of the peer's events, by now */
	int64_t until;			/* ms; INT64_MAX: for ever */
	enum ml_gossip_outcome outcome;
};

struct ml_gossip;

/* key: random, see table.h.  NULL: no memory. */
struct ml_gossip *ml_gossip_new(const struct ml_gossip_options *o,
    const uint8_t key[static ML_TABLE_KEY_LEN], int64_t now);
void ml_gossip_free(struct ml_gossip *g);	/* takes NULL */
/* Whether memory ran out: then it is good for nothing but to be freed. */
int ml_gossip_failed(const struct ml_gossip *g);

/* We hold an author's events 1..seq, on the disk; authors are insides of
 * canonical strings here. */
void ml_gossip_hold(struct ml_gossip *g, struct ml_slice author, int64_t seq);
/* We hold nothing at all: what is held is told anew. */
void ml_gossip_hold_none(struct ml_gossip *g);

/*
 * The peer's frontier: begun, with how many of our events it had taken (-1 if
 * it does not say) and whether it has ids; then each author; then its end.
 * ml_gossip_entry() returns 1 if the id is to be compared to that of our event
 * with this seq; where they differ, ml_gossip_fork() is next.
 */
void ml_gossip_frontier(struct ml_gossip *g, int64_t taken, int has_ids);
int ml_gossip_entry(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int has_id, int64_t now);
/* 1 if it said anything that the one before did not. */
int ml_gossip_frontier_end(struct ml_gossip *g, int64_t now);
/* The peer has another event than we with this seq; the first time counts. */
void ml_gossip_fork(struct ml_gossip *g, struct ml_slice author, int64_t seq);
/* An event of the peer's is in our log now, or was there before. */
void ml_gossip_came(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int64_t now);
/* So many of its events were decided on, whatever came of it. */
void ml_gossip_took(struct ml_gossip *g, uint64_t events);
/* It says that it has sent all, and how many it took (-1: it does not say).
 * All that came before must have been decided on. */
void ml_gossip_done(struct ml_gossip *g, int64_t taken, int64_t now);
/* Bytes came from it, so many of them in frontiers that said nothing new, which
 * are no sign of life; it has read some of ours. */
void ml_gossip_heard(struct ml_gossip *g, size_t bytes, size_t stale,
    int64_t now);
void ml_gossip_drained(struct ml_gossip *g, size_t bytes, int64_t now);
/* No more will come; and: no more will be read. */
void ml_gossip_end(struct ml_gossip *g);
void ml_gossip_unread(struct ml_gossip *g);

/*
 * What to do now.  With room unset nothing is sent for now, as the last of it
 * was not read yet.  What it says of a frontier and of done is taken for sent;
 * of events and of evidence ml_gossip_sent() says how many went, the next of
 * that author.
 */
void ml_gossip_next(struct ml_gossip *g, int room, int64_t now,
    struct ml_gossip_wish *wish);
void ml_gossip_sent(struct ml_gossip *g, const struct ml_gossip_wish *wish,
    size_t events, int64_t now);
/* Where there is no talk: what is to prove a fork, whatever else is to be said.
 * 1: that wish; 0: nothing. */
int ml_gossip_evidence(struct ml_gossip *g, struct ml_gossip_wish *wish);
/* Whether the peer has another branch of a feed, as far as known. */
int ml_gossip_is_forked(struct ml_gossip *g, struct ml_slice author);
/* Events sent so far. */
uint64_t ml_gossip_sent_events(const struct ml_gossip *g);
#endif

/*
 * gossipwork - the inside of an exchange: shared by gossip.c, which knows whose
 * turn it is to say what, and gossippeer.c, which knows what the peer has;
 * nobody else's.
 */
#ifndef ML_GOSSIPWORK_H
#define ML_GOSSIPWORK_H
#include "gossip.h"

struct ml_gossip_author {
	struct ml_slice name;		/* owned */
	int64_t head;			/* ours, 0: nothing */
	int64_t has;			/* the peer, for sure */
	int64_t sent;			/* what it has if it takes all we sent */
	uint64_t sent_at;		/* events sent in all, with its last one */
	int64_t sent_ms;
	int64_t claims;			/* its last frontier, */
	uint32_t epoch;			/* that had this number */
	int64_t compared;		/* seq whose id was */
	int64_t evidence;		/* seq to be proved, 0: none */
	int64_t retry_ms, retry_after;	/* what it did not take */
	uint8_t forked;
	uint8_t probing;		/* one message, to see if it is taken now */
	uint8_t due;			/* something is to be sent */
};

struct ml_gossip {
	struct ml_gossip_options o;
	struct ml_gossip_author *author;
	size_t n, room;
	struct ml_table by_name;
	uint8_t key[ML_TABLE_KEY_LEN];
	size_t recent;			/* the author that was asked for last */
	size_t cursor;			/* the author that is being sent */
	size_t due, evidence;		/* authors with something to send */
	size_t strangers;		/* authors whom we have not */
	uint32_t epoch;			/* frontiers heard */
	int knows_us, forgot, news;	/* of the last one */
	int64_t frontier_taken;
	uint64_t sent, taken;		/* events, in all */
	int began;			/* our frontier was sent, */
	int64_t frontier_ms;		/* and is again */
	int said, answers;		/* done; it is to be said again */
	uint64_t said_taken;
	int peer_done;
	int64_t peer_taken;
	int ended, unread, over, failed;
	enum ml_gossip_outcome outcome;
	int heard_any;
	int64_t sign_ms, useful_ms;	/* the last sign of life, use of it */
	uint64_t idle_bytes, sign_bytes, drained_bytes;
};

/* gossippeer.c */
void ml_gossip_drop(struct ml_gossip_author *a);
/* Whether events of an author are to be sent, once there is a frontier. */
void ml_gossip_judge(struct ml_gossip *g, struct ml_gossip_author *a);

/* gossip.c */
/* Something came that was worth it. */
void ml_gossip_use(struct ml_gossip *g, int64_t now);
/* It is over; the first outcome counts. */
void ml_gossip_finish(struct ml_gossip *g, enum ml_gossip_outcome outcome);
#endif

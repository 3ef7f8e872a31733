/*
 * exchange - with one peer: what it says goes into a log and to the machine of
 * gossip.h, what that wishes is said to it, over two descriptors, until the
 * contact is over or the peer ends.  What others append meanwhile is sent too.
 */
#ifndef ML_EXCHANGE_H
#define ML_EXCHANGE_H
#include "gossip.h"
#include "inlet.h"
#include "outlet.h"

struct ml_exchange;

struct ml_exchange_options {
	struct ml_inlet_options inlet;	/* without those who are told */
	struct ml_gossip_options gossip;
	int in;				/* the peer's lines */
	struct ml_outlet *out;		/* borrowed */
	int stop;			/* one that can be read: leave */
	void *arg;			/* for those who are told: */
	/* As of the inlet; item is NULL of what had been held. */
	void (*decided)(void *arg, enum ml_verdict verdict,
	    const struct ml_event *e, const char *why,
	    const struct ml_batch_item *item);
	void (*broken)(void *arg, const struct ml_batch_item *item);
	ml_intake_bad_held *bad_held;
	/* The peer's frontier, in this line, is none; or it names another
	 * event than ours. */
	void (*bad_frontier)(void *arg, uint64_t line, const char *why);
	void (*differs)(void *arg, uint64_t line, const struct ml_feed *f,
	    int64_t seq, const uint8_t *ours, const uint8_t *theirs);
	/* A group is about to begin; it is on the disk. */
	void (*begins)(void *arg);
	void (*committed)(void *arg);
	/* Something was said. */
	void (*said)(void *arg);
};

enum ml_exchange_end {
	ML_EXCHANGE_OVER,		/* with an outcome */
	ML_EXCHANGE_STOPPED,		/* as asked for */
	ML_EXCHANGE_UNREAD,		/* the peer does not read the last of it */
	ML_EXCHANGE_FAILED		/* see ml_exchange_failed() */
};

/* NULL: no memory. */
struct ml_exchange *ml_exchange_new(const struct ml_exchange_options *o,
    const uint8_t key[static ML_TABLE_KEY_LEN]);
void ml_exchange_free(struct ml_exchange *x);	/* takes NULL */
/* Take in what the log and its sidecars hold already; 0, or -1: as below. */
int ml_exchange_begin(struct ml_exchange *x);
enum ml_exchange_end ml_exchange_run(struct ml_exchange *x,
    enum ml_gossip_outcome *outcome);

/* A peer's line, number l->number, that came by another way: 1 if it is a
 * frontier, 0 if not, or it is none that is good; or -1: as below. */
int ml_exchange_line(struct ml_exchange *x, const struct ml_lines *l,
    enum ml_line got, struct ml_slice line);
/* All that came is decided on, and on the disk.  0, or -1: as below. */
int ml_exchange_commit(struct ml_exchange *x);

/* The file that a failed call was about; *why, or NULL and errno says it. */
const char *ml_exchange_failed(const struct ml_exchange *x, const char **why);
/* What comes is taken in by this. */
struct ml_inlet *ml_exchange_inlet(struct ml_exchange *x);
/* What is known of the peer. */
struct ml_gossip *ml_exchange_gossip(struct ml_exchange *x);
/* Events sent, and bytes heard. */
uint64_t ml_exchange_sent(const struct ml_exchange *x);
uint64_t ml_exchange_heard(const struct ml_exchange *x);
#endif

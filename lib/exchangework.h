/*
 * exchangework - the inside of an exchange: shared by exchange.c, which waits,
 * hears and says, and exchangeline.c, which knows what a line does; nobody
 * else's.
 */
#ifndef ML_EXCHANGEWORK_H
#define ML_EXCHANGEWORK_H
#include "exchange.h"
#include "follow.h"

struct ml_exchange {
	struct ml_exchange_options o;
	struct ml_log *log;
	struct ml_inlet *inlet;
	struct ml_gossip *g;
	struct ml_follow *follow;
	struct ml_lines lines;
	uint64_t line;			/* that is heard: its number */
	uint64_t heard;			/* bytes */
	uint64_t stale;			/* of the last, that told nothing new */
	int more;			/* lines were read and not looked at */
	int ended;			/* the input has */
	int64_t group_ms, heard_ms;	/* the first line of a group, the last */
	int64_t look_ms;		/* at the log, again */
	unsigned generation;
	uint64_t items;
	const char *failed, *why;
};

/* exchangeline.c */
/* ms of a clock that only goes on. */
int64_t ml_exchange_now(void);
/* Note which file failed, and why (NULL: errno): -1. */
int ml_exchange_fail(struct ml_exchange *x, const char *file, const char *why);
int ml_exchange_fail_inlet(struct ml_exchange *x);
/* Be told of what the inlet decides. */
void ml_exchange_listen(struct ml_exchange *x, struct ml_inlet_options *o);
#endif

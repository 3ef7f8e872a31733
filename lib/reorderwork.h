/*
 * reorderwork - the inside of a window: shared by reorder.c, where packets
 * wait, reorderask.c, where they are requested, reorderkeep.c, which takes up
 * where a run ended, and reorderstat.c, which counts; nobody else's.
 */
#ifndef ML_REORDERWORK_H
#define ML_REORDERWORK_H
#include "reorder.h"

#define ML_REORDER_REMEMBERED 64	/* answers, of which a copy may come */

struct ml_reorder_remembered {
	uint64_t seq;
	uint64_t displacement;	/* 0: nothing is remembered */
};

struct ml_reorder {
	struct ml_reorder_config config;
	struct ml_reorder_sink sink;
	struct ml_reorder_counts count;
	struct ml_reorder_learnt learnt;
	uint64_t next;			/* all below is written or given up */
	uint64_t end;			/* behind the highest that is written */
	uint64_t high;			/* the highest seen, once or twice */
	uint64_t asked_to;		/* what is missing below was requested */
	int has_begun;			/* next means something */
	int is_draining;
	struct ml_ranges *written;
	struct ml_reorder_item **item;	/* by seq, from the first on */
	size_t first, n, room, bytes, unkept;
	struct ml_reorder_ask *ask;	/* by seq */
	size_t asks, asks_room, asks_unkept;
	size_t again;			/* of them that are due again some day */
	struct ml_reorder_remembered remembered[ML_REORDER_REMEMBERED];
	size_t remember_at;
	int no_memory;
};

static inline struct ml_reorder_item *
ml_reorder_item(const struct ml_reorder *r, size_t i)
{
	return r->item[r->first + i];
}

/* Whether an answer can be counted on: the packet came, though damaged. */
static inline size_t
ml_reorder_is_owed(const struct ml_reorder_ask *a)
{
	return a->exists && a->tries < ML_REORDER_TRIES_MAX;
}

/* reorder.c */
/* How many that wait have a lower number; whether the next is this one; whether
 * it waits or is written. */
size_t ml_reorder_find_item(const struct ml_reorder *r, uint64_t seq);
int ml_reorder_is_at(const struct ml_reorder *r, size_t i, uint64_t seq);
int ml_reorder_is_here(const struct ml_reorder *r, uint64_t seq);
/* Let a packet wait, before the one at where: 0, or -1: no memory. */
int ml_reorder_insert(struct ml_reorder *r, size_t where, uint64_t seq,
    struct ml_slice text, int is_recovered);
/* The highest that was seen: of what is far ahead only with a witness. */
void ml_reorder_raise(struct ml_reorder *r);
/* The stream begins with the lowest that was seen so far. */
void ml_reorder_begin(struct ml_reorder *r);
/* What has to be done now: 0, or -1: no memory. */
int ml_reorder_advance(struct ml_reorder *r);
void ml_reorder_note(unsigned of[static 2], uint64_t v);

/* reorderask.c */
/* How many requests are for a lower number. */
size_t ml_reorder_find_ask(const struct ml_reorder *r, uint64_t seq);
/* Where a number has or would have its request; NULL: no memory. */
struct ml_reorder_ask *ml_reorder_new_ask(struct ml_reorder *r, uint64_t seq);
void ml_reorder_remove_ask(struct ml_reorder *r, size_t i);
void ml_reorder_request(struct ml_reorder *r, uint64_t seq);
/* Request again what is due, or with all set what will be: how many. */
int ml_reorder_request_again(struct ml_reorder *r, int all);
/* Request what is missing below a limit and has not been: how many. */
int ml_reorder_request_missing(struct ml_reorder *r, uint64_t limit);
/* Take away the request of a packet that has come: whether there was one. */
int ml_reorder_is_answer(struct ml_reorder *r, uint64_t seq);
#endif

/*
 * wait - events that came before what they follow, by (feed, seq, id): where
 * each lies, until its turn comes.  Never scanned to find one.  Pure.
 *
 * A slot is a seq of a feed.  An id belongs to one slot.
 */
#ifndef ML_WAIT_H
#define ML_WAIT_H
#include "event.h"
#include "table.h"

#define ML_WAIT_SEALS_MAX 4	/* copies of one event, by their seals */

struct ml_waiting {
	uint8_t id[ML_ID_LEN], prev[ML_ID_LEN];
	int64_t seq;			/* 0: not in use */
	uint64_t place;			/* a number of the caller's; ascending */
	uint32_t feed;			/* its index */
	uint32_t line;			/* the caller's too */
	uint64_t seal;			/* a hash of its seal; 0: it has none */
};

struct ml_wait;

struct ml_wait *ml_wait_new(const uint8_t key[static ML_TABLE_KEY_LEN]);
void ml_wait_free(struct ml_wait *w);		/* takes NULL */
/*
 * 1 when it was added; 0 when that event waits already, with that seal or with
 * as many others as may be; -1: no memory.
 */
int ml_wait_add(struct ml_wait *w, uint32_t feed, const struct ml_event *e,
    uint64_t place, uint32_t line);
/*
 * Take away all that wait for this slot and put them, by place, into an array
 * for the caller to free (NULL if none).  0, or -1: no memory.
 */
int ml_wait_take(struct ml_wait *w, uint32_t feed, int64_t seq,
    struct ml_waiting **list, size_t *n);
/* Whether this very event waits, with this seal or, if it has none, any. */
int ml_wait_has(const struct ml_wait *w, uint32_t feed,
    const struct ml_event *e);
/* An entry of an event, ML_WAIT_NONE if it does not wait. */
#define ML_WAIT_NONE ML_TABLE_NONE
uint32_t ml_wait_find(const struct ml_wait *w, uint32_t feed, int64_t seq,
    const uint8_t id[static ML_ID_LEN]);
/* The entries of a slot, newest first: the first, and the next older. */
uint32_t ml_wait_first(const struct ml_wait *w, uint32_t feed, int64_t seq);
uint32_t ml_wait_next(const struct ml_wait *w, uint32_t entry);
/* That slot will soon be asked for: fetch from memory what that takes. */
void ml_wait_expect(const struct ml_wait *w, uint32_t feed, int64_t seq);
/* What an entry says, until something is added. */
const struct ml_waiting *ml_wait_at(const struct ml_wait *w, uint32_t entry);
/* Walk all: entries with seq 0 are holes.  An entry may be dropped. */
const struct ml_waiting *ml_wait_all(const struct ml_wait *w, size_t *n);
void ml_wait_drop(struct ml_wait *w, size_t entry);
size_t ml_wait_count(const struct ml_wait *w);
#endif

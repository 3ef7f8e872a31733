/*
 * wait - events that came before what they follow, by (feed, seq, id): where
 * each lies, until its turn comes.  Never scanned to find one.  Pure.
 */
#ifndef ML_WAIT_H
#define ML_WAIT_H
#include "event.h"
#include "table.h"

struct ml_waiting {
	uint8_t id[ML_ID_LEN];
	int64_t seq;			/* 0: not in use */
	uint64_t place;			/* a number of the caller's; ascending */
	uint32_t feed;			/* its index */
	uint32_t line;			/* the caller's too */
};

struct ml_wait;

struct ml_wait *ml_wait_new(const uint8_t key[static ML_TABLE_KEY_LEN]);
void ml_wait_free(struct ml_wait *w);		/* takes NULL */
/* 1 when it was added, 0 when that event waits already, -1: no memory. */
int ml_wait_add(struct ml_wait *w, uint32_t feed, const struct ml_event *e,
    uint64_t place, uint32_t line);
/*
 * Take away all that wait for this slot and put them, by place, into an array
 * for the caller to free (NULL if none).  0, or -1: no memory.
 */
int ml_wait_take(struct ml_wait *w, uint32_t feed, int64_t seq,
    struct ml_waiting **list, size_t *n);
/* Whether this very event waits. */
int ml_wait_has(const struct ml_wait *w, const uint8_t id[static ML_ID_LEN]);
/* Walk all: entries with seq 0 are holes.  An entry may be dropped. */
const struct ml_waiting *ml_wait_all(const struct ml_wait *w, size_t *n);
void ml_wait_drop(struct ml_wait *w, size_t entry);
size_t ml_wait_count(const struct ml_wait *w);
#endif

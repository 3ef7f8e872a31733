/* given - what several test programs start from */
#ifndef GIVEN_H
#define GIVEN_H
#include <stdint.h>
#include <string.h>

#include "dice.h"
#include "event.h"

static inline struct ml_slice
slice(const char *s)
{
	return (struct ml_slice){ s, strlen(s) };
}

/* Whether a buffer holds this text. */
static inline int
holds(const struct ml_buf *b, const char *text)
{
	return b->p != NULL && ml_slice_is(ml_buf_view(b), text);
}

static inline int
same_reason(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The same numbers on every machine. */
static inline uint64_t
given_random(uint64_t *state)
{
	return ml_dice(state);
}

static inline size_t
given_below(uint64_t *state, size_t limit)
{
	return (size_t)ml_dice_below(state, limit);
}

/* Whether e is written as text, from the wire form at hand and without it. */
static inline int
given_written(struct ml_event e, struct ml_slice text)
{
	struct ml_buf copied = { 0 }, made = { 0 };
	int same;

	ml_event_write(&e, &copied);
	e.wire.len = 0;
	ml_event_write(&e, &made);
	same = ml_slice_same(ml_buf_view(&copied), text) &&
	    ml_slice_same(ml_buf_view(&made), text);
	ml_buf_free(&copied);
	ml_buf_free(&made);
	return same;
}

/* Whether two readings came to the same event. */
static inline int
given_same(const struct ml_event *a, const struct ml_event *b)
{
	return ml_slice_same(a->author, b->author) && a->seq == b->seq &&
	    ml_hlc_compare(a->hlc, b->hlc) == 0 &&
	    ml_slice_same(a->kind, b->kind) &&
	    ml_slice_same(a->payload, b->payload) &&
	    ml_slice_same(a->prev, b->prev) &&
	    memcmp(a->id, b->id, ML_ID_LEN) == 0;
}
#endif

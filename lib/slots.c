/* slots - pieces found by small numbers: open addressing */
#include <string.h>

#include "slots.h"

#define FIRST_ROOM 4

static uint32_t *
numbers_of(const struct ml_slots *s)
{
	return (uint32_t *)(void *)(s->piece + s->room);
}

static size_t
size_of(const struct ml_slots *s)
{
	return s->room * (sizeof *s->piece + sizeof(uint32_t));
}

/* Where the piece of that number is, or would be; NULL: every place is taken. */
static char **
place_of(const struct ml_slots *s, uint64_t spread, uint32_t number)
{
	uint64_t hash = number * spread >> 32;
	uint32_t i = (uint32_t)(hash * s->room >> 32), n;

	for (n = 0; n < s->room; n++) {
		if (s->piece[i] == NULL || numbers_of(s)[i] == number)
			return &s->piece[i];
		if (++i == s->room)
			i = 0;
	}
	return NULL;
}

static void
put(struct ml_slots *s, uint64_t spread, uint32_t number, char *piece)
{
	char **place = place_of(s, spread, number);

	*place = piece;
	numbers_of(s)[place - s->piece] = number;
}

static int
grow(struct ml_slots *s, struct ml_pool *pool, uint64_t spread)
{
	struct ml_slots old = *s;
	uint32_t i;

	s->room = old.room != 0 ? old.room + old.room / 2 : FIRST_ROOM;
	if (s->room < old.room ||
	    (s->piece = ml_pool_take(pool, size_of(s))) == NULL) {
		*s = old;
		return -1;
	}
	memset(s->piece, 0, s->room * sizeof *s->piece);
	for (i = 0; i < old.room; i++)
		if (old.piece[i] != NULL)
			put(s, spread, numbers_of(&old)[i], old.piece[i]);
	if (old.room != 0)
		ml_pool_give(pool, old.piece, size_of(&old));
	return 0;
}

char **
ml_slots_find(const struct ml_slots *s, uint64_t spread, uint32_t number)
{
	char **place = place_of(s, spread, number);

	return place != NULL && *place != NULL ? place : NULL;
}

int
ml_slots_add(struct ml_slots *s, struct ml_pool *pool, uint64_t spread,
    uint32_t number, char *piece)
{
	if (s->n >= s->room - s->room / 8 && grow(s, pool, spread) == -1)
		return -1;
	put(s, spread, number, piece);
	s->n++;
	return 0;
}

uint32_t
ml_slots_number(const struct ml_slots *s, uint32_t at)
{
	return numbers_of(s)[at];
}

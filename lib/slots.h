/*
 * slots - pieces found by small numbers, in a pool: as many as there are of
 * them, and little more.  Most have few, but one may have very many, and then
 * finding them takes no longer.  Pure.
 */
#ifndef ML_SLOTS_H
#define ML_SLOTS_H
#include <stdint.h>
#include "pool.h"

/* Zeros are none at all.  The numbers stand behind the pieces. */
struct ml_slots {
	char **piece;			/* room places, NULL where none is */
	uint32_t n, room;
};

/*
 * Where the piece of that number is, to be read or put anew; NULL: there is
 * none.  spread is odd, the same for all calls, and nobody who chooses numbers
 * knows it.
 */
char **ml_slots_find(const struct ml_slots *s, uint64_t spread,
    uint32_t number);
/* Add one of a number that is not there.  0, or -1: no memory, and s is as it
 * was. */
int ml_slots_add(struct ml_slots *s, struct ml_pool *pool, uint64_t spread,
    uint32_t number, char *piece);
/* The number of the piece at a place, 0 .. room - 1, where one is. */
uint32_t ml_slots_number(const struct ml_slots *s, uint32_t at);
#endif

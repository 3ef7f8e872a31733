/* wait - events that came before what they follow */
#include <stdlib.h>
#include <string.h>

#include "wait.h"

#define NEIGHBOURS 16			/* slots whose buckets lie together */

struct ml_wait {
	struct ml_waiting *entry;
	size_t n, room, live;
	uint32_t free;			/* a chain of holes, through feed */
	struct ml_table by_slot;
	struct ml_table by_id;		/* those that share their slot */
	uint8_t key[ML_TABLE_KEY_LEN];
};

struct ml_wait *
ml_wait_new(const uint8_t key[static ML_TABLE_KEY_LEN])
{
	struct ml_wait *w = calloc(1, sizeof *w);

	if (w != NULL) {
		memcpy(w->key, key, sizeof w->key);
		w->free = ML_TABLE_NONE;
	}
	return w;
}

void
ml_wait_free(struct ml_wait *w)
{
	if (w == NULL)
		return;
	free(w->entry);
	ml_table_free(&w->by_slot);
	ml_table_free(&w->by_id);
	free(w);
}

/* Slots that follow each other lie so in the table, as they are asked for so. */
static uint64_t
slot_hash(const struct ml_wait *w, uint32_t feed, int64_t seq)
{
	uint64_t low = (uint64_t)seq % NEIGHBOURS;
	uint64_t slot[2] = { feed, (uint64_t)seq - low };

	return (ml_table_hash(w->key, slot, sizeof slot) &
	    ~(uint64_t)(NEIGHBOURS - 1)) | low;
}

static uint64_t
id_hash(const struct ml_wait *w, const uint8_t id[static ML_ID_LEN])
{
	return ml_table_hash(w->key, id, ML_ID_LEN);
}

/* A hole, or a new entry at the end. */
static uint32_t
take_entry(struct ml_wait *w)
{
	struct ml_waiting *more;
	uint32_t i = w->free;
	size_t room;

	if (i != ML_TABLE_NONE) {
		w->free = w->entry[i].feed;
		return i;
	}
	if (w->n == w->room) {
		room = w->room != 0 ? w->room * 2 : 64;
		if (room >= ML_TABLE_NONE ||
		    (more = realloc(w->entry, room * sizeof *more)) == NULL)
			return ML_TABLE_NONE;
		w->entry = more;
		w->room = room;
	}
	return (uint32_t)w->n++;
}

static void
leave_entry(struct ml_wait *w, uint32_t i)
{
	w->entry[i].seq = 0;
	w->entry[i].feed = w->free;
	w->free = i;
}

static uint32_t
in_slot(const struct ml_wait *w, uint32_t i, uint32_t feed, int64_t seq)
{
	while (i != ML_TABLE_NONE && (w->entry[i].feed != feed ||
	    w->entry[i].seq != seq))
		i = ml_table_next(&w->by_slot, i);
	return i;
}

uint32_t
ml_wait_first(const struct ml_wait *w, uint32_t feed, int64_t seq)
{
	return in_slot(w, ml_table_first(&w->by_slot, slot_hash(w, feed, seq)),
	    feed, seq);
}

void
ml_wait_expect(const struct ml_wait *w, uint32_t feed, int64_t seq)
{
	uint32_t i = ml_table_expect(&w->by_slot, slot_hash(w, feed, seq));

	if (i == ML_TABLE_NONE)
		return;
	__builtin_prefetch(&w->entry[i]);
	__builtin_prefetch((const char *)(&w->entry[i] + 1) - 1);
}

uint32_t
ml_wait_next(const struct ml_wait *w, uint32_t entry)
{
	return in_slot(w, ml_table_next(&w->by_slot, entry),
	    w->entry[entry].feed, w->entry[entry].seq);
}

static uint32_t
same_id(const struct ml_wait *w, uint32_t i,
    const uint8_t id[static ML_ID_LEN])
{
	while (i != ML_TABLE_NONE &&
	    memcmp(w->entry[i].id, id, ML_ID_LEN) != 0)
		i = ml_table_next(&w->by_id, i);
	return i;
}

/* The newest entry of a slot is mostly the only one, and then not in by_id. */
static int
is_alone(const struct ml_wait *w, uint32_t first)
{
	return ml_wait_next(w, first) == ML_WAIT_NONE;
}

/* The newest copy of an event among those of its slot. */
static uint32_t
first_copy(const struct ml_wait *w, uint32_t first,
    const uint8_t id[static ML_ID_LEN])
{
	if (first == ML_WAIT_NONE)
		return ML_WAIT_NONE;
	if (!is_alone(w, first))
		return same_id(w, ml_table_first(&w->by_id, id_hash(w, id)),
		    id);
	return memcmp(w->entry[first].id, id, ML_ID_LEN) == 0 ? first :
	    ML_WAIT_NONE;
}

uint32_t
ml_wait_find(const struct ml_wait *w, uint32_t feed, int64_t seq,
    const uint8_t id[static ML_ID_LEN])
{
	return w->live == 0 ? ML_WAIT_NONE : first_copy(w,
	    ml_wait_first(w, feed, seq), id);
}

static uint64_t
seal_hash(const struct ml_wait *w, const struct ml_event *e)
{
	return e->seal.len == 0 ? 0 :
	    ml_table_hash(w->key, e->seal.p, e->seal.len) | 1;
}

/* Whether e waits among those of its slot. */
static int
has(const struct ml_wait *w, uint32_t first, const struct ml_event *e,
    uint64_t seal)
{
	uint32_t i = first_copy(w, first, e->id);
	unsigned copies = 0;

	for (; i != ML_WAIT_NONE; copies++) {
		if (seal == 0 || w->entry[i].seal == seal)
			return 1;
		i = is_alone(w, first) ? ML_WAIT_NONE :
		    same_id(w, ml_table_next(&w->by_id, i), e->id);
	}
	return copies >= ML_WAIT_SEALS_MAX;
}

int
ml_wait_has(const struct ml_wait *w, uint32_t feed, const struct ml_event *e)
{
	return w->live > 0 && has(w, ml_wait_first(w, feed, e->seq), e,
	    seal_hash(w, e));
}

/*
 * Another entry comes to those of a slot.  Anybody can send any number of
 * them, so they are found by id from now on.
 */
static int
crowd(struct ml_wait *w, uint32_t first, uint32_t i)
{
	int alone = is_alone(w, first);

	if (alone && ml_table_add(&w->by_id, id_hash(w, w->entry[first].id),
	    first) == -1)
		return -1;
	if (ml_table_add(&w->by_id, id_hash(w, w->entry[i].id), i) == 0)
		return 0;
	if (alone)
		ml_table_remove(&w->by_id, first);
	return -1;
}

int
ml_wait_add(struct ml_wait *w, uint32_t feed, const struct ml_event *e,
    uint64_t place, uint32_t line)
{
	uint64_t slot = slot_hash(w, feed, e->seq), seal = seal_hash(w, e);
	uint32_t first = in_slot(w, ml_table_first(&w->by_slot, slot), feed,
	    e->seq);
	uint32_t i;

	if (has(w, first, e, seal))
		return 0;
	if ((i = take_entry(w)) == ML_TABLE_NONE)
		return -1;
	w->entry[i] = (struct ml_waiting){ .seq = e->seq, .place = place,
	    .feed = feed, .line = line, .seal = seal };
	memcpy(w->entry[i].id, e->id, ML_ID_LEN);
	(void)ml_id_read(e->prev, w->entry[i].prev);
	if (ml_table_add(&w->by_slot, slot, i) == -1) {
		leave_entry(w, i);
		return -1;
	}
	if (first != ML_WAIT_NONE && crowd(w, first, i) == -1) {
		ml_table_remove(&w->by_slot, i);
		leave_entry(w, i);
		return -1;
	}
	w->live++;
	return 1;
}

void
ml_wait_drop(struct ml_wait *w, size_t entry)
{
	uint32_t i = (uint32_t)entry, first;

	ml_table_remove(&w->by_slot, i);
	first = ml_wait_first(w, w->entry[i].feed, w->entry[i].seq);
	if (first != ML_WAIT_NONE) {
		ml_table_remove(&w->by_id, i);
		if (is_alone(w, first))
			ml_table_remove(&w->by_id, first);
	}
	leave_entry(w, i);
	w->live--;
}

const struct ml_waiting *
ml_wait_at(const struct ml_wait *w, uint32_t entry)
{
	return &w->entry[entry];
}

static int
by_place(const void *a, const void *b)
{
	uint64_t x = ((const struct ml_waiting *)a)->place;
	uint64_t y = ((const struct ml_waiting *)b)->place;

	return (x > y) - (x < y);
}

int
ml_wait_take(struct ml_wait *w, uint32_t feed, int64_t seq,
    struct ml_waiting **taken, size_t *n)
{
	struct ml_waiting *list = NULL, *more;
	uint32_t i, next = ml_wait_first(w, feed, seq);
	size_t room = 0;

	for (*n = 0; (i = next) != ML_WAIT_NONE; ml_wait_drop(w, i)) {
		next = ml_wait_next(w, i);
		if (*n == room) {
			room = room != 0 ? room * 2 : 4;
			if ((more = realloc(list, room * sizeof *list)) == NULL) {
				free(list);
				return -1;
			}
			list = more;
		}
		list[(*n)++] = w->entry[i];
	}
	if (*n > 1)
		qsort(list, *n, sizeof *list, by_place);
	*taken = list;
	return 0;
}

const struct ml_waiting *
ml_wait_all(const struct ml_wait *w, size_t *n)
{
	*n = w->n;
	return w->entry;
}

size_t
ml_wait_count(const struct ml_wait *w)
{
	return w->live;
}

/* wait - events that came before what they follow */
#include <stdlib.h>
#include <string.h>

#include "wait.h"

struct ml_wait {
	struct ml_waiting *entry;
	size_t n, room, live;
	uint32_t free;			/* a chain of holes, through feed */
	struct ml_table by_slot, by_id;
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

static uint64_t
slot_hash(const struct ml_wait *w, uint32_t feed, int64_t seq)
{
	uint64_t slot[2] = { feed, (uint64_t)seq };

	return ml_table_hash(w->key, slot, sizeof slot);
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
same_id(const struct ml_wait *w, uint32_t i,
    const uint8_t id[static ML_ID_LEN])
{
	while (i != ML_TABLE_NONE &&
	    memcmp(w->entry[i].id, id, ML_ID_LEN) != 0)
		i = ml_table_next(&w->by_id, i);
	return i;
}

uint32_t
ml_wait_find(const struct ml_wait *w, const uint8_t id[static ML_ID_LEN])
{
	if (w->live == 0)
		return ML_TABLE_NONE;
	return same_id(w, ml_table_first(&w->by_id, id_hash(w, id)), id);
}

static uint64_t
seal_hash(const struct ml_wait *w, const struct ml_event *e)
{
	return e->seal.len == 0 ? 0 :
	    ml_table_hash(w->key, e->seal.p, e->seal.len) | 1;
}

/* Whether e waits, at or behind an entry of its id's hash. */
static int
has(const struct ml_wait *w, uint32_t i, const struct ml_event *e,
    uint64_t seal)
{
	unsigned copies = 0;

	for (i = same_id(w, i, e->id); i != ML_TABLE_NONE; copies++) {
		if (seal == 0 || w->entry[i].seal == seal)
			return 1;
		i = same_id(w, ml_table_next(&w->by_id, i), e->id);
	}
	return copies >= ML_WAIT_SEALS_MAX;
}

int
ml_wait_has(const struct ml_wait *w, const struct ml_event *e)
{
	return w->live > 0 && has(w, ml_table_first(&w->by_id,
	    id_hash(w, e->id)), e, seal_hash(w, e));
}

int
ml_wait_add(struct ml_wait *w, uint32_t feed, const struct ml_event *e,
    uint64_t place, uint32_t line)
{
	uint64_t id = id_hash(w, e->id), seal = seal_hash(w, e);
	uint32_t i;

	if (has(w, ml_table_first(&w->by_id, id), e, seal))
		return 0;
	if ((i = take_entry(w)) == ML_TABLE_NONE)
		return -1;
	w->entry[i] = (struct ml_waiting){ .seq = e->seq, .place = place,
	    .feed = feed, .line = line, .seal = seal };
	memcpy(w->entry[i].id, e->id, ML_ID_LEN);
	(void)ml_id_read(e->prev, w->entry[i].prev);
	if (ml_table_add(&w->by_id, id, i) == -1) {
		leave_entry(w, i);
		return -1;
	}
	if (ml_table_add(&w->by_slot, slot_hash(w, feed, e->seq), i) == -1) {
		ml_table_remove(&w->by_id, i);
		leave_entry(w, i);
		return -1;
	}
	w->live++;
	return 1;
}

void
ml_wait_drop(struct ml_wait *w, size_t entry)
{
	uint32_t i = (uint32_t)entry;

	ml_table_remove(&w->by_id, i);
	ml_table_remove(&w->by_slot, i);
	leave_entry(w, i);
	w->live--;
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

uint32_t
ml_wait_next(const struct ml_wait *w, uint32_t entry)
{
	return in_slot(w, ml_table_next(&w->by_slot, entry),
	    w->entry[entry].feed, w->entry[entry].seq);
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

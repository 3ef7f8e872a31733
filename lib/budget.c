/* budget - airtime as a bank account */
#include <stdlib.h>

#include "budget.h"

void
ml_budget_free(struct ml_budget *b)
{
	free(b->entry);
	ml_table_free(&b->keys);
	*b = (struct ml_budget){ 0 };
}

int
ml_budget_add(struct ml_budget *b, struct ml_budget_entry e)
{
	struct ml_budget_entry *more;
	size_t room;

	if (b->n == b->room) {
		room = b->room > 0 ? 2 * b->room : 64;
		if ((more = realloc(b->entry, room * sizeof *more)) == NULL)
			return -1;
		b->entry = more;
		b->room = room;
	}
	b->entry[b->n++] = e;
	return 0;
}

/* Who books draws the key, by dice: it is its own hash. */
static int
know_keys(struct ml_budget *b)
{
	for (; b->known < b->n; b->known++)
		if (ml_table_add(&b->keys, b->entry[b->known].key,
		    (uint32_t)b->known) == -1)
			return -1;
	return 0;
}

/* Entries have moved. */
static void
forget_keys(struct ml_budget *b)
{
	ml_table_free(&b->keys);
	b->known = 0;
}

static struct ml_budget_entry *
find(struct ml_budget *b, uint64_t key)
{
	uint32_t i = ml_table_first(&b->keys, key);

	return i == ML_TABLE_NONE ? NULL : &b->entry[i];
}

int
ml_budget_set(struct ml_budget *b, struct ml_budget_entry e)
{
	struct ml_budget_entry *old;

	if (know_keys(b) == -1)
		return -1;
	if ((old = find(b, e.key)) == NULL)
		return ml_budget_add(b, e);
	old->until = e.until;
	return 0;
}

int
ml_budget_end(struct ml_budget *b, uint64_t key, uint64_t *until)
{
	const struct ml_budget_entry *e;

	if (know_keys(b) == -1 || (e = find(b, key)) == NULL)
		return 0;
	*until = e->until;
	return 1;
}

static int
counts(const struct ml_budget_entry *e, uint64_t now)
{
	return e->until >= now || now - e->until < ML_BUDGET_WINDOW;
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t
ml_budget_used(const struct ml_budget *b, uint64_t now)
{
	uint64_t used = 0;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (counts(&b->entry[i], now))
			used = sum(used, b->entry[i].airtime);
	return used;
}

/* The moment at which nothing counts any more. */
static uint64_t
all_over(const struct ml_budget *b)
{
	uint64_t last = 0;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->entry[i].until > last)
			last = b->entry[i].until;
	return sum(last, ML_BUDGET_WINDOW);
}

uint64_t
ml_budget_when(const struct ml_budget *b, uint64_t now, uint64_t limit,
    uint64_t airtime)
{
	uint64_t full = now, free, middle;

	if (airtime > limit)
		return UINT64_MAX;
	if (ml_budget_used(b, now) <= limit - airtime)
		return now;
	/* ever less counts: halve what lies between too much and enough */
	for (free = all_over(b); free - full > 1;) {
		middle = full + (free - full) / 2;
		if (ml_budget_used(b, middle) <= limit - airtime)
			free = middle;
		else
			full = middle;
	}
	return free;
}

void
ml_budget_expire(struct ml_budget *b, uint64_t now)
{
	size_t i, kept = 0;

	for (i = 0; i < b->n; i++)
		if (counts(&b->entry[i], now))
			b->entry[kept++] = b->entry[i];
	if (kept < b->n)
		forget_keys(b);
	b->n = kept;
}

static int
by_end(const void *a, const void *b)
{
	const struct ml_budget_entry *x = a, *y = b;

	return (x->until > y->until) - (x->until < y->until);
}

void
ml_budget_sort(struct ml_budget *b)
{
	if (b->n > 0)
		qsort(b->entry, b->n, sizeof *b->entry, by_end);
	forget_keys(b);
}

void
ml_budget_merge(struct ml_budget *b, uint64_t now, uint64_t grain)
{
	uint64_t first = 0;		/* end of the first in the last kept */
	size_t i, kept = 0;

	if (b->n == 0)
		return;
	ml_budget_sort(b);
	for (i = 0; i < b->n; i++) {
		struct ml_budget_entry e = b->entry[i];

		/* one that has not ended may still be given another end */
		if (kept > 0 && e.until < now && e.until - first < grain)
			e.airtime = sum(e.airtime, b->entry[--kept].airtime);
		else
			first = e.until;
		b->entry[kept++] = e;
	}
	b->n = kept;
}

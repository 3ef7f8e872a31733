/* budget - airtime as a bank account */
#include <stdlib.h>

#include "budget.h"

void
ml_budget_free(struct ml_budget *b)
{
	free(b->entry);
	*b = (struct ml_budget){ 0 };
}

int
ml_budget_set(struct ml_budget *b, struct ml_budget_entry e)
{
	struct ml_budget_entry *more;
	size_t i, room;

	/* who changes one booked it a moment ago */
	for (i = b->n; i-- > 0;)
		if (b->entry[i].key == e.key) {
			b->entry[i].until = e.until;
			return 0;
		}
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

static int
counts(const struct ml_budget_entry *e, uint64_t now)
{
	return e->until >= now || now - e->until < ML_BUDGET_WINDOW;
}

uint64_t
ml_budget_used(const struct ml_budget *b, uint64_t now)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (counts(&b->entry[i], now))
			sum += b->entry[i].airtime;
	return sum;
}

static int
by_end(const void *a, const void *b)
{
	const struct ml_budget_entry *x = a, *y = b;

	return (x->until > y->until) - (x->until < y->until);
}

uint64_t
ml_budget_when(const struct ml_budget *b, uint64_t now, uint64_t limit,
    uint64_t airtime)
{
	uint64_t used = ml_budget_used(b, now), when = now;
	size_t i;

	if (airtime > limit)
		return UINT64_MAX;
	if (used + airtime <= limit)
		return now;
	qsort(b->entry, b->n, sizeof *b->entry, by_end);
	for (i = 0; i < b->n && used + airtime > limit; i++)
		if (counts(&b->entry[i], now)) {
			used -= b->entry[i].airtime;
			when = b->entry[i].until + ML_BUDGET_WINDOW;
		}
	return when;
}

void
ml_budget_expire(struct ml_budget *b, uint64_t now)
{
	size_t i, kept = 0;

	for (i = 0; i < b->n; i++)
		if (counts(&b->entry[i], now))
			b->entry[kept++] = b->entry[i];
	b->n = kept;
}

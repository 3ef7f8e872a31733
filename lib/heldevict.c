/* heldevict - what goes when more is held than may be */
#include <stdlib.h>

#include "heldwork.h"

/* Farthest from the head first; of one slot the newest first. */
static int
by_distance(const void *a, const void *b)
{
	const struct ml_waiting *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq > y->seq ? -1 : 1;
	return (x->place < y->place) - (x->place > y->place);
}

/* Of a feed that needs seals: what has none first, of that the oldest. */
static int
by_worth(const void *a, const void *b)
{
	const struct ml_waiting *x = a, *y = b;

	if ((x->seal != 0) != (y->seal != 0))
		return x->seal != 0 ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

/* Bring one feed's share down to what. */
static int
evict_feed(struct ml_held *h, uint32_t feed, uint64_t down_to,
    int (*order)(const void *, const void *), uint64_t *dropped)
{
	struct ml_waiting *list;
	const struct ml_waiting *all;
	size_t n, i, mine = 0, k;

	all = ml_wait_all(h->wait, &n);
	if ((list = calloc(n + 1, sizeof *list)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (all[i].seq != 0 && all[i].feed == feed) {
			list[mine] = all[i];
			list[mine++].line = (uint32_t)i;
		}
	qsort(list, mine, sizeof *list, order);
	for (k = 0; k < mine && h->bytes[feed] > down_to; k++) {
		ml_held_discard(h, list[k].line);
		++*dropped;
	}
	free(list);
	return 0;
}

/*
 * The share that each feed may keep so that all together come to no more than
 * most: what the greedy have above it goes.
 */
static uint64_t
fair_share(const struct ml_held *h, uint64_t most)
{
	uint64_t low = 0, high = ML_HELD_AUTHOR_MAX, middle, sum;
	size_t i;

	while (low < high) {
		middle = low + (high - low + 1) / 2;
		for (sum = 0, i = 0; i < h->feeds; i++)
			sum += h->bytes[i] < middle ? h->bytes[i] : middle;
		if (sum <= most)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Bring all down to most, in one go however many authors there are. */
static int
evict_all(struct ml_held *h, uint64_t most, uint64_t *dropped)
{
	const struct ml_waiting *all;
	struct ml_waiting *list;
	uint64_t share = fair_share(h, most);
	size_t n, i, many = 0;

	all = ml_wait_all(h->wait, &n);
	if ((list = calloc(n + 1, sizeof *list)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (all[i].seq != 0 && h->bytes[all[i].feed] > share) {
			list[many] = all[i];
			list[many++].line = (uint32_t)i;
		}
	qsort(list, many, sizeof *list, by_distance);
	for (i = 0; i < many && h->total > most; i++)
		if (h->bytes[list[i].feed] > share) {
			ml_held_discard(h, list[i].line);
			++*dropped;
		}
	free(list);
	return 0;
}

int
ml_held_evict(struct ml_held *h, void *arg,
    int (*needs_seal)(void *arg, uint32_t feed), uint64_t *dropped)
{
	uint32_t i;

	if (h->total > ML_HELD_AUTHOR_MAX)
		for (i = 0; i < h->feeds; i++)
			if (h->bytes[i] > ML_HELD_AUTHOR_MAX && evict_feed(h, i,
			    ML_HELD_AUTHOR_MAX - ML_HELD_AUTHOR_MAX / 8,
			    needs_seal(arg, i) ? by_worth : by_distance,
			    dropped) == -1)
				return -1;
	return h->total <= ML_HELD_MAX ? 0 :
	    evict_all(h, ML_HELD_MAX - ML_HELD_MAX / 8, dropped);
}

/* ranges - a set of numbers that mostly follow each other */
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

#define BLOCK 256		/* ranges that are moved at once */

struct range {
	uint64_t low, high;
};

struct block {
	size_t n;		/* 1 or more */
	struct range at[BLOCK];
};

struct ml_ranges {
	struct block **block;
	size_t blocks, room;
	uint64_t n;
};

struct ml_ranges *
ml_ranges_new(void)
{
	return calloc(1, sizeof(struct ml_ranges));
}

void
ml_ranges_free(struct ml_ranges *r)
{
	if (r == NULL)
		return;
	while (r->blocks > 0)
		free(r->block[--r->blocks]);
	free(r->block);
	free(r);
}

uint64_t
ml_ranges_count(const struct ml_ranges *r)
{
	return r->n;
}

/* The last block that begins at v or before, else the first. */
static size_t
find_block(const struct ml_ranges *r, uint64_t v)
{
	size_t from = 0, to = r->blocks, mid;

	if (to > 0 && r->block[to - 1]->at[0].low <= v)
		return to - 1;		/* so it mostly is */
	while (to - from > 1) {
		mid = from + (to - from) / 2;
		if (r->block[mid]->at[0].low <= v)
			from = mid;
		else
			to = mid;
	}
	return from;
}

/* How many ranges of a block begin at v or before. */
static size_t
find_range(const struct block *b, uint64_t v)
{
	size_t from = 0, to = b->n, mid;

	if (b->at[to - 1].low <= v)
		return to;
	while (from < to) {
		mid = from + (to - from) / 2;
		if (b->at[mid].low <= v)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

int
ml_ranges_has(const struct ml_ranges *r, uint64_t v)
{
	const struct block *b;
	size_t i;

	if (r->blocks == 0)
		return 0;
	b = r->block[find_block(r, v)];
	i = find_range(b, v);
	return i > 0 && v <= b->at[i - 1].high;
}

static struct block *
add_block(struct ml_ranges *r, size_t where)
{
	size_t room = r->room > 0 ? 2 * r->room : 16;
	struct block **more, *b;

	if (r->blocks == r->room) {
		more = realloc(r->block, room * sizeof *more);
		if (more == NULL)
			return NULL;
		r->block = more;
		r->room = room;
	}
	if ((b = malloc(sizeof *b)) == NULL)
		return NULL;
	b->n = 0;
	memmove(r->block + where + 1, r->block + where,
	    (r->blocks - where) * sizeof *r->block);
	r->block[where] = b;
	r->blocks++;
	return b;
}

static void
remove_range(struct ml_ranges *r, size_t where, size_t i)
{
	struct block *b = r->block[where];

	b->n--;
	r->n--;
	memmove(b->at + i, b->at + i + 1, (b->n - i) * sizeof *b->at);
	if (b->n > 0)
		return;
	free(b);
	r->blocks--;
	memmove(r->block + where, r->block + where + 1,
	    (r->blocks - where) * sizeof *r->block);
}

/* Put a range in before the i-th of a block. */
static int
insert_range(struct ml_ranges *r, size_t where, size_t i, struct range new)
{
	struct block *b = r->blocks > 0 ? r->block[where] : NULL, *next;

	if (b == NULL || (b->n == BLOCK && i == BLOCK &&
	    where + 1 == r->blocks)) {
		if ((b = add_block(r, r->blocks)) == NULL)
			return -1;
		i = 0;
	} else if (b->n == BLOCK) {
		if ((next = add_block(r, where + 1)) == NULL)
			return -1;
		next->n = BLOCK / 2;
		b->n -= next->n;
		memcpy(next->at, b->at + b->n, next->n * sizeof *b->at);
		if (i > b->n) {
			i -= b->n;
			b = next;
		}
	}
	memmove(b->at + i + 1, b->at + i, (b->n - i) * sizeof *b->at);
	b->at[i] = new;
	b->n++;
	if (++r->n > ML_RANGES_MAX)
		remove_range(r, 0, 0);
	return 0;
}

int
ml_ranges_add(struct ml_ranges *r, uint64_t v)
{
	size_t where = 0, i = 0, next_block, next;
	struct range *left = NULL, *right = NULL;
	struct block *b;

	if (r->blocks > 0) {
		where = find_block(r, v);
		b = r->block[where];
		i = find_range(b, v);
		left = i > 0 ? &b->at[i - 1] : NULL;
		next_block = where + (i == b->n);
		next = i == b->n ? 0 : i;
		right = next_block < r->blocks ?
		    &r->block[next_block]->at[next] : NULL;
		if (left != NULL && v <= left->high)
			return 0;
		if (right != NULL && right->low != v + 1)
			right = NULL;
		if (left != NULL && left->high + 1 == v) {
			left->high = v;
			if (right != NULL) {
				left->high = right->high;
				remove_range(r, next_block, next);
			}
			return 1;
		}
		if (right != NULL) {
			right->low = v;
			return 1;
		}
	}
	return insert_range(r, where, i, (struct range){ v, v }) == -1 ? -1 :
	    1;
}

int
ml_ranges_append(struct ml_ranges *r, uint64_t low, uint64_t high)
{
	const struct block *last = r->blocks > 0 ? r->block[r->blocks - 1] :
	    NULL;

	if (low > high || (last != NULL &&
	    low <= last->at[last->n - 1].high + 1))
		return -1;
	return insert_range(r, last != NULL ? r->blocks - 1 : 0,
	    last != NULL ? last->n : 0, (struct range){ low, high });
}

void
ml_ranges_each(const struct ml_ranges *r, void *arg,
    void (*each)(void *arg, uint64_t low, uint64_t high))
{
	size_t i, k;

	for (i = 0; i < r->blocks; i++)
		for (k = 0; k < r->block[i]->n; k++)
			each(arg, r->block[i]->at[k].low,
			    r->block[i]->at[k].high);
}

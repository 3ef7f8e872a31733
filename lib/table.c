/* table - find small numbers by hash */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define FIRST_BUCKETS 64
#define SPARE 2				/* buckets an index, at least */

uint64_t
ml_table_hash(const uint8_t key[static ML_TABLE_KEY_LEN], const void *p,
    size_t len)
{
	uint8_t b[crypto_shorthash_BYTES];

	/* the same number on every machine: an index has it in its file */
	crypto_shorthash(b, p, len, key);
	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
	    (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 |
	    (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

static uint32_t *
bucket_of(const struct ml_table *t, uint64_t hash)
{
	return &t->bucket[hash & (t->buckets - 1)];
}

static uint32_t
same_hash(const struct ml_table *t, uint32_t i, uint64_t hash)
{
	while (i != ML_TABLE_NONE && t->link[i].hash != hash)
		i = t->link[i].next;
	return i;
}

static int
grow(struct ml_table *t)
{
	size_t i, n = t->buckets != 0 ? t->buckets * 2 : FIRST_BUCKETS;
	struct ml_table bigger = *t;
	uint32_t at, next, *to, last;

	if ((bigger.bucket = malloc(n * sizeof *bigger.bucket)) == NULL)
		return -1;
	bigger.buckets = n;
	memset(bigger.bucket, 0xff, n * sizeof *bigger.bucket);
	for (i = 0; i < t->buckets; i++) {
		/* turn the chain round, so that the newest end up in front */
		for (last = ML_TABLE_NONE, at = t->bucket[i];
		    at != ML_TABLE_NONE; at = next) {
			next = t->link[at].next;
			t->link[at].next = last;
			last = at;
		}
		for (at = last; at != ML_TABLE_NONE; at = next) {
			next = t->link[at].next;
			to = bucket_of(&bigger, t->link[at].hash);
			t->link[at].next = *to;
			*to = at;
		}
	}
	free(t->bucket);
	*t = bigger;
	return 0;
}

int
ml_table_add(struct ml_table *t, uint64_t hash, uint32_t index)
{
	struct ml_table_link *link;
	uint32_t *to;
	size_t n;

	if (index >= t->links) {
		n = t->links * 2 > index ? t->links * 2 : (size_t)index + 16;
		if ((link = realloc(t->link, n * sizeof *link)) == NULL)
			return -1;
		t->link = link;
		t->links = n;
	}
	if (t->used * SPARE >= t->buckets && grow(t) == -1)
		return -1;
	to = bucket_of(t, hash);
	t->link[index] = (struct ml_table_link){ hash, *to };
	*to = index;
	t->used++;
	return 0;
}

uint32_t
ml_table_first(const struct ml_table *t, uint64_t hash)
{
	return t->buckets == 0 ? ML_TABLE_NONE :
	    same_hash(t, *bucket_of(t, hash), hash);
}

uint32_t
ml_table_expect(const struct ml_table *t, uint64_t hash)
{
	uint32_t i = t->buckets == 0 ? ML_TABLE_NONE : *bucket_of(t, hash);

	if (i != ML_TABLE_NONE)
		__builtin_prefetch(&t->link[i]);
	return i;
}

uint32_t
ml_table_next(const struct ml_table *t, uint32_t index)
{
	return same_hash(t, t->link[index].next, t->link[index].hash);
}

void
ml_table_remove(struct ml_table *t, uint32_t index)
{
	uint32_t *at = bucket_of(t, t->link[index].hash);

	while (*at != index)
		at = &t->link[*at].next;
	*at = t->link[index].next;
	t->used--;
}

void
ml_table_free(struct ml_table *t)
{
	free(t->bucket);
	free(t->link);
	*t = (struct ml_table){ 0 };
}

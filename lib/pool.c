/* pool - memory for very many small pieces */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define BLOCK (64 * 1024)	/* bytes */
#define SHARED_MAX (BLOCK / 16)	/* a larger piece has a block of its own */
#define LEN_MAX (SIZE_MAX / 4)	/* lest sums wrap */
#define ALIGN_SHIFT 3

struct ml_pool_block {
	struct ml_pool_block *older;
	void *piece[];
};

/* The size that len is rounded up to: four of them between powers of two. */
static size_t
size_of(size_t len, size_t *class)
{
	unsigned shift = ALIGN_SHIFT;

	len -= len > 0;
	while (len >> shift >= 8)
		shift++;
	*class = (shift - ALIGN_SHIFT) * 4 + (len >> shift);
	return ((len >> shift) + 1) << shift;
}

/* A new piece; size is aligned. */
static void *
cut(struct ml_pool *p, size_t size)
{
	int own = size > SHARED_MAX;
	struct ml_pool_block *b;
	void *piece;

	if (own || size > p->left) {
		b = malloc(sizeof *b + (own ? size : BLOCK));
		if (b == NULL)
			return NULL;
		b->older = p->block;
		p->block = b;
		if (own)
			return b->piece;
		p->free = (char *)b->piece;
		p->left = BLOCK;
	}
	piece = p->free;
	p->free += size;
	p->left -= size;
	return piece;
}

void *
ml_pool_keep(struct ml_pool *p, size_t len)
{
	size_t mask = ((size_t)1 << ALIGN_SHIFT) - 1;

	return len > LEN_MAX ? NULL : cut(p, (len + mask) & ~mask);
}

void *
ml_pool_take(struct ml_pool *p, size_t len)
{
	size_t class, size;
	void *piece;

	if (len > LEN_MAX)
		return NULL;
	size = size_of(len, &class);
	if ((piece = p->spare[class]) == NULL)
		return cut(p, size);
	memcpy(&p->spare[class], piece, sizeof piece);
	return piece;
}

void
ml_pool_give(struct ml_pool *p, void *piece, size_t len)
{
	size_t class;

	size_of(len, &class);
	memcpy(piece, &p->spare[class], sizeof piece);
	p->spare[class] = piece;
}

int
ml_pool_same(size_t a, size_t b)
{
	size_t x, y;

	return size_of(a, &x) == size_of(b, &y);
}

void
ml_pool_free(struct ml_pool *p)
{
	struct ml_pool_block *b;

	while ((b = p->block) != NULL) {
		p->block = b->older;
		free(b);
	}
	*p = (struct ml_pool){ 0 };
}

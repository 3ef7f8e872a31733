/*
 * pool - memory for very many small pieces, all freed at once.  A piece that
 * was given back serves the next one of about its size.  Sizes come in steps of
 * a quarter or less, so a pool whose pieces grow holds a few times what they
 * come to, at the most.  Pure.
 */
#ifndef ML_POOL_H
#define ML_POOL_H
#include <stddef.h>

#define ML_POOL_CLASSES 256		/* more than there are sizes */

struct ml_pool {
	struct ml_pool_block *block;	/* the newest */
	char *free;			/* behind its last piece */
	size_t left;			/* bytes */
	void *spare[ML_POOL_CLASSES];	/* given back, linked by their front */
};

/* len bytes to give back one day, or to keep (then without a byte to spare),
 * aligned for a pointer; NULL: no memory. */
void *ml_pool_take(struct ml_pool *p, size_t len);
void *ml_pool_keep(struct ml_pool *p, size_t len);
/* A piece that was taken with that len. */
void ml_pool_give(struct ml_pool *p, void *piece, size_t len);
/* Whether a piece taken for one length serves for the other just as well. */
int ml_pool_same(size_t a, size_t b);
void ml_pool_free(struct ml_pool *p);	/* leaves an empty one */
#endif

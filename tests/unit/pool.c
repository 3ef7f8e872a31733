/* pool - pieces do not overlap, and what is given back serves again */
#include <stdint.h>
#include <stdlib.h>

#include "given.h"
#include "pool.h"
#include "unit.h"

#define PIECES 300

static size_t
blocks(const struct ml_pool *p)
{
	const void *const *b;
	size_t n = 0;

	for (b = (const void *)p->block; b != NULL; b = *b)
		n++;
	return n;
}

/* Pieces come, go and come back, each full of its own byte. */
static void
check_pieces(void)
{
	struct ml_pool p = { 0 };
	unsigned char *piece[PIECES] = { 0 };
	size_t len[PIECES] = { 0 }, i, k, wrong = 0, unaligned = 0;
	uint64_t state = 21;
	int round;

	for (round = 0; round < 20000; round++) {
		i = given_below(&state, PIECES);
		for (k = 0; k < len[i]; k++)
			wrong += piece[i][k] != (unsigned char)i;
		if (piece[i] != NULL)
			ml_pool_give(&p, piece[i], len[i]);
		len[i] = given_below(&state, (size_t)1 <<
		    given_below(&state, 15));
		piece[i] = ml_pool_take(&p, len[i]);
		unaligned += (uintptr_t)piece[i] % sizeof(void *) != 0;
		for (k = 0; k < len[i]; k++)
			piece[i][k] = (unsigned char)i;
		if (round % 100 == 0)
			memset(ml_pool_keep(&p, len[i]), 0xff, len[i]);
	}
	ok(wrong == 0 && unaligned == 0, "each piece is its own: %zu wrong",
	    wrong);
	ml_pool_free(&p);
}

/* Pieces that grow, all of them one after another. */
static void
check_again(void)
{
	struct ml_pool p = { 0 };
	void *piece[PIECES];
	size_t len, i, first;

	for (i = 0; i < PIECES; i++)
		piece[i] = ml_pool_take(&p, 1);
	for (len = 1; len < 4000; len++)
		for (i = 0; i < PIECES; i++)
			if (!ml_pool_same(len, len + 1)) {
				ml_pool_give(&p, piece[i], len);
				piece[i] = ml_pool_take(&p, len + 1);
			}
	first = blocks(&p);
	ok(first < 8 * PIECES * 4000 / (64 * 1024), "%zu blocks held", first);
	for (i = 0; i < PIECES; i++)
		ml_pool_give(&p, piece[i], len);
	for (i = 0; i < PIECES; i++)
		piece[i] = ml_pool_take(&p, len);
	ok(blocks(&p) == first, "and none more for what was given back");
	ml_pool_free(&p);
	ok(p.block == NULL && ml_pool_take(&p, 0) != NULL,
	    "a freed pool is an empty one");
	ml_pool_free(&p);
}

static void
check_sizes(void)
{
	struct ml_pool p = { 0 };
	size_t len, worst = 0, run = 1;

	for (len = 1; len < 100000; len++) {
		run = ml_pool_same(len, len + 1) ? run + 1 : 1;
		if (len > 64 && run * 1000 / len > worst)
			worst = run * 1000 / len;
	}
	ok(worst <= 250, "steps of a quarter or less: %zu per mille", worst);
	ok(ml_pool_same(0, 1) && ml_pool_same(1, 8) && !ml_pool_same(8, 9) &&
	    ml_pool_same(57, 64) && !ml_pool_same(64, 65) &&
	    ml_pool_same(65, 80) && !ml_pool_same(80, 81), "small steps");
	ok(ml_pool_take(&p, SIZE_MAX) == NULL && ml_pool_keep(&p,
	    SIZE_MAX) == NULL && ml_pool_take(&p, SIZE_MAX / 2) == NULL &&
	    p.block == NULL, "what nobody has is refused");
	ml_pool_free(&p);
}

int
main(void)
{
	check_pieces();
	check_again();
	check_sizes();
	return unit_done();
}

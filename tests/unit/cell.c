/* cell - what was packed is read again */
#include "cell.h"
#include "unit.h"

/* Sorted, with the numbers of the authors against the order of their names. */
static void
check_order(void)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];
	static const struct ml_cell sorted[] = {
		{ { -1, 9 }, 9, 0, { "", 0 } }, { { 5, 1 }, 9, 0, { "", 0 } },
		{ { 5, 2 }, 8, 1, { "", 0 } }, { { 5, 2 }, 9, 1, { "", 0 } },
		{ { 5, 2 }, 1, 0, { "", 0 } } };
	enum { N = sizeof sorted / sizeof sorted[0] };
	struct ml_pool pool = { 0 };
	struct ml_words authors;
	int i, k, order, wrong = 0;

	ml_words_init(&authors, key, &pool, 0);
	ml_words_number(&authors, (struct ml_slice){ "zoe", 3 });
	ml_words_number(&authors, (struct ml_slice){ "ann", 3 });
	for (i = 0; i < N; i++)
		for (k = 0; k < N; k++) {
			order = ml_cell_compare(&sorted[i], &sorted[k],
			    &authors);
			wrong += (order > 0) - (order < 0) != (i > k) - (i < k);
		}
	ok(wrong == 0, "wall, counter, author by name, seq");
	ml_words_free(&authors);
	ml_pool_free(&pool);
}

int
main(void)
{
	static const int64_t n[] = { 0, 1, -1, 63, 64, -64, -65, 8191, 8192,
	    INT64_C(1735689751563), INT64_C(1) << 53, -(INT64_C(1) << 53),
	    INT64_MAX, INT64_MIN };
	enum { N = sizeof n / sizeof n[0] };
	static char text[300];
	char packed[ML_CELL_HEAD + sizeof text];
	struct ml_cell c, got;
	size_t i, len, wrong = 0, longest = 0;

	for (i = 0; i < N * N * N; i++) {
		c = (struct ml_cell){ { n[i % N], n[i / N % N] }, n[i / N / N],
		    (uint32_t)n[i * 7 % N], { text, i % sizeof text } };
		memset(text, (int)i, sizeof text);
		len = ml_cell_head(&c, packed);
		memcpy(packed + len, text, c.text.len);
		longest = len > longest ? len : longest;
		wrong += ml_cell_read(&got, packed) != len + c.text.len ||
		    got.hlc.wall != c.hlc.wall || got.seq != c.seq ||
		    got.hlc.counter != c.hlc.counter ||
		    got.author != c.author || !ml_slice_same(got.text, c.text);
	}
	ok(wrong == 0, "%zu of %d cells differ", wrong, N * N * N);
	ok(longest <= ML_CELL_HEAD, "heads fit");
	c = (struct ml_cell){ { INT64_C(1735689751563), 3 }, 1000, 12,
	    { text, 20 } };
	len = ml_cell_head(&c, packed);
	ok(len == 11, "a usual head has %zu bytes", len);
	check_order();
	return unit_done();
}

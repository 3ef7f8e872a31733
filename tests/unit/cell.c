/* cell - what was packed is read again */
#include "cell.h"
#include "unit.h"

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
	return unit_done();
}

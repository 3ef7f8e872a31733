/* radix - in order, and nothing else has happened to them */
#include "given.h"
#include "radix.h"
#include "unit.h"

#define COUNT 5000

static struct ml_radix radix;
static uint64_t v[COUNT], scratch[COUNT];

/* Whether n numbers of so many bits come out in order, with the same sum. */
static int
is_sorted(uint64_t *state, size_t n, unsigned bits)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i] = bits == 0 ? 7 :
		    given_random(state) >> (64 - bits);
	ml_radix_sort(&radix, v, scratch, n);
	for (i = 0; i < n; i++) {
		sum -= v[i];
		if (i > 0 && v[i] < v[i - 1])
			return 0;
	}
	return sum == 0;
}

int
main(void)
{
	uint64_t state = 1;
	unsigned bits, right = 0;

	for (bits = 0; bits <= 33; bits++)
		right += (unsigned)(is_sorted(&state, COUNT, bits) &&
		    is_sorted(&state, bits, bits));
	ok(right == 34, "of 0 to 33 bits, %u of 34", right);
	return unit_done();
}

/* radix - put numbers in order without comparing any two */
#include <string.h>

#include "radix.h"

void
ml_radix_count(struct ml_radix *r, const uint64_t *v, size_t n)
{
	unsigned place;
	size_t i;

	for (i = 0; i < n; i++)
		for (place = 0; place < ML_RADIX_DIGITS; place++)
			r->count[place][ml_radix_digit(v[i], place)]++;
}

int
ml_radix_places(struct ml_radix *r, unsigned place)
{
	uint64_t *count = r->count[place], n, at = 0;
	unsigned digit, used = 0;

	for (digit = 0; digit < ML_RADIX_SIZE; digit++) {
		n = count[digit];
		count[digit] = at;
		at += n;
		used += n > 0;
	}
	return used > 1;
}

void
ml_radix_sort(struct ml_radix *r, uint64_t *v, uint64_t *scratch, size_t n)
{
	uint64_t *from = v, *to = scratch, *swap;
	unsigned place;
	size_t i;

	memset(r, 0, sizeof *r);
	ml_radix_count(r, v, n);
	for (place = 0; place < ML_RADIX_DIGITS; place++) {
		if (!ml_radix_places(r, place))
			continue;
		for (i = 0; i < n; i++)
			to[r->count[place][ml_radix_digit(from[i], place)]++] =
			    from[i];
		swap = from, from = to, to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof *v);
}

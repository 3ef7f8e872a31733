/*
 * radix - put numbers in order without comparing any two: by their digits, the
 * lowest first.  Equal ones stay, as many as they are.  Pure.
 * Source: Knuth, The Art of Computer Programming, vol. 3, section 5.2.5.
 */
#ifndef ML_RADIX_H
#define ML_RADIX_H
#include <stddef.h>
#include <stdint.h>

#define ML_RADIX_BITS 11		/* of a digit */
#define ML_RADIX_SIZE (1 << ML_RADIX_BITS)
#define ML_RADIX_DIGITS 3		/* numbers below 2^33 */

/* How often each digit occurs, in each place. */
struct ml_radix {
	uint64_t count[ML_RADIX_DIGITS][ML_RADIX_SIZE];
};

static inline unsigned
ml_radix_digit(uint64_t v, unsigned place)
{
	return (unsigned)(v >> (ML_RADIX_BITS * place)) & (ML_RADIX_SIZE - 1);
}

void ml_radix_count(struct ml_radix *r, const uint64_t *v, size_t n);
/* Where the first number with each digit goes, instead of how many there are.
 * 0 if all have the same digit in that place: nothing is to be done for it. */
int ml_radix_places(struct ml_radix *r, unsigned place);
/* Sort v, n numbers below 2^33; scratch has room for as many. */
void ml_radix_sort(struct ml_radix *r, uint64_t *v, uint64_t *scratch,
    size_t n);
#endif

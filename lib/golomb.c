/* golomb - numbers that are mostly small, in few bits */
#include <string.h>

#include "golomb.h"

#define WORD ML_GOLOMB_WORD
#define ONES_MAX 32		/* then the number stands there as it is */
#define WINDOW 32		/* numbers that a mean remembers */
#define OUTLIER 16		/* times the mean: more does not count */

struct ml_golomb_mean
ml_golomb_mean(uint64_t mean)
{
	return (struct ml_golomb_mean){ mean * WINDOW };
}

uint64_t
ml_golomb_mean_of(const struct ml_golomb_mean *m)
{
	return m->sum / WINDOW;
}

void
ml_golomb_follow(struct ml_golomb_mean *m, uint64_t v)
{
	uint64_t most = OUTLIER * (m->sum / WINDOW + 1);

	m->sum -= m->sum / WINDOW;
	m->sum += v < most ? v : most;
}

static void
put_bits(struct ml_golomb *q, uint64_t v, unsigned n)
{
	unsigned room, now;
	uint32_t *word;

	while (n > 0) {
		word = &q->word[q->to / WORD];
		room = WORD - q->to % WORD;
		now = n < room ? n : room;
		if (room == WORD)
			*word = 0;
		n -= now;
		*word |= (uint32_t)(v >> n & ((UINT64_C(1) << now) - 1)) <<
		    (room - now);
		q->to += now;
	}
}

static uint64_t
get_bits(struct ml_golomb *q, unsigned n)
{
	unsigned left, now;
	uint64_t v = 0;

	while (n > 0) {
		left = WORD - q->from % WORD;
		now = n < left ? n : left;
		v = v << now | (q->word[q->from / WORD] >> (left - now) &
		    ((UINT64_C(1) << now) - 1));
		q->from += now;
		n -= now;
	}
	return v;
}

/*
 * The divisor that is best for a geometric distribution of this mean is the
 * mean times ln 2.
 */
static uint64_t
divisor_of(uint64_t mean)
{
	uint64_t b = (mean * 177 + 128) / 256;

	return b > 0 ? b : 1;
}

/* Bits of a remainder, and how many of the first ones have one bit less. */
static unsigned
remainder_bits(uint64_t b, uint64_t *shorter)
{
	unsigned n = 0;

	while (UINT64_C(1) << n < b)
		n++;
	*shorter = (UINT64_C(1) << n) - b;
	return n;
}

void
ml_golomb_put(struct ml_golomb *q, uint64_t v, uint64_t mean)
{
	uint64_t b = divisor_of(mean), ones = v / b, rest = v % b, shorter;
	unsigned n = remainder_bits(b, &shorter);

	if (ones >= ONES_MAX) {
		put_bits(q, (UINT64_C(1) << ONES_MAX) - 1, ONES_MAX);
		put_bits(q, v, ML_GOLOMB_PLAIN);
		return;
	}
	put_bits(q, ((UINT64_C(1) << ones) - 1) << 1, (unsigned)ones + 1);
	if (rest < shorter)
		put_bits(q, rest, n - 1);
	else
		put_bits(q, rest + shorter, n);
}

/* As get_bits(), or 0 if they are not there. */
static int
try_bits(struct ml_golomb *q, unsigned n, uint64_t *v)
{
	if (q->to - q->from < n)
		return 0;
	*v = get_bits(q, n);
	return 1;
}

static int
get(struct ml_golomb *q, uint64_t b, uint64_t *v)
{
	uint64_t bit, rest = 0, low, shorter;
	unsigned ones, n = remainder_bits(b, &shorter);

	for (ones = 0; ones < ONES_MAX; ones++) {
		if (!try_bits(q, 1, &bit))
			return 0;
		if (bit == 0)
			break;
	}
	if (ones == ONES_MAX)
		return try_bits(q, ML_GOLOMB_PLAIN, v);
	if (n > 0 && !try_bits(q, n - 1, &rest))
		return 0;
	if (n > 0 && rest >= shorter) {
		if (!try_bits(q, 1, &low))
			return 0;
		rest = (rest << 1 | low) - shorter;
	}
	*v = ones * b + rest;
	return 1;
}

int
ml_golomb_get(struct ml_golomb *q, uint64_t mean, uint64_t *v)
{
	unsigned from = q->from;

	if (get(q, divisor_of(mean), v))
		return 1;
	q->from = from;
	return 0;
}

unsigned
ml_golomb_bits(const struct ml_golomb *q)
{
	return q->to - q->from;
}

/* Forget words at the front. */
static void
drop(struct ml_golomb *q, unsigned words)
{
	unsigned all = (q->to + WORD - 1) / WORD;

	memmove(q->word, q->word + words, (all - words) * sizeof q->word[0]);
	q->from = q->from > words * WORD ? q->from - words * WORD : 0;
	q->to = q->to > words * WORD ? q->to - words * WORD : 0;
}

unsigned
ml_golomb_take(struct ml_golomb *q, int is_end, unsigned n, uint32_t *word)
{
	unsigned whole = (q->to + (is_end ? WORD - 1 : 0)) / WORD;

	if (n > whole)
		n = whole;
	memcpy(word, q->word, n * sizeof *word);
	drop(q, n);
	return n;
}

int
ml_golomb_add(struct ml_golomb *q, const uint32_t *word, unsigned n)
{
	unsigned i;

	drop(q, q->from / WORD);
	if (q->to % WORD != 0 || q->to / WORD + n > ML_GOLOMB_WORDS)
		return 0;
	for (i = 0; i < n; i++)
		if (word[i] >> WORD != 0)
			return 0;
	memcpy(q->word + q->to / WORD, word, n * sizeof *word);
	q->to += n * WORD;
	return 1;
}

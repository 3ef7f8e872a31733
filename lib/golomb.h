/*
 * golomb - numbers that are mostly small, in few bits: a queue of bits in words
 * of 31, and codes for numbers around a mean that both ends know.  Pure.
 * Source: Golomb, Run-Length Encodings, IEEE Trans. IT-12(3), 1966; the limit
 * to a code's length: Weinberger, Seroussi, Sapiro, IEEE Trans. IP 9(8), 2000.
 */
#ifndef ML_GOLOMB_H
#define ML_GOLOMB_H
#include <stddef.h>
#include <stdint.h>

#define ML_GOLOMB_WORD 31		/* bits of a word, none of them a sign */
#define ML_GOLOMB_WORDS 32		/* words of a queue */
#define ML_GOLOMB_PLAIN 33		/* bits of the largest number */
#define ML_GOLOMB_CODE 65		/* bits of the longest code */

/* The highest bit of a word comes first. */
struct ml_golomb {
	uint32_t word[ML_GOLOMB_WORDS];
	unsigned from, to;		/* bits: those between are in it */
};

/* A mean that follows what it is told of; of numbers below 2^33. */
struct ml_golomb_mean {
	uint64_t sum;			/* 32 times the mean */
};

struct ml_golomb_mean ml_golomb_mean(uint64_t mean);
uint64_t ml_golomb_mean_of(const struct ml_golomb_mean *m);
void ml_golomb_follow(struct ml_golomb_mean *m, uint64_t v);

/* Put a number below 2^33 in: there must be room for ML_GOLOMB_CODE bits. */
void ml_golomb_put(struct ml_golomb *q, uint64_t v, uint64_t mean);
/* Take one out: 1, or 0 and q as it was, if not all of it is there. */
int ml_golomb_get(struct ml_golomb *q, uint64_t mean, uint64_t *v);

unsigned ml_golomb_bits(const struct ml_golomb *q);
/* Words at the front that are whole; with is_end set the last one too, filled
 * up with zeros.  At most n; returns how many. */
unsigned ml_golomb_take(struct ml_golomb *q, int is_end, unsigned n,
    uint32_t *word);
/* Add words behind whole ones: 1, or 0: there is no room, or a word is none. */
int ml_golomb_add(struct ml_golomb *q, const uint32_t *word, unsigned n);
#endif

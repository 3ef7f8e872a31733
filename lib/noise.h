/*
 * noise - what a bad link does to lines: some get lost, come late, come twice
 * or come damaged.  What becomes of a line depends on the seed, its number and
 * the probabilities before it, so that with other ones the same lines are lost.
 * Pure.  Source: ml-noise(1).
 */
#ifndef ML_NOISE_H
#define ML_NOISE_H
#include <stdint.h>
#include "buf.h"

#define ML_NOISE_LOSS 0.02
#define ML_NOISE_DUPLICATE 0.05
#define ML_NOISE_REORDER 10		/* places that a line may come late */
#define ML_NOISE_CORRUPTION 0.03
#define ML_NOISE_TERMINATION 0.005	/* for each line that is written */
#define ML_NOISE_REORDER_MAX 65536
#define ML_NOISE_BYTES_MAX (64 * 1024 * 1024)	/* under way; then lines come
						 * earlier */

struct ml_noise_config {
	double loss, duplicate, corruption;	/* probabilities */
	unsigned reorder;
	uint64_t seed;
};

struct ml_noise;

struct ml_noise *ml_noise_new(const struct ml_noise_config *config);
void ml_noise_free(struct ml_noise *n);		/* takes NULL */
/* The next line, copied unless it is lost.  0, or -1: no memory. */
int ml_noise_put(struct ml_noise *n, struct ml_slice line);
/* No more will come. */
void ml_noise_end(struct ml_noise *n);
/* Append the next line that is due, with its newline: 1, or 0 if none is. */
int ml_noise_get(struct ml_noise *n, struct ml_buf *out);
/* Whether the line of a number, from 0, is lost. */
int ml_noise_is_lost(const struct ml_noise_config *config, uint64_t number);
/* Append a line damaged, with its newline: a packet's checksum, else one byte,
 * by dice. */
void ml_noise_damage(struct ml_buf *out, struct ml_slice line, uint64_t *dice);
#endif

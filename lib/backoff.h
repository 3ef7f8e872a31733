/*
 * backoff - how long to wait before something that failed is tried again.  Pure.
 *
 * Source of the jitters "full" and "decorrelated": M. Brooker, Exponential
 * Backoff And Jitter, AWS Architecture Blog, 2015.
 */
#ifndef ML_BACKOFF_H
#define ML_BACKOFF_H
#include <stdint.h>

enum ml_jitter {
	ML_JITTER_PART,			/* up to a part is added */
	ML_JITTER_FULL,			/* anything up to the whole */
	ML_JITTER_DECORRELATED		/* the first to thrice the last one */
};

struct ml_backoff {
	double first_ms, most_ms;	/* 0 or more */
	double multiplier;		/* 1 or more */
	enum ml_jitter jitter;
	double part;			/* 0 to 1, of ML_JITTER_PART */
};

/*
 * ms to wait before a retry: attempt is 0 before the first one, last_ms what
 * was waited before the one before.  0 to most_ms, by the dice.
 */
double ml_backoff_ms(const struct ml_backoff *b, unsigned attempt,
    double last_ms, uint64_t *dice);
#endif

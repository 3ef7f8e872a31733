/* backoff - how long to wait before something that failed is tried again */
#include "backoff.h"
#include "dice.h"

static double
least(double a, double b)
{
	return a < b ? a : b;
}

/* What the wait has grown to; it grows no more once it is the longest. */
static double
grown(const struct ml_backoff *b, unsigned attempt)
{
	double ms = b->first_ms;

	while (attempt-- > 0 && ms > 0 && ms < b->most_ms &&
	    b->multiplier > 1)
		ms *= b->multiplier;
	return ms;
}

double
ml_backoff_ms(const struct ml_backoff *b, unsigned attempt, double last_ms,
    uint64_t *dice)
{
	double base = grown(b, attempt), most, part = ml_dice_part(dice);

	switch (b->jitter) {
	case ML_JITTER_FULL:
		return part * least(base, b->most_ms);
	case ML_JITTER_DECORRELATED:
		most = 3 * last_ms;
		if (attempt == 0 || most < b->first_ms)
			most = 3 * b->first_ms;
		return least(b->first_ms + part * (most - b->first_ms),
		    b->most_ms);
	default:
		return least(base + part * b->part * base, b->most_ms);
	}
}

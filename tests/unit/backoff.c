/* backoff - waits by the formula, and chance within its bounds */
#include "backoff.h"
#include "unit.h"

static void
check_formula(void)
{
	struct ml_backoff b = { .first_ms = 100, .most_ms = 5000,
	    .multiplier = 2 };
	static const double wanted[] = { 100, 200, 400, 800, 1600, 3200, 5000,
	    5000 };
	uint64_t dice = 1;
	unsigned i;
	int good = 1;

	for (i = 0; i < 8; i++)
		good &= ml_backoff_ms(&b, i, 0, &dice) == wanted[i];
	ok(good, "doubled up to the longest");
	ok(ml_backoff_ms(&b, 4000000000U, 0, &dice) == 5000,
	    "however often it was tried");
	b.multiplier = 1;
	ok(ml_backoff_ms(&b, 4000000000U, 0, &dice) == 100, "always the same");
	b.first_ms = 0;
	b.multiplier = 2;
	ok(ml_backoff_ms(&b, 4000000000U, 0, &dice) == 0, "none at all");
	b.first_ms = 9000;
	ok(ml_backoff_ms(&b, 0, 0, &dice) == 5000, "first over longest");
}

/* Least, most and mean of many. */
static void
spread(const struct ml_backoff *b, unsigned attempt, double last,
    double out[static 3])
{
	uint64_t dice = 7;
	double ms;
	int i;

	out[0] = 1e9;
	out[1] = out[2] = 0;
	for (i = 0; i < 10000; i++) {
		ms = ml_backoff_ms(b, attempt, last, &dice);
		out[0] = ms < out[0] ? ms : out[0];
		out[1] = ms > out[1] ? ms : out[1];
		out[2] += ms / 10000;
	}
}

static void
check_chance(void)
{
	struct ml_backoff b = { .first_ms = 100, .most_ms = 5000,
	    .multiplier = 2, .part = 0.1 };
	double s[3];

	spread(&b, 1, 0, s);
	ok(s[0] >= 200 && s[0] < 200.1 && s[1] <= 220 && s[1] > 219.9 &&
	    s[2] > 209 && s[2] < 211, "up to a tenth more");
	b.most_ms = 210;
	spread(&b, 1, 0, s);
	ok(s[1] == 210 && s[0] < 200.1, "but no longer than the longest");
	b.most_ms = 5000;
	b.jitter = ML_JITTER_FULL;
	spread(&b, 2, 0, s);
	ok(s[0] < 1 && s[1] > 399 && s[1] <= 400 && s[2] > 195 && s[2] < 205,
	    "full: from nothing to all");
	spread(&b, 60, 0, s);
	ok(s[1] > 4990 && s[1] <= 5000 && s[2] > 2450 && s[2] < 2550,
	    "full, of the longest");
	b.jitter = ML_JITTER_DECORRELATED;
	spread(&b, 0, 9999, s);
	ok(s[0] >= 100 && s[0] < 101 && s[1] > 299 && s[1] <= 300,
	    "decorrelated: the first one is of the first wait");
	spread(&b, 3, 400, s);
	ok(s[0] >= 100 && s[0] < 101 && s[1] > 1198 && s[1] <= 1200,
	    "decorrelated: up to thrice the last");
	spread(&b, 3, 4000, s);
	ok(s[1] == 5000, "decorrelated: no longer than the longest");
}

int
main(void)
{
	check_formula();
	check_chance();
	return unit_done();
}

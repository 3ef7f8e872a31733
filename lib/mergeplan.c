/*
 * mergeplan - how many cuts share the comparisons evenly.
 *
 * The shorter side looks for each of its n values among k cuts by halving:
 * about log2(k + 1) comparisons.  The longer side merges them into m values by
 * Hwang and Lin's method: steps of 2^t values, t = log2(m/n), each of which one
 * comparison may skip, and t comparisons within the last.  How many it skips is
 * geometrically distributed where both sides are spread alike.
 */
#include "mergework.h"

#define CUT_WORTH 0.001			/* of the balance */

/* Comparisons of the longer side for each value, in a gap of m and n. */
static double
merging(double m, double n)
{
	double q = m / (m + n + 1), ratio = m / n + 1.0 / 3;
	unsigned t = 0;

	for (; ratio >= 2; ratio /= 2, t++)
		q *= q;
	return 1 + t + q / (1 - q);
}

/* Comparisons to find one of k + 1 gaps, on the average. */
static double
placing(unsigned k)
{
	unsigned depth = 0;

	while (2U << depth <= k + 1)
		depth++;
	return depth + 2.0 * (k + 1 - (1U << depth)) / (k + 1);
}

/* How far from even the work is with k cuts: 0 to 1. */
static double
imbalance(unsigned k, double m, double n, double extra)
{
	/* more cuts than values: most gaps have none, some have one */
	double in_gap = n > k ? n / (k + 1) : 1;
	double shorter = n * placing(k);
	/* each cut takes two: to be made, and to be checked */
	double longer = n * merging(m / (k + 1), in_gap) + extra + 2.0 * k;

	return shorter < longer ? 1 - shorter / longer : 1 - longer / shorter;
}

unsigned
ml_mergeplan_cuts(uint64_t m, uint64_t n, uint64_t extra)
{
	double least = 2, now;
	unsigned k, best = 0;

	for (k = 0; k <= ML_MERGE_CUTS_MAX && k < m; k++) {
		/* some 20 cuts are a message more: it must be worth it */
		now = imbalance(k, (double)m, (double)n, (double)extra) +
		    k * CUT_WORTH;
		if (now >= least)
			continue;
		least = now;
		best = k;
	}
	return best;
}

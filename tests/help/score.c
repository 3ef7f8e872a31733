/*
 * score LOG SENT - how good a log of packets is, by the document of
 * ml-journal(1).  SENT has the numbers that could be had, one a line.  Prints
 * how many there were, how many of them are in the log, how many pairs of the
 * log are out of order and how many there are, and how many lines of the log
 * are there twice or were never sent.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "packet.h"
#include "lines.h"
#include "ranges.h"

#define MOST 10000000

static uint64_t *number;
static size_t n;

static void
read_numbers(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long long v;

	if (f == NULL)
		err(111, "%s", path);
	for (n = 0; n < MOST && fscanf(f, "%llu%*[^\n]", &v) == 1;)
		number[n++] = v;
	fclose(f);
}

/* Pairs of the numbers from..to that are out of order; then they are sorted. */
static uint64_t
sort(uint64_t *spare, size_t from, size_t to)
{
	size_t mid = from + (to - from) / 2, i = from, k = mid, at = from;
	uint64_t pairs;

	if (to - from < 2)
		return 0;
	pairs = sort(spare, from, mid) + sort(spare, mid, to);
	while (i < mid || k < to)
		if (k == to || (i < mid && number[i] <= number[k]))
			spare[at++] = number[i++];
		else {
			pairs += mid - i;
			spare[at++] = number[k++];
		}
	memcpy(number + from, spare + from, (to - from) * sizeof *number);
	return pairs;
}

int
main(int argc, char *argv[])
{
	struct ml_ranges *sent = ml_ranges_new(), *logged = ml_ranges_new();
	uint64_t *spare = calloc(MOST, sizeof *spare), pairs;
	size_t i, could, good = 0, bad = 0;

	number = calloc(MOST, sizeof *number);
	if (argc != 3 || number == NULL || spare == NULL || sent == NULL ||
	    logged == NULL)
		errx(2, "usage: score LOG SENT");
	read_numbers(argv[2]);
	could = n;
	for (i = 0; i < n; i++)
		ml_ranges_add(sent, number[i]);
	read_numbers(argv[1]);
	for (i = 0; i < n; i++)
		if (ml_ranges_add(logged, number[i]) == 1 &&
		    ml_ranges_has(sent, number[i]))
			good++;
		else
			bad++;
	pairs = sort(spare, 0, n);
	printf("%zu %zu %llu %llu %zu\n", could, good,
	    (unsigned long long)pairs,
	    (unsigned long long)n * (n > 0 ? n - 1 : 0) / 2, bad);
	return 0;
}

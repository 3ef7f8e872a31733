/*
 * faultlist - which runs with a fault there are to be, by the calls that a run
 * without any has made (tests/preload/faults.h).
 */
#ifndef FAULTLIST_H
#define FAULTLIST_H
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "../preload/faults.h"

/* How a run of COMMAND fails. */
struct fault {
	uint32_t at;
	enum fault_how how;
	int later;
	char spec[32];			/* at:how, as -o takes it */
};

/* The ways in which the call at n may fail. */
static unsigned
ways(const struct faults_met *met, uint32_t n, struct fault way[])
{
	enum fault_call call = (enum fault_call)met->call[n];
	unsigned how, many = 0, later;

	for (how = FAULT_NONE + 1; how < FAULT_HOWS; how++)
		for (later = 0; later < 2; later++) {
			if ((fault_call[call].how & 1U << how) == 0 || (later &&
			    how != FAULT_EIO && how != FAULT_ENOMEM &&
			    !(how == FAULT_ENOSPC && call == CALL_write)))
				continue;
			way[many] = (struct fault){ n, (enum fault_how)how,
			    (int)later, "" };
			snprintf(way[many].spec, sizeof way->spec, "%u%s:%s", n,
			    later ? "+" : "", fault_how[how]);
			many++;
		}
	return many;
}

static int
is_memory(uint8_t call)
{
	return call == CALL_malloc || call == CALL_mmap;
}

/* Calls that change what others see: there are few of them. */
static int
is_vital(uint8_t call)
{
	return call == CALL_write || call == CALL_fsync ||
	    call == CALL_ftruncate || call == CALL_rename;
}

/*
 * The runs that there are to be, for the caller to free: of each call that was
 * told in every way, or of at most limit calls for memory, and as many others,
 * most of them in one way, which seed decides.  The last of them meets none.
 */
static struct fault *
list_faults(const struct faults_met *met, unsigned long limit,
    unsigned long seed, size_t *n)
{
	uint32_t at, last = met->calls;
	struct fault *list = calloc(((size_t)last + 1) * 2 * FAULT_HOWS,
	    sizeof *list), way[2 * FAULT_HOWS];
	unsigned long all[2] = { 0 }, seen[2] = { 0 };
	unsigned many, i;
	int m, take;

	if (list == NULL)
		err(111, NULL);
	*n = 0;
	for (at = 1; at <= last; at++)
		all[is_memory(met->call[at])]++;
	for (at = 1; at <= last; at++) {
		m = is_memory(met->call[at]);
		many = ways(met, at, way);
		take = limit == 0 || all[m] <= limit || seen[m] * limit /
		    all[m] != (seen[m] + 1) * limit / all[m];
		for (i = 0; take && i < many; i++)
			if (limit == 0 || is_vital(met->call[at]) ||
			    i == (at + seed) % many)
				list[(*n)++] = way[i];
		seen[m]++;
	}
	ways(met, 1, way);
	list[*n] = way[0];
	list[*n].at = last + 1;	/* nothing is met there */
	snprintf(list[(*n)++].spec, sizeof way->spec, "%u:EIO", last + 1);
	return list;
}
#endif

/*
 * counts - what a program asks of the system, as tests/preload/counts.c sees it
 * and tests/help/spent.c tells it: in memory that both have, the file that
 * SPENT names.
 */
#ifndef COUNTS_H
#define COUNTS_H
#include <stdatomic.h>
#include <stdint.h>

struct counts {
	_Atomic uint64_t bytes;		/* read, or mapped of a file */
	_Atomic uint64_t syncs, sync_ns;
	_Atomic uint64_t groups;	/* files locked to write, and then synced */
};
#endif

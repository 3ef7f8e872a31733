/*
 * heldwork - the inside of what is held: shared by held.c, which keeps it, and
 * heldevict.c, which chooses what goes; nobody else's.
 */
#ifndef ML_HELDWORK_H
#define ML_HELDWORK_H
#include <sys/types.h>

#include "ahead.h"
#include "held.h"
#include "wait.h"

struct ml_held {
	char *path;
	struct ml_wait *wait;
	uint64_t *bytes;		/* held, by feed index */
	size_t feeds;			/* room in bytes */
	uint64_t total;			/* bytes held */
	int fd;				/* -1: no file */
	dev_t dev;
	ino_t ino;
	uint64_t size;			/* of the file, as far as we know it */
	uint64_t leavings;		/* bytes in it that are held no more */
	int untidy;			/* and they should go at once */
	int unsure;			/* others wrote it: perhaps unsynced */
	unsigned generation;		/* of the log's feeds */
	struct ml_buf out;		/* behind size, unwritten */
	struct ml_ahead *ahead;
	int64_t announced;		/* seq before which all slots were */
	uint8_t key[ML_TABLE_KEY_LEN];
};
#endif

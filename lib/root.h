/*
 * root - the page of an index that says what of its file counts: how far the
 * log is indexed, how it looked then, and where the parts lie.  A file begins
 * with two of them, written in turn; the valid one of the higher generation
 * counts, so a torn write costs nothing.  Pure.
 * Source: meshlog-index(5).
 */
#ifndef ML_ROOT_H
#define ML_ROOT_H
#include "index.h"

#define ML_ROOT_LEN 4096		/* bytes of each of the two */
#define ML_ROOT_BOTH (2 * ML_ROOT_LEN)
#define ML_ROOT_PARTS 128		/* that one can name */

/* Where a part lies, in bytes of the file. */
struct ml_extent {
	uint64_t at, footer, end;
};

struct ml_root {
	uint64_t generation;		/* from 1 on; 0: none */
	struct ml_index_state state;
	uint64_t tail;			/* checksum of the log's end there */
	uint64_t end;			/* of the last part */
	struct ml_extent part[ML_ROOT_PARTS];
	size_t parts;
};

/* The page of a root, appended: ML_ROOT_LEN bytes. */
void ml_root_put(struct ml_buf *out, const struct ml_root *r);
/* Where in the file a generation's page lies. */
uint64_t ml_root_place(uint64_t generation);
/* The newest of both pages: its generation, 0 if neither is valid. */
uint64_t ml_root_newest(const char both[static ML_ROOT_BOTH]);
/* Take what that one says: 1, or 0 if there is none or it cannot be. */
int ml_root_take(struct ml_root *r, const char both[static ML_ROOT_BOTH]);
#endif

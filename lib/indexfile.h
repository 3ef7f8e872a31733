/*
 * indexfile - the inside of an index: shared by index.c, which believes what
 * its file says and looks things up, and indexwrite.c, which adds to it;
 * nobody else's.
 */
#ifndef ML_INDEXFILE_H
#define ML_INDEXFILE_H
#include "index.h"
#include "part.h"
#include "root.h"

struct ml_index_block {
	uint32_t part;
	uint64_t number;
	size_t n;			/* 0: nothing is here */
	uint64_t place[ML_PART_BLOCK];
};

struct ml_index {
	char *path, *new_path;
	int log_fd, fd;			/* fd: -1 if there is none */
	int is_new;			/* it is new_path's so far */
	int off;			/* nothing more is written */
	uint64_t generation, end;	/* of the file; of its parts */
	struct ml_index_state state;
	struct ml_part part[ML_ROOT_PARTS + 1];
	size_t parts;
	struct ml_index_block *cache;
	struct ml_buf text;
};

/* index.c */
int ml_indexfile_same_stamp(const struct ml_stamp *a,
    const struct ml_stamp *b);
/* The index by its name, a regular file, or -1. */
int ml_indexfile_open(struct ml_index *x, int *readable_only);
/* Parts are not known any more, and nothing of them is cached. */
void ml_indexfile_forget_parts(struct ml_index *x);
/* What the log ends with at a size: 1, or 0 if it cannot be read. */
int ml_indexfile_tail(struct ml_index *x, uint64_t size, uint64_t *tail);
/* The root that counts: 1, or 0 if there is none.  Parts are not read yet. */
int ml_indexfile_read_root(struct ml_index *x, uint64_t *tail);
/* All parts that the root names.  Spans point at them from now on. */
int ml_indexfile_attach(struct ml_index *x, struct ml_feeds *feeds);
#endif

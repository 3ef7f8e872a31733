/*
 * cell - a value with who wrote it and when, packed into as few bytes as that
 * takes: a view has very many of them.  Pure.
 */
#ifndef ML_CELL_H
#define ML_CELL_H
#include "buf.h"
#include "hlc.h"
#include "words.h"

#define ML_CELL_HEAD 50		/* bytes: five numbers of 64 bits */

struct ml_cell {
	struct ml_hlc hlc;
	int64_t seq;
	uint32_t author;		/* the caller's number for him */
	struct ml_slice text;
};

/* Write all but the text, which follows it; returns its length in bytes. */
size_t ml_cell_head(const struct ml_cell *c,
    char head[static ML_CELL_HEAD]);
/* Read a packed cell; its text stays there.  Returns its length in bytes. */
size_t ml_cell_read(struct ml_cell *c, const char *packed);
/* <0, 0, >0: wall, counter, author by code point, seq; the authors' numbers are
 * those of authors, whose names are the insides of canonical strings. */
int ml_cell_compare(const struct ml_cell *a, const struct ml_cell *b,
    const struct ml_words *authors);
#endif

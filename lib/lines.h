/*
 * lines - a stream read line by line, in bounded memory.
 */
#ifndef ML_LINES_H
#define ML_LINES_H
#include "buf.h"
#include "message.h"
#include "peek.h"

enum ml_line {
	ML_LINE_ERROR = -1,		/* errno says why */
	ML_LINE_END,
	ML_LINE_WHOLE,			/* it had its newline */
	ML_LINE_TAIL,			/* the last one, without */
	ML_LINE_LONG,			/* over ML_LINE_MAX: only its beginning; of a
					 * stream it may not have ended yet */
	ML_LINE_AGAIN			/* reading on would block */
};

struct ml_lines {
	int fd;				/* borrowed */
	struct ml_peek *peek;		/* borrowed; or NULL: see below */
	int by_offset;			/* read with pread, up to end */
	uint64_t end;
	uint64_t number;		/* of the line just given, from 1 */
	uint64_t offset;		/* where it began, bytes */
	uint64_t next;			/* where the next one begins */
	struct ml_buf buf;
	size_t at;			/* buf's bytes before it are used up */
	size_t seen;			/* behind at: no newline so far */
	uint64_t skipped;		/* bytes of a long line dropped already */
	int dropping;			/* the rest of one, given as it came */
	int newline;			/* the line just given had one */
	int ended;
};

/* A stream that is read to its end. */
struct ml_lines ml_lines_stream(int fd);
/* The bytes from..end of a file; lines are numbered on from number. */
struct ml_lines ml_lines_range(int fd, uint64_t from, uint64_t end,
    uint64_t number);
/*
 * The same through a peek: ML_LINE_AGAIN is returned until what was read is
 * taken away, so may_block must be unset.  begun is read before all.
 */
struct ml_lines ml_lines_peek(struct ml_peek *peek, struct ml_slice begun);
void ml_lines_free(struct ml_lines *l);
/*
 * The next line, without its newline, valid until the next call.  With
 * may_block unset ML_LINE_AGAIN is returned instead of waiting for input.
 */
enum ml_line ml_lines_next(struct ml_lines *l, int may_block,
    struct ml_slice *line);
/* Whether the next line is at hand: it is given without reading on. */
int ml_lines_has_next(const struct ml_lines *l);
/* What was read behind the line just given, until the next call. */
struct ml_slice ml_lines_rest(const struct ml_lines *l);
#endif

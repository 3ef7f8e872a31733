/*
 * window - bytes of a file at any offset, read with as much around them as
 * pays: little where one jumps about, more and more where one goes on and
 * much of what was read is asked for.
 */
#ifndef ML_WINDOW_H
#define ML_WINDOW_H
#include "buf.h"

struct ml_window {
	struct ml_buf bytes;
	uint64_t offset;		/* of the first of them */
	size_t step;			/* bytes to read at least */
	uint64_t used;			/* bytes of it that were asked for */
};

/*
 * len bytes of fd at offset; they are borrowed until the next call.  0, or -1
 * with errno, EIO if the file has not so many.
 */
int ml_window_read(struct ml_window *w, int fd, uint64_t offset, size_t len,
    struct ml_slice *bytes);
/* The file has changed: what was read counts no more. */
void ml_window_forget(struct ml_window *w);
void ml_window_free(struct ml_window *w);
#endif

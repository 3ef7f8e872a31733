/* window - bytes of a file at any offset */
#include <errno.h>

#include "file.h"
#include "window.h"

#define STEP_MIN 4096			/* bytes */
#define STEP_MAX (256 * 1024)
#define USED_PART 4 			/* of a window, at least: then it pays */

static int
read_around(struct ml_window *w, int fd, uint64_t offset, size_t len)
{
	uint64_t end = w->offset + w->bytes.len;
	ssize_t got;
	char *to;

	/* who went on through the last one will go on further */
	if (w->step == 0 || offset < w->offset ||
	    offset > end + STEP_MAX)
		w->step = STEP_MIN;
	else if (w->used * USED_PART < w->bytes.len || offset > end + w->step)
		w->step = w->step > STEP_MIN ? w->step / 2 : STEP_MIN;
	else if (w->step < STEP_MAX)
		w->step *= 2;
	w->used = 0;
	if (len < w->step)
		len = w->step;
	ml_buf_clear(&w->bytes);
	if ((to = ml_buf_room(&w->bytes, len)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if ((got = ml_file_read_at(fd, to, len, offset)) == -1)
		return -1;
	w->bytes.len = (size_t)got;
	w->offset = offset;
	return 0;
}

int
ml_window_read(struct ml_window *w, int fd, uint64_t offset, size_t len,
    struct ml_slice *bytes)
{
	if ((offset < w->offset ||
	    offset + len > w->offset + w->bytes.len) &&
	    read_around(w, fd, offset, len) == -1)
		return -1;
	if (offset + len > w->offset + w->bytes.len) {
		errno = EIO;
		return -1;
	}
	w->used += len;
	*bytes = (struct ml_slice){ w->bytes.p + (offset - w->offset), len };
	return 0;
}

void
ml_window_forget(struct ml_window *w)
{
	ml_buf_clear(&w->bytes);
}

void
ml_window_free(struct ml_window *w)
{
	ml_buf_free(&w->bytes);
}

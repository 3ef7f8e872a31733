/* outlet - lines written to a pipe as far as its reader takes them */
#include <limits.h>
#include <poll.h>

#include "file.h"
#include "outlet.h"

int
ml_outlet_write(int fd, struct ml_buf *b, size_t left)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	size_t n, done = 0;
	int rc = 0;

	while (rc == 0 && done < b->len) {
		if (poll(&p, 1, b->len - done > left ? -1 : 0) == 0)
			break;
		/* what poll() speaks of takes so many bytes at once */
		n = b->len - done < PIPE_BUF ? b->len - done : PIPE_BUF;
		if ((rc = ml_file_write(fd, b->p + done, n)) == 0)
			done += n;
	}
	ml_buf_drop(b, done);
	return rc;
}

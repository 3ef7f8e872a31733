/* outlet - what is said to a peer, written as far as it reads */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outlet.h"

#define DROP_AT (64 * 1024)	/* bytes that are written, and still there */

struct ml_outlet
ml_outlet_of(int fd)
{
	return (struct ml_outlet){ .fd = fd };
}

/*
 * A pipe is opened anew: that it does not block is then for us alone.  Where
 * there is no such thing, one that is ready takes a little at a time.
 */
struct ml_outlet
ml_outlet_stdout(void)
{
	struct ml_outlet o = { .fd = STDOUT_FILENO };
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == -1)
		return o;
	o.is_socket = S_ISSOCK(st.st_mode);
	o.blocks = S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO);
	if (S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return o;
	o.fd = fd;
	o.blocks = 0;
	return o;
}

void
ml_outlet_free(struct ml_outlet *o)
{
	ml_buf_free(&o->text);
}

size_t
ml_outlet_len(const struct ml_outlet *o)
{
	return o->text.len - o->written;
}

static void
lose(struct ml_outlet *o)
{
	o->is_lost = 1;
	o->written = 0;
	ml_buf_clear(&o->text);
}

ssize_t
ml_outlet_write(struct ml_outlet *o)
{
	const char *p = o->text.p + o->written;
	size_t len = ml_outlet_len(o);
	ssize_t n;

	if (len == 0)
		return 0;
	if (o->is_socket)
		n = send(o->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(o->fd, p, o->blocks && len > PIPE_BUF ? PIPE_BUF :
		    len);
	if (n == -1) {
		if (errno == EPIPE || errno == ECONNRESET)
			lose(o);
		else if (errno != EAGAIN && errno != EINTR)
			return -1;
		return 0;
	}
	o->written += (size_t)n;
	if (o->written == o->text.len || o->written >= DROP_AT) {
		ml_buf_drop(&o->text, o->written);
		o->written = 0;
	}
	return n;
}

int
ml_outlet_flush(struct ml_outlet *o, int ms)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };
	int rc;

	while (ml_outlet_len(o) > 0) {
		if ((rc = poll(&p, 1, ms)) == 0)
			return 0;
		if (rc == -1 && errno == EINTR)
			continue;
		if (rc == -1 || ml_outlet_write(o) == -1)
			return -1;
	}
	return 1;
}

/* peek - a stream that is read and not taken away before that is said */
#ifdef __linux__
#define _GNU_SOURCE			/* tee */
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "peek.h"

#define MOST (64 * 1024)	/* bytes of a pipe: taken away in one call, as it may
				 * be the last one */

struct ml_peek
ml_peek_of(int fd)
{
	struct ml_peek p = { .fd = fd, .copy = { -1, -1 } };
	off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (fstat(fd, &st) == -1)
		return p;
	p.is_file = S_ISREG(st.st_mode) && at != -1;
	p.at = p.is_file ? (uint64_t)at : 0;
	/* without descriptors for it we can do without it */
	if (S_ISFIFO(st.st_mode) && pipe(p.copy) == -1)
		p.copy[0] = p.copy[1] = -1;
	return p;
}

void
ml_peek_close(struct ml_peek *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (p->copy[i] != -1)
			close(p->copy[i]);
		p->copy[i] = -1;
	}
}

/* Copy what is in the pipe, or wait for it: how much; 0 at the end; or -1. */
static ssize_t
copy(struct ml_peek *p, size_t len)
{
#ifdef __linux__
	struct pollfd input = { .fd = p->fd, .events = POLLIN };
	ssize_t n;

	len = len < MOST ? len : MOST;
	while ((n = tee(p->fd, p->copy[1], len, 0)) == -1)
		if (errno == EAGAIN)
			(void)poll(&input, 1, -1);
		else if (errno != EINTR)
			break;
	return n;
#else
	(void)p;
	(void)len;
	errno = ENOSYS;
	return -1;
#endif
}

/* All that was copied, or it would stand before what is copied next. */
static ssize_t
read_copy(const struct ml_peek *p, char *to, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = ml_file_read(p->copy[0], to + have, len - have);
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t
ml_peek_read(struct ml_peek *p, void *to, size_t len)
{
	ssize_t n;

	if (p->is_file)
		n = ml_file_read_at(p->fd, to, len, p->at);
	else if (p->copy[0] != -1 && (n = copy(p, len)) != -1)
		n = read_copy(p, to, (size_t)n);
	else {
		ml_peek_close(p);
		return ml_file_read(p->fd, to, len);
	}
	if (n > 0)
		p->ahead = (size_t)n;
	return n;
}

int
ml_peek_take(struct ml_peek *p, size_t but)
{
	char bytes[MOST];
	size_t more;
	ssize_t n;

	if (p->ahead <= but)
		return 0;
	if (p->is_file) {
		p->at += p->ahead - but;
		p->ahead = but;
		return lseek(p->fd, (off_t)p->at, SEEK_SET) == -1 ? -1 : 0;
	}
	while (p->ahead > but) {
		more = p->ahead - but;
		n = ml_file_read(p->fd, bytes, more < sizeof bytes ? more :
		    sizeof bytes);
		if (n == -1)
			return -1;
		/* at its end, another has taken it */
		p->ahead = n > 0 ? p->ahead - (size_t)n : but;
	}
	return 0;
}

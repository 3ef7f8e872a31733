/* hostport - a pty behind a link, and a TCP port */
#define _GNU_SOURCE			/* accept4, posix_openpt */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "hostport.h"

const struct ml_hostport ML_HOSTPORT_NONE = { .master = -1, .slave = -1,
	.last = -1, .notify = -1, .watch = -1, .listener = -1, .client = -1 };

static int
make_pty(struct ml_hostport *p)
{
	struct termios t;

	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->master == -1 || grantpt(p->master) == -1 ||
	    unlockpt(p->master) == -1 ||
	    (errno = ptsname_r(p->master, p->pts, sizeof p->pts)) != 0 ||
	    fcntl(p->master, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	/* held open, or the master would say "hung up" while nobody else has
	 * it, and go on saying so */
	p->slave = open(p->pts, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave == -1 || tcgetattr(p->slave, &t) == -1)
		return -1;
	cfmakeraw(&t);
	return tcsetattr(p->slave, TCSANOW, &t);
}

static int
make_link(const struct ml_hostport *p, const char *link)
{
	struct stat st;

	if (lstat(link, &st) == 0) {
		if (!S_ISLNK(st.st_mode)) {
			errno = EEXIST;
			return -1;
		}
		if (unlink(link) == -1)
			return -1;
	}
	return symlink(p->pts, link);
}

int
ml_hostport_open(struct ml_hostport *p, const char *link, int notify)
{
	int error;

	if (make_pty(p) == -1)
		goto fail;
	if (p->last != -1)
		close(p->last);
	p->last = -1;
	p->notify = notify;
	p->watch = inotify_add_watch(notify, p->pts, IN_OPEN | IN_CLOSE);
	p->opens = 0;
	if (p->watch == -1 || make_link(p, link) == -1)
		goto fail;
	return 0;
fail:
	error = errno;
	ml_hostport_close(p, NULL);
	errno = error;
	return -1;
}

void
ml_hostport_close(struct ml_hostport *p, const char *link)
{
	if (link != NULL && p->master != -1)
		unlink(link);
	if (p->watch != -1)
		inotify_rm_watch(p->notify, p->watch);
	if (p->slave != -1) {
		if (p->last != -1)
			close(p->last);
		p->last = p->slave;
	}
	if (p->master != -1)
		close(p->master);
	p->master = p->slave = p->watch = -1;
	p->opens = 0;
	ml_hostport_drop(p);
}

void
ml_hostport_end(struct ml_hostport *p, const char *link)
{
	ml_hostport_close(p, link);
	if (p->last != -1)
		close(p->last);
	if (p->listener != -1)
		close(p->listener);
	p->last = p->listener = -1;
}

int
ml_hostport_event(struct ml_hostport *p, uint32_t mask)
{
	if (mask & IN_OPEN)
		return p->opens++ == 0;
	if ((mask & IN_CLOSE) && p->opens > 0 && --p->opens == 0)
		tcflush(p->slave, TCIFLUSH);	/* what was not read */
	return 0;
}

int
ml_hostport_listen(struct ml_hostport *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (p->listener == -1 ||
	    bind(p->listener, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(p->listener, 8) == -1 ||
	    getsockname(p->listener, (struct sockaddr *)&a, &len) == -1)
		return -1;
	p->tcp = ntohs(a.sin_port);
	return 0;
}

int
ml_hostport_accept(struct ml_hostport *p)
{
	int one = 1, fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC |
	    SOCK_NONBLOCK);

	if (fd == -1)
		return 0;
	if (p->client != -1 || p->master == -1) {	/* or it is unplugged */
		close(fd);
		return 0;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	p->client = fd;
	return 1;
}

void
ml_hostport_drop(struct ml_hostport *p)
{
	if (p->client != -1)
		close(p->client);
	p->client = -1;
}

int
ml_hostport_to(const struct ml_hostport *p)
{
	if (p->client != -1)
		return p->client;
	return p->opens > 0 ? p->master : -1;
}

/* dock - the ports of a testbed's nodes, and what goes through them */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dock.h"

#define SILENT_US UINT64_C(6500000)	/* then a WiFi client is dropped */

enum { MASTER, CLIENT, LISTENER, FDS };		/* of a node */

const char *
ml_dock_link(struct ml_dock *d, unsigned node)
{
	/* dir leaves room for it */
	snprintf(d->name, sizeof d->name, "%.*s/rnode%u",
	    (int)sizeof d->name - 32, d->dir, node);
	return d->name;
}

static int
make_dir(struct ml_dock *d, const char *dir)
{
	const char *tmp = getenv("TMPDIR");
	int n;

	if (dir != NULL)
		n = snprintf(d->dir, sizeof d->dir, "%s", dir);
	else
		n = snprintf(d->dir, sizeof d->dir, "%s/ml-air.XXXXXX",
		    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (n > (int)sizeof d->dir - 32) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (dir != NULL)
		d->has_made_dir = mkdir(d->dir, 0700) == 0;
	else
		d->has_made_dir = mkdtemp(d->dir) != NULL;
	return d->has_made_dir || (dir != NULL && errno == EEXIST) ? 0 : -1;
}

/* Another's links are not to be taken from it.  One that died has no lock; a
 * folder that may not be listed cannot have one. */
static int
lock_dir(struct ml_dock *d)
{
	d->dir_fd = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->dir_fd == -1 ? 0 : flock(d->dir_fd, LOCK_EX | LOCK_NB);
}

int
ml_dock_open(struct ml_dock *d, unsigned n, const char *dir, int has_tcp)
{
	unsigned i;
	int error;

	memset(d, 0, sizeof *d);
	d->notify = d->dir_fd = -1;
	for (i = 0; i < ML_TESTBED_NODES_MAX; i++)
		d->port[i].at = ML_HOSTPORT_NONE;
	if (make_dir(d, dir) == -1 || lock_dir(d) == -1) {
		memcpy(d->name, d->dir, sizeof d->name);
		return -1;
	}
	d->n = n;
	d->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (i = 0; i < n; i++)
		if (ml_dock_set(d, i, 1) == -1 || (has_tcp &&
		    ml_hostport_listen(&d->port[i].at) == -1)) {
			error = errno;
			ml_dock_close(d);
			ml_dock_link(d, i);
			errno = error;
			return -1;
		}
	return 0;
}

void
ml_dock_close(struct ml_dock *d)
{
	unsigned i;

	for (i = 0; i < d->n; i++)
		ml_hostport_end(&d->port[i].at, ml_dock_link(d, i));
	if (d->notify != -1)
		close(d->notify);
	if (d->has_made_dir)
		rmdir(d->dir);
	if (d->dir_fd != -1)
		close(d->dir_fd);
}

int
ml_dock_set(struct ml_dock *d, unsigned node, int is_there)
{
	struct ml_dock_port *p = &d->port[node];

	p->hangs_up = 0;
	if (is_there)
		return ml_hostport_open(&p->at, ml_dock_link(d, node),
		    d->notify);
	ml_hostport_close(&p->at, ml_dock_link(d, node));
	return 0;
}

void
ml_dock_hang_up(struct ml_dock *d, unsigned node)
{
	d->port[node].hangs_up = 1;
}

nfds_t
ml_dock_watch(const struct ml_dock *d, struct ml_testbed *t, uint64_t now,
    struct pollfd *fd)
{
	const struct ml_hostport *p;
	struct ml_vnode *v;
	short in, out;
	unsigned i;

	*fd++ = (struct pollfd){ d->notify, POLLIN, 0 };
	for (i = 0; i < d->n; i++, fd += FDS) {
		p = &d->port[i].at;
		v = ml_testbed_node(t, i);
		in = ml_vnode_room(v) > 0 ? POLLIN : 0;
		out = ml_vnode_output(v, now).len > 0 ? POLLOUT : 0;
		fd[LISTENER] = (struct pollfd){ p->listener, POLLIN, 0 };
		fd[CLIENT] = (struct pollfd){ p->client, in | out, 0 };
		if (p->client != -1 || p->opens == 0)
			out = 0;
		fd[MASTER] = (struct pollfd){ in | out ? p->master : -1,
		    in | out, 0 };
	}
	return 1 + FDS * d->n;
}

static void
client_gone(struct ml_dock *d, struct ml_testbed *t, unsigned node,
    uint64_t now)
{
	ml_hostport_drop(&d->port[node].at);
	ml_vnode_radio_off(ml_testbed_node(t, node), now);
}

static void
read_from(struct ml_dock *d, struct ml_testbed *t, unsigned node, uint64_t now,
    int fd)
{
	struct ml_vnode *v = ml_testbed_node(t, node);
	struct ml_dock_port *p = &d->port[node];
	char bytes[4096];
	size_t room = ml_vnode_room(v);
	ssize_t n = read(fd, bytes, room < sizeof bytes ? room : sizeof bytes);

	if (fd == p->at.client) {
		p->heard = now;
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
			client_gone(d, t, node, now);
			return;
		}
	} else if (p->at.client != -1)
		return;			/* WiFi has taken over */
	if (n > 0)
		ml_vnode_input(v, now, (struct ml_slice){ bytes, (size_t)n });
}

static void
take_notes(struct ml_dock *d, struct ml_testbed *t, uint64_t now)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} u;
	const struct inotify_event *e;
	ssize_t n, at;
	unsigned i;

	while ((n = read(d->notify, &u, sizeof u)) > 0)
		for (at = 0; at < n; at += (ssize_t)(sizeof *e + e->len)) {
			e = (const void *)(u.bytes + at);
			for (i = 0; i < d->n; i++)
				if (d->port[i].at.watch == e->wd &&
				    ml_hostport_event(&d->port[i].at, e->mask))
					ml_vnode_opened(ml_testbed_node(t, i),
					    now);
		}
}

static void
serve(struct ml_dock *d, struct ml_testbed *t, unsigned node, uint64_t now,
    const struct pollfd *fd)
{
	struct ml_dock_port *p = &d->port[node];

	if (fd[LISTENER].revents != 0 && ml_hostport_accept(&p->at))
		p->heard = now;
	if (p->at.client != -1 && fd[CLIENT].fd == p->at.client) {
		if (fd[CLIENT].revents & POLLIN)
			read_from(d, t, node, now, p->at.client);
		else if (fd[CLIENT].revents & (POLLERR | POLLHUP))
			client_gone(d, t, node, now);
	}
	if (p->at.client != -1 && now >= p->heard + SILENT_US)
		client_gone(d, t, node, now);
	if (p->at.master != -1 && fd[MASTER].fd == p->at.master &&
	    (fd[MASTER].revents & POLLIN))
		read_from(d, t, node, now, p->at.master);
}

void
ml_dock_read(struct ml_dock *d, struct ml_testbed *t, uint64_t now,
    const struct pollfd *fd)
{
	unsigned i;

	take_notes(d, t, now);
	for (i = 0; i < d->n; i++)
		serve(d, t, i, now, fd + 1 + FDS * i);
}

static void
unplug(struct ml_testbed *t, unsigned node, uint64_t now)
{
	char line[32];
	int n = snprintf(line, sizeof line, "unplug %u", node);

	ml_testbed_command(t, now, (struct ml_slice){ line, (size_t)n });
}

/* What a node says goes to whoever is there, or nowhere. */
void
ml_dock_write(struct ml_dock *d, struct ml_testbed *t, uint64_t now)
{
	struct ml_vnode *v;
	struct ml_slice out;
	ssize_t n;
	unsigned i;
	int fd;

	for (i = 0; i < d->n; i++) {
		v = ml_testbed_node(t, i);
		fd = ml_hostport_to(&d->port[i].at);
		while ((out = ml_vnode_output(v, now)).len > 0) {
			n = fd == -1 ? (ssize_t)out.len :
			    write(fd, out.p, out.len);
			if (n <= 0)
				break;
			ml_vnode_wrote(v, now, (size_t)n);
		}
		if (d->port[i].hangs_up && out.len == 0)
			unplug(t, i, now);
	}
}

uint64_t
ml_dock_next(const struct ml_dock *d)
{
	uint64_t next = ML_AIR_NEVER, at;
	unsigned i;

	for (i = 0; i < d->n; i++) {
		at = d->port[i].heard + SILENT_US;
		if (d->port[i].at.client != -1 && at < next)
			next = at;
	}
	return next;
}

/*
 * dock - the ports of a testbed's nodes, in a folder, and what goes through
 * them.  A TCP client goes before whoever has the pty open; one that says
 * nothing for 6.5 s is dropped, and the radio goes off with it.
 */
#ifndef ML_DOCK_H
#define ML_DOCK_H
#include <poll.h>

#include "hostport.h"
#include "testbed.h"

#define ML_DOCK_FDS (1 + 3 * ML_TESTBED_NODES_MAX)
#define ML_DOCK_NAME_MAX 4096		/* bytes of a link's name */

struct ml_dock {
	unsigned n;
	char dir[ML_DOCK_NAME_MAX];
	int has_made_dir;
	int dir_fd;			/* with the lock; or -1 */
	int notify;
	struct ml_dock_port {
		struct ml_hostport at;
		uint64_t heard;		/* when the client spoke last */
		int hangs_up;
	} port[ML_TESTBED_NODES_MAX];
	char name[ML_DOCK_NAME_MAX];	/* of the link that was meant last */
};

/*
 * Ports for n nodes: DIR/rnode0 and so on; dir NULL: a new folder below
 * TMPDIR, which goes with them, as does one that had to be made.  0, or -1 with
 * errno, and d->name is what failed; EWOULDBLOCK: another has its ports there.
 */
int ml_dock_open(struct ml_dock *d, unsigned n, const char *dir, int has_tcp);
void ml_dock_close(struct ml_dock *d);
const char *ml_dock_link(struct ml_dock *d, unsigned node);
/* One comes or goes: 0, or -1 with errno. */
int ml_dock_set(struct ml_dock *d, unsigned node, int is_there);
/* It is to go when all is written. */
void ml_dock_hang_up(struct ml_dock *d, unsigned node);

/* What is to be watched: fills fd, up to ML_DOCK_FDS; how many. */
nfds_t ml_dock_watch(const struct ml_dock *d, struct ml_testbed *t,
    uint64_t now, struct pollfd *fd);
/* Take what has come in; then give out what nodes say. */
void ml_dock_read(struct ml_dock *d, struct ml_testbed *t, uint64_t now,
    const struct pollfd *fd);
void ml_dock_write(struct ml_dock *d, struct ml_testbed *t, uint64_t now);
/* When something is to be done without anything coming in, or never. */
uint64_t ml_dock_next(const struct ml_dock *d);
#endif

/*
 * carrier - a program that is the way to a peer, run with its argument list as
 * it stands: no shell.  What we write is its input, its output is ours to read,
 * its errors go where ours go.
 *
 * A keeper, a process of its own that reads nothing of a peer's, starts the
 * program and waits for it: who is in a sandbox may neither, and whatever end
 * we come to, the program is ended: its pipes are closed, and if it goes on
 * for all that it gets a SIGTERM, and then a SIGKILL.
 */
#ifndef ML_CARRIER_H
#define ML_CARRIER_H
#include <sys/types.h>

#define ML_CARRIER_GRACE_MS 2000	/* from one to the next */

struct ml_carrier {
	pid_t keeper;
	int in, out;			/* to read from, to write to; not blocking */
	int life;			/* the keeper ends when this is closed */
};

/* Before there are threads.  0, or -1 with errno, of the program too. */
int ml_carrier_start(struct ml_carrier *c, char *const argv[]);
/* No more will be written to it. */
void ml_carrier_close_out(struct ml_carrier *c);
/* Close the rest and wait for its end: its exit status, or 128 and the number
 * of the signal that ended it; -1 with errno. */
int ml_carrier_end(struct ml_carrier *c);
#endif

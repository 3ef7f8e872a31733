/*
 * hostport - where programs find a device that is not there: a pty behind a
 * link with a name that stays, and a TCP port on 127.0.0.1.
 *
 * A program that opens the pty finds nothing old in it: what the device says
 * while nobody has it open is dropped, as a kernel does with a serial line.
 */
#ifndef ML_HOSTPORT_H
#define ML_HOSTPORT_H
#include <stdint.h>
#include <sys/types.h>

struct ml_hostport {
	int master, slave;		/* -1: there is no pty */
	int last;			/* the slave before: keeps its name */
	int notify, watch;		/* of inotify; notify is borrowed */
	unsigned opens;			/* programs that have it open */
	char pts[64];			/* its name, of the system's choice */
	int listener, client;		/* -1: none */
	unsigned tcp;			/* the port's number */
};

extern const struct ml_hostport ML_HOSTPORT_NONE;

/* A new pty, raw, and the link to it; an old link there is replaced.  0, or -1
 * with errno; EEXIST: what is there is no link. */
int ml_hostport_open(struct ml_hostport *p, const char *link, int notify);
/* Hang up: whoever has it open reads an end.  The link goes; the next pty will
 * have another number, as a device has that comes back. */
void ml_hostport_close(struct ml_hostport *p, const char *link);
/* Give all back. */
void ml_hostport_end(struct ml_hostport *p, const char *link);
/* Take note of what inotify says: 1 if a program has opened it, being the
 * first; 0. */
int ml_hostport_event(struct ml_hostport *p, uint32_t mask);
/* Listen on a port of the system's choice.  0, or -1 with errno. */
int ml_hostport_listen(struct ml_hostport *p);
/* Take who has called, unless somebody is there already: 1, or 0. */
int ml_hostport_accept(struct ml_hostport *p);
void ml_hostport_drop(struct ml_hostport *p);	/* the client, if any */
/* Where the device's bytes go: a descriptor, or -1: nobody is there. */
int ml_hostport_to(const struct ml_hostport *p);
#endif

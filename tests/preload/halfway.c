/*
 * halfway.so - preloaded into a program, has a terminal stop taking bytes in the
 * middle of a frame: while the file that HALFWAY names is there, half of the
 * next write of a frame goes through, the file goes, and nothing more is taken
 * until the terminal is closed.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "next.h"

#define FRAME_MIN 64			/* bytes: all but frames are shorter */

static int stuck = -1;

int
close(int fd)
{
	int (*f)(int);

	NEXT(f, "close");
	if (fd == stuck)
		stuck = -1;
	return f(fd);
}

ssize_t
write(int fd, const void *p, size_t len)
{
	ssize_t (*f)(int, const void *, size_t);
	const char *name = getenv("HALFWAY");
	ssize_t n;

	NEXT(f, "write");
	if (fd == stuck) {
		errno = EAGAIN;
		return -1;
	}
	if (name == NULL || len < FRAME_MIN || !isatty(fd) ||
	    access(name, F_OK) == -1)
		return f(fd, p, len);
	if ((n = f(fd, p, len / 2)) != -1) {
		stuck = fd;
		(void)unlink(name);
	}
	return n;
}

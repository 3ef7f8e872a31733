/*
 * counts.so - preloaded into a program, counts what that reads and syncs into
 * the file that SPENT names.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "counts.h"
#include "next.h"

#define FDS 256				/* whose locks are noticed */

/* What is counted before there is a file, and if there is none. */
static struct counts nowhere;
static struct counts *counts = &nowhere;
static _Atomic char locked[FDS];

/* These are defined here under names that the headers may give to others. */
ssize_t counted_read(int fd, void *to, size_t len) __asm__("read");
ssize_t counted_pread(int fd, void *to, size_t len, off_t at) __asm__("pread64");
void *counted_mmap(void *at, size_t len, int prot, int flags, int fd,
    off_t offset) __asm__("mmap64");
int counted_fsync(int fd) __asm__("fsync");
int counted_fdatasync(int fd) __asm__("fdatasync");
int counted_flock(int fd, int how) __asm__("flock");

__attribute__((constructor)) static void
open_counts(void)
{
	const char *path = getenv("SPENT");
	void *p;
	int fd;

	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		counts = p;
	close(fd);
}

ssize_t
counted_read(int fd, void *to, size_t len)
{
	ssize_t (*f)(int, void *, size_t), n;

	NEXT(f, "read");
	if ((n = f(fd, to, len)) > 0)
		counts->bytes += (uint64_t)n;
	return n;
}

ssize_t
counted_pread(int fd, void *to, size_t len, off_t at)
{
	ssize_t (*f)(int, void *, size_t, off_t), n;

	NEXT(f, "pread64");
	if ((n = f(fd, to, len, at)) > 0)
		counts->bytes += (uint64_t)n;
	return n;
}

void *
counted_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *(*f)(void *, size_t, int, int, int, off_t);

	NEXT(f, "mmap64");
	if (fd != -1)
		counts->bytes += len;
	return f(at, len, prot, flags, fd, offset);
}

static int
sync_by(int (*f)(int), int fd)
{
	struct timespec from, to;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &from);
	rc = f(fd);
	clock_gettime(CLOCK_MONOTONIC, &to);
	counts->sync_ns += (uint64_t)((to.tv_sec - from.tv_sec) * 1000000000 +
	    to.tv_nsec - from.tv_nsec);
	counts->syncs++;
	if (fd >= 0 && fd < FDS && locked[fd]) {
		locked[fd] = 0;
		counts->groups++;
	}
	return rc;
}

int
counted_fsync(int fd)
{
	int (*f)(int);

	NEXT(f, "fsync");
	return sync_by(f, fd);
}

int
counted_fdatasync(int fd)
{
	int (*f)(int);

	NEXT(f, "fdatasync");
	return sync_by(f, fd);
}

int
counted_flock(int fd, int how)
{
	int (*f)(int, int), rc;

	NEXT(f, "flock");
	if ((rc = f(fd, how)) == 0 && fd >= 0 && fd < FDS)
		locked[fd] = (how & LOCK_EX) != 0;
	return rc;
}

/*
 * faults.so - preloaded into a program, makes calls of it fail:
 *
 *   FAULT=CALLS:N:HOW    the N-th of these calls fails
 *   FAULT=CALLS:N+:HOW   and so does every later one that may fail so
 *
 * CALLS is "all" or names of tests/preload/faults.h with commas between; HOW is
 * EIO, ENOSPC, EDQUOT, EINTR, ENOMEM or "short": half of what was asked for is
 * done.  With N+ and ENOSPC the first write is short, as on a disk that is
 * full.  Counting begins with main().  What was called, and whether a fault was
 * met, is told in the file that FAULT_MET names.
 *
 * The calls go on to whoever stands behind, which with a sanitizer is its own
 * library: memory that is given there is taken back there.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#undef _FILE_OFFSET_BITS		/* names are to mean what they say */
#undef _TIME_BITS
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "next.h"

static const int errors[] = { 0, EIO, ENOSPC, EDQUOT, EINTR, ENOMEM, 0 };

static struct faults_met *told;
static int counting;
static unsigned calls;			/* a bit of each that is counted */
static enum fault_how how;
static unsigned long at;		/* this one, from 1; 0: none */
static int later;			/* and those behind it */
static _Atomic unsigned long count;

static unsigned
calls_named(const char *names, size_t len)
{
	unsigned found = 0, i;
	size_t n;

	if (len == 3 && memcmp(names, "all", 3) == 0)
		return ~0U;
	for (; len > 0; names += n, len -= n) {
		n = strcspn(names, ",:");
		for (i = 0; i < CALL_KINDS; i++)
			if (strlen(fault_call[i].name) == n &&
			    memcmp(fault_call[i].name, names, n) == 0)
				found |= 1U << i;
		n += n < len;
	}
	return found;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *spec = getenv("FAULT"), *path = getenv("FAULT_MET"), *end;
	char *rest;
	unsigned i;
	void *p;
	int fd;

	if (path != NULL && (fd = open(path, O_RDWR | O_CLOEXEC)) != -1) {
		p = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
		if (p != MAP_FAILED)
			told = p;
		close(fd);
	}
	if (spec == NULL || (end = strchr(spec, ':')) == NULL)
		return;
	calls = calls_named(spec, (size_t)(end - spec));
	at = strtoul(end + 1, &rest, 10);
	later = *rest == '+';
	for (i = 0; i < FAULT_HOWS; i++)
		if (strcmp(rest + later + (*rest != '\0'), fault_how[i]) == 0)
			how = (enum fault_how)i;
	counting = 1;
}

/* How this call fails; FAULT_NONE: it does not. */
static enum fault_how
fault_of(enum fault_call call)
{
	unsigned long n;

	if (!counting || (calls & 1U << call) == 0)
		return FAULT_NONE;
	n = ++count;
	if (told != NULL) {
		told->calls = (uint32_t)n;
		if (n < FAULTS_CALLS)
			told->call[n] = (uint8_t)call;
	}
	if (at == 0 || n < at || (n > at && !later) ||
	    (fault_call[call].how & 1U << how) == 0)
		return FAULT_NONE;
	if (told != NULL && told->met == 0)
		told->met = (uint32_t)n;
	errno = errors[how];
	return n == at && later && how == FAULT_ENOSPC && call == CALL_write ?
	    FAULT_SHORT : how;
}

/* SYMBOL fails as a call of this kind, or is what it was. */
#define FAIL(kind, type, id, symbol, declared, given, failed) \
type id declared __asm__(symbol); \
type \
id declared \
{ \
	type (*f) declared; \
 \
	if (fault_of(CALL_##kind) != FAULT_NONE) \
		return failed; \
	NEXT(f, symbol); \
	return f given; \
}

/* It fails when it has done its work: the descriptor is gone. */
#define FAIL_DONE(kind, type, id, symbol, declared, given) \
type id declared __asm__(symbol); \
type \
id declared \
{ \
	enum fault_how fault = fault_of(CALL_##kind); \
	type (*f) declared, rc; \
 \
	NEXT(f, symbol); \
	rc = f given; \
	if (fault == FAULT_NONE) \
		return rc; \
	errno = errors[how]; \
	return -1; \
}

/* It may do a part of it. */
#define FAIL_SHORT(kind, id, symbol, declared, given) \
ssize_t id declared __asm__(symbol); \
ssize_t \
id declared \
{ \
	enum fault_how fault = fault_of(CALL_##kind); \
	ssize_t (*f) declared; \
 \
	if (fault == FAULT_SHORT) \
		len = len / 2 + (len == 1); \
	else if (fault != FAULT_NONE) \
		return -1; \
	NEXT(f, symbol); \
	return f given; \
}

#define FAIL_OPEN(id, symbol) \
int id(const char *path, int flags, ...) __asm__(symbol); \
int \
id(const char *path, int flags, ...) \
{ \
	int (*f)(const char *, int, ...); \
	mode_t mode = 0; \
	va_list more; \
 \
	va_start(more, flags); \
	if ((flags & O_CREAT) != 0) \
		mode = va_arg(more, mode_t); \
	va_end(more); \
	if (fault_of(CALL_open) != FAULT_NONE) \
		return -1; \
	NEXT(f, symbol); \
	return f(path, flags, mode); \
}

FAIL_OPEN(fail_open, "open")
FAIL_OPEN(fail_open64, "open64")
FAIL(open, int, fail_open2, "__open64_2", (const char *p, int flags),
    (p, flags), -1)
FAIL(open, FILE *, fail_fopen, "fopen64", (const char *p, const char *mode),
    (p, mode), NULL)
FAIL(open, FILE *, fail_tmpfile, "tmpfile64", (void), (), NULL)
FAIL_SHORT(read, fail_read, "read", (int fd, void *p, size_t len),
    (fd, p, len))
FAIL_SHORT(read, fail_pread, "pread64", (int fd, void *p, size_t len,
    off64_t from), (fd, p, len, from))
FAIL_SHORT(write, fail_write, "write", (int fd, const void *p, size_t len),
    (fd, p, len))
FAIL_SHORT(write, fail_pwrite, "pwrite64", (int fd, const void *p, size_t len,
    off64_t from), (fd, p, len, from))
FAIL(flush, int, fail_fflush, "fflush", (FILE *file), (file), EOF)
FAIL(ftruncate, int, fail_ftruncate, "ftruncate64", (int fd, off64_t len),
    (fd, len), -1)
FAIL(rename, int, fail_rename, "rename", (const char *from, const char *to),
    (from, to), -1)
FAIL_DONE(close, int, fail_close, "close", (int fd), (fd))
FAIL_DONE(close, int, fail_fclose, "fclose", (FILE *file), (file))
FAIL(flock, int, fail_flock, "flock", (int fd, int op), (fd, op), -1)
FAIL(unlink, int, fail_unlink, "unlink", (const char *p), (p), -1)
FAIL(stat, int, fail_stat, "stat64", (const char *p, struct stat64 *st),
    (p, st), -1)
FAIL(stat, int, fail_fstat, "fstat64", (int fd, struct stat64 *st), (fd, st),
    -1)
FAIL(stat, int, fail_access, "access", (const char *p, int mode), (p, mode),
    -1)
FAIL(path, char *, fail_realpath, "realpath", (const char *p, char *to),
    (p, to), NULL)
FAIL(path, ssize_t, fail_readlink, "readlink", (const char *p, char *to,
    size_t len), (p, to, len), -1)
FAIL(attr, int, fail_futimens, "futimens", (int fd, const struct timespec *t),
    (fd, t), -1)
FAIL(attr, int, fail_fchmod, "fchmod", (int fd, mode_t mode), (fd, mode), -1)
FAIL(attr, int, fail_fchown, "fchown", (int fd, uid_t uid, gid_t gid),
    (fd, uid, gid), -1)
FAIL(seek, off64_t, fail_lseek, "lseek64", (int fd, off64_t to, int from),
    (fd, to, from), -1)
FAIL(poll, int, fail_poll, "poll", (void *p, unsigned long n, int ms),
    (p, n, ms), -1)
FAIL(mmap, void *, fail_mmap, "mmap", (void *p, size_t len, int prot,
    int flags, int fd, off64_t from), (p, len, prot, flags, fd, from),
    MAP_FAILED)
FAIL(malloc, void *, fail_malloc, "malloc", (size_t len), (len), NULL)
FAIL(malloc, void *, fail_calloc, "calloc", (size_t n, size_t len), (n, len),
    NULL)
FAIL(malloc, void *, fail_realloc, "realloc", (void *p, size_t len), (p, len),
    NULL)

int fail_fsync(int fd) __asm__("fsync");

int
fail_fsync(int fd)
{
	(void)fd;
	return fault_of(CALL_fsync) == FAULT_NONE ? 0 : -1;
}

/*
 * disk.so - preloaded into programs, writes down what they do to the files of
 * the folder DISK_ROOT, and what they print, in the order in which it is done:
 * into the file DISK_TRACE, which all of them append to.  With DISK_STOP=N it
 * kills the program right before its N-th sync; with DISK_LIES no sync counts.
 *
 * stdout is made unbuffered: what is handed to it may be with a peer from then
 * on.  There is nothing here for mappings that are written to, as nothing of
 * ours has one.
 */
#define _GNU_SOURCE			/* RTLD_NEXT, program_invocation_* */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk.h"
#include "next.h"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct stat root;
static int trace = -1;
static long syncs_left;
static int lies;

/* These are defined here under names that the headers may give to others. */
int disk_open(const char *path, int flags, ...) __asm__("open64");
int disk_open_plain(const char *path, int flags, ...) __asm__("open")
    __attribute__((alias("open64")));
int disk_open_checked(const char *path, int flags) __asm__("__open64_2");
ssize_t disk_write(int fd, const void *data, size_t len) __asm__("write");
ssize_t disk_pwrite(int fd, const void *data, size_t len, off_t at)
    __asm__("pwrite64");
int disk_truncate(int fd, off_t len) __asm__("ftruncate64");
int disk_futimens(int fd, const struct timespec times[2]) __asm__("futimens");
int disk_rename(const char *from, const char *to) __asm__("rename");
int disk_unlink(const char *path) __asm__("unlink");
int disk_fsync(int fd) __asm__("fsync");
int disk_fdatasync(int fd) __asm__("fdatasync");
size_t disk_fwrite(const void *data, size_t size, size_t n, FILE *to)
    __asm__("fwrite");

static int
open_next(const char *path, int flags, mode_t mode)
{
	int (*f)(const char *, int, ...);

	NEXT(f, "open64");
	return f(path, flags, mode);
}

__attribute__((constructor)) static void
open_trace(void)
{
	const char *path = getenv("DISK_TRACE"), *folder = getenv("DISK_ROOT"),
	    *stop = getenv("DISK_STOP");

	if (path == NULL || folder == NULL || stat(folder, &root) == -1)
		return;
	trace = open_next(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	syncs_left = stop != NULL ? strtol(stop, NULL, 10) : -1;
	lies = getenv("DISK_LIES") != NULL;
	setvbuf(stdout, NULL, _IONBF, 0);
}

/* One does what it does, and writes it down, before the next. */
static void
begin(void)
{
	pthread_mutex_lock(&turn);
	if (trace != -1)
		flock(trace, LOCK_EX);
}

static void
end(void)
{
	int error = errno;

	if (trace != -1)
		flock(trace, LOCK_UN);
	pthread_mutex_unlock(&turn);
	errno = error;
}

static void
record(struct disk_record r, const char *name, const char *to,
    const void *data)
{
	struct iovec part[] = { { &r, sizeof r }, { (void *)(uintptr_t)name,
	    r.name_len }, { (void *)(uintptr_t)to, r.to_len },
	    { (void *)(uintptr_t)data, r.data_len } };
	ssize_t want = (ssize_t)(sizeof r + r.name_len + r.to_len + r.data_len);

	if (trace != -1 && writev(trace, part, 4) != want) {
		fputs("disk.so: the trace cannot be written\n", stderr);
		abort();
	}
}

/* The name of a file that lies in the folder itself; NULL if it does not. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") :
	    strndup(path, (size_t)(slash + 1 - path));
	struct stat st;
	int inside = trace != -1 && dir != NULL && stat(dir, &st) == 0 &&
	    st.st_dev == root.st_dev && st.st_ino == root.st_ino;

	free(dir);
	return !inside ? NULL : slash == NULL ? path : slash + 1;
}

/* A file where those of the folder lie, perhaps one of them. */
static int
may_be_ours(int fd, struct stat *st)
{
	return trace != -1 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    st->st_dev == root.st_dev;
}

/* What was done to an open file. */
static void
record_fd(enum disk_op op, int fd, off_t at, const void *data, size_t len)
{
	struct stat st;

	if (may_be_ours(fd, &st))
		record((struct disk_record){ .op = op, .at = at,
		    .data_len = (uint32_t)len, .file = disk_stamp_of(&st) },
		    NULL, NULL, data);
}

/* What was done to the name of a file, which was as st says. */
static void
record_name(enum disk_op op, const char *name, const char *to,
    const struct stat *st)
{
	record((struct disk_record){ .op = op, .file = disk_stamp_of(st),
	    .name_len = (uint32_t)strlen(name),
	    .to_len = to != NULL ? (uint32_t)strlen(to) : 0 }, name, to, NULL);
}

static void
record_print(const void *data, size_t len)
{
	const char *name = program_invocation_short_name;

	record((struct disk_record){ .op = DISK_PRINT,
	    .name_len = (uint32_t)strlen(name), .data_len = (uint32_t)len },
	    name, NULL, data);
}

static int
open_and_record(const char *path, int flags, mode_t mode)
{
	const char *name = (flags & (O_CREAT | O_TRUNC)) != 0 &&
	    (flags & O_TMPFILE) != O_TMPFILE ? name_of(path) : NULL;
	struct stat st;
	int fd, is_new;

	if (name == NULL)
		return open_next(path, flags, mode);
	begin();
	is_new = lstat(path, &st) == -1;
	fd = open_next(path, flags, mode);
	if (fd != -1 && is_new && fstat(fd, &st) == 0)
		record_name(DISK_MAKE, name, NULL, &st);
	else if (fd != -1 && (flags & O_TRUNC) != 0 && st.st_size > 0)
		record_fd(DISK_TRUNCATE, fd, 0, NULL, 0);
	end();
	return fd;
}

int
disk_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_and_record(path, flags, mode);
}

int
disk_open_checked(const char *path, int flags)
{
	return open_and_record(path, flags, 0);
}

/* stdout, also where it was opened anew. */
static int
is_stdout(int fd)
{
	struct stat st, out;

	return fd == STDOUT_FILENO || (fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode) && fstat(STDOUT_FILENO, &out) == 0 &&
	    st.st_dev == out.st_dev && st.st_ino == out.st_ino);
}

ssize_t
disk_write(int fd, const void *data, size_t len)
{
	ssize_t (*f)(int, const void *, size_t), n;
	struct stat st;
	off_t at = 0;

	NEXT(f, "write");
	begin();
	if (may_be_ours(fd, &st))
		at = (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? st.st_size :
		    lseek(fd, 0, SEEK_CUR);
	if ((n = f(fd, data, len)) > 0 && is_stdout(fd))
		record_print(data, (size_t)n);
	else if (n > 0)
		record_fd(DISK_WRITE, fd, at, data, (size_t)n);
	end();
	return n;
}

ssize_t
disk_pwrite(int fd, const void *data, size_t len, off_t at)
{
	ssize_t (*f)(int, const void *, size_t, off_t), n;

	NEXT(f, "pwrite64");
	begin();
	if ((n = f(fd, data, len, at)) > 0)
		record_fd(DISK_WRITE, fd, at, data, (size_t)n);
	end();
	return n;
}

int
disk_truncate(int fd, off_t len)
{
	int (*f)(int, off_t), rc;

	NEXT(f, "ftruncate64");
	begin();
	if ((rc = f(fd, len)) == 0)
		record_fd(DISK_TRUNCATE, fd, len, NULL, 0);
	end();
	return rc;
}

int
disk_futimens(int fd, const struct timespec times[2])
{
	int (*f)(int, const struct timespec *), rc;

	NEXT(f, "futimens");
	begin();
	if ((rc = f(fd, times)) == 0)
		record_fd(DISK_TOUCH, fd, 0, NULL, 0);
	end();
	return rc;
}

int
disk_rename(const char *from, const char *to)
{
	int (*f)(const char *, const char *), rc;
	const char *name = name_of(from), *becomes = name_of(to);
	struct stat st;

	NEXT(f, "rename");
	begin();
	if ((rc = f(from, to)) == 0 && name != NULL && becomes != NULL &&
	    lstat(to, &st) == 0)
		record_name(DISK_RENAME, name, becomes, &st);
	end();
	return rc;
}

int
disk_unlink(const char *path)
{
	int (*f)(const char *), rc;
	const char *name = name_of(path);
	struct stat st = { 0 };

	NEXT(f, "unlink");
	begin();
	(void)lstat(path, &st);
	if ((rc = f(path)) == 0 && name != NULL)
		record_name(DISK_UNLINK, name, NULL, &st);
	end();
	return rc;
}

static int
sync_and_record(int (*f)(int), int fd)
{
	struct stat st;
	int rc;

	begin();
	if (trace != -1 && syncs_left > 0 && --syncs_left == 0)
		raise(SIGKILL);
	rc = f(fd);
	if (lies)
		;			/* it is not written down */
	else if (rc == 0 && trace != -1 && fstat(fd, &st) == 0 &&
	    st.st_dev == root.st_dev && st.st_ino == root.st_ino)
		record((struct disk_record){ .op = DISK_SYNC_DIR }, NULL, NULL,
		    NULL);
	else if (rc == 0)
		record_fd(DISK_SYNC, fd, 0, NULL, 0);
	end();
	return rc;
}

int
disk_fsync(int fd)
{
	int (*f)(int);

	NEXT(f, "fsync");
	return sync_and_record(f, fd);
}

int
disk_fdatasync(int fd)
{
	int (*f)(int);

	NEXT(f, "fdatasync");
	return sync_and_record(f, fd);
}

size_t
disk_fwrite(const void *data, size_t size, size_t n, FILE *to)
{
	size_t (*f)(const void *, size_t, size_t, FILE *);

	NEXT(f, "fwrite");
	if (to != stdout)
		return f(data, size, n, to);
	begin();
	n = f(data, size, n, to);
	record_print(data, size * n);
	end();
	return n;
}

/* file - the few ways in which files are written here */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "steady.h"

#define LOCK_POLL_MS 2	/* between two tries */
#define LINKS_MAX 40	/* symbolic links followed, as Linux does */
#define NEW_SUFFIX ".new"	/* one name: what a crash leaves is overwritten */

int
ml_file_write(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		if ((n = write(fd, p, len)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
ml_file_write_at(int fd, const void *data, size_t len, uint64_t offset)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		if ((n = pwrite(fd, p, len, (off_t)offset)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

ssize_t
ml_file_read(int fd, void *data, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while ((n = read(fd, data, len)) == -1)
		if (errno == EAGAIN)
			(void)poll(&p, 1, -1);	/* who opened it made it so */
		else if (errno != EINTR)
			break;
	return n;
}

ssize_t
ml_file_read_at(int fd, void *data, size_t len, uint64_t offset)
{
	char *p = data;
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(fd, p + have, len - have, (off_t)(offset + have));
		if (n == 0)
			break;
		if (n == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int
ml_file_sync(int fd)
{
	int rc;

	while ((rc = fsync(fd)) == -1 && errno == EINTR)
		continue;
	return rc;
}

int
ml_file_end_line(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	if (size == -1 || (size > 0 &&
	    ml_file_read_at(fd, &last, 1, (uint64_t)size - 1) == -1))
		return -1;
	return last == '\n' ? 0 : ml_file_write(fd, "\n", 1);
}

int
ml_file_open_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd, error;

	if (dir == NULL)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = errno;
	free(dir);
	errno = error;
	return fd;
}

int
ml_file_sync_dir(const char *path)
{
	int fd = ml_file_open_dir(path), rc, error;

	if (fd == -1)
		return errno == EACCES ? 0 : -1;
	rc = ml_file_sync(fd);
	if (rc == -1 && errno == EINVAL)
		rc = 0;		/* a file system without such a thing */
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

/* What a symbolic link points at, from where we are; NULL if it is none. */
static char *
follow(const char *path)
{
	char to[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t dir = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	ssize_t n = readlink(path, to, sizeof to - 1);
	char *next;

	if (n == -1)
		return NULL;
	to[n] = '\0';
	if (to[0] == '/')
		dir = 0;
	if ((next = malloc(dir + (size_t)n + 1)) != NULL) {
		memcpy(next, path, dir);
		memcpy(next + dir, to, (size_t)n + 1);
	}
	return next;
}

char *
ml_file_resolve(const char *path)
{
	char *at = strdup(path), *next, *real = NULL;
	int steps;

	for (steps = 0; at != NULL && steps <= LINKS_MAX; steps++) {
		if ((real = realpath(at, NULL)) != NULL || errno != ENOENT)
			break;
		if ((next = follow(at)) != NULL) {
			free(at);
			at = next;
		} else if (errno == ENOENT)
			return at;	/* it is not there, nor is it a link */
		else if (errno != EINVAL)
			break;
		/* else somebody has just made it */
	}
	if (steps > LINKS_MAX)
		errno = ELOOP;
	free(at);
	return real;
}

char *
ml_file_beside(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);
	char *to = malloc(n + m + 1);

	if (to == NULL)
		return NULL;
	memcpy(to, path, n);
	memcpy(to + n, suffix, m + 1);
	return to;
}

int
ml_file_replace(const char *path)
{
	char *name = ml_file_beside(path, NEW_SUFFIX);
	int fd;

	if (name == NULL)
		return -1;
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	free(name);
	return fd;
}

/*
 * Not a blocking flock() with an alarm: a library leaves signals alone.
 */
int
ml_file_lock(int fd, double seconds)
{
	const struct timespec nap = { 0, LOCK_POLL_MS * 1000000L };
	const int64_t start = ml_steady_us();

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if ((double)(ml_steady_us() - start) / 1e6 >= seconds) {
			errno = EAGAIN;
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

int
ml_file_unlock(int fd)
{
	int rc;

	while ((rc = flock(fd, LOCK_UN)) == -1 && errno == EINTR)
		continue;
	return rc;
}

void
ml_file_replace_undo(int fd, const char *path)
{
	char *name = ml_file_beside(path, NEW_SUFFIX);
	int error = errno;

	close(fd);
	if (name != NULL)
		unlink(name);
	free(name);
	errno = error;
}

int
ml_file_replaced(int fd, const char *path)
{
	char *name = ml_file_beside(path, NEW_SUFFIX);
	int rc;

	if (name == NULL || ml_file_sync(fd) == -1) {
		free(name);
		ml_file_replace_undo(fd, path);
		return -1;
	}
	rc = close(fd);
	if (rc == 0 && (rc = rename(name, path)) == 0)
		rc = ml_file_sync_dir(path);
	else {
		int error = errno;

		unlink(name);
		errno = error;
	}
	free(name);
	return rc;
}

/* The descriptor that a name stands for, or -1. */
static int
descriptor_of(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
	size_t i, n;

	if (strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	for (i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		const char *digits = path + strlen(folders[i]);

		if (strncmp(path, folders[i], strlen(folders[i])) != 0)
			continue;
		n = strspn(digits, "0123456789");
		if (n > 0 && n < 10 && digits[n] == '\0')
			return (int)strtol(digits, NULL, 10);
	}
	return -1;
}

int
ml_file_is_stream(const char *path)
{
	struct stat st;

	return descriptor_of(path) != -1 ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

int
ml_file_open_stream(const char *path)
{
	int fd = descriptor_of(path);

	/* opened by its name, a file would be written from its first byte on */
	return fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) :
	    open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

static int
write_into(const char *path, const void *p, size_t len)
{
	int fd = ml_file_open_stream(path), rc, error;

	if (fd == -1)
		return -1;
	rc = ml_file_write(fd, p, len);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

int
ml_file_put(const char *path, const void *p, size_t len)
{
	int fd;

	if (ml_file_is_stream(path))
		return write_into(path, p, len);
	if ((fd = ml_file_replace(path)) == -1)
		return -1;
	if (ml_file_write(fd, p, len) == -1) {
		ml_file_replace_undo(fd, path);
		return -1;
	}
	return ml_file_replaced(fd, path);
}

int
ml_file_remove(const char *path)
{
	if (unlink(path) == -1)
		return errno == ENOENT ? 0 : -1;
	return ml_file_sync_dir(path);
}

int
ml_file_has_changed(struct stat *was, const char *path)
{
	struct stat now;
	int changed;

	if (stat(path, &now) == -1)
		memset(&now, 0, sizeof now);
	changed = now.st_ino != was->st_ino || now.st_size != was->st_size ||
	    now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
	*was = now;
	return changed;
}

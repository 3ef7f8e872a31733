/* mailbox - messages in a file that one writes and another reads */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "fixed.h"
#include "mailbox.h"

#define LOCK_WAIT 10.0		/* seconds */
#define SUM_SHIFT 11
#define CHUNK 4096		/* bytes of a tail that are looked at at a time */

static const char NOT_PLAIN[] = "not a regular file";
const char ML_INBOX_CHANGED[] =
    "what was read of it has changed: not the file that it was";
static const char SHORTER[] =
    "shorter than what was written to it: not the file that it was";
static const char NOT_EMPTY[] = "not empty: it is to be a new file";

static uint64_t
sum_of(struct ml_slice line)
{
	return ml_checksum(line.p, line.len) >> SUM_SHIFT;
}

/*
 * Whether the line that was read last is the one before where we are: 1; 0: it
 * is not there again yet, as where a file that comes twice has its whole length
 * before its bytes; -1: *why, or errno where that is NULL.
 */
static int
is_same(const struct ml_inbox *in, int fd, const char **why)
{
	size_t len = (size_t)in->tail;
	char *last;
	ssize_t n;
	int rc = -1;

	if (in->at == 0)
		return 1;
	if (len == 0 || in->tail > in->at) {
		*why = ML_INBOX_CHANGED;
		return -1;
	}
	if ((last = malloc(len)) == NULL)
		return -1;
	n = ml_file_read_at(fd, last, len, in->at - in->tail);
	if (n != -1 && ((size_t)n < len || memchr(last, '\0', len) != NULL))
		rc = 0;
	else if (n != -1 && last[len - 1] == '\n' &&
	    sum_of((struct ml_slice){ last, len - 1 }) == in->sum)
		rc = 1;
	else if (n != -1)
		*why = ML_INBOX_CHANGED;
	free(last);
	return rc;
}

/* 1; 0: there is nothing new; -1. */
static int
open_inbox(struct ml_inbox *in, const char **why)
{
	int fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc, error;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == -1)
		goto fail;
	if (!S_ISREG(st.st_mode)) {
		*why = NOT_PLAIN;
		goto fail;
	}
	rc = (uint64_t)st.st_size > in->at ? is_same(in, fd, why) : 0;
	if (rc == -1)
		goto fail;
	if (rc == 0) {
		close(fd);
		return 0;
	}
	in->lines = ml_lines_range(fd, in->at, (uint64_t)st.st_size,
	    in->number);
	in->is_open = 1;
	return 1;
fail:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void
ml_inbox_close(struct ml_inbox *in)
{
	if (in->is_open) {
		close(in->lines.fd);
		ml_lines_free(&in->lines);
	}
	in->is_open = 0;
}

int
ml_inbox_sync(const struct ml_inbox *in)
{
	int fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
	    rc, error;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	rc = ml_file_sync(fd);
	if (rc == -1 && (errno == EROFS || errno == EINVAL))
		rc = 0;			/* nothing there is to be written */
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

/* As ml_inbox_next(), of what is open. */
static int
next_line(struct ml_inbox *in, struct ml_slice *line)
{
	size_t known = 0;		/* bytes that the sum is of */

	switch (ml_lines_next(&in->lines, 1, line)) {
	case ML_LINE_WHOLE:
		in->is_long = 0;
		known = line->len;
		break;
	case ML_LINE_LONG:
		if (!in->lines.newline)
			return 0;
		in->is_long = 1;
		break;
	case ML_LINE_ERROR:
		return -1;
	default:
		return 0;
	}
	if (memchr(line->p, '\0', line->len) != NULL)
		return 0;
	in->at = in->lines.next;
	in->number = in->lines.number;
	in->tail = known + 1;
	in->sum = sum_of((struct ml_slice){ line->p, known });
	return 1;
}

int
ml_inbox_next(struct ml_inbox *in, struct ml_slice *line, const char **why)
{
	int rc;

	*why = NULL;
	if (in->is_open && (rc = next_line(in, line)) != 0)
		return rc;
	ml_inbox_close(in);		/* another file may have its name now */
	if ((rc = open_inbox(in, why)) != 1)
		return rc;
	if ((rc = next_line(in, line)) == 0)
		ml_inbox_close(in);
	return rc;
}

int
ml_outbox_open(struct ml_outbox *out, const char *path, const char **why)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int error;

	*why = NULL;
	*out = (struct ml_outbox){ .path = path };
	out->fd = open(path, flags);
	if (out->fd == -1 && errno == ENOENT)
		out->fd = open(path, flags | O_CREAT, 0666);
	if (out->fd == -1)
		return -1;
	if (ml_file_lock(out->fd, LOCK_WAIT) == -1 ||
	    fstat(out->fd, &st) == -1)
		goto fail;
	out->size = (uint64_t)st.st_size;
	/* new, or who made it was killed before this */
	if (out->size == 0 && ml_file_sync_dir(path) == -1)
		goto fail;
	if (S_ISREG(st.st_mode))
		return 0;
	*why = NOT_PLAIN;
fail:
	error = errno;
	ml_outbox_close(out);
	errno = error;
	return -1;
}

const char *
ml_outbox_begin(struct ml_outbox *out)
{
	out->at = 0;
	return out->size > 0 ? NOT_EMPTY : NULL;
}

const char *
ml_outbox_resume(struct ml_outbox *out, uint64_t at)
{
	out->at = at;
	return out->size < at ? SHORTER : NULL;
}

/* So many bytes of a file from an offset on: 0, or -1 with errno. */
static int
read_part(int fd, char *bytes, size_t len, uint64_t from)
{
	ssize_t n = ml_file_read_at(fd, bytes, len, from);

	if (n != -1 && (size_t)n != len)
		errno = EIO;
	return n == (ssize_t)len ? 0 : -1;
}

/* Where the first hole is from an offset on; end, if there is none.  0, or -1
 * with errno. */
static int
find_hole(int fd, uint64_t from, uint64_t end, uint64_t *hole)
{
	char bytes[CHUNK];
	const char *zero = NULL;
	size_t n;

	for (*hole = from; *hole < end && zero == NULL; *hole += n) {
		n = end - *hole < sizeof bytes ? (size_t)(end - *hole) :
		    sizeof bytes;
		if (read_part(fd, bytes, n, *hole) == -1)
			return -1;
		if ((zero = memchr(bytes, '\0', n)) != NULL)
			n = (size_t)(zero - bytes);
	}
	return 0;
}

int
ml_outbox_resume_end(struct ml_outbox *out, uint64_t from)
{
	char bytes[CHUNK];
	size_t n;

	if (from > out->size)
		from = out->size;
	if (find_hole(out->fd, from, out->size, &out->at) == -1)
		return -1;
	while (out->at > 0) {
		n = out->at < sizeof bytes ? (size_t)out->at : sizeof bytes;
		if (read_part(out->fd, bytes, n, out->at - n) == -1)
			return -1;
		for (; n > 0 && bytes[n - 1] != '\n'; n--)
			out->at--;
		if (n > 0)
			break;
	}
	return 0;
}

/* Whether the line stands there already: 1, 0, or -1 with errno. */
static int
is_there(const struct ml_outbox *out, struct ml_slice line)
{
	char *text;
	ssize_t n;
	int same, error;

	if (out->size - out->at < line.len)
		return 0;
	if ((text = malloc(line.len)) == NULL)
		return -1;
	n = ml_file_read_at(out->fd, text, line.len, out->at);
	same = n == (ssize_t)line.len && memcmp(text, line.p, line.len) == 0;
	error = errno;
	free(text);
	errno = error;
	return n == -1 ? -1 : same;
}

int
ml_outbox_write(struct ml_outbox *out, struct ml_slice line)
{
	int rc = is_there(out, line);

	if (rc == -1)
		return -1;
	if (rc == 0 && out->size > out->at) {
		if (ftruncate(out->fd, (off_t)out->at) == -1)
			return -1;
		out->size = out->at;
	}
	if (rc == 0) {
		if (ml_file_write(out->fd, line.p, line.len) == -1)
			return -1;
		out->size += line.len;
	}
	out->at += line.len;
	return 0;
}

int
ml_outbox_sync(struct ml_outbox *out)
{
	return ml_file_sync(out->fd);
}

void
ml_outbox_close(struct ml_outbox *out)
{
	if (out->fd != -1)
		close(out->fd);
	out->fd = -1;
}

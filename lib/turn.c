/* turn - a file to which two append in turn */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "turn.h"

/* 1 and its length, 0: it is not there, -1. */
static int
open_file(struct ml_turn *t, int may_make, uint64_t *size, const char **why)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;

	*why = NULL;
	ml_turn_close(t);
	t->fd = open(t->path, flags);
	if (t->fd == -1 && errno == ENOENT) {
		if (!may_make)
			return 0;
		t->fd = open(t->path, flags | O_CREAT, 0666);
	}
	if (t->fd == -1 || fstat(t->fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		*why = "not a regular file";
		return -1;
	}
	*size = (uint64_t)st.st_size;
	/* new, or who made it was killed before this */
	return *size == 0 && ml_file_sync_dir(t->path) == -1 ? -1 : 1;
}

/* Whether its last byte has come: where a file has its whole length first, the
 * rest is zeros so far.  1, 0, -1. */
static int
has_end(const struct ml_turn *t, uint64_t len)
{
	char last = '\0';

	if (len > 0 && ml_file_read_at(t->fd, &last, 1, len - 1) == -1)
		return -1;
	return len == 0 || last != '\0';
}

int
ml_turn_take(struct ml_turn *t, uint64_t len, const char **why)
{
	uint64_t size = 0;
	int rc = open_file(t, len == 0, &size, why);

	if (rc == 1 && size > len) {
		*why = len == 0 ? "not empty: it is to be a new file" :
		    "longer than the other worker has written it";
		return -1;
	}
	if (rc == 1)
		rc = size == len ? has_end(t, len) : 0;
	if (rc == 0)
		ml_turn_close(t);
	return rc;
}

int
ml_turn_resume(struct ml_turn *t, uint64_t len, const char **why)
{
	uint64_t size = 0;

	if (open_file(t, len == 0, &size, why) == -1)
		return -1;
	if (size < len) {
		*why = "shorter than what was written to it: not the file that "
		    "it was";
		return -1;
	}
	return size > len ? ftruncate(t->fd, (off_t)len) : 0;
}

int
ml_turn_write(struct ml_turn *t, struct ml_slice bytes, uint64_t at)
{
	return bytes.len == 0 ? 0 :
	    ml_file_write_at(t->fd, bytes.p, bytes.len, at);
}

int
ml_turn_sync(struct ml_turn *t)
{
	return t->fd == -1 ? 0 : ml_file_sync(t->fd);
}

void
ml_turn_close(struct ml_turn *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

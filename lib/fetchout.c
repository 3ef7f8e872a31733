/* fetchout - where a body goes */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fetchout.h"
#include "file.h"

#define PART ".part"
#define STATE ".http"
#define COPY_LEN (64 * 1024)		/* bytes at a time */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
begin_bytes(struct ml_fetchout *out)
{
	out->held = out->again = 0;
	sha256_init(&out->hash);
	ml_keywords_begin(&out->words, out->words.word, out->words.n);
}

/* What is no file, as /dev/null or a FIFO, is not replaced by one. */
static int
is_other(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode);
}

int
ml_fetchout_begin(struct ml_fetchout *out, const char *file,
    const char *const *word, size_t words, int stop_fd)
{
	*out = (struct ml_fetchout){ .fd = -1, .stop_fd = stop_fd,
	    .words = { .word = word, .n = words } };
	begin_bytes(out);
	if (file == NULL || is_other(file)) {
		out->kind = ML_FETCHOUT_STREAM;
		out->shown = file == NULL ? "standard output" : file;
		out->fd = file == NULL ? STDOUT_FILENO :
		    open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		out->owns_fd = file != NULL;
		return out->fd == -1 ? -1 : 0;
	}
	out->kind = ML_FETCHOUT_FILE;
	out->shown = file;
	if ((out->path = ml_file_resolve(file)) == NULL ||
	    (out->part = ml_file_beside(out->path, PART)) == NULL)
		return -1;
	return 0;
}

static void
close_it(struct ml_fetchout *out)
{
	if (out->owns_fd && out->fd != -1)
		close(out->fd);
	out->fd = -1;
}

void
ml_fetchout_end(struct ml_fetchout *out)
{
	close_it(out);
	free(out->path);
	free(out->part);
	out->path = out->part = NULL;
}

void
ml_fetchout_put_aside(struct ml_fetchout *out)
{
	out->kind = ML_FETCHOUT_ASIDE;
	out->fd = -1;
}

/* Read PATH.http: 1, or 0. */
static int
read_state(const char *path, struct ml_httpstate *state)
{
	char *name = ml_file_beside(path, STATE), text[ML_HTTPSTATE_MAX + 1];
	int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = -1;

	free(name);
	if (fd != -1) {
		n = ml_file_read_at(fd, text, sizeof text, 0);
		close(fd);
	}
	return n > 0 && ml_httpstate_read(state,
	    (struct ml_slice){ text, (size_t)n });
}

/* What is written of a part outlives the program, not a power cut: that is what
 * a boot's name is in it for. */
static int
write_state(const char *path, const struct ml_httpstate *state, int sync)
{
	char *name = ml_file_beside(path, STATE);
	struct ml_buf text = { 0 };
	int fd = -1, rc = -1;

	ml_httpstate_write(&text, state);
	if (name != NULL && !ml_buf_failed(&text))
		fd = sync ? ml_file_replace(name) : open(name, O_WRONLY |
		    O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1 && (rc = ml_file_write(fd, text.p, text.len)) == 0 && sync)
		rc = ml_file_replaced(fd, name);
	else if (fd != -1 && sync)
		ml_file_replace_undo(fd, name);
	else if (fd != -1)
		close(fd);
	ml_buf_free(&text);
	free(name);
	return rc;
}

static int
remove_state(const char *path)
{
	char *name = ml_file_beside(path, STATE);
	int rc = name == NULL ? -1 : ml_file_remove(name);

	free(name);
	return rc;
}

/* Whether a name still leads to what is open. */
static int
is_still(int fd, const char *name)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && lstat(name, &named) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino;
}

/* Open and lock FILE.part. */
static int
open_part(struct ml_fetchout *out, int flags)
{
	int error;

	out->fd = open(out->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | flags, 0666);
	if (out->fd == -1)
		return -1;
	out->owns_fd = 1;
	if (ml_file_lock(out->fd, 0) == 0) {
		/* who had the lock may just have put it in its place */
		if (is_still(out->fd, out->part))
			return 0;
		errno = EAGAIN;
	}
	error = errno;
	close_it(out);
	errno = error;
	return -1;
}

static void
note_bytes(struct ml_fetchout *out, const char *p, size_t len)
{
	sha256_update(&out->hash, len, (const uint8_t *)p);
	ml_keywords_feed(&out->words, p, len);
	out->held += len;
}

/* Read what is kept of size bytes. */
static int
read_part(struct ml_fetchout *out, uint64_t size)
{
	char *p = malloc(COPY_LEN);
	ssize_t n = 1;

	while (p != NULL && out->held < size && n > 0) {
		uint64_t left = size - out->held;

		n = ml_file_read_at(out->fd, p, left < COPY_LEN ?
		    (size_t)left : COPY_LEN, out->held);
		if (n > 0)
			note_bytes(out, p, (size_t)n);
	}
	free(p);
	return p == NULL || n == -1 ? -1 : 0;
}

int
ml_fetchout_resume(struct ml_fetchout *out, struct ml_httpstate *state)
{
	struct ml_httpstate kept;
	struct stat st;

	if (out->kind != ML_FETCHOUT_FILE || !read_state(out->part, &kept) ||
	    strcmp(kept.request, state->request) != 0 ||
	    ml_http_strong(&kept.validators) == NULL)
		return 0;
	if (open_part(out, 0) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(out->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return -1;
	/* since a power cut only what was synced may be believed */
	if (state->boot[0] == '\0' || strcmp(kept.boot, state->boot) != 0) {
		if (st.st_size > kept.size)
			st.st_size = (off_t)kept.size;
	}
	if (read_part(out, (uint64_t)st.st_size) == -1)
		return -1;
	if (out->held > 0)
		state->validators = kept.validators;
	return 0;
}

int
ml_fetchout_start(struct ml_fetchout *out, const struct ml_httpstate *state)
{
	FILE *aside;

	if (out->kind == ML_FETCHOUT_ASIDE && out->fd == -1) {
		if ((aside = tmpfile()) == NULL)
			return -1;
		out->fd = fcntl(fileno(aside), F_DUPFD_CLOEXEC, 3);
		out->owns_fd = 1;
		fclose(aside);
		return out->fd == -1 ? -1 : 0;
	}
	if (out->kind != ML_FETCHOUT_FILE)
		return 0;
	if (out->fd == -1 && open_part(out, O_CREAT) == -1)
		return -1;
	/* before the bytes come: they are of this, or of nothing */
	if (out->held > 0)
		return ftruncate(out->fd, (off_t)out->held);
	if (ftruncate(out->fd, 0) == -1)
		return -1;
	return ml_http_strong(&state->validators) == NULL ?
	    remove_state(out->part) : write_state(out->part, state, 0);
}

int
ml_fetchout_restart(struct ml_fetchout *out)
{
	uint64_t held = out->held;

	if (out->kind == ML_FETCHOUT_STREAM) {
		out->again = held;
		sha256_init(&out->hash_again);
		return 0;
	}
	begin_bytes(out);
	return out->fd == -1 ? 0 : ftruncate(out->fd, 0);
}

/* Wait until a pipe takes more: 0, or -1; EINTR when all is to stop. */
static int
wait_for_room(const struct ml_fetchout *out)
{
	struct pollfd p[] = { { .fd = out->fd, .events = POLLOUT },
	    { .fd = out->stop_fd, .events = POLLIN } };

	while (poll(p, 2, -1) == -1)
		if (errno != EINTR)
			return -1;
	if (p[1].revents != 0) {
		errno = EINTR;
		return -1;
	}
	return 0;
}

/* Into a pipe, in pieces that do not block, so that it can be stopped. */
static int
write_stream(struct ml_fetchout *out, const char *p, size_t len)
{
	double from = now();
	ssize_t n;
	int rc = 0;

	while (len > 0 && (rc = wait_for_room(out)) == 0) {
		n = write(out->fd, p, len < PIPE_BUF ? len : PIPE_BUF);
		if (n == -1 && errno != EINTR && errno != EAGAIN) {
			rc = -1;
			break;
		}
		if (n > 0) {
			note_bytes(out, p, (size_t)n);
			p += n;
			len -= (size_t)n;
		}
	}
	out->blocked += now() - from;
	return rc;
}

/* Bytes that a stream has had already: are they the same? */
static int
compare(struct ml_fetchout *out, const char *p, size_t len)
{
	uint8_t had[SHA256_DIGEST_SIZE], got[SHA256_DIGEST_SIZE];

	sha256_update(&out->hash_again, len, (const uint8_t *)p);
	if ((out->again -= len) > 0)
		return 0;
	ml_fetchout_hash(out, had);
	ml_sha256_end(&out->hash_again, got);
	if (memcmp(had, got, sizeof got) == 0)
		return 0;
	errno = EILSEQ;
	return -1;
}

int
ml_fetchout_write(struct ml_fetchout *out, const char *p, size_t len)
{
	size_t had = out->again < len ? (size_t)out->again : len;

	if (had > 0 && compare(out, p, had) == -1)
		return -1;
	p += had;
	len -= had;
	if (out->kind == ML_FETCHOUT_STREAM)
		return write_stream(out, p, len);
	if (ml_file_write_at(out->fd, p, len, out->held) == -1)
		return -1;
	note_bytes(out, p, len);
	return 0;
}

void
ml_fetchout_hash(const struct ml_fetchout *out,
    uint8_t hash[static SHA256_DIGEST_SIZE])
{
	struct sha256_ctx copy = out->hash;

	ml_sha256_end(&copy, hash);
}

int
ml_fetchout_commit(struct ml_fetchout *out, const struct ml_httpstate *state)
{
	struct ml_httpstate whole;

	if (out->kind != ML_FETCHOUT_FILE)
		return 0;
	/* first the old state goes: it must never be told of the new body */
	if (ml_file_sync(out->fd) == -1 || remove_state(out->path) == -1 ||
	    rename(out->part, out->path) == -1 ||
	    remove_state(out->part) == -1 ||
	    ml_file_sync_dir(out->path) == -1)
		return -1;
	if (state == NULL)
		return 0;
	whole = *state;
	whole.size = (int64_t)out->held;
	whole.boot[0] = '\0';
	return write_state(out->path, &whole, 1);
}

int
ml_fetchout_pour(struct ml_fetchout *out)
{
	struct ml_fetchout to = { .fd = STDOUT_FILENO,
	    .stop_fd = out->stop_fd };
	char *p = malloc(COPY_LEN);
	ssize_t n = 1;

	if (p == NULL)
		return -1;
	sha256_init(&to.hash);
	while (n > 0 && out->fd != -1) {
		n = ml_file_read_at(out->fd, p, COPY_LEN, to.held);
		if (n > 0 && write_stream(&to, p, (size_t)n) == -1)
			n = -1;
	}
	out->blocked += to.blocked;
	free(p);
	return n == -1 ? -1 : 0;
}

int
ml_fetchout_keep(struct ml_fetchout *out, const struct ml_httpstate *state)
{
	struct ml_httpstate kept = *state;

	if (out->kind != ML_FETCHOUT_FILE || out->fd == -1)
		return 0;
	if (out->held == 0 || ml_http_strong(&state->validators) == NULL) {
		ml_fetchout_drop(out);
		return 0;
	}
	kept.size = (int64_t)out->held;
	return ml_file_sync(out->fd) == -1 ? -1 :
	    write_state(out->part, &kept, 1);
}

void
ml_fetchout_drop(struct ml_fetchout *out)
{
	if (out->kind != ML_FETCHOUT_FILE || out->fd == -1)
		return;
	(void)remove_state(out->part);
	(void)ml_file_remove(out->part);
}

int
ml_fetchout_is(const struct ml_fetchout *out, const char *request,
    struct ml_httpstate *state)
{
	struct stat st;

	return out->kind == ML_FETCHOUT_FILE && read_state(out->path, state) &&
	    strcmp(state->request, request) == 0 &&
	    stat(out->path, &st) == 0 && st.st_size == (off_t)state->size;
}

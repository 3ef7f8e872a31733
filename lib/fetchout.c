/* fetchout - where a body goes */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetchout.h"
#include "fetchpart.h"
#include "file.h"
#include "steady.h"

#define PART ".part"
#define COPY_LEN (64 * 1024)		/* bytes at a time */
#define ASIDE_LEN (64 * 1024)		/* bytes put aside in memory */

double
ml_fetch_now(void)
{
	return (double)ml_steady_us() / 1e6;
}

static void
begin_bytes(struct ml_fetchout *out)
{
	out->held = out->again = 0;
	sha256_init(&out->hash);
	ml_keywords_begin(&out->words, out->words.word, out->words.n);
}

/* A name that no file can have: errno says why. */
static int
is_no_name(const char *path)
{
	struct stat st;

	if (*path != '\0' && (stat(path, &st) == -1 || !S_ISDIR(st.st_mode)))
		return 0;
	errno = *path == '\0' ? ENOENT : EISDIR;
	return 1;
}

int
ml_fetchout_begin(struct ml_fetchout *out, const char *file,
    const char *const *word, size_t words, int stop_fd)
{
	*out = (struct ml_fetchout){ .fd = -1, .stop_fd = stop_fd,
	    .words = { .word = word, .n = words } };
	begin_bytes(out);
	if (file != NULL && is_no_name(file))
		return -1;
	if (file == NULL || ml_file_is_stream(file)) {
		out->kind = ML_FETCHOUT_STREAM;
		out->shown = file == NULL ? "standard output" : file;
		out->fd = file == NULL ? STDOUT_FILENO :
		    ml_file_open_stream(file);
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
	ml_buf_free(&out->aside);
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

	if (out->kind != ML_FETCHOUT_FILE || !ml_fetchpart_state(out->part, &kept) ||
	    strcmp(kept.request, state->request) != 0 ||
	    ml_http_strong(&kept.validators) == NULL)
		return 0;
	if ((out->fd = ml_fetchpart_open(out->part, out->path, 0)) == -1)
		return errno == ENOENT ? 0 : -1;
	out->owns_fd = 1;
	if (fstat(out->fd, &st) == -1)
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
	if (out->kind != ML_FETCHOUT_FILE)
		return 0;
	if (out->fd == -1 &&
	    (out->fd = ml_fetchpart_open(out->part, out->path,
	    O_CREAT)) == -1)
		return -1;
	out->owns_fd = 1;
	/* before the bytes come: they are of this, or of nothing */
	if (out->held > 0)
		return ftruncate(out->fd, (off_t)out->held);
	if (ftruncate(out->fd, 0) == -1)
		return -1;
	return ml_http_strong(&state->validators) == NULL ?
	    ml_fetchpart_forget(out->part) :
	    ml_fetchpart_note(out->part, state, 0);
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
	ml_buf_clear(&out->aside);
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
	double from = ml_fetch_now();
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
	out->blocked += ml_fetch_now() - from;
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

/* From memory into a file without a name. */
static int
spill(struct ml_fetchout *out)
{
	FILE *aside = tmpfile();

	if (aside == NULL)
		return -1;
	out->fd = fcntl(fileno(aside), F_DUPFD_CLOEXEC, 3);
	out->owns_fd = 1;
	fclose(aside);
	if (out->fd == -1 ||
	    ml_file_write_at(out->fd, out->aside.p, out->aside.len, 0) == -1)
		return -1;
	ml_buf_free(&out->aside);
	return 0;
}

static int
put_aside(struct ml_fetchout *out, const char *p, size_t len)
{
	if (out->fd == -1 && out->aside.len + len <= ASIDE_LEN) {
		ml_buf_add(&out->aside, p, len);
		errno = ENOMEM;
		return ml_buf_failed(&out->aside) ? -1 : 0;
	}
	return out->fd == -1 && spill(out) == -1 ? -1 :
	    ml_file_write_at(out->fd, p, len, out->held);
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
	if ((out->kind == ML_FETCHOUT_ASIDE ? put_aside(out, p, len) :
	    ml_file_write_at(out->fd, p, len, out->held)) == -1)
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
	if (ml_fetchpart_commit(out->fd, out->part, out->path) == -1)
		return -1;
	if (state == NULL)
		return 0;
	whole = *state;
	whole.size = (int64_t)out->held;
	whole.boot[0] = '\0';
	return ml_fetchpart_note(out->path, &whole, 1);
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
	if (write_stream(&to, out->aside.p, out->aside.len) == -1)
		n = -1;
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
	    ml_fetchpart_note(out->part, &kept, 1);
}

void
ml_fetchout_drop(struct ml_fetchout *out)
{
	struct stat st;

	if (out->kind != ML_FETCHOUT_FILE || out->part == NULL)
		return;
	/* what a run that failed at its very end has left of a part that is gone */
	if (out->fd != -1 || (lstat(out->part, &st) == -1 && errno == ENOENT))
		(void)ml_fetchpart_forget(out->part);
	if (out->fd != -1)
		(void)ml_file_remove(out->part);
}

int
ml_fetchout_is(const struct ml_fetchout *out, const char *request,
    const uint8_t *hash, struct ml_httpstate *state)
{
	struct stat st;

	return out->kind == ML_FETCHOUT_FILE && ml_fetchpart_state(out->path, state) &&
	    strcmp(state->request, request) == 0 &&
	    stat(out->path, &st) == 0 && st.st_size == (off_t)state->size &&
	    !ml_fetchpart_is_newer(out->path) &&
	    (hash == NULL || ml_fetchpart_has_hash(out->path, hash));
}

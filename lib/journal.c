/* journal - an append-only log of numbered packets, and what waits */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "journalwork.h"

#define PENDING_MORE (256 * 1024)	/* bytes, then it is written anew */
#define LOG_MORE (16 * 1024 * 1024)	/* bytes that are rather read again */

void
ml_journal_free(struct ml_journal *j)
{
	if (j == NULL)
		return;
	if (j->fd != -1)
		close(j->fd);
	if (j->pending_fd != -1)
		close(j->pending_fd);
	free(j->path);
	free(j->pending);
	ml_reorder_free(j->window);
	ml_buf_free(&j->out);
	ml_buf_free(&j->side);
	ml_buf_free(&j->body);
	ml_buf_free(&j->part);
	ml_buf_free(&j->before);
	free(j);
}

static void
write_packet(void *arg, uint64_t seq, struct ml_slice text,
    enum ml_packet_status status)
{
	struct ml_journal *j = arg;

	ml_packet_log(&j->out, seq, text, status, j->remarks);
}

static void
ask(void *arg, uint64_t seq)
{
	struct ml_journal *j = arg;

	j->config.ask(j->config.arg, seq);
}

int
ml_journal_window_new(struct ml_journal *j)
{
	struct ml_reorder_sink sink = { j, write_packet, ask };

	ml_reorder_free(j->window);
	j->window = ml_reorder_new(&j->config.window, &sink);
	return j->window == NULL ? -1 : 0;
}

static int
open_log(struct ml_journal *j, const char *path, double seconds,
    const char **why)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must not hang us before it is refused */
	j->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0600);
	if (j->fd == -1 || fstat(j->fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		*why = "not a regular file";
		return -1;
	}
	if ((j->path = realpath(path, NULL)) == NULL ||
	    (j->pending = ml_file_beside(j->path, ".pending")) == NULL)
		return -1;
	return ml_file_lock(j->fd, seconds);
}

int
ml_journal_open(struct ml_journal **out, const char *path,
    const struct ml_journal_config *config, double seconds, int64_t ms,
    const char **why)
{
	struct ml_journal *j = calloc(1, sizeof *j);
	int error;

	*why = NULL;
	*out = NULL;
	if (j == NULL)
		return -1;
	j->fd = j->pending_fd = -1;
	j->config = *config;
	j->remarks.p = "";
	if (ml_journal_window_new(j) == -1 ||
	    open_log(j, path, seconds, why) == -1 ||
	    ml_journal_restore(j, ms, why) == -1 ||
	    ml_journal_checkpoint(j) == -1 ||
	    ml_reorder_resume(j->window, !j->config.is_heard) == -1) {
		error = errno;
		ml_journal_free(j);
		errno = error;
		return -1;
	}
	*out = j;
	return 0;
}

static int
failed(void)
{
	errno = ENOMEM;
	return -1;
}

int
ml_journal_take(struct ml_journal *j, const struct ml_packet *p)
{
	if (!p->is_intact)
		return ml_reorder_corrupt(j->window, p->sequence) == -1 ?
		    failed() : 0;
	ml_buf_clear(&j->body);
	ml_packet_body(&j->body, p);
	return ml_buf_failed(&j->body) || ml_reorder_take(j->window,
	    p->sequence, ml_buf_view(&j->body)) == -1 ? failed() : 0;
}

int
ml_journal_append(struct ml_journal *j, struct ml_slice body,
    struct ml_slice remarks)
{
	int rc;

	j->remarks = remarks;
	rc = ml_reorder_take(j->window, ml_reorder_next(j->window), body);
	j->remarks = (struct ml_slice){ "", 0 };
	return rc == -1 ? failed() : 0;
}

/* Append to a file: what fails is taken back, as far as that can be. */
static int
append(int fd, struct ml_buf *b, uint64_t *size)
{
	int error;

	if (ml_buf_failed(b))
		return failed();
	if (ml_file_write(fd, b->p, b->len) == -1) {
		error = errno;
		(void)!ftruncate(fd, (off_t)*size);
		errno = error;
		return -1;
	}
	*size += b->len;
	b->len = 0;
	return 0;
}

int
ml_journal_commit(struct ml_journal *j)
{
	uint64_t received = ml_reorder_counts(j->window)->received;

	ml_journal_keep(j, 0);
	if (received != j->received || j->side.len > 0)
		ml_journal_keep_run(j);
	j->received = received;
	j->log_unsynced |= j->out.len > 0;
	j->pending_unsynced |= j->side.len > 0;
	/* the log first: whoever is killed in between leaves what was said of
	 * the input before, from where the next run reads it once more */
	if ((j->out.len > 0 && append(j->fd, &j->out, &j->size) == -1) ||
	    (j->side.len > 0 && append(j->pending_fd, &j->side,
	    &j->pending_size) == -1))
		return -1;
	if (j->config.syncs_each && ml_journal_sync(j) == -1)
		return -1;
	return j->pending_size > PENDING_MORE + 2 * j->checkpoint_size ||
	    j->size - j->checkpoint_at > LOG_MORE + 8 * j->checkpoint_size ?
	    ml_journal_checkpoint(j) : 0;
}

int
ml_journal_is_synced(const struct ml_journal *j)
{
	return j->config.never_syncs ||
	    (!j->log_unsynced && !j->pending_unsynced);
}

/* What of the log was not synced, was kept in no other place. */
static int
sync_log(struct ml_journal *j)
{
	if (j->log_unsynced && ml_file_sync(j->fd) == -1)
		return -1;
	j->log_unsynced = 0;
	return 0;
}

int
ml_journal_sync(struct ml_journal *j)
{
	if (j->config.never_syncs)
		return 0;
	if (j->pending_unsynced && ml_file_sync(j->pending_fd) == -1)
		return -1;
	j->pending_unsynced = 0;
	return sync_log(j);
}

int
ml_journal_checkpoint(struct ml_journal *j)
{
	int fd, error;

	if (sync_log(j) == -1)
		return -1;
	if (ml_journal_keep_all(j) == -1 ||
	    ml_file_put(j->pending, j->side.p, j->side.len) == -1)
		return -1;
	fd = open(j->pending, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	error = j->pending_fd != -1 ? close(j->pending_fd) : 0;
	j->pending_fd = fd;
	j->pending_size = j->checkpoint_size = j->side.len;
	j->checkpoint_at = j->size;
	j->pending_unsynced = 0;
	ml_buf_clear(&j->side);
	return error;
}

struct ml_slice
ml_journal_part(const struct ml_journal *j)
{
	return ml_buf_view(&j->part);
}

struct ml_slice
ml_journal_part_before(const struct ml_journal *j)
{
	return ml_buf_view(&j->before);
}

struct ml_reorder *
ml_journal_window(struct ml_journal *j)
{
	return j->window;
}

const char *
ml_journal_pending(const struct ml_journal *j)
{
	return j->pending;
}

uint64_t
ml_journal_cut(const struct ml_journal *j)
{
	return j->cut;
}

uint64_t
ml_journal_damaged(const struct ml_journal *j)
{
	return j->damaged;
}

int
ml_journal_was_damaged(const struct ml_journal *j)
{
	return j->was_damaged;
}

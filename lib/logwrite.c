/* logwrite - what is appended to a log: written, synced, and taken back */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "logfile.h"

#define WRITE_AT (1024 * 1024)		/* bytes appended, then written */

/*
 * A write has failed on its way.  Whole lines that are in the file stay there:
 * somebody may have read them, and passed them on.
 */
static void
cut_half_line(struct ml_log *log)
{
	int error = errno;
	struct stat st;
	size_t n;

	if (fstat(log->fd, &st) == 0 && (uint64_t)st.st_size > log->size) {
		n = (size_t)((uint64_t)st.st_size - log->size);
		if (n > log->out.len)
			n = log->out.len;
		while (n > 0 && log->out.p[n - 1] != '\n')
			n--;
		/* if that fails too, the next writer does it */
		(void)!ftruncate(log->fd, (off_t)(log->size + n));
	}
	errno = error;
}

int
ml_logfile_write_out(struct ml_log *log)
{
	if (log->out.len == 0)
		return 0;
	log->synced = 0;
	if (!log->wrote)
		log->safe = log->size;
	log->wrote = 1;
	if (ml_file_write(log->fd, log->out.p, log->out.len) == -1) {
		log->in_doubt = 1;
		cut_half_line(log);
		return -1;
	}
	log->size += log->out.len;
	log->out.len = 0;
	return 0;
}

int
ml_log_append(struct ml_log *log, const struct ml_event *e)
{
	struct ml_feed *feed = ml_feeds_get(log->feeds, e->author);
	uint64_t offset = log->size + log->out.len;
	struct ml_spot spot;

	ml_event_write(e, &log->out);
	spot = ml_logfile_spot(offset, log->size + log->out.len - offset, 1,
	    ml_logfile_record(e));
	ml_buf_byte(&log->out, '\n');
	if (feed == NULL || ml_buf_failed(&log->out)) {
		errno = ENOMEM;
		return -1;
	}
	log->lines++;
	if (e->seq <= feed->tip)
		ml_feed_cover(feed, e, spot);
	else if (ml_feed_extend(log->feeds, feed, e, spot) == -1) {
		errno = ENOMEM;
		return -1;
	}
	if (log->out.len >= WRITE_AT && ml_logfile_write_out(log) == -1)
		return -1;
	return ml_logfile_settle(log, feed);
}

/*
 * Give the file a time as exact as the clock's: the kernel's own may be some
 * milliseconds coarse, and who changes a byte within them would not be seen.
 */
static void
mark_time(struct ml_log *log)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	/* only its owner may: without it the index is a little less sure */
	if (clock_gettime(CLOCK_REALTIME, &times[1]) == 0)
		(void)futimens(log->fd, times);
}

/* Nothing that fails here is believed later: the system says so once. */
int
ml_logfile_sync(struct ml_log *log)
{
	/* nothing is unsynced on what cannot be written */
	if (!log->in_doubt && (ml_file_sync(log->fd) == 0 || (!log->writable &&
	    (errno == EROFS || errno == EINVAL || errno == EBADF))))
		return 0;
	if (log->in_doubt)
		errno = EIO;
	log->in_doubt = 1;
	return -1;
}

/*
 * A sync has failed.  A system tells of that once and forgets that the pages
 * were never written: the next sync of them would succeed and mean nothing.  So
 * they are cut off and written anew, as somebody who has synced them before us
 * may have passed them on; what cannot be is gone.  Of this run that is no
 * success.  Source: Rebello et al., Can Applications Recover from fsync
 * Failures?, ATC 2020.
 */
static void
write_again(struct ml_log *log)
{
	struct ml_buf again = { 0 };
	size_t len = (size_t)(log->size - log->safe);
	int error = errno, rc = -1;
	char *to;

	if (!log->wrote || !log->locked)
		return;
	if ((to = ml_buf_room(&again, len)) != NULL &&
	    ml_file_read_at(log->fd, to, len, log->safe) == (ssize_t)len)
		rc = 0;
	if (ftruncate(log->fd, (off_t)log->safe) == 0 && (rc == -1 ||
	    ml_file_write(log->fd, to, len) == -1 ||
	    ml_file_sync(log->fd) == -1))
		(void)!ftruncate(log->fd, (off_t)log->safe);
	ml_buf_free(&again);
	errno = error;
}

static int
sync_all(struct ml_log *log)
{
	if (ml_logfile_write_out(log) == -1)
		return -1;
	if (log->size == 0)
		return 0;		/* there is nothing to be promised */
	if (log->wrote)
		mark_time(log);
	ml_logfile_stamp(log);		/* what comes in now is not what is synced */
	if (!log->synced && ml_logfile_sync(log) == -1) {
		write_again(log);
		return -1;
	}
	log->wrote = 0;
	log->synced = 1;
	/* whoever made the file may have died before its name was safe */
	if (!log->dir_synced && log->dir_fd != -1 &&
	    ml_file_sync(log->dir_fd) == -1 && errno != EINVAL)
		return -1;
	log->dir_synced = 1;
	return 0;
}

int
ml_log_commit(struct ml_log *log)
{
	if (sync_all(log) == -1) {
		log->in_doubt = 1;
		return -1;
	}
	ml_logfile_restamp(log);
	return 0;
}

int
ml_log_sync(struct ml_log *log)
{
	if (ml_logfile_is_synced(log))
		return 0;		/* who wrote it last has seen to that */
	if (ml_logfile_sync(log) == -1)
		return -1;
	if (ml_file_sync_dir(log->path) == -1 && errno != EACCES &&
	    errno != EROFS && errno != EBADF)
		return -1;
	ml_logfile_set_synced(log);
	return 0;
}

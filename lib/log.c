/* log - the append-only file of events and the feeds that stand in it */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "logfile.h"

#define LOOK_AT 4096			/* bytes that must look like a log */
#define TICK_MS 20			/* file times are no finer, on Linux */
#define COARSE_TICK_MS 2000		/* on a FAT, whose times are whole seconds */

int
ml_logfile_fetch(struct ml_log *log, uint64_t place, struct ml_slice *text)
{
	uint64_t offset = ml_place_offset(place);
	size_t len = (size_t)ml_place_len(place);

	if (offset < log->size || log->out.len == 0)
		return ml_window_read(&log->window, log->fd, offset, len, text);
	*text = (struct ml_slice){ log->out.p + (offset - log->size), len };
	return 0;
}

int
ml_logfile_read_again(struct ml_event *e, struct ml_slice text,
    struct ml_buf *scratch)
{
	const char *why = ml_event_read(e, text, scratch);

	if (why == NULL)
		return 0;
	errno = why == ML_NO_MEMORY ? ENOMEM : EIO;
	return -1;
}

int
ml_logfile_forget(struct ml_log *log)
{
	uint8_t key[ML_TABLE_KEY_LEN];

	ml_logfile_forget_copies(log);
	ml_feeds_free(log->feeds);
	ml_wait_free(log->wait);
	ml_index_free(log->index);
	randombytes_buf(key, sizeof key);
	log->feeds = ml_feeds_new(key);
	log->wait = ml_wait_new(key);
	log->index = ml_index_new(log->path, log->fd);
	log->size = log->lines = 0;
	log->begun = log->synced = 0;
	ml_window_forget(&log->window);
	log->generation++;
	memset(log->found, 0, sizeof log->found);
	memset(&log->stamp, 0, sizeof log->stamp);
	return log->feeds == NULL || log->wait == NULL ||
	    log->index == NULL ? -1 : 0;
}

/* The file's name, symbolic links followed: its sidecars lie beside it. */
static int
open_file(struct ml_log *log, const char *path, const char **why)
{
	int flags = log->writable ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY;
	struct stat st;

	/* O_NONBLOCK: a FIFO must not hang us before it is refused */
	log->fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (log->fd == -1 || fstat(log->fd, &st) == -1)
		return -1;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		*why = "not a regular file";
		return -1;
	}
	free(log->path);
	return (log->path = realpath(path, NULL)) == NULL ? -1 : 0;
}

/*
 * A file that holds no event at all is only taken for a log if it looks like
 * one that was damaged: else a misspelt name could cost somebody a photo.
 */
static int
looks_like_log(struct ml_log *log, struct ml_slice tail, uint64_t end,
    int *yes)
{
	static const char begins[] = "{\"a\":";
	char head[LOOK_AT];
	ssize_t n, i, nul = 0, blank = 0, begun = 0;

	*yes = 1;
	if (end == 0 || ml_feeds_count(log->feeds) > 0 ||
	    ml_logfile_tail_has_event(tail))
		return 0;
	if ((n = ml_file_read_at(log->fd, head, sizeof head, 0)) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		nul += head[i] == '\0';
		blank += memchr(" \t\r\n", head[i], 4) != NULL;
		if (n - i >= 4 && (memcmp(head + i, "\"a\":", 4) == 0 ||
		    memcmp(head + i, "\"i\":", 4) == 0))
			return 0;
	}
	while (begun < n && begun < (ssize_t)sizeof begins - 1 &&
	    head[begun] == begins[begun])
		begun++;
	*yes = begun + nul == n || blank == n;
	return 0;
}

/* The file as it is now; 1 if it is not the one that was read, grown. */
static int
look_at_file(struct ml_log *log, uint64_t *end)
{
	struct ml_stamp was = log->stamp;
	struct stat st;

	if (fstat(log->fd, &st) == -1)
		return -1;
	log->stamp = ml_stamp_of(&st);
	*end = log->stamp.size;
	return *end < log->size || (was.inode != 0 && *end == was.size &&
	    memcmp(&was, &log->stamp, sizeof was) != 0);
}

void
ml_logfile_stamp(struct ml_log *log)
{
	struct stat st;

	if (fstat(log->fd, &st) == 0)
		log->stamp = ml_stamp_of(&st);
}

/*
 * A file that was written to a moment ago may be written to in the same tick
 * of its clock, and no time would tell: let the tick pass before it is read.
 * 1 if that took its time, and the file may be another now.
 */
static int
outwait_tick(struct ml_log *log)
{
	const struct timespec nap = { 0, TICK_MS * 1000000L };
	int is_coarse = log->stamp.mtime_ns == 0;
	struct timespec now;
	double age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (double)(now.tv_sec - log->stamp.mtime) * 1e3 +
	    (double)(now.tv_nsec - log->stamp.mtime_ns) / 1e6;
	log->unstamped = is_coarse && age < COARSE_TICK_MS;
	if (is_coarse || age >= TICK_MS)
		return 0;
	nanosleep(&nap, NULL);
	return 1;
}

/* Where the file ends; one that is another than was read is read anew. */
static int
find_end(struct ml_log *log, uint64_t *end)
{
	int is_other = look_at_file(log, end);

	if (is_other == 1 && ml_logfile_forget(log) == 0)
		is_other = look_at_file(log, end);
	return is_other == 0 ? 0 : -1;
}

/* Take in all that is there: a reader the tail too. */
static int
catch_up(struct ml_log *log, int64_t ms, const char **why)
{
	struct ml_lines l;
	struct ml_slice tail;
	uint64_t end;
	int rc, yes = 1;

	if (find_end(log, &end) == -1)
		return -1;
	if (!log->begun && !log->all && ml_logfile_begin_at_index(log) == -1)
		return -1;
	if (!log->locked && end - log->size >= ML_LOGFILE_UNINDEXED &&
	    outwait_tick(log) && find_end(log, &end) == -1)
		return -1;
	log->begun = 1;
	rc = ml_logfile_take_lines(log, end, &l, &tail);
	if (rc == 0 && tail.len > 0 && !log->writable) {
		/* no index has what is not there for good */
		if (ml_feeds_count(log->feeds) > 0)
			ml_logfile_finish_index(log);
		ml_index_freeze(log->index);
		rc = ml_logfile_read_tail(log, tail, end);
	}
	if (rc == 0)
		rc = looks_like_log(log, tail, end, &yes);
	if (!yes) {
		*why = "not a log: it has no event in it";
		rc = -1;
	}
	if (rc == 0 && tail.len > 0 && log->locked &&
	    (rc = ml_logfile_mend_tail(log, tail, end, ms)) == 0)
		ml_logfile_stamp(log);
	ml_lines_free(&l);
	return rc;
}

int
ml_logfile_open(struct ml_log **out, const char *path, int writable, int all,
    const struct ml_log_watch *watch, const char **why)
{
	struct ml_log *log = calloc(1, sizeof *log);
	int error;

	*why = NULL;
	if (log == NULL || sodium_init() == -1) {
		free(log);
		errno = ENOMEM;
		return -1;
	}
	log->fd = log->dir_fd = -1;
	log->writable = writable;
	if (watch != NULL)
		log->watch = *watch;
	log->all = all || log->watch.event != NULL ||
	    log->watch.finding != NULL;
	if (open_file(log, path, why) == -1 || ml_logfile_forget(log) == -1 ||
	    (log->refused = ml_refused_new(log->path)) == NULL ||
	    catch_up(log, 0, why) == -1) {
		error = errno;
		ml_log_free(log);
		errno = error;
		return -1;
	}
	ml_logfile_finish_index(log);
	*out = log;
	return 0;
}

int
ml_log_read(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why)
{
	return ml_logfile_open(log, path, 0, 0, watch, why);
}

int
ml_log_write(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why)
{
	return ml_logfile_open(log, path, 1, 0, watch, why);
}

void
ml_log_free(struct ml_log *log)
{
	if (log == NULL)
		return;
	if (log->index != NULL && log->writable)
		ml_logfile_finish_index(log);
	ml_logfile_forget_copies(log);
	ml_index_free(log->index);
	if (log->fd != -1)
		close(log->fd);
	if (log->dir_fd != -1)
		close(log->dir_fd);
	free(log->path);
	ml_feeds_free(log->feeds);
	ml_wait_free(log->wait);
	ml_refused_free(log->refused);
	ml_buf_free(&log->out);
	ml_window_free(&log->window);
	ml_buf_free(&log->again);
	ml_buf_free(&log->body);
	free(log);
}

/* Whether the file we hold is still the one of that name. */
static int
is_still_there(const struct ml_log *log)
{
	struct stat ours, theirs;

	return fstat(log->fd, &ours) == 0 && stat(log->path, &theirs) == 0 &&
	    ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/*
 * The folder, to be synced: before anything is written, as a new file whose
 * name may vanish must not be written to.  One that exists may do without.
 */
static int
open_dir(struct ml_log *log)
{
	if (log->dir_fd == -1 &&
	    (log->dir_fd = ml_file_open_dir(log->path)) == -1 &&
	    (errno != EACCES || log->size == 0))
		return -1;
	return 0;
}

int
ml_log_lock(struct ml_log *log, double seconds, int64_t ms, const char **why)
{
	char *path;
	uint64_t size;
	int rc;

	*why = NULL;
	for (;;) {
		if (ml_file_lock(log->fd, seconds) == -1)
			return -1;
		if (is_still_there(log))
			break;
		/* it was moved away: its successor is a log of its own */
		close(log->fd);
		log->fd = -1;
		log->dir_synced = 0;
		if ((path = strdup(log->path)) == NULL)
			return -1;
		rc = open_file(log, path, why);
		free(path);
		if (rc == -1 || ml_logfile_forget(log) == -1)
			return -1;
	}
	log->locked = 1;
	size = log->size;
	ml_window_forget(&log->window);	/* it may show a tail that was cut */
	if ((rc = catch_up(log, ms, why)) == -1)
		return -1;
	log->others_wrote = log->size != size;
	if (log->others_wrote)
		log->synced = 0;	/* who knows if they synced */
	if (ml_logfile_is_synced(log))
		log->dir_synced = 1;	/* its name was too, then */
	return open_dir(log);
}

int
ml_log_unlock(struct ml_log *log)
{
	log->locked = 0;
	return ml_file_unlock(log->fd);
}

struct ml_feeds *
ml_log_feeds(struct ml_log *log)
{
	return log->feeds;
}

const struct ml_wait *
ml_log_waiting(const struct ml_log *log)
{
	return log->wait;
}

uint64_t
ml_log_behind_gap(const struct ml_log *log, const struct ml_feed *f)
{
	const struct ml_waiting *all;
	uint64_t found = 0;
	size_t i, n;

	all = ml_wait_all(log->wait, &n);
	for (i = 0; f != NULL && i < n; i++)
		found += all[i].seq > 0 && all[i].feed == f->index;
	return found;
}

struct ml_log_place
ml_log_place_of(const struct ml_waiting *w)
{
	return ml_logfile_unpack(w->place, w->line);
}

uint64_t
ml_log_found(const struct ml_log *log, enum ml_log_finding what)
{
	return log->found[what];
}

unsigned
ml_log_generation(const struct ml_log *log)
{
	return log->generation;
}

int
ml_log_others_wrote(const struct ml_log *log)
{
	return log->others_wrote;
}

uint64_t
ml_log_cut(const struct ml_log *log)
{
	return log->cut;
}

int
ml_log_has_changed(const struct ml_log *log)
{
	struct stat st;

	return !is_still_there(log) || (fstat(log->fd, &st) == 0 &&
	    (uint64_t)st.st_size != log->size);
}

const char *
ml_log_path(const struct ml_log *log)
{
	return log->path;
}

struct ml_refused *
ml_log_refused(struct ml_log *log)
{
	return log->refused;
}

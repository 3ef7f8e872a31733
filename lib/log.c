/* log - the append-only file of events and the feeds that stand in it */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "crew.h"
#include "file.h"
#include "index.h"
#include "json.h"
#include "lines.h"
#include "log.h"
#include "place.h"
#include "record.h"
#include "window.h"

#define WRITE_AT (1024 * 1024)		/* bytes appended, then written */
#define PROGRESS_BYTES (1024 * 1024)	/* from one report to the next */
#define BATCHES 8			/* of lines, being read at once */
#define LOOK_AT 4096			/* bytes that must look like a log */
#define INDEX_AT (64 * 1024)		/* bytes that are rather read again */
#define INDEX_STEP (32 * 1024 * 1024)	/* bytes read, then put into the index */
#define TICK_MS 20			/* file times are no finer, on Linux */
#define COARSE_TICK_MS 2000		/* on a FAT, whose times are whole seconds */

_Static_assert(ML_INDEX_FOUND == ML_LOG_FINDINGS, "ML_INDEX_FOUND");

struct ml_log {
	char *path;
	int fd;
	int writable, locked;
	int dir_fd;			/* -1: not opened, or it may not be */
	int dir_synced;
	int others_wrote;		/* since the lock was held last */
	unsigned generation;		/* of the feeds */
	struct ml_feeds *feeds;
	struct ml_feed *latest;		/* that was asked for, or NULL */
	struct ml_wait *wait;
	struct ml_refused *refused;
	struct ml_log_watch watch;
	int all;			/* the file is read, the index is not */
	struct ml_index *index;
	struct ml_stamp stamp;		/* of the file, when it was read last */
	int unstamped;			/* that does not tell if it changes */
	int in_doubt;			/* writing has failed */
	int recovered;			/* from an index that was wrong */
	uint64_t size;			/* bytes taken in: whole lines */
	int synced;			/* nothing was written since */
	uint64_t lines;
	uint64_t found[ML_LOG_FINDINGS], cut;
	struct ml_buf out;		/* appended behind size, unwritten */
	struct ml_window window;
	struct ml_buf again;		/* of an event that is fetched */
};

static struct ml_spot
spot_of(const struct ml_log_place *at, uint64_t record)
{
	return (struct ml_spot){ ml_place(at->offset, at->len), record };
}

static uint64_t
record_of(const struct ml_event *e)
{
	return ml_record_hash(ml_record_of(e));
}

static struct ml_log_place
unpack(uint64_t place, uint64_t line)
{
	return (struct ml_log_place){ line, ml_place_offset(place),
	    ml_place_len(place) };
}

/* The bytes of a place, borrowed until the next call. */
static int
fetch(struct ml_log *log, uint64_t place, struct ml_slice *text)
{
	uint64_t offset = ml_place_offset(place);
	size_t len = (size_t)ml_place_len(place);

	if (offset < log->size || log->out.len == 0)
		return ml_window_read(&log->window, log->fd, offset, len, text);
	*text = (struct ml_slice){ log->out.p + (offset - log->size), len };
	return 0;
}

/* An event that was read before: if it cannot be now, the file was changed. */
static int
read_again(struct ml_event *e, struct ml_slice text, struct ml_buf *scratch)
{
	const char *why = ml_event_read(e, text, scratch);

	if (why == NULL)
		return 0;
	errno = why == ML_NO_MEMORY ? ENOMEM : EIO;
	return -1;
}

static void
find(struct ml_log *log, enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held)
{
	log->found[what]++;
	if (log->watch.finding != NULL)
		log->watch.finding(log->watch.arg, what, why, at, e, held);
}

/*
 * The head has moved on from a seq: show what joined the set, e (which lies at
 * a place) and what it covers.
 */
static int
announce(struct ml_log *log, const struct ml_feed *feed, int64_t from,
    const struct ml_event *e, const struct ml_log_place *at)
{
	struct ml_log_place there;
	struct ml_event other;

	if (log->watch.event == NULL)
		return 0;
	while (from++ < feed->seq) {
		if (from == e->seq) {
			log->watch.event(log->watch.arg, feed, e, at);
			continue;
		}
		there = unpack(ml_feed_spot(feed, from)->place, 0);
		if (ml_log_event(log, feed, from, &other) == -1)
			return -1;
		log->watch.event(log->watch.arg, feed, &other, &there);
	}
	return 0;
}

/* An event whose seq is taken: is it the one that has it? */
static int
compare_held(struct ml_log *log, struct ml_feed *feed,
    const struct ml_event *e, const struct ml_log_place *at, uint64_t record)
{
	struct ml_event held;
	int64_t before = feed->seq;

	if (ml_log_event(log, feed, e->seq, &held) == -1)
		return -1;
	if (memcmp(held.id, e->id, sizeof held.id) != 0) {
		feed->forked = 1;
		find(log, ML_LOG_FORK, "a fork: another event has this seq",
		    at, e, held.id);
	} else if (e->seal.len > 0 && e->seq > feed->seq) {
		ml_feed_cover(feed, e, spot_of(at, record));
		return announce(log, feed, before, e, at);
	} else
		find(log, ML_LOG_COPY, "a second copy", at, e, NULL);
	return 0;
}

/* Judge one event that lies at a place of the file, and is about a record. */
static int
place_one(struct ml_log *log, struct ml_feed *feed, const struct ml_event *e,
    const struct ml_log_place *at, uint64_t record)
{
	int64_t before = feed->seq;
	int rc;

	switch (ml_feed_judge(feed, e)) {
	case ML_FIT_NEXT:
		if (ml_feed_extend(log->feeds, feed, e,
		    spot_of(at, record)) == -1)
			return -1;
		return announce(log, feed, before, e, at);
	case ML_FIT_BEHIND:
		return compare_held(log, feed, e, at, record);
	case ML_FIT_AHEAD:
		rc = ml_wait_add(log->wait, feed->index, e, ml_place(at->offset, at->len),
		    (uint32_t)at->line);
		if (rc == 0)
			find(log, ML_LOG_COPY, "a second copy", at, e, NULL);
		return rc == -1 ? -1 : 0;
	case ML_FIT_ASTRAY:
		break;
	}
	find(log, ML_LOG_ASTRAY, "prev: does not match the event before it",
	    at, e, feed->tip_id);
	return 0;
}

/* The feed's tip has moved: what waited in the file for that. */
static int
settle(struct ml_log *log, struct ml_feed *feed)
{
	struct ml_buf copy = { 0 }, scratch = { 0 };
	struct ml_waiting *list = NULL;
	struct ml_slice text;
	struct ml_event e;
	int64_t seq = feed->tip;
	size_t i, n;
	int rc = -1;

	while (ml_wait_count(log->wait) > 0 && seq++ == feed->tip) {
		if (ml_wait_take(log->wait, feed->index, seq, &list, &n) == -1)
			goto out;
		for (i = 0; i < n; i++) {
			struct ml_log_place at = unpack(list[i].place,
			    list[i].line);

			if (fetch(log, list[i].place, &text) == -1)
				goto out;
			ml_buf_clear(&copy);
			ml_buf_slice(&copy, text);
			if (read_again(&e, ml_buf_view(&copy), &scratch) == -1 ||
			    place_one(log, feed, &e, &at, record_of(&e)) == -1)
				goto out;
		}
		free(list);
		list = NULL;
	}
	rc = 0;
out:
	free(list);
	ml_buf_free(&copy);
	ml_buf_free(&scratch);
	return rc;
}

static struct ml_feed *
feed_of(struct ml_log *log, const struct ml_event *e)
{
	if (log->latest == NULL || !ml_slice_same(log->latest->author, e->author))
		log->latest = ml_feeds_get(log->feeds, e->author);
	return log->latest;
}

/* An event that was read from the file: into its feed. */
static int
take_event(struct ml_log *log, const struct ml_event *e,
    const struct ml_log_place *at, uint64_t record)
{
	struct ml_feed *feed = feed_of(log, e);
	int64_t seq;

	if (feed == NULL)
		return -1;
	seq = feed->tip;
	if (place_one(log, feed, e, at, record) == -1)
		return -1;
	return feed->tip > seq ? settle(log, feed) : 0;
}

/*
 * Take in what a batch came to.  *good, if it is set: the end of the last good
 * event and of the message it came in; what is bad is not found then.
 */
static int
take_batch(struct ml_log *log, const struct ml_batch *b, uint64_t *good)
{
	const struct ml_batch_item *item;
	struct ml_log_place at;
	size_t i;

	if (b->failed) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < b->items; i++) {
		item = &b->item[i];
		at = (struct ml_log_place){ item->line, item->offset,
		    item->len };
		if (item->why == NULL) {
			if (take_event(log, &item->e, &at, item->record) == -1)
				return -1;
			if (good != NULL)
				*good = item->end;
		} else if (good == NULL)
			find(log, ML_LOG_DAMAGED, item->why, &at, NULL, NULL);
	}
	return 0;
}

/* Take in a tail: *good are its bytes that are no damage. */
static int
take_tail(struct ml_log *log, struct ml_slice tail, size_t *good)
{
	struct ml_batch b = { 0 };
	uint64_t end = log->size;
	int rc;

	ml_batch_add(&b, tail, log->lines + 1, log->size);
	ml_batch_work(&b);
	rc = take_batch(log, &b, &end);
	ml_batch_free(&b);
	*good = (size_t)(end - log->size);
	if (ml_json_skip_blanks(tail.p + *good, tail.p + tail.len) ==
	    tail.p + tail.len)
		*good = tail.len;
	return rc;
}

/* What of a tail is no event, on a reader's or a writer's way. */
static void
find_torn(struct ml_log *log, uint64_t from, uint64_t end)
{
	struct ml_log_place at = { log->lines + 1, from, end - from };

	find(log, ML_LOG_TORN, "a torn tail", &at, NULL, NULL);
}

/* Of the places behind what is indexed: those of events that wait. */
static void
find_loose(struct ml_log *log, struct ml_buf *loose, uint64_t *count)
{
	uint64_t from = ml_index_size(log->index), place;
	const struct ml_waiting *all;
	const struct ml_feed *f;
	int64_t seq;
	size_t i, n;

	*count = ml_wait_count(log->wait);
	all = ml_wait_all(log->wait, &n);
	for (i = 0; i < n; i++)
		if (all[i].seq > 0 && ml_place_offset(all[i].place) >= from)
			ml_buf_add(loose, &all[i].place, sizeof all[i].place);
	for (i = 0; i < ml_feeds_count(log->feeds); i++) {
		f = ml_feeds_at(log->feeds, i);
		*count += (uint64_t)(f->tip - f->seq);
		for (seq = f->seq + 1; seq <= f->tip; seq++) {
			place = ml_feed_spot(f, seq)->place;
			if (ml_place_offset(place) >= from)
				ml_buf_add(loose, &place, sizeof place);
		}
	}
}

static struct ml_index_state
index_state(const struct ml_log *log)
{
	struct ml_index_state s = { .stamp = log->stamp, .size = log->size,
	    .lines = log->lines, .clock = ml_feeds_clock(log->feeds) };

	memcpy(s.found, log->found, sizeof s.found);
	s.found[ML_LOG_TORN] = 0;	/* a tail is looked at each time */
	return s;
}

/* What was read so far, into the index: that it fails is no matter. */
static void
add_to_index(struct ml_log *log)
{
	struct ml_index_state state = index_state(log);
	struct ml_buf loose = { 0 };

	if (log->unstamped || log->in_doubt || log->out.len > 0)
		return;
	find_loose(log, &loose, &state.loose);
	if (!ml_buf_failed(&loose))
		ml_index_add(log->index, log->feeds, &state,
		    ml_buf_view(&loose));
	ml_buf_free(&loose);
}

/* The same for what is more than is read again in no time, at the end. */
static void
finish_index(struct ml_log *log)
{
	if (log->size - ml_index_size(log->index) >= INDEX_AT)
		add_to_index(log);
	ml_index_publish(log->index);
}

/* Lines that are being read, and where they end. */
struct reading {
	struct ml_batch batch;
	uint64_t next, number;
};

/* Fill a batch: 1, 0 when there are no more lines, or -1. */
static int
read_lines(struct ml_lines *l, struct reading *r, struct ml_slice *tail)
{
	struct ml_slice line;
	enum ml_line got;

	ml_batch_clear(&r->batch);
	do {
		if ((got = ml_lines_next(l, 1, &line)) == ML_LINE_ERROR)
			return -1;
		if (got == ML_LINE_END)
			break;
		if (!l->newline) {
			*tail = line;
			break;
		}
		if (got == ML_LINE_LONG)
			ml_batch_add_broken(&r->batch, "a line over 16 MiB",
			    l->number, l->offset, l->next - l->offset);
		else
			ml_batch_add(&r->batch, line, l->number, l->offset);
		r->next = l->next;
		r->number = l->number;
	} while (!ml_batch_full(&r->batch, line.len));
	return r->batch.lines > 0;
}

static int
take_lines_read(struct ml_log *log, const struct reading *r, uint64_t end)
{
	if (take_batch(log, &r->batch, NULL) == -1)
		return -1;
	if (log->watch.progress != NULL &&
	    r->next / PROGRESS_BYTES != log->size / PROGRESS_BYTES)
		log->watch.progress(log->watch.arg, r->next, end);
	log->size = r->next;
	log->lines = r->number;
	if (log->size - ml_index_size(log->index) >= INDEX_STEP)
		add_to_index(log);
	return 0;
}

/*
 * Take in whole lines up to end: they are read and verified on all cores, and
 * come in in order.  *tail is what follows the last of them, its beginning if
 * it is long: its text is in l until that is freed.
 */
static int
take_lines(struct ml_log *log, uint64_t end, struct ml_lines *l,
    struct ml_slice *tail)
{
	struct ml_crew *crew = ml_crew_new(ml_batch_work, 0);
	struct reading *reading = calloc(BATCHES, sizeof *reading), *r;
	size_t i, given = 0;
	int more = 1, rc = -1;

	*l = ml_lines_range(log->fd, log->size, end, log->lines);
	*tail = (struct ml_slice){ NULL, 0 };
	while (crew != NULL && reading != NULL) {
		while (more == 1 && ml_crew_jobs(crew) < BATCHES) {
			r = &reading[given % BATCHES];
			if ((more = read_lines(l, r, tail)) == 1) {
				ml_crew_give(crew, r);
				given++;
			}
		}
		if (more == -1)
			break;
		if ((r = ml_crew_take(crew)) == NULL) {
			rc = 0;
			break;
		}
		if (take_lines_read(log, r, end) == -1)
			break;
	}
	ml_crew_free(crew);
	for (i = 0; reading != NULL && i < BATCHES; i++)
		ml_batch_free(&reading[i].batch);
	free(reading);
	return rc;
}

/* Put what was torn off aside, and cut it. */
static int
cut_tail(struct ml_log *log, struct ml_slice torn, uint64_t end, int64_t ms)
{
	if (ml_refused_add(log->refused, ms, "a torn tail", torn) == -1 ||
	    ml_refused_commit(log->refused) == -1 ||
	    ftruncate(log->fd, (off_t)log->size) == -1)
		return -1;
	log->cut += end - log->size;
	return 0;
}

/*
 * A writer's way with a tail: whole events in it stay and get their newline,
 * the rest goes.
 */
static int
mend_tail(struct ml_log *log, struct ml_slice tail, uint64_t end, int64_t ms)
{
	size_t good;

	if (take_tail(log, tail, &good) == -1)
		return -1;
	log->size += good;
	if (log->size < end) {
		find_torn(log, log->size, end);
		tail.p += good, tail.len -= good;
		if (cut_tail(log, tail, end, ms) == -1)
			return -1;
	}
	if (good > 0) {
		if (ml_file_write(log->fd, "\n", 1) == -1)
			return -1;
		log->size++;
		log->lines++;
	}
	return 0;
}

/*
 * A reader's way: a tail may be a write that is under way; then it is not
 * there yet.  Only when nobody writes it is what a crash has left.
 */
static int
read_tail(struct ml_log *log, struct ml_slice tail, uint64_t end)
{
	struct stat now;
	size_t good;
	int rc = 0;

	if (flock(log->fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		return 0;
	if (fstat(log->fd, &now) == -1)
		rc = -1;
	else if ((uint64_t)now.st_size == end) {
		rc = take_tail(log, tail, &good);
		if (rc == 0 && log->size + good < end)
			find_torn(log, log->size + good, end);
	}
	flock(log->fd, LOCK_UN);
	return rc;
}

static int
forget(struct ml_log *log)
{
	uint8_t key[ML_TABLE_KEY_LEN];

	ml_feeds_free(log->feeds);
	ml_wait_free(log->wait);
	ml_index_free(log->index);
	randombytes_buf(key, sizeof key);
	log->feeds = ml_feeds_new(key);
	log->latest = NULL;
	log->wait = ml_wait_new(key);
	log->index = ml_index_new(log->path, log->fd);
	log->size = log->lines = 0;
	ml_window_forget(&log->window);
	log->generation++;
	memset(log->found, 0, sizeof log->found);
	memset(&log->stamp, 0, sizeof log->stamp);
	return log->feeds == NULL || log->wait == NULL ||
	    log->index == NULL ? -1 : 0;
}

/* An event that waited in the file when it was indexed: it waits again. */
static int
take_loose(void *arg, uint64_t place)
{
	struct ml_log_place at = unpack(place, 0);
	struct ml_buf copy = { 0 }, scratch = { 0 };
	struct ml_log *log = arg;
	struct ml_slice text;
	struct ml_event e;
	int rc = -1;

	if (at.offset + at.len <= log->size && fetch(log, place, &text) == 0) {
		ml_buf_slice(&copy, text);
		if (!ml_buf_failed(&copy) && ml_event_read(&e,
		    ml_buf_view(&copy), &scratch) == NULL)
			rc = take_event(log, &e, &at, record_of(&e));
	}
	ml_buf_free(&copy);
	ml_buf_free(&scratch);
	return rc;
}

/* Begin where the index ends, if it may be believed. */
static int
begin_at_index(struct ml_log *log)
{
	struct ml_index_state state;
	int good = ml_index_load(log->index, &log->stamp, log->feeds, &state);

	if (good) {
		log->size = state.size;
		log->lines = state.lines;
		good = state.loose == 0 ||
		    ml_index_loose(log->index, log, take_loose) == 0;
		memcpy(log->found, state.found, sizeof log->found);
	}
	if (good || ml_feeds_count(log->feeds) == 0)
		return 0;
	return forget(log);
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
looks_like_log(struct ml_log *log, uint64_t end, int *yes)
{
	static const char begins[] = "{\"a\":";
	char head[LOOK_AT];
	ssize_t n, i, nul = 0, blank = 0;

	*yes = 1;
	if (end == 0 || ml_feeds_count(log->feeds) > 0)
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
	*yes = nul == n || blank == n ||
	    (n < (ssize_t)sizeof begins && memcmp(head, begins, (size_t)n) == 0);
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
	return *end < log->size || (*end == was.size &&
	    memcmp(&was, &log->stamp, sizeof was) != 0);
}

/* We have changed it ourselves. */
static void
note_stamp(struct ml_log *log)
{
	struct stat st;

	if (fstat(log->fd, &st) == 0)
		log->stamp = ml_stamp_of(&st);
}

/*
 * A file that was written to a moment ago may be written to in the same tick
 * of its clock, and no time would tell: let the tick pass before it is read.
 */
static void
outwait_tick(struct ml_log *log, uint64_t *end)
{
	const struct timespec nap = { 0, TICK_MS * 1000000L };
	int is_coarse = log->stamp.mtime_ns == 0;
	struct timespec now;
	double age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (double)(now.tv_sec - log->stamp.mtime) * 1e3 +
	    (double)(now.tv_nsec - log->stamp.mtime_ns) / 1e6;
	log->unstamped = is_coarse && age < COARSE_TICK_MS;
	if (!is_coarse && age < TICK_MS) {
		nanosleep(&nap, NULL);
		(void)look_at_file(log, end);
	}
}

/* Take in all that is there: a reader the tail too. */
static int
catch_up(struct ml_log *log, int64_t ms, const char **why)
{
	struct ml_lines l;
	struct ml_slice tail;
	uint64_t end;
	int rc, yes = 1, is_other = look_at_file(log, &end);

	if (is_other == -1)
		return -1;
	if (is_other && (forget(log) == -1 || look_at_file(log, &end) == -1))
		return -1;
	if (log->size == 0 && !log->all && begin_at_index(log) == -1)
		return -1;
	if (!log->locked && end - log->size >= INDEX_AT)
		outwait_tick(log, &end);
	rc = take_lines(log, end, &l, &tail);
	if (rc == 0 && tail.len > 0 && !log->writable)
		rc = read_tail(log, tail, end);
	if (rc == 0)
		rc = looks_like_log(log, end, &yes);
	if (!yes) {
		*why = "not a log: it has no event in it";
		rc = -1;
	}
	if (rc == 0 && tail.len > 0 && log->locked &&
	    (rc = mend_tail(log, tail, end, ms)) == 0)
		note_stamp(log);
	ml_lines_free(&l);
	return rc;
}

static int
log_open(struct ml_log **out, const char *path, int writable, int all,
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
	if (open_file(log, path, why) == -1 || forget(log) == -1 ||
	    (log->refused = ml_refused_new(log->path)) == NULL ||
	    catch_up(log, 0, why) == -1) {
		error = errno;
		ml_log_free(log);
		errno = error;
		return -1;
	}
	finish_index(log);
	*out = log;
	return 0;
}

int
ml_log_read(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why)
{
	return log_open(log, path, 0, 0, watch, why);
}

int
ml_log_write(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why)
{
	return log_open(log, path, 1, 0, watch, why);
}

void
ml_log_free(struct ml_log *log)
{
	if (log == NULL)
		return;
	if (log->index != NULL && log->writable)
		finish_index(log);
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
		if (rc == -1 || forget(log) == -1)
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
	return open_dir(log);
}

int
ml_log_unlock(struct ml_log *log)
{
	log->locked = 0;
	return flock(log->fd, LOCK_UN);
}

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

/* What was appended, into the file; nothing is promised yet. */
static int
write_out(struct ml_log *log)
{
	if (log->out.len == 0)
		return 0;
	log->synced = 0;
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
	struct ml_log_place at = { log->lines + 1, log->size + log->out.len, 0 };
	struct ml_feed *feed = feed_of(log, e);
	size_t from = log->out.len;

	ml_event_write(e, &log->out);
	at.len = log->out.len - from;
	ml_buf_byte(&log->out, '\n');
	if (feed == NULL || ml_buf_failed(&log->out)) {
		errno = ENOMEM;
		return -1;
	}
	log->lines++;
	if (e->seq <= feed->tip)
		ml_feed_cover(feed, e, spot_of(&at, record_of(e)));
	else if (ml_feed_extend(log->feeds, feed, e,
	    spot_of(&at, record_of(e))) == -1) {
		errno = ENOMEM;
		return -1;
	}
	if (log->out.len >= WRITE_AT && write_out(log) == -1)
		return -1;
	return settle(log, feed);
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

static int
sync_all(struct ml_log *log)
{
	if (write_out(log) == -1)
		return -1;
	if (!log->synced) {
		mark_time(log);
		if (ml_file_sync(log->fd) == -1)
			return -1;
	}
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
	struct ml_index_state state;

	if (sync_all(log) == -1) {
		log->in_doubt = 1;
		return -1;
	}
	note_stamp(log);
	if (log->size - ml_index_size(log->index) >= INDEX_STEP) {
		add_to_index(log);
		ml_index_publish(log->index);
	}
	state = index_state(log);
	ml_index_restamp(log->index, log->feeds, &state);
	return 0;
}

int
ml_log_sync(struct ml_log *log)
{
	/* nothing is unsynced on what cannot be written */
	if (ml_file_sync(log->fd) == -1 && errno != EROFS && errno != EINVAL &&
	    errno != EBADF)
		return -1;
	return ml_file_sync_dir(log->path) == 0 || errno == EACCES ||
	    errno == EROFS || errno == EBADF ? 0 : -1;
}

struct ml_feeds *
ml_log_feeds(struct ml_log *log)
{
	return log->feeds;
}

/*
 * The index was wrong, though it looked right: read the whole file, and take
 * from that where our events lie.
 */
static int
recover(struct ml_log *log)
{
	const struct ml_log_watch none = { .progress = log->watch.progress,
	    .arg = log->watch.arg };
	struct ml_log *fresh;
	struct ml_index *swap;
	struct ml_feed *f, *g;
	const char *why;
	size_t i;

	if (log->recovered++ || write_out(log) == -1 ||
	    log_open(&fresh, log->path, 0, 1, &none, &why) == -1) {
		errno = EIO;
		return -1;
	}
	for (i = 0; i < ml_feeds_count(log->feeds); i++) {
		f = ml_feeds_at(log->feeds, i);
		g = ml_feeds_find(fresh->feeds, f->author);
		if (g != NULL && g->tip >= f->tip)
			ml_feed_swap_spots(f, g);
	}
	swap = log->index;
	log->index = fresh->index;
	fresh->index = swap;
	ml_index_of(log->index, log->fd);
	ml_log_free(fresh);
	return 0;
}

/* Where an event lies that is in the index, or -1. */
static int
find_place(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    uint64_t *place)
{
	if (seq > f->base) {
		*place = ml_feed_spot(f, seq)->place;
		return 0;
	}
	if (ml_index_place(log->index, f, seq, place))
		return 0;
	errno = EIO;
	return -1;
}

/* Whether a line is that event, as the index says. */
static int
is_event(struct ml_slice text, const struct ml_feed *f, int64_t seq)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	int yes = ml_event_peek(&e, text) ||
	    ml_event_read(&e, text, &scratch) == NULL;

	yes = yes && e.seq == seq && ml_slice_same(e.author, f->author);
	ml_buf_free(&scratch);
	return yes;
}

int
ml_log_line(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_slice *text)
{
	uint64_t place;
	int is_indexed;

	do {
		is_indexed = seq <= f->base;
		if (find_place(log, f, seq, &place) == 0 &&
		    fetch(log, place, text) == 0 &&
		    (!is_indexed || is_event(*text, f, seq)))
			return 0;
	} while (is_indexed && recover(log) == 0);
	return -1;
}

int
ml_log_event(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_event *e)
{
	struct ml_slice text;

	if (ml_log_line(log, f, seq, &text) == -1)
		return -1;
	return read_again(e, text, &log->again);
}

/* Events that may be about a record. */
struct candidates {
	struct ml_log *log;
	struct ml_buf list;		/* of: */
	struct candidate {
		int64_t seq;
		uint32_t feed;
	} one;
};

static int
add_candidate(void *arg, uint32_t feed, int64_t seq)
{
	struct candidates *c = arg;

	if (feed >= ml_feeds_count(c->log->feeds) || seq < 1 ||
	    seq > ml_feeds_at(c->log->feeds, feed)->seq)
		return 0;
	c->one.seq = seq;
	c->one.feed = feed;
	ml_buf_add(&c->list, &c->one, sizeof c->one);
	return 1;
}

static int
find_candidates(struct candidates *c, uint64_t hash)
{
	const struct ml_feed *f;
	int64_t seq;
	size_t i;

	ml_buf_clear(&c->list);
	if (!ml_index_record(c->log->index, hash, c, add_candidate))
		return 0;
	for (i = 0; i < ml_feeds_count(c->log->feeds); i++) {
		f = ml_feeds_at(c->log->feeds, i);
		for (seq = f->base + 1; seq <= f->seq; seq++)
			if (ml_feed_spot(f, seq)->record == hash)
				add_candidate(c, f->index, seq);
	}
	return 1;
}

int
ml_log_record(struct ml_log *log, struct ml_slice id, void *arg,
    void (*each)(void *arg, const struct ml_feed *f, const struct ml_event *e))
{
	struct candidates c = { .log = log };
	const struct ml_feed *f;
	struct ml_event e;
	struct ml_slice of;
	size_t at;
	int rc = 0;

	if (!find_candidates(&c, ml_record_hash(id)) &&
	    (recover(log) == -1 || !find_candidates(&c, ml_record_hash(id)))) {
		errno = EIO;
		rc = -1;
	}
	if (ml_buf_failed(&c.list)) {
		errno = ENOMEM;
		rc = -1;
	}
	for (at = 0; rc == 0 && at < c.list.len; at += sizeof c.one) {
		memcpy(&c.one, c.list.p + at, sizeof c.one);
		f = ml_feeds_at(log->feeds, c.one.feed);
		rc = ml_log_event(log, f, c.one.seq, &e);
		if (rc == 0 && (of = ml_record_of(&e)).p != NULL &&
		    ml_slice_same(of, id))
			each(arg, f, &e);
	}
	ml_buf_free(&c.list);
	return rc;
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
	return unpack(w->place, w->line);
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

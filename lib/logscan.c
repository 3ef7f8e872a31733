/* logscan - what stands in a log's file */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "crew.h"
#include "file.h"
#include "json.h"
#include "logfile.h"

#define PROGRESS_BYTES (1024 * 1024)	/* from one report to the next */
#define BATCHES 8			/* of lines, being read at once */

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
		there = ml_logfile_unpack(ml_feed_spot(feed, from)->place, 0);
		if (ml_log_event(log, feed, from, &other) == -1)
			return -1;
		log->watch.event(log->watch.arg, feed, &other, &there);
	}
	return 0;
}

/* An event whose seq is taken: is it the one that has it? */
static int
compare_held(struct ml_log *log, struct ml_feed *feed,
    const struct ml_event *e, const struct ml_log_place *at,
    struct ml_spot spot)
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
		ml_feed_cover(feed, e, spot);
		return announce(log, feed, before, e, at);
	} else
		find(log, ML_LOG_COPY, "a second copy", at, e, NULL);
	return 0;
}

/* Judge one event that lies at a place of the file. */
static int
place_one(struct ml_log *log, struct ml_feed *feed, const struct ml_event *e,
    const struct ml_log_place *at, struct ml_spot spot)
{
	int64_t before = feed->seq;
	int rc;

	switch (ml_feed_judge(feed, e)) {
	case ML_FIT_NEXT:
		if (ml_feed_extend(log->feeds, feed, e, spot) == -1)
			return -1;
		return announce(log, feed, before, e, at);
	case ML_FIT_BEHIND:
		return compare_held(log, feed, e, at, spot);
	case ML_FIT_AHEAD:
		rc = ml_wait_add(log->wait, feed->index, e, spot.place,
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

int
ml_logfile_settle(struct ml_log *log, struct ml_feed *feed)
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
			struct ml_log_place at = ml_logfile_unpack(list[i].place,
			    list[i].line);

			if (ml_logfile_fetch(log, list[i].place, &text) == -1)
				goto out;
			ml_buf_clear(&copy);
			ml_buf_slice(&copy, text);
			if (ml_logfile_read_again(&e, ml_buf_view(&copy), &scratch) == -1 ||
			    place_one(log, feed, &e, &at, (struct ml_spot){
			    list[i].place, ml_logfile_record(&e) }) == -1)
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

int
ml_logfile_take(struct ml_log *log, const struct ml_event *e,
    const struct ml_log_place *at, struct ml_spot spot)
{
	struct ml_feed *feed = ml_feeds_get(log->feeds, e->author);
	int64_t seq;

	if (feed == NULL)
		return -1;
	seq = feed->tip;
	if (place_one(log, feed, e, at, spot) == -1)
		return -1;
	return feed->tip > seq ? ml_logfile_settle(log, feed) : 0;
}

/*
 * Take in what a batch has come to so far.  *good, if it is set: the end of
 * the last good event and of the message it came in; what is bad is not found
 * then.
 */
static int
take_items(struct ml_log *log, const struct ml_batch *b, uint64_t *good)
{
	const struct ml_batch_item *item;
	struct ml_log_place at;
	struct ml_spot spot;
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
			spot = ml_logfile_spot(item->offset, item->len,
			    item->exact, ml_logfile_record(&item->e));
			if (ml_logfile_take(log, &item->e, &at, spot) == -1)
				return -1;
			if (good != NULL)
				*good = item->end;
		} else if (good == NULL)
			find(log, ML_LOG_DAMAGED, item->why, &at, NULL, NULL);
	}
	return 0;
}

static int
take_batch(struct ml_log *log, struct ml_batch *b, uint64_t *good)
{
	int rc;

	while ((rc = take_items(log, b, good)) == 0 && ml_batch_has_more(b))
		ml_batch_go_on(b);
	return rc;
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
take_lines_read(struct ml_log *log, struct reading *r, uint64_t end)
{
	if (take_batch(log, &r->batch, NULL) == -1)
		return -1;
	if (log->watch.progress != NULL &&
	    r->next / PROGRESS_BYTES != log->size / PROGRESS_BYTES)
		log->watch.progress(log->watch.arg, r->next, end);
	log->size = r->next;
	log->lines = r->number;
	if (log->size - ml_index_size(log->index) >= ML_LOGFILE_STEP)
		ml_logfile_index(log);
	return 0;
}

/* Lines are read and verified on all cores, and come in in order. */
int
ml_logfile_take_lines(struct ml_log *log, uint64_t end, struct ml_lines *l,
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

int
ml_logfile_tail_has_event(struct ml_slice tail)
{
	struct ml_batch b = { 0 };
	size_t i;
	int found = 0;

	if (tail.len == 0)
		return 0;
	ml_batch_add(&b, tail, 1, 0);
	for (ml_batch_work(&b); !b.failed; ml_batch_go_on(&b)) {
		for (i = 0; i < b.items; i++)
			found |= b.item[i].why == NULL;
		if (!ml_batch_has_more(&b))
			break;
	}
	found |= b.failed;		/* who takes it in will say so */
	ml_batch_free(&b);
	return found;
}

/* What of a tail is no event, on a reader's or a writer's way. */
static void
find_torn(struct ml_log *log, uint64_t from, uint64_t end)
{
	struct ml_log_place at = { log->lines + 1, from, end - from };

	find(log, ML_LOG_TORN, "a torn tail", &at, NULL, NULL);
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

int
ml_logfile_mend_tail(struct ml_log *log, struct ml_slice tail,
    uint64_t end, int64_t ms)
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
	log->synced = 0;
	log->wrote = 1;
	log->safe = log->size;
	return 0;
}

/*
 * A reader's way: a tail may be a write that is under way; then it is not
 * there yet.  Only when nobody writes it is what a crash has left.
 */
int
ml_logfile_read_tail(struct ml_log *log, struct ml_slice tail, uint64_t end)
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


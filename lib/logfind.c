/* logfind - to find again what a log's file holds */
#include <errno.h>
#include <string.h>

#include "logfile.h"

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
	int rc;

	if (log->recovered++ || ml_logfile_write_out(log) == -1 ||
	    ml_logfile_open(&fresh, log->path, 0, 1, &none, &why) == -1) {
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
	rc = ml_index_renumber(log->index, fresh->feeds, log->feeds);
	if (fresh->size > log->size)
		ml_index_freeze(log->index);
	ml_log_free(fresh);
	return rc;
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

/* Whether it is that event, as the index says. */
static int
is_event(struct ml_slice text, const struct ml_feed *f, int64_t seq)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	int yes = ml_event_begins(text, f->author, seq) ||
	    (ml_event_read(&e, text, &scratch) == NULL && e.seq == seq &&
	    ml_slice_same(e.author, f->author));

	ml_buf_free(&scratch);
	return yes;
}

/* The text of an event, and whether it is in wire form. */
static int
find_text(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_slice *text, int *exact)
{
	uint64_t place;
	int is_indexed;

	do {
		is_indexed = seq <= f->base;
		if (find_place(log, f, seq, &place) == 0 &&
		    ml_logfile_fetch(log, place, text) == 0 &&
		    (!is_indexed || is_event(*text, f, seq))) {
			*exact = (place & ML_PLACE_EXACT) != 0;
			return 0;
		}
	} while (is_indexed && recover(log) == 0);
	return -1;
}

int
ml_log_line(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_slice *text)
{
	int exact;

	return find_text(log, f, seq, text, &exact);
}

/*
 * One that the index points at was verified when it was indexed, and the file
 * has its time from then; but a disk may rot without a change of time.
 */
static int
is_sound(struct ml_log *log, const struct ml_event *e)
{
	return ml_event_verify(e, &log->body) == NULL;
}

int
ml_log_event(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_event *e)
{
	struct ml_slice text;
	int is_indexed;

	do {
		is_indexed = seq <= f->base;
		if (ml_log_line(log, f, seq, &text) == -1 ||
		    ml_logfile_read_again(e, text, &log->again) == -1)
			return -1;
		if (!is_indexed || is_sound(log, e))
			return 0;
	} while (recover(log) == 0);
	return -1;
}

int
ml_log_wire(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_buf *out, int *sealed)
{
	struct ml_slice text;
	struct ml_event e;
	int exact;

	if (find_text(log, f, seq, &text, &exact) == -1)
		return -1;
	if (exact) {
		ml_buf_slice(out, text);
		*sealed = ml_event_wire_sealed(text);
		return 0;
	}
	if (ml_logfile_read_again(&e, text, &log->again) == -1)
		return -1;
	ml_event_write(&e, out);
	*sealed = e.seal.len > 0;
	return 0;
}

/* A piece that was copied, or not. */
static void
told(void *arg, const struct ml_feed *f, int64_t from, int64_t to, int good,
    struct ml_slice text)
{
	struct ml_log *log = arg;
	struct ml_log_copying *c = &log->copying;
	int sealed;

	if (c->rc == -1)
		return;
	ml_buf_clear(&c->text);
	/* one that stands there in another spelling, or an index that is wrong */
	for (; !good && c->rc == 0 && from <= to; from++) {
		c->rc = ml_log_wire(log, f, from, &c->text, &sealed);
		ml_buf_byte(&c->text, '\n');
	}
	if (c->rc == 0 && ml_buf_failed(&c->text)) {
		errno = ENOMEM;
		c->rc = -1;
	}
	if (c->rc == 0)
		c->each(c->arg, good ? text : ml_buf_view(&c->text));
}

/* Have the next events of a feed copied. */
static void
gather(struct ml_log *log, struct ml_gather *g, const struct ml_feed *f,
    int64_t from, size_t n)
{
	uint64_t *place = ml_gather_room(g, f, from, n);
	size_t i;

	for (i = 0; i < n; i++)
		if (find_place(log, f, from + (int64_t)i, &place[i]) == -1)
			place[i] = 0;	/* not exact: ml_log_wire() sees to it */
	ml_gather_give(g);
}

int
ml_log_copy(struct ml_log *log, const struct ml_feed *f, int64_t from,
    void *arg, void (*each)(void *arg, struct ml_slice lines))
{
	struct ml_log_copying *c = &log->copying;
	int64_t left;
	size_t n;

	c->arg = arg;
	c->each = each;
	if (c->gather == NULL && f->seq - from < ML_GATHER_EVENTS / 2) {
		told(log, f, from, f->seq, 0, ml_buf_view(&c->text));
		return c->rc;		/* no work for many */
	}
	if (c->gather == NULL &&
	    (c->gather = ml_gather_new(log->fd, log, told)) == NULL)
		return -1;
	for (; c->rc == 0 && from <= f->seq; from += (int64_t)n) {
		left = f->seq - from + 1;
		n = left < ML_GATHER_EVENTS ? (size_t)left : ML_GATHER_EVENTS;
		gather(log, c->gather, f, from, n);
	}
	return c->rc;
}

int
ml_log_copied(struct ml_log *log)
{
	struct ml_log_copying *c = &log->copying;
	int rc;

	if (c->gather != NULL)
		ml_gather_end(c->gather);
	rc = c->rc;
	ml_logfile_forget_copies(log);
	return rc;
}

void
ml_logfile_forget_copies(struct ml_log *log)
{
	ml_gather_free(log->copying.gather);
	ml_buf_free(&log->copying.text);
	memset(&log->copying, 0, sizeof log->copying);
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

	if (feed >= ml_feeds_count(c->log->feeds) || seq < 1)
		return 0;
	if (seq > ml_feeds_at(c->log->feeds, feed)->seq)
		return 1;		/* no seal covers it as far as we have read */
	c->one.seq = seq;
	c->one.feed = feed;
	ml_buf_add(&c->list, &c->one, sizeof c->one);
	return 1;
}

/* From the index: of what lies behind, the spots are at hand. */
static int
add_indexed(void *arg, uint32_t feed, int64_t seq)
{
	const struct candidates *c = arg;

	return (feed < ml_feeds_count(c->log->feeds) &&
	    seq > ml_feeds_at(c->log->feeds, feed)->base) ||
	    add_candidate(arg, feed, seq);
}

static int
find_candidates(struct candidates *c, uint64_t hash)
{
	const struct ml_feed *f;
	int64_t seq;
	size_t i;

	ml_buf_clear(&c->list);
	if (!ml_index_record(c->log->index, hash, c, add_indexed))
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

	if (!find_candidates(&c, ml_change_hash(id)) &&
	    (recover(log) == -1 || !find_candidates(&c, ml_change_hash(id)))) {
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
		if (rc == 0 && (of = ml_change_record(&e)).p != NULL &&
		    ml_slice_same(of, id))
			each(arg, f, &e);
	}
	ml_buf_free(&c.list);
	return rc;
}


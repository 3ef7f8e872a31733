/* gossipline - what an exchange says and hears, as lines of JSON */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frontier.h"
#include "gossipline.h"
#include "message.h"
#include "seal.h"

static int
say_frontier(struct ml_log *log, int64_t taken, struct ml_buf *out)
{
	size_t n;
	struct ml_feed **feed = ml_feeds_sorted(ml_log_feeds(log), &n);

	if (feed == NULL)
		return -1;
	ml_frontier_write_message(feed, n, taken, out);
	free(feed);
	return 0;
}

int
ml_gossipline_events(struct ml_log *log, const struct ml_feed *f,
    int64_t from, int64_t to, size_t *n, struct ml_buf *out)
{
	size_t covered = 0, end = 0, i;
	int sealed;

	ml_message_begin(out);
	for (i = 0; (from <= to || covered == 0) && from <= f->seq; from++) {
		if (i++ > 0)
			ml_buf_byte(out, ',');
		if (ml_log_wire(log, f, from, out, &sealed) == -1)
			return -1;
		if (!f->keyed || sealed) {
			covered = i;
			end = out->len;
		}
	}
	if (covered > 0)
		out->len = end;
	*n = covered > 0 ? covered : i;
	ml_message_end(out);
	return 0;
}

/* Append the events from..to that have a seal, n of them. */
static int
add_sealed(struct ml_log *log, const struct ml_feed *f, int64_t from,
    int64_t to, size_t *n, struct ml_buf *out)
{
	size_t before;
	int sealed;

	for (; from <= to; from++) {
		before = out->len;
		if (*n > 0)
			ml_buf_byte(out, ',');
		if (ml_log_wire(log, f, from, out, &sealed) == -1)
			return -1;
		if (sealed)
			++*n;
		else
			out->len = before;
	}
	return 0;
}

/*
 * What proves that the event with this seq is another than the peer's: itself,
 * or where only a seal proves anything and it has none, those around it.
 */
static int
say_evidence(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    size_t *n, struct ml_buf *out)
{
	int64_t first = seq > ML_SEAL_RUN ? seq - ML_SEAL_RUN + 1 : 1;
	size_t begin;
	int sealed, rc = 0;

	ml_message_begin(out);
	begin = out->len;
	if (ml_log_wire(log, f, seq, out, &sealed) == -1)
		return -1;
	*n = 1;
	if (f->keyed && !sealed) {
		out->len = begin;
		*n = 0;
		rc = add_sealed(log, f, first, seq < f->seq ? seq + 1 : seq, n,
		    out);
	}
	ml_message_end(out);
	return rc;
}

static int
say(struct ml_gossip *g, const struct ml_gossip_wish *wish,
    struct ml_log *log, int64_t now, struct ml_buf *out)
{
	const struct ml_feed *f = ml_feeds_find(ml_log_feeds(log),
	    wish->author);
	int64_t head = f != NULL ? f->seq : 0;
	size_t from = out->len, n = 0;
	int rc;

	if (head < wish->to) {		/* the log is another one by now */
		ml_gossip_hold(g, wish->author, head);
		if (head < wish->from) {
			ml_gossip_sent(g, wish, 0, now);
			return 0;
		}
	}
	rc = wish->what == ML_GOSSIP_EVENTS ?
	    ml_gossipline_events(log, f, wish->from, wish->to, &n, out) :
	    say_evidence(log, f, wish->from, &n, out);
	if (rc == 0)
		ml_gossip_sent(g, wish, n, now);
	if (n == 0)
		out->len = from;
	else
		ml_buf_byte(out, '\n');
	return rc;
}

int
ml_gossipline_say(struct ml_gossip *g, const struct ml_gossip_wish *wish,
    struct ml_log *log, int64_t now, struct ml_buf *out)
{
	int rc = 0;

	switch (wish->what) {
	case ML_GOSSIP_FRONTIER:
		rc = say_frontier(log, wish->taken, out);
		break;
	case ML_GOSSIP_DONE:
		ml_message_done(out, wish->taken);
		break;
	case ML_GOSSIP_EVENTS:
	case ML_GOSSIP_EVIDENCE:
		rc = say(g, wish, log, now, out);
		goto out;
	default:
		return 0;
	}
	ml_buf_byte(out, '\n');
out:
	if (rc == 0 && ml_buf_failed(out)) {
		errno = ENOMEM;
		rc = -1;
	}
	return rc;
}

/* Our id of an event of which the peer has told its own.  0, or -1. */
static int
compare(struct ml_gossip *g, const struct ml_frontier_entry *e,
    struct ml_log *log, void *arg, void (*differs)(void *arg,
    const struct ml_feed *f, int64_t seq, const uint8_t *ours,
    const uint8_t *theirs))
{
	const struct ml_feed *f = ml_feeds_find(ml_log_feeds(log), e->author);
	const uint8_t *ours;
	struct ml_event event;

	if (f == NULL || e->seq > f->seq)
		return 0;
	ours = f->id;
	if (e->seq < f->seq) {
		if (ml_log_event(log, f, e->seq, &event) == -1)
			return -1;
		ours = event.id;
	}
	if (memcmp(ours, e->id, ML_ID_LEN) == 0)
		return 0;
	ml_gossip_fork(g, e->author, e->seq);
	differs(arg, f, e->seq, ours, e->id);
	return 0;
}

const char *
ml_gossipline_hear(struct ml_gossip *g, struct ml_slice line,
    struct ml_log *log, int64_t now, void *arg, void (*differs)(void *arg,
    const struct ml_feed *f, int64_t seq, const uint8_t *ours,
    const uint8_t *theirs), int *news, int *failed)
{
	const struct ml_frontier_entry *e;
	struct ml_frontier *f;
	const char *why = ml_frontier_read(&f, line);
	size_t i, n;

	*news = *failed = 0;
	if (why != NULL)
		return why;
	ml_gossip_frontier(g, ml_frontier_taken(f), ml_frontier_has_ids(f));
	e = ml_frontier_entries(f, &n);
	for (i = 0; i < n && !*failed; i++)
		if (ml_gossip_entry(g, e[i].author, e[i].seq, e[i].has_id,
		    now))
			*failed = compare(g, &e[i], log, arg, differs) == -1;
	*news = ml_gossip_frontier_end(g, now);
	ml_frontier_free(f);
	return NULL;
}

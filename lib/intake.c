/* intake - events from others into a log */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "intakework.h"

struct ml_intake *
ml_intake_new(struct ml_log *log, const struct ml_trust *trust,
    struct ml_slice own, void *arg, ml_intake_told *told,
    ml_intake_bad_held *bad_held)
{
	struct ml_intake *in = calloc(1, sizeof *in);

	if (in == NULL)
		return NULL;
	in->log = log;
	in->trust = trust;
	in->own = own;
	in->arg = arg;
	in->told = told;
	in->bad_held = bad_held;
	randombytes_buf(in->key, sizeof in->key);
	in->trains = ml_trains_new();
	in->held = ml_held_new(ml_log_path(log));
	if (in->held == NULL || in->trains == NULL) {
		ml_intake_free(in);
		return NULL;
	}
	return in;
}

void
ml_intake_free(struct ml_intake *in)
{
	if (in == NULL)
		return;
	ml_held_free(in->held);
	ml_trains_free(in->trains);
	free(in->standing);
	ml_table_free(&in->outsiders);
	ml_buf_free(&in->touched);
	ml_buf_free(&in->why);
	ml_buf_free(&in->text);
	ml_buf_free(&in->other);
	ml_buf_free(&in->body);
	ml_buf_free(&in->slot);
	ml_buf_free(&in->scratch);
	free(in);
}

static size_t
count_authors(const struct ml_feeds *feeds)
{
	size_t i, n = 0;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		n += ml_feeds_at(feeds, i)->tip > 0;
	return n;
}

void
ml_intake_trust(struct ml_intake *in, const struct ml_trust *trust)
{
	size_t i;

	in->trust = trust;
	for (i = 0; i < in->standings; i++)
		in->standing[i].judged = 0;
}

/* A feed of which something came, or for which something waits. */
static int
go_on(struct ml_intake *in, const struct ml_feed *f)
{
	struct ml_standing *s = ml_intake_standing(in, f);

	if (s == NULL)
		return ml_intake_no_memory();
	s->touched = 0;
	if (s->admit.listed || f->keyed || (f->tip == 0 &&
	    ml_author_is_hash(f->author)))
		return ml_intake_resolve(in, f);
	return ml_intake_settle(in, f, f->tip);
}

/*
 * A writer that died, or one that does not look here, may have left in .held
 * what the log has by now, or what has its turn.
 */
static int
sweep(struct ml_intake *in)
{
	struct ml_feeds *feeds = ml_log_feeds(in->log);
	const struct ml_waiting *all;
	int64_t *taken;			/* seqs that the log has, by entry */
	uint32_t *feed;
	uint8_t *waits;			/* by feed: something of it is held */
	size_t n, i, many = 0;
	int rc = 0;

	all = ml_wait_all(ml_held_waiting(in->held), &n);
	taken = calloc(n + 1, sizeof *taken);
	feed = calloc(n + 1, sizeof *feed);
	waits = calloc(ml_feeds_count(feeds) + 1, 1);
	if (taken == NULL || feed == NULL || waits == NULL) {
		free(taken);
		free(feed);
		free(waits);
		return ml_intake_no_memory();
	}
	for (i = 0; i < n; i++) {
		if (all[i].seq == 0)
			continue;
		feed[many] = all[i].feed;
		waits[all[i].feed] = 1;
		if (all[i].seq <= ml_feeds_at(feeds, all[i].feed)->seq)
			taken[many] = all[i].seq;
		many++;
	}
	for (i = 0; rc == 0 && i < many; i++)
		if (taken[i] > 0)
			rc = ml_intake_decide_slot(in,
			    ml_feeds_at(feeds, feed[i]), taken[i]);
	for (i = 0; rc == 0 && i < ml_feeds_count(feeds); i++)
		if (waits[i])
			rc = go_on(in, ml_feeds_at(feeds, i));
	free(waits);
	free(taken);
	free(feed);
	return rc;
}

/* A line in .held that is no event: it goes where somebody may look at it. */
static int
bad_held(void *arg, uint64_t number, const char *why, struct ml_slice line)
{
	struct ml_intake *in = arg;

	in->bad_held(in->arg, ml_held_path(in->held), number, why);
	return ml_intake_refuse(in, why, line);
}

int
ml_intake_begin(struct ml_intake *in, double seconds, int64_t ms,
    const char **why)
{
	int rc, changed;

	in->ms = ms;
	in->failed = ml_log_path(in->log);
	if (ml_log_lock(in->log, seconds, ms, why) == -1)
		return -1;
	changed = in->generation != ml_log_generation(in->log);
	if (changed) {
		/* the log is another one now, or was read anew */
		in->generation = ml_log_generation(in->log);
		in->authors = count_authors(ml_log_feeds(in->log));
		in->standings = 0;
		ml_buf_clear(&in->touched);
	}
	in->failed = ml_held_path(in->held);
	if ((rc = ml_held_load(in->held, in->log, in, bad_held)) == -1)
		return -1;
	if (!changed && rc == 0 && !ml_log_others_wrote(in->log))
		return 0;
	in->sweeping++;
	rc = ml_intake_uncouple_all(in) == -1 ? -1 : sweep(in);
	in->sweeping--;
	return rc;
}

int
ml_intake_offer(struct ml_intake *in, const struct ml_event *e)
{
	struct ml_feeds *feeds = ml_log_feeds(in->log);
	const struct ml_feed *f = ml_feeds_find(feeds, e->author);
	int64_t tip = f != NULL ? f->tip : 0;
	int rc;

	in->failed = ml_log_path(in->log);
	in->offered = e;
	rc = ml_intake_decide(in, f, e);
	in->offered = NULL;
	if (rc == -1)
		return -1;
	if (f == NULL && (f = ml_feeds_find(feeds, e->author)) == NULL)
		return 0;
	return f->tip > tip ? ml_intake_settle(in, f, tip) : 0;
}

/* The author and the number that a line of ours begins with. */
static int
peek(struct ml_slice line, struct ml_slice *author, int64_t *seq)
{
	static const char a[] = "{\"a\":\"", s[] = "\",\"s\":";
	const char *p = line.p, *end = line.p + line.len;

	if (line.len < sizeof a || memcmp(p, a, sizeof a - 1) != 0)
		return 0;
	author->p = p += sizeof a - 1;
	if ((p = memchr(p, '"', (size_t)(end - p))) == NULL ||
	    (size_t)(end - p) < sizeof s || memcmp(p, s, sizeof s - 1) != 0)
		return 0;
	author->len = (size_t)(p - author->p);
	p += sizeof s - 1;
	for (*seq = 0; p < end && *p >= '0' && *p <= '9' &&
	    *seq < ML_SEQ_MAX / 10; p++)
		*seq = *seq * 10 + (*p - '0');
	return *seq > 0 && p < end && *p == ',';
}

int
ml_intake_has_line(struct ml_intake *in, struct ml_slice line)
{
	struct ml_slice author, text;
	const struct ml_feed *f;
	int64_t seq;

	if (!peek(line, &author, &seq))
		return 0;
	f = ml_feeds_find(ml_log_feeds(in->log), author);
	/* where it cannot be read, the line is decided on as any other */
	return f != NULL && seq <= f->seq &&
	    ml_log_line(in->log, f, seq, &text) == 0 &&
	    ml_slice_same(text, line);
}

static int
eviction_order(void *arg, uint32_t feed)
{
	struct ml_intake *in = arg;
	const struct ml_feed *f = ml_feeds_at(ml_log_feeds(in->log), feed);

	return f->keyed || ml_author_is_hash(f->author);
}

/* All that were touched; those whose train waits are touched for the next
 * group. */
static int
all_go_on(struct ml_intake *in)
{
	const struct ml_feed *f;
	uint32_t feed;
	size_t at, waits = 0;

	for (at = 0; at < in->touched.len; at += sizeof feed) {
		memcpy(&feed, in->touched.p + at, sizeof feed);
		f = ml_feeds_at(ml_log_feeds(in->log), feed);
		if (go_on(in, f) == -1)
			return -1;
		if (!ml_trains_has(in->trains, f))
			continue;
		in->standing[feed].touched = 1;
		memcpy(in->touched.p + waits, &feed, sizeof feed);
		waits += sizeof feed;
	}
	in->touched.len = waits;
	return 0;
}

int
ml_intake_commit(struct ml_intake *in, int more)
{
	in->more = more;
	if (ml_trains_verify(in->trains, ml_log_feeds(in->log)) == -1)
		return ml_intake_no_memory();
	if (all_go_on(in) == -1)
		return -1;
	if (ml_trains_keep(in->trains) == -1)
		return ml_intake_no_memory();
	in->failed = ml_log_path(in->log);
	if (ml_log_commit(in->log) == -1)
		return -1;
	in->failed = ml_held_path(in->held);
	if (ml_held_evict(in->held, in, eviction_order, &in->dropped) == -1 ||
	    ml_held_commit(in->held) == -1)
		return -1;
	in->failed = ml_refused_path(ml_log_refused(in->log));
	if (ml_refused_commit(ml_log_refused(in->log)) == -1)
		return -1;
	/* only what is safe in the log may leave .held; if that fails, later */
	(void)ml_held_tidy(in->held);
	return ml_log_unlock(in->log);
}

const char *
ml_intake_failed(const struct ml_intake *in)
{
	return in->failed;
}

uint64_t
ml_intake_dropped(const struct ml_intake *in)
{
	return in->dropped;
}

size_t
ml_intake_held(const struct ml_intake *in)
{
	return ml_held_count(in->held) +
	    ml_wait_count(ml_log_waiting(in->log));
}

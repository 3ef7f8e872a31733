/* intake - events from others into a log */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "text.h"

struct ml_intake {
	struct ml_log *log;
	struct ml_held *held;
	void *arg;
	ml_intake_told *told;
	ml_intake_bad_held *bad_held;
	int64_t ms;			/* now */
	uint64_t dropped;
	int sweeping;			/* .held, not what was offered */
	struct ml_buf why, text, held_text;
};

struct ml_intake *
ml_intake_new(struct ml_log *log, void *arg, ml_intake_told *told,
    ml_intake_bad_held *bad_held)
{
	struct ml_intake *in = calloc(1, sizeof *in);

	if (in == NULL)
		return NULL;
	in->log = log;
	in->arg = arg;
	in->told = told;
	in->bad_held = bad_held;
	if ((in->held = ml_held_new(ml_log_path(log))) == NULL) {
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
	ml_buf_free(&in->why);
	ml_buf_free(&in->text);
	ml_buf_free(&in->held_text);
	free(in);
}

int
ml_intake_refuse(struct ml_intake *in, const char *why, struct ml_slice text)
{
	return ml_refused_add(ml_log_refused(in->log), in->ms, why, text);
}

/* A line in .held that is no event: it goes where somebody may look at it. */
static int
bad_held(void *arg, uint64_t number, const char *why, struct ml_slice line)
{
	struct ml_intake *in = arg;

	in->bad_held(in->arg, ml_held_path(in->held), number, why);
	return ml_intake_refuse(in, why, line);
}

/* Refuse e for the reason in in->why; held: what the log has in its place. */
static int
refuse(struct ml_intake *in, const struct ml_event *e,
    const struct ml_event *held)
{
	ml_buf_byte(&in->why, '\0');
	ml_buf_clear(&in->text);
	ml_buf_clear(&in->held_text);
	ml_event_write(e, &in->text);
	if (held != NULL)
		ml_event_write(held, &in->held_text);
	if (ml_buf_failed(&in->why) || ml_buf_failed(&in->text) ||
	    ml_buf_failed(&in->held_text)) {
		errno = ENOMEM;
		return -1;
	}
	in->told(in->arg, held != NULL ? ML_FORKED : ML_REFUSED, e, in->why.p);
	if (held == NULL)
		return ml_intake_refuse(in, in->why.p, ml_buf_view(&in->text));
	return ml_refused_fork(ml_log_refused(in->log), in->ms, in->why.p,
	    e->author, ml_buf_view(&in->text), ml_buf_view(&in->held_text));
}

/* Its seq is taken: by itself, or by another one. */
static int
compare(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event held;

	if (ml_log_event(in->log, f, e->seq, &held) == -1)
		return -1;
	if (memcmp(held.id, e->id, sizeof held.id) == 0) {
		if (!in->sweeping)
			in->told(in->arg, ML_HAD, e, NULL);
		return 0;
	}
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, "fork: two events of author \"");
	ml_text_canon(&in->why, e->author);
	ml_buf_str(&in->why, "\" have seq ");
	ml_buf_int(&in->why, e->seq);
	ml_buf_str(&in->why, ": this log holds ");
	ml_id_write(held.id, &in->why);
	ml_buf_str(&in->why, ", refused ");
	ml_id_write(e->id, &in->why);
	return refuse(in, e, &held);
}

/* One event into its feed.  What it makes possible is for settle(). */
static int
decide(struct ml_intake *in, struct ml_feed *f, const struct ml_event *e)
{
	int rc;

	switch (ml_feed_judge(f, e)) {
	case ML_FIT_NEXT:
		if (ml_log_append(in->log, e) == -1)
			return -1;
		in->told(in->arg, ML_STORED, e, NULL);
		return 0;
	case ML_FIT_BEHIND:
		return compare(in, f, e);
	case ML_FIT_AHEAD:
		if (ml_wait_has(ml_log_waiting(in->log), e->id))
			rc = 0;
		else
			rc = ml_held_add(in->held, f, e);
		if (rc != -1)
			in->told(in->arg, ML_HELD, e, NULL);
		return rc == -1 ? -1 : 0;
	case ML_FIT_ASTRAY:
		break;
	}
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, "prev: does not match, event ");
	ml_buf_int(&in->why, f->seq);
	ml_buf_str(&in->why, " of author \"");
	ml_text_canon(&in->why, e->author);
	ml_buf_str(&in->why, "\" is ");
	if (f->seq > 0)
		ml_id_write(f->id, &in->why);
	else
		ml_buf_str(&in->why, "none");
	return refuse(in, e, NULL);
}

/* What was held for one slot, oldest first. */
static int
decide_slot(struct ml_intake *in, struct ml_feed *f, int64_t seq)
{
	struct ml_waiting *list;
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e;
	size_t i, n;
	int rc;

	rc = ml_held_take(in->held, f, seq, &list, &n);
	for (i = 0; rc == 0 && i < n; i++) {
		ml_buf_clear(&text);
		if ((rc = ml_held_text(in->held, &list[i], &text)) == -1)
			break;
		if (ml_event_read(&e, ml_buf_view(&text), &scratch) != NULL) {
			errno = EIO;	/* it was read before */
			rc = -1;
		} else
			rc = decide(in, f, &e);
	}
	free(list);
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/* The feed has grown from seq on: whose turn is it now? */
static int
settle(struct ml_intake *in, struct ml_feed *f, int64_t seq)
{
	while (ml_held_count(in->held) > 0 && seq++ <= f->seq)
		if (decide_slot(in, f, seq) == -1)
			return -1;
	return 0;
}

struct slot {
	uint32_t feed;
	int64_t seq;
};

/*
 * A writer that died, or one that does not look here, may have left in .held
 * what the log has by now, or what has its turn.
 */
static int
sweep(struct ml_intake *in)
{
	struct ml_feeds *feeds = ml_log_feeds(in->log);
	const struct ml_waiting *all;
	struct slot *due;
	struct ml_feed *f;
	size_t n, i, many = 0;
	int rc = 0;

	all = ml_wait_all(ml_held_waiting(in->held), &n);
	if ((due = calloc(n + 1, sizeof *due)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (all[i].seq > 0 &&
		    all[i].seq <= ml_feeds_at(feeds, all[i].feed)->seq + 1)
			due[many++] = (struct slot){ all[i].feed, all[i].seq };
	for (i = 0; rc == 0 && i < many; i++) {
		f = ml_feeds_at(feeds, due[i].feed);
		if ((rc = decide_slot(in, f, due[i].seq)) == 0)
			rc = settle(in, f, f->seq);
	}
	free(due);
	return rc;
}

int
ml_intake_begin(struct ml_intake *in, double seconds, int64_t ms,
    const char **why)
{
	int rc;

	in->ms = ms;
	if (ml_log_lock(in->log, seconds, ms, why) == -1)
		return -1;
	rc = ml_held_load(in->held, ml_log_feeds(in->log), in, bad_held);
	if (rc == 1) {
		in->sweeping = 1;
		rc = sweep(in);
		in->sweeping = 0;
	}
	return rc;
}

int
ml_intake_offer(struct ml_intake *in, const struct ml_event *e)
{
	struct ml_feed *f = ml_feeds_get(ml_log_feeds(in->log), e->author);
	int64_t seq;

	if (f == NULL) {
		errno = ENOMEM;
		return -1;
	}
	seq = f->seq;
	if (decide(in, f, e) == -1)
		return -1;
	return f->seq > seq ? settle(in, f, seq) : 0;
}

int
ml_intake_commit(struct ml_intake *in)
{
	if (ml_held_evict(in->held, &in->dropped) == -1 ||
	    ml_refused_commit(ml_log_refused(in->log)) == -1 ||
	    ml_held_commit(in->held) == -1 || ml_log_commit(in->log) == -1)
		return -1;
	/* only what is safe in the log may leave .held; if that fails, later */
	(void)ml_held_tidy(in->held);
	return ml_log_unlock(in->log);
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

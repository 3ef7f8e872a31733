/* intakeevent - one event: may it in, and is it its turn? */
#include <stdlib.h>
#include <string.h>

#include "intakework.h"

#define MANY_SETTLED 16		/* one after another: more will follow */

struct ml_standing *
ml_intake_standing(struct ml_intake *in, const struct ml_feed *f)
{
	struct ml_standing *more;
	size_t n;

	if (f->index >= in->standings) {
		n = in->standings * 2 > f->index ? in->standings * 2 :
		    (size_t)f->index + 16;
		if ((more = realloc(in->standing, n * sizeof *more)) == NULL)
			return NULL;
		memset(more + in->standings, 0,
		    (n - in->standings) * sizeof *more);
		in->standing = more;
		in->standings = n;
	}
	more = &in->standing[f->index];
	if (!more->judged)
		more->admit = ml_admit_author(in->trust, in->own, f->author);
	more->judged = 1;
	return more;
}

/* Something of this feed came in this group. */
static int
touch(struct ml_intake *in, const struct ml_feed *f, struct ml_standing *s)
{
	if (!s->touched)
		ml_buf_add(&in->touched, &f->index, sizeof f->index);
	s->touched = 1;
	return ml_buf_failed(&in->touched) ? -1 : 0;
}

const char *
ml_intake_full(const struct ml_intake *in)
{
	return ml_trust_is_default(in->trust) &&
	    in->authors >= ML_TRUST_AUTHORS_MAX ?
	    "author: more than 4096 of them need a trust file" : NULL;
}

/* Whether e was in the log before a line was damaged: it lies there still, or
 * what follows it does. */
static int
is_lost(const struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	const struct ml_wait *filed = ml_log_waiting(in->log);
	uint32_t next = ml_wait_first(filed, f->index, e->seq + 1);

	return ml_wait_find(filed, f->index, e->seq, e->id) != ML_WAIT_NONE ||
	    (next != ML_WAIT_NONE && memcmp(ml_wait_at(filed, next)->prev,
	    e->id, sizeof e->id) == 0);
}

/* One event of a plain feed; ml_intake_settle() sees to what that makes
 * possible. */
static int
decide_plain(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event bare;

	switch (ml_feed_judge(f, e)) {
	case ML_FIT_NEXT:
		/* its first would have had it need seals: another one is */
		if (ml_intake_uncouple(in, f) == -1)
			return -1;
		if (f->tip == 0)
			in->authors++;
		bare = *e;
		bare.seal.len = 0;	/* nobody could verify it */
		if (ml_log_append(in->log, &bare) == -1)
			return -1;
		in->told(in->arg, ML_STORED, e, NULL);
		return 0;
	case ML_FIT_BEHIND:
		return ml_intake_compare(in, f, e);
	case ML_FIT_AHEAD:
		return ml_intake_hold(in, f, e);
	case ML_FIT_ASTRAY:
		break;
	}
	return ml_intake_refuse_astray(in, f, e);
}

/*
 * One event of a feed that needs seals, or of one of which nothing is known
 * yet.  It waits for ml_intake_resolve() unless it is plainly too late.
 */
static int
decide_keyed(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event held;

	if (e->seq <= f->seq)
		return ml_intake_compare(in, f, e);
	if (e->seq <= f->tip && e->seal.len == 0) {
		/* in the log already, and waiting there for a seal */
		if (ml_log_event(in->log, f, e->seq, &held) == -1)
			return -1;
		if (memcmp(held.id, e->id, sizeof held.id) == 0) {
			in->told(in->arg, ML_HELD, e, NULL);
			return 0;
		}
	}
	return ml_intake_couple(in, f, e);
}

int
ml_intake_decide(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	const struct ml_feed none = { .author = e->author };
	struct ml_standing *s = NULL;
	struct ml_admit admit;
	enum ml_admit_seal seal;
	const char *why;

	/* trusted or not, its seq is here */
	if (f != NULL && e->seq <= f->seq)
		return ml_intake_compare(in, f, e);
	if (f != NULL && (s = ml_intake_standing(in, f)) == NULL)
		return ml_intake_no_memory();
	admit = s != NULL ? s->admit :
	    ml_admit_author(in->trust, in->own, e->author);
	why = ml_admit_event(&admit, f != NULL ? f : &none, e);
	if (why == NULL && (f == NULL || f->tip == 0))
		why = ml_intake_full(in);
	if (why != NULL && f != NULL && is_lost(in, f, e))
		why = NULL;		/* it was let in once */
	if (why == NULL && f == NULL && e->seq > 1 &&
	    ml_feeds_count(ml_log_feeds(in->log)) - in->authors >=
	    ML_HELD_AUTHORS_MAX)
		why = "author: too many others wait for their first event";
	if (why != NULL)
		return ml_intake_refuse_outsider(in, e, why);
	seal = ml_admit_needs_seal(&admit, f != NULL ? f : &none, e);
	if (f == NULL && e->seq == 1 && e->prev.len > 0)
		return ml_intake_refuse_astray(in, &none, e);
	if (f == NULL && (f = ml_feeds_get(ml_log_feeds(in->log),
	    e->author)) == NULL)
		return ml_intake_no_memory();
	if ((s = ml_intake_standing(in, f)) == NULL || touch(in, f, s) == -1)
		return ml_intake_no_memory();
	return seal == ML_SEAL_NOT_NEEDED ? decide_plain(in, f, e) :
	    decide_keyed(in, f, e);
}

int
ml_intake_decide_slot(struct ml_intake *in, const struct ml_feed *f,
    int64_t seq)
{
	struct ml_waiting *list;
	struct ml_event e;
	size_t i, n;
	int rc;

	rc = ml_held_take(in->held, f, seq, &list, &n);
	for (i = 0; rc == 0 && i < n; i++)
		if ((rc = ml_intake_taken_event(in, &list[i], &in->slot,
		    &in->scratch, &e)) == 0)
			rc = ml_intake_decide(in, f, &e);
	free(list);
	return rc;
}

int
ml_intake_settle(struct ml_intake *in, const struct ml_feed *f, int64_t seq)
{
	int64_t from = seq;
	int rc = 0;

	while (rc == 0 && ml_held_has(in->held, f) && seq++ <= f->tip) {
		if (seq - from > MANY_SETTLED)
			ml_held_soon(in->held, f, seq);
		rc = ml_intake_decide_slot(in, f, seq);
	}
	ml_held_soon_end(in->held);
	return rc;
}

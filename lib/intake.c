/* intake - events from others into a log */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "intake.h"
#include "run.h"
#include "text.h"
#include "train.h"

#define STRAYS_WALKED_MAX 64	/* unsealed events looked at to name a sender */
#define MANY_SETTLED 16		/* one after another: more will follow */
#define OUTSIDERS_MAX 4096	/* refused authors of whom evidence is kept */

/* What is known of an author, by feed index. */
struct standing {
	struct ml_admit admit;
	uint8_t judged;			/* the above is set */
	uint8_t touched;		/* in this group: it may go on */
};

struct ml_intake {
	struct ml_log *log;
	const struct ml_trust *trust;
	struct ml_slice own;
	struct ml_held *held;
	struct ml_trains *trains;
	const struct ml_event *offered;	/* lasts until the group's end */
	int more;			/* groups are at hand */
	void *arg;
	ml_intake_told *told;
	ml_intake_bad_held *bad_held;
	int64_t ms;			/* now */
	uint64_t dropped;
	int sweeping;			/* through .held, not what was offered */
	struct standing *standing;
	size_t standings;
	unsigned generation;		/* of the feeds that they are about */
	const struct ml_feed *last;	/* that was asked for: it is often next */
	struct ml_table outsiders;	/* authors that were kept out, by hash */
	uint32_t outsiders_known;
	uint8_t key[ML_TABLE_KEY_LEN];
	const char *failed;		/* the file that it was about */
	size_t authors;			/* that the log has */
	struct ml_buf touched;		/* uint32_t: indices of feeds */
	struct ml_buf why, text, other, body;
	struct ml_buf slot, scratch;	/* of an event that was held */
};

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

static int
no_memory(void)
{
	errno = ENOMEM;
	return -1;
}

/* The feed of an author, NULL if there is none. */
static const struct ml_feed *
feed_of(struct ml_intake *in, struct ml_slice author)
{
	const struct ml_feed *f = in->last;

	if (f == NULL || !ml_slice_same(f->author, author))
		f = ml_feeds_find(ml_log_feeds(in->log), author);
	if (f != NULL)
		in->last = f;
	return f;
}

/* What may this author do?  NULL: no memory. */
static struct standing *
standing_of(struct ml_intake *in, const struct ml_feed *f)
{
	struct standing *more;
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

/* Refuse for the reason in in->why; held, if set, is what the log has. */
static int
refuse(struct ml_intake *in, const struct ml_event *e,
    const struct ml_event *held, int keep)
{
	ml_buf_byte(&in->why, '\0');
	ml_buf_clear(&in->text);
	ml_buf_clear(&in->other);
	ml_event_write(e, &in->text);
	if (held != NULL)
		ml_event_write(held, &in->other);
	if (ml_buf_failed(&in->why) || ml_buf_failed(&in->text) ||
	    ml_buf_failed(&in->other))
		return no_memory();
	in->told(in->arg, held != NULL ? ML_FORKED : ML_REFUSED, e, in->why.p);
	if (!keep)
		return 0;
	if (held == NULL)
		return ml_intake_refuse(in, in->why.p, ml_buf_view(&in->text));
	return ml_refused_fork(ml_log_refused(in->log), in->ms, in->why.p,
	    e->author, ml_buf_view(&in->text), ml_buf_view(&in->other));
}

static int
refuse_for(struct ml_intake *in, const struct ml_event *e, const char *why,
    int keep)
{
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, why);
	return refuse(in, e, NULL, keep);
}

/*
 * In a keyed feed only what verifies under its key is evidence, or anybody
 * could bring a feed into disrepute.
 */
static int
is_evidence(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	return !f->keyed || (e->seal.len > 0 &&
	    ml_seal_verify(e, f->public, &in->body) == NULL);
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
	if (!is_evidence(in, f, e)) {
		if (!in->sweeping)
			return refuse_for(in, e, "seal: none that verifies, "
			    "and its seq is taken", 0);
		in->told(in->arg, ML_DROPPED, e, NULL);
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
	return refuse(in, e, &held, 1);
}

static int
astray(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, "prev: does not match, event ");
	ml_buf_int(&in->why, f->tip);
	ml_buf_str(&in->why, " of author \"");
	ml_text_canon(&in->why, e->author);
	ml_buf_str(&in->why, "\" is ");
	if (f->tip > 0)
		ml_id_write(f->tip_id, &in->why);
	else
		ml_buf_str(&in->why, "none");
	return refuse(in, e, NULL, is_evidence(in, f, e));
}

/* The event of an entry in .held, out of buffers of the caller's. */
static int
held_event(struct ml_intake *in, const struct ml_waiting *w,
    struct ml_buf *text, struct ml_buf *scratch, struct ml_event *e)
{
	ml_buf_clear(text);
	if (ml_held_text(in->held, w, text) == -1)
		return -1;
	if (ml_event_read(e, ml_buf_view(text), scratch) == NULL)
		return 0;
	errno = EIO;			/* it was read before */
	return -1;
}

/* The feed's key: known, or in an event 1 that waits.  1, 0 or -1. */
static int
find_key(struct ml_intake *in, const struct ml_feed *f,
    uint8_t public[static ML_PUBLIC_LEN])
{
	const struct ml_wait *held = ml_held_waiting(in->held);
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e;
	uint32_t at = ML_WAIT_NONE;
	int rc = 0;

	if (f->keyed) {
		memcpy(public, f->public, ML_PUBLIC_LEN);
		return 1;
	}
	if (f->tip == 0)
		at = ml_wait_first(held, f->index, 1);
	for (; rc == 0 && at != ML_WAIT_NONE; at = ml_wait_next(held, at))
		if ((rc = held_event(in, ml_wait_at(held, at), &text, &scratch,
		    &e)) == 0)
			rc = ml_author_key(&e, public) == NULL;
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/*
 * A sealed event.  That it lies in the file behind a gap is no reason not to
 * hold it: its seal may bring back what was damaged before it.  So many copies
 * with other seals may be held; when more come, only one whose seal verifies
 * takes the place of the others.
 */
static int
hold_sealed(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	uint8_t public[ML_PUBLIC_LEN];
	uint32_t old;
	int rc = ml_held_add(in->held, f, e);

	if (rc != 0 || (rc = find_key(in, f, public)) != 1)
		return rc;
	if (ml_seal_verify(e, public, &in->body) != NULL)
		return 0;
	while ((old = ml_wait_find(ml_held_waiting(in->held), e->id)) !=
	    ML_WAIT_NONE)
		ml_held_discard(in->held, old);
	return ml_held_add(in->held, f, e);
}

/* Until what it follows, or its seal, has come. */
static int
hold(struct ml_intake *in, const struct ml_feed *f, const struct ml_event *e)
{
	if (e->seal.len > 0) {
		if (hold_sealed(in, f, e) == -1)
			return -1;
	} else if (!ml_wait_has(ml_log_waiting(in->log), e) &&
	    ml_held_add(in->held, f, e) == -1)
		return -1;
	in->told(in->arg, ML_HELD, e, NULL);
	return 0;
}

/* One event of a plain feed.  What it makes possible is for settle(). */
static int
decide_plain(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event bare;

	switch (ml_feed_judge(f, e)) {
	case ML_FIT_NEXT:
		if (f->tip == 0)
			in->authors++;
		bare = *e;
		bare.seal.len = 0;	/* nobody could verify it */
		if (ml_log_append(in->log, &bare) == -1)
			return -1;
		in->told(in->arg, ML_STORED, e, NULL);
		return 0;
	case ML_FIT_BEHIND:
		return compare(in, f, e);
	case ML_FIT_AHEAD:
		return hold(in, f, e);
	case ML_FIT_ASTRAY:
		break;
	}
	return astray(in, f, e);
}

/* What was coupled in the train of a feed, to be held as any other. */
static int
uncouple(struct ml_intake *in, const struct ml_feed *f)
{
	const struct ml_event *e;

	while ((e = ml_trains_next(in->trains, f)) != NULL)
		if (ml_held_add(in->held, f, e) == -1)
			return -1;
	return 0;
}

/*
 * Hold, or couple what comes next where nothing else is known of what follows
 * the feed's head.
 */
static int
couple(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	int rc = 0;

	if (e == in->offered && !ml_held_has(in->held, f) &&
	    ml_wait_count(ml_log_waiting(in->log)) == 0)
		rc = ml_trains_add(in->trains, f, e);
	if (rc == 0)
		return uncouple(in, f) == -1 ? -1 : hold(in, f, e);
	if (rc == -1)
		return no_memory();
	in->told(in->arg, ML_HELD, e, NULL);
	return 0;
}

/*
 * One event of a feed that needs seals, or of one of which nothing is known
 * yet.  It waits for resolve() unless it is plainly too late.
 */
static int
decide_keyed(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event held;

	if (e->seq <= f->seq)
		return compare(in, f, e);
	if (e->seq <= f->tip && e->seal.len == 0) {
		/* in the log already, and waiting there for a seal */
		if (ml_log_event(in->log, f, e->seq, &held) == -1)
			return -1;
		if (memcmp(held.id, e->id, sizeof held.id) == 0) {
			in->told(in->arg, ML_HELD, e, NULL);
			return 0;
		}
	}
	return couple(in, f, e);
}

/* Something of this feed came in this group. */
static int
touch(struct ml_intake *in, const struct ml_feed *f, struct standing *s)
{
	if (!s->touched)
		ml_buf_add(&in->touched, &f->index, sizeof f->index);
	s->touched = 1;
	return ml_buf_failed(&in->touched) ? -1 : 0;
}

/*
 * Keep an author out.  Evidence of it once an author, and not of too many: a
 * flood of them must not bury what matters.
 */
static int
refuse_outsider(struct ml_intake *in, const struct ml_event *e,
    const char *why)
{
	uint64_t hash = ml_table_hash(in->key, e->author.p, e->author.len);
	int is_new = in->outsiders_known < OUTSIDERS_MAX &&
	    ml_table_first(&in->outsiders, hash) == ML_TABLE_NONE;

	if (is_new && ml_table_add(&in->outsiders, hash,
	    in->outsiders_known++) == -1)
		return no_memory();
	return refuse_for(in, e, why, is_new);
}

static const char TOO_MANY[] = "author: more than 4096 of them need a trust "
    "file";

static int
is_full(const struct ml_intake *in)
{
	return ml_trust_is_default(in->trust) &&
	    in->authors >= ML_TRUST_AUTHORS_MAX;
}

/* Whether e was in the log before a line was damaged: it lies there still, or
 * what follows it does. */
static int
is_lost(const struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	const struct ml_wait *filed = ml_log_waiting(in->log);
	uint32_t next = ml_wait_first(filed, f->index, e->seq + 1);

	return ml_wait_find(filed, e->id) != ML_WAIT_NONE ||
	    (next != ML_WAIT_NONE && memcmp(ml_wait_at(filed, next)->prev,
	    e->id, sizeof e->id) == 0);
}

/*
 * Decide on an event, of a feed or, with f NULL, of an author of whom nothing
 * is here yet: he gets a feed only if the event is taken in or held.
 */
static int
decide(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	const struct ml_feed none = { .author = e->author };
	struct standing *s = NULL;
	struct ml_admit admit;
	enum ml_admit_seal seal;
	const char *why;

	if (f != NULL && e->seq <= f->seq)
		return compare(in, f, e);	/* trusted or not, it is here */
	if (f != NULL && (s = standing_of(in, f)) == NULL)
		return no_memory();
	admit = s != NULL ? s->admit :
	    ml_admit_author(in->trust, in->own, e->author);
	why = ml_admit_event(&admit, f != NULL ? f : &none, e);
	if (why == NULL && (f == NULL || f->tip == 0) && is_full(in))
		why = TOO_MANY;
	if (why != NULL && f != NULL && is_lost(in, f, e))
		why = NULL;		/* it was let in once */
	if (why == NULL && f == NULL && e->seq > 1 &&
	    ml_feeds_count(ml_log_feeds(in->log)) - in->authors >=
	    ML_HELD_AUTHORS_MAX)
		why = "author: too many others wait for their first event";
	if (why != NULL)
		return refuse_outsider(in, e, why);
	seal = ml_admit_needs_seal(&admit, f != NULL ? f : &none, e);
	if (f == NULL && e->seq == 1 && e->prev.len > 0)
		return astray(in, &none, e);
	if (f == NULL && (f = ml_feeds_get(ml_log_feeds(in->log),
	    e->author)) == NULL)
		return no_memory();
	if ((s = standing_of(in, f)) == NULL || touch(in, f, s) == -1)
		return no_memory();
	return seal == ML_SEAL_NOT_NEEDED ? decide_plain(in, f, e) :
	    decide_keyed(in, f, e);
}

/* What was held for one slot, oldest first. */
static int
decide_slot(struct ml_intake *in, const struct ml_feed *f, int64_t seq)
{
	struct ml_waiting *list;
	struct ml_event e;
	size_t i, n;
	int rc;

	rc = ml_held_take(in->held, f, seq, &list, &n);
	for (i = 0; rc == 0 && i < n; i++)
		if ((rc = held_event(in, &list[i], &in->slot, &in->scratch,
		    &e)) == 0)
			rc = decide(in, f, &e);
	free(list);
	return rc;
}

/* A plain feed has grown from seq on: whose turn is it now? */
static int
settle(struct ml_intake *in, const struct ml_feed *f, int64_t seq)
{
	int64_t from = seq;
	int rc = 0;

	while (rc == 0 && ml_held_has(in->held, f) && seq++ <= f->tip) {
		if (seq - from > MANY_SETTLED)
			ml_held_soon(in->held, f, seq);
		rc = decide_slot(in, f, seq);
	}
	ml_held_soon_end(in->held);
	return rc;
}

/* The run that ends with a held event: 1 when it is all here. */
static int
walk(struct ml_intake *in, const struct ml_feed *f, uint32_t entry,
    struct ml_run *run)
{
	const struct ml_wait *held = ml_held_waiting(in->held);
	const struct ml_waiting *w = ml_wait_at(held, entry);
	struct ml_event same;

	if (w->seq > f->tip)
		return ml_run_walk(run, f, held, ml_log_waiting(in->log),
		    entry);
	/* its copy lies in the log without a seal */
	run->n = 1;
	run->at[0].held = entry;
	run->at[0].seq = w->seq;
	return ml_log_event(in->log, f, w->seq, &same) == 0 &&
	    memcmp(same.id, w->id, sizeof same.id) == 0;
}

/* The key of the feed: known, or in the first event of the run. */
static const char *
key_of_run(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_run *run, uint8_t public[static ML_PUBLIC_LEN], int *rc)
{
	struct ml_buf text = { 0 }, scratch = { 0 };
	const char *why = "no key is known";
	uint32_t first = run->at[run->n - 1].held;
	struct ml_event e;

	*rc = 0;
	if (f->tip > 0 && f->keyed) {
		memcpy(public, f->public, ML_PUBLIC_LEN);
		return NULL;
	}
	if (f->tip == 0 && first != ML_WAIT_NONE) {
		*rc = held_event(in, ml_wait_at(ml_held_waiting(in->held),
		    first), &text, &scratch, &e);
		if (*rc == 0)
			why = ml_author_key(&e, public);
	}
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return why;
}

/* Into the log with a run whose seal has verified, that seal alone with it. */
static int
append_run(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_run *run)
{
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_waiting w;
	struct ml_event e;
	int64_t end = run->at[0].seq;
	size_t i;
	int rc = 0;

	if (f->tip == 0)
		in->authors++;
	for (i = run->n; rc == 0 && i-- > 0;) {
		if (run->at[i].held == ML_WAIT_NONE)
			continue;
		w = *ml_wait_at(ml_held_waiting(in->held), run->at[i].held);
		if ((rc = held_event(in, &w, &text, &scratch, &e)) == -1)
			break;
		ml_held_drop(in->held, run->at[i].held);
		if (i > 0)
			e.seal.len = 0;
		/* what lay in the file behind the gap has followed by itself */
		if (e.seq > f->tip || (i == 0 && f->seq < end)) {
			if ((rc = ml_log_append(in->log, &e)) == 0)
				in->told(in->arg, ML_STORED, &e, NULL);
		}
	}
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/* A seal that did not verify: the event stays, without it. */
static int
strip_seal(struct ml_intake *in, const struct ml_feed *f, uint32_t entry,
    const char *why)
{
	struct ml_waiting w = *ml_wait_at(ml_held_waiting(in->held), entry);
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e;
	int rc;

	if ((rc = held_event(in, &w, &text, &scratch, &e)) == 0)
		rc = refuse_for(in, &e, why, 0);
	ml_held_discard(in->held, entry);
	if (rc == 0) {
		e.seal.len = 0;
		rc = ml_held_add(in->held, f, &e) == -1 ? -1 : 0;
	}
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/*
 * A sealed event that is next but follows another one than the tip: if its
 * seal verifies, its author has sealed two histories.
 */
static int
try_branch(struct ml_intake *in, const struct ml_feed *f, uint32_t entry)
{
	struct ml_waiting w = *ml_wait_at(ml_held_waiting(in->held), entry);
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e, last;
	const char *why;
	int rc;

	if (!f->keyed || w.seq != f->tip + 1 ||
	    memcmp(w.prev, f->tip_id, sizeof w.prev) == 0)
		return 0;
	if ((rc = held_event(in, &w, &text, &scratch, &e)) == -1)
		goto out;
	if ((why = ml_seal_verify(&e, f->public, &in->body)) == ML_NO_MEMORY)
		rc = no_memory();
	else if (why != NULL)
		rc = strip_seal(in, f, entry, why);
	else if ((rc = ml_log_event(in->log, f, f->tip, &last)) == 0) {
		ml_held_discard(in->held, entry);
		ml_buf_clear(&in->why);
		ml_buf_str(&in->why, "fork: event ");
		ml_buf_int(&in->why, e.seq);
		ml_buf_str(&in->why, " of author \"");
		ml_text_canon(&in->why, e.author);
		ml_buf_str(&in->why, "\" does not follow what this log holds: ");
		ml_id_write(last.id, &in->why);
		ml_buf_str(&in->why, ", refused ");
		ml_id_write(e.id, &in->why);
		rc = refuse(in, &e, &last, 1);
	}
out:
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/*
 * Try what is sealed in one slot: 1 when a run was appended, 0 if none, -1
 * with errno.  A seal is verified once: it proves its run, or goes.
 */
static int
try_slot(struct ml_intake *in, const struct ml_feed *f, int64_t seq)
{
	const struct ml_wait *held = ml_held_waiting(in->held);
	uint8_t public[ML_PUBLIC_LEN];
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_run run;
	struct ml_event e;
	const char *why;
	uint32_t at, next;
	int rc = 0;

	for (at = ml_wait_first(held, f->index, seq);
	    rc == 0 && at != ML_WAIT_NONE; at = next) {
		next = ml_wait_next(held, at);
		if (ml_wait_at(held, at)->seal == 0)
			continue;
		if (!walk(in, f, at, &run)) {
			rc = try_branch(in, f, at);
			continue;
		}
		if ((why = key_of_run(in, f, &run, public, &rc)) == NULL &&
		    rc == 0 && (rc = held_event(in, ml_wait_at(held, at),
		    &text, &scratch, &e)) == 0)
			why = ml_seal_verify(&e, public, &in->body);
		if (rc == -1)
			break;
		if (why == ML_NO_MEMORY)
			rc = no_memory();
		else if (why != NULL)
			rc = strip_seal(in, f, at, why);
		else if (f->tip == 0 && is_full(in)) {
			rc = refuse_outsider(in, &e, TOO_MANY);
			ml_held_discard(in->held, at);
		} else
			rc = append_run(in, f, &run) == -1 ? -1 : 1;
	}
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/*
 * So many events in a row and no seal: no peer that keeps the rule sends
 * that.  It is said, and the last of them goes, so that what is held stays
 * small.
 */
static int
name_sealless(struct ml_intake *in, const struct ml_feed *f)
{
	const struct ml_wait *held = ml_held_waiting(in->held);
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_run run;
	struct ml_event e;
	uint32_t at, next;
	unsigned looked = 0;
	int rc = 0;

	for (at = ml_wait_first(held, f->index, f->seq + ML_SEAL_RUN);
	    rc == 0 && at != ML_WAIT_NONE && looked++ < STRAYS_WALKED_MAX;
	    at = next) {
		next = ml_wait_next(held, at);
		if (!walk(in, f, at, &run))
			continue;
		rc = held_event(in, ml_wait_at(held, at), &text, &scratch, &e);
		ml_held_discard(in->held, at);
		if (rc == 0)
			rc = refuse_for(in, &e, "seal: 32 events in a row "
			    "without one, their sender breaks the rule", 0);
	}
	ml_buf_free(&text);
	ml_buf_free(&scratch);
	return rc;
}

/* One run of the feed: 1 when it was let in, 0 when there is none, or -1. */
static int
resolve_run(struct ml_intake *in, const struct ml_feed *f)
{
	int64_t before = f->seq, seq;
	int rc = 0;

	/* the farthest seal of a run saves verifying the others */
	for (seq = f->seq + ML_SEAL_RUN; rc == 0 && seq > f->seq; seq--)
		rc = try_slot(in, f, seq);
	/* what was held for seqs that are taken now: copies, or worse */
	in->sweeping++;
	while (rc == 1 && ++before <= f->seq)
		if (decide_slot(in, f, before) == -1)
			rc = -1;
	in->sweeping--;
	return rc;
}

/* Let in the runs of the feed's train; what no good seal covers is held. */
static int
let_in(struct ml_intake *in, const struct ml_feed *f)
{
	struct ml_event e;
	size_t n;

	while ((n = ml_trains_run(in->trains, f)) > 0) {
		if (f->tip == 0 && is_full(in))
			break;
		if (f->tip == 0)
			in->authors++;
		while (n-- > 0) {
			e = *ml_trains_next(in->trains, f);
			if (n > 0)
				e.seal.len = 0;
			if (ml_log_append(in->log, &e) == -1)
				return -1;
			in->told(in->arg, ML_STORED, &e, NULL);
		}
	}
	return in->more && ml_trains_may_wait(in->trains, f) ? 0 :
	    uncouple(in, f);
}

/* Of a feed that needs seals: let in what a seal covers. */
static int
resolve(struct ml_intake *in, const struct ml_feed *f)
{
	int rc = let_in(in, f) == -1 ? -1 : 1;

	while (rc == 1 && ml_held_has(in->held, f))
		rc = resolve_run(in, f);
	return rc == -1 ? -1 : ml_held_has(in->held, f) ?
	    name_sealless(in, f) : 0;
}

/* A feed of which something came, or for which something waits. */
static int
go_on(struct ml_intake *in, const struct ml_feed *f)
{
	struct standing *s = standing_of(in, f);

	if (s == NULL)
		return no_memory();
	s->touched = 0;
	if (s->admit.listed || f->keyed || (f->tip == 0 &&
	    ml_author_is_hash(f->author)))
		return resolve(in, f);
	return settle(in, f, f->tip);
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
		return no_memory();
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
			rc = decide_slot(in, ml_feeds_at(feeds, feed[i]),
			    taken[i]);
	for (i = 0; rc == 0 && i < ml_feeds_count(feeds); i++)
		if (waits[i])
			rc = go_on(in, ml_feeds_at(feeds, i));
	free(waits);
	free(taken);
	free(feed);
	return rc;
}

/* What waited from group to group, to be held: the log has changed. */
static int
uncouple_all(struct ml_intake *in)
{
	const struct ml_event *e;
	struct ml_feed *f;

	while ((e = ml_trains_any(in->trains)) != NULL) {
		f = ml_feeds_get(ml_log_feeds(in->log), e->author);
		if (f == NULL)
			return no_memory();
		if (ml_held_add(in->held, f, e) == -1)
			return -1;
	}
	return 0;
}

static size_t
count_authors(const struct ml_feeds *feeds)
{
	size_t i, n = 0;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		n += ml_feeds_at(feeds, i)->tip > 0;
	return n;
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
		in->last = NULL;
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
	rc = uncouple_all(in) == -1 ? -1 : sweep(in);
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
	rc = decide(in, f, e);
	in->offered = NULL;
	if (rc == -1)
		return -1;
	if (f == NULL && (f = feed_of(in, e->author)) == NULL)
		return 0;
	return f->tip > tip ? settle(in, f, tip) : 0;
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
	f = feed_of(in, author);
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
		return no_memory();
	if (all_go_on(in) == -1)
		return -1;
	if (ml_trains_keep(in->trains) == -1)
		return no_memory();
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

/* intakeseal - what a seal lets into a feed that needs seals */
#include <stdlib.h>
#include <string.h>

#include "intakework.h"
#include "run.h"

#define STRAYS_WALKED_MAX 64	/* unsealed events looked at to name a sender */

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
		*rc = ml_intake_held_event(in, first, &text, &scratch, &e);
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
	struct ml_event e;
	int64_t end = run->at[0].seq;
	size_t i;
	int rc = 0;

	if (f->tip == 0)
		in->authors++;
	for (i = run->n; rc == 0 && i-- > 0;) {
		if (run->at[i].held == ML_WAIT_NONE)
			continue;
		if ((rc = ml_intake_held_event(in, run->at[i].held, &text,
		    &scratch, &e)) == -1)
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
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e;
	int rc;

	if ((rc = ml_intake_held_event(in, entry, &text, &scratch, &e)) == 0)
		rc = ml_intake_refuse_for(in, &e, why, 0);
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
	const struct ml_waiting *w = ml_wait_at(ml_held_waiting(in->held),
	    entry);
	struct ml_buf text = { 0 }, scratch = { 0 };
	struct ml_event e;
	const char *why;
	int rc;

	if (!f->keyed || w->seq != f->tip + 1 ||
	    memcmp(w->prev, f->tip_id, sizeof w->prev) == 0)
		return 0;
	if ((rc = ml_intake_held_event(in, entry, &text, &scratch,
	    &e)) == -1)
		goto out;
	if ((why = ml_seal_verify(&e, f->public, &in->body)) == ML_NO_MEMORY)
		rc = ml_intake_no_memory();
	else if (why != NULL)
		rc = strip_seal(in, f, entry, why);
	else if ((rc = ml_intake_refuse_branch(in, f, &e)) == 0)
		ml_held_discard(in->held, entry);
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
		    rc == 0 && (rc = ml_intake_held_event(in, at, &text,
		    &scratch, &e)) == 0)
			why = ml_seal_verify(&e, public, &in->body);
		if (rc == -1)
			break;
		if (why == ML_NO_MEMORY)
			rc = ml_intake_no_memory();
		else if (why != NULL)
			rc = strip_seal(in, f, at, why);
		else if (f->tip == 0 && (why = ml_intake_full(in)) != NULL) {
			rc = ml_intake_refuse_outsider(in, &e, why);
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
		rc = ml_intake_held_event(in, at, &text, &scratch, &e);
		ml_held_discard(in->held, at);
		if (rc == 0)
			rc = ml_intake_refuse_for(in, &e, "seal: 32 events "
			    "in a row without one, their sender breaks the "
			    "rule", 0);
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
		if (ml_intake_decide_slot(in, f, before) == -1)
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
		if (f->tip == 0 && ml_intake_full(in) != NULL)
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
	    ml_intake_uncouple(in, f);
}

int
ml_intake_resolve(struct ml_intake *in, const struct ml_feed *f)
{
	int rc = let_in(in, f) == -1 ? -1 : 1;

	while (rc == 1 && ml_held_has(in->held, f))
		rc = resolve_run(in, f);
	return rc == -1 ? -1 : ml_held_has(in->held, f) ?
	    name_sealless(in, f) : 0;
}

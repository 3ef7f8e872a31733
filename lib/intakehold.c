/* intakehold - events that wait for what they follow, or for a seal */
#include <string.h>

#include "intakework.h"

int
ml_intake_taken_event(struct ml_intake *in, const struct ml_waiting *w,
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

int
ml_intake_held_event(struct ml_intake *in, uint32_t entry,
    struct ml_buf *text, struct ml_buf *scratch, struct ml_event *e)
{
	return ml_intake_taken_event(in,
	    ml_wait_at(ml_held_waiting(in->held), entry), text, scratch, e);
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
		if ((rc = ml_intake_held_event(in, at, &text, &scratch,
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
	while ((old = ml_wait_find(ml_held_waiting(in->held), f->index,
	    e->seq, e->id)) != ML_WAIT_NONE)
		ml_held_discard(in->held, old);
	return ml_held_add(in->held, f, e);
}

int
ml_intake_hold(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	if (e->seal.len > 0) {
		if (hold_sealed(in, f, e) == -1)
			return -1;
	} else if (!ml_wait_has(ml_log_waiting(in->log), f->index, e) &&
	    ml_held_add(in->held, f, e) == -1)
		return -1;
	in->told(in->arg, ML_HELD, e, NULL);
	return 0;
}

int
ml_intake_uncouple(struct ml_intake *in, const struct ml_feed *f)
{
	const struct ml_event *e;

	while ((e = ml_trains_next(in->trains, f)) != NULL)
		if (ml_held_add(in->held, f, e) == -1)
			return -1;
	return 0;
}

int
ml_intake_couple(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	int rc = 0;

	if (e == in->offered && !ml_held_has(in->held, f) &&
	    ml_wait_count(ml_log_waiting(in->log)) == 0)
		rc = ml_trains_add(in->trains, f, e);
	if (rc == 0)
		return ml_intake_uncouple(in, f) == -1 ? -1 :
		    ml_intake_hold(in, f, e);
	if (rc == -1)
		return ml_intake_no_memory();
	in->told(in->arg, ML_HELD, e, NULL);
	return 0;
}

int
ml_intake_uncouple_all(struct ml_intake *in)
{
	const struct ml_event *e;
	struct ml_feed *f;

	while ((e = ml_trains_any(in->trains)) != NULL) {
		f = ml_feeds_get(ml_log_feeds(in->log), e->author);
		if (f == NULL)
			return ml_intake_no_memory();
		if (ml_held_add(in->held, f, e) == -1)
			return -1;
	}
	return 0;
}

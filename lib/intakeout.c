/* intakeout - events that are refused, and what is kept of them */
#include <string.h>

#include "intakework.h"
#include "text.h"

#define OUTSIDERS_MAX 4096	/* refused authors of whom evidence is kept */

int
ml_intake_refuse(struct ml_intake *in, const char *why, struct ml_slice text)
{
	return ml_refused_add(ml_log_refused(in->log), in->ms, why, text);
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
		return ml_intake_no_memory();
	in->told(in->arg, held != NULL ? ML_FORKED : ML_REFUSED, e, in->why.p);
	if (!keep)
		return 0;
	if (held == NULL)
		return ml_intake_refuse(in, in->why.p, ml_buf_view(&in->text));
	return ml_refused_fork(ml_log_refused(in->log), in->ms, in->why.p,
	    e->author, ml_buf_view(&in->text), ml_buf_view(&in->other));
}

int
ml_intake_refuse_for(struct ml_intake *in, const struct ml_event *e,
    const char *why, int keep)
{
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, why);
	return refuse(in, e, NULL, keep);
}

int
ml_intake_refuse_outsider(struct ml_intake *in, const struct ml_event *e,
    const char *why)
{
	uint64_t hash = ml_table_hash(in->key, e->author.p, e->author.len);
	int is_new = in->outsiders_known < OUTSIDERS_MAX &&
	    ml_table_first(&in->outsiders, hash) == ML_TABLE_NONE;

	if (is_new && ml_table_add(&in->outsiders, hash,
	    in->outsiders_known++) == -1)
		return ml_intake_no_memory();
	return ml_intake_refuse_for(in, e, why, is_new);
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

int
ml_intake_compare(struct ml_intake *in, const struct ml_feed *f,
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
			return ml_intake_refuse_for(in, e, "seal: none that "
			    "verifies, and its seq is taken", 0);
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

int
ml_intake_refuse_astray(struct ml_intake *in, const struct ml_feed *f,
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

int
ml_intake_refuse_branch(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct ml_event last;

	if (ml_log_event(in->log, f, f->tip, &last) == -1)
		return -1;
	ml_buf_clear(&in->why);
	ml_buf_str(&in->why, "fork: event ");
	ml_buf_int(&in->why, e->seq);
	ml_buf_str(&in->why, " of author \"");
	ml_text_canon(&in->why, e->author);
	ml_buf_str(&in->why, "\" does not follow what this log holds: ");
	ml_id_write(last.id, &in->why);
	ml_buf_str(&in->why, ", refused ");
	ml_id_write(e->id, &in->why);
	return refuse(in, e, &last, 1);
}

/* merge - what both workers do: meet, write, pass the turn */
#include "mergework.h"

#define LEAST (-INT64_C(2147483648))	/* the value that is kept as 0 */

static const char NOT_DUE[] = "not a message that is due here";
const char ML_MERGE_WRONG_SIZE[] =
    "values: not as many as such a message has";
static const char NOT_SO_MANY[] = "values: more than there were to be";

void
ml_merge_begin(struct ml_merge *m, int worker, uint64_t count, uint64_t min,
    uint64_t max)
{
	memset(m, 0, sizeof *m);
	m->worker = (uint64_t)worker;
	m->count = count;
	m->min = min;
	m->max = max;
}

enum ml_merge_did
ml_merge_refuse(struct ml_merge_port *p, const char *why)
{
	p->why = why;
	return ML_MERGE_FAILED;
}

int
ml_merge_search(struct ml_merge *m, struct ml_merge_port *p, uint64_t from,
    uint64_t until, uint64_t v, int or_equal, uint64_t *at)
{
	uint64_t middle, own;

	while (from < until) {
		middle = from + (until - from) / 2;
		if (p->own(p->arg, middle, &own) == -1)
			return -1;
		if (or_equal ? !ml_merge_less(m, v, own) :
		    ml_merge_less(m, own, v))
			from = middle + 1;
		else
			until = middle;
	}
	*at = from;
	return 0;
}

void
ml_merge_put(struct ml_merge *m, struct ml_merge_port *p, uint64_t v)
{
	size_t was = p->out.len;

	ml_buf_int(&p->out, (int64_t)v + LEAST);
	ml_buf_byte(&p->out, '\n');
	m->output_len += p->out.len - was;
	m->written++;
}

int
ml_merge_copy(struct ml_merge *m, struct ml_merge_port *p, uint64_t until)
{
	uint64_t v;

	for (; m->next < until; m->next++) {
		if (p->out.len >= ML_MERGE_TEXT)
			return 0;
		if (p->own(p->arg, m->next, &v) == -1)
			return -1;
		ml_merge_put(m, p, v);
	}
	return 1;
}

void
ml_merge_copy_and_pass(struct ml_merge *m, uint64_t until,
    enum ml_merge_pass pass, enum ml_merge_phase after)
{
	m->phase = ML_MERGE_COPY;
	m->copy_until = until;
	m->then = ML_MERGE_PASS;
	m->pass = pass;
	m->after = after;
}

static enum ml_merge_did
copy(struct ml_merge *m, struct ml_merge_port *p)
{
	int rc = ml_merge_copy(m, p, m->copy_until);

	if (rc == -1)
		return ML_MERGE_FAILED;
	if (rc == 1) {
		m->phase = m->then;
		if (m->phase == ML_MERGE_PASS)
			m->turn = m->touched = 0;
	}
	return ML_MERGE_WORKED;
}

struct ml_mergemsg *
ml_merge_begin_message(struct ml_merge_port *p, const char *type)
{
	memset(&p->message, 0, sizeof p->message);
	memcpy(p->message.type, type, strlen(type));
	return &p->message;
}

enum ml_merge_did
ml_merge_said(struct ml_merge *m)
{
	m->sent++;
	return ML_MERGE_SAID;
}

static enum ml_merge_did
say(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg *msg = ml_merge_begin_message(p, "RANGE");

	ml_mergemsg_put(msg, m->count);
	if (m->count > 0) {
		ml_mergemsg_put(msg, m->min);
		ml_mergemsg_put(msg, m->max);
	}
	m->phase = ML_MERGE_HEAR;
	return ml_merge_said(m);
}

static enum ml_merge_did
pass(struct ml_merge *m, struct ml_merge_port *p)
{
	static const char *const types[] = { "PART", "TURN", "DONE" };
	struct ml_mergemsg *msg = ml_merge_begin_message(p, types[m->pass]);

	ml_mergemsg_put(msg, m->output_len);
	if (m->pass == ML_MERGE_PART)
		ml_mergemsg_put(msg, m->inside);
	m->phase = m->after;
	return ml_merge_said(m);
}

enum ml_merge_did
ml_merge_receive(struct ml_merge *m, struct ml_merge_port *p,
    const char *type, struct ml_mergemsg *got)
{
	int rc = p->receive(p->arg, got);

	if (rc <= 0)
		return rc == 0 ? ML_MERGE_WAITS : ML_MERGE_FAILED;
	m->received++;
	/* where the shorter side waits for cuts it may be its turn instead */
	if (strcmp(got->type, type) != 0 && !(m->phase == ML_MERGE_AWAIT_CUT &&
	    m->coded == 0 && strcmp(got->type, "TURN") == 0))
		return ml_merge_refuse(p, NOT_DUE);
	return ML_MERGE_WORKED;
}

/* Whether all of A's values, or all of B's, come first: 0, 1, or -1: neither. */
static int
who_is_first(struct ml_merge *m)
{
	int is_b = m->worker == 1;
	uint64_t a_min = is_b ? m->his_min : m->min,
	    a_max = is_b ? m->his_max : m->max,
	    b_min = is_b ? m->min : m->his_min,
	    b_max = is_b ? m->max : m->his_max;

	if (m->count == 0 || m->his_count == 0)
		return 0;
	if (!ml_merge_less(m, b_min, a_max))
		return 0;
	return ml_merge_less(m, a_min, b_max) ? -1 : 1;
}

int
ml_merge_is_longer(const struct ml_merge *m)
{
	return m->count > m->his_count ||
	    (m->count == m->his_count && m->worker == 0);
}

uint64_t
ml_merge_low(const struct ml_merge *m)
{
	return m->is_below == (uint64_t)ml_merge_is_longer(m) ? m->min :
	    m->his_min;
}

uint64_t
ml_merge_high(const struct ml_merge *m)
{
	return m->is_above == (uint64_t)ml_merge_is_longer(m) ? m->max :
	    m->his_max;
}

/* The shorter side, some of whose values lie beyond the other's. */
static enum ml_merge_did
part(struct ml_merge *m, struct ml_merge_port *p)
{
	m->until = m->count;
	if ((m->is_below && ml_merge_search(m, p, 0, m->count, m->his_min, 0,
	    &m->from) == -1) || (m->is_above && ml_merge_search(m, p, m->from,
	    m->count, m->his_max, 1, &m->until) == -1))
		return ML_MERGE_FAILED;
	m->inside = m->until - m->from;
	m->turn = m->is_below;
	ml_merge_copy_and_pass(m, m->from, ML_MERGE_PART, m->inside > 0 ?
	    ML_MERGE_AWAIT_CUT : ML_MERGE_AWAIT_TURN);
	if (!m->turn)
		m->phase = ML_MERGE_PASS;
	return ML_MERGE_WORKED;
}

/* The two ranges are known: who does what. */
static enum ml_merge_did
meet(struct ml_merge *m, struct ml_merge_port *p)
{
	int first = who_is_first(m), is_longer = ml_merge_is_longer(m);

	if (first != -1) {
		m->turn = m->worker == (uint64_t)first;
		ml_merge_copy_and_pass(m, m->count, ML_MERGE_TURN,
		    ML_MERGE_AWAIT_DONE);
		if (!m->turn)
			m->phase = ML_MERGE_AWAIT_TURN;
		return ML_MERGE_WORKED;
	}
	m->is_below = (uint64_t)(is_longer ?
	    ml_merge_less(m, m->his_min, m->min) :
	    ml_merge_less(m, m->min, m->his_min));
	m->is_above = (uint64_t)(is_longer ?
	    ml_merge_less(m, m->max, m->his_max) :
	    ml_merge_less(m, m->his_max, m->max));
	if (m->is_below || m->is_above) {
		if (!is_longer)
			return part(m, p);
		m->turn = !m->is_below;
		m->phase = ML_MERGE_AWAIT_PART;
		return ML_MERGE_WORKED;
	}
	m->inside = is_longer ? m->his_count : m->count;
	m->until = m->count;
	m->phase = ML_MERGE_AWAIT_CUT;
	if (!is_longer)
		return ML_MERGE_WORKED;
	m->turn = 1;
	return ml_merge_arrange(m, p);
}

static enum ml_merge_did
hear(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg got;
	enum ml_merge_did did = ml_merge_receive(m, p, "RANGE", &got);

	if (did != ML_MERGE_WORKED)
		return did;
	if (got.n != 2 && got.n != 6)
		return ml_merge_refuse(p, ML_MERGE_WRONG_SIZE);
	m->his_count = ml_mergemsg_get(&got, 0);
	if ((m->his_count > 0) != (got.n == 6) ||
	    m->his_count > ML_MERGE_COUNT_MAX)
		return ml_merge_refuse(p, "values: not a number of values");
	if (m->his_count > 0) {
		m->his_min = ml_mergemsg_get(&got, 1);
		m->his_max = ml_mergemsg_get(&got, 2);
	}
	if (m->his_max > ML_MERGE_VALUE_MAX || (m->his_count > 0 &&
	    ml_merge_less(m, m->his_max, m->his_min)))
		return ml_merge_refuse(p, "values: not a range");
	return meet(m, p);
}

/* The length of the output, with which the turn comes. */
static enum ml_merge_did
hear_length(struct ml_merge *m, struct ml_merge_port *p, const char *type,
    struct ml_mergemsg *got)
{
	enum ml_merge_did did = ml_merge_receive(m, p, type, got);

	if (did != ML_MERGE_WORKED)
		return did;
	if (got->n != (strcmp(type, "PART") == 0 ? 4 : 2))
		return ml_merge_refuse(p, ML_MERGE_WRONG_SIZE);
	m->output_len = ml_mergemsg_get(got, 0);
	return did;
}

static enum ml_merge_did
hear_turn(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg got;
	enum ml_merge_did did = hear_length(m, p, "TURN", &got);

	if (did != ML_MERGE_WORKED)
		return did;
	m->turn = 1;
	ml_merge_copy_and_pass(m, m->count, ML_MERGE_DONE, ML_MERGE_END);
	return ML_MERGE_WORKED;
}

static enum ml_merge_did
hear_done(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg got;
	enum ml_merge_did did = hear_length(m, p, "DONE", &got);

	if (did == ML_MERGE_WORKED)
		m->phase = ML_MERGE_END;
	return did;
}

static enum ml_merge_did
hear_part(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg got;
	enum ml_merge_did did = hear_length(m, p, "PART", &got);

	if (did != ML_MERGE_WORKED)
		return did;
	m->inside = ml_mergemsg_get(&got, 1);
	if (m->inside >= m->his_count || (m->inside == 0 && !m->is_above))
		return ml_merge_refuse(p, NOT_SO_MANY);
	if (!m->is_below && m->output_len != 0)
		return ml_merge_refuse(p, "values: an output that is not begun");
	m->turn = 1;
	return ml_merge_arrange(m, p);
}

enum ml_merge_did
ml_merge_step(struct ml_merge *m, struct ml_merge_port *p)
{
	switch ((enum ml_merge_phase)m->phase) {
	case ML_MERGE_SAY: return say(m, p);
	case ML_MERGE_HEAR: return hear(m, p);
	case ML_MERGE_COPY: return copy(m, p);
	case ML_MERGE_PASS: return pass(m, p);
	case ML_MERGE_AWAIT_TURN: return hear_turn(m, p);
	case ML_MERGE_AWAIT_DONE: return hear_done(m, p);
	case ML_MERGE_AWAIT_PART: return hear_part(m, p);
	case ML_MERGE_CUT: return ml_merge_say_cuts(m, p);
	case ML_MERGE_MERGE: return ml_merge_merge(m, p);
	case ML_MERGE_AWAIT_CUT: return ml_merge_hear_cuts(m, p);
	case ML_MERGE_PLACE: return ml_merge_place(m, p);
	case ML_MERGE_TELL: return ml_merge_tell(m, p);
	case ML_MERGE_END: break;
	}
	return ML_MERGE_ENDED;
}

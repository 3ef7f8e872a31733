/* mergelong - the longer side: it cuts its values, and merges what it is told */
#include "mergework.h"

static const char WRONG_CODE[] = "values: a code that is none";

/* Whether a cut can be made before the value of this rank; then it takes this
 * many low bits away at the most. */
static int
find_shift(struct ml_merge *m, struct ml_merge_port *p, uint64_t rank,
    uint64_t *shift)
{
	uint64_t before, v, differ;

	if (p->own(p->arg, rank - 1, &before) == -1 ||
	    p->own(p->arg, rank, &v) == -1)
		return -1;
	m->comparisons++;
	if ((differ = before ^ v) == 0)
		return 0;
	for (*shift = 0; differ >> (*shift + 1) != 0; ++*shift)
		;
	return 1;
}

/*
 * Cuts at equal ranks.  A cut need not be a value: any number above the value
 * before it will do, so the one with the most zeros at its end is taken.
 */
static int
make_cuts(struct ml_merge *m, struct ml_merge_port *p, unsigned wanted)
{
	uint64_t rank, shift, v;
	unsigned i;
	int rc;

	m->shift = ML_GOLOMB_PLAIN;
	m->rank[0] = m->from;
	for (m->cuts = 0, i = 1; i <= wanted; i++) {
		rank = m->from + (m->until - m->from) * i / (wanted + 1);
		if (rank <= m->rank[m->cuts])
			continue;
		if ((rc = find_shift(m, p, rank, &shift)) == -1)
			return -1;
		if (rc == 0)
			continue;
		m->rank[++m->cuts] = rank;
		if (shift < m->shift)
			m->shift = shift;
	}
	m->rank[m->cuts + 1] = m->until;
	for (i = 0; i < m->cuts; i++) {
		if (p->own(p->arg, m->rank[i + 1], &v) == -1)
			return -1;
		m->cut[i] = v >> m->shift << m->shift;
	}
	return 0;
}

enum ml_merge_did
ml_merge_arrange(struct ml_merge *m, struct ml_merge_port *p)
{
	uint64_t before = m->comparisons;

	m->from = 0;
	m->until = m->count;
	if (m->inside == 0) {
		ml_merge_copy_and_pass(m, m->count, ML_MERGE_TURN,
		    ML_MERGE_AWAIT_DONE);
		return ML_MERGE_WORKED;
	}
	if ((!m->is_below && ml_merge_search(m, p, 0, m->count, m->his_min, 0,
	    &m->from) == -1) || (!m->is_above && ml_merge_search(m, p, m->from,
	    m->count, m->his_max, 1, &m->until) == -1))
		return ML_MERGE_FAILED;
	if (m->from == m->until) {	/* he is alone there */
		ml_merge_copy_and_pass(m, m->from, ML_MERGE_TURN,
		    ML_MERGE_AWAIT_TURN);
		return ML_MERGE_WORKED;
	}
	if (make_cuts(m, p, ml_mergeplan_cuts(m->until - m->from, m->inside,
	    m->comparisons - before)) == -1)
		return ML_MERGE_FAILED;
	ml_merge_begin_gaps(m);
	m->coded = 0;
	m->phase = ML_MERGE_CUT;
	return ML_MERGE_WORKED;
}

/* The number of cuts, the bits that they have not, and each cut. */
enum ml_merge_did
ml_merge_say_cuts(struct ml_merge *m, struct ml_merge_port *p)
{
	const unsigned full = ML_GOLOMB_WORD * ML_MERGEMSG_VALUES_MAX;
	struct ml_golomb q = ml_merge_bits(m);
	uint64_t before, i;

	for (; m->coded < m->cuts + 2 && ml_golomb_bits(&q) < full;
	    m->coded++) {
		i = m->coded - 2;
		if (m->coded < 2) {
			ml_golomb_put(&q, m->coded == 0 ? m->cuts : m->shift,
			    ML_GOLOMB_WORD / 2);
			continue;
		}
		before = i > 0 ? m->cut[i - 1] : ml_merge_low(m) >>
		    m->shift << m->shift;
		ml_golomb_put(&q, (m->cut[i] - before) >> m->shift,
		    ((ml_merge_high(m) - ml_merge_low(m)) >> m->shift) /
		    (m->cuts + 1));
	}
	ml_merge_keep_bits(m, &q);
	/* with the last of them */
	if (m->coded == m->cuts + 2 && ml_golomb_bits(&q) <= full) {
		m->phase = ML_MERGE_COPY;
		m->copy_until = m->from;
		m->then = ML_MERGE_MERGE;
		m->mean = ml_golomb_mean(ml_merge_first_mean(m)).sum;
	}
	return ml_merge_send_bits(m, p, "CUT", m->phase == ML_MERGE_COPY);
}

/*
 * Where a value goes among own values next..end, of which left values, this
 * one with them, are to be told.
 */
static int
find_spot(struct ml_merge *m, struct ml_merge_port *p, uint64_t end)
{
	uint64_t at = m->next, own, step;

	while (at < end) {
		/* a third: doubling pays a little before the ratio does */
		for (step = 1; (end - at + m->left / 3) / m->left >= 2 * step;
		    step *= 2)
			;
		if (p->own(p->arg, at + step - 1, &own) == -1)
			return -1;
		if (!ml_merge_less(m, own, m->last)) {
			if (ml_merge_search(m, p, at, at + step - 1, m->last,
			    0, &at) == -1)
				return -1;
			break;
		}
		at += step;
	}
	m->spot = at;
	m->has_value = 1;
	return 0;
}

/* The next number of a gap's values: 1, 0: it is not there yet, -1. */
static int
open_gap(struct ml_merge *m, struct ml_merge_port *p, struct ml_golomb *q)
{
	uint64_t rest = m->inside - m->told;

	if (m->gap == m->cuts)
		m->left = rest;
	else if (!ml_golomb_get(q, ml_merge_gap_mean(m, rest), &m->left))
		return 0;
	if (m->left > rest) {
		p->why = WRONG_CODE;
		return -1;
	}
	m->is_open = 1;
	m->last = m->gap > 0 ? m->cut[m->gap - 1] : ml_merge_low(m);
	return 1;
}

/* The next value: likewise. */
static int
hear_value(struct ml_merge *m, struct ml_merge_port *p, struct ml_golomb *q)
{
	struct ml_golomb_mean mean = { m->mean };
	uint64_t distance;

	if (!ml_golomb_get(q, ml_golomb_mean_of(&mean), &distance))
		return 0;
	ml_golomb_follow(&mean, distance);
	m->mean = mean.sum;
	m->last += distance;
	/* values ascend, so the last of a gap speaks for all */
	if (m->last > ML_MERGE_VALUE_MAX || (m->left == 1 &&
	    m->gap < m->cuts && !ml_merge_less(m, m->last, m->cut[m->gap]))) {
		p->why = WRONG_CODE;
		return -1;
	}
	if (find_spot(m, p, m->rank[m->gap + 1]) == -1)
		return -1;
	m->left--;
	m->told++;
	return 1;
}

/* 1: go on; 0: a message is needed, 2: that was all; -1. */
static int
merge_one(struct ml_merge *m, struct ml_merge_port *p, struct ml_golomb *q)
{
	if (m->has_value) {
		ml_merge_put(m, p, m->last);
		m->has_value = 0;
		return 1;
	}
	if (!m->is_open)
		return open_gap(m, p, q);
	if (m->left > 0)
		return hear_value(m, p, q);
	if (m->spot < m->rank[m->gap + 1]) {
		m->spot = m->rank[m->gap + 1];
		return 1;
	}
	m->is_open = 0;
	return m->gap++ == m->cuts ? 2 : 1;
}

enum ml_merge_did
ml_merge_merge(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_golomb q = ml_merge_bits(m);
	struct ml_mergemsg got;
	enum ml_merge_did did;
	int rc = 1;

	while (rc == 1) {
		if (m->next < m->spot &&
		    (rc = ml_merge_copy(m, p, m->spot)) != 1)
			break;
		if (p->out.len >= ML_MERGE_TEXT)
			break;
		if ((rc = merge_one(m, p, &q)) == 0) {
			ml_merge_keep_bits(m, &q);
			did = ml_merge_receive(m, p, "DATA", &got);
			if (did == ML_MERGE_WAITS && p->out.len > 0)
				return ML_MERGE_WORKED;
			if (did != ML_MERGE_WORKED)
				return did;
			if (ml_merge_add_bits(m, p, &got) != ML_MERGE_WORKED)
				return ML_MERGE_FAILED;
			q = ml_merge_bits(m);
			rc = 1;
		}
	}
	ml_merge_keep_bits(m, &q);
	if (rc == 2)
		ml_merge_copy_and_pass(m, m->count, m->is_above ?
		    ML_MERGE_TURN : ML_MERGE_DONE, m->is_above ?
		    ML_MERGE_AWAIT_DONE : ML_MERGE_END);
	return rc == -1 ? ML_MERGE_FAILED : ML_MERGE_WORKED;
}

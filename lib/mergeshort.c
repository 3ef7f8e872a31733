/* mergeshort - the shorter side: it places the cuts, and tells its values */
#include "mergework.h"

#define PLACED_MAX (1 << 18)		/* values in one step */

static const char WRONG_CODE[] = "values: a code that is none";

/* One more number of what is heard of the cuts: 1, 0: not there yet, -1. */
static int
hear_number(struct ml_merge *m, struct ml_golomb *q)
{
	uint64_t low = ml_merge_low(m), v, before, i = m->coded - 2;

	if (m->coded < 2) {
		if (!ml_golomb_get(q, ML_GOLOMB_WORD / 2, &v))
			return 0;
		*(m->coded == 0 ? &m->cuts : &m->shift) = v;
		m->coded++;
		return m->cuts > ML_MERGE_CUTS_MAX ||
		    m->shift > ML_GOLOMB_PLAIN ? -1 : 1;
	}
	if (!ml_golomb_get(q, ((ml_merge_high(m) - low) >> m->shift) /
	    (m->cuts + 1), &v))
		return 0;
	before = i > 0 ? m->cut[i - 1] : low >> m->shift << m->shift;
	if (v > (uint64_t)ML_MERGE_VALUE_MAX >> m->shift)
		return -1;
	m->cut[i] = before + (v << m->shift);
	m->coded++;
	if (m->cut[i] > ML_MERGE_VALUE_MAX)
		return -1;
	/* they ascend, and the first is beyond the lower end */
	return (i > 0 ? v > 0 : ml_merge_less(m, low, m->cut[i])) ? 1 : -1;
}

static void
begin_to_place(struct ml_merge *m)
{
	ml_merge_begin_gaps(m);
	m->next = m->from;
	m->rank[0] = m->from;
	m->phase = ML_MERGE_PLACE;
}

enum ml_merge_did
ml_merge_hear_cuts(struct ml_merge *m, struct ml_merge_port *p)
{
	struct ml_mergemsg got;
	struct ml_golomb q;
	enum ml_merge_did did = ml_merge_receive(m, p, "CUT", &got);
	int rc = 1;

	if (did != ML_MERGE_WORKED)
		return did;
	if (strcmp(got.type, "TURN") == 0) {	/* nothing of his lies there */
		if (got.n != 2 || m->is_below || m->is_above)
			return ml_merge_refuse(p, "not a message that is due here");
		m->output_len = ml_mergemsg_get(&got, 0);
		m->turn = 1;
		ml_merge_copy_and_pass(m, m->count, ML_MERGE_TURN,
		    ML_MERGE_AWAIT_DONE);
		return ML_MERGE_WORKED;
	}
	if (ml_merge_add_bits(m, p, &got) != ML_MERGE_WORKED)
		return ML_MERGE_FAILED;
	q = ml_merge_bits(m);
	while (rc == 1 && (m->coded < 2 || m->coded < m->cuts + 2))
		rc = hear_number(m, &q);
	ml_merge_keep_bits(m, &q);
	if (rc == -1)
		return ml_merge_refuse(p, WRONG_CODE);
	if (rc == 1)
		begin_to_place(m);
	return ML_MERGE_WORKED;
}

/* In which gap a value lies. */
static uint64_t
gap_of(struct ml_merge *m, uint64_t v)
{
	uint64_t from = 0, until = m->cuts, middle;

	while (from < until) {
		middle = (from + until) / 2;
		if (ml_merge_less(m, v, m->cut[middle]))
			until = middle;
		else
			from = middle + 1;
	}
	return from;
}

enum ml_merge_did
ml_merge_place(struct ml_merge *m, struct ml_merge_port *p)
{
	uint64_t end = m->until - m->next < PLACED_MAX ? m->until :
	    m->next + PLACED_MAX, gap, v;

	for (; m->next < end; m->next++) {
		if (p->own(p->arg, m->next, &v) == -1)
			return ML_MERGE_FAILED;
		for (gap = gap_of(m, v); m->gap < gap; )
			m->rank[++m->gap] = m->next;
	}
	if (m->next < m->until)
		return ML_MERGE_WORKED;
	while (m->gap <= m->cuts)
		m->rank[++m->gap] = m->until;
	m->gap = 0;
	m->next = m->from;
	m->mean = ml_golomb_mean(ml_merge_first_mean(m)).sum;
	m->phase = ML_MERGE_TELL;
	return ML_MERGE_WORKED;
}

/* Put the next number in: 1; 0 when there is none; -1. */
static int
tell_number(struct ml_merge *m, struct ml_merge_port *p, struct ml_golomb *q)
{
	struct ml_golomb_mean mean = { m->mean };
	uint64_t v;

	if (m->gap > m->cuts)
		return 0;
	if (!m->is_open) {
		m->left = m->rank[m->gap + 1] - m->next;
		if (m->gap < m->cuts)
			ml_golomb_put(q, m->left, ml_merge_gap_mean(m,
			    m->until - m->next));
		m->is_open = 1;
		m->last = m->gap > 0 ? m->cut[m->gap - 1] : ml_merge_low(m);
	} else if (m->left == 0) {
		m->is_open = 0;
		m->gap++;
	} else {
		if (p->own(p->arg, m->next, &v) == -1)
			return -1;
		ml_golomb_put(q, v - m->last, ml_golomb_mean_of(&mean));
		ml_golomb_follow(&mean, v - m->last);
		m->mean = mean.sum;
		m->last = v;
		m->left--;
		m->next++;
	}
	return 1;
}

enum ml_merge_did
ml_merge_tell(struct ml_merge *m, struct ml_merge_port *p)
{
	const unsigned full = ML_GOLOMB_WORD * ML_MERGEMSG_VALUES_MAX;
	struct ml_golomb q = ml_merge_bits(m);
	int rc = 1;

	while (rc == 1 && ml_golomb_bits(&q) < full)
		rc = tell_number(m, p, &q);
	if (rc == -1)
		return ML_MERGE_FAILED;
	ml_merge_keep_bits(m, &q);
	if (rc == 0 && ml_golomb_bits(&q) <= full)
		m->phase = m->is_above ? ML_MERGE_AWAIT_TURN :
		    ML_MERGE_AWAIT_DONE;
	return ml_merge_send_bits(m, p, "DATA", rc == 0);
}

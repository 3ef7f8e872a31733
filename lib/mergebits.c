/* mergebits - the bits that are under way between the two who merge */
#include "mergework.h"

struct ml_golomb
ml_merge_bits(const struct ml_merge *m)
{
	struct ml_golomb q = { .from = (unsigned)m->bits_from,
	    .to = (unsigned)m->bits_to };

	memcpy(q.word, m->word, sizeof q.word);
	return q;
}

void
ml_merge_keep_bits(struct ml_merge *m, const struct ml_golomb *q)
{
	m->bits_from = q->from;
	m->bits_to = q->to;
	memcpy(m->word, q->word, sizeof m->word);
}

void
ml_merge_begin_gaps(struct ml_merge *m)
{
	const struct ml_golomb none = { .from = 0 };

	ml_merge_keep_bits(m, &none);
	m->gap = m->is_open = m->left = m->told = 0;
	m->has_value = m->spot = 0;
}

enum ml_merge_did
ml_merge_add_bits(struct ml_merge *m, struct ml_merge_port *p,
    const struct ml_mergemsg *got)
{
	struct ml_golomb q = ml_merge_bits(m);

	if (got->n == 0 || !ml_golomb_add(&q, got->value, got->n))
		return ml_merge_refuse(p, ML_MERGE_WRONG_SIZE);
	ml_merge_keep_bits(m, &q);
	return ML_MERGE_WORKED;
}

enum ml_merge_did
ml_merge_send_bits(struct ml_merge *m, struct ml_merge_port *p,
    const char *type, int is_end)
{
	struct ml_golomb q = ml_merge_bits(m);
	struct ml_mergemsg *msg;

	if (ml_golomb_bits(&q) == 0)
		return ML_MERGE_WORKED;
	msg = ml_merge_begin_message(p, type);
	msg->n = ml_golomb_take(&q, is_end, ML_MERGEMSG_VALUES_MAX,
	    msg->value);
	ml_merge_keep_bits(m, &q);
	return ml_merge_said(m);
}

uint64_t
ml_merge_gap_mean(const struct ml_merge *m, uint64_t left)
{
	return left / (m->cuts - m->gap + 1);
}

uint64_t
ml_merge_first_mean(const struct ml_merge *m)
{
	return (ml_merge_high(m) - ml_merge_low(m)) / (m->inside + 1);
}

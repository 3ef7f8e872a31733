/* reorderkeep - a window taken up where a run ended */
#include <stdlib.h>

#include "reorderwork.h"

int
ml_reorder_restore_range(struct ml_reorder *r, uint64_t low, uint64_t high)
{
	if (ml_ranges_append(r->written, low, high) == -1)
		return -1;
	r->has_begun = 1;
	r->end = high + 1;
	if (r->next < r->end)
		r->next = r->end;
	return 0;
}

int
ml_reorder_restore_item(struct ml_reorder *r, uint64_t seq, int is_recovered,
    struct ml_slice text)
{
	size_t where = ml_reorder_find_item(r, seq);

	if (ml_reorder_is_here(r, seq))
		return 0;
	if (ml_reorder_insert(r, where, seq, text, is_recovered) == -1)
		return -1;
	ml_reorder_item(r, where)->is_kept = 1;
	r->unkept--;
	return 0;
}

int
ml_reorder_restore_ask(struct ml_reorder *r, const struct ml_reorder_ask *ask)
{
	struct ml_reorder_ask *a = ml_reorder_new_ask(r, ask->seq);

	if (a == NULL)
		return -1;
	r->asks_unkept -= !a->is_kept;
	r->again -= a->again != 0;
	*a = *ask;
	a->is_kept = 1;
	r->again += a->again != 0;
	return 0;
}

int
ml_reorder_restore_written(struct ml_reorder *r, uint64_t seq,
    enum ml_packet_status status)
{
	int is_new = ml_ranges_add(r->written, seq);

	if (is_new != 1)
		return is_new;
	r->count.written++;
	r->count.late += status == ML_PACKET_LATE;
	r->count.recovered += status == ML_PACKET_RETRANSMIT;
	r->count.inversions += seq < r->end;
	r->has_begun = 1;
	if (seq >= r->end)
		r->end = seq + 1;
	if (r->next < r->end)
		r->next = r->end;
	return 0;
}

/* What is known to be written waits no more, nor is it requested. */
static void
settle(struct ml_reorder *r)
{
	struct ml_reorder_item *i;
	size_t k, n = 0;

	for (k = 0; k < r->n; k++) {
		i = ml_reorder_item(r, k);
		if (ml_ranges_has(r->written, i->seq)) {
			r->bytes -= i->len;
			free(i);
		} else
			r->item[r->first + n++] = i;
	}
	r->n = n;
	for (k = r->asks; k-- > 0;)
		if (ml_reorder_is_here(r, r->ask[k].seq))
			ml_reorder_remove_ask(r, k);
}

/* Who read a request may have died since.  For a gap one is enough, and one
 * that was given up stays one. */
static void
repeat(struct ml_reorder *r, struct ml_reorder_ask *a, int all)
{
	int is_unheard = a->at >= r->count.received;

	if (r->has_begun && a->seq < r->next && !a->exists)
		return;
	if (is_unheard && a->tries > 0)
		a->tries--;
	if (a->tries < ML_REORDER_TRIES_MAX &&
	    (is_unheard || (all && a->exists)))
		ml_reorder_request(r, a->seq);
}

int
ml_reorder_resume(struct ml_reorder *r, int all)
{
	uint64_t window;
	size_t i;

	settle(r);
	if (r->has_begun) {
		r->high = r->next > 0 ? r->next - 1 : 0;
		ml_reorder_raise(r);
		window = ml_reorder_window(r);
		r->asked_to = r->next;
		if (r->high > window && r->high - window > r->next)
			r->asked_to = r->high - window;
	} else if (r->n > 0)
		r->high = ml_reorder_item(r, r->n - 1)->seq;
	for (i = 0; i < r->asks; i++)
		repeat(r, &r->ask[i], all);
	return ml_reorder_advance(r);
}

void
ml_reorder_keep(struct ml_reorder *r, int all, void *arg,
    void (*item)(void *arg, const struct ml_reorder_item *i),
    void (*ask)(void *arg, const struct ml_reorder_ask *a))
{
	size_t i;

	for (i = 0; (all || r->unkept > 0) && i < r->n; i++)
		if (all || !ml_reorder_item(r, i)->is_kept) {
			item(arg, ml_reorder_item(r, i));
			ml_reorder_item(r, i)->is_kept = 1;
		}
	for (i = 0; (all || r->asks_unkept > 0) && i < r->asks; i++)
		if (all || !r->ask[i].is_kept) {
			ask(arg, &r->ask[i]);
			r->ask[i].is_kept = 1;
		}
	r->unkept = r->asks_unkept = 0;
}

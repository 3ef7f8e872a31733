/* reorderask - requests for what is missing, and for what was corrupt */
#include <stdlib.h>
#include <string.h>

#include "reorderwork.h"

size_t
ml_reorder_find_ask(const struct ml_reorder *r, uint64_t seq)
{
	size_t from = 0, to = r->asks, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (r->ask[mid].seq < seq)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int
is_asked(const struct ml_reorder *r, size_t i, uint64_t seq)
{
	return i < r->asks && r->ask[i].seq == seq;
}

void
ml_reorder_remove_ask(struct ml_reorder *r, size_t i)
{
	r->again -= r->ask[i].again != 0;
	r->asks_unkept -= !r->ask[i].is_kept;
	r->asks--;
	memmove(r->ask + i, r->ask + i + 1, (r->asks - i) * sizeof *r->ask);
}

struct ml_reorder_ask *
ml_reorder_new_ask(struct ml_reorder *r, uint64_t seq)
{
	size_t i = ml_reorder_find_ask(r, seq), room = r->asks_room + 64;
	struct ml_reorder_ask *more;

	if (is_asked(r, i, seq))
		return &r->ask[i];
	if (r->asks == ML_REORDER_ASKS_MAX) {
		ml_reorder_remove_ask(r, 0);
		i -= i > 0;
	}
	if (r->asks == r->asks_room) {
		more = realloc(r->ask, room * sizeof *more);
		if (more == NULL) {
			r->no_memory = 1;
			return NULL;
		}
		r->ask = more;
		r->asks_room = room;
	}
	memmove(r->ask + i + 1, r->ask + i, (r->asks - i) * sizeof *r->ask);
	r->asks++;
	r->asks_unkept++;
	r->ask[i] = (struct ml_reorder_ask){ .seq = seq };
	return &r->ask[i];
}

void
ml_reorder_request(struct ml_reorder *r, uint64_t seq)
{
	struct ml_reorder_ask *a = ml_reorder_new_ask(r, seq);

	if (a == NULL)
		return;
	r->again -= a->again != 0;
	r->asks_unkept += (size_t)a->is_kept;
	a->is_kept = 0;
	a->again = 0;
	a->at = r->count.received;
	a->tries++;
	r->count.requests++;
	r->sink.ask(r->sink.arg, seq);
}

int
ml_reorder_request_again(struct ml_reorder *r, int all)
{
	size_t i;
	int n = 0;

	for (i = 0; r->again > 0 && i < r->asks; i++)
		if (r->ask[i].again != 0 && (all || r->ask[i].again <= r->count.received)) {
			ml_reorder_request(r, r->ask[i].seq);
			n++;
		}
	return n;
}

int
ml_reorder_request_missing(struct ml_reorder *r, uint64_t limit)
{
	uint64_t s = r->asked_to > r->next ? r->asked_to : r->next, from, to;
	size_t i = ml_reorder_find_item(r, s);
	int n = 0;

	for (; s < limit; s = to + 1, i++) {
		from = i > 0 ? ml_reorder_item(r, i - 1)->seq + 1 : r->next;
		to = i < r->n ? ml_reorder_item(r, i)->seq : limit;
		for (; s < to && s < limit && to - from <= ML_REORDER_GAP_MAX;
		    s++)
			if (!is_asked(r, ml_reorder_find_ask(r, s), s)) {
				ml_reorder_request(r, s);
				n++;
			}
	}
	if (limit > r->asked_to)
		r->asked_to = limit;
	return n;
}

int
ml_reorder_is_answer(struct ml_reorder *r, uint64_t seq)
{
	size_t i = ml_reorder_find_ask(r, seq);
	struct ml_reorder_remembered *m;

	if (!is_asked(r, i, seq))
		return 0;
	ml_reorder_note(r->learnt.answer, r->count.received - r->ask[i].at);
	ml_reorder_remove_ask(r, i);
	m = &r->remembered[r->remember_at++ % ML_REORDER_REMEMBERED];
	m->seq = seq;
	m->displacement = seq < r->high ? r->high - seq : 0;
	return 1;
}

/* Its answer was corrupt.  Until it is due others pass, which may be why. */
static void
ask_later(struct ml_reorder *r, struct ml_reorder_ask *a)
{
	r->asks_unkept += (size_t)a->is_kept;
	a->is_kept = 0;
	if (a->again != 0 || a->tries >= ML_REORDER_TRIES_MAX)
		return;
	a->again = r->count.received + (UINT64_C(1) << a->tries);
	r->again++;
}

int
ml_reorder_corrupt(struct ml_reorder *r, uint64_t seq)
{
	struct ml_reorder_ask *a;

	r->count.received++;
	r->count.corrupt++;
	if (!ml_reorder_is_here(r, seq)) {
		if (is_asked(r, ml_reorder_find_ask(r, seq), seq))
			ask_later(r, &r->ask[ml_reorder_find_ask(r, seq)]);
		else
			ml_reorder_request(r, seq);
		if ((a = ml_reorder_new_ask(r, seq)) != NULL)
			a->exists = 1;
	}
	return ml_reorder_advance(r);
}

int
ml_reorder_ask_all(struct ml_reorder *r)
{
	int n = ml_reorder_request_again(r, 1);

	if (!r->has_begun && r->n > 0)
		ml_reorder_begin(r);
	if (r->has_begun)
		n += ml_reorder_request_missing(r, r->high + 1);
	return r->no_memory ? -1 : n;
}

size_t
ml_reorder_owed(const struct ml_reorder *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->asks; i++)
		n += ml_reorder_is_owed(&r->ask[i]);
	return n;
}

size_t
ml_reorder_open(const struct ml_reorder *r)
{
	size_t i = r->has_begun ? ml_reorder_find_ask(r, r->next) : 0;
	size_t n = r->asks - i;

	while (i-- > 0)
		n += ml_reorder_is_owed(&r->ask[i]);
	return n;
}

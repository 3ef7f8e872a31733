/* reorder - numbered packets put in order again */
#include <stdlib.h>
#include <string.h>

#include "reorderwork.h"

#define EPOCH 1024		/* packets; what was learnt lasts one or two */
#define DISPLACEMENT 10		/* numbers, before any was seen */
#define ANSWER 4		/* packets, likewise */
#define LEARNT_MAX 65536
#define WINDOW_MIN 4		/* numbers */
#define ANSWER_MIN 8		/* packets */

struct ml_reorder *
ml_reorder_new(const struct ml_reorder_config *config,
    const struct ml_reorder_sink *sink)
{
	struct ml_reorder *r = calloc(1, sizeof *r);

	if (r == NULL || (r->written = ml_ranges_new()) == NULL) {
		free(r);
		return NULL;
	}
	r->config = *config;
	r->sink = *sink;
	r->learnt.displacement[1] = DISPLACEMENT;
	r->learnt.answer[1] = ANSWER;
	if (config->has_first) {
		r->has_begun = 1;
		r->next = r->asked_to = config->first;
		r->high = config->first > 0 ? config->first - 1 : 0;
	}
	return r;
}

void
ml_reorder_free(struct ml_reorder *r)
{
	if (r == NULL)
		return;
	while (r->n > 0)
		free(r->item[r->first + --r->n]);
	free(r->item);
	free(r->ask);
	ml_ranges_free(r->written);
	free(r);
}

static unsigned
most(const unsigned of[static 2])
{
	return of[0] > of[1] ? of[0] : of[1];
}

void
ml_reorder_note(unsigned of[static 2], uint64_t v)
{
	if (v > of[0])
		of[0] = v < LEARNT_MAX ? (unsigned)v : LEARNT_MAX;
}

unsigned
ml_reorder_window(const struct ml_reorder *r)
{
	/* what is missing must be requested before it has to be given up */
	size_t limit = r->config.buffer * 2 / 3 + 1;
	unsigned window = most(r->learnt.displacement) * 3 / 2 + 2;

	if (r->config.window > 0)
		return r->config.window;
	if (window < WINDOW_MIN)
		window = WINDOW_MIN;
	return window < limit ? window : (unsigned)limit;
}

/* Packets that an answer may take. */
static unsigned
answer_time(const struct ml_reorder *r)
{
	return 2 * most(r->learnt.answer) + ANSWER_MIN;
}

size_t
ml_reorder_find_item(const struct ml_reorder *r, uint64_t seq)
{
	size_t from = 0, to = r->n, mid;

	if (to == 0 || ml_reorder_item(r, to - 1)->seq < seq)
		return to;		/* so it mostly is */
	while (from < to) {
		mid = from + (to - from) / 2;
		if (ml_reorder_item(r, mid)->seq < seq)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

int
ml_reorder_is_at(const struct ml_reorder *r, size_t i, uint64_t seq)
{
	return i < r->n && ml_reorder_item(r, i)->seq == seq;
}

int
ml_reorder_is_here(const struct ml_reorder *r, uint64_t seq)
{
	return ml_ranges_has(r->written, seq) ||
	    ml_reorder_is_at(r, ml_reorder_find_item(r, seq), seq);
}

/* Of a packet that was requested and came twice, the first was no answer: the
 * window was too small for it. */
static void
note_copy(struct ml_reorder *r, uint64_t seq)
{
	struct ml_reorder_remembered *m;
	size_t i;

	r->count.duplicates++;
	for (i = 0; i < ML_REORDER_REMEMBERED; i++) {
		m = &r->remembered[i];
		if (m->displacement == 0 || m->seq != seq)
			continue;
		ml_reorder_note(r->learnt.displacement,
		    m->displacement * 2 / 3);
		m->displacement = 0;
	}
}

static void
write_packet(struct ml_reorder *r, uint64_t seq, struct ml_slice text,
    int is_recovered)
{
	enum ml_packet_status status = is_recovered ? ML_PACKET_RETRANSMIT :
	    seq < r->end ? ML_PACKET_LATE : ML_PACKET_OK;

	if (ml_ranges_add(r->written, seq) == -1)
		r->no_memory = 1;
	r->count.written++;
	r->count.late += status == ML_PACKET_LATE;
	r->count.recovered += is_recovered != 0;
	r->count.inversions += seq < r->end;
	r->sink.write(r->sink.arg, seq, text, status);
	if (seq >= r->end)
		r->end = seq + 1;
	if (r->next < r->end)
		r->next = r->end;
	if (seq > r->high)
		r->high = seq;
}

static void
write_item(struct ml_reorder *r)
{
	struct ml_reorder_item *i = r->item[r->first];

	write_packet(r, i->seq, (struct ml_slice){ i->text, i->len },
	    i->is_recovered);
	r->bytes -= i->len;
	r->unkept -= !i->is_kept;
	r->first++;
	r->n--;
	free(i);
}

int
ml_reorder_insert(struct ml_reorder *r, size_t where, uint64_t seq,
    struct ml_slice text, int is_recovered)
{
	size_t room = 2 * r->n + 16;
	struct ml_reorder_item **more, *i;

	if (r->first + r->n == r->room && r->first > r->n) {
		memmove(r->item, r->item + r->first, r->n * sizeof *r->item);
		r->first = 0;
	} else if (r->first + r->n == r->room) {
		more = realloc(r->item, (r->first + room) * sizeof *more);
		if (more == NULL)
			return -1;
		r->item = more;
		r->room = r->first + room;
	}
	if ((i = malloc(sizeof *i + text.len)) == NULL)
		return -1;
	*i = (struct ml_reorder_item){ .seq = seq, .len = text.len,
	    .is_recovered = is_recovered };
	memcpy(i->text, text.p, text.len);
	memmove(r->item + r->first + where + 1, r->item + r->first + where,
	    (r->n - where) * sizeof *r->item);
	r->item[r->first + where] = i;
	r->n++;
	r->unkept++;
	r->bytes += text.len;
	return 0;
}

void
ml_reorder_raise(struct ml_reorder *r)
{
	size_t i;
	uint64_t seq;

	if (r->n == 0 || ml_reorder_item(r, r->n - 1)->seq <= r->high)
		return;
	for (i = ml_reorder_find_item(r, r->high + 1); i < r->n; i++) {
		seq = ml_reorder_item(r, i)->seq;
		if (seq - r->high <= ML_REORDER_JUMP_MAX || (i + 1 < r->n &&
		    ml_reorder_item(r, i + 1)->seq - seq <=
		    ML_REORDER_JUMP_MAX))
			r->high = seq;
	}
}

void
ml_reorder_begin(struct ml_reorder *r)
{
	r->has_begun = 1;
	r->next = ml_reorder_item(r, 0)->seq;
	if (r->asks > 0 && r->ask[0].seq < r->next)
		r->next = r->ask[0].seq;
	r->asked_to = r->next;
	r->high = ml_reorder_item(r, 0)->seq;
	ml_reorder_raise(r);
}

/* Give up what need not be waited for before the first that waits: whether
 * that was anything. */
static int
give_up(struct ml_reorder *r)
{
	uint64_t limit = ml_reorder_item(r, 0)->seq;
	size_t i = ml_reorder_find_ask(r, r->next);
	const struct ml_reorder_ask *a = i < r->asks ? &r->ask[i] : NULL;

	if (limit > r->high)
		return 0;		/* it may be a wrong number */
	if (limit - r->next > ML_REORDER_GAP_MAX) {
		r->next = limit;
		return 1;
	}
	if (r->asked_to < limit)
		limit = r->asked_to;
	if (a != NULL && a->seq == r->next) {
		if (a->again != 0 || ml_reorder_is_owed(a) ||
		    r->count.received - a->at <= answer_time(r))
			return 0;
		r->next++;
		return 1;
	}
	if (a != NULL && a->seq < limit)
		limit = a->seq;
	if (limit <= r->next)
		return 0;
	r->next = limit;
	return 1;
}

/* Write what need not wait any longer. */
static void
release(struct ml_reorder *r)
{
	uint64_t seq;
	int has_written = 0;

	while (r->n > 0) {
		seq = ml_reorder_item(r, 0)->seq;
		if (seq <= r->next || r->is_draining) {
			write_item(r);
			has_written = 1;
		} else if (r->n > r->config.buffer ||
		    r->bytes > ML_REORDER_BYTES_MAX) {
			ml_reorder_request_missing(r, seq);
			r->next = seq;
		} else if (!give_up(r))
			break;
	}
	r->count.flushes += (uint64_t)has_written;
}

int
ml_reorder_advance(struct ml_reorder *r)
{
	uint64_t window = ml_reorder_window(r);

	if (r->count.received > 0 && r->count.received % EPOCH == 0) {
		r->learnt.displacement[1] = r->learnt.displacement[0];
		r->learnt.answer[1] = r->learnt.answer[0];
		r->learnt.displacement[0] = r->learnt.answer[0] = 0;
	}
	if (r->again > 0)
		ml_reorder_request_again(r, 0);
	if (!r->has_begun && r->n > 0 && (r->count.received > window ||
	    r->n > r->config.buffer))
		ml_reorder_begin(r);
	if (r->has_begun) {
		if (r->high > window && r->high - window > r->asked_to)
			ml_reorder_request_missing(r, r->high - window);
		if (r->n > 0)
			release(r);
	}
	return r->no_memory ? -1 : 0;
}

static int
place(struct ml_reorder *r, uint64_t seq, struct ml_slice text)
{
	size_t where;
	int is_recovered;

	if (r->has_begun && seq < r->next && ml_ranges_has(r->written, seq)) {
		note_copy(r, seq);
		return 0;
	}
	where = ml_reorder_find_item(r, seq);
	if (ml_reorder_is_at(r, where, seq)) {
		note_copy(r, seq);
		return 0;
	}
	is_recovered = r->asks > 0 && ml_reorder_is_answer(r, seq);
	if (seq < r->high && !is_recovered)
		ml_reorder_note(r->learnt.displacement, r->high - seq);
	if (r->has_begun && seq <= r->next)
		write_packet(r, seq, text, is_recovered);
	else if (ml_reorder_insert(r, where, seq, text, is_recovered) == -1)
		return -1;
	if (!r->has_begun && r->n == 1)
		r->high = seq;
	ml_reorder_raise(r);
	return 0;
}

int
ml_reorder_take(struct ml_reorder *r, uint64_t seq, struct ml_slice text)
{
	r->count.received++;
	return place(r, seq, text) == -1 ? -1 : ml_reorder_advance(r);
}

int
ml_reorder_drain(struct ml_reorder *r)
{
	if (ml_reorder_ask_all(r) == -1)
		return -1;
	r->is_draining = 1;
	release(r);
	r->is_draining = 0;
	return r->no_memory ? -1 : 0;
}

struct ml_reorder_counts *
ml_reorder_counts(struct ml_reorder *r)
{
	return &r->count;
}

struct ml_reorder_learnt *
ml_reorder_learnt(struct ml_reorder *r)
{
	return &r->learnt;
}

void
ml_reorder_each_written(const struct ml_reorder *r, void *arg,
    void (*each)(void *arg, uint64_t low, uint64_t high))
{
	ml_ranges_each(r->written, arg, each);
}

uint64_t
ml_reorder_next(const struct ml_reorder *r)
{
	return r->next;
}

size_t
ml_reorder_waiting(const struct ml_reorder *r)
{
	return r->n;
}

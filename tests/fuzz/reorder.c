/* reorder: any packets in any order, runs that end and are taken up: each that
 * came is written once, late ones are marked, and nothing is asked for too often */
#include <assert.h>
#include <stdlib.h>

#include "reorder.h"

#define NUMBERS 256		/* plain ones; others lie far ahead */
#define FAR 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct state {
	uint8_t taken[2 * NUMBERS], written[2 * NUMBERS];
	unsigned asked[2 * NUMBERS], runs;
	uint64_t most;			/* of those that were written, and 1 */
	struct ml_reorder *next;	/* what the next run goes on with */
	struct ml_ranges *log;
};

static size_t
index_of(uint64_t seq)
{
	return seq < NUMBERS ? (size_t)seq :
	    (size_t)(NUMBERS + seq / FAR % NUMBERS);
}

static void
on_write(void *arg, uint64_t seq, struct ml_slice text,
    enum ml_packet_status status)
{
	struct state *s = arg;

	assert(ml_slice_is(text, "1,00"));
	assert(s->taken[index_of(seq)] && !s->written[index_of(seq)]++);
	assert(status != ML_PACKET_OK || seq >= s->most);
	assert(status != ML_PACKET_LATE || seq < s->most);
	if (seq >= s->most)
		s->most = seq + 1;
	assert(ml_ranges_add(s->log, seq) == 1);
}

static void
on_ask(void *arg, uint64_t seq)
{
	struct state *s = arg;

	if (seq < NUMBERS)
		assert(!s->taken[seq] && ++s->asked[seq] <=
		    ML_REORDER_TRIES_MAX + s->runs);
}

static void
pass_item(void *arg, const struct ml_reorder_item *i)
{
	struct state *s = arg;

	assert(ml_reorder_restore_item(s->next, i->seq, i->is_recovered,
	    (struct ml_slice){ i->text, i->len }) == 0);
}

static void
pass_ask(void *arg, const struct ml_reorder_ask *a)
{
	struct state *s = arg;

	assert(ml_reorder_restore_ask(s->next, a) == 0);
}

static void
pass_range(void *arg, uint64_t low, uint64_t high)
{
	struct state *s = arg;

	assert(ml_reorder_restore_range(s->next, low, high) == 0);
}

/* A run ends, and another one goes on. */
static struct ml_reorder *
take_up(struct state *s, struct ml_reorder *r,
    const struct ml_reorder_config *config, const struct ml_reorder_sink *sink)
{
	s->next = ml_reorder_new(config, sink);
	assert(s->next != NULL);
	ml_ranges_each(s->log, s, pass_range);
	*ml_reorder_counts(s->next) = *ml_reorder_counts(r);
	*ml_reorder_learnt(s->next) = *ml_reorder_learnt(r);
	ml_reorder_keep(r, 1, s, pass_item, pass_ask);
	ml_reorder_free(r);
	s->runs++;
	assert(ml_reorder_resume(s->next, (int)(s->runs % 2)) == 0);
	return s->next;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct state s = { .log = ml_ranges_new() };
	struct ml_reorder_sink sink = { &s, on_write, on_ask };
	struct ml_reorder_config config = { 0 };
	struct ml_reorder *r;
	uint64_t seq;
	size_t i;

	if (len < 3) {
		ml_ranges_free(s.log);
		return 0;
	}
	config.window = data[0] % 40;
	config.buffer = 1 + data[1] % 60;
	config.has_first = data[2] & 1;
	s.most = 0;
	r = ml_reorder_new(&config, &sink);
	assert(s.log != NULL && r != NULL);
	for (i = 3; i + 1 < len; i += 2) {
		seq = data[i] % 16 == 15 ? (uint64_t)FAR * (1 + data[i + 1] %
		    (NUMBERS - 1)) : data[i + 1];
		switch (data[i] % 16) {
		case 0: case 1: assert(ml_reorder_corrupt(r, seq) == 0); break;
		case 2: assert(ml_reorder_ask_all(r) >= 0); break;
		case 3: r = take_up(&s, r, &config, &sink); break;
		default:
			s.taken[index_of(seq)] = 1;
			assert(ml_reorder_take(r, seq,
			    (struct ml_slice){ "1,00", 4 }) == 0);
		}
		assert(ml_reorder_waiting(r) <= config.buffer);
	}
	assert(ml_reorder_drain(r) == 0);
	for (i = 0; i < 2 * NUMBERS; i++)
		assert(s.taken[i] == s.written[i]);
	ml_reorder_free(r);
	ml_ranges_free(s.log);
	return 0;
}

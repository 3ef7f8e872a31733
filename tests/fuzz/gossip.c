/* gossip: whatever a peer says, and whatever we come to hold: what is to be sent
 * is held, a message's worth at the most, never to who has it, and a contact
 * comes to its end */
#include <assert.h>

#include "gossip.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define AUTHORS 8

struct state {
	struct ml_gossip *g;
	int64_t head[AUTHORS], confirmed[AUTHORS];
	int64_t now;
};

static const char names[] = "abcdefgh";

static struct ml_slice
name(unsigned n)
{
	return (struct ml_slice){ names + n % AUTHORS, 1 };
}

/* Say all that is to be said: whether it is over. */
static int
say(struct state *s, int room)
{
	struct ml_gossip_wish w;
	unsigned a, said;

	for (said = 0;; said++) {
		assert(said < 100000);
		ml_gossip_next(s->g, room, s->now, &w);
		if (w.what == ML_GOSSIP_OVER)
			return 1;
		if (w.what == ML_GOSSIP_WAIT) {
			assert(w.until > s->now);
			return 0;
		}
		assert(room);
		if (w.what != ML_GOSSIP_EVENTS && w.what != ML_GOSSIP_EVIDENCE)
			continue;
		a = (unsigned)(*w.author.p - 'a');
		assert(w.author.len == 1 && a < AUTHORS);
		assert(1 <= w.from && w.from <= w.to);
		assert(w.to - w.from < ML_MESSAGE_EVENTS);
		if (w.what == ML_GOSSIP_EVENTS) {
			assert(w.to <= s->head[a]);
			assert(w.from > s->confirmed[a]);
		}
		ml_gossip_sent(s->g, &w, (size_t)(w.to - w.from + 1), s->now);
	}
}

static void
hear_frontier(struct state *s, const uint8_t *p)
{
	unsigned a;

	for (a = 0; a < AUTHORS; a++)
		s->confirmed[a] = 0;
	ml_gossip_frontier(s->g, (int8_t)p[0], p[1] & 1);
	for (a = 0; a < AUTHORS; a++) {
		if ((p[2] >> a & 1) == 0)
			continue;
		s->confirmed[a] = p[3] * (int64_t)(a + 1);
		if (ml_gossip_entry(s->g, name(a), s->confirmed[a], p[1] & 1,
		    s->now)) {
			assert(s->confirmed[a] <= s->head[a]);
			if (p[1] & 2)
				ml_gossip_fork(s->g, name(a), s->confirmed[a]);
		}
	}
	ml_gossip_frontier_end(s->g, s->now);
}

static void
act(struct state *s, const uint8_t *p)
{
	unsigned a = p[1] % AUTHORS;

	switch (p[0] % 10) {
	case 0:
		/* no log of ours grows shorter but as another one */
		s->head[a] += p[2];
		ml_gossip_hold(s->g, name(a), s->head[a]);
		break;
	case 1:
		hear_frontier(s, p + 1);
		break;
	case 2:
		if (p[2] > 0)
			ml_gossip_came(s->g, name(a), p[2], s->now);
		if (p[2] > s->head[a])
			s->head[a] = p[2];
		if (p[2] > s->confirmed[a])
			s->confirmed[a] = p[2];
		ml_gossip_hold(s->g, name(a), s->head[a]);
		ml_gossip_took(s->g, 1);
		break;
	case 3:
		ml_gossip_done(s->g, (int8_t)p[1], s->now);
		break;
	case 4:
		ml_gossip_heard(s->g, (size_t)p[1] << p[2] % 24, p[1], s->now);
		break;
	case 5:
		s->now += (int64_t)p[1] << p[2] % 12;
		break;
	case 6:
		ml_gossip_drained(s->g, (size_t)p[1] << 8, s->now);
		break;
	case 7:
		if (s->head[a] > 0)
			ml_gossip_fork(s->g, name(a), 1 + p[2] % s->head[a]);
		break;
	case 8:
		ml_gossip_hold_none(s->g);
		for (a = 0; a < AUTHORS; a++) {
			s->head[a] = p[1] * (int64_t)a;
			ml_gossip_hold(s->g, name(a), s->head[a]);
		}
		break;
	case 9:
		(p[1] & 1 ? ml_gossip_end : ml_gossip_unread)(s->g);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];
	struct ml_gossip_options o = { .interval_ms = 10000,
	    .silence_ms = 30000 };
	struct state s = { .now = 0 };
	size_t i;

	if (len == 0)
		return 0;
	o.once = data[0] & 1;
	if ((s.g = ml_gossip_new(&o, key, 0)) == NULL)
		return 0;
	for (i = 1; i + 5 <= len; i += 5) {
		act(&s, data + i);
		if (say(&s, data[i + 4] & 1))
			break;
	}
	ml_gossip_end(s.g);
	for (i = 0; !say(&s, 1); i++) {
		assert(i < 3);
		s.now += 700000;
	}
	ml_gossip_free(s.g);
	return 0;
}

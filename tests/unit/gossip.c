/* gossip - two ends that talk over delayed, ordered ways come to hold the same,
 * and nothing is sent twice that was confirmed */
#include "given.h"
#include "gossip.h"
#include "message.h"
#include "unit.h"

#define AUTHORS 6
#define QUEUE 4096

static size_t delay = 80;		/* ms of a message, at the most */
static const uint8_t key[ML_TABLE_KEY_LEN] = { 1 };

/* A message on its way. */
struct message {
	struct ml_gossip_wish wish;
	char author;
	int64_t head[AUTHORS];
	char branch[AUTHORS];
	int64_t at;
};

struct end {
	struct ml_gossip *g;
	int64_t head[AUTHORS];
	char branch[AUTHORS];		/* of a feed from seq 1 on */
	int refuses[AUTHORS], met[AUTHORS];
	struct message queue[QUEUE];
	size_t first, next;
	int64_t sent[AUTHORS];		/* the highest */
	unsigned again, frontiers;
	unsigned had;			/* events that came, and were there */
	unsigned early;			/* over, and not both held the same */
	int over, was_over;
	enum ml_gossip_outcome outcome;
};

static struct ml_slice
name(size_t a)
{
	static const char names[] = "abcdef";

	return (struct ml_slice){ names + a, 1 };
}

static void
hold_all(struct end *e)
{
	size_t a;

	for (a = 0; a < AUTHORS; a++)
		ml_gossip_hold(e->g, name(a), e->head[a]);
}

static void
begin(struct end *e, int once, int64_t now)
{
	const struct ml_gossip_options o = { .once = once,
	    .interval_ms = 10000, .silence_ms = 30000 };

	e->g = ml_gossip_new(&o, key, now);
	hold_all(e);
}

static void
hear_frontier(struct end *e, const struct message *m, int64_t now, int ids)
{
	size_t a;

	ml_gossip_frontier(e->g, ids ? m->wish.taken : -1, ids);
	for (a = 0; a < AUTHORS; a++)
		if (m->head[a] > 0 && ml_gossip_entry(e->g, name(a),
		    m->head[a], ids, now) && m->branch[a] != e->branch[a]) {
			ml_gossip_fork(e->g, name(a), m->head[a]);
			e->met[a] = 1;
		}
	ml_gossip_frontier_end(e->g, now);
}

static void
hear_events(struct end *e, const struct message *m, int64_t now)
{
	size_t a = (size_t)(m->author - 'a');
	int64_t seq;

	for (seq = m->wish.from; seq <= m->wish.to; seq++) {
		if (e->head[a] > 0 && m->branch[a] != e->branch[a]) {
			if (seq <= e->head[a]) {
				e->met[a] = 1;
				ml_gossip_fork(e->g, name(a), seq);
			}
		} else if (!e->refuses[a] && seq <= e->head[a] + 1) {
			e->branch[a] = m->branch[a];
			if (seq > e->head[a])
				e->head[a] = seq;
			else
				e->had++;
			ml_gossip_came(e->g, name(a), seq, now);
		}
	}
	ml_gossip_took(e->g, (uint64_t)(m->wish.to - m->wish.from + 1));
	hold_all(e);
}

static void
hear(struct end *e, struct end *from, int64_t now, int ids)
{
	const struct message *m = &from->queue[from->first % QUEUE];

	if (from->first == from->next || m->at > now)
		return;
	from->first++;
	ml_gossip_heard(e->g, 100, 0, now);
	switch (m->wish.what) {
	case ML_GOSSIP_FRONTIER: hear_frontier(e, m, now, ids); break;
	case ML_GOSSIP_DONE: ml_gossip_done(e->g, m->wish.taken, now); break;
	default: hear_events(e, m, now); break;
	}
}

/* Say one thing, or be over: 1 if something was said. */
static int
say(struct end *e, int64_t now, int64_t arrives)
{
	struct message *m = &e->queue[e->next % QUEUE];
	size_t a;

	ml_gossip_next(e->g, e->next - e->first < 16, now, &m->wish);
	if (m->wish.what == ML_GOSSIP_OVER) {
		e->over = 1;
		e->outcome = m->wish.outcome;
	}
	if (m->wish.what == ML_GOSSIP_WAIT || m->wish.what == ML_GOSSIP_OVER)
		return 0;
	m->at = arrives;
	memcpy(m->head, e->head, sizeof m->head);
	memcpy(m->branch, e->branch, sizeof m->branch);
	e->frontiers += m->wish.what == ML_GOSSIP_FRONTIER;
	if (m->wish.what == ML_GOSSIP_EVENTS ||
	    m->wish.what == ML_GOSSIP_EVIDENCE) {
		m->author = *m->wish.author.p;
		a = (size_t)(m->author - 'a');
		e->again += m->wish.from <= e->sent[a];
		if (m->wish.to > e->sent[a])
			e->sent[a] = m->wish.to;
		ml_gossip_sent(e->g, &m->wish,
		    (size_t)(m->wish.to - m->wish.from + 1), now);
	}
	e->next++;
	return 1;
}

static unsigned
is_same(const struct end *x, const struct end *y)
{
	return memcmp(x->head, y->head, sizeof x->head) == 0;
}

/* Let two ends talk, now and then with something new: until both are over, or
 * so many ms. */
static int64_t
run(struct end *x, struct end *y, uint64_t *state, int64_t ms, int grow)
{
	int64_t now, at[2] = { 0, 0 };
	struct end *e;
	size_t a;

	for (now = 0; now < ms && !(x->over && y->over); now += 10) {
		e = given_below(state, 2) ? x : y;
		if (grow && now < ms / 2 && given_below(state, 50) == 0) {
			a = given_below(state, AUTHORS / 2) * 2 + (e == y);
			e->branch[a] = 'm';
			e->head[a] += 1 + (int64_t)given_below(state, 40);
			hold_all(e);
		}
		for (e = x;; e = y) {
			if (at[e == y] < now)
				at[e == y] = now;
			if (!e->over && say(e, now, at[e == y]))
				at[e == y] += (int64_t)given_below(state,
				    delay);
			e->early += e->over && !e->was_over && !is_same(x, y);
			e->was_over = e->over;
			if (!e->over)
				hear(e, e == x ? y : x, now, 1);
			if (e == y)
				break;
		}
	}
	return now;
}

static void
end(struct end *x, struct end *y)
{
	ml_gossip_free(x->g);
	ml_gossip_free(y->g);
	memset(x, 0, sizeof *x);
	memset(y, 0, sizeof *y);
}

static struct end x, y;

static void
fill(struct end *e, uint64_t *state, int odd)
{
	size_t a;

	for (a = 0; a < AUTHORS; a++) {
		e->branch[a] = 'm';
		e->head[a] = (int64_t)given_below(state, 300);
		if ((a & 1) != (size_t)odd)
			e->head[a] /= 3;
	}
}

static void
check_contacts(void)
{
	uint64_t state = 7;
	unsigned good = 0, again = 0, over = 0, had = 0, early = 0, i;

	for (i = 0; i < 200; i++) {
		fill(&x, &state, 0);
		fill(&y, &state, 1);
		begin(&x, 1, 0);
		begin(&y, i % 3 != 0, 0);
		run(&x, &y, &state, i % 3 == 0 ? 12000 : 60000, 0);
		good += is_same(&x, &y);
		again += x.again + y.again;
		had += x.had + y.had;
		early += x.early + y.early;
		over += x.over && x.outcome == ML_GOSSIP_AGREED &&
		    (i % 3 == 0 || (y.over && y.outcome == ML_GOSSIP_AGREED));
		end(&x, &y);
	}
	ok(good == 200, "%u of 200 contacts: both hold the same", good);
	ok(over == 200, "%u of 200 end, and both know it", over);
	ok(again == 0, "%u messages went twice", again);
	ok(had == 0, "%u events came to who had them", had);
	ok(early == 0, "%u were over before both held the same", early);
}

/* Two that serve, and go on growing for half of the time. */
static void
check_serving(const char *how)
{
	uint64_t state = 9;
	unsigned good = 0, again = 0, had = 0, frontiers = 0, i;
	size_t a;

	for (i = 0; i < 20; i++) {
		fill(&x, &state, 0);
		fill(&y, &state, 1);
		/* who writes a feed has all of it */
		for (a = 0; a < AUTHORS; a++)
			if ((a & 1) == 0 && y.head[a] > x.head[a])
				y.head[a] = x.head[a];
			else if ((a & 1) == 1 && x.head[a] > y.head[a])
				x.head[a] = y.head[a];
		begin(&x, 0, 0);
		begin(&y, 0, 0);
		run(&x, &y, &state, 400000, 1);
		good += is_same(&x, &y) && !x.over && !y.over;
		again += x.again + y.again;
		had += x.had + y.had;
		frontiers += x.frontiers;
		end(&x, &y);
	}
	ok(good == 20, "%s: %u of 20 that serve follow each other", how, good);
	ok(again == 0, "%s: %u messages went twice, though frontiers crossed "
	    "them", how, again);
	ok(had == 0, "%s: %u events came to who had them", how, had);
	ok(frontiers > 20 * 36 && frontiers <= 20 * 40,
	    "%s: a frontier each interval", how);
}

static void
check_forks(void)
{
	uint64_t state = 11;
	unsigned both = 0, rest = 0, over = 0, i;

	for (i = 0; i < 100; i++) {
		fill(&x, &state, 0);
		fill(&y, &state, 1);
		x.head[2] = 1 + (int64_t)given_below(&state, 50);
		y.head[2] = 1 + (int64_t)given_below(&state, 50);
		if (i % 4 == 0)
			y.head[2] = x.head[2];
		y.branch[2] = 'n';
		begin(&x, 1, 0);
		begin(&y, 1, 0);
		run(&x, &y, &state, 60000, 0);
		both += x.met[2] && y.met[2];
		over += x.over && y.over && x.outcome == ML_GOSSIP_AGREED &&
		    y.outcome == ML_GOSSIP_AGREED;
		x.head[2] = y.head[2] = 0;
		rest += is_same(&x, &y);
		end(&x, &y);
	}
	ok(both == 100, "%u of 100 forks are met on both sides", both);
	ok(rest == 100, "%u of 100 went on with all other feeds", rest);
	ok(over == 100, "%u of 100 ended", over);
}

static void
check_refused(void)
{
	uint64_t state = 13;

	x.head[0] = 1000;
	x.head[1] = 10;
	y.refuses[0] = 1;
	begin(&x, 1, 0);
	begin(&y, 1, 0);
	run(&x, &y, &state, 60000, 0);
	ok(x.over && x.outcome == ML_GOSSIP_AGREED && y.head[1] == 10 &&
	    y.head[0] == 0, "what is not taken does not keep a contact open");
	end(&x, &y);

	x.head[0] = 1000;
	y.refuses[0] = 1;
	begin(&x, 0, 0);
	begin(&y, 0, 0);
	run(&x, &y, &state, 600000, 0);
	ok(x.again >= 3 && x.again <= 7, "in serving it is offered again, "
	    "ever more rarely: %u times in 10 min", x.again);
	y.refuses[0] = 0;
	run(&x, &y, &state, 1, 0);
	ml_gossip_free(x.g);
	begin(&x, 0, 0);
	ml_gossip_free(y.g);
	begin(&y, 0, 0);
	run(&x, &y, &state, 20000, 0);
	ok(y.head[0] == 1000, "all of it goes when it is taken");
	end(&x, &y);
}

/* In serving: a peer that was confirmed to hold an author's events, and holds
 * none of them any more. */
static void
check_lost(void)
{
	uint64_t state = 15;

	x.head[0] = 100;
	begin(&x, 0, 0);
	begin(&y, 0, 0);
	run(&x, &y, &state, 15000, 0);
	ok(y.head[0] == 100, "it has all");
	y.head[0] = 0;
	ml_gossip_hold(y.g, name(0), 0);
	y.frontiers = 0;
	{
		const struct message m = { .wish = { .taken = 1000 } };

		hear_frontier(&x, &m, 20000, 1);
	}
	x.again = 0;
	while (say(&x, 20000, 20000))
		continue;
	ok(x.again == 4, "and gets it again, in %u messages", x.again);
	end(&x, &y);
}

static enum ml_gossip_outcome
outcome_of(struct ml_gossip *g, int64_t now)
{
	struct ml_gossip_wish w;

	do
		ml_gossip_next(g, 1, now, &w);
	while (w.what == ML_GOSSIP_FRONTIER || w.what == ML_GOSSIP_DONE);
	return w.what == ML_GOSSIP_OVER ? w.outcome :
	    (enum ml_gossip_outcome)-1;
}

/* A peer like the seed: no ids, no counts, no done. */
static void
check_seed(void)
{
	const struct ml_gossip_options o = { .once = 1, .interval_ms = 10000,
	    .silence_ms = 30000 };
	struct ml_gossip *g = ml_gossip_new(&o, key, 0);
	struct ml_gossip_wish w;
	unsigned events = 0;
	int64_t now;
	int news = 0;

	ml_gossip_hold(g, name(0), 40);
	ml_gossip_next(g, 1, 0, &w);
	ok(w.what == ML_GOSSIP_FRONTIER, "our frontier comes first");
	ml_gossip_next(g, 1, 0, &w);
	ok(w.what == ML_GOSSIP_WAIT && w.until == 30000,
	    "then the peer is waited for");
	ml_gossip_frontier(g, -1, 0);
	ml_gossip_entry(g, name(0), 3, 0, 5);
	ml_gossip_frontier_end(g, 5);
	for (;;) {
		ml_gossip_next(g, 1, 5, &w);
		if (w.what != ML_GOSSIP_EVENTS)
			break;
		ok(w.from == 4 + events && w.to <= 40 &&
		    w.to - w.from < ML_MESSAGE_EVENTS, "a message's worth");
		events += (unsigned)(w.to - w.from + 1);
		ml_gossip_sent(g, &w, (size_t)(w.to - w.from + 1), 5);
	}
	ok(events == 37 && w.what == ML_GOSSIP_DONE, "what it lacks, and no more");
	ml_gossip_frontier(g, -1, 0);
	ml_gossip_entry(g, name(0), 3, 0, 9);
	ml_gossip_frontier_end(g, 9);
	ml_gossip_next(g, 1, 9, &w);
	ok(w.what == ML_GOSSIP_WAIT, "a frontier that crossed asks for nothing");
	ml_gossip_frontier(g, -1, 0);
	ml_gossip_entry(g, name(0), 40, 0, 10000);
	ml_gossip_frontier_end(g, 10000);
	ml_gossip_next(g, 1, 10000, &w);
	ok(w.what == ML_GOSSIP_OVER && w.outcome == ML_GOSSIP_AGREED,
	    "it is over when the peer holds the same");
	ml_gossip_free(g);
	g = ml_gossip_new(&o, key, 0);
	ml_gossip_hold(g, name(0), 40);
	ml_gossip_frontier(g, -1, 0);
	ml_gossip_entry(g, name(1), 3, 0, 5);
	ml_gossip_frontier_end(g, 5);
	do {
		ml_gossip_next(g, 1, 5, &w);
		if (w.what == ML_GOSSIP_EVENTS)
			ml_gossip_sent(g, &w, (size_t)(w.to - w.from + 1), 5);
	} while (w.what != ML_GOSSIP_WAIT);
	ml_gossip_next(g, 1, w.until, &w);
	ok(w.what == ML_GOSSIP_OVER && w.outcome == ML_GOSSIP_AGREED,
	    "or has been silent");
	ml_gossip_free(g);
	/* what we have not, and do not take, in a frontier that is long */
	g = ml_gossip_new(&o, key, 0);
	for (now = 0; outcome_of(g, now) != ML_GOSSIP_AGREED && now < 1000000;
	    now += 10000) {
		ml_gossip_frontier(g, -1, 0);
		ml_gossip_entry(g, name(1), 3, 0, now);
		news += ml_gossip_frontier_end(g, now);
		ml_gossip_heard(g, 5000, now > 0 ? 5000 : 0, now);
	}
	ok(now == 30000 && news == 1, "or says nothing but the same: after %lld s",
	    (long long)now / 1000);
	ml_gossip_free(g);
	/* it takes its time, and gets on */
	g = ml_gossip_new(&o, key, 0);
	ml_gossip_hold(g, name(0), 40);
	for (now = 0, news = 0; now < 100000; now += 20000) {
		ml_gossip_frontier(g, -1, 0);
		ml_gossip_entry(g, name(0), 1 + now / 20000, 0, now);
		news += ml_gossip_frontier_end(g, now);
		do {
			ml_gossip_next(g, 1, now, &w);
			if (w.what == ML_GOSSIP_EVENTS)
				ml_gossip_sent(g, &w, (size_t)(w.to - w.from + 1),
				    now);
		} while (w.what != ML_GOSSIP_WAIT && w.what != ML_GOSSIP_OVER);
	}
	ok(w.what == ML_GOSSIP_WAIT && news == 5, "one that gets on is waited for");
	ml_gossip_free(g);
}

static void
check_hostile(void)
{
	const struct ml_gossip_options o = { .once = 1, .interval_ms = 10000,
	    .silence_ms = 30000 };
	struct ml_gossip *g = ml_gossip_new(&o, key, 0);
	struct ml_gossip_wish w;
	char author[16];
	unsigned i, round;
	int64_t now;

	ok(outcome_of(g, 29999) == (enum ml_gossip_outcome)-1 &&
	    outcome_of(g, 30000) == ML_GOSSIP_UNHEARD, "silence has its end");
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	for (now = 0; outcome_of(g, now) != ML_GOSSIP_SILENT && now < 1000000;
	    now += 1000)
		ml_gossip_heard(g, 1, 0, now);
	ok(now < 60000, "so have drips: after %lld s", (long long)now / 1000);
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	for (now = 0; outcome_of(g, now) != ML_GOSSIP_SILENT &&
	    now < 10000000; now += 1000)
		ml_gossip_heard(g, 1000, 0, now);
	ok(now <= 600000, "and a brook of nothing new: after %lld s",
	    (long long)now / 1000);
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	for (now = 0; outcome_of(g, now) != ML_GOSSIP_UNHEARD &&
	    now < 1000000; now += 1000)
		ml_gossip_drained(g, 1, now);
	ok(now < 60000, "and one that reads byte by byte: after %lld s",
	    (long long)now / 1000);
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	ml_gossip_frontier(g, 0, 1);
	ml_gossip_frontier_end(g, 0);
	for (now = 0; outcome_of(g, now) != ML_GOSSIP_SILENT && now < 1000000;
	    now += 1000) {
		ml_gossip_done(g, 5 + now / 1000 % 2, now);
		ml_gossip_heard(g, 20, 0, now);
	}
	ok(now < 60000, "and one that is done again and again, having taken "
	    "what was never sent: after %lld s", (long long)now / 1000);
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	for (i = 0; outcome_of(g, 0) != ML_GOSSIP_FLOODED && i < 1000; i++)
		ml_gossip_heard(g, 1 << 20, 0, 0);
	ok(i == 257, "and a flood of it: after %u MiB", i);
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	for (round = 0; round < 3; round++) {
		ml_gossip_frontier(g, 0, 1);
		for (i = 0; i < 200000; i++) {
			int n = snprintf(author, sizeof author, "%u-%u", round,
			    i);

			ml_gossip_entry(g, (struct ml_slice){ author,
			    (size_t)n }, INT64_C(1) << 53, 1, 0);
		}
		ml_gossip_frontier_end(g, 0);
	}
	ok(!ml_gossip_failed(g) && outcome_of(g, 0) ==
	    (enum ml_gossip_outcome)-1, "authors without end are bounded");
	ml_gossip_hold(g, (struct ml_slice){ "2-0", 3 }, 5);
	ml_gossip_hold(g, (struct ml_slice){ "1-0", 3 }, 5);
	ml_gossip_next(g, 1, 0, &w);
	ok(w.what == ML_GOSSIP_EVENTS && *w.author.p == '1',
	    "those of the last frontier are remembered, of earlier ones not");
	ml_gossip_sent(g, &w, 5, 0);
	ml_gossip_hold(g, (struct ml_slice){ "2-199999", 8 }, 5);
	ml_gossip_next(g, 1, 0, &w);
	ok(w.what == ML_GOSSIP_EVENTS && w.author.len == 8,
	    "and of too many not all");
	ml_gossip_free(g);

	g = ml_gossip_new(&o, key, 0);
	ml_gossip_end(g);
	ok(outcome_of(g, 0) == ML_GOSSIP_EARLY, "one that ends at once");
	ml_gossip_free(g);
}

int
main(void)
{
	check_contacts();
	check_serving("at once");
	delay = 2500;
	check_serving("late");
	delay = 80;
	check_forks();
	check_refused();
	check_lost();
	check_seed();
	check_hostile();
	return unit_done();
}

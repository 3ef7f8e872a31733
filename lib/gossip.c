/* gossip - the exchange of events with one peer */
#include <stdlib.h>
#include <string.h>

#include "gossip.h"
#include "message.h"

struct author {
	struct ml_slice name;		/* owned */
	int64_t head;			/* ours, 0: nothing */
	int64_t has;			/* the peer, for sure */
	int64_t sent;			/* what it has if it takes all we sent */
	uint64_t sent_at;		/* events sent in all, with its last one */
	int64_t sent_ms;
	int64_t claims;			/* its last frontier, */
	uint32_t epoch;			/* that had this number */
	int64_t compared;		/* seq whose id was */
	int64_t evidence;		/* seq to be proved, 0: none */
	int64_t retry_ms, retry_after;	/* what it did not take */
	uint8_t forked;
	uint8_t probing;		/* one message, to see if it is taken now */
	uint8_t due;			/* something is to be sent */
};

struct ml_gossip {
	struct ml_gossip_options o;
	struct author *author;
	size_t n, room;
	struct ml_table by_name;
	uint8_t key[ML_TABLE_KEY_LEN];
	size_t recent;			/* the author that was asked for last */
	size_t cursor;			/* the author that is being sent */
	size_t due, evidence;		/* authors with something to send */
	size_t strangers;		/* authors whom we have not */
	uint32_t epoch;			/* frontiers heard */
	int in_frontier, knows_us, forgot;	/* of the last one */
	int64_t frontier_taken;
	uint64_t sent, taken;		/* events, in all */
	int began;			/* our frontier was sent, */
	int64_t frontier_ms;		/* and is again */
	int said, answers;		/* done; it is to be said again */
	uint64_t said_taken;
	int peer_done;
	int64_t peer_taken;
	int ended, unread, over, failed;
	enum ml_gossip_outcome outcome;
	int heard_any;
	int64_t sign_ms, useful_ms;	/* the last sign of life, use of it */
	uint64_t idle_bytes, sign_bytes, drained_bytes;
};

struct ml_gossip *
ml_gossip_new(const struct ml_gossip_options *o,
    const uint8_t key[static ML_TABLE_KEY_LEN], int64_t now)
{
	struct ml_gossip *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->o = *o;
	g->sign_ms = g->useful_ms = now;
	memcpy(g->key, key, sizeof g->key);
	return g;
}

static void
drop(struct author *a)
{
	free((void *)(uintptr_t)a->name.p);
}

void
ml_gossip_free(struct ml_gossip *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->n; i++)
		drop(&g->author[i]);
	free(g->author);
	ml_table_free(&g->by_name);
	free(g);
}

int
ml_gossip_failed(const struct ml_gossip *g)
{
	return g->failed;
}

static uint64_t
hash_of(const struct ml_gossip *g, struct ml_slice name)
{
	return ml_table_hash(g->key, name.p, name.len);
}

static struct author *
find(struct ml_gossip *g, struct ml_slice name)
{
	uint32_t i;

	if (g->recent < g->n &&
	    ml_slice_same(g->author[g->recent].name, name))
		return &g->author[g->recent];
	i = ml_table_first(&g->by_name, hash_of(g, name));
	while (i != ML_TABLE_NONE && !ml_slice_same(g->author[i].name, name))
		i = ml_table_next(&g->by_name, i);
	if (i == ML_TABLE_NONE)
		return NULL;
	g->recent = i;
	return &g->author[i];
}

/* The same, made if there is none.  NULL: no memory, which is remembered. */
static struct author *
get(struct ml_gossip *g, struct ml_slice name)
{
	struct author *a = find(g, name), *more;
	size_t room = g->room != 0 ? g->room * 2 : 16;
	char *copy;

	if (a != NULL)
		return a;
	if (g->n == g->room) {
		if ((more = realloc(g->author, room * sizeof *more)) == NULL)
			goto failed;
		g->author = more;
		g->room = room;
	}
	if ((copy = malloc(name.len + 1)) == NULL)
		goto failed;
	if (ml_table_add(&g->by_name, hash_of(g, name),
	    (uint32_t)g->n) == -1) {
		free(copy);
		goto failed;
	}
	memcpy(copy, name.p, name.len);
	g->recent = g->n;
	g->strangers++;
	a = &g->author[g->n++];
	*a = (struct author){ .name = { copy, name.len } };
	return a;
failed:
	g->failed = 1;
	return NULL;
}

/* Whether events of an author are to be sent, once there is a frontier. */
static void
judge(struct ml_gossip *g, struct author *a)
{
	int due = a->head > a->sent && !a->forked && !g->unread &&
	    !(a->probing && a->sent > a->has);

	g->due += (size_t)due;
	g->due -= a->due;
	a->due = (uint8_t)due;
}

static void
set_head(struct ml_gossip *g, struct author *a, int64_t seq)
{
	g->strangers += seq == 0;
	g->strangers -= a->head == 0;
	a->head = seq;
	judge(g, a);
}

void
ml_gossip_hold(struct ml_gossip *g, struct ml_slice author, int64_t seq)
{
	struct author *a = seq > 0 ? get(g, author) : find(g, author);

	if (a != NULL && a->head != seq)
		set_head(g, a, seq);
}

void
ml_gossip_hold_none(struct ml_gossip *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->author[i].head != 0)
			set_head(g, &g->author[i], 0);
}

/* Something came that was worth it. */
static void
note_use(struct ml_gossip *g, int64_t now)
{
	g->sign_ms = g->useful_ms = now;
	g->idle_bytes = 0;
}

void
ml_gossip_frontier(struct ml_gossip *g, int64_t taken, int has_ids)
{
	g->epoch++;
	g->in_frontier = 1;
	g->forgot = 0;
	g->knows_us = has_ids;
	g->frontier_taken = taken;
}

/* Whether the frontier at hand was made after all that was sent of an author
 * had come.  A peer that does not count is given an interval for that. */
static int
is_truth(const struct ml_gossip *g, const struct author *a, int64_t now)
{
	return a->sent_at == 0 || (g->frontier_taken >= 0 ?
	    (uint64_t)g->frontier_taken >= a->sent_at :
	    now - a->sent_ms >= g->o.interval_ms);
}

/* It did not take what was sent: later, and perhaps, it will. */
static void
put_off(struct ml_gossip *g, struct author *a, int64_t now)
{
	if (a->retry_after == 0)
		a->retry_after = g->o.interval_ms;
	else if (now < a->retry_ms)
		return;
	else {
		a->sent = a->has;
		a->probing = 1;
		if ((a->retry_after *= 2) > ML_GOSSIP_RETRY_MAX)
			a->retry_after = ML_GOSSIP_RETRY_MAX;
	}
	a->retry_ms = now + a->retry_after;
}

/* The peer says that it holds an author's events 1..seq. */
static void
confirm(struct ml_gossip *g, struct author *a, int64_t seq, int64_t now)
{
	int64_t had = a->has;

	a->claims = seq;
	a->epoch = g->epoch;
	if (!is_truth(g, a, now)) {
		if (seq > a->has)
			a->has = seq;
		if (seq > a->sent)
			a->sent = seq;
	} else if (seq >= a->sent || (seq < had && !g->o.once)) {
		/* all of it; or it has lost what it had */
		a->has = a->sent = seq;
		a->probing = 0;
		a->retry_after = 0;
	} else {
		a->has = seq;
		if (!g->o.once)
			put_off(g, a, now);
	}
	judge(g, a);
}

int
ml_gossip_entry(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int has_id, int64_t now)
{
	struct author *a = find(g, author);

	if (seq == 0)
		return 0;
	if (a == NULL && g->strangers >= ML_GOSSIP_STRANGERS_MAX) {
		g->forgot = 1;
		return 0;
	}
	if (a == NULL && (a = get(g, author)) == NULL)
		return 0;
	confirm(g, a, seq, now);
	if (!has_id || a->forked || seq > a->head ||
	    (seq == a->compared && seq < a->head))
		return 0;
	a->compared = seq;
	return 1;
}

/* Forget strangers of frontiers that are no more. */
static void
forget_strangers(struct ml_gossip *g)
{
	size_t i, n = 0;

	ml_table_free(&g->by_name);
	for (i = 0; i < g->n; i++) {
		if (g->author[i].head == 0 && g->author[i].epoch != g->epoch) {
			g->strangers--;
			g->due -= g->author[i].due;
			g->evidence -= g->author[i].evidence > 0;
			drop(&g->author[i]);
			continue;
		}
		g->author[n] = g->author[i];
		if (ml_table_add(&g->by_name, hash_of(g, g->author[n].name),
		    (uint32_t)n) == -1)
			g->failed = 1;
		n++;
	}
	g->n = n;
	g->cursor = g->recent = 0;
}

/* Whether both hold the same, as far as a peer says that knows no more. */
static int
is_same(const struct ml_gossip *g)
{
	const struct author *a;
	size_t i;

	for (i = 0; i < g->n; i++) {
		a = &g->author[i];
		if (!a->forked && (a->epoch == g->epoch ? a->claims : 0) !=
		    a->head)
			return 0;
	}
	return !g->forgot;
}

static void
finish(struct ml_gossip *g, enum ml_gossip_outcome outcome)
{
	if (!g->over)
		g->outcome = outcome;
	g->over = 1;
}

void
ml_gossip_frontier_end(struct ml_gossip *g, int64_t now)
{
	struct author *a;
	size_t i, gone = 0;

	for (i = 0; i < g->n; i++) {
		a = &g->author[i];
		if (a->epoch == g->epoch)
			continue;
		gone += a->head == 0;
		if (a->head > 0) {
			confirm(g, a, 0, now);
			a->compared = 0;
		}
	}
	if (gone > 0)
		forget_strangers(g);
	g->in_frontier = 0;
	if (g->epoch == 1)
		note_use(g, now);
	if (g->o.once && !g->knows_us && is_same(g))
		finish(g, ML_GOSSIP_AGREED);
}

void
ml_gossip_fork(struct ml_gossip *g, struct ml_slice author, int64_t seq)
{
	struct author *a = get(g, author);

	if (a == NULL || a->forked)
		return;
	a->forked = 1;
	a->evidence = seq;
	g->evidence++;
	judge(g, a);
}

int
ml_gossip_is_forked(struct ml_gossip *g, struct ml_slice author)
{
	const struct author *a = find(g, author);

	return a != NULL && a->forked;
}

void
ml_gossip_came(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int64_t now)
{
	struct author *a = get(g, author);

	if (a == NULL || seq <= a->has)
		return;
	a->has = seq;
	if (seq > a->sent)
		a->sent = seq;
	judge(g, a);
	note_use(g, now);
}

void
ml_gossip_took(struct ml_gossip *g, uint64_t events)
{
	g->taken += events;
}

void
ml_gossip_done(struct ml_gossip *g, int64_t taken, int64_t now)
{
	if (!g->peer_done || taken != g->peer_taken)
		note_use(g, now);
	g->peer_done = 1;
	g->peer_taken = taken;
	g->answers = 1;
}

void
ml_gossip_heard(struct ml_gossip *g, size_t bytes, int64_t now)
{
	g->heard_any |= bytes > 0;
	g->sign_bytes += bytes;
	g->idle_bytes += bytes;
	if (g->sign_bytes >= ML_GOSSIP_SIGN) {
		g->sign_bytes = 0;
		g->sign_ms = now;
	}
}

void
ml_gossip_drained(struct ml_gossip *g, size_t bytes, int64_t now)
{
	g->drained_bytes += bytes;
	if (g->drained_bytes >= ML_GOSSIP_SIGN) {
		g->drained_bytes = 0;
		g->sign_ms = g->useful_ms = now;
	}
}

void
ml_gossip_end(struct ml_gossip *g)
{
	g->ended = 1;
}

void
ml_gossip_unread(struct ml_gossip *g)
{
	size_t i;

	g->unread = 1;
	for (i = 0; i < g->n; i++)
		judge(g, &g->author[i]);
}

/* Whether it is to be said that all was sent: of one's own accord in a contact,
 * else as an answer; and again where the peer waits for what was taken since. */
static int
wants_done(const struct ml_gossip *g)
{
	if (g->epoch == 0 || g->due > 0 || g->evidence > 0 || g->unread)
		return 0;
	if (!g->said)
		return g->o.once || g->answers;
	return g->answers && g->said_taken != g->taken;
}

static int
is_agreed(const struct ml_gossip *g)
{
	return g->o.once && g->epoch > 0 && g->due == 0 &&
	    g->evidence == 0 && g->said && g->said_taken == g->taken &&
	    g->peer_done && (g->peer_taken < 0 ||
	    (uint64_t)g->peer_taken == g->sent);
}

/* When a peer that keeps silent, or says nothing new, is given up. */
static int64_t
patience(const struct ml_gossip *g)
{
	int64_t silent = g->sign_ms + g->o.silence_ms;
	int64_t idle = g->useful_ms +
	    g->o.silence_ms * ML_GOSSIP_IDLE_WAITS;

	if (!g->o.once && !g->ended)
		return INT64_MAX;
	return silent < idle ? silent : idle;
}

static void
give_up(struct ml_gossip *g)
{
	if (g->ended)
		finish(g, g->o.once ? ML_GOSSIP_EARLY : ML_GOSSIP_ENDED);
	else if (g->epoch > 0 && !g->knows_us && g->due == 0)
		finish(g, ML_GOSSIP_AGREED);	/* it never says so */
	else
		finish(g, g->heard_any ? ML_GOSSIP_SILENT : ML_GOSSIP_UNHEARD);
}

/* Whether there is something to be said still, to a peer that has ended. */
static int
is_busy(const struct ml_gossip *g)
{
	return !g->unread && (!g->began || (g->epoch > 0 && (g->due > 0 ||
	    g->evidence > 0 || wants_done(g))));
}

static void
look(struct ml_gossip *g, int64_t now)
{
	if (is_agreed(g))
		finish(g, ML_GOSSIP_AGREED);
	else if (g->o.once && g->idle_bytes > ML_GOSSIP_IDLE_MAX)
		finish(g, ML_GOSSIP_FLOODED);
	else if ((g->ended && !is_busy(g)) || now >= patience(g))
		give_up(g);
}

/* The next author that has something to be sent, from the cursor on. */
static struct author *
next_author(struct ml_gossip *g, int evidence)
{
	struct author *a;
	size_t i;

	for (i = 0; i < g->n; i++) {
		a = &g->author[(g->cursor + i) % g->n];
		if (evidence ? a->evidence > 0 : a->due) {
			g->cursor = (size_t)(a - g->author);
			return a;
		}
	}
	return NULL;
}

static void
wish_events(struct ml_gossip *g, struct ml_gossip_wish *w)
{
	struct author *a = next_author(g, g->evidence > 0);

	w->author = a->name;
	if (g->evidence > 0) {
		w->what = ML_GOSSIP_EVIDENCE;
		w->from = w->to = a->evidence;
		return;
	}
	w->what = ML_GOSSIP_EVENTS;
	w->from = a->sent + 1;
	w->to = a->head - a->sent > ML_MESSAGE_EVENTS ?
	    a->sent + ML_MESSAGE_EVENTS : a->head;
}

int
ml_gossip_evidence(struct ml_gossip *g, struct ml_gossip_wish *w)
{
	*w = (struct ml_gossip_wish){ .what = ML_GOSSIP_WAIT };
	if (g->evidence > 0)
		wish_events(g, w);
	return g->evidence > 0;
}

static int
wants_frontier(const struct ml_gossip *g, int64_t now)
{
	return !g->began || (!g->o.once && now >= g->frontier_ms);
}

void
ml_gossip_next(struct ml_gossip *g, int room, int64_t now,
    struct ml_gossip_wish *w)
{
	*w = (struct ml_gossip_wish){ .what = ML_GOSSIP_WAIT,
	    .taken = (int64_t)g->taken, .until = patience(g) };
	look(g, now);
	if (g->over) {
		w->what = ML_GOSSIP_OVER;
		w->outcome = g->outcome;
	} else if (!room || g->unread)
		return;
	else if (wants_frontier(g, now)) {
		w->what = ML_GOSSIP_FRONTIER;
		g->began = 1;
		g->frontier_ms = now + g->o.interval_ms;
	} else if (g->epoch > 0 && (g->due > 0 || g->evidence > 0))
		wish_events(g, w);
	else if (wants_done(g)) {
		w->what = ML_GOSSIP_DONE;
		g->said = 1;
		g->said_taken = g->taken;
		g->answers = 0;
	} else if (!g->o.once && g->frontier_ms < w->until)
		w->until = g->frontier_ms;
}

void
ml_gossip_sent(struct ml_gossip *g, const struct ml_gossip_wish *w,
    size_t events, int64_t now)
{
	struct author *a = &g->author[g->cursor];

	g->sent += events;
	if (w->what == ML_GOSSIP_EVIDENCE) {
		a->evidence = 0;
		g->evidence--;
		return;
	}
	a->sent = w->from + (int64_t)events - 1;
	a->sent_at = g->sent;
	a->sent_ms = now;
	judge(g, a);
}

uint64_t
ml_gossip_sent_events(const struct ml_gossip *g)
{
	return g->sent;
}

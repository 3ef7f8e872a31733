/* gossip - the exchange of events with one peer */
#include <stdlib.h>
#include <string.h>

#include "gossipwork.h"
#include "message.h"

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

void
ml_gossip_free(struct ml_gossip *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->n; i++)
		ml_gossip_drop(&g->author[i]);
	free(g->author);
	ml_table_free(&g->by_name);
	free(g);
}

int
ml_gossip_failed(const struct ml_gossip *g)
{
	return g->failed;
}

void
ml_gossip_use(struct ml_gossip *g, int64_t now)
{
	g->sign_ms = g->useful_ms = now;
	g->idle_bytes = 0;
}

void
ml_gossip_finish(struct ml_gossip *g, enum ml_gossip_outcome outcome)
{
	if (!g->over)
		g->outcome = outcome;
	g->over = 1;
}

void
ml_gossip_took(struct ml_gossip *g, uint64_t events)
{
	g->taken += events;
}

void
ml_gossip_done(struct ml_gossip *g, int64_t taken, int64_t now)
{
	/* it only grows, up to what was sent: nobody makes a contact last by it */
	if (!g->peer_done || (taken > g->peer_taken &&
	    (uint64_t)taken <= g->sent))
		ml_gossip_use(g, now);
	if (!g->peer_done || taken > g->peer_taken)
		g->peer_taken = taken;
	g->peer_done = 1;
	g->answers = 1;
}

void
ml_gossip_heard(struct ml_gossip *g, size_t bytes, size_t stale, int64_t now)
{
	g->heard_any |= bytes > 0;
	/* a line may have begun to come before */
	g->sign_bytes += bytes > stale ? bytes - stale : 0;
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
		ml_gossip_judge(g, &g->author[i]);
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
		ml_gossip_finish(g, g->o.once ? ML_GOSSIP_EARLY : ML_GOSSIP_ENDED);
	else if (g->epoch > 0 && !g->knows_us && g->due == 0)
		ml_gossip_finish(g, ML_GOSSIP_AGREED);	/* it never says so */
	else
		ml_gossip_finish(g, g->heard_any ? ML_GOSSIP_SILENT : ML_GOSSIP_UNHEARD);
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
		ml_gossip_finish(g, ML_GOSSIP_AGREED);
	else if (g->o.once && g->idle_bytes > ML_GOSSIP_IDLE_MAX)
		ml_gossip_finish(g, ML_GOSSIP_FLOODED);
	else if ((g->ended && !is_busy(g)) || now >= patience(g))
		give_up(g);
}

/* The next author that has something to be sent, from the cursor on. */
static struct ml_gossip_author *
next_author(struct ml_gossip *g, int evidence)
{
	struct ml_gossip_author *a;
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
	struct ml_gossip_author *a = next_author(g, g->evidence > 0);

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
	struct ml_gossip_author *a = &g->author[g->cursor];

	g->sent += events;
	if (w->what == ML_GOSSIP_EVIDENCE) {
		a->evidence = 0;
		g->evidence--;
		return;
	}
	a->sent = w->from + (int64_t)events - 1;
	a->sent_at = g->sent;
	a->sent_ms = now;
	ml_gossip_judge(g, a);
}

uint64_t
ml_gossip_sent_events(const struct ml_gossip *g)
{
	return g->sent;
}

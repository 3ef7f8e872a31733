/* gossippeer - what a peer has of each feed, and so what it is to be sent */
#include <stdlib.h>
#include <string.h>

#include "gossipwork.h"

void
ml_gossip_drop(struct ml_gossip_author *a)
{
	free((void *)(uintptr_t)a->name.p);
}

static uint64_t
hash_of(const struct ml_gossip *g, struct ml_slice name)
{
	return ml_table_hash(g->key, name.p, name.len);
}

static struct ml_gossip_author *
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
static struct ml_gossip_author *
get(struct ml_gossip *g, struct ml_slice name)
{
	struct ml_gossip_author *a = find(g, name), *more;
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
	*a = (struct ml_gossip_author){ .name = { copy, name.len } };
	return a;
failed:
	g->failed = 1;
	return NULL;
}

void
ml_gossip_judge(struct ml_gossip *g, struct ml_gossip_author *a)
{
	int due = a->head > a->sent && !a->forked && !g->unread &&
	    !(a->probing && a->sent > a->has);

	g->due += (size_t)due;
	g->due -= a->due;
	a->due = (uint8_t)due;
}

static void
set_head(struct ml_gossip *g, struct ml_gossip_author *a, int64_t seq)
{
	g->strangers += seq == 0;
	g->strangers -= a->head == 0;
	a->head = seq;
	ml_gossip_judge(g, a);
}

void
ml_gossip_hold(struct ml_gossip *g, struct ml_slice author, int64_t seq)
{
	struct ml_gossip_author *a = seq > 0 ? get(g, author) : find(g, author);

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

void
ml_gossip_frontier(struct ml_gossip *g, int64_t taken, int has_ids)
{
	g->epoch++;
	g->forgot = g->news = 0;
	g->knows_us = has_ids;
	g->frontier_taken = taken;
}

/* Whether the frontier at hand was made after all that was sent of an author
 * had come.  A peer that does not count is given an interval for that. */
static int
is_truth(const struct ml_gossip *g, const struct ml_gossip_author *a,
    int64_t now)
{
	return a->sent_at == 0 || (g->frontier_taken >= 0 ?
	    (uint64_t)g->frontier_taken >= a->sent_at :
	    now - a->sent_ms >= g->o.interval_ms);
}

/* It did not take what was sent: later, and perhaps, it will. */
static void
put_off(struct ml_gossip *g, struct ml_gossip_author *a, int64_t now)
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
confirm(struct ml_gossip *g, struct ml_gossip_author *a, int64_t seq,
    int64_t now)
{
	int64_t had = a->has;

	g->news |= a->claims != seq;
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
	ml_gossip_judge(g, a);
}

int
ml_gossip_entry(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int has_id, int64_t now)
{
	struct ml_gossip_author *a = find(g, author);

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
			ml_gossip_drop(&g->author[i]);
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
	const struct ml_gossip_author *a;
	size_t i;

	for (i = 0; i < g->n; i++) {
		a = &g->author[i];
		if (!a->forked && (a->epoch == g->epoch ? a->claims : 0) !=
		    a->head)
			return 0;
	}
	return !g->forgot;
}

int
ml_gossip_frontier_end(struct ml_gossip *g, int64_t now)
{
	struct ml_gossip_author *a;
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
	g->news |= gone > 0;
	if (g->epoch == 1)
		ml_gossip_use(g, now);
	else if (g->news)
		g->sign_ms = now;
	if (g->o.once && !g->knows_us && is_same(g))
		ml_gossip_finish(g, ML_GOSSIP_AGREED);
	return g->news;
}

void
ml_gossip_fork(struct ml_gossip *g, struct ml_slice author, int64_t seq)
{
	struct ml_gossip_author *a = get(g, author);

	if (a == NULL || a->forked)
		return;
	a->forked = 1;
	a->evidence = seq;
	g->evidence++;
	ml_gossip_judge(g, a);
}

int
ml_gossip_is_forked(struct ml_gossip *g, struct ml_slice author)
{
	const struct ml_gossip_author *a = find(g, author);

	return a != NULL && a->forked;
}

void
ml_gossip_came(struct ml_gossip *g, struct ml_slice author, int64_t seq,
    int64_t now)
{
	struct ml_gossip_author *a = get(g, author);

	if (a == NULL || seq <= a->has)
		return;
	a->has = seq;
	if (seq > a->sent)
		a->sent = seq;
	ml_gossip_judge(g, a);
	ml_gossip_use(g, now);
}

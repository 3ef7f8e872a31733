/* exchangeline - what a line of the peer's does, in an exchange */
#include "exchangework.h"
#include "gossipline.h"
#include "message.h"
#include "steady.h"

int64_t
ml_exchange_now(void)
{
	return ml_steady_ms();
}

int
ml_exchange_fail(struct ml_exchange *x, const char *file, const char *why)
{
	x->failed = file;
	x->why = why;
	return -1;
}

static int
no_memory(struct ml_exchange *x)
{
	return ml_exchange_fail(x, ml_log_path(x->log), ML_NO_MEMORY);
}

int
ml_exchange_fail_inlet(struct ml_exchange *x)
{
	return ml_exchange_fail(x, ml_inlet_failed(x->inlet),
	    ml_inlet_why(x->inlet));
}

static void
decided(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why, const struct ml_batch_item *item)
{
	struct ml_exchange *x = arg;

	if (e != NULL && (verdict == ML_STORED || verdict == ML_HAD))
		ml_gossip_came(x->g, e->author, e->seq, ml_exchange_now());
	else if (e != NULL && verdict == ML_FORKED)
		ml_gossip_fork(x->g, e->author, e->seq);
	x->o.decided(x->o.arg, verdict, e, why, item);
}

static void
broken(void *arg, const struct ml_batch_item *item)
{
	struct ml_exchange *x = arg;

	x->o.broken(x->o.arg, item);
}

/* It was told when it was read. */
static void
refused(void *arg, const struct ml_batch_item *item)
{
	(void)arg, (void)item;
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct ml_exchange *x = arg;

	x->o.bad_held(x->o.arg, path, line, why);
}

/* What the log holds now, by us or by others, is on the disk. */
static void
tell_heads(struct ml_exchange *x)
{
	struct ml_feeds *feeds = ml_log_feeds(x->log);
	const struct ml_feed *f;
	size_t i;

	if (x->generation != ml_log_generation(x->log))
		ml_gossip_hold_none(x->g);
	x->generation = ml_log_generation(x->log);
	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		ml_gossip_hold(x->g, f->author, f->seq);
	}
}

static void
committed(void *arg)
{
	struct ml_exchange *x = arg;
	uint64_t items = ml_inlet_items(x->inlet);

	ml_gossip_took(x->g, items - x->items);
	x->items = items;
	tell_heads(x);
	x->o.committed(x->o.arg);
}

void
ml_exchange_listen(struct ml_exchange *x, struct ml_inlet_options *o)
{
	o->arg = x;
	o->decided = decided;
	o->broken = broken;
	o->refused = refused;
	o->bad_held = bad_held;
	o->committed = committed;
}

int
ml_exchange_commit(struct ml_exchange *x)
{
	if (ml_inlet_is_pending(x->inlet) &&
	    ml_inlet_commit(x->inlet) == -1)
		return ml_exchange_fail_inlet(x);
	x->group_ms = 0;
	return ml_gossip_failed(x->g) ? no_memory(x) : 0;
}

static void
differs(void *arg, const struct ml_feed *f, int64_t seq, const uint8_t *ours,
    const uint8_t *theirs)
{
	struct ml_exchange *x = arg;

	x->o.differs(x->o.arg, x->line, f, seq, ours, theirs);
}

static int
hear_frontier(struct ml_exchange *x, struct ml_slice line)
{
	const char *why;
	int news, failed;

	why = ml_gossipline_hear(x->g, line, x->log, ml_exchange_now(), x, differs,
	    &news, &failed);
	if (failed)
		return ml_exchange_fail(x, ml_log_path(x->log), NULL);
	if (why == ML_NO_MEMORY || ml_gossip_failed(x->g))
		return no_memory(x);
	if (why != NULL)
		x->o.bad_frontier(x->o.arg, x->line, why);
	if (!news)
		x->stale += line.len;
	return why == NULL;
}

int
ml_exchange_line(struct ml_exchange *x, const struct ml_lines *l,
    enum ml_line got, struct ml_slice line)
{
	int64_t taken;

	x->line = l->number;
	switch (got == ML_LINE_LONG ? ML_MESSAGE_ITEMS :
	    ml_message_kind(line, &taken)) {
	case ML_MESSAGE_ITEMS:
		if (x->group_ms == 0) {
			x->o.begins(x->o.arg);
			x->group_ms = ml_exchange_now();
		}
		return ml_inlet_line(x->inlet, l, got, line) == -1 ?
		    ml_exchange_fail_inlet(x) : 0;
	case ML_MESSAGE_FRONTIER:
		return hear_frontier(x, line);
	case ML_MESSAGE_DONE:
		if (ml_exchange_commit(x) == -1)
			return -1;
		ml_gossip_done(x->g, taken, ml_exchange_now());
		return 0;
	case ML_MESSAGE_OTHER:
		break;
	}
	return 0;
}

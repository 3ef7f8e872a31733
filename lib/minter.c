/* minter - an author at a log: what mint does, between locks, made to last */
#include "held.h"
#include "minter.h"

static int
fail(struct ml_minter_fault *fault, const char *file, const char *why)
{
	*fault = (struct ml_minter_fault){ .file = file, .why = why };
	return -1;
}

static const struct ml_feed *
feed_of(const struct ml_minter *m)
{
	return ml_feeds_find(ml_log_feeds(m->mint.log), m->mint.author);
}

/* A later event of mine, if it is mine, that waits in .held. */
static void
look_at_held(void *arg, const struct ml_event *e)
{
	struct ml_minter *m = arg;
	const struct ml_feed *f = feed_of(m);

	if (m->has_told_later || e->seq <= (f != NULL ? f->seq : 0))
		return;
	m->has_told_later = 1;
	m->tell(m->arg, ML_MINTER_LATER, 0, NULL);
}

/*
 * Anybody may have made up what is held under a plain name, so it must not
 * stop its author; but it may be true, and the log one from a backup.
 */
static int
look_for_later(struct ml_minter *m, struct ml_minter_fault *fault)
{
	if (!m->has_looked && ml_held_each_of(ml_log_path(m->mint.log),
	    m->mint.author, m, look_at_held) == -1)
		return fail(fault, m->path, NULL);
	m->has_looked = 1;
	return 0;
}

/* With a key more is known: what it minted, and what it sealed elsewhere. */
static int
refuse_fork_of_key(struct ml_minter *m, struct ml_minter_fault *fault)
{
	const char *why;
	int rc;

	why = ml_own_check(&m->own, m->mint.log, &rc);
	if (rc == -1)
		return fail(fault, m->path, NULL);
	if (why == NULL)
		return 0;
	if (!m->force)
		return fail(fault, m->path, why);
	m->tell(m->arg, ML_MINTER_FORK, 0, why);
	m->is_forced = 1;
	return 0;
}

static int
refuse_fork(struct ml_minter *m, struct ml_minter_fault *fault)
{
	const struct ml_feed *f = feed_of(m);
	uint64_t n;

	if (m->stored == 0 && f == NULL && ml_author_is_hash(m->mint.author))
		m->tell(m->arg, ML_MINTER_HASH, 0, NULL);
	if (f != NULL && f->keyed)
		return fail(fault, "author", "it has a key, and nobody takes "
		    "what is not sealed: use -k");
	n = ml_log_behind_gap(m->mint.log, f);
	if (n == 0)
		return look_for_later(m, fault);
	if (!m->force) {
		fault->behind = n;
		return -1;
	}
	m->tell(m->arg, ML_MINTER_GAP, (int64_t)n, NULL);
	m->is_forced = 1;
	return 0;
}

static void
look_at_clock(struct ml_minter *m, int64_t ms)
{
	struct ml_hlc newest = ml_mint_newest(m->mint.log);

	if (m->has_warned || newest.wall <= ms + ML_HLC_AHEAD_MS ||
	    ml_feeds_count(ml_log_feeds(m->mint.log)) == 0)
		return;
	m->has_warned = 1;
	m->tell(m->arg, ML_MINTER_AHEAD, newest.wall, NULL);
}

/* The log is opened, or made, when there is something to put into it. */
static int
lock(struct ml_minter *m, int64_t ms, struct ml_minter_fault *fault)
{
	struct ml_mint *mint = &m->mint;
	const char *why;

	if (m->key != NULL && ml_own_lock(&m->own, m->wait, &why) == -1)
		return fail(fault, m->key, why);
	if ((mint->log == NULL &&
	    ml_log_write(&mint->log, m->path, NULL, &why) == -1) ||
	    ml_log_lock(mint->log, m->wait, ms, &why) == -1)
		return fail(fault, m->path, why);
	if (ml_log_cut(mint->log) > m->cut)
		m->tell(m->arg, ML_MINTER_CUT,
		    (int64_t)(ml_log_cut(mint->log) - m->cut), NULL);
	m->cut = ml_log_cut(mint->log);
	return 0;
}

/* What a keyed feed begins with, if the log has nothing of it. */
static int
mint_key(struct ml_minter *m, int64_t ms, struct ml_minter_fault *fault)
{
	const struct ml_feed *f = feed_of(m);
	int rc;

	if (f != NULL && f->tip > 0)
		return 0;
	if (ml_mint_key(&m->mint, ml_buf_view(&m->own.feed.name), ms, &m->out,
	    &rc) != NULL)
		return fail(fault, NULL, ML_NO_MEMORY);
	return rc == -1 ? fail(fault, m->path, NULL) : 0;
}

int
ml_minter_begin(struct ml_minter *m, int64_t ms, struct ml_minter_fault *fault)
{
	*fault = (struct ml_minter_fault){ 0 };
	if (lock(m, ms, fault) == -1 ||
	    (!m->is_forced && (m->key != NULL ? refuse_fork_of_key(m, fault) :
	    refuse_fork(m, fault)) == -1))
		return -1;
	look_at_clock(m, ms);
	ml_mint_begin(&m->mint);
	return m->key == NULL ? 0 : mint_key(m, ms, fault);
}

int
ml_minter_commit(struct ml_minter *m, uint64_t n, struct ml_minter_fault *fault)
{
	*fault = (struct ml_minter_fault){ 0 };
	if (ml_log_commit(m->mint.log) == -1)
		return fail(fault, m->path, NULL);
	if (m->key != NULL && ml_own_note(&m->own, m->mint.log) == -1)
		return fail(fault, m->key, NULL);
	ml_log_unlock(m->mint.log);
	if (m->key != NULL)
		ml_own_unlock(&m->own);
	m->stored += n;
	return 0;
}

void
ml_minter_free(struct ml_minter *m)
{
	ml_log_free(m->mint.log);
	if (m->key != NULL)
		ml_own_close(&m->own);
	ml_buf_free(&m->mint.body);
	ml_buf_free(&m->out);
}

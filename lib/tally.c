/* tally - what became of the events that came */
#include "tally.h"
#include "text.h"

#define NAMED_MAX 3			/* forked authors in the summary */

void
ml_tally_free(struct ml_tally *t)
{
	ml_table_free(&t->forked);
	ml_buf_free(&t->fork_names);
}

void
ml_tally_fork(struct ml_tally *t, struct ml_slice author)
{
	uint64_t hash = ml_table_hash(t->key, author.p, author.len);

	if (ml_table_first(&t->forked, hash) != ML_TABLE_NONE)
		return;
	if (ml_table_add(&t->forked, hash, t->forks) == -1) {
		t->failed = 1;
		return;
	}
	if (t->forks++ < NAMED_MAX) {
		ml_buf_str(&t->fork_names, t->forks > 1 ? ", " : "");
		ml_text_canon(&t->fork_names, author);
	} else if (t->forks == NAMED_MAX + 1)
		ml_buf_str(&t->fork_names, " and more");
	t->failed |= ml_buf_failed(&t->fork_names);
}

static void
note_fork(void *arg, struct ml_slice author)
{
	ml_tally_fork(arg, author);
}

int
ml_tally_forks_of(struct ml_tally *t, struct ml_log *log)
{
	struct ml_feeds *feeds = ml_log_feeds(log);
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		if (ml_feeds_at(feeds, i)->forked)
			ml_tally_fork(t, ml_feeds_at(feeds, i)->author);
	return ml_refused_forks(ml_log_refused(log), t, note_fork);
}

void
ml_tally_add(struct ml_tally *t, enum ml_verdict verdict,
    const struct ml_event *e, int64_t ms)
{
	t->count[verdict]++;
	if (e == NULL)
		return;
	if (verdict == ML_FORKED)
		ml_tally_fork(t, e->author);
	if (verdict == ML_STORED && e->hlc.wall > ms + ML_HLC_AHEAD_MS) {
		t->ahead++;
		if (ml_hlc_compare(e->hlc, t->newest) > 0)
			t->newest = e->hlc;
	}
}

int
ml_tally_refused(const struct ml_tally *t)
{
	return t->count[ML_REFUSED] + t->count[ML_FORKED] > 0;
}

void
ml_tally_write(const struct ml_tally *t, size_t held, uint64_t dropped,
    struct ml_buf *out)
{
	ml_buf_int(out, (int64_t)t->count[ML_STORED]);
	ml_buf_str(out, " new, ");
	ml_buf_int(out, (int64_t)t->count[ML_HAD]);
	ml_buf_str(out, " had, ");
	ml_buf_int(out, (int64_t)held);
	ml_buf_str(out, " held, ");
	ml_buf_int(out, (int64_t)(t->count[ML_REFUSED] +
	    t->count[ML_FORKED]));
	ml_buf_str(out, " refused");
	if (t->count[ML_DROPPED] > 0) {
		ml_buf_str(out, ", ");
		ml_buf_int(out, (int64_t)t->count[ML_DROPPED]);
		ml_buf_str(out, " that were held dropped (no seal covers them)");
	}
	if (dropped > 0) {
		ml_buf_str(out, ", ");
		ml_buf_int(out, (int64_t)dropped);
		ml_buf_str(out, " dropped (.held is full)");
	}
	if (t->forks > 0) {
		ml_buf_str(out, "; forked: ");
		ml_buf_slice(out, ml_buf_view(&t->fork_names));
		ml_buf_str(out, " (see ml-check)");
	}
	if (t->ahead > 0) {
		ml_buf_str(out, "; ");
		ml_buf_int(out, (int64_t)t->ahead);
		ml_buf_str(out, " stamped over a day ahead of this clock, up "
		    "to ");
		ml_text_time(out, t->newest.wall);
	}
}

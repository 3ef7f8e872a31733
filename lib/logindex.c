/* logindex - a log and its index: what is kept there, and what is taken back */
#include <string.h>

#include "logfile.h"

_Static_assert(ML_INDEX_FOUND == ML_LOG_FINDINGS, "ML_INDEX_FOUND");

/* How many events wait, for others or for a seal. */
static uint64_t
count_loose(const struct ml_log *log)
{
	uint64_t count = ml_wait_count(log->wait);
	const struct ml_feed *f;
	size_t i;

	for (i = 0; i < ml_feeds_count(log->feeds); i++) {
		f = ml_feeds_at(log->feeds, i);
		count += (uint64_t)(f->tip - f->seq);
	}
	return count;
}

/* Of the places behind what is indexed: those of events that wait. */
static void
find_loose(struct ml_log *log, struct ml_buf *loose)
{
	uint64_t from = ml_index_size(log->index), place;
	const struct ml_waiting *all;
	const struct ml_feed *f;
	int64_t seq;
	size_t i, n;

	all = ml_wait_all(log->wait, &n);
	for (i = 0; i < n; i++)
		if (all[i].seq > 0 && ml_place_offset(all[i].place) >= from)
			ml_buf_add(loose, &all[i].place, sizeof all[i].place);
	for (i = 0; i < ml_feeds_count(log->feeds); i++) {
		f = ml_feeds_at(log->feeds, i);
		for (seq = f->seq + 1; seq <= f->tip; seq++) {
			place = ml_feed_spot(f, seq)->place;
			if (ml_place_offset(place) >= from)
				ml_buf_add(loose, &place, sizeof place);
		}
	}
}

static struct ml_index_state
index_state(const struct ml_log *log)
{
	struct ml_index_state s = { .stamp = log->stamp, .size = log->size,
	    .lines = log->lines, .clock = ml_feeds_clock(log->feeds) };

	memcpy(s.found, log->found, sizeof s.found);
	s.found[ML_LOG_TORN] = 0;	/* a tail is looked at each time */
	return s;
}

/*
 * An index may outlive a loss of power when what it is about does not, and the
 * file's length and times be there without its data: it would be believed.
 */
static int
make_sure(struct ml_log *log)
{
	if (!log->synced && !ml_logfile_is_synced(log)) {
		if (ml_logfile_sync(log) == -1)
			return -1;
		log->synced = 1;
	}
	return 0;
}

void
ml_logfile_index(struct ml_log *log)
{
	struct ml_index_state state = index_state(log);
	struct ml_buf loose = { 0 };

	if (log->unstamped || log->in_doubt || log->out.len > 0 ||
	    make_sure(log) == -1)
		return;
	state.synced = ml_logfile_is_synced(log) ||
	    (log->synced && log->dir_synced);
	state.loose = count_loose(log);
	find_loose(log, &loose);
	if (!ml_buf_failed(&loose))
		ml_index_add(log->index, log->feeds, &state,
		    ml_buf_view(&loose));
	ml_buf_free(&loose);
}

void
ml_logfile_finish_index(struct ml_log *log)
{
	if (log->size - ml_index_size(log->index) >= ML_LOGFILE_UNINDEXED)
		ml_logfile_index(log);
	ml_index_publish(log->index);
}

/*
 * An event that waited in the file when it was indexed: it waits again, unless
 * its seq was taken since.  Then it has been judged, and is not judged anew.
 */
static int
take_loose(struct ml_log *log, uint64_t place, struct ml_buf *copy,
    struct ml_buf *scratch)
{
	struct ml_log_place at = ml_logfile_unpack(place, 0);
	struct ml_feed *feed;
	struct ml_slice text;
	struct ml_event e;
	int exact;

	if (at.offset + at.len > log->size ||
	    ml_logfile_fetch(log, place, &text) == -1)
		return -1;
	ml_buf_clear(copy);
	ml_buf_slice(copy, text);
	text = ml_buf_view(copy);
	exact = ml_event_read_quick(&e, text);
	if ((!exact && ml_logfile_read_again(&e, text, scratch) == -1) ||
	    (feed = ml_feeds_get(log->feeds, e.author)) == NULL)
		return -1;
	if (e.seq <= feed->seq)
		return 0;
	return ml_logfile_take(log, &e, &at, ml_logfile_spot(at.offset, at.len,
	    exact, ml_logfile_record(&e)));
}

static int
take_all_loose(struct ml_log *log)
{
	struct ml_buf loose = { 0 }, copy = { 0 }, scratch = { 0 };
	uint64_t place;
	size_t i;
	int rc = ml_index_loose(log->index, &loose) ? 0 : -1;

	for (i = 0; rc == 0 && i < loose.len; i += sizeof place) {
		memcpy(&place, loose.p + i, sizeof place);
		rc = take_loose(log, place, &copy, &scratch);
	}
	ml_buf_free(&loose);
	ml_buf_free(&copy);
	ml_buf_free(&scratch);
	return rc;
}

int
ml_logfile_begin_at_index(struct ml_log *log)
{
	struct ml_index_state state;
	int loaded, good;

	/* what is read in no time need not be believed */
	if (log->stamp.size < ML_LOGFILE_UNINDEXED)
		return 0;
	loaded = good = ml_index_load(log->index, &log->stamp, log->feeds,
	    &state);
	if (loaded) {
		log->size = state.size;
		log->lines = state.lines;
		/* their places have no checksum, but their number is known */
		good = take_all_loose(log) == 0 &&
		    count_loose(log) == state.loose;
		memcpy(log->found, state.found, sizeof log->found);
	}
	if (good || (!loaded && ml_feeds_count(log->feeds) == 0))
		return 0;
	return ml_logfile_forget(log);
}

void
ml_logfile_restamp(struct ml_log *log)
{
	struct ml_index_state state = index_state(log);

	if (log->size - ml_index_size(log->index) >= ML_LOGFILE_STEP) {
		ml_logfile_index(log);
		ml_index_publish(log->index);
	}
	state.synced = 1;
	ml_index_restamp(log->index, log->feeds, &state);
}

int
ml_logfile_is_synced(const struct ml_log *log)
{
	return ml_index_is_synced(log->index, &log->stamp);
}

void
ml_logfile_set_synced(struct ml_log *log)
{
	struct ml_index_state state = index_state(log);

	state.synced = 1;
	ml_index_set_synced(log->index, log->feeds, &state);
}

/* log: any bytes as a log's file: no false event, and one set for all */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "../unit/given.h"
#include "canon.h"
#include "folder.h"
#include "log.h"
#include "report.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ml_buf body;

/* What a reader is shown: by author in order of seq, and right. */
static void
on_event(void *arg, const struct ml_feed *f, const struct ml_event *e,
    const struct ml_log_place *at)
{
	struct ml_slice text = *(const struct ml_slice *)arg, own;
	struct ml_buf scratch = { 0 };
	struct ml_event again;

	assert(ml_event_verify(e, &body) == NULL &&
	    ml_slice_same(f->author, e->author) && e->seq <= f->seq);
	assert(at->len > 0 && at->offset <= text.len &&
	    at->len <= text.len - at->offset);
	own = (struct ml_slice){ text.p + at->offset, (size_t)at->len };
	assert(ml_event_read_any(&again, own, &scratch) == NULL &&
	    given_same(&again, e));
	ml_buf_free(&scratch);
}

static void
on_finding(void *arg, enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held)
{
	const struct ml_slice *text = arg;

	assert(what < ML_LOG_FINDINGS && why != NULL &&
	    at->offset + at->len <= text->len + 1);
	assert(e == NULL || ml_event_verify(e, &body) == NULL);
	assert((what != ML_LOG_FORK) || memcmp(held, e->id, ML_ID_LEN) != 0);
}

/* A line of a report is a line, and shows nothing raw. */
static void
check_report(const struct ml_feed *f, const struct ml_trust *trust)
{
	struct ml_buf out = { 0 };
	const char *at;
	size_t i;

	ml_report_feed(f, trust, 0, &out);
	assert(ml_utf8_valid(out.p, out.len));
	for (i = 0; i + 1 < out.len; i++)
		assert((unsigned char)out.p[i] >= ' ' && out.p[i] != 0x7f);
	ml_buf_clear(&out);
	ml_report_feed(f, trust, 1, &out);
	at = out.p;
	assert(ml_canon_skip(&at, out.p + out.len, 8) == NULL);
	ml_buf_free(&out);
}

/* Each feed is one chain, each event of it there: all of it, as one text. */
static void
walk(struct ml_log *log, struct ml_buf *all)
{
	struct ml_trust *trust = ml_trust_new();
	uint8_t id[ML_ID_LEN] = { 0 };
	struct ml_feed **feed;
	struct ml_event e;
	size_t n, i;
	int64_t seq;
	int sealed;

	assert((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) != NULL);
	for (i = 0; i < n; i++) {
		for (seq = 1; seq <= feed[i]->seq; seq++) {
			assert(ml_log_event(log, feed[i], seq, &e) == 0 &&
			    e.seq == seq && ml_event_follows(&e, id) &&
			    ml_event_verify(&e, &body) == NULL);
			memcpy(id, e.id, sizeof id);
			assert(ml_log_wire(log, feed[i], seq, all, &sealed) ==
			    0 && sealed == (e.seal.len > 0));
			ml_buf_byte(all, '\n');
		}
		assert(feed[i]->seq == 0 ||
		    memcmp(id, feed[i]->id, sizeof id) == 0);
		check_report(feed[i], trust);
	}
	free(feed);
	ml_trust_free(trust);
}

/* Open it in some way; 0 if it is no log. */
static int
open_it(const char *path, int writable, const struct ml_log_watch *watch,
    struct ml_buf *all)
{
	struct ml_log *log;
	const char *why;
	int rc = writable ? ml_log_write(&log, path, watch, &why) :
	    ml_log_read(&log, path, watch, &why);

	ml_buf_clear(all);
	if (rc == -1) {
		assert(why != NULL);
		return 0;
	}
	if (writable)
		assert(ml_log_lock(log, 1, 1000, &why) == 0 &&
		    ml_log_commit(log) == 0 && ml_log_unlock(log) == 0);
	walk(log, all);
	ml_log_free(log);
	return 1;
}

static int
same(const struct ml_buf *a, const struct ml_buf *b)
{
	return a->len == b->len && (a->len == 0 ||
	    memcmp(a->p, b->p, a->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 0 ? (const char *)data : "", len };
	struct ml_log_watch watch = { .arg = &text, .event = on_event,
	    .finding = on_finding };
	struct ml_buf read = { 0 }, watched = { 0 }, written = { 0 };
	char path[FOLDER_PATH];
	int is_log;

	folder_make();
	folder_path(path, "log");
	close(folder_file("log", text));
	is_log = open_it(path, 0, NULL, &read);
	assert(open_it(path, 0, &watch, &watched) == is_log &&
	    same(&read, &watched));
	/* a writer cuts what a crash has left, and nothing else */
	assert(open_it(path, 1, NULL, &written) == is_log &&
	    same(&read, &written));
	/* without events, what has lost its tail may look like a log no more */
	if (written.len > 0) {
		assert(open_it(path, 0, NULL, &watched) &&
		    same(&read, &watched));
		assert(open_it(path, 1, NULL, &written) &&
		    same(&read, &written));
	}
	folder_empty();
	ml_buf_free(&read);
	ml_buf_free(&watched);
	ml_buf_free(&written);
	return 0;
}

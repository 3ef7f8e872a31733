/* ml-check - verify a log and explain it to a person */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"
#include "held.h"
#include "json.h"
#include "log.h"
#include "sandbox.h"
#include "tool.h"
#include "verify.h"
#include "view.h"

/* What is found is told behind the feeds, which are known last: meanwhile it
 * lies in a file, as it may be long. */
struct check {
	FILE *spool;
	char *spooled;			/* or, if no file can be made, in memory */
	size_t spooled_len;
	int json;
	uint64_t findings;
	uint64_t events, copies, unusable, unusable_line;
	uint64_t refused;		/* pieces of evidence, forks apart */
	int64_t now;			/* ms */
	struct ml_trust *trust;
	struct ml_feeds *feeds_of;	/* the log */
	struct ml_slice own;		/* author, always trusted */
	int64_t *sealed;		/* last sealed seq, by feed index */
	size_t feeds;			/* room in sealed */
	uint64_t seals;			/* verified */
	struct ml_verify *verify;
	struct ml_table ahead;		/* authors stamped far ahead, by hash */
	uint32_t authors_ahead;
	uint8_t key[ML_TABLE_KEY_LEN];
	struct ml_buf text;		/* of what is reported */
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-check [-j] [-r [-w SECONDS]] [--sandbox] LOG\n", stderr);
	exit(ML_USAGE);
}

static void
report(struct check *c, struct ml_report r)
{
	struct ml_buf out = { 0 };

	c->findings += (uint64_t)r.is_finding;
	ml_report_write(&r, c->json, &out);
	if (ml_buf_failed(&c->text) || ml_buf_failed(&out))
		ml_no_memory();
	if (fwrite(out.p, 1, out.len, c->spool) != out.len)
		ml_die("temporary file", NULL);
	ml_buf_free(&out);
}

static void
finding(void *arg, enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held)
{
	struct check *c = arg;

	if (what == ML_LOG_COPY)
		c->copies++;
	else
		report(c, ml_explain_finding(what, why, at, e, held, &c->text));
}

/* Who says that he is somebody else is not wrong, but worth a look. */
static void
check_by(struct check *c, const struct ml_event *e,
    const struct ml_log_place *at)
{
	struct ml_slice by;

	if (!ml_slice_is(e->kind, "record.create") || *e->payload.p != '{' ||
	    !ml_json_member(e->payload, "by", &by))
		return;
	if (*by.p == '"' && ml_slice_same(e->author,
	    (struct ml_slice){ by.p + 1, by.len - 2 }))
		return;
	report(c, ml_explain_by(e, by, at, &c->text));
}

/* Each author's first stamp far ahead: it may win over what comes later. */
static void
check_clock(struct check *c, const struct ml_event *e,
    const struct ml_log_place *at)
{
	uint64_t hash = ml_table_hash(c->key, e->author.p, e->author.len);

	if (e->hlc.wall <= c->now + ML_HLC_AHEAD_MS ||
	    ml_table_first(&c->ahead, hash) != ML_TABLE_NONE)
		return;
	if (ml_table_add(&c->ahead, hash, c->authors_ahead++) == -1)
		ml_no_memory();
	report(c, ml_explain_clock(e, at, &c->text));
}

static int64_t *
sealed_of(struct check *c, const struct ml_feed *f)
{
	int64_t *more;
	size_t n;

	if (f->index >= c->feeds) {
		n = c->feeds * 2 > f->index ? c->feeds * 2 :
		    (size_t)f->index + 16;
		if ((more = realloc(c->sealed, n * sizeof *more)) == NULL)
			ml_no_memory();
		memset(more + c->feeds, 0, (n - c->feeds) * sizeof *more);
		c->sealed = more;
		c->feeds = n;
	}
	return &c->sealed[f->index];
}

/* A seal that is stored, and that there are enough of them. */
static void
seal_told(void *arg, const struct ml_feed *f, int64_t seq,
    const struct ml_log_place *at, const char *why)
{
	struct check *c = arg;
	int64_t *last = sealed_of(c, f);

	c->seals++;
	if (why == NULL && seq - *last > ML_SEAL_RUN)
		why = "seal: more than 32 events before it without one";
	*last = seq;
	if (why != NULL)
		report(c, ml_explain_seal(f, seq, at, why, c->trust, &c->text));
}

static void
event(void *arg, const struct ml_feed *f, const struct ml_event *e,
    const struct ml_log_place *at)
{
	struct check *c = arg;
	c->events++;
	if (ml_view_judge(e) == ML_VIEW_UNUSABLE && c->unusable++ == 0)
		c->unusable_line = at->line;
	if (f->keyed && e->seal.len > 0 &&
	    ml_verify_add(c->verify, f, e, at) == -1)
		ml_no_memory();
	check_by(c, e, at);
	check_clock(c, e, at);
}

static int
by_feed_and_seq(const void *a, const void *b)
{
	const struct ml_waiting *x = a, *y = b;

	if (x->feed != y->feed)
		return x->feed < y->feed ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* What waits in the log is a finding; what is held beside it is not. */
static void
report_gaps(struct check *c, struct ml_log *log, const struct ml_wait *wait,
    int are_held)
{
	struct ml_waiting *list;
	const struct ml_waiting *all;
	struct ml_log_place at;
	size_t i, from, n, many = 0;

	all = ml_wait_all(wait, &n);
	if ((list = calloc(n + 1, sizeof *list)) == NULL)
		ml_no_memory();
	for (i = 0; i < n; i++)
		if (all[i].seq > 0 && all[i].seq > ml_feeds_at(
		    ml_log_feeds(log), all[i].feed)->seq)
			list[many++] = all[i];
	qsort(list, many, sizeof *list, by_feed_and_seq);
	for (from = 0; from < many; from = i) {
		for (i = from; i < many && list[i].feed == list[from].feed; i++)
			continue;
		at = ml_log_place_of(&list[from]);
		report(c, ml_explain_gap(ml_feeds_at(ml_log_feeds(log),
		    list[from].feed), list + from, i - from,
		    are_held ? NULL : &at, &c->text));
	}
	free(list);
}

static int
bad_held(void *arg, uint64_t number, const char *why, struct ml_slice line)
{
	struct ml_log_place at = { number, 0, 0 };

	(void)line;
	report(arg, (struct ml_report){ .is_finding = 1,
	    .what = "held-damaged", .at = &at, .sidecar = ".held",
	    .why = { why, strlen(why) },
	    .todo = "the next ml-ingest puts it into .refused" });
	return 0;
}

static void
report_held(struct check *c, struct ml_log *log)
{
	struct ml_held *held = ml_held_new(ml_log_path(log));

	if (held == NULL)
		ml_no_memory();
	if (ml_held_load(held, log, c, bad_held) == -1)
		ml_die(ml_held_path(held), NULL);
	report_gaps(c, log, ml_held_waiting(held), 1);
	ml_held_free(held);
}

static void
evidence(void *arg, uint64_t number, struct ml_slice line)
{
	struct ml_log_place at = { number, 0, 0 };
	struct check *c = arg;
	struct ml_refused_item item;

	if (ml_refused_read(&item, line) == -1 || item.fork.p == NULL)
		c->refused++;
	else
		report(c, ml_explain_evidence(&item, &at,
		    ml_feeds_find(c->feeds_of, item.fork), &c->text));
	ml_refused_item_free(&item);
}

/* Whom the trust file does not allow any more: what he wrote stays. */
static void
report_untrusted(struct check *c, struct ml_feed *const *feed, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!ml_trust_allows(c->trust, feed[i]) &&
		    !ml_slice_same(feed[i]->author, c->own))
			report(c, ml_explain_untrusted(feed[i], c->trust,
			    &c->text));
}

/* Of a keyed feed what lies behind the last seal is no part of the set. */
static void
report_unsealed(struct check *c, struct ml_feeds *feeds)
{
	const struct ml_feed *f;
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		if (f->tip != f->seq)
			report(c, ml_explain_unsealed(f, c->trust, &c->text));
	}
}

/* line: of the first of them, or 0. */
static void
note_count(struct check *c, const char *what, uint64_t n, const char *which,
    uint64_t line)
{
	if (n == 0)
		return;
	ml_buf_clear(&c->text);
	ml_buf_int(&c->text, (int64_t)n);
	ml_buf_str(&c->text, which);
	if (line > 0)
		ml_buf_int(&c->text, (int64_t)line);
	report(c, (struct ml_report){ .what = what,
	    .why = ml_buf_view(&c->text), .todo = "" });
}

static void
print_feeds(const struct check *c, struct ml_feed *const *feed, size_t n)
{
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		ml_report_feed(feed[i], c->trust, c->json, &out);
	ml_print(&out);
	ml_buf_free(&out);
}

static void
print_spool(const struct check *c)
{
	char chunk[4096];
	size_t n;

	if (fflush(c->spool) == EOF)
		ml_die("temporary file", NULL);
	if (c->spooled != NULL)
		fwrite(c->spooled, 1, c->spooled_len, stdout);
	else
		rewind(c->spool);
	while (c->spooled == NULL &&
	    (n = fread(chunk, 1, sizeof chunk, c->spool)) > 0)
		fwrite(chunk, 1, n, stdout);
	if (ferror(c->spool))
		ml_die("temporary file", NULL);
	if (c->json)
		return;
	if (c->findings == 0)
		puts("all is well");
	else
		printf("%llu %s\n", (unsigned long long)c->findings,
		    c->findings == 1 ? "finding" : "findings");
}

/* What only a writer may do: put a torn tail aside and cut it off. */
static void
repair(const char *path, double wait)
{
	struct ml_log *log;
	const char *why;

	if (access(path, F_OK) == -1)
		ml_die(path, NULL);
	if (ml_log_write(&log, path, NULL, &why) == -1 ||
	    ml_log_lock(log, wait, ml_clock_ms(), &why) == -1)
		ml_die(path, why);
	if (ml_log_commit(log) == -1)
		ml_die(path, NULL);
	if (ml_log_cut(log) > 0)
		ml_say_at(path, 0, "cut a torn tail of %llu bytes, kept in "
		    ".refused", (unsigned long long)ml_log_cut(log));
	ml_log_free(log);
}

static void
check(struct check *c, const char *path)
{
	struct ml_log_watch watch = { .arg = c, .event = event,
	    .finding = finding };
	struct ml_feed **feed;
	struct ml_log *log;
	size_t n;

	if ((c->verify = ml_verify_new(c, seal_told)) == NULL)
		ml_no_memory();
	log = ml_open_to_read(path, &watch);
	if (ml_verify_end(c->verify) == -1)
		ml_no_memory();
	ml_verify_free(c->verify);
	if ((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) == NULL)
		ml_no_memory();
	c->feeds_of = ml_log_feeds(log);
	report_gaps(c, log, ml_log_waiting(log), 0);
	report_unsealed(c, ml_log_feeds(log));
	report_held(c, log);
	if (ml_refused_each(ml_log_refused(log), c, evidence) == -1)
		ml_die(ml_refused_path(ml_log_refused(log)), NULL);
	report_untrusted(c, feed, n);
	note_count(c, "seals", c->seals, c->seals == 1 ? " seal verified" :
	    " seals verified", 0);
	note_count(c, "copies", c->copies,
	    " second copies of events, harmless", 0);
	note_count(c, "unusable", c->unusable, " payloads lack what their kind "
	    "needs and change nothing, the first in line ", c->unusable_line);
	note_count(c, "refused", c->refused, " in .refused, of what was kept "
	    "out or cut off", 0);
	print_feeds(c, feed, n);
	print_spool(c);
	free(feed);
	ml_log_free(log);
}

static void
confine(struct check *c, const char *log, int show)
{
	struct ml_sandbox box;

	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, log);
	ml_sandbox_enter(&box, &c->text);
	if (show)
		report(c, (struct ml_report){ .what = "sandbox",
		    .why = ml_buf_view(&c->text), .todo = "" });
}

int
main(int argc, char *argv[])
{
	static const struct option longer[] = {
		{ "sandbox", no_argument, NULL, 'S' }, { NULL, 0, NULL, 0 }
	};
	struct check c = { 0 };
	struct ml_buf own = { 0 };
	char *path;
	double wait = ML_LOCK_WAIT;
	int ch, mend = 0, show_sandbox = 0;

	ml_start();
	while ((ch = getopt_long(argc, argv, "jrw:", longer, NULL)) != -1)
		switch (ch) {
		case 'j': c.json = 1; break;
		case 'r': mend = 1; break;
		case 'S': show_sandbox = 1; break;
		case 'w': wait = ml_seconds(optarg); break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1)
		usage();
	/* a rescue system may have nowhere to put a file */
	if ((c.spool = tmpfile()) == NULL &&
	    (c.spool = open_memstream(&c.spooled, &c.spooled_len)) == NULL)
		ml_die("temporary file", NULL);
	if (sodium_init() == -1)
		ml_no_memory();
	randombytes_buf(c.key, sizeof c.key);
	c.now = ml_clock_ms();
	c.own = ml_own_author(&own);
	confine(&c, argv[optind], show_sandbox);
	if (mend)
		repair(argv[optind], wait);
	path = ml_trust_path(argv[optind]);
	c.trust = ml_open_trust(path);
	check(&c, argv[optind]);
	free(path);
	ml_trust_free(c.trust);
	ml_buf_free(&own);
	free(c.sealed);
	fclose(c.spool);
	free(c.spooled);		/* not before: it is the stream's */
	ml_table_free(&c.ahead);
	ml_buf_free(&c.text);
	ml_close_stdout();
	return c.findings == 0 ? ML_OK : ML_NO;
}

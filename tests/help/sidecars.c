/*
 * sidecars [OPTION ...] WHAT FILE LOG [ALL] - damage a file that lies beside a
 * log, as flips does a log, and look at what comes of it.  WHAT it is:
 *   held     ALL is the log when all has come
 *   refused  evidence
 *   trust    the trust file
 * Works in folders here; prints the counts.
 */
#include <stdio.h>

#include "cases.h"
#include "held.h"
#include "known.h"
#include "refused.h"
#include "trust.h"

enum { CHANGED, SAID, TOOLS_RUN, REFUSED_TO };

static struct {
	struct cases cases;
	struct known known;
	struct seen whole, now, before;
	struct ml_buf log, out, frontier, delta;
} all;

/* held: what waits may be lost, and comes again. */

static void
begin_held(void *arg)
{
	(void)arg;
	write_file("log", ml_buf_view(&all.log));
	write_file("whole", ml_buf_view(&all.known.text));
	if (see_all(&all.whole, "whole") == -1 ||
	    see_answers(&all.whole, "whole") == -1 ||
	    see_all(&all.before, "log") == -1)
		errx(2, "the logs are not what was expected");
}

/* What neither the log nor .held has, as it was. */
static void
missing(char *offer)
{
	size_t i;

	for (i = 0; i < all.known.events; i++)
		offer[i] = all.before.has[i] == NOT && !has_part(
		    all.cases.file, all.known.event[i].bare);
}

static uint64_t
take_and_look(const struct damage *d, const char *offer)
{
	struct taken t;

	if (take(&all.known, "log", offer, &t) == -1)
		failed(d, "nothing can be taken");
	if (t.verdict[ML_FORKED] > 0)
		failed(d, "a fork");
	if (see_all(&all.now, "log") == -1 ||
	    see_answers(&all.now, "log") == -1)
		failed(d, "%s", all.now.wrong);
	if (all.now.bad_seals > 0)
		failed(d, "a wrong seal has entered");
	return t.bad_held + t.verdict[ML_REFUSED] + t.verdict[ML_DROPPED];
}

static void
try_held(void *arg, const struct damage *d)
{
	char offer[KNOWN_MAX] = { 0 };
	uint64_t told;
	int status;

	(void)arg;
	write_file("log", ml_buf_view(&all.log));
	write_file("log.held", ml_buf_view(&d->file));
	unlink("log.refused");
	if (with_tools(d)) {
		status = run("ml-check", "-j", "log", NULL);
		read_file("out", &all.out);
		if (status != has_text(ml_buf_view(&all.out),
		    "\"finding\":\"held-damaged\""))
			failed(d, "ml-check: status %d", status);
		count(TOOLS_RUN);
	}
	told = take_and_look(d, offer);
	if (!is_same(&all.log, (read_file("log", &all.out), &all.out)))
		failed(d, "something has entered that had to wait");
	missing(offer);
	told += take_and_look(d, offer);
	if (!is_same(&all.now.frontier, &all.whole.frontier)) {
		count(CHANGED);
		/* a last line without its newline is what a crash leaves */
		if (told == 0 && !d->cut && d->at + 1 < all.cases.file.len)
			failed(d, "what was lost is not told");
	}
	if (told > 0)
		count(SAID);
	lacking(&all.whole, &all.now, offer);
	take_and_look(d, offer);
	if (!is_same(&all.now.frontier, &all.whole.frontier))
		failed(d, "the frontier is %.*s", (int)all.now.frontier.len,
		    all.now.frontier.p);
	expect(&all.now, &all.frontier, &all.delta);
	if (!is_same(&all.now.delta, &all.delta))
		failed(d, "the delta is another one");
}

/* refused: evidence that is lost is lost, and that is all. */

static void
begin_log(void *arg)
{
	(void)arg;
	write_file("log", ml_buf_view(&all.log));
	write_file("in", slice("{\"a\":\"torn"));
}

static void
look_at_line(void *arg, uint64_t number, struct ml_slice line)
{
	struct ml_refused_item item;

	(void)number;
	if (ml_refused_read(&item, line) == 0)
		++*(uint64_t *)arg;
	ml_refused_item_free(&item);
}

static void
note_fork(void *arg, struct ml_slice author)
{
	(void)author;
	++*(uint64_t *)arg;
}

/* Whether all lines that were not hit are there, in their order. */
static int
lines_stay(const struct damage *d, const char *path)
{
	const char *p = all.cases.file.p, *end = p + all.cases.file.len, *to;
	int stay = 1;

	read_file(path, &all.out);
	for (; p < end; p = to) {
		to = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
		if (d->cut ? all.cases.file.p + d->at >= to :
		    all.cases.file.p + d->at + 1 < p ||
		    all.cases.file.p + d->at >= to)
			stay = stay && has_part(ml_buf_view(&all.out),
			    (struct ml_slice){ p, (size_t)(to - p) });
	}
	return stay;
}

static void
try_refused(void *arg, const struct damage *d)
{
	uint64_t lines = 0, then = 0, forks = 0;
	struct ml_refused *r;
	int status;

	(void)arg;
	write_file("log.refused", ml_buf_view(&d->file));
	if ((r = ml_refused_new("log")) == NULL ||
	    ml_refused_each(r, &lines, look_at_line) == -1 ||
	    ml_refused_forks(r, &forks, note_fork) == -1)
		failed(d, "cannot be read");
	if (r != NULL && (ml_refused_add(r, 1, "torn", slice("more")) == -1 ||
	    ml_refused_commit(r) == -1 ||
	    ml_refused_each(r, &then, look_at_line) == -1 ||
	    then <= lines))
		failed(d, "no more can be added");
	ml_refused_free(r);
	if (!lines_stay(d, "log.refused"))
		failed(d, "other evidence is lost");
	if (forks > 0)
		count(SAID);
	if (!with_tools(d))
		return;
	count(TOOLS_RUN);
	write_file("log.refused", ml_buf_view(&d->file));
	if ((status = run("ml-check", "log", NULL)) != 0 && status != 1)
		failed(d, "ml-check: status %d", status);
	if ((status = run("ml-ingest", "log", NULL)) != 1)
		failed(d, "ml-ingest of a torn line: status %d", status);
	if (!lines_stay(d, "log.refused"))
		failed(d, "other evidence is lost");
}

/* trust: another set of rules, or none at all. */

/* How many lines there are that say something. */
static size_t
rules_in(struct ml_slice text)
{
	const char *p = text.p, *end = p + text.len, *to;
	size_t n = 0;

	for (; p < end; p = to + 1) {
		if ((to = memchr(p, '\n', (size_t)(end - p))) == NULL)
			to = end;
		while (p < to && (*p == ' ' || *p == '\t' || *p == '\r'))
			p++;
		n += p < to && *p != '#';
	}
	return n;
}

static void
try_trust(void *arg, const struct damage *d)
{
	struct ml_trust *t = NULL;
	unsigned long line = 0;
	const char *why;
	size_t n = 0;
	char where[64];
	int bad, status;

	(void)arg;
	write_file("log.trust", ml_buf_view(&d->file));
	bad = ml_trust_load(&t, "log.trust", &why, &line) == -1;
	if (!bad)
		ml_trust_rules(t, &n);
	if (bad && (why == NULL || line == 0 ||
	    line > 1 + lines_of(ml_buf_view(&d->file))))
		failed(d, "no reason, or no line");
	if (!bad && n != rules_in(ml_buf_view(&d->file)))
		failed(d, "%zu rules are read", n);
	ml_trust_free(t);
	count(bad ? REFUSED_TO : CHANGED);
	if (!with_tools(d))
		return;
	count(TOOLS_RUN);
	snprintf(where, sizeof where, "log.trust:%lu: ", line);
	if ((status = run("ml-key", "list", "log", NULL)) != 2 * bad ||
	    (bad && !said(where)))
		failed(d, "ml-key list: status %d", status);
	write_file("in", ml_buf_view(&all.known.text));
	write_file("log", slice(""));
	status = run("ml-ingest", "log", NULL);
	if (bad ? status != 2 || !said(where) : status > 1 || status < 0)
		failed(d, "ml-ingest: status %d", status);
	read_file("log", &all.out);
	if (bad && all.out.len > 0)
		failed(d, "something was taken");
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*begin)(void *arg);
		void (*try)(void *arg, const struct damage *d);
	} what[] = { { "held", begin_held, try_held },
	    { "refused", begin_log, try_refused },
	    { "trust", begin_log, try_trust } };
	struct cases *c = &all.cases;
	struct ml_buf file = { 0 };
	size_t i;

	if (!cases_options(c, argc, argv) || argc - optind < 3)
		return 2;
	read_file(argv[optind + 1], &file);
	c->file = ml_buf_view(&file);
	read_file(argv[optind + 2], &all.log);
	known_read(&all.known, argv[argc - 1]);
	all.whole.known = all.now.known = all.before.known = &all.known;
	for (i = 0; i < sizeof what / sizeof what[0]; i++)
		if (strcmp(what[i].name, argv[optind]) == 0) {
			cases_try(c, NULL, what[i].begin, what[i].try);
			cases_print();
			return shared->failed > 0;
		}
	return 2;
}

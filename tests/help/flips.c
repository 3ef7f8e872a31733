/*
 * flips [-n WAYS] [-s SEED] [-e EVERY] [-t TOOLS] [-c CASE] LOG KEY - every byte
 * of a log is damaged in each way, or in WAYS of them by turns, and the log is
 * cut at every length.  What it then shows is looked at, and it is mended from
 * the log as it was: in this process, and one case in TOOLS by the tools too.
 * KEY has written one of its feeds.  Works in folders here; prints the counts.
 */
#include <stdio.h>

#include "cases.h"
#include "identity.h"
#include "known.h"
#include "trust.h"

enum { LOST_EVENTS, MENDED, TOOLS_RUN, EMITTED, REFUSED_TO };

static struct {
	struct known known;
	struct seen whole, now;
	struct ml_buf frontier, delta;	/* that are wanted */
	struct ml_buf text, after, out, key, key_feed;
	struct ml_slice me;		/* whose key that is */
	struct cases cases;
} all;

/* Whether an event's line was hit, or the newline on either side of it. */
static int
is_hit(const struct known_event *e, const struct damage *d)
{
	uint64_t end = e->offset + e->line.len;

	return d->cut ? end > d->at : d->at + 1 >= e->offset && d->at <= end;
}

/* Whether it is the seal that was hit, and can be gone without a word. */
static int
is_seal_hit(const struct known_event *e, const struct damage *d)
{
	return d->at > e->offset + e->bare.len &&
	    d->at <= e->offset + e->line.len;
}

/* Whether ml-check names the place. */
static int
is_named(const struct damage *d)
{
	const struct seen *s = &all.now;
	size_t i;

	for (i = 0; i < s->finds; i++)
		if ((s->found[i].what == ML_LOG_DAMAGED ||
		    s->found[i].what == ML_LOG_TORN) &&
		    s->found[i].from <= d->at + 1 && s->found[i].to + 1 >= d->at)
			return 1;
	return 0;
}

/* Where whole lines end, and the tail behind them is no event. */
static int
is_torn(const struct damage *d)
{
	const struct known_event *e;
	size_t i;

	for (i = 0; i < all.known.events; i++) {
		e = &all.known.event[i];
		if (d->at > e->offset && d->at < e->offset + e->line.len)
			return 1;
	}
	return 0;
}

/* What is there, what is not and what is said of it. */
static int
look(const struct damage *d)
{
	const struct known *k = &all.known;
	const struct seen *w = &all.whole;
	size_t i, lost = 0;

	if (see_all(&all.now, "log") == -1 ||
	    see_answers(&all.now, "log") == -1) {
		failed(d, "%s", all.now.wrong);
		return -1;
	}
	for (i = 0; i < k->events; i++) {
		if (all.now.has[i] == NOT) {
			lost++;
			if (!is_hit(&k->event[i], d))
				failed(d, "line %zu is lost", i + 1);
		} else if (all.now.has[i] != w->has[i] &&
		    !is_seal_hit(&k->event[i], d))
			failed(d, "line %zu has another seal", i + 1);
		if (all.now.has[i] == OTHERWISE && all.now.bad_seals == 0)
			failed(d, "line %zu has a wrong seal, and it is not "
			    "told", i + 1);
	}
	if (d->cut ? is_torn(d) != (int)all.now.times[ML_LOG_TORN] :
	    lost > 0 && !is_named(d))
		failed(d, "ml-check does not name the place");
	if (lost > 0)
		count(LOST_EVENTS);
	expect(&all.now, &all.frontier, &all.delta);
	if (!is_same(&all.frontier, &all.now.frontier))
		failed(d, "the frontier is %.*s", (int)all.now.frontier.len,
		    all.now.frontier.p);
	if (!is_same(&all.delta, &all.now.delta))
		failed(d, "the delta is another one");
	return 0;
}

/* What of a damaged log stays where it is mended: its tail is cut, or ended. */
static void
keep(struct ml_slice file, struct ml_buf *kept)
{
	const struct seen *s = &all.now;
	size_t i;

	ml_buf_clear(kept);
	for (i = 0; i < s->finds; i++)
		if (s->found[i].what == ML_LOG_TORN)
			file.len = (size_t)s->found[i].from;
	ml_buf_slice(kept, file);
	if (file.len > 0 && file.p[file.len - 1] != '\n')
		ml_buf_byte(kept, '\n');
}

/* How many lines a peer must send again, no more. */
static size_t
count_lacking(void)
{
	const struct known *k = &all.known;
	struct seen *s = &all.now;
	size_t i, a, n = 0;

	for (i = 0; i < k->events; i++)
		if (s->has[i] == NOT && k->event[i].e.seq <=
		    head_of(&all.whole, k->event[i].e.author)) {
			s->has[i] = SEALED;
			n++;
		}
	/* or the seal of the last one */
	for (a = 0; a < k->authors; a++)
		n += head_of(s, k->author[a]) <
		    head_of(&all.whole, k->author[a]);
	return n;
}

/* A peer who has it all sends what is not in the frontier. */
static void
mend(const struct damage *d)
{
	struct ml_buf kept = { 0 };
	char offer[KNOWN_MAX];
	struct taken taken;
	size_t lines;

	keep(ml_buf_view(&d->file), &kept);
	lacking(&all.whole, &all.now, offer);
	if (take(&all.known, "log", offer, &taken) == -1) {
		failed(d, "cannot be mended");
		return;
	}
	lines = count_lacking();
	read_file("log", &all.after);
	if (taken.verdict[ML_REFUSED] + taken.verdict[ML_FORKED] > 0)
		failed(d, "an event is refused that was sent again");
	if (all.after.len < kept.len || !ml_slice_same((struct ml_slice){
	    all.after.p, kept.len }, ml_buf_view(&kept)))
		failed(d, "what stood there is not there any more");
	else if (lines_of((struct ml_slice){ all.after.p + kept.len,
	    all.after.len - kept.len }) != lines)
		failed(d, "%zu lines were lacking, and others were added",
		    lines);
	if (see_all(&all.now, "log") == -1 ||
	    see_answers(&all.now, "log") == -1)
		failed(d, "mended: %s", all.now.wrong);
	if (!is_same(&all.now.frontier, &all.whole.frontier))
		failed(d, "mended: the frontier is %.*s",
		    (int)all.now.frontier.len, all.now.frontier.p);
	expect(&all.now, &all.frontier, &all.delta);
	if (!is_same(&all.delta, &all.now.delta))
		failed(d, "mended: the delta is another one");
	if (all.now.times[ML_LOG_COPY] > 0)
		failed(d, "mended: there are second copies");
	count(MENDED);
	ml_buf_free(&kept);
}

/* What a tool answers: this, with at most one line beside it. */
static void
ask(const struct damage *d, const char *tool, const char *option,
    struct ml_slice want)
{
	int status = option != NULL ? run(tool, option, "log", NULL) :
	    run(tool, "log", NULL);

	read_file("out", &all.out);
	read_file("said", &all.text);
	if (status != 0)
		failed(d, "%s: status %d", tool, status);
	if (lines_of(ml_buf_view(&all.text)) > 1)
		failed(d, "%s says more than one line", tool);
	if (!ml_slice_same(ml_buf_view(&all.out), want))
		failed(d, "%s: another answer than in this process", tool);
}

static void
check_by_tool(const struct damage *d)
{
	const struct seen *s = &all.now;
	int status = run("ml-check", "-j", "log", NULL), finds;
	char place[64];
	size_t i;

	finds = s->finds > s->times[ML_LOG_COPY] || s->bad_seals > 0 ||
	    s->waiting > 0;
	read_file("out", &all.out);
	if (status != finds)
		failed(d, "ml-check: status %d", status);
	if (has_text(ml_buf_view(&all.out), "\"finding\"") != finds)
		failed(d, "ml-check: findings, or none");
	for (i = 0; i < s->finds && s->found[i].what != ML_LOG_COPY; i++) {
		snprintf(place, sizeof place, "\"line\":%zu,\"offset\":%zu,",
		    1 + lines_of((struct ml_slice){ d->file.p,
		    (size_t)s->found[i].from }), (size_t)s->found[i].from);
		if (!has_text(ml_buf_view(&all.out), place))
			failed(d, "ml-check does not tell %s", place);
	}
}

static void
rename_file(const char *from, const char *to)
{
	if (rename(from, to) == -1)
		err(111, "%s", from);
}

static void
remove_sidecars(void)
{
	unlink("log.refused");
	unlink("log.held");
}

/* The same once more, by the tools. */
static void
use_tools(const struct damage *d)
{
	write_file("log", ml_buf_view(&d->file));
	remove_sidecars();
	see_all(&all.now, "log");
	expect(&all.now, &all.frontier, &all.delta);
	ask(d, "ml-frontier", NULL, ml_buf_view(&all.frontier));
	rename_file("out", "frontier");
	ask(d, "ml-delta", NULL, ml_buf_view(&all.delta));
	rename_file("out", "same");
	if (run("ml-view", "-j", "same", NULL) != 0)
		failed(d, "ml-view of the same set fails");
	read_file("out", &all.delta);
	ask(d, "ml-view", "-j", ml_buf_view(&all.delta));
	check_by_tool(d);
	if (run("ml-delta", "../whole", "frontier", NULL) != 0)
		failed(d, "ml-delta for the frontier fails");
	rename_file("out", "in");
	if (run("ml-ingest", "log", NULL) != 0)
		failed(d, "ml-ingest of what is lacking fails");
	unlink("in");
	read_file("log", &all.text);
	if (!is_same(&all.text, &all.after))
		failed(d, "the tools mend otherwise than this process");
	count(TOOLS_RUN);
}

/* Who goes on with the key goes on behind its last event, or not at all. */
static void
emit(const struct damage *d)
{
	const struct ml_event *last = NULL;
	struct ml_event e;
	size_t i;
	int status;

	for (i = 0; i < all.known.events; i++)
		if (ml_slice_same(all.known.event[i].e.author, all.me))
			last = &all.known.event[i].e;
	write_file("log", ml_buf_view(&d->file));
	write_file("key", ml_buf_view(&all.key));
	write_file("key.feed", ml_buf_view(&all.key_feed));
	remove_sidecars();
	status = run("ml-emit", "-k", "key", "log", "note", "R", "on", NULL);
	read_file("out", &all.out);
	if (status == 2 && all.out.len == 0) {
		count(REFUSED_TO);
		return;
	}
	if (status != 0 || last == NULL || all.out.len == 0 ||
	    !ml_event_read_quick(&e, (struct ml_slice){ all.out.p,
	    all.out.len - 1 }) || e.seq != last->seq + 1 ||
	    !ml_event_follows(&e, last->id))
		failed(d, "ml-emit, status %d: %.*s", status, (int)all.out.len,
		    all.out.p);
	count(EMITTED);
}

static void
begin(void *arg)
{
	(void)arg;
	if (see_all(&all.whole, "../whole") == -1 ||
	    see_answers(&all.whole, "../whole") == -1)
		errx(2, "%s", all.whole.wrong);
}

static void
try(void *arg, const struct damage *d)
{
	(void)arg;
	write_file("log", ml_buf_view(&d->file));
	remove_sidecars();
	if (look(d) == -1)
		return;
	mend(d);
	if (with_tools(d)) {
		use_tools(d);
		emit(d);
	}
}

static void
read_key(const char *path)
{
	struct ml_identity *id;
	struct ml_buf name = { 0 };
	const char *why;

	if (ml_identity_read(&id, path, &why) == -1)
		errx(2, "%s: no key", path);
	all.me = ml_identity_author(id);
	read_file(path, &all.key);
	ml_buf_str(&name, path);
	ml_buf_add(&name, ".feed", sizeof ".feed");
	read_file(name.p, &all.key_feed);
	ml_buf_free(&name);
}

int
main(int argc, char *argv[])
{
	struct cases *c = &all.cases;

	if (!cases_options(c, argc, argv) || argc - optind != 2)
		return 2;
	known_read(&all.known, argv[optind]);
	write_file("whole", ml_buf_view(&all.known.text));
	c->file = ml_buf_view(&all.known.text);
	all.whole.known = all.now.known = &all.known;
	read_key(argv[optind + 1]);
	cases_try(c, NULL, begin, try);
	cases_print();
	return shared->failed > 0;
}

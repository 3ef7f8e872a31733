/*
 * indexflips [OPTION ...] INDEX LOG - damage the index of a log, as flips does a
 * log: its roots and footers, and of the rest a part by the seed.  The answers
 * must be those of the log.  Works in folders here; prints the counts.
 */
#include <stdio.h>

#include "cases.h"
#include "known.h"

enum { CHANGED, TOOLS_RUN = 2 };

static struct {
	struct cases cases;
	struct known known;
	struct seen whole, now;
	struct ml_buf log, index, out, text, want;
} all;

#define RECORDS 8			/* are there */

struct answers {
	uint64_t events[RECORDS], ids[RECORDS];
};

static struct answers right;

static void
add_event(void *arg, const struct ml_feed *f, const struct ml_event *e)
{
	uint64_t **sum = arg, id;

	(void)f;
	memcpy(&id, e->id, sizeof id);
	++*sum[0];
	*sum[1] += id;
}

static int
ask_records(struct answers *a)
{
	struct ml_log *log;
	const char *why;
	char name[16];
	int i, rc;

	memset(a, 0, sizeof *a);
	rc = ml_log_read(&log, "log", NULL, &why);
	for (i = 0; rc == 0 && i < RECORDS; i++) {
		uint64_t *sum[] = { &a->events[i], &a->ids[i] };

		snprintf(name, sizeof name, "R-%d", i);
		rc = ml_log_record(log, slice(name), sum, add_event);
	}
	if (rc == 0)
		ml_log_free(log);
	return rc;
}

static void
begin(void *arg)
{
	(void)arg;
	write_file("log", ml_buf_view(&all.log));
	unlink("log.index");
	if (see_answers(&all.whole, "log") == -1 || ask_records(&right) == -1)
		errx(2, "%s", all.whole.wrong);
	/* this worker's own: it names the file that it is of */
	read_file("log.index", &all.index);
	if (all.index.len != all.cases.file.len)
		errx(2, "another index is as long as %zu bytes", all.index.len);
	all.cases.file = ml_buf_view(&all.index);
}

static uint64_t
number_at(size_t at)
{
	const char *p = all.cases.file.p + at;
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* Whether it is in a root that counts, or in a footer: 1, a part of the rest,
 * by the seed: 0, or left out: -1. */
static int
where(const struct damage *d)
{
	uint64_t state = d->number * 1000003 + all.cases.seed, n;

	if (d->at >= 4096 && d->at < 8192)
		return 1;
	for (n = 0; n < number_at(4096 + 168); n++)
		if (d->at >= number_at(4096 + 176 + 24 * n + 8) &&
		    d->at < number_at(4096 + 176 + 24 * n + 16))
			return 1;
	return d->at < 4096 || given_below(&state, 8) == 0 ? 0 : -1;
}

static void
ask_tools(const struct damage *d)
{
	static const char *const tools[] = { "ml-frontier", "ml-delta" };
	int i;

	for (i = 0; i < 2; i++) {
		write_file("log.index", ml_buf_view(&d->file));
		if (run(tools[i], "log", NULL) != 0)
			failed(d, "%s fails", tools[i]);
		read_file("out", &all.out);
		read_file("said", &all.text);
		if (!is_same(&all.out, i == 0 ? &all.whole.frontier :
		    &all.whole.delta) || lines_of(ml_buf_view(&all.text)) > 1)
			failed(d, "%s answers otherwise", tools[i]);
	}
	write_file("log.index", ml_buf_view(&d->file));
	if (run("ml-view", "-j", "log", NULL) != 0)
		failed(d, "ml-view fails");
	read_file("out", &all.out);
	if (all.want.len == 0)
		ml_buf_slice(&all.want, ml_buf_view(&all.out));
	if (!is_same(&all.out, &all.want))
		failed(d, "ml-view answers otherwise");
	count(TOOLS_RUN);
}

static void
try(void *arg, const struct damage *d)
{
	struct answers got;
	int i;

	(void)arg;
	if (where(d) == -1)
		return;
	write_file("log.index", ml_buf_view(&d->file));
	/* the second time what the first has made of it */
	for (i = 0; i < 2; i++) {
		if (see_answers(&all.now, "log") == -1 ||
		    !is_same(&all.now.frontier, &all.whole.frontier) ||
		    !is_same(&all.now.delta, &all.whole.delta))
			failed(d, "another answer");
		if (ask_records(&got) == -1 ||
		    memcmp(&got, &right, sizeof got) != 0)
			failed(d, "other events of a record");
	}
	read_file("log.index", &all.out);
	if (!is_same(&all.out, &d->file))
		count(CHANGED);
	else if (where(d) == 1)
		failed(d, "it was not made anew");
	if (with_tools(d))
		ask_tools(d);
	if (!is_same(&all.log, (read_file("log", &all.out), &all.out)))
		failed(d, "the log was changed");
}

int
main(int argc, char *argv[])
{
	struct ml_buf file = { 0 };

	if (!cases_options(&all.cases, argc, argv) || argc - optind != 2)
		return 2;
	read_file(argv[optind], &file);
	all.cases.file = ml_buf_view(&file);
	read_file(argv[optind + 1], &all.log);
	all.whole.known = all.now.known = &all.known;
	cases_try(&all.cases, NULL, begin, try);
	cases_print();
	return shared->failed > 0;
}

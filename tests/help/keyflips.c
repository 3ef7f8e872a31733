/*
 * keyflips [OPTION ...] key KEY KEY.feed LOG
 * keyflips [OPTION ...] feed KEY.feed KEY LOG STALE - damage a key, or what is
 * kept beside it, as flips does a log.  LOG is what the key has written, STALE
 * an older one.  Nothing may come of it that forks the feed.  Works in folders
 * here; prints the counts.
 */
#include <stdio.h>

#include "cases.h"
#include "known.h"
#include "own.h"

enum { MAY_WRITE, REFUSED_TO, TOOLS_RUN };

static struct {
	struct cases cases;
	struct known known;
	struct ml_buf other, log, stale, out;
} all;

/* Whether the key may write into a log, by what lies there. */
static int
may_write(const struct damage *d, struct ml_slice log, const char **why)
{
	struct ml_own own;
	struct ml_log *l;
	int rc = -1;

	write_file("log", log);
	if (ml_own_open(&own, "key", why) == -1 ||
	    ml_own_lock(&own, 1, why) == -1) {
		if (*why == NULL)
			failed(d, "no reason");
		ml_own_close(&own);
		return 0;
	}
	if (ml_log_write(&l, "log", NULL, why) == -1 ||
	    ml_log_lock(l, 1, 1000, why) == -1)
		failed(d, "the log cannot be opened");
	else
		*why = ml_own_check(&own, l, &rc);
	if (*why == NULL && rc == -1)
		failed(d, "no reason");
	ml_log_free(l);
	ml_own_close(&own);
	return *why == NULL;
}

/* The same by ml-emit: the event of this seq, or nothing and one line. */
static void
emit(const struct damage *d, struct ml_slice log, int may)
{
	char seq[64];
	int status;

	write_file("log", log);
	status = run("ml-emit", "-k", "key", "log", "note", "R", "on", NULL);
	read_file("out", &all.out);
	snprintf(seq, sizeof seq, ",\"s\":%zu,", 1 + lines_of(log));
	if (may ? status != 0 || !has_text(ml_buf_view(&all.out), seq) :
	    status != 2 || all.out.len > 0 || !said("ml-emit: "))
		failed(d, "ml-emit: status %d", status);
	read_file("log", &all.out);
	if (!may && !ml_slice_same(ml_buf_view(&all.out), log))
		failed(d, "ml-emit has written");
	count(TOOLS_RUN);
}

static void
try_key(void *arg, const struct damage *d)
{
	struct ml_slice me = all.known.author[0];
	struct ml_identity *id;
	const char *why;
	int may, mine = 0;

	(void)arg;
	write_file("key", ml_buf_view(&d->file));
	write_file("key.feed", ml_buf_view(&all.other));
	if (ml_identity_read(&id, "key", &why) == 0) {
		mine = ml_slice_same(ml_identity_author(id), me);
		ml_identity_free(id);
		if (d->file.len != ML_IDENTITY_LEN)
			failed(d, "it is taken for a key");
	} else if (why == NULL || d->file.len == ML_IDENTITY_LEN)
		failed(d, "it is not taken for a key");
	may = may_write(d, ml_buf_view(&all.log), &why);
	if (may != mine)
		failed(d, "it may write: %d", may);
	count(may ? MAY_WRITE : REFUSED_TO);
	if (with_tools(d)) {
		emit(d, ml_buf_view(&all.log), may);
		if (run("ml-key", "show", "key", NULL) !=
		    (d->file.len == ML_IDENTITY_LEN ? 0 : 2))
			failed(d, "ml-key show");
	}
}

static void
try_feed(void *arg, const struct damage *d)
{
	const char *why;
	int may;

	(void)arg;
	write_file("key", ml_buf_view(&all.other));
	write_file("key.feed", ml_buf_view(&d->file));
	may = may_write(d, ml_buf_view(&all.log), &why);
	count(may ? MAY_WRITE : REFUSED_TO);
	if (may_write(d, ml_buf_view(&all.stale), &why))
		failed(d, "a log that is behind would be forked");
	if (!with_tools(d))
		return;
	emit(d, ml_buf_view(&all.log), may);
	write_file("key.feed", ml_buf_view(&d->file));
	emit(d, ml_buf_view(&all.stale), 0);
}

static void
begin(void *arg)
{
	(void)arg;
}

int
main(int argc, char *argv[])
{
	struct ml_buf file = { 0 };
	int is_feed;

	if (!cases_options(&all.cases, argc, argv) || argc - optind < 4)
		return 2;
	is_feed = strcmp(argv[optind], "feed") == 0;
	if (argc - optind != 4 + is_feed)
		return 2;
	read_file(argv[optind + 1], &file);
	all.cases.file = ml_buf_view(&file);
	read_file(argv[optind + 2], &all.other);
	known_read(&all.known, argv[optind + 3]);
	read_file(argv[optind + 3], &all.log);
	if (is_feed)
		read_file(argv[optind + 4], &all.stale);
	cases_try(&all.cases, NULL, begin, is_feed ? try_feed : try_key);
	cases_print();
	return shared->failed > 0;
}

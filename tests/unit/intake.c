/* intake - what waits in memory from group to group, and a log that changes */
#include <sys/stat.h>
#include <unistd.h>

#include "intake.h"
#include "sealed.h"
#include "unit.h"

static char path[64], held[64], moved[64];
static unsigned told_of[ML_VERDICTS];

static void
told(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why)
{
	(void)arg, (void)e, (void)why;
	told_of[verdict]++;
}

static void
bad_held(void *arg, const char *where, uint64_t line, const char *why)
{
	(void)arg, (void)where, (void)line, (void)why;
}

/* One who writes the log. */
struct writer {
	struct ml_log *log;
	struct ml_trust *trust;
	struct ml_intake *intake;
};

static struct writer
writer_new(void)
{
	struct writer w;
	const char *why;

	if (ml_log_write(&w.log, path, NULL, &why) == -1)
		exit(1);
	w.trust = ml_trust_new();
	w.intake = ml_intake_new(w.log, w.trust, slice(""), NULL, told,
	    bad_held);
	return w;
}

static void
writer_free(struct writer *w)
{
	ml_intake_free(w->intake);
	ml_trust_free(w->trust);
	ml_log_free(w->log);
}

/* A group: of author a from..to, the last of them sealed or none. */
static int
group(struct writer *w, size_t a, int64_t from, int64_t to, int sealed,
    int more)
{
	struct ml_event list[LEN];
	const char *why;
	int64_t seq;

	memset(told_of, 0, sizeof told_of);
	if (ml_intake_begin(w->intake, 1, 1000, &why) == -1)
		return 0;
	for (seq = from; seq <= to; seq++) {
		list[seq - from] = event[a][seq];
		if (seq < to || !sealed)
			list[seq - from].seal.len = 0;
		if (ml_intake_offer(w->intake, &list[seq - from]) == -1)
			return 0;
	}
	return ml_intake_commit(w->intake, more) == 0;
}

static int
is_there(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && st.st_size > 0;
}

static int
has(struct writer *w, size_t a, int64_t seq)
{
	const struct ml_feed *f = ml_feeds_find(ml_log_feeds(w->log),
	    event[a][1].author);

	return f != NULL && f->seq == seq;
}

static void
clean(void)
{
	unlink(path);
	unlink(held);
	unlink(moved);
}

static void
check_waiting(void)
{
	struct writer w = writer_new();

	ok(group(&w, 0, 1, 5, 0, 1) && told_of[ML_HELD] == 5 &&
	    !is_there(path) && !is_there(held), "five wait in memory");
	ok(group(&w, 1, 1, 3, 1, 1) && told_of[ML_STORED] == 3 &&
	    has(&w, 1, 3) && !is_there(held), "while others come and go");
	ok(group(&w, 0, 6, 7, 1, 1) && told_of[ML_STORED] == 7 &&
	    has(&w, 0, 7) && !is_there(held), "and enter with their seal");
	ok(group(&w, 0, 8, 9, 0, 1) && !is_there(held) &&
	    group(&w, 1, 4, 4, 1, 0) && is_there(held) &&
	    ml_intake_held(w.intake) == 2, "the last group holds what waits");
	ok(group(&w, 0, 10, 10, 1, 0) && told_of[ML_STORED] == 3 &&
	    has(&w, 0, 10) && !is_there(held), "and a seal lets that in too");
	writer_free(&w);
	clean();
}

static void
check_too_many(void)
{
	struct writer w = writer_new();

	ok(group(&w, 0, 1, 20, 0, 1) && !is_there(held) &&
	    group(&w, 0, 21, 40, 0, 1) && told_of[ML_REFUSED] == 1 &&
	    is_there(held), "more than a seal may cover are held");
	writer_free(&w);
	clean();
}

static void
check_others(void)
{
	struct writer w = writer_new(), other;

	group(&w, 0, 1, 5, 0, 1);
	other = writer_new();
	ok(group(&other, 1, 1, 2, 1, 0) && has(&other, 1, 2),
	    "another writes while five wait");
	ok(group(&w, 1, 3, 3, 1, 1) && has(&w, 1, 3) && is_there(held) &&
	    ml_intake_held(w.intake) == 5, "they are held then");
	ok(group(&w, 0, 6, 6, 1, 0) && told_of[ML_STORED] == 6 &&
	    has(&w, 0, 6) && !is_there(held), "and enter with their seal");
	group(&w, 0, 7, 8, 0, 1);
	ok(group(&other, 0, 7, 9, 1, 0) && has(&other, 0, 9) &&
	    group(&w, 0, 10, 10, 1, 0) && has(&w, 0, 10) &&
	    !is_there(held), "another has stored what waits");
	writer_free(&other);
	writer_free(&w);
	clean();
}

static void
check_another_log(void)
{
	struct writer w = writer_new();

	group(&w, 1, 1, 1, 1, 1);	/* so that the feeds' numbers differ */
	group(&w, 0, 1, 5, 0, 1);
	rename(path, moved);
	ok(group(&w, 2, 1, 1, 1, 1) && group(&w, 0, 6, 6, 1, 0) &&
	    has(&w, 0, 6) && has(&w, 2, 1) && !has(&w, 1, 1) &&
	    !is_there(held), "what waits goes into the log of that name");
	writer_free(&w);
	clean();
}

static void
check_lines(void)
{
	struct writer w = writer_new();
	struct ml_buf line = { 0 };

	group(&w, 0, 1, 5, 1, 0);
	ml_event_write(&event[0][5], &line);
	ok(ml_intake_has_line(w.intake, ml_buf_view(&line)),
	    "a line that is there");
	line.p[line.len - 5] ^= 1;
	ok(!ml_intake_has_line(w.intake, ml_buf_view(&line)),
	    "one that differs");
	ml_buf_clear(&line);
	ml_event_write(&event[0][6], &line);
	ok(!ml_intake_has_line(w.intake, ml_buf_view(&line)), "a newer one");
	ok(!ml_intake_has_line(w.intake, slice("")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x\"")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x\",\"s\":")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x\",\"s\":0000")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x\",\"s\":1")) &&
	    !ml_intake_has_line(w.intake, slice("{\"a\":\"x\",\"s\":-1,")) &&
	    !ml_intake_has_line(w.intake,
	    slice("{\"a\":\"x\",\"s\":99999999999999999999,")),
	    "what is no line at all");
	ml_buf_free(&line);
	writer_free(&w);
	clean();
}

int
main(void)
{
	char folder[] = "/tmp/intake.XXXXXX";

	if (sodium_init() == -1 || mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/log", folder);
	snprintf(held, sizeof held, "%s/log.held", folder);
	snprintf(moved, sizeof moved, "%s/moved", folder);
	make_sealed();
	check_waiting();
	check_too_many();
	check_others();
	check_another_log();
	check_lines();
	ml_buf_free(&text);
	rmdir(folder);
	return unit_done();
}

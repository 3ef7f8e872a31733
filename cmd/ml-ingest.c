/* ml-ingest - take in events from files or a pipe */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inlet.h"
#include "lines.h"
#include "sandbox.h"
#include "tally.h"
#include "text.h"
#include "tool.h"

#define COMPLAINTS_MAX 32		/* of one line */

struct ingest {
	struct ml_log *log;
	struct ml_inlet *inlet;
	int verbose;
	const char *path, *name;	/* of the log, of the input */
	uint64_t cut;			/* bytes of torn tails, told */
	struct ml_buf verdicts;		/* printed once they are true */
	struct ml_tally tally;
	uint64_t complained_of;		/* a line, */
	unsigned complaints;		/* so often */
	int64_t ms;			/* now, by the group */
	int missing;			/* an input could not be read */
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-ingest [-v] [-w SECONDS] LOG [FILE ...]\n", stderr);
	exit(ML_USAGE);
}

static void
say_refused(struct ingest *in, const struct ml_batch_item *item,
    const char *why)
{
	if (item == NULL)
		ml_say_at(in->path, 0, "an event that was held: %s", why);
	else if (item->in_message > 0)
		ml_say_at(in->name, item->line, "event %lu: %s",
		    item->in_message, why);
	else
		ml_say_at(in->name, item->line, "%s", why);
}

static void
put_verdict(struct ingest *in, const char *word, const struct ml_event *e,
    const char *why)
{
	if (!in->verbose)
		return;
	ml_buf_str(&in->verdicts, word);
	ml_buf_byte(&in->verdicts, '\t');
	ml_text_canon(&in->verdicts, e->author);
	ml_buf_byte(&in->verdicts, '\t');
	ml_buf_int(&in->verdicts, e->seq);
	ml_buf_byte(&in->verdicts, '\t');
	ml_id_write(e->id, &in->verdicts);
	if (why != NULL) {
		ml_buf_byte(&in->verdicts, '\t');
		ml_buf_str(&in->verdicts, why);
	}
	ml_buf_byte(&in->verdicts, '\n');
}

static void
decided(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why, const struct ml_batch_item *item)
{
	static const char *const words[] = { "stored", "had", "held",
	    "refused", "refused", "dropped" };
	struct ingest *in = arg;

	ml_tally_add(&in->tally, verdict, e, in->ms);
	if (why != NULL)
		say_refused(in, item, why);
	if (e != NULL)
		put_verdict(in, words[verdict], e, why);
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct ingest *in = arg;

	ml_tally_add(&in->tally, ML_REFUSED, NULL, 0);
	ml_say_at(path, line, "%s", why);
}

static _Noreturn void
die(struct ingest *in)
{
	const char *failed = ml_inlet_failed(in->inlet);
	int error = errno;
	uint64_t doubt, stored = ml_inlet_stored(in->inlet, &doubt);

	if (doubt == 0)
		ml_say("%llu new events were stored before this",
		    (unsigned long long)stored);
	else
		ml_say("%llu new events were stored before this; the last %llu "
		    "are in doubt", (unsigned long long)stored,
		    (unsigned long long)doubt);
	errno = error;
	ml_die(strcmp(failed, ml_log_path(in->log)) == 0 ? in->path : failed,
	    ml_inlet_why(in->inlet));
}

static void
say_cut(struct ingest *in)
{
	uint64_t cut = ml_log_cut(in->log);

	if (cut > in->cut)
		ml_say_at(in->path, 0, "cut a torn tail of %llu bytes, kept in "
		    ".refused", (unsigned long long)(cut - in->cut));
	in->cut = cut;
}

/* A line of a million bad things is told of some of them. */
static void
complain(void *arg, const struct ml_batch_item *item)
{
	struct ingest *in = arg;

	ml_tally_add(&in->tally, ML_REFUSED, NULL, 0);
	if (item->line != in->complained_of)
		in->complaints = 0;
	in->complained_of = item->line;
	if (++in->complaints < COMPLAINTS_MAX)
		say_refused(in, item, item->why);
	else if (in->complaints == COMPLAINTS_MAX)
		ml_say_at(in->name, item->line, "more of this line is refused");
}

static void
refused(void *arg, const struct ml_batch_item *item)
{
	put_verdict(arg, "refused", &item->e, item->why);
}

static void
committed(void *arg)
{
	struct ingest *in = arg;
	const uint64_t *count = in->tally.count;

	in->ms = ml_clock_ms();
	say_cut(in);
	ml_print(&in->verdicts);
	if (in->verbose && ml_flush_stdout() == -1) {
		ml_say("standard output: %s: what was stored is stored",
		    strerror(errno));
		_exit(ML_NO);
	}
	ml_progress(count[ML_STORED] + count[ML_HAD] + count[ML_HELD],
	    "events");
}

static void
commit(struct ingest *in)
{
	if (ml_inlet_commit(in->inlet) == -1)
		die(in);
}

static void
ingest_fd(struct ingest *in, int fd)
{
	struct ml_lines lines = ml_lines_stream(fd);
	struct ml_slice line;
	enum ml_line got;

	while ((got = ml_lines_next(&lines, !ml_inlet_is_pending(in->inlet),
	    &line)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR) {
			int error = errno;

			commit(in);
			errno = error;
			if (ml_status_of(error) == ML_TEMP)
				ml_die(in->name, NULL);
			ml_say_at(in->name, 0, "%s", strerror(error));
			in->missing = 1;
			break;
		}
		if (got == ML_LINE_AGAIN)
			commit(in);	/* nothing waits while we do */
		else if (ml_inlet_line(in->inlet, &lines, got, line) == -1)
			die(in);
	}
	commit(in);
	ml_lines_free(&lines);
}

static void
ingest_file(struct ingest *in, const char *name)
{
	int fd;

	in->name = name;
	if (strcmp(name, "-") == 0) {
		ingest_fd(in, STDIN_FILENO);
		return;
	}
	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1) {
		if (ml_status_of(errno) == ML_TEMP)
			ml_die(name, NULL);
		ml_say_at(name, 0, "%s", strerror(errno));
		in->missing = 1;
		return;
	}
	ingest_fd(in, fd);
	close(fd);
}

static void
summarise(struct ingest *in)
{
	struct ml_buf out = { 0 };

	if (ml_tally_forks_of(&in->tally, in->log) == -1)
		ml_die(ml_refused_path(ml_log_refused(in->log)), NULL);
	ml_tally_write(&in->tally, ml_inlet_held(in->inlet),
	    ml_inlet_dropped(in->inlet), &out);
	if (ml_buf_failed(&out) || in->tally.failed)
		ml_no_memory();
	ml_say("%.*s", (int)out.len, out.p);
	ml_buf_free(&out);
}

/* Before anything of others is read, trust in the log's folder included. */
static void
confine(const char *log, char *const file[], int n)
{
	struct ml_sandbox box;
	int i;

	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, log);
	for (i = 0; i < n; i++)
		ml_sandbox_read(&box, file[i]);
	ml_sandbox_enter(&box, NULL);
}

int
main(int argc, char *argv[])
{
	static struct ingest in;
	struct ml_inlet_options o = { .wait = ML_LOCK_WAIT, .arg = &in,
	    .clock_ms = ml_clock_ms, .decided = decided, .broken = complain,
	    .refused = refused, .bad_held = bad_held, .committed = committed };
	struct ml_trust *trust;
	struct ml_buf own = { 0 };
	const char *why;
	char *trust_path;
	int ch, is_refused;

	ml_start();
	while ((ch = getopt(argc, argv, "vw:")) != -1)
		switch (ch) {
		case 'v': in.verbose = 1; break;
		case 'w': o.wait = ml_seconds(optarg); break;
		default: ml_say_option(); usage();
		}
	if (argc - optind < 1)
		usage();
	signal(SIGPIPE, SIG_IGN);	/* a lost verdict is a status, not a death */
	in.path = argv[optind++];
	if (sodium_init() == -1)
		ml_no_memory();
	randombytes_buf(in.tally.key, sizeof in.tally.key);
	in.ms = ml_clock_ms();
	o.own = ml_own_author(&own);
	confine(in.path, argv + optind, argc - optind);
	trust_path = ml_trust_path(in.path);
	o.trust = trust = ml_open_trust(trust_path);
	if (ml_log_write(&in.log, in.path, NULL, &why) == -1)
		ml_die(in.path, why);
	o.log = in.log;
	o.all = in.verbose;
	if ((in.inlet = ml_inlet_new(&o)) == NULL)
		ml_no_memory();
	if (optind == argc)
		ingest_file(&in, "-");
	for (; optind < argc; optind++)
		ingest_file(&in, argv[optind]);
	/* with nothing read too: it mends */
	if (ml_inlet_groups(in.inlet) == 0 &&
	    ml_inlet_catch_up(in.inlet, o.wait) == -1)
		die(&in);
	ml_progress_end();
	summarise(&in);
	is_refused = ml_tally_refused(&in.tally) || in.missing ||
	    ml_inlet_dropped(in.inlet) > 0;
	ml_inlet_free(in.inlet);
	ml_log_free(in.log);
	ml_trust_free(trust);
	ml_buf_free(&own);
	free(trust_path);
	ml_buf_free(&in.verdicts);
	ml_tally_free(&in.tally);
	return is_refused ? ML_NO : ML_OK;
}

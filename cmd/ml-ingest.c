/* ml-ingest - take in events from files or a pipe */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "crew.h"
#include "intake.h"
#include "lines.h"
#include "sandbox.h"
#include "table.h"
#include "text.h"
#include "tool.h"

#define GROUP_BYTES (2 * 1024 * 1024)	/* of lines, for one sync */
#define AHEAD_BYTES (2 * 1024 * 1024)	/* read on while that is done */
#define LOADS ((GROUP_BYTES + AHEAD_BYTES) / ML_BATCH_BYTES + 2)
#define COMPLAINTS_MAX 32		/* of one line */
#define NAMED_MAX 3			/* forked authors in the summary */

/* Lines on their way, and what the log was when some were known there. */
struct load {
	struct ml_batch batch;
	unsigned generation;
};

struct ingest {
	struct ml_log *log;
	struct ml_trust *trust;
	struct ml_intake *intake;
	double wait;			/* seconds for the lock */
	int verbose;
	const char *path, *name;	/* of the log, of the input */
	uint64_t cut;			/* bytes of torn tails, told */
	struct ml_crew *crew;
	struct load load[LOADS];	/* at their numbers modulo that: */
	size_t first, decided;		/* those of a group, */
	size_t given;			/* those that the crew has, and one */
	size_t ahead_bytes;		/* of all but that one */
	const struct ml_batch_item *current;	/* that is decided on */
	struct ml_buf verdicts;		/* printed once they are true */
	uint64_t count[ML_VERDICTS], committed;
	uint64_t complained_of;		/* a line, */
	unsigned complaints;		/* so often */
	uint64_t ahead;			/* stamped far ahead of our clock */
	struct ml_hlc newest;
	struct ml_table forked;		/* by author, those that were met */
	uint32_t forks;
	struct ml_buf fork_names;	/* of the first of them, safe to print */
	uint8_t key[ML_TABLE_KEY_LEN];
	int64_t ms;
	int began, committing;		/* a group, the first; its end */
	int missing;			/* an input could not be read */
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-ingest [-v] [-w SECONDS] LOG [FILE ...]\n", stderr);
	exit(ML_USAGE);
}

static struct load *
load_at(struct ingest *in, size_t number)
{
	return &in->load[number % LOADS];
}

/* Where an event that was decided on stands in the input, or NULL. */
static const struct ml_batch_item *
item_of(struct ingest *in, const struct ml_event *e)
{
	const struct ml_batch_item *item;
	const struct ml_batch *b;
	size_t at;

	if (in->current != NULL && e == &in->current->e)
		return in->current;
	for (at = in->first; at < in->decided; at++) {
		b = &load_at(in, at)->batch;
		for (item = b->item; item < b->item + b->items; item++)
			if (item->kind == ML_BATCH_EVENT &&
			    memcmp(item->e.id, e->id, sizeof e->id) == 0 &&
			    ml_slice_same(item->e.seal, e->seal))
				return item;
	}
	return NULL;
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

/* Whoever sees a fork says so, in this summary and in every later one. */
static void
note_fork(void *arg, struct ml_slice author)
{
	struct ingest *in = arg;
	uint64_t hash = ml_table_hash(in->key, author.p, author.len);

	if (ml_table_first(&in->forked, hash) != ML_TABLE_NONE)
		return;
	if (ml_table_add(&in->forked, hash, in->forks) == -1)
		ml_no_memory();
	if (in->forks++ < NAMED_MAX) {
		ml_buf_str(&in->fork_names, in->forks > 1 ? ", " : "");
		ml_text_canon(&in->fork_names, author);
	} else if (in->forks == NAMED_MAX + 1)
		ml_buf_str(&in->fork_names, " and more");
}

/* What is forked in the log, whoever brought it there. */
static void
note_forks(struct ingest *in)
{
	struct ml_feeds *feeds = ml_log_feeds(in->log);
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		if (ml_feeds_at(feeds, i)->forked)
			note_fork(in, ml_feeds_at(feeds, i)->author);
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
told(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why)
{
	static const char *const words[] = { "stored", "had", "held",
	    "refused", "refused", "dropped" };
	struct ingest *in = arg;

	/* what came in this group is refused; what others left is not ours */
	if (verdict == ML_DROPPED && item_of(in, e) != NULL) {
		verdict = ML_REFUSED;
		why = "seal: none that verifies, and its seq is taken";
	}

	in->count[verdict]++;
	if (why != NULL)
		say_refused(in, item_of(in, e), why);
	if (verdict == ML_FORKED)
		note_fork(in, e->author);
	if (verdict == ML_STORED &&
	    e->hlc.wall > in->ms + ML_HLC_AHEAD_MS) {
		in->ahead++;
		if (ml_hlc_compare(e->hlc, in->newest) > 0)
			in->newest = e->hlc;
	}
	put_verdict(in, words[verdict], e, why);
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct ingest *in = arg;

	in->count[ML_REFUSED]++;
	ml_say_at(path, line, "%s", why);
}

static _Noreturn void
die(struct ingest *in, const char *why)
{
	const char *failed = ml_intake_failed(in->intake);
	int error = errno, is_log = strcmp(failed, ml_log_path(in->log)) == 0;
	/* the log is written first: a sidecar's failure is not its own */
	uint64_t stored = is_log || !in->committing ? in->committed :
	    in->count[ML_STORED];

	if (stored == in->count[ML_STORED])
		ml_say("%llu new events were stored before this",
		    (unsigned long long)stored);
	else
		ml_say("%llu new events were stored before this; the last %llu "
		    "are in doubt", (unsigned long long)stored,
		    (unsigned long long)(in->count[ML_STORED] - stored));
	errno = error;
	ml_die(is_log ? in->path : failed, why);
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
complain(struct ingest *in, const struct ml_batch_item *item)
{
	in->count[ML_REFUSED]++;
	if (item->line != in->complained_of)
		in->complaints = 0;
	in->complained_of = item->line;
	if (++in->complaints < COMPLAINTS_MAX)
		say_refused(in, item, item->why);
	else if (in->complaints == COMPLAINTS_MAX)
		ml_say_at(in->name, item->line, "more of this line is refused");
}

/* Evidence as it came, unless that is longer than an event may be. */
static int
refuse(struct ingest *in, const struct ml_batch_item *item)
{
	struct ml_buf text = { 0 };
	int rc;

	put_verdict(in, "refused", &item->e, item->why);
	if (item->text.len <= ML_EVENT_MAX)
		return ml_intake_refuse(in->intake, item->why, item->text);
	ml_event_write(&item->e, &text);
	rc = ml_intake_refuse(in->intake, item->why, ml_buf_view(&text));
	ml_buf_free(&text);
	return rc;
}

/* A line that the log had before it was locked: it has it still, unless it is
 * another log by now. */
static int
offer_known(struct ingest *in, struct load *load, struct ml_batch_item *item)
{
	int same = load->generation == ml_log_generation(in->log);

	if (same && !in->verbose) {
		in->count[ML_HAD]++;
		return 0;
	}
	ml_batch_read_known(&load->batch, item);
	if (load->batch.failed)
		ml_no_memory();
	if (item->why != NULL) {
		complain(in, item);
		return refuse(in, item);
	}
	if (!same)
		return ml_intake_offer(in->intake, &item->e);
	told(in, ML_HAD, &item->e, NULL);
	return 0;
}

static int
offer(struct ingest *in, struct load *load, struct ml_batch_item *item)
{
	in->current = item;
	if (item->kind == ML_BATCH_KNOWN)
		return offer_known(in, load, item);
	if (item->kind == ML_BATCH_BROKEN)
		return 0;		/* that was all to say of it */
	return item->why != NULL ? refuse(in, item) :
	    ml_intake_offer(in->intake, &item->e);
}

/* What is wrong with the items of a batch: 1, or 0 if it has more of them. */
static int
complain_all(struct ingest *in, const struct ml_batch *b)
{
	const struct ml_batch_item *item;

	if (b->failed)
		ml_no_memory();
	for (item = b->item; item < b->item + b->items; item++)
		if (item->why != NULL)
			complain(in, item);
	return !ml_batch_has_more(b);
}

/*
 * The oldest lines, read and verified, until there are enough for one sync: one
 * that has more than fits goes on where the last group has left it.
 */
static void
take_group(struct ingest *in)
{
	struct ml_batch *b;
	size_t bytes = 0;
	int whole = in->first == in->decided ||
	    complain_all(in, &load_at(in, in->first)->batch);

	while (whole && bytes < GROUP_BYTES &&
	    (b = ml_crew_take(in->crew)) != NULL) {
		whole = complain_all(in, b);
		bytes += b->text.len;
		in->decided++;
	}
	in->ahead_bytes -= bytes;
}

/* What was decided on is told: it need not stay, and what it left may come. */
static void
drop_group(struct ingest *in)
{
	struct ml_batch *b;

	for (; in->first < in->decided; in->first++) {
		b = &load_at(in, in->first)->batch;
		if (ml_batch_has_more(b)) {
			ml_batch_go_on(b);
			break;
		}
		ml_batch_clear(b);
	}
}

/* Decide on the oldest group, make it last, and only then say so. */
static void
commit(struct ingest *in)
{
	struct ml_batch_item *item;
	const char *why;
	struct load *load;
	size_t at;
	int more = 0;

	take_group(in);
	in->ms = ml_clock_ms();
	in->began = 1;
	if (ml_intake_begin(in->intake, in->wait, in->ms, &why) == -1)
		die(in, why);
	for (at = in->first; at < in->decided; at++) {
		load = load_at(in, at);
		more = ml_batch_has_more(&load->batch);
		for (item = load->batch.item;
		    item < load->batch.item + load->batch.items; item++)
			if (offer(in, load, item) == -1)
				die(in, NULL);
	}
	in->current = NULL;
	in->committing = 1;
	/* what is told must be so, and on the disk */
	if (ml_intake_commit(in->intake, !in->verbose &&
	    (more || in->decided < in->given)) == -1)
		die(in, NULL);
	in->committing = 0;
	in->committed = in->count[ML_STORED];
	say_cut(in);
	drop_group(in);
	ml_print(&in->verdicts);
	if (in->verbose && ml_flush_stdout() == -1) {
		ml_say("standard output: %s: what was stored is stored",
		    strerror(errno));
		_exit(ML_NO);
	}
	ml_progress(in->count[ML_STORED] + in->count[ML_HAD] +
	    in->count[ML_HELD], "events");
}

/* The lines gathered so far are for the crew to read. */
static void
hand_over(struct ingest *in)
{
	struct ml_batch *b = &load_at(in, in->given)->batch;

	in->ahead_bytes += b->text.len;
	ml_crew_give(in->crew, b);
	in->given++;
	/* one is always left to be filled */
	while (in->ahead_bytes >= GROUP_BYTES + AHEAD_BYTES ||
	    in->given - in->first == LOADS - 1)
		commit(in);
}

/* Whether something was read and not decided on yet. */
static int
is_pending(struct ingest *in)
{
	return in->first < in->given ||
	    load_at(in, in->given)->batch.lines > 0;
}

/* All that was read. */
static void
commit_all(struct ingest *in)
{
	if (load_at(in, in->given)->batch.lines > 0)
		hand_over(in);
	while (in->first < in->given)
		commit(in);
}

static void
take_line(struct ingest *in, const struct ml_lines *l, enum ml_line got,
    struct ml_slice line)
{
	struct load *load;

	if (ml_batch_full(&load_at(in, in->given)->batch, line.len))
		hand_over(in);
	load = load_at(in, in->given);
	load->generation = ml_log_generation(in->log);
	if (got == ML_LINE_LONG)
		ml_batch_add_broken(&load->batch, "a line over 16 MiB",
		    l->number, l->offset, l->next - l->offset);
	else if (ml_intake_has_line(in->intake, line))
		ml_batch_add_known(&load->batch, line, l->number, l->offset);
	else
		ml_batch_add(&load->batch, line, l->number, l->offset);
}

static void
ingest_fd(struct ingest *in, int fd)
{
	struct ml_lines lines = ml_lines_stream(fd);
	struct ml_slice line;
	enum ml_line got;

	while ((got = ml_lines_next(&lines, !is_pending(in), &line)) !=
	    ML_LINE_END) {
		if (got == ML_LINE_ERROR) {
			int error = errno;

			commit_all(in);
			errno = error;
			if (ml_status_of(error) == ML_TEMP)
				ml_die(in->name, NULL);
			ml_say_at(in->name, 0, "%s", strerror(error));
			in->missing = 1;
			break;
		}
		if (got == ML_LINE_AGAIN)
			commit_all(in);	/* nothing waits while we do */
		else
			take_line(in, &lines, got, line);
	}
	commit_all(in);
	if (!in->began)
		commit(in);		/* with nothing read too: it mends */
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
summarise(const struct ingest *in)
{
	struct ml_buf out = { 0 };
	uint64_t dropped = ml_intake_dropped(in->intake);
	size_t held = ml_intake_held(in->intake);

	ml_buf_int(&out, (int64_t)in->count[ML_STORED]);
	ml_buf_str(&out, " new, ");
	ml_buf_int(&out, (int64_t)in->count[ML_HAD]);
	ml_buf_str(&out, " had, ");
	ml_buf_int(&out, (int64_t)held);
	ml_buf_str(&out, " held, ");
	ml_buf_int(&out, (int64_t)(in->count[ML_REFUSED] +
	    in->count[ML_FORKED]));
	ml_buf_str(&out, " refused");
	if (in->count[ML_DROPPED] > 0) {
		ml_buf_str(&out, ", ");
		ml_buf_int(&out, (int64_t)in->count[ML_DROPPED]);
		ml_buf_str(&out, " that were held dropped (no seal covers them)");
	}
	if (dropped > 0) {
		ml_buf_str(&out, ", ");
		ml_buf_int(&out, (int64_t)dropped);
		ml_buf_str(&out, " dropped (.held is full)");
	}
	if (in->forks > 0) {
		ml_buf_str(&out, "; forked: ");
		ml_buf_slice(&out, ml_buf_view(&in->fork_names));
		ml_buf_str(&out, " (see ml-check)");
	}
	if (in->ahead > 0) {
		ml_buf_str(&out, "; ");
		ml_buf_int(&out, (int64_t)in->ahead);
		ml_buf_str(&out, " stamped over a day ahead of this clock, up "
		    "to ");
		ml_text_time(&out, in->newest.wall);
	}
	if (ml_buf_failed(&out) || ml_buf_failed(&in->fork_names))
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
	struct ml_buf own = { 0 };
	struct ml_slice me;
	const char *why;
	char *trust_path;
	size_t at;
	int ch, refused;

	ml_start();
	in.wait = ML_LOCK_WAIT;
	while ((ch = getopt(argc, argv, "vw:")) != -1)
		switch (ch) {
		case 'v': in.verbose = 1; break;
		case 'w': in.wait = ml_seconds(optarg); break;
		default: ml_say_option(); usage();
		}
	if (argc - optind < 1)
		usage();
	signal(SIGPIPE, SIG_IGN);	/* a lost verdict is a status, not a death */
	in.path = argv[optind++];
	if (sodium_init() == -1)
		ml_no_memory();
	if ((in.crew = ml_crew_new(ml_batch_work, 0)) == NULL)
		ml_no_memory();
	randombytes_buf(in.key, sizeof in.key);
	me = ml_own_author(&own);
	confine(in.path, argv + optind, argc - optind);
	trust_path = ml_trust_path(in.path);
	in.trust = ml_open_trust(trust_path);
	if (ml_log_write(&in.log, in.path, NULL, &why) == -1)
		ml_die(in.path, why);
	if ((in.intake = ml_intake_new(in.log, in.trust, me, &in, told,
	    bad_held)) == NULL)
		ml_no_memory();
	if (optind == argc)
		ingest_file(&in, "-");
	for (; optind < argc; optind++)
		ingest_file(&in, argv[optind]);
	if (!in.began)
		commit(&in);
	ml_progress_end();
	note_forks(&in);
	if (ml_refused_forks(ml_log_refused(in.log), &in, note_fork) == -1)
		ml_die(ml_refused_path(ml_log_refused(in.log)), NULL);
	summarise(&in);
	refused = in.count[ML_REFUSED] + in.count[ML_FORKED] > 0 || in.missing ||
	    ml_intake_dropped(in.intake) > 0;
	ml_intake_free(in.intake);
	ml_log_free(in.log);
	ml_trust_free(in.trust);
	ml_buf_free(&own);
	free(trust_path);
	ml_crew_free(in.crew);
	for (at = 0; at < LOADS; at++)
		ml_batch_free(&in.load[at].batch);
	ml_buf_free(&in.verdicts);
	ml_buf_free(&in.fork_names);
	ml_table_free(&in.forked);
	return refused ? ML_NO : ML_OK;
}

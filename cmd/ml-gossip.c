/* ml-gossip - exchange events with a peer over any pipe */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carrier.h"
#include "exchange.h"
#include "file.h"
#include "gossipbox.h"
#include "sandbox.h"
#include "stop.h"
#include "tally.h"
#include "text.h"
#include "tool.h"

#define COMPLAINTS_MAX 32		/* of one peer */
#define SIGNALS 64			/* that there are */
#define PEER "peer"			/* its name in messages */

struct talk {
	struct ml_log *log;
	struct ml_exchange *x;
	struct ml_inlet *inlet;		/* of that */
	const char *path;		/* of the log */
	char *trust_path;
	struct stat trust_was;
	struct ml_trust *trust;
	int verbose;
	int64_t silence_ms;
	struct ml_outlet out;
	uint64_t cut;
	struct ml_gossipbox *box;	/* or NULL */
	struct ml_tally tally;
	unsigned complaints;
	int64_t ms;			/* of the day */
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-gossip [-1v] [-g SECONDS] [-t SECONDS] [-w SECONDS] "
	    "LOG [-- CMD [ARG ...]]\n"
	    "       ml-gossip --mailbox IN OUT [-v] [-w SECONDS] LOG\n", stderr);
	exit(ML_USAGE);
}

/* Whether another complaint may be made. */
static int
may_complain(struct talk *t)
{
	if (t->complaints++ < COMPLAINTS_MAX)
		return 1;
	if (t->complaints == COMPLAINTS_MAX + 1)
		ml_say_at(PEER, 0, "more is refused, and not told of");
	return 0;
}

static void
complain(struct talk *t, const struct ml_batch_item *item, const char *why)
{
	if (!may_complain(t))
		return;
	if (item == NULL)
		ml_say_at(t->path, 0, "an event that was held: %s", why);
	else if (item->in_message > 0)
		ml_say_at(PEER, item->line, "event %lu: %s",
		    item->in_message, why);
	else
		ml_say_at(PEER, item->line, "%s", why);
}

static void
decided(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why, const struct ml_batch_item *item)
{
	struct talk *t = arg;
	uint32_t forks = t->tally.forks;

	ml_tally_add(&t->tally, verdict, e, t->ms);
	if (verdict == ML_FORKED && t->tally.forks == forks)
		return;			/* that was told */
	if (e != NULL && why != NULL)
		complain(t, item, why);
}

static void
broken(void *arg, const struct ml_batch_item *item)
{
	struct talk *t = arg;

	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	complain(t, item, item->why);
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct talk *t = arg;

	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	ml_say_at(path, line, "%s", why);
}

/* The rules may be others by now, in hours of serving. */
static void
begins(void *arg)
{
	struct talk *t = arg;
	struct ml_trust *trust;

	if (!ml_file_has_changed(&t->trust_was, t->trust_path))
		return;
	trust = ml_open_trust(t->trust_path);
	ml_inlet_trust(t->inlet, trust);
	ml_trust_free(t->trust);
	t->trust = trust;
}

static void
said(void *arg)
{
	const struct talk *t = arg;

	ml_progress(t->tally.count[ML_STORED] + t->tally.count[ML_HAD] +
	    ml_exchange_sent(t->x), "events");
}

static void
committed(void *arg)
{
	struct talk *t = arg;
	uint64_t cut = ml_log_cut(t->log);

	t->ms = ml_clock_ms();
	if (cut > t->cut)
		ml_say_at(t->path, 0, "cut a torn tail of %llu bytes, kept in "
		    ".refused", (unsigned long long)(cut - t->cut));
	t->cut = cut;
	said(t);
}

static _Noreturn void
die_of(const struct talk *t, const char *failed, const char *why)
{
	ml_die(strcmp(failed, ml_log_path(t->log)) == 0 ? t->path : failed,
	    why);
}

static _Noreturn void
die(const struct talk *t)
{
	const char *why, *failed = ml_exchange_failed(t->x, &why);

	die_of(t, failed, why);
}

/* The peer's frontier tells of another event than the one here. */
static void
differs(void *arg, uint64_t line, const struct ml_feed *f, int64_t seq,
    const uint8_t *ours, const uint8_t *theirs)
{
	struct talk *t = arg;
	struct ml_buf out = { 0 };

	ml_tally_fork(&t->tally, f->author);
	if (t->tally.failed)
		ml_no_memory();
	ml_buf_str(&out, "fork: two events of author \"");
	ml_text_canon(&out, f->author);
	ml_buf_str(&out, "\" have seq ");
	ml_buf_int(&out, seq);
	ml_buf_str(&out, ": this log holds ");
	ml_id_write(ours, &out);
	ml_buf_str(&out, ", the peer ");
	ml_id_write(theirs, &out);
	if (ml_buf_failed(&out))
		ml_no_memory();
	if (may_complain(t))
		ml_say_at(PEER, line, "%.*s", (int)out.len, out.p);
	ml_buf_free(&out);
}

static void
bad_frontier(void *arg, uint64_t line, const char *why)
{
	struct talk *t = arg;

	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	if (may_complain(t))
		ml_say_at(PEER, line, "%s", why);
}

/* How it came to its end, in the words of a message, and its status. */
static int
conclude(struct talk *t, enum ml_gossip_outcome outcome)
{
	int refused = ml_tally_refused(&t->tally) || t->tally.forks > 0 ||
	    ml_inlet_dropped(t->inlet) > 0;

	switch (outcome) {
	case ML_GOSSIP_ENDED:
		return ML_OK;
	case ML_GOSSIP_AGREED:
		return refused ? ML_NO : ML_OK;
	case ML_GOSSIP_EARLY:
		ml_say_at(PEER, 0, "ended before the contact was over");
		return ML_NO;
	case ML_GOSSIP_SILENT:
		ml_say_at(PEER, 0, "nothing new for too long, in the middle "
		    "of the contact");
		return ML_TEMP;
	case ML_GOSSIP_UNHEARD:
		ml_say_at(PEER, 0, "said nothing at all in %g s",
		    (double)t->silence_ms / 1000);
		return ML_TEMP;
	case ML_GOSSIP_FLOODED:
		ml_say_at(PEER, 0, "too much came, and nothing new in it");
		return ML_NO;
	}
	return ML_TEMP;
}

static int
talk(struct talk *t, int once)
{
	enum ml_gossip_outcome outcome;

	switch (ml_exchange_run(t->x, &outcome)) {
	case ML_EXCHANGE_OVER:
		return conclude(t, outcome);
	case ML_EXCHANGE_STOPPED:
		if (once)
			ml_say("stopped before the contact was over");
		return once ? ML_TEMP : ML_OK;
	case ML_EXCHANGE_UNREAD:
		ml_say_at(PEER, 0, "does not read what was said last");
		return ML_TEMP;
	case ML_EXCHANGE_FAILED:
		break;
	}
	die(t);
}

/* One contact through message files. */
static int
talk_by_box(struct talk *t)
{
	struct ml_slice line;
	const char *why;
	int rc, heard = 0;

	while (heard != -1 && (rc = ml_gossipbox_next(t->box, &line,
	    &why)) == 1) {
		heard = ml_exchange_line(t->x, &t->box->in.lines,
		    t->box->in.is_long ? ML_LINE_LONG : ML_LINE_WHOLE, line);
		if (heard == 1 && ml_gossipbox_hear(t->box, line) != NULL)
			ml_no_memory();
	}
	if (heard == -1)
		die(t);
	if (rc == -1)
		die_of(t, t->box->failed, why);
	if (ml_exchange_commit(t->x) == -1)
		die(t);
	if (ml_gossipbox_say(t->box, ml_exchange_gossip(t->x), t->log,
	    &why) == -1)
		die_of(t, t->box->failed, why);
	return conclude(t, ML_GOSSIP_AGREED);
}

static void
summarise(struct talk *t)
{
	struct ml_buf out = { 0 };

	ml_progress_end();
	if (!t->verbose && !ml_tally_refused(&t->tally) &&
	    t->tally.forks == 0 && ml_inlet_dropped(t->inlet) == 0 &&
	    !isatty(STDERR_FILENO))
		return;
	if (ml_tally_forks_of(&t->tally, t->log) == -1)
		ml_die(ml_refused_path(ml_log_refused(t->log)), NULL);
	ml_buf_int(&out, (int64_t)(t->box != NULL ? t->box->events :
	    ml_exchange_sent(t->x)));
	ml_buf_str(&out, " sent, ");
	ml_tally_write(&t->tally, ml_inlet_held(t->inlet),
	    ml_inlet_dropped(t->inlet), &out);
	if (ml_buf_failed(&out) || t->tally.failed)
		ml_no_memory();
	ml_say("%.*s", (int)out.len, out.p);
	ml_buf_free(&out);
}

/* How the program on the way has ended, where that changes the status. */
static int
end_carrier(struct ml_carrier *c, const char *name, int status, int heard)
{
	int ended = ml_carrier_end(c);

	if (ended == -1)
		ml_die(name, NULL);
	/* what we have ended ourselves, or what spoke to us when we had gone */
	if (ended == 0 || ended == 128 + SIGTERM || ended == 128 + SIGKILL ||
	    ended == 128 + SIGPIPE)
		return status;
	if (ended > 128 && ended <= 128 + SIGNALS)
		ml_say_at(name, 0, "ended by signal %d", ended - 128);
	else
		ml_say_at(name, 0, "exit status %d", ended);
	if (status == ML_TEMP || status == ML_USAGE)
		return status;
	/* a way that was never there may be there later */
	return !heard ? ML_TEMP : status == ML_OK ? ML_NO : status;
}

static void
open_all(struct talk *t, struct ml_exchange_options *o)
{
	uint8_t key[ML_TABLE_KEY_LEN];
	const char *why;

	randombytes_buf(key, sizeof key);
	memcpy(t->tally.key, key, sizeof key);
	t->ms = ml_clock_ms();
	(void)ml_file_has_changed(&t->trust_was, t->trust_path);
	o->inlet.trust = t->trust = ml_open_trust(t->trust_path);
	if (ml_log_write(&t->log, t->path, NULL, &why) == -1)
		ml_die(t->path, why);
	o->inlet.log = t->log;
	o->out = &t->out;
	if ((t->x = ml_exchange_new(o, key)) == NULL)
		ml_no_memory();
	t->inlet = ml_exchange_inlet(t->x);
	if (ml_exchange_begin(t->x) == -1)
		die(t);
}

static void
close_all(struct talk *t)
{
	ml_exchange_free(t->x);
	ml_log_free(t->log);
	ml_trust_free(t->trust);
	ml_outlet_free(&t->out);
	ml_tally_free(&t->tally);
	free(t->trust_path);
}

static int64_t
seconds(const char *option, const char *text)
{
	double v = ml_seconds_of(option, text);

	if (v * 1000 < 1)
		ml_die(option, "too short a time");
	return (int64_t)(v * 1000);
}

static void
confine(const char *log, char *const files[2])
{
	struct ml_sandbox box;
	int i;

	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, log);
	for (i = 0; files != NULL && i < 2; i++)
		ml_sandbox_beside(&box, files[i]);
	ml_sandbox_enter(&box, NULL);
}

/* Its operands, and the words of a program, if there are any. */
static char **
operands(struct talk *t, int argc, char *argv[])
{
	if (optind == argc)
		usage();
	t->path = argv[optind++];
	if (optind == argc)
		return NULL;
	if (strcmp(argv[optind++], "--") != 0 || optind == argc)
		usage();
	return argv + optind;
}

int
main(int argc, char *argv[])
{
	static struct talk t = { 0 };
	struct ml_exchange_options o = { .gossip = { .interval_ms = 10000,
	    .silence_ms = 30000 }, .in = STDIN_FILENO, .inlet = {
	    .clock_ms = ml_clock_ms, .wait = ML_LOCK_WAIT }, .arg = &t,
	    .decided = decided, .broken = broken, .bad_held = bad_held,
	    .bad_frontier = bad_frontier, .differs = differs,
	    .begins = begins, .committed = committed, .said = said };
	struct ml_carrier carrier;
	struct ml_buf own = { 0 };
	struct ml_gossipbox box;
	const char *why;
	char **cmd, **files = NULL;
	int ch, status;

	ml_start();
	if (argc > 4 && strcmp(argv[1], "--mailbox") == 0) {
		files = argv + 2;
		optind = 4;
	}
	while ((ch = getopt(argc, argv, "+1g:t:vw:")) != -1) {
		if (files != NULL && strchr("1gt", ch) != NULL)
			usage();
		switch (ch) {
		case '1': o.gossip.once = 1; break;
		case 'g': o.gossip.interval_ms = seconds("-g", optarg); break;
		case 't': o.gossip.silence_ms = seconds("-t", optarg); break;
		case 'v': t.verbose = 1; break;
		case 'w': o.inlet.wait = ml_seconds(optarg); break;
		default: ml_say_option(); usage();
		}
	}
	cmd = operands(&t, argc, argv);
	if (files != NULL && cmd != NULL)
		usage();
	t.silence_ms = o.gossip.silence_ms;
	if (sodium_init() == -1)
		ml_no_memory();
	if ((o.stop = ml_stop_catch()) == -1)
		ml_die("pipe", NULL);
	if (files != NULL)
		ml_stop_release();	/* nobody waits, so nobody would look */
	o.inlet.own = ml_own_author(&own);
	if (cmd != NULL) {
		if (ml_carrier_start(&carrier, cmd) == -1)
			ml_die(cmd[0], NULL);
		o.in = carrier.in;
		t.out = ml_outlet_of(carrier.out);
	} else if (files == NULL)
		t.out = ml_outlet_stdout();
	confine(t.path, files);
	t.trust_path = ml_trust_path(t.path);
	open_all(&t, &o);
	if (files != NULL) {
		t.box = &box;
		if (ml_gossipbox_open(&box, files[0], files[1], &why) == -1)
			die_of(&t, box.failed, why);
		status = talk_by_box(&t);
	} else
		status = talk(&t, o.gossip.once);
	summarise(&t);
	if (cmd != NULL)
		status = end_carrier(&carrier, cmd[0], status,
		    ml_exchange_heard(t.x) > 0);
	if (files != NULL)
		ml_gossipbox_close(&box);
	close_all(&t);
	ml_buf_free(&own);
	return status;
}

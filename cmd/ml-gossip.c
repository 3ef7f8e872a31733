/* ml-gossip - exchange events with a peer over any pipe */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "carrier.h"
#include "follow.h"
#include "gossip.h"
#include "gossipbox.h"
#include "gossipline.h"
#include "inlet.h"
#include "outlet.h"
#include "sandbox.h"
#include "stop.h"
#include "tally.h"
#include "text.h"
#include "tool.h"

#define SAY_AT (64 * 1024)		/* bytes said before they are written */
#define HEAR_AT_ONCE (256 * 1024)	/* bytes heard before it is our turn */
#define LINGER_MS 20			/* for more, before a group is closed */
#define GROUP_MS 500			/* at most */
#define COMPLAINTS_MAX 32		/* of one peer */
#define SIGNALS 64			/* that there are */
#define PEER "peer"			/* its name in messages */

struct talk {
	struct ml_log *log;
	struct ml_inlet *inlet;
	struct ml_gossip *g;
	struct ml_follow *follow;
	const char *path;		/* of the log */
	int once, verbose;
	double wait, silence;
	int in, stop;
	struct ml_outlet out;
	struct ml_lines lines;
	uint64_t heard;			/* bytes */
	int more;			/* lines were read and not looked at */
	int ended;			/* the input has */
	int64_t group_ms, heard_ms;	/* the first line of a group, the last */
	int64_t look_ms;		/* at the log, again */
	unsigned generation;
	uint64_t items, cut;
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

static int64_t
now_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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
	if (e == NULL)
		return;
	if (verdict == ML_STORED || verdict == ML_HAD)
		ml_gossip_came(t->g, e->author, e->seq, now_ms());
	else if (verdict == ML_FORKED) {
		ml_gossip_fork(t->g, e->author, e->seq);
		if (t->tally.forks == forks)
			return;		/* that was told */
	}
	if (why != NULL)
		complain(t, item, why);
}

static void
broken(void *arg, const struct ml_batch_item *item)
{
	struct talk *t = arg;

	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	complain(t, item, item->why);
}

/* It was told when it was read. */
static void
refused(void *arg, const struct ml_batch_item *item)
{
	(void)arg, (void)item;
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct talk *t = arg;

	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	ml_say_at(path, line, "%s", why);
}

/* What the log holds now, by us or by others, is on the disk. */
static void
tell_heads(struct talk *t)
{
	struct ml_feeds *feeds = ml_log_feeds(t->log);
	const struct ml_feed *f;
	size_t i;

	if (t->generation != ml_log_generation(t->log))
		ml_gossip_hold_none(t->g);
	t->generation = ml_log_generation(t->log);
	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		ml_gossip_hold(t->g, f->author, f->seq);
	}
	if (ml_gossip_failed(t->g))
		ml_no_memory();
}

static void
show_progress(const struct talk *t)
{
	ml_progress(t->tally.count[ML_STORED] + t->tally.count[ML_HAD] +
	    ml_gossip_sent_events(t->g), "events");
}

static void
committed(void *arg)
{
	struct talk *t = arg;
	uint64_t items = ml_inlet_items(t->inlet), cut = ml_log_cut(t->log);

	ml_gossip_took(t->g, items - t->items);
	t->items = items;
	t->ms = ml_clock_ms();
	tell_heads(t);
	if (cut > t->cut)
		ml_say_at(t->path, 0, "cut a torn tail of %llu bytes, kept in "
		    ".refused", (unsigned long long)(cut - t->cut));
	t->cut = cut;
	show_progress(t);
}

static _Noreturn void
die(struct talk *t)
{
	const char *failed = ml_inlet_failed(t->inlet);

	ml_die(strcmp(failed, ml_log_path(t->log)) == 0 ? t->path : failed,
	    ml_inlet_why(t->inlet));
}

static void
commit(struct talk *t)
{
	if (ml_inlet_is_pending(t->inlet) && ml_inlet_commit(t->inlet) == -1)
		die(t);
	t->group_ms = 0;
}

/* Take in what others have appended; who holds the lock is not waited for. */
static void
catch_up(struct talk *t, int64_t now)
{
	t->look_ms = INT64_MAX;
	/* of what we append ourselves we are told too: no group ends for it */
	if (ml_log_has_changed(t->log)) {
		commit(t);
		if (ml_inlet_catch_up(t->inlet, 0) == -1) {
			if (errno != EAGAIN || ml_inlet_why(t->inlet) != NULL)
				die(t);
			t->look_ms = now + LINGER_MS;
		}
	}
	if (ml_follow_fd(t->follow) == -1 && t->look_ms == INT64_MAX)
		t->look_ms = now + ML_FOLLOW_LOOK_MS;
}

/* The peer's frontier tells of another event than the one here. */
static void
differs(void *arg, const struct ml_feed *f, int64_t seq, const uint8_t *ours,
    const uint8_t *theirs)
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
		ml_say_at(PEER, t->lines.number, "%.*s", (int)out.len, out.p);
	ml_buf_free(&out);
}

static void
hear_frontier(struct talk *t, struct ml_slice line)
{
	const char *why;
	int failed;

	why = ml_gossipline_hear(t->g, line, t->log, now_ms(), t, differs,
	    &failed);
	if (failed)
		ml_die(t->path, NULL);
	if (why == ML_NO_MEMORY || ml_gossip_failed(t->g))
		ml_no_memory();
	if (why == NULL)
		return;
	ml_tally_add(&t->tally, ML_REFUSED, NULL, 0);
	if (may_complain(t))
		ml_say_at(PEER, t->lines.number, "%s", why);
}

static void
hear_line(struct talk *t, enum ml_line got, struct ml_slice line)
{
	int64_t taken;

	switch (got == ML_LINE_LONG ? ML_MESSAGE_ITEMS :
	    ml_message_kind(line, &taken)) {
	case ML_MESSAGE_ITEMS:
		if (t->group_ms == 0)
			t->group_ms = now_ms();
		if (ml_inlet_line(t->inlet, &t->lines, got, line) == -1)
			die(t);
		break;
	case ML_MESSAGE_FRONTIER:
		hear_frontier(t, line);
		break;
	case ML_MESSAGE_DONE:
		commit(t);
		ml_gossip_done(t->g, taken, now_ms());
		break;
	case ML_MESSAGE_OTHER:
		break;
	}
}

/* What of the peer's lines is there by now, or enough of it. */
static void
hear(struct talk *t)
{
	const struct ml_lines *l = &t->lines;
	uint64_t from = l->next, bytes;
	struct ml_slice line;
	enum ml_line got = ML_LINE_AGAIN;

	t->more = 0;
	while (l->next - from < HEAR_AT_ONCE &&
	    (got = ml_lines_next(&t->lines, 0, &line)) > ML_LINE_END &&
	    got != ML_LINE_AGAIN)
		hear_line(t, got, line);
	t->more = got != ML_LINE_AGAIN;
	t->heard_ms = now_ms();
	bytes = l->next + l->skipped + (l->buf.len - l->at);
	ml_gossip_heard(t->g, (size_t)(bytes - t->heard), t->heard_ms);
	t->heard = bytes;
	if (got == ML_LINE_ERROR && errno != EIO && errno != ECONNRESET)
		ml_die(PEER, NULL);
	if (got != ML_LINE_END && got != ML_LINE_ERROR)
		return;
	t->more = 0;
	t->ended = 1;
	commit(t);
	ml_gossip_end(t->g);
}

static void
write_some(struct talk *t)
{
	ssize_t n = ml_outlet_write(&t->out);

	if (n == -1)
		ml_die("standard output", NULL);
	if (t->out.is_lost)
		ml_gossip_unread(t->g);	/* what comes in is still taken */
	ml_gossip_drained(t->g, (size_t)n, now_ms());
}

/* Say what is to be said, as far as there is room.  What else to do: wait, or
 * be over. */
static struct ml_gossip_wish
go_on(struct talk *t)
{
	struct ml_gossip_wish wish;
	int64_t now;

	for (;;) {
		now = now_ms();
		ml_gossip_next(t->g, ml_outlet_len(&t->out) < SAY_AT, now, &wish);
		if (wish.what == ML_GOSSIP_WAIT || wish.what == ML_GOSSIP_OVER)
			return wish;
		if (wish.what == ML_GOSSIP_FRONTIER && !t->once)
			catch_up(t, now);
		if (ml_gossipline_say(t->g, &wish, t->log, now,
		    &t->out.text) == -1)
			ml_die(t->path, NULL);
		show_progress(t);
	}
}

static int
timeout_ms(const struct talk *t, int64_t until)
{
	int64_t now = now_ms(), due = until;

	if (t->more)
		return 0;
	if (t->group_ms > 0 && t->heard_ms + LINGER_MS < due)
		due = t->heard_ms + LINGER_MS;
	if (t->look_ms < due)
		due = t->look_ms;
	return due == INT64_MAX ? -1 : due <= now ? 0 :
	    due - now > INT_MAX ? INT_MAX : (int)(due - now);
}

enum { IN, OUT, STOP, FOLLOW, FDS };

/* Wait for what comes first, and see to it: 0, or 1: to be stopped. */
static int
wait_for(struct talk *t, int64_t until)
{
	struct pollfd p[FDS] = { { t->ended ? -1 : t->in, POLLIN, 0 },
	    { ml_outlet_len(&t->out) > 0 ? t->out.fd : -1, POLLOUT, 0 },
	    { t->stop, POLLIN, 0 }, { t->once ? -1 :
	    ml_follow_fd(t->follow), POLLIN, 0 } };
	int64_t now;

	if (poll(p, FDS, timeout_ms(t, until)) == -1) {
		if (errno != EINTR)
			ml_die("poll", NULL);
		return 0;
	}
	if (p[STOP].revents != 0)
		return 1;
	if (p[OUT].revents != 0)
		write_some(t);
	if (p[IN].revents != 0 || t->more)
		hear(t);
	now = now_ms();
	if (t->group_ms > 0 && (now >= t->heard_ms + LINGER_MS ||
	    now >= t->group_ms + GROUP_MS))
		commit(t);
	if ((p[FOLLOW].revents != 0 && ml_follow_take(t->follow)) ||
	    (!t->once && now >= t->look_ms))
		catch_up(t, now);
	return 0;
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
		ml_say_at(PEER, 0, "said nothing at all in %g s", t->silence);
		return ML_TEMP;
	case ML_GOSSIP_FLOODED:
		ml_say_at(PEER, 0, "too much came, and nothing new in it");
		return ML_NO;
	}
	return ML_TEMP;
}

static int
talk(struct talk *t)
{
	struct ml_gossip_wish wish;
	int rc;

	for (;;) {
		wish = go_on(t);
		if (wish.what == ML_GOSSIP_OVER)
			break;
		if (!wait_for(t, wish.until))
			continue;
		commit(t);
		if (t->once)
			ml_say("stopped before the contact was over");
		return t->once ? ML_TEMP : ML_OK;
	}
	commit(t);
	if ((rc = ml_outlet_flush(&t->out, (int)(t->silence * 1000))) == -1)
		ml_die("standard output", NULL);
	if (rc == 1)
		return conclude(t, wish.outcome);
	ml_say_at(PEER, 0, "does not read what was said last");
	return ML_TEMP;
}

static _Noreturn void
die_of_box(const struct talk *t, const char *why)
{
	ml_die(strcmp(t->box->failed, ml_log_path(t->log)) == 0 ? t->path :
	    t->box->failed, why);
}

/* A line of the peer's in the box. */
static void
take_line(struct talk *t, struct ml_slice line)
{
	int64_t taken;
	const char *why;

	t->lines.number = t->box->in.number;
	switch (ml_message_kind(line, &taken)) {
	case ML_MESSAGE_ITEMS:
		if (ml_inlet_line(t->inlet, &t->box->in.lines, ML_LINE_WHOLE,
		    line) == -1)
			die(t);
		break;
	case ML_MESSAGE_FRONTIER:
		/* it is told of what is wrong with it, and of forks */
		hear_frontier(t, line);
		why = ml_gossipbox_hear(t->box, line);
		if (why == ML_NO_MEMORY)
			ml_no_memory();
		break;
	case ML_MESSAGE_DONE: case ML_MESSAGE_OTHER:
		break;
	}
}

/* One contact through message files. */
static int
talk_by_box(struct talk *t)
{
	struct ml_slice line;
	const char *why;
	int rc;

	while ((rc = ml_gossipbox_next(t->box, &line, &why)) == 1)
		take_line(t, line);
	if (rc == -1)
		die_of_box(t, why);
	commit(t);
	if (ml_gossipbox_say(t->box, t->log, &why) == -1)
		die_of_box(t, why);
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
	    ml_gossip_sent_events(t->g)));
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
	/* what we have ended ourselves */
	if (ended == 0 || ended == 128 + SIGTERM || ended == 128 + SIGKILL)
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
open_all(struct talk *t, const struct ml_gossip_options *g,
    struct ml_inlet_options *o)
{
	uint8_t key[ML_TABLE_KEY_LEN];
	const char *why;

	randombytes_buf(key, sizeof key);
	memcpy(t->tally.key, key, sizeof key);
	t->ms = ml_clock_ms();
	if (ml_log_write(&t->log, t->path, NULL, &why) == -1)
		ml_die(t->path, why);
	o->log = t->log;
	t->generation = ml_log_generation(t->log);
	t->lines = ml_lines_stream(t->in);
	t->look_ms = INT64_MAX;
	if ((t->g = ml_gossip_new(g, key, now_ms())) == NULL ||
	    (t->follow = ml_follow_new(ml_log_path(t->log))) == NULL ||
	    (t->inlet = ml_inlet_new(o)) == NULL)
		ml_no_memory();
	if (ml_inlet_catch_up(t->inlet, t->wait) == -1)
		die(t);
}

static void
close_all(struct talk *t)
{
	ml_inlet_free(t->inlet);
	ml_gossip_free(t->g);
	ml_follow_free(t->follow);
	ml_log_free(t->log);
	ml_lines_free(&t->lines);
	ml_outlet_free(&t->out);
	ml_tally_free(&t->tally);
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

int
main(int argc, char *argv[])
{
	static struct talk t = { .in = STDIN_FILENO, .wait = ML_LOCK_WAIT };
	struct ml_gossip_options g = { .interval_ms = 10000,
	    .silence_ms = 30000 };
	struct ml_inlet_options o = { .arg = &t, .clock_ms = ml_clock_ms,
	    .decided = decided, .broken = broken, .refused = refused,
	    .bad_held = bad_held, .committed = committed };
	struct ml_carrier carrier;
	struct ml_buf own = { 0 };
	struct ml_trust *trust;
	struct ml_gossipbox box;
	const char *why;
	char *trust_path, **cmd = NULL, **files = NULL;
	int ch, status;

	ml_start();
	if (argc > 4 && strcmp(argv[1], "--mailbox") == 0) {
		files = argv + 2;
		optind = 4;
	}
	while ((ch = getopt(argc, argv, "+1g:t:vw:")) != -1)
		switch (ch) {
		case '1': g.once = 1; break;
		case 'g': g.interval_ms = seconds("-g", optarg); break;
		case 't': g.silence_ms = seconds("-t", optarg); break;
		case 'v': t.verbose = 1; break;
		case 'w': t.wait = ml_seconds(optarg); break;
		default: ml_say_option(); usage();
		}
	if (optind == argc)
		usage();
	t.path = argv[optind++];
	if (optind < argc) {
		if (strcmp(argv[optind++], "--") != 0 || optind == argc)
			usage();
		cmd = argv + optind;
	}
	if (files != NULL && (cmd != NULL || g.once))
		usage();
	t.once = g.once;
	t.silence = (double)g.silence_ms / 1000;
	o.wait = t.wait;
	if (sodium_init() == -1)
		ml_no_memory();
	if ((t.stop = ml_stop_catch()) == -1)
		ml_die("pipe", NULL);
	o.own = ml_own_author(&own);
	if (cmd != NULL) {
		if (ml_carrier_start(&carrier, cmd) == -1)
			ml_die(cmd[0], NULL);
		t.in = carrier.in;
		t.out = ml_outlet_of(carrier.out);
	} else if (files == NULL)
		t.out = ml_outlet_stdout();
	confine(t.path, files);
	trust_path = ml_trust_path(t.path);
	o.trust = trust = ml_open_trust(trust_path);
	open_all(&t, &g, &o);
	if (files != NULL) {
		t.box = &box;
		if (ml_gossipbox_open(&box, files[0], files[1], &why) == -1)
			die_of_box(&t, why);
		status = talk_by_box(&t);
	} else
		status = talk(&t);
	summarise(&t);
	if (cmd != NULL)
		status = end_carrier(&carrier, cmd[0], status, t.heard > 0);
	if (files != NULL)
		ml_gossipbox_close(&box);
	close_all(&t);
	ml_trust_free(trust);
	ml_buf_free(&own);
	free(trust_path);
	return status;
}

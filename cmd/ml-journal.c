/* ml-journal - a durable log of packets that come lossy, late and damaged */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "journal.h"
#include "json.h"
#include "lines.h"
#include "outlet.h"
#include "quantity.h"
#include "sandbox.h"
#include "steady.h"
#include "stop.h"
#include "tool.h"

#define GROUP_MS 200		/* a power cut costs no more, with --sync group */
#define SILENCE_MS 5000		/* all was sent, and no answer comes */
#define REQUESTS_MAX (1024 * 1024)	/* bytes that wait for their reader */

struct work {
	struct ml_journal_config config;
	struct ml_journal *journal;
	const char *log, *stats;
	int acknowledges, is_final, has_frames;
	struct ml_peek peek;
	struct ml_lines lines;
	size_t begun;			/* bytes of the first, by a run before */
	struct ml_buf before;		/* what that had before its last bytes */
	struct ml_outlet out;		/* to be printed */
	int stop;			/* readable when it was told to end */
	int is_stopped;
	struct ml_buf scratch, remarks;
	int is_deaf;			/* nobody reads what is printed */
	uint64_t told;			/* lines that were acknowledged */
	int64_t since_ms;		/* something is not synced */
	int is_dirty;
	int has_ended;			/* all was sent */
	int64_t answer_ms;		/* then, or the last packet since */
	int is_done;
	int has_refused;
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-journal [-a] [-b PACKETS] [-f FIRST] [-S FILE] "
	    "[-w WINDOW]\n"
	    "                  [--sync each|group|none] [--final] [--frames] "
	    "LOG\n", stderr);
	exit(ML_USAGE);
}

static void
request(void *arg, uint64_t seq)
{
	struct work *w = arg;

	ml_buf_int(&w->out.text, (int64_t)seq);
	ml_buf_byte(&w->out.text, '\n');
}

/* Tell what can be told without waiting for who reads it, or all. */
static void
tell(struct work *w, int all)
{
	struct ml_outlet *o = &w->out;
	int waits = all || ml_outlet_len(o) > REQUESTS_MAX;

	if (ml_buf_failed(&o->text))
		ml_no_memory();
	if (w->is_deaf)
		ml_buf_clear(&o->text);
	else if (ml_outlet_flush(o, waits ? -1 : 0) == -1 || o->is_lost) {
		ml_say("standard output: %s", strerror(o->is_lost ? EPIPE :
		    errno));
		w->is_deaf = 1;
	}
}

static void
commit(struct work *w)
{
	if (ml_journal_commit(w->journal) == -1)
		ml_die(w->log, NULL);
	if (!w->is_dirty && !ml_journal_is_synced(w->journal)) {
		w->since_ms = ml_steady_ms();
		w->is_dirty = 1;
	}
	tell(w, 0);
}

static void
sync_all(struct work *w)
{
	if (ml_journal_sync(w->journal) == -1)
		ml_die(w->log, NULL);
	w->is_dirty = 0;
}

/* Milliseconds until what was committed must be synced; -1: nothing must. */
static int
time_left(const struct work *w)
{
	int64_t ms;

	if (!w->is_dirty)
		return -1;
	ms = GROUP_MS - (ml_steady_ms() - w->since_ms);
	return ms > 0 ? (int)ms : 0;
}

static void
acknowledge(struct work *w)
{
	if (!w->acknowledges || w->told == w->lines.number)
		return;
	sync_all(w);
	w->told = w->lines.number;
	ml_buf_str(&w->out.text, "ok ");
	ml_buf_int(&w->out.text, (int64_t)w->told);
	ml_buf_byte(&w->out.text, '\n');
	tell(w, 0);
}

/* What was read is taken away when it is in the files. */
static void
take_away(struct work *w)
{
	struct ml_slice rest = ml_lines_rest(&w->lines);

	if (!w->has_frames && !w->is_done &&
	    ml_journal_keep_part(w->journal, rest) == -1)
		ml_die(w->log, NULL);
	commit(w);
	if (ml_peek_take(&w->peek, w->is_done ? rest.len : 0) == -1)
		ml_die("-", NULL);
}

/*
 * What was read is in the files before more is read.  Whoever waits for us to
 * read it, gets to know when there is no more for now.  When all was sent and
 * no answer comes, that is the end.
 */
static void
wait_for_input(struct work *w)
{
	struct pollfd fd[3] = { { .fd = STDIN_FILENO, .events = POLLIN },
	    { .fd = w->stop, .events = POLLIN }, { .events = POLLOUT } };
	int64_t left;
	int ms, is_idle;

	take_away(w);
	for (;;) {
		if ((is_idle = poll(fd, 1, 0) == 0))
			acknowledge(w);
		if ((ms = time_left(w)) == 0) {
			sync_all(w);
			ms = -1;
		}
		if (w->has_ended) {
			left = w->answer_ms + SILENCE_MS - ml_steady_ms();
			if ((w->is_done = is_idle && left <= 0))
				return;
			if (ms == -1 || left < ms)
				ms = left > 0 ? (int)left : 0;
		}
		fd[2].fd = ml_outlet_len(&w->out) > 0 ? w->out.fd : -1;
		if (poll(fd, 3, ms) > 0) {
			w->is_stopped = fd[1].revents != 0;
			if (w->is_stopped || fd[0].revents != 0)
				return;
		}
		tell(w, 0);
	}
}

static void
refuse(struct work *w, const char *why)
{
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	ml_say_at("-", w->lines.number, "%s", why);
	w->has_refused = 1;
}

/* A frame and its remarks, at the time it came. */
static void
take_frame(struct work *w, struct ml_slice line)
{
	const char *why = ml_packet_frame(line, ml_clock_ms(), &w->scratch,
	    &w->remarks);

	if (why != NULL)
		refuse(w, why);
	else if (ml_journal_append(w->journal, ml_buf_view(&w->scratch),
	    ml_buf_view(&w->remarks)) == -1)
		ml_die(w->log, NULL);
}

/* All was sent: that, or what is still asked for, is the end.  Who says so again
 * may not have read all requests by then: what exists is waited for. */
static void
take_end(struct work *w)
{
	struct ml_reorder *window = ml_journal_window(w->journal);
	int asked = ml_reorder_ask_all(window);

	if (asked == -1)
		ml_no_memory();
	w->is_done = ml_reorder_open(window) == 0 || (w->has_ended &&
	    asked == 0 && ml_reorder_owed(window) == 0);
	if (!w->has_ended)
		w->answer_ms = ml_steady_ms();
	w->has_ended = 1;
}

static int
is_intact(struct work *w, struct ml_slice line)
{
	struct ml_packet p;

	return ml_packet_read(&p, line, &w->scratch) == NULL &&
	    (p.is_intact || p.is_end);
}

/*
 * The first line, of which a run before has read the beginning; if that was
 * killed before it took away what it had read last, the line goes on from
 * where it was before.  A new source may begin another one.
 */
static struct ml_slice
without_begun(struct work *w, struct ml_slice line)
{
	struct ml_slice rest = { line.p + w->begun, line.len - w->begun };
	struct ml_packet p;

	if (w->before.len > 0 && !is_intact(w, line)) {
		ml_buf_slice(&w->before, rest);
		if (ml_buf_failed(&w->before))
			ml_no_memory();
		if (is_intact(w, ml_buf_view(&w->before)))
			return ml_buf_view(&w->before);
	}
	return ml_packet_read(&p, line, &w->scratch) == NULL ? line : rest;
}

static void
take_line(struct work *w, struct ml_slice line)
{
	struct ml_packet p;
	const char *why;

	if (w->has_frames) {
		take_frame(w, line);
		return;
	}
	if (w->lines.number == 1)
		line = without_begun(w, line);
	if (ml_json_skip_blanks(line.p, line.p + line.len) ==
	    line.p + line.len)
		return;
	if ((why = ml_packet_read(&p, line, &w->scratch)) != NULL)
		refuse(w, why);
	else if (p.is_end)
		take_end(w);
	else {
		if (ml_journal_take(w->journal, &p) == -1)
			ml_die(w->log, NULL);
		if (w->config.syncs_each)
			commit(w);
		if (w->has_ended)
			w->answer_ms = ml_steady_ms();
	}
}

static void
take_input(struct work *w)
{
	struct ml_slice line;
	enum ml_line got;

	while (!w->is_done) {
		if (!ml_lines_has_next(&w->lines))
			wait_for_input(w);
		if (w->is_stopped || w->is_done)
			break;
		got = ml_lines_next(&w->lines, 0, &line);
		if (got == ML_LINE_AGAIN)
			continue;
		if (got == ML_LINE_END)
			break;
		if (got == ML_LINE_ERROR)
			ml_die("-", NULL);
		if (got == ML_LINE_LONG)
			refuse(w, "a line over 16 MiB");
		else
			take_line(w, line);
	}
}

static void
write_stats(const struct work *w)
{
	struct ml_buf b = { 0 };

	ml_reorder_stats(ml_journal_window(w->journal), &b);
	if (ml_buf_failed(&b))
		ml_no_memory();
	if (ml_file_put(w->stats, b.p, b.len) == -1)
		ml_die(w->stats, NULL);
	ml_buf_free(&b);
}

static int
packets(const char *option, const char *text)
{
	int v;

	if (!ml_quantity_int(text, 1, ML_REORDER_BUFFER_MAX, &v))
		ml_die(option, "not a number from 1 to 65536");
	return v;
}

static void
set_sync(struct work *w, const char *text)
{
	w->config.syncs_each = strcmp(text, "each") == 0;
	w->config.never_syncs = strcmp(text, "none") == 0;
	if (!w->config.syncs_each && !w->config.never_syncs &&
	    strcmp(text, "group") != 0)
		ml_die("--sync", "not each, group or none");
}

static void
read_options(struct work *w, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "sync", required_argument, NULL, 1 },
		{ "final", no_argument, NULL, 2 },
		{ "frames", no_argument, NULL, 3 },
		{ NULL, 0, NULL, 0 }
	};
	struct ml_reorder_config *c = &w->config.window;
	int ch;

	while ((ch = getopt_long(argc, argv, "ab:f:S:w:", options, NULL)) != -1)
		switch (ch) {
		case 'a': w->acknowledges = w->config.is_heard = 1; break;
		case 'b':
			c->buffer = (size_t)packets("-b", optarg);
			break;
		case 'f':
			c->has_first = 1;
			if (!ml_packet_number((struct ml_slice){ optarg,
			    strlen(optarg) }, ML_PACKET_SEQUENCE_MAX,
			    &c->first))
				ml_die("-f", "not a sequence number");
			break;
		case 'S': w->stats = optarg; break;
		case 'w':
			c->window = (unsigned)packets("-w", optarg);
			break;
		case 1: set_sync(w, optarg); break;
		case 2: w->is_final = 1; break;
		case 3: w->has_frames = c->has_first = 1; break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1)
		usage();
	w->log = argv[optind];
}

static void
open_journal(struct work *w)
{
	struct ml_sandbox box;
	const char *why;

	ml_sandbox_begin(&box);
	ml_sandbox_beside(&box, w->log);
	if (w->stats != NULL)
		ml_sandbox_beside(&box, w->stats);
	ml_sandbox_enter(&box, NULL);
	if (ml_journal_open(&w->journal, w->log, &w->config, ML_LOCK_WAIT,
	    ml_clock_ms(), &why) == -1)
		ml_die(w->log, why);
	if (ml_journal_was_damaged(w->journal))
		ml_say_at(ml_journal_pending(w->journal), 0,
		    "damaged: the log was read again");
	if (ml_journal_cut(w->journal) > 0)
		ml_say_at(w->log, 0, "cut a torn tail of %llu bytes, kept in "
		    ".refused", (unsigned long long)
		    ml_journal_cut(w->journal));
	if (ml_journal_damaged(w->journal) > 0)
		ml_say_at(w->log, 0, "%llu damaged lines stay in it",
		    (unsigned long long)ml_journal_damaged(w->journal));
}

/* What is left to be done and said, and the status. */
static int
end(struct work *w)
{
	struct ml_reorder *window = ml_journal_window(w->journal);
	int is_whole = !w->is_stopped &&
	    (w->has_frames || w->is_final || w->has_ended);

	if (is_whole && ml_reorder_drain(window) == -1)
		ml_no_memory();
	take_away(w);
	sync_all(w);
	if (ml_journal_checkpoint(w->journal) == -1)
		ml_die(w->log, NULL);
	if (w->stats != NULL)
		write_stats(w);
	if (!is_whole)
		ml_say_at(w->log, 0, "%s: packets that wait for the next run: "
		    "%zu", w->is_stopped ? "stopped" :
		    "the input ended without {\"end\":true}",
		    ml_reorder_waiting(window));
	else
		acknowledge(w);
	/* all is done: who reads us, or does not, may take its time */
	ml_stop_release();
	tell(w, 1);
	return !is_whole || w->is_deaf ? ML_TEMP :
	    w->has_refused ? ML_NO : ML_OK;
}

int
main(int argc, char *argv[])
{
	static struct work w;
	struct ml_slice part = { "", 0 };
	int status;

	ml_start();
	w.config.window.buffer = ML_REORDER_BUFFER;
	w.config.arg = &w;
	w.config.ask = request;
	read_options(&w, argc, argv);
	if ((w.stop = ml_stop_catch()) == -1)
		ml_die("pipe", NULL);
	w.out = ml_outlet_stdout();	/* requests are repeated from the first */
	open_journal(&w);
	w.peek = ml_peek_of(STDIN_FILENO);
	if (!w.has_frames) {	/* of which the next may be any line */
		part = ml_journal_part(w.journal);
		ml_buf_slice(&w.before, ml_journal_part_before(w.journal));
	}
	w.begun = part.len;
	w.lines = ml_lines_peek(&w.peek, part);
	take_input(&w);
	status = end(&w);
	ml_journal_free(w.journal);
	ml_lines_free(&w.lines);
	ml_peek_close(&w.peek);
	ml_outlet_free(&w.out);
	ml_buf_free(&w.before);
	ml_buf_free(&w.scratch);
	ml_buf_free(&w.remarks);
	ml_close_stdout();
	return status;
}

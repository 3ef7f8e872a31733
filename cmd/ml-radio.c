/* ml-radio - frames from standard input over an RNode, and back */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "band.h"
#include "bridge.h"
#include "frameline.h"
#include "lines.h"
#include "quantity.h"
#include "radiojson.h"
#include "radioplan.h"
#include "serial.h"
#include "stop.h"
#include "text.h"
#include "tool.h"

#define POWER 14			/* dBm, or what a band allows if that is less */
#define WORDS_MAX 64			/* of $ML_RADIO */
#define NO_LIMIT (UINT64_MAX / 4)

enum { LEDGER = 256, DUTY, PLAN, LOCK_SHORT, LOCK_LONG };

struct options {
	struct ml_bridge_options bridge;
	enum { BRIDGE, LIST, INFO, PLANNING } mode;
	int verbose, has_linger;
	const char *ledger, *duty;
};

/* What the tool remembers of the bridge while it runs. */
struct telling {
	const struct options *o;
	const struct ml_radio_info *info;
	const char *why, *setting;	/* of a radio that went down */
	int was_up, is_down;
	unsigned unread;
	uint64_t nonsense;
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-radio -p PORT -f HZ [-b HZ] [-s SF] [-c CR] [-t DBM] [-1rv]\n"
	    "                [-w SECONDS] [--duty PERCENT|none] [--ledger FILE]\n"
	    "                [--lock-short PERCENT] [--lock-long PERCENT]\n"
	    "       ml-radio --plan -f HZ [option ...]\n"
	    "       ml-radio -i -p PORT\n"
	    "       ml-radio -l\n", stderr);
	exit(ML_USAGE);
}

/* The words of $ML_RADIO, before those of the command line. */
static char **
with_defaults(int *argc, char *argv[])
{
	static char **all, *text;	/* as long as the options that point there */
	const char *set = getenv("ML_RADIO");
	char *word, *rest;
	int n = 1;

	if (set == NULL || set[strspn(set, " \t\n")] == '\0')
		return argv;
	all = calloc((size_t)*argc + WORDS_MAX + 1, sizeof *all);
	text = strdup(set);
	if (all == NULL || text == NULL)
		ml_no_memory();
	all[0] = argv[0];
	for (word = strtok_r(text, " \t\n", &rest); word != NULL;
	    word = strtok_r(NULL, " \t\n", &rest)) {
		if (n > WORDS_MAX)
			ml_die("$ML_RADIO", "more than 64 words");
		all[n++] = word;
	}
	memcpy(all + n, argv + 1, (size_t)*argc * sizeof *all);
	*argc += n - 1;
	return all;
}

static uint32_t
hertz(const char *option, const char *text)
{
	uint32_t hz;

	if (!ml_quantity_hz(text, &hz))
		ml_die(option, "not a frequency, as 867.2M or 125k");
	return hz;
}

static int
number(const char *option, const char *text, int least, int most)
{
	int v;

	if (!ml_quantity_int(text, least, most, &v))
		ml_die(option, "not a whole number in its range");
	return v;
}

static unsigned
percent(const char *option, const char *text)
{
	unsigned v;

	if (!ml_quantity_percent(text, &v))
		ml_die(option, "not per cent from 0.01 to 100");
	return v;
}

static double
linger(const char *text)
{
	return strcmp(text, "-1") == 0 ? -1 : ml_seconds(text);
}

static void
set(struct options *o, int ch)
{
	struct ml_lora *l = &o->bridge.wish.lora;

	switch (ch) {
	case 'p': o->bridge.port = optarg; break;
	case 'f': l->frequency = hertz("-f", optarg); break;
	case 'b': l->bandwidth = hertz("-b", optarg); break;
	case 's': l->sf = number("-s", optarg, ML_LORA_SF_MIN, ML_LORA_SF_MAX); break;
	case 'c': l->cr = number("-c", optarg, ML_LORA_CR_MIN, ML_LORA_CR_MAX); break;
	case 't': l->power = number("-t", optarg, 0, ML_LORA_DBM_MAX); break;
	case 'w':
		o->bridge.linger = linger(optarg);
		o->has_linger = 1;
		break;
	case 'r': o->bridge.receive_only = 1; break;
	case 'l': o->mode = LIST; break;
	case 'i': o->mode = INFO; break;
	case 'v': o->verbose = 1; break;
	case '1': o->bridge.give_up = 1; break;
	case PLAN: o->mode = PLANNING; break;
	case LEDGER: o->ledger = optarg; break;
	case DUTY: o->duty = optarg; break;
	case LOCK_SHORT:
		o->bridge.wish.short_lock = (int)percent("--lock-short", optarg);
		break;
	case LOCK_LONG:
		o->bridge.wish.long_lock = (int)percent("--lock-long", optarg);
		break;
	default: ml_say_option(); usage();
	}
}

static const struct ml_band *
band_of(const struct ml_lora *l)
{
	return ml_band_of(l->frequency, ml_lora_bandwidth(l->bandwidth));
}

static int
usual_power(const struct ml_lora *l)
{
	const struct ml_band *band = band_of(l);

	return band != NULL && band->power < POWER ? band->power : POWER;
}

static struct options
read_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "ledger", required_argument, NULL, LEDGER },
		{ "duty", required_argument, NULL, DUTY },
		{ "plan", no_argument, NULL, PLAN },
		{ "lock-short", required_argument, NULL, LOCK_SHORT },
		{ "lock-long", required_argument, NULL, LOCK_LONG },
		{ NULL, 0, NULL, 0 }
	};
	struct options o = { .bridge = { .in = STDIN_FILENO,
	    .out = STDOUT_FILENO, .wish = { .short_lock = -1, .long_lock = -1,
	    .lora = { .bandwidth = 125000, .sf = 8, .cr = 5, .power = -1 } } } };
	int ch;

	argv = with_defaults(&argc, argv);
	while ((ch = getopt_long(argc, argv, "p:f:b:s:c:t:w:rliv1", longs,
	    NULL)) != -1)
		set(&o, ch);
	if (optind < argc || (o.mode != LIST && o.mode != PLANNING &&
	    o.bridge.port == NULL))
		usage();
	if ((o.mode == BRIDGE || o.mode == PLANNING) &&
	    o.bridge.wish.lora.frequency == 0)
		usage();
	if (o.bridge.receive_only && !o.has_linger)
		o.bridge.linger = -1;
	if (o.bridge.wish.lora.power == -1)
		o.bridge.wish.lora.power = usual_power(&o.bridge.wish.lora);
	return o;
}

/* Where the airtime of a band is booked, if nobody says otherwise. */
static char *
default_ledger(const struct ml_band *band)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct ml_buf b = { 0 };

	if (state != NULL && *state == '/')
		ml_buf_str(&b, state);
	else if (home != NULL && *home != '\0') {
		ml_buf_str(&b, home);
		ml_buf_str(&b, "/.local/state");
	} else
		ml_die("--ledger", "neither $XDG_STATE_HOME nor $HOME says where");
	ml_buf_str(&b, "/meshlog/airtime-");
	ml_buf_str(&b, band != NULL ? band->name : "other");
	ml_buf_byte(&b, '\0');
	if (ml_buf_failed(&b))
		ml_no_memory();
	return b.p;
}

/* How much of an hour, and where that is booked. */
static void
open_budget(struct options *o)
{
	const struct ml_band *band = band_of(&o->bridge.wish.lora);
	char *path = NULL;

	if (o->duty == NULL && band == NULL)
		ml_die("--duty", "this channel lies in no band of "
		    "meshlog-radio(7): say how many per cent, or none");
	if (o->duty != NULL && strcmp(o->duty, "none") == 0)
		o->bridge.limit = NO_LIMIT;
	else
		o->bridge.limit = ML_BUDGET_WINDOW / 10000 *
		    (o->duty != NULL ? percent("--duty", o->duty) : band->duty);
	if (o->ledger == NULL)
		o->ledger = path = default_ledger(band);
	if (ml_ledger_open(&o->bridge.ledger, o->ledger) == -1)
		ml_die(o->ledger, NULL);
	free(path);
}

static void
list_port(void *arg, const char *name, const char *description,
    const char *maker, const char *serial)
{
	const char *const more[] = { description, maker, serial };
	struct ml_buf *out = arg;
	size_t i;

	ml_text_bytes(out, name, strlen(name));
	for (i = 0; i < sizeof more / sizeof more[0]; i++) {
		ml_buf_byte(out, '\t');
		if (more[i] != NULL)
			ml_text_bytes(out, more[i], strlen(more[i]));
	}
	ml_buf_byte(out, '\n');
}

static int
list_ports(void)
{
	struct ml_buf out = { 0 };

	if (ml_serial_each(&out, list_port) == -1)
		ml_die("serial ports", NULL);
	ml_print(&out);
	ml_buf_free(&out);
	return ML_OK;
}

static void
die_of_ledger(const char *path, const char *why, unsigned long line)
{
	if (why == NULL)
		ml_die(path, NULL);
	ml_say_at(path, line, "%s", why);
	exit(ML_USAGE);
}

/* What is booked already, copied, as a plan changes it. */
static struct ml_radioplan
begin_plan(const struct options *o, struct ml_ledger_clock *clock)
{
	struct ml_radioplan p = { .lora = o->bridge.wish.lora,
	    .limit = o->bridge.limit };
	const struct ml_budget *booked;
	unsigned long line = 0;
	const char *why = NULL;
	size_t i;

	if (ml_ledger_read_clock(clock) == -1 ||
	    ml_ledger_look(o->bridge.ledger, clock, &why, &line) == -1)
		die_of_ledger(ml_ledger_path(o->bridge.ledger), why, line);
	p.at = clock->since_boot;
	booked = ml_ledger_budget(o->bridge.ledger);
	for (i = 0; i < booked->n; i++)
		if (ml_budget_set(&p.budget, booked->entry[i]) == -1)
			ml_no_memory();
	return p;
}

static const char *
plan_line(struct ml_radioplan *p, struct ml_slice text)
{
	struct ml_buf frame = { 0 };
	const char *why = ml_frameline_read(&frame, text, ML_LORA_FRAME_MAX);

	if (why == NULL)
		why = ml_radioplan_add(p, frame.len);
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	ml_buf_free(&frame);
	return why;
}

/* Say what sending all of stdin would take, and send nothing. */
static int
plan(const struct options *o)
{
	struct ml_lines in = ml_lines_stream(STDIN_FILENO);
	struct ml_ledger_clock clock;
	struct ml_radioplan p = begin_plan(o, &clock);
	uint64_t used = ml_budget_used(&p.budget, clock.since_boot);
	struct ml_buf out = { 0 };
	struct ml_slice text;
	int status = ML_OK;
	const char *why;
	enum ml_line got;

	while ((got = ml_lines_next(&in, 1, &text)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR)
			ml_die("standard input", NULL);
		if (text.len == 0)
			continue;
		why = got == ML_LINE_LONG ? "frame: too long" :
		    plan_line(&p, text);
		if (why == NULL)
			continue;
		ml_say_at("standard input", in.number, "%s", why);
		status = ML_NO;
	}
	ml_radiojson_plan(&out, &p, used,
	    ml_clock_ms() + (int64_t)((p.at - clock.since_boot) / 1000));
	ml_print(&out);
	ml_buf_free(&out);
	ml_budget_free(&p.budget);
	ml_lines_free(&in);
	return status;
}

/* What to do about a port that cannot be opened. */
static void
advise(const char *port, int error)
{
	struct stat st;
	struct group *g;

	if (error == EACCES && stat(port, &st) == 0 &&
	    (g = getgrgid(st.st_gid)) != NULL)
		ml_say_at(port, 0, "only its owner and the group %s may: "
		    "add yourself to it, as root by adduser, and log in anew",
		    g->gr_name);
	else if (error == ENOENT)
		ml_say_at(port, 0, "is it plugged in? ml-radio -l lists ports");
}

/* Trouble with the port itself; each reason once. */
static void
say_retry(struct telling *t, const struct ml_bridge_event *e)
{
	const char *port = t->o->bridge.port;
	const char *why = e->why != NULL ? e->why : t->why;

	if (t->is_down && e->why != NULL && t->why != NULL &&
	    strcmp(e->why, t->why) == 0)
		return;
	t->is_down = 1;
	if (e->why == NULL && t->setting != NULL)
		ml_say_at(port, 0, "%s: %s", t->setting, why);
	else
		ml_say_at(port, 0, "%s", why != NULL ? why : "closed");
	if (e->why != NULL)
		t->why = e->why;
	advise(port, e->error);
	if (e->seconds >= 0)
		ml_say_at(port, 0, "will be tried again");
}

static void
say_refused(const struct telling *t, const struct ml_radio_event *e)
{
	const char *port = t->o->bridge.port;

	if (strcmp(e->setting, "firmware version") == 0)
		ml_say_at(port, 0, "firmware %d.%d is too old: %d.%d or later "
		    "is spoken with; update it by rnodeconf",
		    (int)e->got / 256, (int)e->got % 256,
		    ML_RADIO_FIRMWARE_MAJOR, ML_RADIO_FIRMWARE_MINOR);
	else if (e->wanted == e->got)
		ml_say_at(port, 0, "%s", e->why);
	else
		ml_say_at(port, 0, "%s: %s: wanted %lld, got %lld", e->setting,
		    e->why, (long long)e->wanted, (long long)e->got);
}

static void
say_radio(struct telling *t, const struct ml_radio_event *e)
{
	const char *port = t->o->bridge.port;

	switch (e->what) {
	case ML_RADIO_UP:
		if (t->is_down || t->was_up)
			ml_say_at(port, 0, "up again");
		t->is_down = 0;
		t->was_up = 1;
		t->why = t->setting = NULL;
		break;
	case ML_RADIO_LOST:
		ml_say_at(port, 0, "%s: %u frames may be lost", e->why, e->count);
		break;
	case ML_RADIO_NOTE:
		ml_say_at(port, 0, "%s", e->why);
		break;
	case ML_RADIO_DOWN:
		t->why = e->why;
		t->setting = e->setting;
		break;
	case ML_RADIO_REFUSED:
		say_refused(t, e);
		break;
	default:
		break;
	}
}

static void
print_info(const struct telling *t)
{
	struct ml_buf out = { 0 };

	ml_radiojson_info(&out, t->o->bridge.port, t->info);
	ml_print(&out);
	ml_flush_stdout();
	ml_buf_free(&out);
}

static void
say_waits(double seconds)
{
	if (seconds < 0)
		ml_say("the device says that the hour's airtime is used: "
		    "frames wait");
	else
		ml_say("the hour's airtime is used: frames wait %.0f s",
		    seconds + 0.5);
}

static void
on_event(void *arg, const struct ml_bridge_event *e)
{
	struct telling *t = arg;
	struct ml_buf line = { 0 };

	if (t->o->verbose) {
		ml_radiojson_event(&line, e, ml_clock_ms());
		if (!ml_buf_failed(&line) && line.len > 0)
			(void)!write(STDERR_FILENO, line.p, line.len);
		ml_buf_free(&line);
	}
	switch (e->what) {
	case ML_BRIDGE_RADIO:
		if (e->radio->what == ML_RADIO_UP && t->o->mode == INFO)
			print_info(t);
		say_radio(t, e->radio);
		break;
	case ML_BRIDGE_RETRY:
		say_retry(t, e);
		break;
	case ML_BRIDGE_BAD_FRAME:
		ml_say_at("standard input", e->line, "%s", e->why);
		break;
	case ML_BRIDGE_NEVER:
		ml_say_at("standard input", e->line,
		    "frame: more airtime than any hour has");
		break;
	case ML_BRIDGE_WAITS:
		say_waits(e->seconds);
		break;
	case ML_BRIDGE_UNREAD:
		if (t->unread++ == 0)
			ml_say("nobody reads standard output: what is received "
			    "is dropped");
		break;
	case ML_BRIDGE_LOST:
		ml_say_at(t->o->bridge.port, 0, "%u frames may be lost",
		    e->count);
		break;
	case ML_BRIDGE_HANDED:
		break;
	}
}

static int
bridge(const struct options *o)
{
	struct telling t = { .o = o };
	struct ml_bridge_end end;
	int rc;

	rc = ml_bridge_run(&o->bridge, &t, on_event, &t.info, &end);
	if (t.unread > 1)
		ml_say("%u received frames were dropped", t.unread);
	if (end.file != NULL && (rc == -1 || end.error != EPIPE)) {
		errno = end.error;
		if (end.why != NULL)
			ml_say_at(end.file, end.line, "%s", end.why);
		else
			ml_say_at(end.file, 0, "%s", strerror(end.error));
		return end.why != NULL ? ML_USAGE : (int)ml_status_of(end.error);
	}
	if (rc == 1)
		return ML_USAGE;
	if (end.gave_up)
		return ML_TEMP;
	return end.refused > 0 || end.unsent || t.unread > 0 ? ML_NO : ML_OK;
}

int
main(int argc, char *argv[])
{
	struct options o;
	const char *why;
	int status;

	ml_start();
	o = read_options(argc, argv);
	if (o.mode == LIST)
		status = list_ports();
	else if (o.mode == INFO) {
		o.bridge.wish.probe = o.bridge.give_up = 1;
		if ((o.bridge.stop = ml_stop_catch()) == -1)
			ml_die("pipe", NULL);
		status = bridge(&o);
	} else {
		if ((why = ml_lora_check(&o.bridge.wish.lora)) != NULL)
			ml_die("settings", why);
		if (!o.bridge.receive_only || o.mode == PLANNING)
			open_budget(&o);
		if ((o.bridge.stop = ml_stop_catch()) == -1)
			ml_die("pipe", NULL);
		status = o.mode == PLANNING ? plan(&o) : bridge(&o);
		ml_ledger_free(o.bridge.ledger);
	}
	ml_close_stdout();
	return status;
}

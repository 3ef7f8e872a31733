/* ml-radio - frames from standard input over an RNode, and back */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "band.h"
#include "bridge.h"
#include "frameline.h"
#include "ledgerclock.h"
#include "lines.h"
#include "quantity.h"
#include "radiojson.h"
#include "radioplan.h"
#include "radiosay.h"
#include "sandbox.h"
#include "serial.h"
#include "stop.h"
#include "text.h"
#include "tool.h"

#define POWER 14			/* dBm, or what a band allows if that is less */
#define WORDS_MAX 64			/* of $ML_RADIO */
#define READER_MS 1000			/* for who reads standard error */
#define NO_LIMIT (UINT64_MAX / 4)
#define BAND_DUTY -1			/* nothing is said: as the band allows */
#define NO_DUTY -2			/* "none" */

enum { LEDGER = 256, DUTY, PLAN, LOCK_SHORT, LOCK_LONG };

struct options {
	struct ml_bridge_options bridge;
	enum { BRIDGE, LIST, INFO, PLANNING } mode;
	int verbose, has_linger;
	const char *ledger;
	int duty;			/* per cent x 100, or the above */
};

/* What the tool remembers of the bridge while it runs. */
struct telling {
	const struct options *o;
	const struct ml_radio_info *info;
	struct ml_radiosay say;
	unsigned untold;		/* messages that nobody read */
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

	if (!ml_quantity_int(text, least, most, &v)) {
		ml_say("%s: not a whole number from %d to %d", option, least,
		    most);
		exit(ML_USAGE);
	}
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
	case DUTY:
		o->duty = strcmp(optarg, "none") == 0 ? NO_DUTY :
		    (int)percent("--duty", optarg);
		break;
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
	struct options o = { .duty = BAND_DUTY, .bridge = { .in = STDIN_FILENO,
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

static void
die_of_ledger(const char *path, const char *why, unsigned long line)
{
	if (why == NULL)
		ml_die(path, NULL);
	ml_say_at(path, line, "%s", why);
	exit(ML_USAGE);
}

/* How much of an hour, and where that is booked. */
static void
open_budget(struct options *o)
{
	const struct ml_band *band = band_of(&o->bridge.wish.lora);
	struct ml_ledger_clock now;
	unsigned long line = 0;
	const char *why = NULL;
	char *path = NULL;

	if (o->duty == BAND_DUTY && band == NULL)
		ml_die("--duty", "this channel lies in no band of "
		    "meshlog-radio(7): say how many per cent, or none");
	if (o->duty == NO_DUTY)
		o->bridge.limit = NO_LIMIT;
	else
		o->bridge.limit = ML_BUDGET_WINDOW / 10000 *
		    (o->duty == BAND_DUTY ? band->duty : (unsigned)o->duty);
	if (o->ledger == NULL)
		o->ledger = path = default_ledger(band);
	if ((o->mode == PLANNING ? ml_ledger_open_reader : ml_ledger_open)(
	    &o->bridge.ledger, o->ledger) == -1)
		ml_die(o->ledger, NULL);
	/* who cannot book had better know before the radio is on */
	if (ml_ledger_read_clock(&now) == -1 ||
	    ml_ledger_look(o->bridge.ledger, &now, &why, &line) == -1)
		die_of_ledger(o->ledger, why, line);
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
	struct ml_radioplan p = { .lora = o->bridge.wish.lora,
	    .limit = o->bridge.limit };
	const struct ml_budget *booked = ml_ledger_budget(o->bridge.ledger);
	uint64_t used;
	struct ml_buf out = { 0 };
	struct ml_slice text;
	int status = ML_OK;
	const char *why;
	enum ml_line got;

	if (ml_ledger_read_clock(&clock) == -1)
		ml_die("clock", NULL);
	used = ml_budget_used(booked, clock.since_boot);
	if (ml_radioplan_begin(&p, booked, clock.since_boot) != NULL)
		ml_no_memory();
	while ((got = ml_lines_next(&in, 1, &text)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR)
			ml_die("standard input", NULL);
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

static int
has_reader(int ms)
{
	struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };

	return poll(&p, 1, ms) == 1;
}

/* Who does not read what is told must not hold up the radio, nor the signal at
 * which it is to be switched off. */
static int
may_tell(struct telling *t)
{
	if (t->untold > 0 && has_reader(0)) {
		ml_say("nobody read standard error: %u messages were dropped",
		    t->untold);
		t->untold = 0;
	}
	if (t->untold == 0 && has_reader(READER_MS))
		return 1;
	t->untold++;
	return 0;
}

/* Each line in a message of its own. */
static void
say_lines(struct telling *t, struct ml_buf *lines)
{
	const char *newline;
	size_t n;

	while (lines->len > 0 && (newline = memchr(lines->p, '\n',
	    lines->len)) != NULL) {
		n = (size_t)(newline - lines->p);
		if (may_tell(t))
			ml_say("%.*s", (int)n, lines->p);
		ml_buf_drop(lines, n + 1);
	}
	ml_buf_free(lines);
}

/* What to do about a port that cannot be opened, or NULL. */
static const char *
advice(const char *port, int error, char *text, size_t len)
{
	struct stat st;
	struct group *g;

	if (error == ENOENT)
		return "is it plugged in? ml-radio -l lists ports";
	if (error != EACCES || stat(port, &st) == -1 ||
	    (g = getgrgid(st.st_gid)) == NULL)
		return NULL;
	snprintf(text, len, "only its owner and the group %s may: "
	    "add yourself to it, as root by adduser, and log in anew",
	    g->gr_name);
	return text;
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
on_event(void *arg, const struct ml_bridge_event *e)
{
	struct telling *t = arg;
	struct ml_buf line = { 0 };
	char text[160];

	if (t->o->verbose && may_tell(t)) {
		ml_radiojson_event(&line, e, ml_clock_ms());
		if (!ml_buf_failed(&line) && line.len > 0)
			(void)!write(STDERR_FILENO, line.p, line.len);
		ml_buf_clear(&line);
	}
	if (e->what == ML_BRIDGE_RADIO && e->radio->what == ML_RADIO_UP &&
	    t->o->mode == INFO)
		print_info(t);
	ml_radiosay_event(&line, &t->say, e, e->what == ML_BRIDGE_RETRY ?
	    advice(t->o->bridge.port, e->error, text, sizeof text) : NULL);
	say_lines(t, &line);
}

static int
bridge(const struct options *o)
{
	struct telling t = { .o = o, .say = { .port = o->bridge.port } };
	struct ml_buf lines = { 0 };
	struct ml_bridge_end end;
	int rc;

	rc = ml_bridge_run(&o->bridge, &t, on_event, &t.info, &end);
	ml_radiosay_end(&lines, &t.say);
	say_lines(&t, &lines);
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
	return end.refused > 0 || end.unsent || t.say.unread > 0 ? ML_NO : ML_OK;
}

/* What it needs while it runs: the port again and again, and the ledger. */
static void
enter_sandbox(const struct options *o)
{
	struct ml_sandbox s;
	const char *port = o->bridge.port;

	if (port != NULL && ml_serial_is_host(port)) {
		ml_sandbox_begin_online(&s);	/* as the resolver needs it */
		ml_sandbox_read_below(&s, "/etc");
		ml_sandbox_read_below(&s, "/run");
		ml_sandbox_read_below(&s, "/usr/lib");
		ml_sandbox_read_below(&s, "/lib");
	} else {
		ml_sandbox_begin(&s);
		ml_sandbox_devices(&s, "/dev");
		ml_sandbox_read_below(&s, "/sys");
		ml_sandbox_read(&s, "/etc/group");
		if (port != NULL)
			ml_sandbox_devices(&s, port);
	}
	if (o->bridge.ledger != NULL) {
		ml_sandbox_read(&s, ML_LEDGER_BOOT_FILE);
		if (o->mode != PLANNING)
			ml_sandbox_beside(&s, ml_ledger_path(o->bridge.ledger));
	}
	ml_sandbox_enter(&s, NULL);
}

static void
catch_stop(struct options *o)
{
	if ((o->bridge.stop = ml_stop_catch()) == -1)
		ml_die("pipe", NULL);
}

int
main(int argc, char *argv[])
{
	struct options o;
	const char *why;
	int status;

	ml_start();
	o = read_options(argc, argv);
	if (o.mode == LIST) {
		enter_sandbox(&o);
		status = list_ports();
	} else if (o.mode == INFO) {
		o.bridge.wish.probe = o.bridge.give_up = 1;
		catch_stop(&o);
		enter_sandbox(&o);
		status = bridge(&o);
	} else {
		if ((why = ml_lora_check(&o.bridge.wish.lora)) != NULL)
			ml_die("settings", why);
		if (!o.bridge.receive_only || o.mode == PLANNING)
			open_budget(&o);
		/* who plans leaves nothing on: signals end it as any reader */
		if (o.mode == BRIDGE)
			catch_stop(&o);
		enter_sandbox(&o);
		status = o.mode == PLANNING ? plan(&o) : bridge(&o);
		ml_ledger_free(o.bridge.ledger);
	}
	ml_close_stdout();
	return status;
}

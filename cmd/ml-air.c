/* ml-air - virtual RNodes on a channel that they share */
#define _GNU_SOURCE			/* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dock.h"
#include "jstring.h"
#include "quantity.h"
#include "sandbox.h"
#include "script.h"
#include "steady.h"
#include "testbed.h"
#include "tool.h"

#define SPEED_MIN 0.001
#define SPEED_MAX 1000.0
#define LINES_AT_ONCE 256		/* then ports are seen to */
#define IDLE_US UINT64_C(3600000000)	/* at the end of a virtual script */

struct air {
	struct ml_testbed_config config;
	struct ml_testbed *testbed;
	struct ml_dock dock;
	struct ml_script script[2];	/* of -c, stdin */
	int has_more;			/* lines, read and not looked at */
	double speed;
	int64_t began;			/* us, of the clock */
	uint64_t now;			/* us, of the channel */
	int has_refused;
};

static const int ENDS[] = { SIGTERM, SIGINT, SIGHUP };
enum { ENDS_N = sizeof ENDS / sizeof ENDS[0] };

static volatile sig_atomic_t has_signal;

static void
on_signal(int number)
{
	has_signal = number;
}

/*
 * They are let in where it waits, and nowhere else: what stdio writes when one
 * comes would be lost, so lib/stop, which lets them in everywhere, is not for
 * who prints a trace.  Where it need not wait they are asked for.
 */
static int
is_told_to_end(void)
{
	sigset_t pending;
	size_t i;

	sigemptyset(&pending);
	sigpending(&pending);
	for (i = 0; i < ENDS_N; i++)
		if (sigismember(&pending, ENDS[i]))
			return 1;
	return has_signal;
}

static _Noreturn void
usage(void)
{
	fputs("usage: ml-air [-n NODES] [-d DIR] [-c SCRIPT] [--seed N] "
	    "[--speed X] [--tcp]\n"
	    "              [--board NAME] [--firmware N.N] [--tnc] "
	    "[--virtual]\n", stderr);
	exit(ML_USAGE);
}

static double
number(const char *option, const char *text, double from, double to,
    int is_whole)
{
	double v;

	if (!ml_quantity_float(text, from, to, &v) ||
	    (is_whole && v != floor(v))) {
		ml_say(is_whole ? "%s: not a whole number within %g and %g" :
		    "%s: not a number within %g and %g", option, from, to);
		exit(ML_USAGE);
	}
	return v;
}

static void
trace(void *arg, struct ml_slice line)
{
	(void)arg;
	fwrite(line.p, 1, line.len, stdout);
}

/* A member with a text of the user's; one that is not UTF-8 is null. */
static void
text_member(struct ml_buf *b, const char *name, const char *text)
{
	size_t had;

	ml_buf_str(b, name);
	had = b->len;
	if (ml_jstring_write(b, text, strlen(text)) != NULL) {
		b->len = had;
		ml_buf_str(b, "null");
	}
}

static void
say_port(struct air *a, unsigned node)
{
	struct ml_hostport *p = &a->dock.port[node].at;
	struct ml_buf b = { 0 };

	printf("{\"t\":%.6f,\"event\":\"port\",\"node\":%u",
	    (double)a->now / 1e6, node);
	text_member(&b, ",\"port\":", ml_dock_link(&a->dock, node));
	text_member(&b, ",\"pts\":", p->pts);
	ml_print(&b);
	if (p->tcp > 0)
		printf(",\"tcp\":%u", p->tcp);
	printf("}\n");
	ml_buf_free(&b);
}

static int
set_port(void *arg, unsigned node, int is_there)
{
	struct air *a = arg;

	if (ml_dock_set(&a->dock, node, is_there) == -1) {
		ml_say_at(a->dock.name, 0, "%s", strerror(errno));
		return -1;
	}
	if (is_there)
		say_port(a, node);
	return 0;
}

static void
hang_up(void *arg, unsigned node)
{
	ml_dock_hang_up(&((struct air *)arg)->dock, node);
}

static void
look_at_clock(struct air *a)
{
	double now = (double)(ml_steady_us() - a->began) * a->speed;

	if (now > (double)a->now)
		a->now = (uint64_t)now;
}

static void
refuse(struct air *a, const struct ml_script *s, const char *why)
{
	a->has_refused = 1;
	ml_say_at(s->name, s->lines.number, "%s", why);
}

/* The next line of a script, whenever it is due: 1, or 0 if there is none. */
static int
next_line(struct air *a, struct ml_script *s, int may_block)
{
	enum ml_script_next next;
	const char *why;

	while ((next = ml_script_next(s, a->now, may_block, &why)) !=
	    ML_SCRIPT_LINE) {
		if (next == ML_SCRIPT_NONE)
			return 0;
		if (next == ML_SCRIPT_REFUSED)
			refuse(a, s, why);
		else {
			ml_say_at(s->name, 0, "%s", strerror(errno));
			a->has_refused = 1;
		}
	}
	return 1;
}

static void
run_line(struct air *a, struct ml_script *s)
{
	const char *why = ml_testbed_command(a->testbed, a->now, s->line);

	ml_script_done(s);
	if (why != NULL)
		refuse(a, s, why);
	ml_testbed_advance(a->testbed, a->now);
}

/* Commands whose time has come, but for those that come without an end. */
static void
run_due(struct air *a)
{
	int n = 0;
	size_t i;

	a->has_more = 0;
	for (i = 0; i < 2; i++)
		while (!ml_testbed_has_quit(a->testbed) &&
		    next_line(a, &a->script[i], 0) &&
		    a->script[i].due <= a->now) {
			if (n++ == LINES_AT_ONCE) {
				a->has_more = 1;
				return;
			}
			run_line(a, &a->script[i]);
		}
}

/* As fast as can be, to the script's end and until nothing is sent. */
static void
run_virtual(struct air *a)
{
	struct ml_script *s = &a->script[a->script[0].has_ended];
	uint64_t next;

	s->is_live = 0;
	while (!ml_testbed_has_quit(a->testbed) && next_line(a, s, 1)) {
		a->now = s->due;
		ml_testbed_advance(a->testbed, a->now);
		run_line(a, s);
	}
	while (!ml_testbed_has_quit(a->testbed) &&
	    !ml_testbed_is_idle(a->testbed) &&
	    (next = ml_testbed_next(a->testbed)) <= s->due + IDLE_US) {
		a->now = next;
		ml_testbed_advance(a->testbed, a->now);
	}
}

/* How long there is nothing to do. */
static struct timespec
time_left(struct air *a)
{
	uint64_t next = ml_testbed_next(a->testbed);
	uint64_t silent = ml_dock_next(&a->dock);
	struct timespec t = { 0, 0 };
	double s;
	size_t i;

	if (silent < next)
		next = silent;
	for (i = 0; i < 2; i++)
		if (a->script[i].has_line && a->script[i].due < next)
			next = a->script[i].due;
	look_at_clock(a);
	if (next > a->now && !a->has_more) {
		/* rounded up, or it would wake too early, again and again */
		s = fmin((double)(next - a->now) / 1e6 / a->speed + 1e-6, 3600);
		t.tv_sec = (time_t)s;
		t.tv_nsec = (long)((s - floor(s)) * 1e9);
	}
	return t;
}

/* Wait until something happens, and let it happen. */
static void
live(struct air *a, const sigset_t *unblocked)
{
	struct pollfd fd[2 + ML_DOCK_FDS];
	struct timespec left = time_left(a);
	nfds_t n;
	size_t i;

	for (i = 0; i < 2; i++)
		fd[i] = (struct pollfd){ a->script[i].has_ended ||
		    a->script[i].has_line ? -1 : a->script[i].lines.fd,
		    POLLIN, 0 };
	n = ml_dock_watch(&a->dock, a->testbed, a->now, fd + 2);
	if (ppoll(fd, 2 + n, &left, unblocked) == -1)
		for (i = 0; i < 2 + n; i++)
			fd[i].revents = 0;	/* a signal */
	look_at_clock(a);
	ml_testbed_advance(a->testbed, a->now);
	ml_dock_read(&a->dock, a->testbed, a->now, fd + 2);
	ml_testbed_advance(a->testbed, a->now);
	run_due(a);
	ml_dock_write(&a->dock, a->testbed, a->now);
}

static void
catch_signals(sigset_t *unblocked)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < ENDS_N; i++) {
		sigaddset(&blocked, ENDS[i]);
		sigaction(ENDS[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &blocked, unblocked);
	for (i = 0; i < ENDS_N; i++)
		sigdelset(unblocked, ENDS[i]);
}

struct options {
	const char *dir, *script;
	int has_tcp;
};

static void
set_firmware(struct air *a, const char *text)
{
	unsigned major, minor;
	char more;

	if (sscanf(text, "%3u.%3u%c", &major, &minor, &more) != 2 ||
	    major < 1 || major > 255 || minor > 255)
		ml_die("--firmware", "not a version such as 1.86");
	a->config.major = (uint8_t)major;
	a->config.minor = (uint8_t)minor;
}

static void
read_options(struct air *a, struct options *o, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 1 },
		{ "speed", required_argument, NULL, 2 },
		{ "tcp", no_argument, NULL, 3 },
		{ "board", required_argument, NULL, 4 },
		{ "firmware", required_argument, NULL, 5 },
		{ "tnc", no_argument, NULL, 6 },
		{ "virtual", no_argument, NULL, 7 },
		{ NULL, 0, NULL, 0 }
	};
	static const struct ml_lora saved = { .frequency = 867200000,
		.bandwidth = 125000, .sf = 8, .cr = 5, .power = 7 };
	int ch;

	while ((ch = getopt_long(argc, argv, "n:d:c:", options, NULL)) != -1)
		switch (ch) {
		case 'n':
			a->config.nodes = (unsigned)number("-n", optarg, 1,
			    ML_TESTBED_NODES_MAX, 1);
			break;
		case 'd': o->dir = optarg; break;
		case 'c': o->script = optarg; break;
		case 1:
			a->config.seed = (uint64_t)number("--seed", optarg, 0,
			    1e15, 1);
			break;
		case 2:
			a->speed = number("--speed", optarg, SPEED_MIN,
			    SPEED_MAX, 0);
			break;
		case 3: o->has_tcp = 1; break;
		case 4:
			if ((a->config.board = ml_vnode_board(optarg)) == NULL)
				ml_die("--board",
				    "not heltec, lora32, rak or avr");
			break;
		case 5: set_firmware(a, optarg); break;
		case 6: a->config.saved = &saved; break;
		case 7: a->config.is_virtual = 1; break;
		default: ml_say_option(); usage();
		}
	if (optind < argc)
		usage();
}

static void
open_scripts(struct air *a, const char *name)
{
	int fd = -1;
	char none;

	/* a folder opens, too */
	if (name != NULL && ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1 ||
	    read(fd, &none, 0) == -1))
		ml_die(name, NULL);
	a->script[0] = (struct ml_script){ .lines = ml_lines_stream(fd),
	    .name = name, .has_ended = fd == -1 };
	a->script[1] = (struct ml_script){ .name = "-", .is_live = 1,
	    .lines = ml_lines_stream(STDIN_FILENO) };
}

/* Ports are opened anew, with their links, when devices are plugged in again. */
static void
enter_sandbox(const struct air *a, int has_tcp)
{
	struct ml_sandbox s;

	if (has_tcp)
		ml_sandbox_begin_called(&s);
	else
		ml_sandbox_begin(&s);
	if (!a->config.is_virtual) {
		ml_sandbox_devices(&s, "/dev");
		ml_sandbox_links(&s, a->dock.dir);
	}
	ml_sandbox_enter(&s, NULL);
}

static void
run_live(struct air *a, const struct options *o)
{
	sigset_t unblocked;
	unsigned i;

	catch_signals(&unblocked);
	if (ml_dock_open(&a->dock, a->config.nodes, o->dir, o->has_tcp) == -1)
		ml_die(a->dock.name, errno == EEXIST ?
		    "there is a file of that name, and it is no link" :
		    errno == EWOULDBLOCK ? "another ml-air has its ports there" :
		    NULL);
	enter_sandbox(a, o->has_tcp);
	for (i = 0; i < a->config.nodes; i++)
		say_port(a, i);
	printf("{\"t\":0.000000,\"event\":\"ready\",\"nodes\":%u}\n",
	    a->config.nodes);
	a->began = ml_steady_us();
	run_due(a);
	while (!is_told_to_end() && !ml_testbed_has_quit(a->testbed) &&
	    ml_flush_stdout() == 0)
		live(a, &unblocked);
	ml_dock_close(&a->dock);
}

int
main(int argc, char *argv[])
{
	static struct air a;
	struct options o = { NULL, NULL, 0 };

	ml_start();
	a.config = (struct ml_testbed_config){ .nodes = 2, .seed = 1,
	    .board = ml_vnode_board("heltec"), .arg = &a, .trace = trace,
	    .port = set_port, .hangup = hang_up };
	a.speed = 1;
	read_options(&a, &o, argc, argv);
	open_scripts(&a, o.script);
	if ((a.testbed = ml_testbed_new(&a.config)) == NULL)
		ml_no_memory();
	if (a.config.is_virtual) {
		enter_sandbox(&a, 0);
		run_virtual(&a);
	} else
		run_live(&a, &o);
	ml_testbed_summary(a.testbed);
	ml_testbed_free(a.testbed);
	ml_lines_free(&a.script[0].lines);
	ml_lines_free(&a.script[1].lines);
	ml_close_stdout();
	return a.has_refused ? ML_NO : ML_OK;
}

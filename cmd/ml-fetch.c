/* ml-fetch - fetch by HTTP from servers and over links that fail */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "fetch.h"
#include "fetchreport.h"
#include "fetchset.h"
#include "file.h"
#include "http.h"
#include "lines.h"
#include "quantity.h"
#include "sandbox.h"
#include "stop.h"
#include "tool.h"

#define SECONDS_MAX ML_FETCHSET_SECONDS_MAX
#define MS_MAX 1e9
#define READ_LEN (64 * 1024)		/* bytes at a time */

enum { JITTER = 256, SEED, DEADLINE, STALL, SLOW, IDEMPOTENT, SHA256, MAX_SIZE,
	MAX_REDIRECTS, CACERT, CERT, KEY, BUDGET, RESUME, RETRY_AFTER, CHANGED };

struct options {
	struct ml_fetch_options fetch;
	const char *file, *log, *summary;
	const char *keyword[ML_KEYWORDS_MAX];
	const char *header[ML_FETCH_HEADERS_MAX];
	uint8_t sha256[32];
	struct ml_buf post_text;
	struct ml_slice post;
	int has_seed, progress;
	int asks_change;		/* it is the answer that is wanted */
	int reads_stdin;		/* for how many things */
};

/* What the tool remembers while it runs. */
struct work {
	const struct options *o;
	char **url;			/* operands that are left; NULL: stdin */
	struct ml_lines in;
	char *line;			/* of stdin, split */
	int never, later, usage;	/* ends of these kinds */
	int changed, unchanged;		/* and of the good ones */
	struct ml_fetchreport report;
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-fetch [-o FILE] [-c] [-d @FILE|TEXT] [-H HEADER] [-k WORD]\n"
	    "                [-L LOG] [-S SUMMARY] [-r RETRIES] [-t SECONDS] [-w MS] [-W MS]\n"
	    "                [-m FACTOR] [-j COUNT] [-P] [--long-option ...] [URL ...]\n",
	    stderr);
	exit(ML_USAGE);
}

static double
real(const char *option, const char *text, double least, double most)
{
	double v;

	if (!ml_quantity_real(text, least, most, &v))
		ml_die(option, "not a number in its range");
	return v;
}

/* 0: none; the clock that measures it has milliseconds. */
static double
timeout(const char *option, const char *text)
{
	double v = real(option, text, 0, SECONDS_MAX);

	return v == 0 ? 0 : real(option, text, 0.001, SECONDS_MAX);
}

static unsigned
number(const char *option, const char *text, int least, int most)
{
	int v;

	if (!ml_quantity_int(text, least, most, &v))
		ml_die(option, "not a whole number in its range");
	return (unsigned)v;
}

static uint64_t
bytes(const char *option, const char *text)
{
	uint64_t v;

	if (!ml_quantity_bytes(text, &v))
		ml_die(option, "not a number of bytes, as 4096, 64k or 1.5M");
	return v;
}

static void
set_seed(struct options *o, const char *text)
{
	if (!ml_quantity_bytes(text, &o->fetch.seed))
		ml_die("--seed", "not a whole number in its range");
	o->has_seed = 1;
}

/* A value of several parts: why is what its parser says. */
static void
must(const char *option, const char *why)
{
	if (why != NULL)
		ml_die(option, why);
}

static void
add_keyword(struct options *o, const char *word)
{
	if (o->fetch.keywords == ML_KEYWORDS_MAX)
		ml_die("-k", "more than 64 words");
	if (*word == '\0' || strlen(word) > ML_KEYWORDS_LEN_MAX)
		ml_die("-k", "not a word of 1 to 256 bytes");
	o->keyword[o->fetch.keywords++] = word;
}

static void
add_header(struct options *o, const char *file, uint64_t line,
    const char *text)
{
	static const char key[] = "idempotency-key:";
	const char *why = ml_http_header_check(text);

	if (why == NULL && o->fetch.headers == ML_FETCH_HEADERS_MAX)
		why = "more than 64 headers";
	if (why != NULL) {
		/* what it is may be a secret */
		ml_say_at(file, line, "%s", why);
		exit(ML_USAGE);
	}
	o->fetch.idempotent |= strncasecmp(text, key, strlen(key)) == 0;
	o->header[o->fetch.headers++] = text;
}

/* A file that libcurl will read: its name, if it can be.  Not each library for
 * TLS says what is wrong with one. */
static const char *
pem(const char *name)
{
	char text[READ_LEN + 1];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : ml_file_read(fd, text, READ_LEN);

	if (n == -1)
		ml_die(name, NULL);
	text[n] = '\0';
	if (strstr(text, "-----BEGIN ") == NULL)
		ml_die(name, "no certificate or key in PEM");
	close(fd);
	return name;
}

/* What is read to its end is not there for another. */
static void
claim_stdin(struct options *o)
{
	if (++o->reads_stdin > 1)
		ml_die("standard input", "asked for twice");
}

static int
open_to_read(struct options *o, const char *name)
{
	int is_stdin = strcmp(name, "-") == 0, fd = STDIN_FILENO;

	if (is_stdin)
		claim_stdin(o);
	else if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
		ml_die(name, NULL);
	return fd;
}

/* Headers from a file, or stdin, one a line: they stay until the end. */
static void
read_headers(struct options *o, const char *name)
{
	int fd = open_to_read(o, name);
	struct ml_lines in = ml_lines_stream(fd);
	struct ml_slice line;
	enum ml_line got;
	char *text;

	while ((got = ml_lines_next(&in, 1, &line)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR)
			ml_die(name, NULL);
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		if ((text = strndup(line.p, line.len)) == NULL)
			ml_no_memory();
		add_header(o, name, in.number, text);
	}
	ml_lines_free(&in);
	if (fd != STDIN_FILENO)
		close(fd);
}

/* What is to be sent: all of a file, or a text. */
static void
read_post(struct options *o, const char *text)
{
	struct ml_buf *b = &o->post_text;
	ssize_t n = 1;
	int fd;

	if (*text != '@')
		ml_buf_str(b, text);
	else {
		fd = open_to_read(o, ++text);
		while (n != 0 && b->len <= ML_FETCH_POST_MAX) {
			char *to = ml_buf_room(b, READ_LEN);

			if (to == NULL)
				ml_no_memory();
			if ((n = ml_file_read(fd, to, READ_LEN)) == -1)
				ml_die(text, NULL);
			b->len += (size_t)n;
		}
		if (fd != STDIN_FILENO)
			close(fd);
	}
	if (b->len > ML_FETCH_POST_MAX)
		ml_die("-d", "over 64 MiB to send");
	ml_buf_byte(b, '\0');		/* what is empty has an address, too */
	if (ml_buf_failed(b))
		ml_no_memory();
	o->post = (struct ml_slice){ b->p, b->len - 1 };
	o->fetch.post = &o->post;
}

static void
set_long(struct options *o, int ch)
{
	struct ml_fetch_options *f = &o->fetch;

	switch (ch) {
	case JITTER:
		must("--jitter", ml_fetchset_jitter(&f->backoff, optarg));
		break;
	case SEED: set_seed(o, optarg); break;
	case DEADLINE: f->deadline = timeout("--deadline", optarg); break;
	case STALL: must("--stall", ml_fetchset_stall(f, optarg)); break;
	case SLOW: f->slow_ms = real("--slow", optarg, 0, MS_MAX); break;
	case IDEMPOTENT: f->idempotent = 1; break;
	case SHA256:
		must("--sha256", ml_fetchset_sha256(o->sha256, optarg));
		f->sha256 = o->sha256;
		break;
	case MAX_SIZE: f->max_size = bytes("--max-size", optarg); break;
	case MAX_REDIRECTS:
		f->redirects = number("--max-redirects", optarg, 0,
		    ML_FETCH_REDIRECTS_MAX);
		break;
	case CACERT: f->cacert = pem(optarg); break;
	case CERT: f->cert = pem(optarg); break;
	case KEY: f->key = pem(optarg); break;
	case BUDGET: f->budget = optarg; break;
	case RESUME: f->resume = 1; break;
	case RETRY_AFTER:
		f->patience = real("--retry-after", optarg, 0, SECONDS_MAX);
		break;
	case CHANGED: f->conditional = o->asks_change = 1; break;
	default: ml_say_option(); usage();
	}
}

static void
set(struct options *o, int ch)
{
	struct ml_fetch_options *f = &o->fetch;

	switch (ch) {
	case 'o': o->file = ml_fetchset_file(optarg); break;
	case 'L': o->log = optarg; break;
	case 'S': o->summary = optarg; break;
	case 'k': add_keyword(o, optarg); break;
	case 'r': f->retries = number("-r", optarg, 0, ML_FETCH_RETRIES_MAX); break;
	case 't': f->timeout = timeout("-t", optarg); break;
	case 'w': f->backoff.first_ms = real("-w", optarg, 0, MS_MAX); break;
	case 'W': f->backoff.most_ms = real("-W", optarg, 0, MS_MAX); break;
	case 'm': f->backoff.multiplier = real("-m", optarg, 1, 1000); break;
	case 'j':
		f->parallel = number("-j", optarg, 1, ML_FETCH_PARALLEL_MAX);
		break;
	case 'd': read_post(o, optarg); break;
	case 'H':
		if (*optarg == '@')
			read_headers(o, optarg + 1);
		else
			add_header(o, "-H", 0, optarg);
		break;
	case 'c': f->conditional = 1; break;
	case 'P': o->progress = 1; break;
	default: set_long(o, ch);
	}
}

static void
read_options(struct options *o, int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "jitter", required_argument, NULL, JITTER },
		{ "seed", required_argument, NULL, SEED },
		{ "deadline", required_argument, NULL, DEADLINE },
		{ "stall", required_argument, NULL, STALL },
		{ "slow", required_argument, NULL, SLOW },
		{ "idempotent", no_argument, NULL, IDEMPOTENT },
		{ "sha256", required_argument, NULL, SHA256 },
		{ "max-size", required_argument, NULL, MAX_SIZE },
		{ "max-redirects", required_argument, NULL, MAX_REDIRECTS },
		{ "cacert", required_argument, NULL, CACERT },
		{ "cert", required_argument, NULL, CERT },
		{ "key", required_argument, NULL, KEY },
		{ "budget", required_argument, NULL, BUDGET },
		{ "resume", no_argument, NULL, RESUME },
		{ "retry-after", required_argument, NULL, RETRY_AFTER },
		{ "changed", no_argument, NULL, CHANGED },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "o:L:S:k:r:t:w:W:m:j:d:H:cP",
	    longs, NULL)) != -1)
		set(o, ch);
	o->fetch.keyword = o->keyword;
	o->fetch.header = o->header;
	if (!o->has_seed)
		randombytes_buf(&o->fetch.seed, sizeof o->fetch.seed);
	if (optind == argc)
		claim_stdin(o);
	if (o->file != NULL && argc - optind != 1)
		ml_die("-o", "names the file of one address");
	if (o->fetch.sha256 != NULL && argc - optind != 1)
		ml_die("--sha256", "is that of one address");
}

/* The tool's own files, and those that TLS and names of hosts need. */
static void
confine(const struct options *o, int knows_files)
{
	static const char *const system[] = { "/etc", "/usr", "/lib", "/lib64",
	    "/run", "/var/lib", "/dev", "/proc/sys" };
	const char *const write[] = { o->file, o->log, o->summary,
	    o->fetch.budget,
	    /* bodies that wait for their turn */
	    o->file == NULL && o->fetch.parallel > 1 ? "/tmp/." : NULL };
	const char *const read[] = { o->fetch.cacert, o->fetch.cert,
	    o->fetch.key };
	struct ml_sandbox box;
	size_t i;

	ml_sandbox_begin_online(&box);
	for (i = 0; i < sizeof system / sizeof system[0]; i++)
		ml_sandbox_read_below(&box, system[i]);
	for (i = 0; i < sizeof read / sizeof read[0]; i++)
		if (read[i] != NULL)
			ml_sandbox_read(&box, read[i]);
	for (i = 0; i < sizeof write / sizeof write[0]; i++)
		if (write[i] != NULL && strcmp(write[i], "-") != 0)
			ml_sandbox_beside(&box, write[i]);
	if (!knows_files)		/* lines of stdin will name them */
		ml_sandbox_beside(&box, "/.");
	ml_sandbox_enter(&box, NULL);
}

/* A line's address and file: 1, or 0: it was refused. */
static int
take_line(struct work *w, struct ml_slice line, struct ml_fetch_target *t)
{
	const char *why;

	free(w->line);
	if ((w->line = strndup(line.p, line.len)) == NULL)
		ml_no_memory();
	why = ml_fetchset_target(t, w->line, line.len);
	if (why == NULL)
		return *t->url != '\0';
	ml_say_at("standard input", w->in.number, "%s", why);
	w->never = 1;
	return 0;
}

static int
next_line(struct work *w, struct ml_fetch_target *t)
{
	struct ml_slice line;

	while (1)
		switch (ml_lines_next(&w->in, 0, &line)) {
		case ML_LINE_ERROR: ml_die("standard input", NULL);
		case ML_LINE_END: return 0;
		case ML_LINE_AGAIN: return -1;
		case ML_LINE_LONG:
			ml_say_at("standard input", w->in.number, "over 16 MiB");
			w->never = 1;
			break;
		default:
			if (take_line(w, line, t))
				return 1;
		}
}

static int
next_target(void *arg, struct ml_fetch_target *t)
{
	struct work *w = arg;

	if (w->url == NULL)
		return next_line(w, t);
	if (*w->url == NULL)
		return 0;
	t->url = *w->url++;
	t->file = w->o->file;
	return 1;
}

static void
tell(void *arg, const struct ml_fetch_event *e)
{
	struct work *w = arg;

	ml_fetchreport_note(&w->report, e, ml_clock_ms());
	if (w->report.error != 0)
		ml_stop_raise();	/* nothing more can be told */
	if (e->what != ML_FETCH_END)
		return;
	if (e->outcome == ML_FETCH_DONE) {
		if (e->status == 304)
			w->unchanged = 1;
		else
			w->changed = 1;
		return;
	}
	ml_say_at(e->url, 0, "%s", e->reason);
	if (e->outcome == ML_FETCH_NEVER)
		w->never = 1;
	else if (e->outcome == ML_FETCH_MISSET ||
	    (e->outcome == ML_FETCH_SYSTEM &&
	    ml_status_of(e->error) == ML_USAGE))
		w->usage = 1;
	else
		w->later = 1;
}

static void
show(void *arg, uint64_t held, uint64_t of)
{
	char what[64] = "KiB";

	(void)arg;
	if (of > held)
		snprintf(what, sizeof what, "KiB of %llu",
		    (unsigned long long)of / 1024);
	ml_progress(held / 1024, what);
}

static int
shows_progress(const struct options *o)
{
	return o->progress || (isatty(STDERR_FILENO) &&
	    (o->file != NULL || !isatty(STDOUT_FILENO)));
}

/* Whether a signal has come, perhaps while there was no address. */
static int
is_stopped(const struct work *w)
{
	struct pollfd p = { .fd = w->o->fetch.stop_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static int
fetch(struct work *w)
{
	struct ml_fetch_user user = { .arg = w, .next = next_target,
	    .tell = tell };
	int rc;

	if (shows_progress(w->o))
		user.progress = show;
	rc = ml_fetch_run(&w->o->fetch, &user);
	ml_progress_end();
	if (rc == -1)
		ml_die("fetch", NULL);
	if (w->o->summary != NULL &&
	    ml_fetchreport_summary(&w->report, w->o->summary) == -1)
		ml_die(w->o->summary, NULL);
	if ((errno = w->report.error) != 0)
		ml_die(w->o->log, NULL);
	return w->later || is_stopped(w) ? ML_TEMP : w->usage ? ML_USAGE :
	    w->never || (w->o->asks_change && w->unchanged && !w->changed) ?
	    ML_NO : ML_OK;
}

int
main(int argc, char *argv[])
{
	static struct options o = { .fetch = { .backoff = { .first_ms = 100,
	    .most_ms = 5000, .multiplier = 2, .part = 0.1 }, .retries = 3,
	    .redirects = 10, .parallel = 1, .slow_ms = 500, .timeout = 5,
	    .patience = 60, .max_size = 1000000000 } };
	static struct work w;
	const char *why;
	int status, i;

	ml_start();
	if (sodium_init() == -1 || ml_fetch_init() == -1)
		ml_no_memory();
	read_options(&o, argc, argv);
	for (i = optind; i < argc; i++)
		if ((why = ml_httpurl_check((struct ml_slice){ argv[i],
		    strlen(argv[i]) })) != NULL)
			ml_die("URL", why);
	if ((o.fetch.stop_fd = ml_stop_catch()) == -1)
		ml_die("pipe", NULL);
	w.o = &o;
	w.url = optind < argc ? argv + optind : NULL;
	w.in = ml_lines_stream(STDIN_FILENO);
	if (ml_fetchreport_open(&w.report, o.log) == -1)
		ml_die(o.log, NULL);
	confine(&o, w.url != NULL);
	status = fetch(&w);
	ml_lines_free(&w.in);
	free(w.line);
	ml_buf_free(&o.post_text);
	ml_close_stdout();
	return status;
}

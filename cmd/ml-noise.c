/* ml-noise - a bad link for the lines of any stream */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dice.h"
#include "file.h"
#include "lines.h"
#include "packet.h"
#include "quantity.h"
#include "quantity.h"
#include "replay.h"
#include "sandbox.h"
#include "tool.h"

struct work {
	struct ml_noise_config noise;
	double termination;
	int has_seed, waits;		/* waits: for each line's "ok" */
	const char *state;
	struct ml_lines in;
	int is_alone;			/* nobody requests any more */
	int has_ended;			/* all was sent, and that told */
	uint64_t dice, *runtime;	/* where to roll who dies */
	uint64_t sent, acknowledged;	/* lines, in this run */
	struct ml_buf out;
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-noise [--loss P] [--duplicate P] [--reorder N] "
	    "[--corruption P]\n"
	    "                [--termination P] [--seed N] [[-a] -p STATE "
	    "PACKETS]\n", stderr);
	exit(ML_USAGE);
}

/* As a link that breaks down. */
static int
dies(struct work *w)
{
	return ml_dice_part(w->runtime) < w->termination;
}

static _Noreturn void
die(void)
{
	ml_say("died, as --termination has it");
	exit(ML_TEMP);
}

static void
print_line(struct work *w)
{
	if (ml_buf_failed(&w->out))
		ml_no_memory();
	if (ml_file_write(STDOUT_FILENO, w->out.p, w->out.len) == -1)
		ml_die("standard output", NULL);
	ml_buf_clear(&w->out);
	w->sent++;
}

/* What is printed is gathered while there is more to read. */
static void
filter(struct work *w, struct ml_noise *noise)
{
	struct ml_slice line;
	enum ml_line got = ML_LINE_WHOLE;
	size_t from;

	while (got != ML_LINE_END) {
		if (!ml_lines_has_next(&w->in) && w->out.len > 0)
			print_line(w);
		got = ml_lines_next(&w->in, 1, &line);
		if (got == ML_LINE_ERROR)
			ml_die("-", NULL);
		if (got == ML_LINE_LONG)
			ml_die("-", "a line over 16 MiB");
		if (got == ML_LINE_END)
			ml_noise_end(noise);
		else if (ml_noise_put(noise, line) == -1)
			ml_no_memory();
		while (from = w->out.len, ml_noise_get(noise, &w->out)) {
			if (!dies(w))
				continue;
			w->out.len = from;
			if (from > 0)
				print_line(w);
			die();
		}
	}
	if (w->out.len > 0)
		print_line(w);
}

/* A line of the journal's: a number that is requested, or "ok" and how many
 * lines it has taken. */
static void
take_answer(struct work *w, struct ml_replay *r, struct ml_slice line)
{
	struct ml_slice n = line;
	uint64_t v;

	if (n.len > 3 && memcmp(n.p, "ok ", 3) == 0) {
		n.p += 3, n.len -= 3;
		if (ml_packet_number(n, ML_PACKET_SEQUENCE_MAX, &v))
			w->acknowledged = v;
		return;
	}
	if (!ml_packet_number(n, ML_PACKET_SEQUENCE_MAX, &v))
		ml_say_at("-", w->in.number, "neither a number nor ok");
	else
		ml_replay_request(r, v);
}

/* Requests that are at hand; with -a until what was sent is acknowledged. */
static void
hear(struct work *w, struct ml_replay *r)
{
	struct ml_slice line;
	enum ml_line got;

	while (!w->is_alone) {
		got = ml_lines_next(&w->in, w->waits &&
		    w->acknowledged < w->sent, &line);
		if (got == ML_LINE_AGAIN)
			break;
		if (got == ML_LINE_ERROR)
			ml_die("-", NULL);
		if (got == ML_LINE_WHOLE)
			take_answer(w, r, line);
		else
			w->is_alone = 1;
	}
}

/* The same; they outlive us. */
static void
listen(struct work *w, struct ml_replay *r)
{
	hear(w, r);
	if (ml_replay_save(r) == -1)
		ml_die(w->state, NULL);
	if (w->is_alone && w->waits && w->acknowledged < w->sent &&
	    !w->has_ended) {
		ml_say("who acknowledges is gone");
		exit(ML_TEMP);
	}
}

static void
replay(struct work *w, struct ml_replay *r)
{
	int rc, is_answer;

	for (;;) {
		listen(w, r);
		if (w->has_ended && !ml_replay_has_requests(r))
			return;
		if ((rc = ml_replay_next(r, &w->out, &is_answer)) == -1)
			ml_die(w->state, NULL);
		w->has_ended = rc == 0;
		if (w->has_ended)
			ml_buf_str(&w->out, "{\"end\": true}\n");
		else if (!is_answer && dies(w))
			die();
		print_line(w);
		if (w->waits)
			listen(w, r);
		if (rc == 1 && ml_replay_sent(r) == -1)
			ml_die(w->state, NULL);
	}
}

static double
probability(const char *option, const char *text)
{
	double v;

	if (!ml_quantity_float(text, 0, 1, &v))
		ml_die(option, "not a probability from 0 to 1");
	return v;
}

static void
read_options(struct work *w, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "loss", required_argument, NULL, 1 },
		{ "duplicate", required_argument, NULL, 2 },
		{ "reorder", required_argument, NULL, 3 },
		{ "corruption", required_argument, NULL, 4 },
		{ "termination", required_argument, NULL, 5 },
		{ "seed", required_argument, NULL, 6 },
		{ NULL, 0, NULL, 0 }
	};
	int ch, v;

	while ((ch = getopt_long(argc, argv, "ap:", options, NULL)) != -1)
		switch (ch) {
		case 'a': w->waits = 1; break;
		case 'p': w->state = optarg; break;
		case 1: w->noise.loss = probability("--loss", optarg); break;
		case 2:
			w->noise.duplicate = probability("--duplicate", optarg);
			break;
		case 3:
			if (!ml_quantity_int(optarg, 0, ML_NOISE_REORDER_MAX,
			    &v))
				ml_die("--reorder",
				    "not a number of lines up to 65536");
			w->noise.reorder = (unsigned)v;
			break;
		case 4:
			w->noise.corruption = probability("--corruption",
			    optarg);
			break;
		case 5:
			w->termination = probability("--termination", optarg);
			break;
		case 6:
			w->has_seed = 1;
			if (!ml_packet_number((struct ml_slice){ optarg,
			    strlen(optarg) }, ML_PACKET_SEQUENCE_MAX,
			    &w->noise.seed))
				ml_die("--seed", "not a number below 2^53");
			break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != (w->state != NULL) ||
	    (w->waits && w->state == NULL))
		usage();
}

/* A filter, of what comes on stdin. */
static void
run_filter(struct work *w)
{
	struct ml_sandbox box;
	struct ml_noise *noise;

	if (!w->has_seed)
		randombytes_buf(&w->noise.seed, sizeof w->noise.seed);
	w->dice = ~w->noise.seed;
	w->runtime = &w->dice;
	ml_sandbox_begin(&box);
	ml_sandbox_enter(&box, NULL);
	if ((noise = ml_noise_new(&w->noise)) == NULL)
		ml_no_memory();
	filter(w, noise);
	ml_noise_free(noise);
}

/* The source of a file's packets, that hears requests on stdin. */
static void
run_source(struct work *w, const char *packets)
{
	struct ml_sandbox box;
	struct ml_replay *r;
	const char *why, *of;

	ml_sandbox_begin(&box);
	ml_sandbox_beside(&box, w->state);
	ml_sandbox_read(&box, packets);
	ml_sandbox_enter(&box, NULL);
	if (ml_replay_open(&r, &w->noise, w->has_seed, packets, w->state, &why,
	    &of) == -1)
		ml_die(of, why);
	w->runtime = ml_replay_dice(r);
	replay(w, r);
	ml_replay_free(r);
}

int
main(int argc, char *argv[])
{
	static struct work w = { .noise = { ML_NOISE_LOSS, ML_NOISE_DUPLICATE,
	    ML_NOISE_CORRUPTION, ML_NOISE_REORDER, 0 },
	    .termination = ML_NOISE_TERMINATION };

	ml_start();
	read_options(&w, argc, argv);
	w.in = ml_lines_stream(STDIN_FILENO);
	if (w.state != NULL)
		run_source(&w, argv[optind]);
	else
		run_filter(&w);
	ml_lines_free(&w.in);
	ml_buf_free(&w.out);
	ml_close_stdout();
	return ML_OK;
}

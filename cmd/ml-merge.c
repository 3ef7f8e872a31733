/* ml-merge - one of two workers who merge their numbers by tiny messages */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "follow.h"
#include "merger.h"
#include "sandbox.h"
#include "steady.h"
#include "tool.h"

#define KEEP_MS 1000			/* a loop keeps its state so often */
#define LOOK_MS 10000	/* on a share nobody tells what another machine does */

static _Noreturn void
usage(void)
{
	fputs("usage: ml-merge [-l] [-S FILE] -w A|B -i INBOX -o OUTBOX "
	    "-O OUTPUT -s STATE DATAFILE\n", stderr);
	exit(ML_USAGE);
}

static _Noreturn void
die(const struct ml_merger_fault *fault)
{
	if (fault->line == 0)
		ml_die(fault->file, fault->why);
	ml_say_at(fault->file, fault->line, "%s", fault->why);
	exit(ML_USAGE);
}

static void
write_stats(const struct ml_merge *m, const char *path)
{
	char text[160];
	int n = snprintf(text, sizeof text, "{\"comparisons\":%llu,"
	    "\"messages_sent\":%llu,\"messages_received\":%llu,"
	    "\"values_output\":%llu}\n", (unsigned long long)m->comparisons,
	    (unsigned long long)m->sent, (unsigned long long)m->received,
	    (unsigned long long)m->written);

	if (strcmp(path, "-") == 0) {
		fputs(text, stdout);
		return;
	}
	if (ml_file_put(path, text, (size_t)n) == -1)
		ml_die(path, NULL);
}

static void
keep(struct ml_merger *w)
{
	struct ml_merger_fault fault;

	if (ml_merger_keep(w, &fault) == -1)
		die(&fault);
}

static enum ml_merge_did
step(struct ml_merger *w)
{
	struct ml_merger_fault fault;
	enum ml_merge_did did = ml_merger_step(w, &fault);

	if (did == ML_MERGE_FAILED)
		die(&fault);
	return did;
}

static struct ml_follow *
follow(const char *path)
{
	char *real = ml_file_resolve(path);
	struct ml_follow *f;

	if (real == NULL)
		ml_die(path, NULL);
	if ((f = ml_follow_new(real)) == NULL)
		ml_no_memory();
	free(real);
	return f;
}

/* Until the inbox or the output may have changed, but not for longer than ms. */
static void
wait_for(struct ml_follow *const f[2], int ms)
{
	struct pollfd p[2];
	int i;

	for (i = 0; i < 2; i++) {
		p[i] = (struct pollfd){ .fd = ml_follow_fd(f[i]),
		    .events = POLLIN };
		if (p[i].fd == -1 && ms > ML_FOLLOW_LOOK_MS)
			ms = ML_FOLLOW_LOOK_MS;
	}
	if (poll(p, 2, ms) == -1 && errno != EINTR)
		ml_die("poll", NULL);
	for (i = 0; i < 2; i++)
		if (p[i].fd != -1)
			(void)ml_follow_take(f[i]);
}

/* Step by step until all is done.  The state need not be kept with each: what
 * it does not know is done again, and comes to the same. */
static void
loop(struct ml_merger *w, struct ml_follow *const f[2])
{
	enum ml_merge_did did = ML_MERGE_WORKED;
	int64_t kept = ml_steady_ms(), due;

	while ((did = step(w)) != ML_MERGE_ENDED) {
		due = kept + KEEP_MS - ml_steady_ms();
		if (due <= 0) {
			keep(w);
			kept = ml_steady_ms();
		} else if (did == ML_MERGE_WAITS)
			wait_for(f, ml_merger_has_changed(w) ? (int)due : LOOK_MS);
		else
			continue;
		if (due <= 0 && did == ML_MERGE_WAITS)
			wait_for(f, LOOK_MS);
	}
}

/* The value of an option, which is given once. */
static void
set(const char **to, const char *value)
{
	if (*to != NULL || *value == '\0')
		usage();
	*to = value;
}

int
main(int argc, char *argv[])
{
	struct ml_merger_files files = { .worker = -1 };
	struct ml_merger_fault fault;
	struct ml_follow *f[2] = { NULL, NULL };
	struct ml_merger *w;
	struct ml_sandbox box;
	const char *stats = NULL;
	enum ml_merge_did did;
	int ch, loops = 0;

	ml_start();
	while ((ch = getopt(argc, argv, "i:lo:O:s:S:w:")) != -1)
		switch (ch) {
		case 'i': set(&files.inbox, optarg); break;
		case 'l': loops = 1; break;
		case 'o': set(&files.outbox, optarg); break;
		case 'O': set(&files.output, optarg); break;
		case 's': set(&files.state, optarg); break;
		case 'S': set(&stats, optarg); break;
		case 'w':
			if (files.worker != -1)
				usage();
			if (strcmp(optarg, "A") != 0 && strcmp(optarg, "B") != 0)
				ml_die("-w", "a worker is A or B");
			files.worker = *optarg - 'A';
			break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1 || files.worker == -1 || files.inbox == NULL ||
	    files.outbox == NULL || files.output == NULL ||
	    files.state == NULL)
		usage();
	files.data = argv[optind];
	ml_sandbox_begin(&box);
	ml_sandbox_read(&box, files.data);
	ml_sandbox_beside(&box, files.inbox);
	ml_sandbox_beside(&box, files.outbox);
	ml_sandbox_beside(&box, files.output);
	ml_sandbox_beside(&box, files.state);
	if (stats != NULL && strcmp(stats, "-") != 0)
		ml_sandbox_beside(&box, stats);
	ml_sandbox_enter(&box, NULL);
	if (loops) {			/* before anything is looked at */
		f[0] = follow(files.inbox);
		f[1] = follow(files.output);
	}
	if (ml_merger_open(&w, &files, &fault) == -1)
		die(&fault);
	if (loops)
		loop(w, f);
	else
		step(w);
	keep(w);
	did = ml_merger_state(w)->phase == ML_MERGE_END ? ML_MERGE_ENDED :
	    ML_MERGE_WORKED;
	if (stats != NULL)
		write_stats(ml_merger_state(w), stats);
	ml_merger_free(w);
	ml_follow_free(f[0]);
	ml_follow_free(f[1]);
	ml_close_stdout();
	return did == ML_MERGE_ENDED ? ML_OK : ML_NO;
}

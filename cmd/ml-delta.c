/* ml-delta - print the events that somebody with another frontier lacks */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed.h"
#include "file.h"
#include "frontier.h"
#include "log.h"
#include "message.h"
#include "sandbox.h"
#include "tool.h"

#define PRINT_AT (64 * 1024)	/* bytes gathered before they are written */

struct output {
	struct ml_buf buf;
	int messages;		/* else bare events */
	unsigned in_message;	/* events in the one that is open */
	int64_t left;		/* events that may still be printed */
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-delta [-m] [-n COUNT] LOG [FRONTIER]\n", stderr);
	exit(ML_USAGE);
}

/* All of a file, or of stdin for "-". */
static void
read_all(const char *name, struct ml_buf *text)
{
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO :
	    open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd == -1)
		ml_die(name, NULL);
	while (n != 0) {
		char *to = ml_buf_room(text, PRINT_AT);

		if (to == NULL)
			ml_no_memory();
		if ((n = ml_file_read(fd, to, PRINT_AT)) == -1)
			ml_die(name, NULL);
		if (n > 0)
			text->len += (size_t)n;
		if (text->len > ML_FRONTIER_MAX)
			break;		/* ml_frontier_read() says why */
	}
	if (fd != STDIN_FILENO)
		close(fd);
}

static struct ml_frontier *
read_frontier(const char *name)
{
	struct ml_buf text = { 0 };
	struct ml_frontier *f;
	const char *why;

	if (name == NULL) {
		if ((f = ml_frontier_new()) == NULL)
			ml_no_memory();
		return f;
	}
	read_all(name, &text);
	why = ml_frontier_read(&f, ml_buf_view(&text));
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	if (why != NULL)
		ml_die(name, why);
	ml_buf_free(&text);
	return f;
}

static void
end_message(struct output *out)
{
	if (out->in_message > 0) {
		ml_message_end(&out->buf);
		ml_buf_byte(&out->buf, '\n');
	}
	out->in_message = 0;
}

/* The next event of a feed: whether it is sealed. */
static int
print_event(struct output *out, struct ml_log *log, const struct ml_feed *f,
    int64_t seq)
{
	int sealed;

	if (out->messages) {
		if (out->in_message == ML_MESSAGE_EVENTS)
			end_message(out);
		if (out->in_message++ == 0)
			ml_message_begin(&out->buf);
		else
			ml_buf_byte(&out->buf, ',');
	}
	if (ml_log_wire(log, f, seq, &out->buf, &sealed) == -1)
		ml_die(ml_log_path(log), NULL);
	if (!out->messages)
		ml_buf_byte(&out->buf, '\n');
	out->left--;
	return sealed;
}

/*
 * Events of a feed: one of a plain one, of a keyed one up to the next sealed
 * one, as what is sent must end with a seal.  Nothing, if they are more than
 * may still be printed; but the first of a feed are printed however many they
 * are, or a small -n would never bring it on.
 */
static void
print_run(struct output *out, struct ml_log *log, const struct ml_feed *f,
    int64_t *have, int is_first)
{
	unsigned in_message = out->in_message;
	size_t from = out->buf.len;
	int sealed;

	do
		sealed = print_event(out, log, f, ++*have);
	while (f->keyed && !sealed && *have < f->seq);
	if (out->left < 0 && !is_first) {
		out->buf.len = from;
		out->in_message = in_message;
		return;
	}
	if (out->buf.len >= PRINT_AT)
		ml_print(&out->buf);
}

static void
print_lines(void *arg, struct ml_slice lines)
{
	struct output *out = arg;

	ml_buf_slice(&out->buf, lines);
	ml_print(&out->buf);
}

/* All that somebody lacks of a feed, as it stands. */
static void
copy_feed(struct output *out, struct ml_log *log, const struct ml_feed *f,
    int64_t have)
{
	if (have < f->seq && !ferror(stdout) &&
	    ml_log_copy(log, f, have + 1, out, print_lines) == -1)
		ml_die(ml_log_path(log), NULL);
}

static void
print_feed(struct output *out, struct ml_log *log, const struct ml_feed *f,
    int64_t have)
{
	int is_first = 1;

	for (; have < f->seq && out->left > 0 && !ferror(stdout); is_first = 0)
		print_run(out, log, f, &have, is_first);
}

int
main(int argc, char *argv[])
{
	struct output out = { .left = INT64_MAX };
	struct ml_frontier *have;
	struct ml_feed **feed;
	struct ml_log *log;
	struct ml_sandbox box;
	size_t i, n;
	int ch, is_limited = 0;

	ml_start();
	while ((ch = getopt(argc, argv, "mn:")) != -1)
		switch (ch) {
		case 'm': out.messages = 1; break;
		case 'n':
			if (!ml_number_int((struct ml_slice){ optarg,
			    strlen(optarg) }, &out.left) || out.left < 0)
				ml_die("-n", "not a number of events");
			is_limited = 1;
			break;
		default: ml_say_option(); usage();
		}
	if (argc - optind < 1 || argc - optind > 2)
		usage();
	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, argv[optind]);
	if (argc - optind == 2)
		ml_sandbox_read(&box, argv[optind + 1]);
	ml_sandbox_enter(&box, NULL);
	have = read_frontier(argv[optind + 1]);
	log = ml_open_to_read(argv[optind], NULL);
	/* what a peer gets must be there tomorrow, or a seq is used twice */
	if (ml_log_sync(log) == -1)
		ml_die(argv[optind], NULL);
	if ((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) == NULL)
		ml_no_memory();
	for (i = 0; i < n && out.left > 0; i++)
		(out.messages || is_limited ? print_feed : copy_feed)(&out, log,
		    feed[i], ml_frontier_seq(have, feed[i]->author));
	if (ml_log_copied(log) == -1)
		ml_die(argv[optind], NULL);
	end_message(&out);
	ml_print(&out.buf);
	ml_say_damage(log);
	ml_buf_free(&out.buf);
	ml_frontier_free(have);
	free(feed);
	ml_log_free(log);
	ml_close_stdout();
	return ML_OK;
}

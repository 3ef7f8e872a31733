/* ml-frontier - say how much of each author's feed a log holds */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "feed.h"
#include "frontier.h"
#include "log.h"
#include "sandbox.h"
#include "text.h"
#include "tool.h"

enum form { BARE, MESSAGE, LIST };

static _Noreturn void
usage(void)
{
	fputs("usage: ml-frontier [-l | -m] LOG\n", stderr);
	exit(ML_USAGE);
}

static void
print_list(struct ml_feed *const *feed, size_t n, const char *log,
    struct ml_buf *out)
{
	char *path = ml_trust_path(log);
	struct ml_trust *trust = ml_open_trust(path);
	size_t i;

	for (i = 0; i < n; i++) {
		ml_text_canon(out, feed[i]->author);
		ml_buf_byte(out, '\t');
		ml_buf_int(out, feed[i]->seq);
		ml_buf_byte(out, '\t');
		ml_text_time(out, feed[i]->newest.wall);
		ml_buf_byte(out, '\t');
		ml_id_write(feed[i]->id, out);
		ml_buf_byte(out, '\t');
		ml_trust_label(trust, feed[i], out);
		ml_buf_byte(out, '\n');
	}
	ml_trust_free(trust);
	free(path);
}

int
main(int argc, char *argv[])
{
	enum form form = BARE;
	struct ml_feed **feed;
	struct ml_buf out = { 0 };
	struct ml_log *log;
	struct ml_sandbox box;
	size_t n;
	int ch;

	ml_start();
	while ((ch = getopt(argc, argv, "lm")) != -1)
		switch (ch) {
		case 'l': form = LIST; break;
		case 'm': form = MESSAGE; break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1)
		usage();
	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, argv[optind]);
	ml_sandbox_enter(&box, NULL);
	log = ml_open_to_read(argv[optind], NULL);
	if ((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) == NULL)
		ml_no_memory();
	if (form == LIST)
		print_list(feed, n, argv[optind], &out);
	else {
		if (form == BARE)
			ml_frontier_write(feed, n, &out);
		else
			ml_frontier_write_message(feed, n, -1, &out);
		ml_buf_byte(&out, '\n');
	}
	ml_print(&out);
	ml_say_damage(log);
	ml_buf_free(&out);
	free(feed);
	ml_log_free(log);
	ml_close_stdout();
	return ML_OK;
}

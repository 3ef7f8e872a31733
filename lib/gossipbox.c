/* gossipbox - an exchange of events through two message files */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "gossipboxstate.h"
#include "gossipline.h"
#include "message.h"

#define MESSAGE "{\"t\":\""		/* what each line begins with */
#define FIRST_MAX 4096			/* bytes of a first line that are looked at */

/*
 * What the file of the peer's begins with, in a number; 0: there is none.  One
 * that has become shorter may be an older one again, with nothing new in it, or
 * that of another stick: then this is another one too.
 */
static int
first_of(struct ml_gossipbox *b, uint64_t *first)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];
	char text[FIRST_MAX], *newline;
	int fd = open(b->in.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	*first = 0;
	b->failed = b->in.path;
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	/* what is no file is told of when it is read */
	n = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? 0 :
	    ml_file_read_at(fd, text, sizeof text, 0);
	close(fd);
	if (n <= 0)
		return (int)n;
	if ((newline = memchr(text, '\n', (size_t)n)) != NULL)
		n = newline - text;
	*first = ml_table_hash(key, text, (size_t)n) % ML_SEQ_MAX + 1;
	return 0;
}

static int
look_at_first(struct ml_gossipbox *b)
{
	uint64_t first;

	if (first_of(b, &first) == -1)
		return -1;
	if (first == 0)
		return 0;
	if (first != b->first)
		b->in.at = b->in.tail = b->in.sum = b->in.number = 0;
	b->first = first;
	return 0;
}

/* Whether the file that we write is one of messages, or a new one, and not the
 * one that we read: NULL, or a static reason.  A log in its place would lose
 * its tail and get lines that are none of its own. */
static const char *
judge_out(const struct ml_gossipbox *b)
{
	char bytes[sizeof MESSAGE - 1];
	struct stat in, out;
	ssize_t n;

	if (fstat(b->out.fd, &out) == 0 && stat(b->in.path, &in) == 0 &&
	    in.st_dev == out.st_dev && in.st_ino == out.st_ino)
		return "the file that is read is to be another one";
	n = ml_file_read_at(b->out.fd, bytes, sizeof bytes, 0);
	/* a hole is what a lost power has left */
	return n > 0 && bytes[0] != '\0' &&
	    memcmp(bytes, MESSAGE, (size_t)n) != 0 ?
	    "not a file of messages" : NULL;
}

int
ml_gossipbox_open(struct ml_gossipbox *b, const char *in, const char *out,
    const char **why)
{
	*b = (struct ml_gossipbox){ .in = { .path = in }, .out = { .fd = -1 },
	    .failed = out };
	*why = NULL;
	if ((b->state = ml_file_beside(out, ".state")) == NULL)
		return -1;
	if (ml_outbox_open(&b->out, out, why) == -1 ||
	    (*why = judge_out(b)) != NULL || ml_gossipbox_read_state(b) == -1)
		return -1;
	b->failed = out;
	if (ml_outbox_resume_end(&b->out, b->out.at) == -1)
		return -1;
	return look_at_first(b);
}

int
ml_gossipbox_next(struct ml_gossipbox *b, struct ml_slice *line,
    const char **why)
{
	int rc = ml_inbox_next(&b->in, line, why);

	b->failed = b->in.path;
	if (rc != -1 || *why != ML_INBOX_CHANGED)
		return rc;
	/* a new one, from its beginning: what it has again was had */
	ml_inbox_close(&b->in);
	b->in.at = b->in.tail = b->in.sum = b->in.number = 0;
	return ml_inbox_next(&b->in, line, why);
}

/* Whether somebody holds less of an author than before. */
static int
has_lost(const struct ml_frontier *was, const struct ml_frontier *is)
{
	const struct ml_frontier_entry *e;
	size_t i, n;

	e = ml_frontier_entries(was, &n);
	for (i = 0; i < n; i++)
		if (ml_frontier_seq(is, e[i].author) < e[i].seq)
			return 1;
	return 0;
}

const char *
ml_gossipbox_hear(struct ml_gossipbox *b, struct ml_slice line)
{
	struct ml_frontier *f;
	const char *why = ml_frontier_read(&f, line);

	if (why != NULL)
		return why;
	if (b->his != NULL && b->lost == NULL && has_lost(b->his, f))
		b->lost = b->his;
	else
		ml_frontier_free(b->his);
	b->his = f;
	return NULL;
}

/* From where on the peer is to be sent an author's events. */
static int64_t
known(const struct ml_gossipbox *b, struct ml_slice author)
{
	int64_t his = ml_frontier_seq(b->his, author), said;

	if (!b->is_answered || (b->lost != NULL &&
	    his < ml_frontier_seq(b->lost, author)))
		return his;
	said = ml_frontier_seq(b->said, author);
	return his > said ? his : said;
}

static int
write_line(struct ml_gossipbox *b, struct ml_buf *line)
{
	int rc;

	ml_buf_byte(line, '\n');
	b->failed = b->out.path;
	if (ml_buf_failed(line)) {
		errno = ENOMEM;
		return -1;
	}
	rc = ml_outbox_write(&b->out, ml_buf_view(line));
	ml_buf_clear(line);
	return rc;
}

/* All that the log has of a feed beyond seq: each message ends with a seal. */
static int
say_feed(struct ml_gossipbox *b, struct ml_log *log, const struct ml_feed *f,
    int64_t seq)
{
	struct ml_buf line = { 0 };
	size_t n;
	int64_t to;
	int rc = 0;

	for (; rc == 0 && seq < f->seq; seq += (int64_t)n) {
		to = f->seq - seq > ML_MESSAGE_EVENTS ?
		    seq + ML_MESSAGE_EVENTS : f->seq;
		b->failed = ml_log_path(log);
		rc = ml_gossipline_events(log, f, seq + 1, to, &n, &line);
		if (rc == 0)
			rc = write_line(b, &line);
		b->events += n;
	}
	ml_buf_free(&line);
	return rc;
}

/* Whether the peer has another branch, and was shown ours: no more of it is
 * for him, unless he has lost his. */
static int
is_shown(const struct ml_gossipbox *b, struct ml_slice author)
{
	int64_t seq = b->shown != NULL ? ml_frontier_seq(b->shown, author) :
	    0;

	return seq > 0 && ml_frontier_seq(b->his, author) >= seq;
}

static void
note_shown(struct ml_gossipbox *b, struct ml_slice author, int64_t seq)
{
	ml_buf_str(&b->newly, b->newly.len > 0 ? ",\"" : "\"");
	ml_buf_slice(&b->newly, author);
	ml_buf_str(&b->newly, "\":");
	ml_buf_int(&b->newly, seq);
}

/* What proves the forks that were met, but of those that it did before. */
static int
say_forks(struct ml_gossipbox *b, struct ml_gossip *g, struct ml_log *log)
{
	struct ml_gossip_wish wish;
	struct ml_buf line = { 0 };
	uint64_t sent = ml_gossip_sent_events(g);
	int rc = 0;

	while (rc == 0 && ml_gossip_evidence(g, &wish)) {
		if (is_shown(b, wish.author)) {
			ml_gossip_sent(g, &wish, 0, 0);
			continue;
		}
		note_shown(b, wish.author, wish.from);
		b->failed = ml_log_path(log);
		rc = ml_gossipline_say(g, &wish, log, 0, &line);
		if (rc == 0 && line.len > 0) {
			line.len--;	/* write_line() ends it */
			rc = write_line(b, &line);
		}
	}
	b->events += ml_gossip_sent_events(g) - sent;
	ml_buf_free(&line);
	return rc;
}

/* Whether our frontier is what was said last. */
static int
is_said(const struct ml_gossipbox *b, struct ml_feed *const *feed, size_t n)
{
	size_t i, said;

	if (b->said == NULL)
		return 0;
	(void)ml_frontier_entries(b->said, &said);
	if (said != n)
		return 0;
	for (i = 0; i < n; i++)
		if (ml_frontier_seq(b->said, feed[i]->author) != feed[i]->seq)
			return 0;
	return 1;
}

/* Our frontier, which is what is said from now on. */
static int
say_frontier(struct ml_gossipbox *b, struct ml_feed *const *feed, size_t n,
    const char **why)
{
	struct ml_buf line = { 0 };
	int rc = -1;

	ml_frontier_write_message(feed, n, -1, &line);
	b->failed = b->out.path;
	ml_frontier_free(b->said);
	b->said = NULL;
	if (ml_buf_failed(&line))
		errno = ENOMEM;
	else if ((*why = ml_frontier_read(&b->said, ml_buf_view(&line))) ==
	    NULL)
		rc = write_line(b, &line);
	ml_buf_free(&line);
	return rc;
}

int
ml_gossipbox_say(struct ml_gossipbox *b, struct ml_gossip *g,
    struct ml_log *log, const char **why)
{
	size_t i, n;
	struct ml_feed **feed = ml_feeds_sorted(ml_log_feeds(log), &n);
	int rc = 0;

	*why = NULL;
	b->failed = ml_log_path(log);
	if (feed == NULL)
		return -1;
	for (i = 0; rc == 0 && b->his != NULL && i < n; i++)
		if (!ml_gossip_is_forked(g, feed[i]->author) &&
		    !is_shown(b, feed[i]->author))
			rc = say_feed(b, log, feed[i],
			    known(b, feed[i]->author));
	if (rc == 0 && b->his != NULL)
		rc = say_forks(b, g, log);
	if (rc == 0 && !is_said(b, feed, n))
		rc = say_frontier(b, feed, n, why);
	b->is_answered = b->his != NULL;
	if (rc == 0 && ml_outbox_sync(&b->out) == -1) {
		b->failed = b->out.path;
		rc = -1;
	}
	free(feed);
	return rc == 0 ? ml_gossipbox_keep_state(b) : -1;
}

void
ml_gossipbox_close(struct ml_gossipbox *b)
{
	ml_inbox_close(&b->in);
	ml_outbox_close(&b->out);
	ml_frontier_free(b->his);
	ml_frontier_free(b->lost);
	ml_frontier_free(b->said);
	ml_frontier_free(b->shown);
	ml_buf_free(&b->newly);
	free(b->state);
}

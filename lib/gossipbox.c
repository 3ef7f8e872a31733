/* gossipbox - an exchange of events through two message files */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canon.h"
#include "file.h"
#include "gossipbox.h"
#include "json.h"
#include "message.h"
#include "number.h"

static int
get(struct ml_slice state, const char *name, uint64_t *v)
{
	struct ml_slice text;
	int64_t n;

	if (!ml_json_member(state, name, &text) || !ml_number_int(text, &n) ||
	    n < 0)
		return 0;
	*v = (uint64_t)n;
	return 1;
}

static void
get_frontier(struct ml_slice state, const char *name, struct ml_frontier **f)
{
	struct ml_slice text;

	if (ml_json_member(state, name, &text) && *text.p == '{' &&
	    ml_frontier_read(f, text) != NULL)
		*f = NULL;
}

/* What is no state is none. */
static void
take_state(struct ml_gossipbox *b, struct ml_slice text)
{
	const char *p = text.p, *end = text.p + text.len;
	uint64_t out_at, answered;

	if (text.len == 0 || *text.p != '{' ||
	    ml_canon_skip(&p, end, ML_JSON_DEPTH_MAX) != NULL)
		return;
	text.len = (size_t)(p - text.p);
	if (!get(text, "in", &b->in.at) || !get(text, "tail", &b->in.tail) ||
	    !get(text, "sum", &b->in.sum) ||
	    !get(text, "lines", &b->in.number) || !get(text, "out", &out_at) ||
	    !get(text, "answered", &answered)) {
		b->in.at = b->in.number = 0;
		return;
	}
	get_frontier(text, "his", &b->his);
	if (out_at > b->out.size)	/* another stick: nothing was said yet */
		return;
	get_frontier(text, "said", &b->said);
	b->is_answered = answered == 1 && b->said != NULL;
}

static int
read_state(struct ml_gossipbox *b)
{
	int fd = open(b->state, O_RDONLY | O_CLOEXEC), rc = -1;
	struct ml_buf text = { 0 };
	struct stat st;
	ssize_t n;
	char *to;

	b->failed = b->state;
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == -1)
		goto out;
	if (st.st_size > ML_GOSSIPBOX_STATE_MAX)
		rc = 0;
	else if ((to = ml_buf_room(&text, (size_t)st.st_size + 1)) == NULL)
		errno = ENOMEM;
	else if ((n = ml_file_read_at(fd, to, (size_t)st.st_size, 0)) != -1) {
		take_state(b, (struct ml_slice){ to, (size_t)n });
		rc = 0;
	}
out:
	close(fd);
	ml_buf_free(&text);
	return rc;
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
	    ml_outbox_resume_end(&b->out) == -1)
		return -1;
	return read_state(b);
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

/* All that the log has of a feed beyond seq: what it ends with is sealed. */
static int
say_feed(struct ml_gossipbox *b, struct ml_log *log, const struct ml_feed *f,
    int64_t seq)
{
	struct ml_buf line = { 0 };
	unsigned in_message = 0;
	int sealed, rc = 0;

	while (rc == 0 && seq < f->seq) {
		if (in_message++ == 0)
			ml_message_begin(&line);
		else
			ml_buf_byte(&line, ',');
		b->failed = ml_log_path(log);
		if ((rc = ml_log_wire(log, f, ++seq, &line, &sealed)) == -1)
			break;
		b->events++;
		if (in_message < ML_MESSAGE_EVENTS && seq < f->seq)
			continue;
		ml_message_end(&line);
		rc = write_line(b, &line);
		in_message = 0;
	}
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

static void
put_frontier(struct ml_buf *out, const char *name, const struct ml_frontier *f)
{
	const struct ml_frontier_entry *e = NULL;
	size_t i, n = 0;

	if (f == NULL)
		return;
	e = ml_frontier_entries(f, &n);
	ml_buf_str(out, name);
	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "\"");
		ml_buf_slice(out, e[i].author);
		ml_buf_str(out, "\":");
		ml_buf_int(out, e[i].seq);
	}
	ml_buf_byte(out, '}');
}

static int
keep_state(struct ml_gossipbox *b)
{
	const struct {
		const char *name;
		uint64_t v;
	} numbers[] = { { "{\"in\":", b->in.at }, { ",\"tail\":", b->in.tail },
	    { ",\"sum\":", b->in.sum }, { ",\"lines\":", b->in.number },
	    { ",\"out\":", b->out.at },
	    { ",\"answered\":", (uint64_t)b->is_answered } };
	struct ml_buf text = { 0 };
	size_t i;
	int rc = -1;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		ml_buf_str(&text, numbers[i].name);
		ml_buf_int(&text, (int64_t)numbers[i].v);
	}
	put_frontier(&text, ",\"his\":{", b->his);
	put_frontier(&text, ",\"said\":{", b->said);
	ml_buf_str(&text, "}\n");
	b->failed = b->state;
	if (ml_buf_failed(&text))
		errno = ENOMEM;
	else
		rc = ml_file_put(b->state, text.p, text.len);
	ml_buf_free(&text);
	return rc;
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
ml_gossipbox_say(struct ml_gossipbox *b, struct ml_log *log,
    const char **why)
{
	size_t i, n;
	struct ml_feed **feed = ml_feeds_sorted(ml_log_feeds(log), &n);
	int rc = 0;

	*why = NULL;
	b->failed = ml_log_path(log);
	if (feed == NULL)
		return -1;
	for (i = 0; rc == 0 && b->his != NULL && i < n; i++)
		rc = say_feed(b, log, feed[i], known(b, feed[i]->author));
	if (rc == 0 && !is_said(b, feed, n))
		rc = say_frontier(b, feed, n, why);
	b->is_answered = b->his != NULL;
	if (rc == 0 && ml_outbox_sync(&b->out) == -1) {
		b->failed = b->out.path;
		rc = -1;
	}
	free(feed);
	return rc == 0 ? keep_state(b) : -1;
}

void
ml_gossipbox_close(struct ml_gossipbox *b)
{
	ml_inbox_close(&b->in);
	ml_outbox_close(&b->out);
	ml_frontier_free(b->his);
	ml_frontier_free(b->lost);
	ml_frontier_free(b->said);
	free(b->state);
}

/* gossipboxstate - what stays known of a box from one contact to the next */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canon.h"
#include "file.h"
#include "gossipboxstate.h"
#include "json.h"
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
	(void)get(text, "first", &b->first);
	get_frontier(text, "his", &b->his);
	if (out_at > b->out.size)	/* another stick: nothing was said yet */
		return;
	b->out.at = out_at;
	get_frontier(text, "said", &b->said);
	get_frontier(text, "shown", &b->shown);
	b->is_answered = answered == 1 && b->said != NULL;
}

int
ml_gossipbox_read_state(struct ml_gossipbox *b)
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

/* A frontier, and more that counts instead where both name an author. */
static void
put_frontier(struct ml_buf *out, const char *name, const struct ml_frontier *f,
    struct ml_slice more)
{
	const struct ml_frontier_entry *e = NULL;
	size_t i, n = 0;

	if (f == NULL && more.len == 0)
		return;
	if (f != NULL)
		e = ml_frontier_entries(f, &n);
	ml_buf_str(out, name);
	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "\"");
		ml_buf_slice(out, e[i].author);
		ml_buf_str(out, "\":");
		ml_buf_int(out, e[i].seq);
	}
	if (n > 0 && more.len > 0)
		ml_buf_byte(out, ',');
	ml_buf_slice(out, more);
	ml_buf_byte(out, '}');
}

int
ml_gossipbox_keep_state(struct ml_gossipbox *b)
{
	const struct {
		const char *name;
		uint64_t v;
	} numbers[] = { { "{\"in\":", b->in.at }, { ",\"tail\":", b->in.tail },
	    { ",\"sum\":", b->in.sum }, { ",\"lines\":", b->in.number },
	    { ",\"out\":", b->out.at },
	    { ",\"answered\":", (uint64_t)b->is_answered },
	    { ",\"first\":", b->first } };
	const struct ml_slice none = { "", 0 };
	struct ml_buf text = { 0 };
	size_t i;
	int rc = -1;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		ml_buf_str(&text, numbers[i].name);
		ml_buf_int(&text, (int64_t)numbers[i].v);
	}
	put_frontier(&text, ",\"his\":{", b->his, none);
	put_frontier(&text, ",\"said\":{", b->said, none);
	put_frontier(&text, ",\"shown\":{", b->shown, ml_buf_view(&b->newly));
	ml_buf_str(&text, "}\n");
	b->failed = b->state;
	if (ml_buf_failed(&text) || ml_buf_failed(&b->newly))
		errno = ENOMEM;
	else
		rc = ml_file_put(b->state, text.p, text.len);
	ml_buf_free(&text);
	return rc;
}

/* frontier - what somebody holds */
#include <stdlib.h>
#include <string.h>

#include "canon.h"
#include "frontier.h"
#include "json.h"
#include "jstring.h"
#include "number.h"

struct ml_frontier {
	struct ml_buf text;		/* canonical: entries borrow from it */
	struct ml_frontier_entry *entry;	/* sorted, as the text is */
	size_t n;
	int has_ids;
	int64_t taken;			/* or -1 */
};

struct ml_frontier *
ml_frontier_new(void)
{
	struct ml_frontier *f = calloc(1, sizeof *f);

	if (f != NULL)
		f->taken = -1;
	return f;
}

void
ml_frontier_free(struct ml_frontier *f)
{
	if (f == NULL)
		return;
	ml_buf_free(&f->text);
	free(f->entry);
	free(f);
}

/* Fill from f->text, which is a canonical object. */
static const char *
fill(struct ml_frontier *f)
{
	struct ml_json j = ml_json_enter(ml_buf_view(&f->text));
	struct ml_slice key, value;
	size_t n = 0;

	while (ml_json_next(&j, &key, &value))
		n++;
	if ((f->entry = calloc(n + 1, sizeof *f->entry)) == NULL)
		return ML_NO_MEMORY;
	j = ml_json_enter(ml_buf_view(&f->text));
	while (ml_json_next(&j, &key, &value)) {
		struct ml_frontier_entry *e = &f->entry[f->n++];

		e->author = key;
		if (!ml_number_int(value, &e->seq) || e->seq < 0)
			return "not a frontier: a seq that is no integer "
			    "from 0 to 2^53";
	}
	return NULL;
}

static int
by_author(const void *author, const void *entry)
{
	return ml_jstring_compare(*(const struct ml_slice *)author,
	    ((const struct ml_frontier_entry *)entry)->author);
}

static struct ml_frontier_entry *
entry_of(const struct ml_frontier *f, struct ml_slice author)
{
	return f->n == 0 ? NULL : bsearch(&author, f->entry, f->n,
	    sizeof *f->entry, by_author);
}

/* What our messages have beside "f"; what is no id there counts as none. */
static void
fill_ids(struct ml_frontier *f, struct ml_slice message)
{
	struct ml_slice ids, taken, key, value;
	struct ml_frontier_entry *e;
	struct ml_json j;

	if (ml_json_member(message, "c", &taken) &&
	    (!ml_number_int(taken, &f->taken) || f->taken < 0))
		f->taken = -1;
	if (!ml_json_member(message, "h", &ids) || *ids.p != '{')
		return;
	f->has_ids = 1;
	for (j = ml_json_enter(ids); ml_json_next(&j, &key, &value);)
		if (value.len == ML_ID_HEX + 2 &&
		    (e = entry_of(f, key)) != NULL)
			e->has_id = ml_id_read((struct ml_slice){ value.p + 1,
			    ML_ID_HEX }, e->id);
}

/* Bare, or what a message has in "f". */
static const char *
find(struct ml_slice *text)
{
	struct ml_slice t, f;

	if (text->len == 0 || *text->p != '{')
		return "not a frontier: no JSON object";
	if (!ml_json_member(*text, "t", &t) || *t.p != '"')
		return NULL;		/* "t" may be an author, of a seq */
	if (!ml_slice_is(t, "\"frontier\""))
		return "not a frontier: a message of another kind";
	if (!ml_json_member(*text, "f", &f) || *f.p != '{')
		return "not a frontier: a message without one";
	*text = f;
	return NULL;
}

const char *
ml_frontier_read(struct ml_frontier **out, struct ml_slice text)
{
	struct ml_frontier *f;
	const char *at = text.p, *end = text.p + text.len, *why;
	struct ml_buf whole = { 0 };

	*out = NULL;
	if (text.len > ML_FRONTIER_MAX)
		return "not a frontier: over 16 MiB";
	if ((f = ml_frontier_new()) == NULL)
		return ML_NO_MEMORY;
	if ((why = ml_canon_write(&at, end, ML_JSON_DEPTH_MAX, &whole)) != NULL)
		goto out;
	if (ml_json_skip_blanks(at, end) < end) {
		why = "not a frontier: something follows it";
		goto out;
	}
	text = ml_buf_view(&whole);
	if ((why = find(&text)) != NULL)
		goto out;
	ml_buf_slice(&f->text, text);
	why = ml_buf_failed(&f->text) ? ML_NO_MEMORY : fill(f);
	if (why == NULL && text.len < whole.len)
		fill_ids(f, ml_buf_view(&whole));
out:
	ml_buf_free(&whole);
	if (why != NULL)
		ml_frontier_free(f);
	else
		*out = f;
	return why;
}

int64_t
ml_frontier_seq(const struct ml_frontier *f, struct ml_slice author)
{
	const struct ml_frontier_entry *e = entry_of(f, author);

	return e == NULL ? 0 : e->seq;
}

const struct ml_frontier_entry *
ml_frontier_entries(const struct ml_frontier *f, size_t *n)
{
	*n = f->n;
	return f->entry;
}

int
ml_frontier_has_ids(const struct ml_frontier *f)
{
	return f->has_ids;
}

int64_t
ml_frontier_taken(const struct ml_frontier *f)
{
	return f->taken;
}

void
ml_frontier_write(struct ml_feed *const *feed, size_t n, struct ml_buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "{\"");
		ml_buf_slice(out, feed[i]->author);
		ml_buf_str(out, "\":");
		ml_buf_int(out, feed[i]->seq);
	}
	ml_buf_str(out, n > 0 ? "}" : "{}");
}

void
ml_frontier_write_message(struct ml_feed *const *feed, size_t n,
    int64_t taken, struct ml_buf *out)
{
	size_t i;

	ml_buf_str(out, "{\"t\":\"frontier\",\"f\":");
	ml_frontier_write(feed, n, out);
	ml_buf_str(out, ",\"h\":{");
	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "\"");
		ml_buf_slice(out, feed[i]->author);
		ml_buf_str(out, "\":\"");
		ml_id_write(feed[i]->id, out);
		ml_buf_byte(out, '"');
	}
	ml_buf_byte(out, '}');
	if (taken >= 0) {
		ml_buf_str(out, ",\"c\":");
		ml_buf_int(out, taken);
	}
	ml_buf_byte(out, '}');
}

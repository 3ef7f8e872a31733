/* frontier - what somebody holds */
#include <stdlib.h>
#include <string.h>

#include "canon.h"
#include "frontier.h"
#include "json.h"
#include "jstring.h"
#include "number.h"

struct entry {
	struct ml_slice author;		/* into text */
	int64_t seq;
};

struct ml_frontier {
	struct ml_buf text;		/* canonical */
	struct entry *entry;		/* sorted by author, as the text is */
	size_t n;
};

struct ml_frontier *
ml_frontier_new(void)
{
	return calloc(1, sizeof(struct ml_frontier));
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
		struct entry *e = &f->entry[f->n++];

		e->author = key;
		if (!ml_number_int(value, &e->seq) || e->seq < 0)
			return "not a frontier: a seq that is no integer "
			    "from 0 to 2^53";
	}
	return NULL;
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
out:
	ml_buf_free(&whole);
	if (why != NULL)
		ml_frontier_free(f);
	else
		*out = f;
	return why;
}

static int
by_author(const void *author, const void *entry)
{
	return ml_jstring_compare(*(const struct ml_slice *)author,
	    ((const struct entry *)entry)->author);
}

int64_t
ml_frontier_seq(const struct ml_frontier *f, struct ml_slice author)
{
	const struct entry *e = f->n == 0 ? NULL : bsearch(&author, f->entry,
	    f->n, sizeof *f->entry, by_author);

	return e == NULL ? 0 : e->seq;
}

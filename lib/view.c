/* view - the records that a set of events comes to */
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "change.h"
#include "entries.h"
#include "jstring.h"
#include "pool.h"
#include "slots.h"
#include "view.h"
#include "words.h"

/*
 * What stands before its id.  All cells are packed and in the pool; NULL is
 * none.  Fields are found by the numbers of their names.
 */
struct ml_view_record {
	char *form, *created_by;
	struct ml_slots fields;
	const struct ml_entry *notes, *attachments;
	int exists;			/* else only asked for */
};

struct ml_view {
	struct ml_words ids;		/* each behind its record */
	struct ml_words names, authors;
	struct ml_pool pool;
	struct ml_buf text;		/* of an attachment being added */
	uint8_t key[ML_TABLE_KEY_LEN];
	uint64_t spread;		/* odd, and no peer knows it */
	void *show_arg;
	void (*show)(void *arg, struct ml_slice author, struct ml_buf *out);
};

struct ml_view *
ml_view_new(const uint8_t key[static ML_TABLE_KEY_LEN])
{
	struct ml_view *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	memcpy(v->key, key, sizeof v->key);
	ml_words_init(&v->ids, v->key, &v->pool,
	    sizeof(struct ml_view_record));
	ml_words_init(&v->names, v->key, &v->pool, 0);
	ml_words_init(&v->authors, v->key, &v->pool, 0);
	v->spread = ml_table_hash(key, "", 0) | 1;
	return v;
}

void
ml_view_free(struct ml_view *v)
{
	if (v == NULL)
		return;
	ml_words_free(&v->ids);
	ml_words_free(&v->names);
	ml_words_free(&v->authors);
	ml_buf_free(&v->text);
	ml_pool_free(&v->pool);
	free(v);
}

static struct ml_view_record *
record_at(const struct ml_view *v, uint32_t i)
{
	return (struct ml_view_record *)(void *)v->ids.word[i] - 1;
}

static struct ml_slice
id_of(const struct ml_view_record *r)
{
	return ml_word_text((const struct ml_word *)(const void *)(r + 1));
}

static struct ml_slice
author_of(const struct ml_view *v, const struct ml_cell *c)
{
	return ml_word_text(v->authors.word[c->author]);
}

/* Put a cell at *at, where NULL or an older one is; the last writer wins. */
static int
write_cell(struct ml_view *v, char **at, const struct ml_cell *new)
{
	char head[ML_CELL_HEAD], *to = *at;
	size_t head_len, size, old_size = 0;
	struct ml_cell old;

	if (to != NULL) {
		old_size = ml_cell_read(&old, to);
		if (ml_cell_compare(new, &old, &v->authors) < 0)
			return 0;
	}
	head_len = ml_cell_head(new, head);
	size = head_len + new->text.len;
	if (to == NULL || !ml_pool_same(old_size, size)) {
		if ((to = ml_pool_take(&v->pool, size)) == NULL)
			return -1;
		if (*at != NULL)
			ml_pool_give(&v->pool, *at, old_size);
		*at = to;
	}
	memcpy(to, head, head_len);
	memcpy(to + head_len, new->text.p, new->text.len);
	return 0;
}

static int
set(struct ml_view *v, struct ml_view_record *r, struct ml_slice field,
    const struct ml_cell *cell)
{
	uint32_t name = ml_words_number(&v->names, field);
	char **place, *new = NULL;

	if (name == ML_WORDS_NONE)
		return -1;
	if ((place = ml_slots_find(&r->fields, v->spread, name)) != NULL)
		return write_cell(v, place, cell);
	if (write_cell(v, &new, cell) == -1)
		return -1;
	return ml_slots_add(&r->fields, &v->pool, v->spread, name, new);
}

static int
create(struct ml_view *v, struct ml_view_record *r, const struct ml_change *c,
    struct ml_cell *cell)
{
	cell->text = c->form;
	if (c->form.p != NULL && write_cell(v, &r->form, cell) == -1)
		return -1;
	cell->text = c->by;
	return c->by.p == NULL ? 0 : write_cell(v, &r->created_by, cell);
}

static int
attach(struct ml_view *v, struct ml_view_record *r, const struct ml_change *c,
    struct ml_cell *cell)
{
	struct ml_buf *text = &v->text;

	ml_buf_clear(text);
	ml_buf_str(text, "{\"blob_hash\":\"");
	ml_buf_slice(text, c->blob_hash);
	ml_buf_str(text, "\",\"field\":\"");
	ml_buf_slice(text, c->field);
	ml_buf_str(text, "\",\"mime\":");
	ml_buf_slice(text, c->mime.p != NULL ? c->mime :
	    (struct ml_slice){ "\"\"", 2 });
	ml_buf_str(text, ",\"size\":");
	ml_buf_slice(text, c->size.p != NULL ? c->size :
	    (struct ml_slice){ "0", 1 });
	ml_buf_byte(text, '}');
	if (ml_buf_failed(text))
		return -1;
	cell->text = ml_buf_view(text);
	return ml_entries_add(&r->attachments, &v->pool, cell);
}

static int
apply(struct ml_view *v, struct ml_view_record *r, const struct ml_change *c,
    struct ml_cell *cell)
{
	switch (c->kind) {
	case ML_CHANGE_CREATE:
		return create(v, r, c, cell);
	case ML_CHANGE_SET:
		cell->text = c->value;
		return c->value.p == NULL ? 0 : set(v, r, c->field, cell);
	case ML_CHANGE_NOTE:
		cell->text = c->text;
		return ml_entries_add(&r->notes, &v->pool, cell);
	default:
		return attach(v, r, c, cell);
	}
}

static enum ml_view_use
use_of(const struct ml_change *c)
{
	return c->kind == ML_CHANGE_UNKNOWN ? ML_VIEW_UNKNOWN :
	    c->kind == ML_CHANGE_UNUSABLE ? ML_VIEW_UNUSABLE : ML_VIEW_USED;
}

enum ml_view_use
ml_view_judge(const struct ml_event *e)
{
	struct ml_change c;

	ml_change_read(&c, e);
	return use_of(&c);
}

enum ml_view_use
ml_view_add(struct ml_view *v, const struct ml_event *e)
{
	struct ml_cell cell = { .hlc = e->hlc, .seq = e->seq };
	struct ml_view_record *r;
	struct ml_change c;
	uint32_t id;

	ml_change_read(&c, e);
	if (use_of(&c) != ML_VIEW_USED)
		return use_of(&c);
	if ((id = ml_words_number(&v->ids, c.record_id)) == ML_WORDS_NONE)
		return ML_VIEW_NO_MEMORY;
	cell.author = ml_words_number(&v->authors, e->author);
	if (cell.author == ML_WORDS_NONE)
		return ML_VIEW_NO_MEMORY;
	r = record_at(v, id);
	r->exists = 1;
	return apply(v, r, &c, &cell) == -1 ? ML_VIEW_NO_MEMORY : ML_VIEW_USED;
}

int
ml_view_has(const struct ml_view *v, struct ml_slice id)
{
	uint32_t i = ml_words_find(&v->ids, id);

	return i != ML_WORDS_NONE && record_at(v, i)->exists;
}

static int
by_id(const void *a, const void *b)
{
	const struct ml_view_record *const *x = a, *const *y = b;

	return ml_jstring_compare(id_of(*x), id_of(*y));
}

struct ml_view_record **
ml_view_sorted(struct ml_view *v, size_t *n)
{
	struct ml_view_record **list = calloc(v->ids.n + 1, sizeof *list), *r;
	uint32_t i;

	*n = 0;
	if (list == NULL)
		return NULL;
	for (i = 0; i < v->ids.n; i++) {
		r = record_at(v, i);
		if (r->exists)
			list[(*n)++] = r;
	}
	qsort(list, *n, sizeof *list, by_id);
	return list;
}

struct ml_slice
ml_view_record_id(const struct ml_view_record *r)
{
	return id_of(r);
}

static struct ml_view_field
unpack(const struct ml_view *v, struct ml_slice name, const char *packed)
{
	struct ml_cell c;

	ml_cell_read(&c, packed);
	return (struct ml_view_field){ name, c.text,
	    { c.hlc, author_of(v, &c), c.seq } };
}

static int
by_name(const void *a, const void *b)
{
	const struct ml_view_field *x = a, *y = b;

	return ml_jstring_compare(x->name, y->name);
}

struct ml_view_field *
ml_view_record_fields(struct ml_view *v, const struct ml_view_record *r,
    size_t *n)
{
	struct ml_view_field *list = calloc((size_t)r->fields.n + 1,
	    sizeof *list);
	uint32_t i;

	*n = 0;
	if (list == NULL)
		return NULL;
	for (i = 0; i < r->fields.room; i++)
		if (r->fields.piece[i] != NULL)
			list[(*n)++] = unpack(v, ml_word_text(v->names.word[
			    ml_slots_number(&r->fields, i)]),
			    r->fields.piece[i]);
	qsort(list, *n, sizeof *list, by_name);
	return list;
}

void
ml_view_show_authors(struct ml_view *v, void *arg,
    void (*show)(void *arg, struct ml_slice author, struct ml_buf *out))
{
	v->show_arg = arg;
	v->show = show;
}

/* What a packed cell says, or if there is none the empty string. */
static struct ml_slice
text_of(const char *packed)
{
	struct ml_cell c = { .text = { "\"\"", 2 } };

	if (packed != NULL)
		ml_cell_read(&c, packed);
	return c.text;
}

static void
write_creator(const struct ml_view *v, const char *packed, struct ml_buf *out)
{
	struct ml_slice by = text_of(packed), inside = { by.p + 1, by.len - 2 };
	size_t from;

	if (v->show == NULL || packed == NULL || *by.p != '"') {
		ml_buf_slice(out, by);
		return;
	}
	ml_buf_byte(out, '"');
	from = out->len;
	v->show(v->show_arg, inside, out);
	if (out->len == from)
		ml_buf_slice(out, inside);
	ml_buf_byte(out, '"');
}

static void
write_fields(const struct ml_view_field *field, size_t n, struct ml_buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "\"");
		ml_buf_slice(out, field[i].name);
		ml_buf_str(out, "\":");
		ml_buf_slice(out, field[i].value);
	}
}

int
ml_view_record_write(struct ml_view *v, struct ml_view_record *r,
    struct ml_buf *out)
{
	struct ml_view_field *field;
	size_t n;

	ml_buf_str(out, "{\"attachments\":[");
	if (ml_entries_write(r->attachments, &v->authors, 1, out) == -1)
		return -1;
	ml_buf_str(out, "],\"created_by\":");
	write_creator(v, r->created_by, out);
	ml_buf_str(out, ",\"fields\":{");
	if ((field = ml_view_record_fields(v, r, &n)) == NULL)
		return -1;
	write_fields(field, n, out);
	free(field);
	ml_buf_str(out, "},\"form\":");
	ml_buf_slice(out, text_of(r->form));
	ml_buf_str(out, ",\"notes\":[");
	if (ml_entries_write(r->notes, &v->authors, 0, out) == -1)
		return -1;
	ml_buf_str(out, "],\"record_id\":\"");
	ml_buf_slice(out, id_of(r));
	ml_buf_str(out, "\"}");
	return ml_buf_failed(out) ? -1 : 0;
}

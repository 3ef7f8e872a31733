/* view - the records that a set of events comes to */
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "change.h"
#include "jstring.h"
#include "pool.h"
#include "view.h"
#include "words.h"

#define FIRST_ROOM 4		/* fields of a record */

/* What is never superseded: a list of packed cells. */
struct entry {
	const struct entry *next;
	char cell[];
};

/*
 * What stands before its id.  All cells are packed and in the pool; NULL is
 * none.  Fields are found by the numbers of their names, which stand behind
 * the cells, by open addressing: most records have few fields, but one may
 * have very many.
 */
struct ml_view_record {
	char *form, *created_by;
	char **field;
	uint32_t fields, room;		/* room: for so many */
	const struct entry *notes, *attachments;
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

static int
compare_cells(const struct ml_view *v, const struct ml_cell *a,
    const struct ml_cell *b)
{
	int order = ml_hlc_compare(a->hlc, b->hlc);

	if (order == 0 && a->author != b->author)
		order = ml_jstring_compare(author_of(v, a), author_of(v, b));
	return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
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
		if (compare_cells(v, new, &old) < 0)
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
add_entry(struct ml_view *v, const struct entry **list,
    const struct ml_cell *cell)
{
	char head[ML_CELL_HEAD];
	size_t head_len = ml_cell_head(cell, head);
	struct entry *e = ml_pool_keep(&v->pool, sizeof *e + head_len +
	    cell->text.len);

	if (e == NULL)
		return -1;
	e->next = *list;
	memcpy(e->cell, head, head_len);
	memcpy(e->cell + head_len, cell->text.p, cell->text.len);
	*list = e;
	return 0;
}

static uint32_t *
names_of(const struct ml_view_record *r)
{
	return (uint32_t *)(void *)(r->field + r->room);
}

static size_t
fields_size(const struct ml_view_record *r)
{
	return r->room * (sizeof *r->field + sizeof(uint32_t));
}

/* Where the field of that name is, or would be; NULL: every place is taken. */
static char **
place_of(const struct ml_view *v, const struct ml_view_record *r,
    uint32_t name)
{
	uint64_t hash = name * v->spread >> 32;
	uint32_t i = (uint32_t)(hash * r->room >> 32), n;

	for (n = 0; n < r->room; n++) {
		if (r->field[i] == NULL || names_of(r)[i] == name)
			return &r->field[i];
		if (++i == r->room)
			i = 0;
	}
	return NULL;
}

static void
put_field(const struct ml_view *v, struct ml_view_record *r, uint32_t name,
    char *cell)
{
	char **place = place_of(v, r, name);

	*place = cell;
	names_of(r)[place - r->field] = name;
}

static int
grow_fields(struct ml_view *v, struct ml_view_record *r)
{
	struct ml_view_record old = *r;
	uint32_t i;

	r->room = old.room != 0 ? old.room + old.room / 2 : FIRST_ROOM;
	if (r->room < old.room ||
	    (r->field = ml_pool_take(&v->pool, fields_size(r))) == NULL) {
		*r = old;
		return -1;
	}
	memset(r->field, 0, r->room * sizeof *r->field);
	for (i = 0; i < old.room; i++)
		if (old.field[i] != NULL)
			put_field(v, r, names_of(&old)[i], old.field[i]);
	if (old.room != 0)
		ml_pool_give(&v->pool, old.field, fields_size(&old));
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
	if ((place = place_of(v, r, name)) != NULL && *place != NULL)
		return write_cell(v, place, cell);
	if ((r->fields >= r->room - r->room / 8 && grow_fields(v, r) == -1) ||
	    write_cell(v, &new, cell) == -1)
		return -1;
	put_field(v, r, name, new);
	r->fields++;
	return 0;
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
	return add_entry(v, &r->attachments, cell);
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
		return add_entry(v, &r->notes, cell);
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
	struct ml_view_field *list = calloc((size_t)r->fields + 1,
	    sizeof *list);
	uint32_t i;

	*n = 0;
	if (list == NULL)
		return NULL;
	for (i = 0; i < r->room; i++)
		if (r->field[i] != NULL)
			list[(*n)++] = unpack(v, ml_word_text(
			    v->names.word[names_of(r)[i]]), r->field[i]);
	qsort(list, *n, sizeof *list, by_name);
	return list;
}

/* An entry while a list is put in order. */
struct item {
	struct ml_slice field, hash;	/* of an attachment, else empty */
	struct ml_cell cell;
	const struct ml_view *view;	/* qsort() knows none */
};

static int
by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = ml_jstring_compare(x->field, y->field);

	if (order == 0)
		order = ml_jstring_compare(x->hash, y->hash);
	return order != 0 ? order : compare_cells(x->view, &x->cell, &y->cell);
}

static int
write_entries(const struct ml_view *v, const struct entry *first,
    int attachments, struct ml_buf *out)
{
	const struct entry *e;
	struct ml_change c;
	struct item *list;
	size_t i, n = 0;

	if (first == NULL)
		return 0;
	for (e = first; e != NULL; e = e->next)
		n++;
	if ((list = calloc(n, sizeof *list)) == NULL)
		return -1;
	for (i = 0, e = first; e != NULL; i++, e = e->next) {
		ml_cell_read(&list[i].cell, e->cell);
		list[i].view = v;
		if (!attachments)
			continue;
		ml_change_members(&c, list[i].cell.text);
		list[i].field = c.field;
		list[i].hash = c.blob_hash;
	}
	qsort(list, n, sizeof *list, by_place);
	for (i = 0; i < n; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		ml_buf_slice(out, list[i].cell.text);
	}
	free(list);
	return 0;
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
	if (write_entries(v, r->attachments, 1, out) == -1)
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
	if (write_entries(v, r->notes, 0, out) == -1)
		return -1;
	ml_buf_str(out, "],\"record_id\":\"");
	ml_buf_slice(out, id_of(r));
	ml_buf_str(out, "\"}");
	return ml_buf_failed(out) ? -1 : 0;
}

/* view - the records that a set of events comes to */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "jstring.h"
#include "view.h"

#define NONE UINT32_MAX

struct stamp {
	struct ml_hlc hlc;
	int64_t seq;			/* 0: nothing was written yet */
	uint32_t author;
};

/* A value and who wrote it: one field, one note, form or created_by. */
struct cell {
	struct ml_slice text;		/* owned, canonical JSON */
	struct stamp stamp;
};

struct field {
	struct ml_slice name;		/* owned */
	struct cell value;
	uint32_t record;
	uint32_t next;			/* of its record */
};

struct attachment {
	struct ml_slice field, hash;	/* insides, into text */
	struct cell whole;		/* as it is shown */
};

struct ml_view_record {
	struct ml_slice id;		/* owned */
	uint32_t index;			/* in the view */
	struct cell form, created_by;
	uint32_t first_field;
	struct cell *note;
	size_t notes, note_room;
	struct attachment *attachment;
	size_t attachments, attachment_room;
	int exists;			/* else only asked for */
};

struct ml_view {
	struct ml_view_record **record;
	size_t records, record_room;
	struct field *field;
	size_t fields, field_room;
	struct ml_slice *author;	/* owned */
	size_t authors, author_room;
	struct ml_table by_id, by_name, by_author;
	uint8_t key[ML_TABLE_KEY_LEN];
	int only_wanted;
	void *show_arg;
	void (*show)(void *arg, struct ml_slice author, struct ml_buf *out);
};

/* What a payload has of what we look for. */
struct payload {
	struct ml_slice record_id, form, by, field, value, blob_hash, size,
	    mime, text;
};

struct ml_view *
ml_view_new(const uint8_t key[static ML_TABLE_KEY_LEN])
{
	struct ml_view *v = calloc(1, sizeof *v);

	if (v != NULL)
		memcpy(v->key, key, sizeof v->key);
	return v;
}

static void
free_slice(struct ml_slice s)
{
	free((void *)(uintptr_t)s.p);
}

static int
copy_slice(struct ml_slice *to, struct ml_slice from)
{
	char *p = malloc(from.len + 1);

	if (p == NULL)
		return -1;
	memcpy(p, from.p, from.len);
	*to = (struct ml_slice){ p, from.len };
	return 0;
}

static void
record_free(struct ml_view_record *r)
{
	size_t i;

	free_slice(r->id);
	free_slice(r->form.text);
	free_slice(r->created_by.text);
	for (i = 0; i < r->notes; i++)
		free_slice(r->note[i].text);
	for (i = 0; i < r->attachments; i++)
		free_slice(r->attachment[i].whole.text);
	free(r->note);
	free(r->attachment);
	free(r);
}

void
ml_view_free(struct ml_view *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->records; i++)
		record_free(v->record[i]);
	for (i = 0; i < v->fields; i++) {
		free_slice(v->field[i].name);
		free_slice(v->field[i].value.text);
	}
	for (i = 0; i < v->authors; i++)
		free_slice(v->author[i]);
	free(v->record);
	free(v->field);
	free(v->author);
	ml_table_free(&v->by_id);
	ml_table_free(&v->by_name);
	ml_table_free(&v->by_author);
	free(v);
}

/* Room for one more item of an array. */
static int
grow(void *array, size_t *room, size_t n, size_t item)
{
	void *more;
	size_t wanted = *room != 0 ? *room * 2 : 4;

	if (n < *room)
		return 0;
	if ((more = realloc(*(void **)array, wanted * item)) == NULL)
		return -1;
	*(void **)array = more;
	*room = wanted;
	return 0;
}

static uint32_t
find_author(struct ml_view *v, struct ml_slice author)
{
	uint64_t hash = ml_table_hash(v->key, author.p, author.len);
	uint32_t i;

	for (i = ml_table_first(&v->by_author, hash); i != ML_TABLE_NONE;
	    i = ml_table_next(&v->by_author, i))
		if (ml_slice_same(v->author[i], author))
			return i;
	i = (uint32_t)v->authors;
	if (grow(&v->author, &v->author_room, i, sizeof *v->author) == -1 ||
	    copy_slice(&v->author[i], author) == -1)
		return NONE;
	v->authors++;
	return ml_table_add(&v->by_author, hash, i) == -1 ? NONE : i;
}

static struct ml_view_record *
find_record(const struct ml_view *v, struct ml_slice id)
{
	uint32_t i = ml_table_first(&v->by_id,
	    ml_table_hash(v->key, id.p, id.len));

	while (i != ML_TABLE_NONE && !ml_slice_same(v->record[i]->id, id))
		i = ml_table_next(&v->by_id, i);
	return i == ML_TABLE_NONE ? NULL : v->record[i];
}

static struct ml_view_record *
add_record(struct ml_view *v, struct ml_slice id)
{
	struct ml_view_record *r;

	if (grow(&v->record, &v->record_room, v->records,
	    sizeof(struct ml_view_record *)) == -1 ||
	    (r = calloc(1, sizeof *r)) == NULL)
		return NULL;
	r->first_field = NONE;
	r->index = (uint32_t)v->records;
	if (copy_slice(&r->id, id) == -1 || ml_table_add(&v->by_id,
	    ml_table_hash(v->key, id.p, id.len), (uint32_t)v->records) == -1) {
		record_free(r);
		return NULL;
	}
	return v->record[v->records++] = r;
}

static struct field *
find_field(struct ml_view *v, struct ml_view_record *r, struct ml_slice name)
{
	uint32_t record = r->index, i;
	uint64_t hash = ml_table_hash(v->key, name.p, name.len) ^
	    (uint64_t)record * UINT64_C(0x9e3779b97f4a7c15);
	struct field *f;

	for (i = ml_table_first(&v->by_name, hash); i != ML_TABLE_NONE;
	    i = ml_table_next(&v->by_name, i))
		if (v->field[i].record == record &&
		    ml_slice_same(v->field[i].name, name))
			return &v->field[i];
	i = (uint32_t)v->fields;
	if (grow(&v->field, &v->field_room, i, sizeof *v->field) == -1)
		return NULL;
	f = &v->field[i];
	*f = (struct field){ .record = record, .next = r->first_field };
	if (copy_slice(&f->name, name) == -1)
		return NULL;
	v->fields++;
	if (ml_table_add(&v->by_name, hash, i) == -1)
		return NULL;
	r->first_field = i;
	return f;
}

static int
compare_stamps(const struct ml_view *v, const struct stamp *a,
    const struct stamp *b)
{
	int order = ml_hlc_compare(a->hlc, b->hlc);

	if (order == 0 && a->author != b->author)
		order = ml_jstring_compare(v->author[a->author],
		    v->author[b->author]);
	return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

/* The last writer wins. */
static int
write_cell(const struct ml_view *v, struct cell *c, struct ml_slice text,
    const struct stamp *stamp)
{
	struct ml_slice copy;

	if (c->stamp.seq != 0 && compare_stamps(v, stamp, &c->stamp) < 0)
		return 0;
	if (copy_slice(&copy, text) == -1)
		return -1;
	free_slice(c->text);
	*c = (struct cell){ copy, *stamp };
	return 0;
}

static int
is_string(struct ml_slice s)
{
	return s.p != NULL && *s.p == '"';
}

static struct ml_slice
inside(struct ml_slice string)
{
	return (struct ml_slice){ string.p + 1, string.len - 2 };
}

static struct payload
read_payload(struct ml_slice text)
{
	struct payload p = { 0 };
	const struct {
		const char *name;
		struct ml_slice *to;
	} want[] = { { "record_id", &p.record_id }, { "form", &p.form },
	    { "by", &p.by }, { "field", &p.field }, { "value", &p.value },
	    { "blob_hash", &p.blob_hash }, { "size", &p.size },
	    { "mime", &p.mime }, { "text", &p.text } };
	struct ml_json j;
	struct ml_slice key, value;
	size_t i;

	if (*text.p != '{')
		return p;
	for (j = ml_json_enter(text); ml_json_next(&j, &key, &value);)
		for (i = 0; i < sizeof want / sizeof want[0]; i++)
			if (ml_slice_is(key, want[i].name))
				*want[i].to = value;
	return p;
}

enum kind { CREATE, SET, NOTE, ATTACH, OTHER };

static enum kind
kind_of(struct ml_slice kind)
{
	static const char *const names[] = { "record.create", "field.set",
	    "note.add", "attachment.add" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (ml_slice_is(kind, names[i]))
			return (enum kind)i;
	return OTHER;
}

/* As in the seed: what is stamped before (-1,-1) sets no value. */
static int
is_too_old(const struct ml_event *e)
{
	return ml_hlc_compare(e->hlc, (struct ml_hlc){ -1, -1 }) < 0;
}

static enum ml_view_use
judge(enum kind kind, const struct payload *p, const struct ml_event *e)
{
	if (kind == OTHER)
		return ML_VIEW_UNKNOWN;
	if (!is_string(p->record_id) ||
	    (kind == SET && (!is_string(p->field) ||
	    (p->value.p == NULL && !is_too_old(e)))) ||
	    (kind == NOTE && p->text.p == NULL) ||
	    (kind == ATTACH && (!is_string(p->field) ||
	    !is_string(p->blob_hash))))
		return ML_VIEW_UNUSABLE;
	return ML_VIEW_USED;
}

enum ml_view_use
ml_view_judge(const struct ml_event *e)
{
	struct payload p = read_payload(e->payload);

	return judge(kind_of(e->kind), &p, e);
}

static int
create(struct ml_view *v, struct ml_view_record *r, const struct payload *p,
    const struct stamp *stamp)
{
	if (p->form.p != NULL && write_cell(v, &r->form, p->form, stamp) == -1)
		return -1;
	return p->by.p == NULL ? 0 :
	    write_cell(v, &r->created_by, p->by, stamp);
}

static int
set(struct ml_view *v, struct ml_view_record *r, const struct payload *p,
    const struct stamp *stamp)
{
	struct field *f;

	if ((f = find_field(v, r, inside(p->field))) == NULL)
		return -1;
	return write_cell(v, &f->value, p->value, stamp);
}

static int
add_note(struct ml_view *v, struct ml_view_record *r, const struct payload *p,
    const struct stamp *stamp)
{
	if (grow(&r->note, &r->note_room, r->notes, sizeof *r->note) == -1)
		return -1;
	r->note[r->notes] = (struct cell){ 0 };
	return write_cell(v, &r->note[r->notes++], p->text, stamp);
}

static int
attach(struct ml_view *v, struct ml_view_record *r, const struct payload *p,
    const struct stamp *stamp)
{
	struct attachment *a;
	struct ml_buf text = { 0 };
	size_t hash_at, field_at;
	int rc;

	if (grow(&r->attachment, &r->attachment_room, r->attachments,
	    sizeof *r->attachment) == -1)
		return -1;
	a = &r->attachment[r->attachments++];
	*a = (struct attachment){ 0 };
	ml_buf_str(&text, "{\"blob_hash\":");
	hash_at = text.len;
	ml_buf_slice(&text, p->blob_hash);
	ml_buf_str(&text, ",\"field\":");
	field_at = text.len;
	ml_buf_slice(&text, p->field);
	ml_buf_str(&text, ",\"mime\":");
	ml_buf_slice(&text, p->mime.p != NULL ? p->mime :
	    (struct ml_slice){ "\"\"", 2 });
	ml_buf_str(&text, ",\"size\":");
	ml_buf_slice(&text, p->size.p != NULL ? p->size :
	    (struct ml_slice){ "0", 1 });
	ml_buf_byte(&text, '}');
	rc = ml_buf_failed(&text) ? -1 :
	    write_cell(v, &a->whole, ml_buf_view(&text), stamp);
	ml_buf_free(&text);
	if (rc == 0) {
		a->hash = (struct ml_slice){ a->whole.text.p + hash_at + 1,
		    p->blob_hash.len - 2 };
		a->field = (struct ml_slice){ a->whole.text.p + field_at + 1,
		    p->field.len - 2 };
	}
	return rc;
}

enum ml_view_use
ml_view_add(struct ml_view *v, const struct ml_event *e)
{
	static int (*const apply[])(struct ml_view *, struct ml_view_record *,
	    const struct payload *, const struct stamp *) = { create, set,
	    add_note, attach };
	enum kind kind = kind_of(e->kind);
	struct payload p = read_payload(e->payload);
	enum ml_view_use use = judge(kind, &p, e);
	struct stamp stamp = { e->hlc, e->seq, 0 };
	struct ml_view_record *r;

	if (use != ML_VIEW_USED)
		return use;
	r = find_record(v, inside(p.record_id));
	if (r == NULL && v->only_wanted)
		return ML_VIEW_USED;
	if ((r == NULL && (r = add_record(v, inside(p.record_id))) == NULL) ||
	    (stamp.author = find_author(v, e->author)) == NONE)
		return ML_VIEW_NO_MEMORY;
	r->exists = 1;
	if (kind == SET && is_too_old(e))
		return ML_VIEW_USED;
	return apply[kind](v, r, &p, &stamp) == -1 ? ML_VIEW_NO_MEMORY :
	    ML_VIEW_USED;
}

int
ml_view_want(struct ml_view *v, struct ml_slice id)
{
	v->only_wanted = 1;
	return find_record(v, id) == NULL && add_record(v, id) == NULL ? -1 : 0;
}

int
ml_view_has(const struct ml_view *v, struct ml_slice id)
{
	const struct ml_view_record *r = find_record(v, id);

	return r != NULL && r->exists;
}

static int
by_id(const void *a, const void *b)
{
	return ml_jstring_compare((*(struct ml_view_record *const *)a)->id,
	    (*(struct ml_view_record *const *)b)->id);
}

struct ml_view_record **
ml_view_sorted(struct ml_view *v, size_t *n)
{
	struct ml_view_record **list = calloc(v->records + 1, sizeof *list);
	size_t i;

	*n = 0;
	if (list == NULL)
		return NULL;
	for (i = 0; i < v->records; i++)
		if (v->record[i]->exists)
			list[(*n)++] = v->record[i];
	qsort(list, *n, sizeof(struct ml_view_record *), by_id);
	return list;
}

struct ml_slice
ml_view_record_id(const struct ml_view_record *r)
{
	return r->id;
}

static int
by_name(const void *a, const void *b)
{
	return ml_jstring_compare(((const struct ml_view_field *)a)->name,
	    ((const struct ml_view_field *)b)->name);
}

struct ml_view_field *
ml_view_record_fields(struct ml_view *v, const struct ml_view_record *r,
    size_t *n)
{
	struct ml_view_field *list;
	const struct field *f;
	uint32_t i;

	for (*n = 0, i = r->first_field; i != NONE; i = v->field[i].next)
		++*n;
	if ((list = calloc(*n + 1, sizeof *list)) == NULL)
		return NULL;
	for (*n = 0, i = r->first_field; i != NONE; i = f->next) {
		f = &v->field[i];
		list[(*n)++] = (struct ml_view_field){ f->name, f->value.text,
		    { f->value.stamp.hlc, v->author[f->value.stamp.author],
		    f->value.stamp.seq } };
	}
	qsort(list, *n, sizeof *list, by_name);
	return list;
}

/* Cells while they are put in total order: qsort() knows no view. */
struct ordered {
	const struct ml_view *view;
	const struct cell *cell;
	const struct attachment *attachment;
};

static int
by_stamp(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return compare_stamps(x->view, &x->cell->stamp, &y->cell->stamp);
}

static int
by_attachment(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	int order = ml_jstring_compare(x->attachment->field,
	    y->attachment->field);

	if (order == 0)
		order = ml_jstring_compare(x->attachment->hash,
		    y->attachment->hash);
	return order != 0 ? order : by_stamp(a, b);
}

static int
write_notes(const struct ml_view *v, const struct ml_view_record *r,
    struct ml_buf *out)
{
	struct ordered *list = calloc(r->notes + 1, sizeof *list);
	size_t i;

	if (list == NULL)
		return -1;
	for (i = 0; i < r->notes; i++)
		list[i] = (struct ordered){ v, &r->note[i], NULL };
	qsort(list, r->notes, sizeof *list, by_stamp);
	for (i = 0; i < r->notes; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		ml_buf_slice(out, list[i].cell->text);
	}
	free(list);
	return 0;
}

static int
write_attachments(const struct ml_view *v, const struct ml_view_record *r,
    struct ml_buf *out)
{
	struct ordered *list = calloc(r->attachments + 1, sizeof *list);
	size_t i;

	if (list == NULL)
		return -1;
	for (i = 0; i < r->attachments; i++)
		list[i] = (struct ordered){ v, &r->attachment[i].whole,
		    &r->attachment[i] };
	qsort(list, r->attachments, sizeof *list, by_attachment);
	for (i = 0; i < r->attachments; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		ml_buf_slice(out, list[i].cell->text);
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

static void
write_cell_or_empty(const struct cell *c, struct ml_buf *out)
{
	if (c->text.p != NULL)
		ml_buf_slice(out, c->text);
	else
		ml_buf_str(out, "\"\"");
}

static void
write_creator(const struct ml_view *v, const struct cell *c,
    struct ml_buf *out)
{
	size_t from;

	if (v->show == NULL || !is_string(c->text)) {
		write_cell_or_empty(c, out);
		return;
	}
	ml_buf_byte(out, '"');
	from = out->len;
	v->show(v->show_arg, inside(c->text), out);
	if (out->len == from)
		ml_buf_slice(out, inside(c->text));
	ml_buf_byte(out, '"');
}

int
ml_view_record_write(struct ml_view *v, struct ml_view_record *r,
    struct ml_buf *out)
{
	struct ml_view_field *field;
	size_t i, n;

	if ((field = ml_view_record_fields(v, r, &n)) == NULL)
		return -1;
	ml_buf_str(out, "{\"attachments\":[");
	if (write_attachments(v, r, out) == -1) {
		free(field);
		return -1;
	}
	ml_buf_str(out, "],\"created_by\":");
	write_creator(v, &r->created_by, out);
	ml_buf_str(out, ",\"fields\":{");
	for (i = 0; i < n; i++) {
		ml_buf_str(out, i > 0 ? ",\"" : "\"");
		ml_buf_slice(out, field[i].name);
		ml_buf_str(out, "\":");
		ml_buf_slice(out, field[i].value);
	}
	free(field);
	ml_buf_str(out, "},\"form\":");
	write_cell_or_empty(&r->form, out);
	ml_buf_str(out, ",\"notes\":[");
	if (write_notes(v, r, out) == -1)
		return -1;
	ml_buf_str(out, "],\"record_id\":\"");
	ml_buf_slice(out, r->id);
	ml_buf_str(out, "\"}");
	return ml_buf_failed(out) ? -1 : 0;
}

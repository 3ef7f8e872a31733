/* view: one set of events, in whatever order, comes to the same records */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "canon.h"
#include "change.h"
#include "jstring.h"
#include "record.h"
#include "view.h"

#define MOST 64			/* events of a set */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ml_event set[MOST];
static struct ml_buf text[MOST];	/* that they borrow from */
static size_t n;

static int
is_there(const struct ml_event *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (set[i].seq == e->seq &&
		    ml_slice_same(set[i].author, e->author))
			return 1;
	return 0;
}

/* Take in an event, unless there is one of its author and seq. */
static void
take(const struct ml_event *e)
{
	if (n == MOST || is_there(e))
		return;
	ml_buf_clear(&text[n]);
	(void)ml_buf_room(&text[n], e->author.len + e->kind.len +
	    e->payload.len + e->prev.len + e->seal.len + 1);
	ml_event_copy(&set[n], e, &text[n]);
	n++;
}

/* Events in lines, their ids right or not. */
static void
from_lines(const char *p, size_t len)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	const char *newline;
	size_t one;

	for (; len > 0; p += one, len -= one) {
		newline = memchr(p, '\n', len);
		one = newline != NULL ? (size_t)(newline - p) : len;
		if (ml_event_read(&e, (struct ml_slice){ p, one }, &scratch) ==
		    NULL)
			take(&e);
		one += newline != NULL;
	}
	ml_buf_free(&scratch);
}

/* Whether the inside of a canonical string is that of a text. */
static int
means(struct ml_slice inside, const char *utf8)
{
	struct ml_buf string = { 0 };
	int same;

	assert(ml_jstring_write(&string, utf8, strlen(utf8)) == NULL);
	same = ml_slice_same(inside, (struct ml_slice){ string.p + 1,
	    string.len - 2 });
	ml_buf_free(&string);
	return same;
}

/* The payload of one that a byte stands for; what was put in comes out. */
static void
make(struct ml_event *e, const char *record, const char *field, unsigned what,
    const char *value, struct ml_buf *out)
{
	static const char *const kinds[] = { "record.create", "field.set",
	    "note.add", "attachment.add" };
	struct ml_change c;
	const char *why;

	ml_buf_clear(out);
	e->kind = slice(kinds[what]);
	why = what == 0 ? ml_record_create(out, record, field, value) :
	    what == 1 ? ml_record_set(out, record, field, value,
	    ML_VALUE_GUESSED) :
	    what == 2 ? ml_record_note(out, record, value) :
	    ml_record_attach(out, record, field, value, e->seq, "text/plain");
	assert(why == NULL);
	e->payload = ml_buf_view(out);
	assert(ml_canon_span(out->p, out->p + out->len, 1) == out->len);
	ml_change_read(&c, e);
	assert(c.kind == what && means(c.record_id, record) &&
	    (what % 2 == 0 || means(c.field, field)));
}

/* Few authors, records, fields and stamps, so that they meet: three bytes an
 * event. */
static void
from_codes(const uint8_t *p, size_t len)
{
	static const char *const names[] = { "a", "b", "\xc3\xa9", "" };
	static const char *const values[] = { "0", "1.50", "true", "x", "",
	    "-0", "007", "\xe2\x80\xae" };
	struct ml_buf payload = { 0 }, author = { 0 };
	struct ml_event e;

	for (; len >= 3; p += 3, len -= 3) {
		e = (struct ml_event){ .seq = 1 + (p[0] >> 4 & 7),
		    .prev = { "", 0 }, .seal = { "", 0 },
		    .hlc = { p[1] % 4 - 2, p[1] / 4 % 3 - 1 } };
		ml_buf_clear(&author);
		assert(ml_jstring_write(&author, names[p[0] & 3],
		    strlen(names[p[0] & 3])) == NULL);
		e.author = (struct ml_slice){ author.p + 1, author.len - 2 };
		make(&e, names[p[0] >> 2 & 3], names[p[2] & 3], p[1] >> 6,
		    values[p[2] >> 2 & 7], &payload);
		take(&e);
	}
	ml_buf_free(&payload);
	ml_buf_free(&author);
}

static int
is_later(const struct ml_event *a, const struct ml_event *b)
{
	int order = ml_hlc_compare(a->hlc, b->hlc);

	if (order == 0)
		order = ml_jstring_compare(a->author, b->author);
	return order != 0 ? order > 0 : a->seq > b->seq;
}

/* The event whose value a field should have, found by looking at all. */
static const struct ml_event *
winner(struct ml_slice record, struct ml_slice field, struct ml_slice *value)
{
	const struct ml_event *e, *best = NULL;
	struct ml_change c;

	for (e = set; e < set + n; e++) {
		ml_change_read(&c, e);
		if (c.kind == ML_CHANGE_SET && c.value.p != NULL &&
		    ml_slice_same(c.record_id, record) &&
		    ml_slice_same(c.field, field) &&
		    (best == NULL || is_later(e, best))) {
			best = e;
			*value = c.value;
		}
	}
	return best;
}

/* Of each field the last writer won. */
static void
check_fields(struct ml_view *v, const struct ml_view_record *r)
{
	const struct ml_event *e;
	struct ml_view_field *f;
	struct ml_slice value;
	size_t many, i;

	assert((f = ml_view_record_fields(v, r, &many)) != NULL);
	for (i = 0; i < many; i++) {
		assert(i == 0 || ml_jstring_compare(f[i - 1].name,
		    f[i].name) < 0);
		e = winner(ml_view_record_id(r), f[i].name, &value);
		if (e == NULL)		/* no value of it counts */
			continue;
		assert(ml_slice_same(f[i].value, value) &&
		    ml_slice_same(f[i].stamp.author, e->author) &&
		    f[i].stamp.seq == e->seq &&
		    ml_hlc_compare(f[i].stamp.hlc, e->hlc) == 0);
	}
	free(f);
}

/* All of the view, of the set in an order. */
static void
view_of(const size_t *order, uint8_t secret, struct ml_buf *out)
{
	const uint8_t key[ML_TABLE_KEY_LEN] = { secret };
	struct ml_view *v = ml_view_new(key);
	struct ml_view_record **r;
	enum ml_view_use used;
	size_t i, many, from;

	ml_buf_clear(out);
	for (i = 0; i < n; i++) {
		used = ml_view_add(v, &set[order[i]]);
		assert(used != ML_VIEW_NO_MEMORY &&
		    used == ml_view_judge(&set[order[i]]));
	}
	assert((r = ml_view_sorted(v, &many)) != NULL);
	for (i = 0; i < many; i++) {
		assert(ml_view_has(v, ml_view_record_id(r[i])));
		from = out->len;
		assert(ml_view_record_write(v, r[i], out) == 0 &&
		    ml_canon_span(out->p + from, out->p + out->len,
		    ML_JSON_DEPTH_MAX) == out->len - from);
		ml_buf_byte(out, '\n');
		check_fields(v, r[i]);
	}
	free(r);
	ml_view_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_buf want = { 0 }, got = { 0 };
	size_t order[MOST], i, k, swap;
	uint64_t state = len;
	uint8_t turn;

	n = 0;
	if (len > 0 && *data == '{')
		from_lines((const char *)data, len);
	else
		from_codes(data, len);
	for (i = 0; i < n; i++)
		order[i] = i;
	view_of(order, 0, &want);
	for (i = 0; i < n; i++)
		order[i] = n - 1 - i;
	for (turn = 1; turn < 4; turn++) {
		view_of(order, turn, &got);
		assert(want.len == got.len && (want.len == 0 ||
		    memcmp(want.p, got.p, want.len) == 0));
		for (i = n; i > 1; i--) {
			k = given_below(&state, i);
			swap = order[k];
			order[k] = order[i - 1];
			order[i - 1] = swap;
		}
	}
	ml_buf_free(&want);
	ml_buf_free(&got);
	return 0;
}

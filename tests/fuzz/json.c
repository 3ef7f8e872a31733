/* json: a walk meets all there is; members, found quickly and slowly */
#include <assert.h>

#include "../unit/given.h"
#include "canon.h"
#include "change.h"
#include "json.h"
#include "jstring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Walk an object or array; put it together again from what was met. */
static void
walk(struct ml_slice text, struct ml_buf *out)
{
	struct ml_json j = ml_json_enter(text);
	const char *at = text.p, *end = text.p + text.len, *v;
	struct ml_slice key, value;
	int is_object = *text.p == '{', n = 0;

	ml_buf_byte(out, is_object ? '{' : '[');
	for (; ml_json_next(&j, &key, &value); n++) {
		assert(value.p > at && value.len > 0 &&
		    value.len <= (size_t)(end - value.p));
		ml_buf_str(out, n > 0 ? "," : "");
		if (is_object) {
			assert(key.p > at && key.p + key.len < value.p);
			ml_buf_byte(out, '"');
			ml_buf_slice(out, key);
			ml_buf_str(out, "\":");
		}
		v = value.p;
		at = value.p + value.len;
		assert(ml_canon_skip(&v, at, ML_JSON_DEPTH_MAX) == NULL &&
		    v == at && *value.p != ' ');
		ml_buf_slice(out, value);
	}
	ml_buf_byte(out, is_object ? '}' : ']');
}

/* The last member of that name, by comparing canonical keys. */
static struct ml_slice
plain_member(struct ml_slice object, const char *name)
{
	struct ml_json j = ml_json_enter(object);
	struct ml_slice key, value, found = { NULL, 0 };
	struct ml_buf want = { 0 }, got = { 0 };
	const char *at;

	ml_jstring_write(&want, name, strlen(name));
	while (ml_json_next(&j, &key, &value)) {
		ml_buf_clear(&got);
		at = key.p - 1;
		assert(ml_canon_write(&at, key.p + key.len + 1, 0, &got) ==
		    NULL);
		if (ml_slice_same(ml_buf_view(&want), ml_buf_view(&got)))
			found = value;
	}
	ml_buf_free(&want);
	ml_buf_free(&got);
	return found;
}

static int
same_place(struct ml_slice a, struct ml_slice b)
{
	return a.p == b.p && (a.p == NULL || a.len == b.len);
}

/* A member, or its inside where only a string will do. */
static struct ml_slice
member(struct ml_slice object, const char *name, int is_string)
{
	struct ml_slice v = { NULL, 0 }, none = v, plain;

	if (*object.p != '{')
		return v;
	plain = plain_member(object, name);
	assert(ml_json_member(object, name, &v) == (plain.p != NULL) &&
	    same_place(v, plain));
	if (!is_string || v.p == NULL)
		return v;
	return *v.p != '"' ? none :
	    (struct ml_slice){ v.p + 1, v.len - 2 };
}

/* What a payload says, read the quick way, which knows that it is canonical. */
static void
as_payload(struct ml_slice payload)
{
	static const char *const kinds[] = { "record.create", "field.set",
	    "note.add", "attachment.add", "author.key" };
	struct ml_event e = { .payload = payload };
	struct ml_change c = { .kind = ML_CHANGE_UNKNOWN };
	struct ml_slice id = member(payload, "record_id", 1);
	size_t i;

	ml_change_members(&c, payload);
	assert(same_place(c.record_id, id) &&
	    same_place(ml_change_record(&e), id) &&
	    same_place(c.field, member(payload, "field", 1)) &&
	    same_place(c.blob_hash, member(payload, "blob_hash", 1)) &&
	    same_place(c.form, member(payload, "form", 0)) &&
	    same_place(c.by, member(payload, "by", 0)) &&
	    same_place(c.value, member(payload, "value", 0)) &&
	    same_place(c.size, member(payload, "size", 0)) &&
	    same_place(c.mime, member(payload, "mime", 0)) &&
	    same_place(c.text, member(payload, "text", 0)));
	assert((ml_change_hash(id) == 0) == (id.p == NULL));
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		e.kind = slice(kinds[i]);
		ml_change_read(&c, &e);
		assert((c.kind == ML_CHANGE_UNKNOWN) == (i == 4));
		assert(c.kind == ML_CHANGE_UNKNOWN ||
		    c.kind == ML_CHANGE_UNUSABLE || (c.kind == i && id.p !=
		    NULL && (i != 1 || (c.field.p != NULL && c.value.p !=
		    NULL)) && (i != 2 || c.text.p != NULL) && (i != 3 ||
		    (c.field.p != NULL && c.blob_hash.p != NULL))));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "", *at = p, *from;
	struct ml_buf canonical = { 0 }, again = { 0 }, same = { 0 };
	struct ml_slice text;

	if (ml_canon_write(&at, p + len, ML_EVENT_DEPTH_MAX, &canonical) ==
	    NULL) {
		from = ml_json_skip_blanks(p, at);
		text = (struct ml_slice){ from, (size_t)(at - from) };
		if (*from == '{' || *from == '[') {
			walk(text, &again);
			from = again.p;
			assert(ml_canon_write(&from, again.p + again.len,
			    ML_EVENT_DEPTH_MAX, &same) == NULL &&
			    from == again.p + again.len && ml_slice_same(
			    ml_buf_view(&canonical), ml_buf_view(&same)));
			(void)member(text, "value", 0);
		}
		as_payload(ml_buf_view(&canonical));
	}
	ml_buf_free(&canonical);
	ml_buf_free(&again);
	ml_buf_free(&same);
	return 0;
}

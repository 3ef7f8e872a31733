/* change - what an event says about a record */
#include <string.h>

#include "change.h"
#include "table.h"

/* Behind the string that begins at p: its last quote is not escaped. */
static const char *
behind_string(const char *p, const char *end)
{
	const char *quote = p, *back;

	do {
		quote = memchr(quote + 1, '"', (size_t)(end - quote) - 1);
		if (quote == NULL)
			return end;
		for (back = quote; back[-1] == '\\'; back--)
			;
	} while ((quote - back) % 2 != 0);
	return quote + 1;
}

/* Behind the value of a member that begins at p. */
static const char *
behind_value(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			p = behind_string(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
	} while (p < end && (depth > 0 || (*p != ',' && *p != '}')));
	return p;
}

/* Of a name as long as s. */
static int
is(struct ml_slice s, const char *name)
{
	return memcmp(s.p, name, s.len) == 0;
}

/* Where the member of that key goes, or NULL. */
static struct ml_slice *
member(struct ml_change *c, struct ml_slice key)
{
	switch (key.len) {
	case 2:
		return is(key, "by") ? &c->by : NULL;
	case 4:
		return is(key, "form") ? &c->form : is(key, "mime") ? &c->mime :
		    is(key, "size") ? &c->size : is(key, "text") ? &c->text :
		    NULL;
	case 5:
		return is(key, "field") ? &c->field :
		    is(key, "value") ? &c->value : NULL;
	case 9:
		return is(key, "record_id") ? &c->record_id :
		    is(key, "blob_hash") ? &c->blob_hash : NULL;
	default:
		return NULL;
	}
}

static void
unquote(struct ml_slice *s)
{
	if (s->p != NULL && *s->p == '"')
		*s = (struct ml_slice){ s->p + 1, s->len - 2 };
	else
		*s = (struct ml_slice){ 0 };
}

/*
 * Step through an object.  Canonical JSON has no blanks and one spelling of a
 * key, and somebody has looked at every byte of it already: it is enough to
 * find where things end.  *p begins at the brace.
 */
static int
next_member(const char **p, const char *end, struct ml_slice *key,
    struct ml_slice *value)
{
	const char *from = *p + 1, *behind;

	if (from >= end || *from != '"')
		return 0;
	behind = behind_string(from, end);
	if (end - behind < 2)
		return 0;
	*key = (struct ml_slice){ from + 1, (size_t)(behind - from) - 2 };
	from = behind + 1;		/* the colon is between */
	*p = behind_value(from, end);
	*value = (struct ml_slice){ from, (size_t)(*p - from) };
	return 1;
}

void
ml_change_members(struct ml_change *c, struct ml_slice object)
{
	const char *p = object.p, *end = object.p + object.len;
	struct ml_slice key, value, *to;

	*c = (struct ml_change){ .kind = c->kind };
	if (*object.p != '{')
		return;
	while (next_member(&p, end, &key, &value))
		if ((to = member(c, key)) != NULL)
			*to = value;
	unquote(&c->record_id);
	unquote(&c->field);
	unquote(&c->blob_hash);
}

struct ml_slice
ml_change_record(const struct ml_event *e)
{
	const char *p = e->payload.p, *end = p + e->payload.len;
	struct ml_slice key, value;

	/* keys are sorted: what comes behind need not be looked at; first of
	 * all stands the empty one */
	if (*p == '{')
		while (next_member(&p, end, &key, &value) &&
		    (key.len == 0 || key.p[0] <= 'r'))
			if (key.len == 9 && is(key, "record_id")) {
				unquote(&value);
				return value;
			}
	return (struct ml_slice){ NULL, 0 };
}

uint64_t
ml_change_hash(struct ml_slice record_id)
{
	static const uint8_t public[ML_TABLE_KEY_LEN];
	uint64_t hash;

	if (record_id.p == NULL)
		return 0;
	hash = ml_table_hash(public, record_id.p, record_id.len) >> 16;
	return hash != 0 ? hash : 1;
}

static enum ml_change_kind
kind_of(struct ml_slice kind)
{
	if (kind.len == 9 && is(kind, "field.set"))
		return ML_CHANGE_SET;
	if (kind.len == 8 && is(kind, "note.add"))
		return ML_CHANGE_NOTE;
	if (kind.len == 13 && is(kind, "record.create"))
		return ML_CHANGE_CREATE;
	if (kind.len == 14 && is(kind, "attachment.add"))
		return ML_CHANGE_ATTACH;
	return ML_CHANGE_UNKNOWN;
}

void
ml_change_read(struct ml_change *c, const struct ml_event *e)
{
	/* as in the seed: what is stamped before (-1,-1) sets no value */
	static const struct ml_hlc oldest = { -1, -1 };
	int lacks = 0;

	c->kind = kind_of(e->kind);
	if (c->kind == ML_CHANGE_UNKNOWN)
		return;
	ml_change_members(c, e->payload);
	if (c->kind == ML_CHANGE_SET) {
		if (ml_hlc_compare(e->hlc, oldest) < 0)
			c->value = (struct ml_slice){ 0 };
		else
			lacks = c->value.p == NULL;
		lacks |= c->field.p == NULL;
	} else if (c->kind == ML_CHANGE_NOTE)
		lacks = c->text.p == NULL;
	else if (c->kind == ML_CHANGE_ATTACH)
		lacks = c->field.p == NULL || c->blob_hash.p == NULL;
	if (lacks || c->record_id.p == NULL)
		c->kind = ML_CHANGE_UNUSABLE;
}

/* change - what an event says about a record */
#include <string.h>

#include "change.h"

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
 * Canonical JSON has no blanks and one spelling of a key, and somebody has
 * looked at every byte of it already: it is enough to find where things end.
 */
void
ml_change_members(struct ml_change *c, struct ml_slice object)
{
	const char *p = object.p + 1, *end = object.p + object.len, *behind;
	struct ml_slice key, *to;

	*c = (struct ml_change){ .kind = c->kind };
	if (*object.p != '{')
		return;
	for (; p < end && *p == '"'; p = behind + 1) {
		behind = behind_string(p, end);
		key = (struct ml_slice){ p + 1, (size_t)(behind - p) - 2 };
		if (end - behind < 2)
			break;
		p = behind + 1;		/* the colon */
		behind = behind_value(p, end);
		if ((to = member(c, key)) != NULL)
			*to = (struct ml_slice){ p, (size_t)(behind - p) };
	}
	unquote(&c->record_id);
	unquote(&c->field);
	unquote(&c->blob_hash);
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

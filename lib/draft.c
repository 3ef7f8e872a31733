/* draft - an event to be: its kind and its payload */
#include "canon.h"
#include "draft.h"
#include "event.h"
#include "json.h"
#include "jstring.h"

struct ml_slice
ml_draft_kind(const struct ml_draft *d, const struct ml_buf *text)
{
	return (struct ml_slice){ text->p + d->kind, d->kind_len };
}

struct ml_slice
ml_draft_payload(const struct ml_draft *d, const struct ml_buf *text)
{
	return (struct ml_slice){ text->p + d->payload, d->payload_len };
}

/* Text has a kind, with its quotes, from here on. */
static void
note_kind(struct ml_draft *d, size_t from, const struct ml_buf *text)
{
	d->kind = from + 1;
	d->kind_len = text->len - from - 2;
}

/* What will be too long when it is minted is not even gathered. */
static const char *
judge(const struct ml_draft *d, const struct ml_buf *text)
{
	if (ml_name_len(ml_draft_kind(d, text)) > ML_NAME_MAX)
		return "kind: over 256 bytes";
	if (d->payload_len > ML_MINT_MAX)
		return "an event over 64 KiB";
	return NULL;
}

static const char *
read_members(struct ml_draft *d, struct ml_slice line, struct ml_buf *text)
{
	const char *at = line.p, *end = line.p + line.len, *why;
	struct ml_slice kind, payload;
	size_t from = text->len;

	if ((why = ml_canon_skip(&at, end, ML_JSON_DEPTH_MAX)) != NULL)
		return why;
	line.len = (size_t)(at - line.p);
	if (ml_json_skip_blanks(at, end) < end)
		return "not JSON: something follows the value";
	if (*ml_json_skip_blanks(line.p, at) != '{')
		return "not an event to be: no JSON object";
	if (!ml_json_member(line, "kind", &kind) || *kind.p != '"')
		return "kind: missing or not a string";
	if (!ml_json_member(line, "payload", &payload))
		return "payload: missing";
	if ((why = ml_canon_write(&kind.p, kind.p + kind.len, 0, text)) != NULL)
		return why;
	note_kind(d, from, text);
	d->payload = text->len;
	why = ml_canon_write(&payload.p, payload.p + payload.len,
	    ML_MINT_DEPTH_MAX, text);
	d->payload_len = text->len - d->payload;
	return why;
}

const char *
ml_draft_read(struct ml_draft *d, struct ml_slice line, struct ml_buf *text)
{
	size_t from = text->len;
	const char *why = read_members(d, line, text);

	if (why == NULL)
		why = judge(d, text);
	if (why != NULL)
		text->len = from;
	return why;
}

const char *
ml_draft_make(struct ml_draft *d, const char *kind, struct ml_slice payload,
    struct ml_buf *text)
{
	size_t from = text->len;
	const char *why = ml_jstring_write(text, kind, strlen(kind));

	if (why == NULL) {
		note_kind(d, from, text);
		d->payload = text->len;
		d->payload_len = payload.len;
		ml_buf_slice(text, payload);
		why = ml_buf_failed(text) ? ML_NO_MEMORY : judge(d, text);
	}
	if (why != NULL)
		text->len = from;
	return why;
}

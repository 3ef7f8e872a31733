/* record - the payloads of the kinds that make records */
#include <string.h>
#include <strings.h>

#include "canon.h"
#include "event.h"
#include "json.h"
#include "jstring.h"
#include "number.h"
#include "record.h"

/* name: (its quotes and the comma or brace before it are part of it) */
static const char *
member(struct ml_buf *out, const char *name, const char *text)
{
	ml_buf_str(out, name);
	return ml_jstring_write(out, text, strlen(text));
}

const char *
ml_record_create(struct ml_buf *out, const char *record_id, const char *form,
    const char *by)
{
	const char *why;

	if ((why = member(out, "{\"by\":", by)) == NULL &&
	    (why = member(out, ",\"form\":", form)) == NULL)
		why = member(out, ",\"record_id\":", record_id);
	ml_buf_byte(out, '}');
	return why;
}

static const char *
json(struct ml_buf *out, const char *text, unsigned depth_max)
{
	const char *at = text, *end = text + strlen(text), *why;

	if ((why = ml_canon_write(&at, end, depth_max, out)) != NULL)
		return why;
	return ml_json_skip_blanks(at, end) == end ? NULL : "not JSON: something follows the value";
}

const char *
ml_record_json(struct ml_buf *out, const char *text)
{
	return json(out, text, ML_MINT_DEPTH_MAX);
}

/* A number that the canonical form has: 007 and 1e999 are text. */
static int
is_number(const char *text)
{
	size_t len;
	int canonical;

	return ml_number_scan(text, text + strlen(text), &len, &canonical) ==
	    NULL && text[len] == '\0' &&
	    ml_number_write(text, len, NULL) == NULL;
}

static const char *
value(struct ml_buf *out, const char *text, enum ml_value_as as)
{
	if (as == ML_VALUE_JSON || (as == ML_VALUE_GUESSED && is_number(text)))
		return json(out, text, ML_MINT_DEPTH_MAX - 1);
	if (as == ML_VALUE_GUESSED && strcasecmp(text, "true") == 0)
		ml_buf_str(out, "true");
	else if (as == ML_VALUE_GUESSED && strcasecmp(text, "false") == 0)
		ml_buf_str(out, "false");
	else
		return ml_jstring_write(out, text, strlen(text));
	return NULL;
}

const char *
ml_record_set(struct ml_buf *out, const char *record_id, const char *field,
    const char *text, enum ml_value_as as)
{
	const char *why;

	if ((why = member(out, "{\"field\":", field)) == NULL &&
	    (why = member(out, ",\"record_id\":", record_id)) == NULL) {
		ml_buf_str(out, ",\"value\":");
		why = value(out, text, as);
	}
	ml_buf_byte(out, '}');
	return why;
}

const char *
ml_record_note(struct ml_buf *out, const char *record_id, const char *text)
{
	const char *why;

	if ((why = member(out, "{\"record_id\":", record_id)) == NULL)
		why = member(out, ",\"text\":", text);
	ml_buf_byte(out, '}');
	return why;
}

const char *
ml_record_attach(struct ml_buf *out, const char *record_id, const char *field,
    const char *blob_hash, int64_t size, const char *mime)
{
	const char *why;

	if ((why = member(out, "{\"blob_hash\":", blob_hash)) == NULL &&
	    (why = member(out, ",\"field\":", field)) == NULL &&
	    (why = member(out, ",\"mime\":", mime)) == NULL)
		why = member(out, ",\"record_id\":", record_id);
	ml_buf_str(out, ",\"size\":");
	ml_buf_int(out, size);
	ml_buf_byte(out, '}');
	return why;
}

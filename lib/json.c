/* json - step through a value that ml_canon_skip() has accepted */
#include "canon.h"
#include "json.h"
#include "jstring.h"

const char *
ml_json_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

static void
skip_blanks(struct ml_json *j)
{
	j->p = ml_json_skip_blanks(j->p, j->end);
}

struct ml_json
ml_json_enter(struct ml_slice text)
{
	struct ml_json j = { text.p, text.p + text.len };

	skip_blanks(&j);
	j.p++;			/* behind the opening bracket */
	return j;
}

static int
take(struct ml_json *j, struct ml_slice *value)
{
	skip_blanks(j);
	value->p = j->p;
	if (ml_canon_skip(&j->p, j->end, ML_JSON_DEPTH_MAX) != NULL)
		return 0;
	value->len = (size_t)(j->p - value->p);
	return 1;
}

int
ml_json_next(struct ml_json *j, struct ml_slice *key, struct ml_slice *value)
{
	*key = (struct ml_slice){ "", 0 };
	skip_blanks(j);
	if (j->p < j->end && *j->p == ',')
		j->p++;
	skip_blanks(j);
	if (j->p == j->end || *j->p == '}' || *j->p == ']')
		return 0;
	if (!take(j, value))
		return 0;
	skip_blanks(j);
	if (j->p == j->end || *j->p != ':')
		return 1;		/* an element */
	j->p++;
	*key = (struct ml_slice){ value->p + 1, value->len - 2 };
	return take(j, value);
}

int
ml_json_key_is(struct ml_slice key, const char *name)
{
	uint32_t cp;
	size_t n;

	for (; key.len > 0 && *name != '\0'; name++) {
		n = ml_jstring_get(key.p, key.len, &cp);
		if (cp != (unsigned char)*name)
			return 0;
		key.p += n, key.len -= n;
	}
	return key.len == 0 && *name == '\0';
}

int
ml_json_member(struct ml_slice object, const char *name,
    struct ml_slice *value)
{
	struct ml_json j = ml_json_enter(object);
	struct ml_slice key, v;
	int found = 0;

	while (ml_json_next(&j, &key, &v))
		if (ml_json_key_is(key, name)) {
			*value = v;
			found = 1;
		}
	return found;
}

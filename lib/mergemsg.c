/* mergemsg - a message of two that merge */
#include "canon.h"
#include "json.h"
#include "mergemsg.h"
#include "number.h"

#define DEPTH_MAX 8			/* levels of what we do not know */
#define LOW 31				/* bits of the lower value of a pair */

void
ml_mergemsg_write(const struct ml_mergemsg *m, struct ml_buf *out)
{
	unsigned i;

	ml_buf_str(out, "{\"msg_type\":\"");
	ml_buf_str(out, m->type);
	ml_buf_str(out, "\",\"values\":[");
	for (i = 0; i < m->n; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		ml_buf_int(out, m->value[i]);
	}
	ml_buf_str(out, "]}");
}

static const char *
read_type(struct ml_mergemsg *m, struct ml_slice text)
{
	size_t i;

	if (text.len < 3 || *text.p != '"' ||
	    text.len - 2 > ML_MERGEMSG_TYPE_MAX)
		return "msg_type: not a text of 1 to 5 characters";
	for (i = 1; i < text.len - 1; i++) {
		if (text.p[i] < 'A' || text.p[i] > 'Z')
			return "msg_type: not of capital letters";
		m->type[i - 1] = text.p[i];
	}
	m->type[i - 1] = '\0';
	return NULL;
}

static const char *
read_values(struct ml_mergemsg *m, struct ml_slice text)
{
	struct ml_slice key, value;
	struct ml_json list;
	int64_t v;

	if (*text.p != '[')
		return "values: not a list";
	list = ml_json_enter(text);
	for (m->n = 0; ml_json_next(&list, &key, &value); m->n++) {
		if (m->n == ML_MERGEMSG_VALUES_MAX)
			return "values: more than 10";
		if (!ml_number_int(value, &v) || v < 0 ||
		    v > ML_MERGEMSG_VALUE_MAX)
			return "values: not an integer from 0 to 2^31 - 1";
		m->value[m->n] = (uint32_t)v;
	}
	return NULL;
}

const char *
ml_mergemsg_read(struct ml_mergemsg *m, struct ml_slice line)
{
	const char *p = line.p, *end = line.p + line.len, *why;
	struct ml_slice value;

	if ((why = ml_canon_skip(&p, end, DEPTH_MAX)) != NULL)
		return why;
	line.p = ml_json_skip_blanks(line.p, end);
	if (*line.p != '{' || ml_json_skip_blanks(p, end) != end)
		return "not a message: no JSON object alone on its line";
	line.len = (size_t)(p - line.p);
	if (!ml_json_member(line, "msg_type", &value))
		return "not a message: no msg_type";
	if ((why = read_type(m, value)) != NULL)
		return why;
	if (!ml_json_member(line, "values", &value))
		return "not a message: no values";
	return read_values(m, value);
}

void
ml_mergemsg_put(struct ml_mergemsg *m, uint64_t v)
{
	m->value[m->n++] = (uint32_t)(v >> LOW);
	m->value[m->n++] = (uint32_t)(v & ML_MERGEMSG_VALUE_MAX);
}

uint64_t
ml_mergemsg_get(const struct ml_mergemsg *m, unsigned pair)
{
	return (uint64_t)m->value[2 * pair] << LOW | m->value[2 * pair + 1];
}

/* httpstate - what a file holds of a body */
#include "httpstate.h"

static void
put(struct ml_buf *out, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	ml_buf_str(out, name);
	ml_buf_str(out, ": ");
	ml_buf_str(out, value);
	ml_buf_byte(out, '\n');
}

void
ml_httpstate_write(struct ml_buf *out, const struct ml_httpstate *s)
{
	put(out, "Request", s->request);
	put(out, "Boot", s->boot);
	put(out, "ETag", s->validators.etag);
	put(out, "Last-Modified", s->validators.modified);
	/* its day alone would not say that Last-Modified is strong */
	if (s->validators.date_s > s->validators.modified_s)
		put(out, "Modified-Is", "strong");
	ml_buf_str(out, "Size: ");
	ml_buf_int(out, s->size);
	ml_buf_byte(out, '\n');
}

/* Copy a value that fits: 1, or 0. */
static int
take(char *to, size_t room, struct ml_slice value)
{
	if (value.len > room)
		return 0;
	memcpy(to, value.p, value.len);
	to[value.len] = '\0';
	return 1;
}

static int
note(struct ml_httpstate *s, const struct ml_http_header *h, int *strong)
{
	if (ml_http_name_is(h->name, "request"))
		return take(s->request, ML_HTTPSTATE_REQUEST, h->value);
	if (ml_http_name_is(h->name, "boot"))
		return take(s->boot, ML_HTTPSTATE_BOOT, h->value);
	if (ml_http_name_is(h->name, "size"))
		return (s->size = ml_http_number(h->value)) != -1;
	if (ml_http_name_is(h->name, "modified-is"))
		*strong = ml_slice_is(h->value, "strong");
	else if (!ml_http_name_is(h->name, "date"))
		ml_http_validators_note(&s->validators, h);
	return 1;
}

int
ml_httpstate_read(struct ml_httpstate *s, struct ml_slice text)
{
	const char *p = text.p, *end = p + text.len, *newline;
	struct ml_http_header h;
	int strong = 0, good = 1;

	*s = (struct ml_httpstate){ .size = -1 };
	ml_http_validators_clear(&s->validators);
	if (text.len > ML_HTTPSTATE_MAX)
		return 0;
	while (good && p < end) {
		if ((newline = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return 0;
		good = ml_http_header((struct ml_slice){ p,
		    (size_t)(newline - p) }, &h) && note(s, &h, &strong);
		p = newline + 1;
	}
	if (strong && s->validators.modified_s != -1)
		s->validators.date_s = s->validators.modified_s + 1;
	return good && s->size != -1 &&
	    strlen(s->request) == ML_HTTPSTATE_REQUEST;
}

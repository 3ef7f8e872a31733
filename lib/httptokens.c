/* httptokens - what is left to spend on retries to each host */
#include "http.h"
#include "httptokens.h"

#define HOST_LEN_MAX 300		/* bytes: a name has 253, a port 6 */

struct line {
	struct ml_slice whole, host;	/* whole: with its newline */
	int tokens;
};

/* The next good line from *text: 1, or 0 at its end. */
static int
next_line(struct ml_slice *text, struct line *l)
{
	while (text->len > 0) {
		const char *end = memchr(text->p, '\n', text->len);
		const char *blank;
		int64_t n;

		if (end == NULL)
			return 0;
		l->whole = (struct ml_slice){ text->p,
		    (size_t)(end + 1 - text->p) };
		text->p += l->whole.len;
		text->len -= l->whole.len;
		blank = memchr(l->whole.p, ' ', l->whole.len);
		if (blank == NULL)
			continue;
		l->host = (struct ml_slice){ blank + 1,
		    (size_t)(end - blank - 1) };
		n = ml_http_number((struct ml_slice){ l->whole.p,
		    (size_t)(blank - l->whole.p) });
		if (n < 0 || n >= ML_HTTPTOKENS_FULL || l->host.len == 0 ||
		    l->host.len > HOST_LEN_MAX)
			continue;
		l->tokens = (int)n;
		return 1;
	}
	return 0;
}

int
ml_httptokens_get(struct ml_slice text, struct ml_slice host)
{
	int tokens = ML_HTTPTOKENS_FULL;
	struct line l;

	if (text.len > ML_HTTPTOKENS_MAX)
		return tokens;
	while (next_line(&text, &l))
		if (ml_slice_same(l.host, host))
			tokens = l.tokens;
	return tokens;
}

void
ml_httptokens_set(struct ml_buf *out, struct ml_slice text,
    struct ml_slice host, int tokens)
{
	struct ml_slice rest = text;
	struct line l;
	size_t n = 0;

	if (text.len > ML_HTTPTOKENS_MAX)
		rest.len = text.len = 0;
	while (next_line(&rest, &l))
		n += !ml_slice_same(l.host, host);
	while (next_line(&text, &l))
		if (!ml_slice_same(l.host, host) &&
		    n-- < ML_HTTPTOKENS_HOSTS_MAX)
			ml_buf_slice(out, l.whole);
	if (tokens >= ML_HTTPTOKENS_FULL || host.len == 0 ||
	    host.len > HOST_LEN_MAX)
		return;
	ml_buf_int(out, tokens);
	ml_buf_byte(out, ' ');
	ml_buf_slice(out, host);
	ml_buf_byte(out, '\n');
}

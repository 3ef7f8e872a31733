/* http: what is read of headers, states and tokens holds what it promises, and
 * what is written of it is read as what it was */
#include <assert.h>
#include <stdlib.h>

#include "fetchset.h"
#include "http.h"
#include "httpstate.h"
#include "httptokens.h"
#include "httpurl.h"
#include "keywords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_value(struct ml_slice v)
{
	struct ml_http_range r;
	double wait = ml_http_retry_after(v, 1000000);

	assert(wait == -1 || (wait >= 0 && wait <= 1e9));
	assert(ml_http_date(v) >= -1 && ml_http_number(v) >= -1);
	if (ml_http_content_range(v, &r))
		assert(r.first == -1 ? r.total >= 0 : r.first >= 0 &&
		    r.last >= r.first && (r.total == -1 || r.last < r.total));
}

static void
check_header(struct ml_slice line)
{
	struct ml_http_validators v;
	struct ml_http_header h;

	check_value(line);
	if (!ml_http_header(line, &h))
		return;
	assert(h.name.len > 0 && h.name.len + h.value.len < line.len);
	check_value(h.value);
	ml_http_validators_clear(&v);
	ml_http_validators_note(&v, &h);
	assert(strlen(v.etag) <= ML_HTTP_VALIDATOR_MAX &&
	    strlen(v.modified) <= ML_HTTP_VALIDATOR_MAX);
	assert(strpbrk(v.etag, "\r\n") == NULL &&
	    strpbrk(v.modified, "\r\n") == NULL);
}

static void
check_url(struct ml_slice url)
{
	struct ml_buf shown = { 0 };

	if (ml_httpurl_check(url) == NULL) {
		ml_httpurl_shown(&shown, url);
		assert(shown.len <= url.len &&
		    ml_httpurl_check(ml_buf_view(&shown)) == NULL);
	}
	ml_buf_free(&shown);
}

/* A line of standard input. */
static void
check_target(struct ml_slice text)
{
	struct ml_fetch_target t;
	char *line = strndup(text.p, text.len);

	assert(line != NULL);
	if (ml_fetchset_target(&t, line, text.len) == NULL && *t.url != '\0') {
		assert(ml_httpurl_check((struct ml_slice){ t.url,
		    strlen(t.url) }) == NULL);
		assert(t.file == NULL || (*t.file != '\0' &&
		    t.file + strlen(t.file) <= line + text.len));
	}
	free(line);
}

static void
check_state(struct ml_slice text)
{
	struct ml_buf out = { 0 };
	struct ml_httpstate s, t;

	if (ml_httpstate_read(&s, text)) {
		assert(s.size >= 0);
		ml_httpstate_write(&out, &s);
		assert(ml_httpstate_read(&t, ml_buf_view(&out)));
		assert(s.size == t.size && strcmp(s.request, t.request) == 0 &&
		    strcmp(s.validators.etag, t.validators.etag) == 0 &&
		    (ml_http_strong(&s.validators) == NULL) ==
		    (ml_http_strong(&t.validators) == NULL));
	}
	ml_buf_free(&out);
}

static void
check_tokens(struct ml_slice text)
{
	static const struct ml_slice host = { "host", 4 };
	struct ml_buf out = { 0 };
	int n = ml_httptokens_get(text, host);

	assert(n >= 0 && n <= ML_HTTPTOKENS_FULL);
	ml_httptokens_set(&out, text, host, 3);
	assert(ml_httptokens_get(ml_buf_view(&out), host) == 3);
	assert(out.len <= text.len + 7);
	ml_buf_free(&out);
}

static void
check_words(struct ml_slice text)
{
	static const char *const words[] = { "ab", "bytes", "a" };
	struct ml_keywords whole, bytes;
	size_t i;

	ml_keywords_begin(&whole, words, 3);
	ml_keywords_begin(&bytes, words, 3);
	ml_keywords_feed(&whole, text.p, text.len);
	for (i = 0; i < text.len; i++)
		ml_keywords_feed(&bytes, text.p + i, 1);
	assert(whole.found == bytes.found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 0 ? (const char *)data : "", len };

	check_header(text);
	check_url(text);
	check_target(text);
	check_state(text);
	check_tokens(text);
	check_words(text);
	return 0;
}

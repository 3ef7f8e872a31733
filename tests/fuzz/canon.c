/* canon: the quick way, the slow way and the checking way must agree */
#include <assert.h>
#include <string.h>

#include "canon.h"
#include "jstring.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the slow way takes, once and again. */
static void
agree(const char *p, const char *end, unsigned depth)
{
	struct ml_buf out = { 0 }, again = { 0 }, indented = { 0 };
	const char *at = p, *skipped = p, *from;
	const char *why = ml_canon_write(&at, end, depth, &out);
	const char *why_not = ml_canon_skip(&skipped, end, depth);
	size_t span = ml_canon_span(p, end, depth), n;

	assert(why == why_not && at == skipped);
	assert(at >= p && at <= end);
	n = (size_t)(at - p);
	if (span != 0)
		assert(why == NULL && n == span && out.len == span &&
		    memcmp(out.p, p, span) == 0);
	if (why == NULL) {
		if (out.len == n && memcmp(out.p, p, n) == 0)
			assert(span == n);
		from = out.p;
		assert(ml_canon_span(out.p, out.p + out.len, depth) == out.len);
		assert(ml_canon_write(&from, out.p + out.len, depth,
		    &again) == NULL && from == out.p + out.len);
		assert(ml_slice_same(ml_buf_view(&out), ml_buf_view(&again)));
		ml_canon_indent(&indented, ml_buf_view(&out), 0);
		from = indented.p;
		ml_buf_clear(&again);
		assert(ml_canon_write(&from, indented.p + indented.len, depth,
		    &again) == NULL && from == indented.p + indented.len);
		assert(ml_slice_same(ml_buf_view(&out), ml_buf_view(&again)));
	}
	ml_buf_free(&indented);
	ml_buf_free(&out);
	ml_buf_free(&again);
}

/* Any text is a string, and comes back. */
static void
as_text(const char *p, size_t len)
{
	struct ml_buf out = { 0 }, back = { 0 };
	const char *why = ml_jstring_write(&out, p, len);
	char utf8[ML_UTF8_LEN_MAX];
	struct ml_slice in;
	uint32_t cp;
	size_t n;

	assert((why == NULL) == ml_utf8_valid(p, len));
	if (why == NULL) {
		assert(ml_jstring_span(out.p, out.p + out.len) ==
		    out.len);
		in = (struct ml_slice){ out.p + 1, out.len - 2 };
		assert(ml_jstring_compare(in, in) == 0);
		for (; in.len > 0; in.p += n, in.len -= n) {
			n = ml_jstring_get(in.p, in.len, &cp);
			assert(n > 0 && n <= in.len);
			ml_buf_add(&back, utf8, ml_utf8_put(utf8, cp));
		}
		assert(back.len == len && (len == 0 ||
		    memcmp(back.p, p, len) == 0));
	}
	ml_buf_free(&out);
	ml_buf_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "";

	agree(p, p + len, ML_JSON_DEPTH_MAX);
	agree(p, p + len, 2);
	agree(p, p + len, 0);
	as_text(p, len);
	return 0;
}

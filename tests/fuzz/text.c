/* text: any bytes come out printable, none of them lost; UTF-8; times */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "canon.h"
#include "jstring.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* UTF-8 by its definition: what the lead byte promises, and nothing shorter. */
static size_t
plain_get(const uint8_t *p, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	size_t more = *p < 0x80 ? 0 : *p < 0xc0 ? 4 : *p < 0xe0 ? 1 :
	    *p < 0xf0 ? 2 : *p < 0xf8 ? 3 : 4, i;

	if (more == 4 || more >= len)
		return 0;
	*cp = more == 0 ? *p : *p & (0x3fu >> more);
	for (i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	return *cp < least[more] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp < 0xe000) ? 0 : more + 1;
}

static void
as_utf8(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data, *end = p + len;
	uint32_t cp, want;
	char back[ML_UTF8_LEN_MAX];
	size_t n, i, whole = 0;

	for (i = 0; i < len; i++) {
		n = plain_get(data + i, len - i, &want);
		assert(ml_utf8_get(p + i, end, &cp) == n);
		if (n == 0)
			continue;
		assert(cp == want && ml_utf8_put(back, cp) == n &&
		    memcmp(back, p + i, n) == 0);
		if (whole == i)
			whole += n;
	}
	assert(ml_utf8_valid(p, len) == (whole == len));
}

/* Nothing but what a terminal may show. */
static void
is_printable(struct ml_slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.len > 0; s.p += n, s.len -= n) {
		n = ml_utf8_get(s.p, s.p + s.len, &cp);
		assert(n > 0 && cp >= 0x20 && cp != 0x7f &&
		    !(cp >= 0x80 && cp < 0xa0) &&
		    !(cp >= 0x202a && cp <= 0x202e) &&
		    !(cp >= 0x2066 && cp <= 0x2069) &&
		    (cp == '\\' || !ml_text_is_unsafe(cp)));
	}
}

/* Undo it: what it was made of. */
static void
undo(struct ml_slice s, struct ml_buf *out)
{
	const char *p = s.len > 0 ? s.p : "", *end = p + s.len;
	char text[16] = { 0 }, *behind;
	unsigned long v;
	size_t n;

	while (p < end) {
		if (*p != '\\' || p[1] == '\\') {
			ml_buf_byte(out, *p);
			p += *p == '\\' ? 2 : 1;
			continue;
		}
		n = (size_t)(end - p) < sizeof text - 1 ? (size_t)(end - p) :
		    sizeof text - 1;
		memcpy(text, p, n);
		text[n] = '\0';
		if (p[1] == 'x')
			text[4] = '\0';
		else if (p[2] != '{')
			text[6] = '\0';
		v = strtoul(text + (p[2] == '{' ? 3 : 2), &behind, 16);
		if (p[1] == 'x')
			ml_buf_byte(out, (char)v);
		else
			ml_buf_add(out, text + 8, ml_utf8_put(text + 8,
			    (uint32_t)v));
		p += behind - text + (p[2] == '{');
	}
}

static void
as_text(const char *p, size_t len)
{
	struct ml_buf shown = { 0 }, back = { 0 }, string = { 0 },
	    other = { 0 };

	ml_text_bytes(&shown, p, len);
	is_printable(ml_buf_view(&shown));
	undo(ml_buf_view(&shown), &back);
	assert(back.len == len && (len == 0 || memcmp(back.p, p, len) == 0));
	if (ml_jstring_write(&string, p, len) == NULL) {
		ml_text_canon(&other, (struct ml_slice){ string.p + 1,
		    string.len - 2 });
		assert(ml_slice_same(ml_buf_view(&shown),
		    ml_buf_view(&other)));
	}
	ml_buf_free(&shown);
	ml_buf_free(&back);
	ml_buf_free(&string);
	ml_buf_free(&other);
}

/* The string that a JSON text is, lone surrogates and all. */
static void
as_string(const char *p, size_t len)
{
	struct ml_buf string = { 0 }, shown = { 0 };
	const char *at = p;

	if (ml_canon_write(&at, p + len, 0, &string) == NULL &&
	    *string.p == '"') {
		ml_text_canon(&shown, (struct ml_slice){ string.p + 1,
		    string.len - 2 });
		is_printable(ml_buf_view(&shown));
	}
	ml_buf_free(&string);
	ml_buf_free(&shown);
}

/* A time as gmtime() has it, where that is exact too. */
static void
as_time(const uint8_t *data, size_t len)
{
	struct ml_buf out = { 0 };
	char want[64];
	struct tm tm;
	int64_t ms = 0;
	time_t t;

	memcpy(&ms, data, len < sizeof ms ? len : sizeof ms);
	ml_text_time(&out, ms);
	is_printable(ml_buf_view(&out));
	if (ms > INT64_C(-62167219200000) && ms < INT64_C(253402300800000)) {
		t = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
		assert(gmtime_r(&t, &tm) != NULL && strftime(want, sizeof want,
		    "%Y-%m-%dT%H:%M:%S", &tm) > 0);
		assert(tm.tm_year < 1000 - 1900 || (out.len == 24 &&
		    memcmp(out.p, want, 19) == 0));
		assert(atoi(out.p + out.len - 4) == (ms % 1000 + 1000) % 1000);
	}
	ml_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t nothing[1];
	const char *p;

	if (len == 0)
		data = nothing;
	p = (const char *)data;
	as_utf8(data, len);
	as_text(p, len);
	as_string(p, len);
	as_time(data, len);
	return 0;
}

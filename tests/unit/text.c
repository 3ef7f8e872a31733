/* text - what a peer may send to a terminal, and times */
#include "given.h"
#include "number.h"
#include "text.h"
#include "unit.h"

static void
check_bytes(void)
{
	static const struct {
		const char *what, *in, *out;
	} table[] = {
		{ "nothing", "", "" },
		{ "plain", "plain text ~", "plain text ~" },
		{ "escape", "\x1b[31mred\x1b[0m",
		    "\\u001b[31mred\\u001b[0m" },
		{ "carriage return", "ok\rno", "ok\\u000dno" },
		{ "backspace", "ab\b\bcd", "ab\\u0008\\u0008cd" },
		{ "newline, tab, bell", "a\nb\tc\a",
		    "a\\u000ab\\u0009c\\u0007" },
		{ "delete", "a\x7f", "a\\u007f" },
		{ "the last of C0", "\x1f", "\\u001f" },
		{ "C1: CSI", "\xc2\x9b" "31m", "\\u009b31m" },
		{ "C1: first and last", "\xc2\x80\xc2\x9f", "\\u0080\\u009f" },
		{ "no-break space is behind C1", "\xc2\xa0", "\xc2\xa0" },
		{ "soft hyphen", "\xc2\xad", "\\u00ad" },
		{ "bidi marks", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c",
		    "\\u200e\\u200f\\u061c" },
		{ "bidi overrides", "\xe2\x80\xaa\xe2\x80\xae" "fdp.exe",
		    "\\u202a\\u202efdp.exe" },
		{ "bidi isolates", "\xe2\x81\xa6\xe2\x81\xa9",
		    "\\u2066\\u2069" },
		{ "line separator", "\xe2\x80\xa8", "\\u2028" },
		{ "paragraph separator", "\xe2\x80\xa9", "\\u2029" },
		{ "zero width space", "\xe2\x80\x8b", "\\u200b" },
		{ "word joiner", "\xe2\x81\xa0", "\\u2060" },
		{ "byte order mark", "\xef\xbb\xbf", "\\ufeff" },
		{ "annotations", "\xef\xbf\xb9\xef\xbf\xbb", "\\ufff9\\ufffb" },
		{ "invisible: a grapheme joiner, shorthand, beams",
		    "\xcd\x8f\xf0\x9b\xb2\xa0\xf0\x9d\x85\xb3",
		    "\\u034f\\u{1bca0}\\u{1d173}" },
		{ "noncharacters", "\xef\xbf\xbe\xf0\x9f\xbf\xbf",
		    "\\ufffe\\u{1ffff}" },
		{ "tags", "\xf3\xa0\x80\x81\xf3\xa0\x81\xbf",
		    "\\u{e0001}\\u{e007f}" },
		{ "backslash", "a\\b\\\\", "a\\\\b\\\\\\\\" },
		{ "what looks like an escape of ours", "\\u001b", "\\\\u001b" },
		{ "letters", "\xc3\xa9\xd9\x85\xe7\x94\xb0\xe0\xa4\x95",
		    "\xc3\xa9\xd9\x85\xe7\x94\xb0\xe0\xa4\x95" },
		{ "joiners, which scripts need",
		    "\xe2\x80\x8c\xe2\x80\x8d", "\xe2\x80\x8c\xe2\x80\x8d" },
		{ "beyond 16 bits", "\xf0\x9f\x92\xa7", "\xf0\x9f\x92\xa7" },
		{ "replacement character", "\xef\xbf\xbd", "\xef\xbf\xbd" },
		/* no UTF-8 */
		{ "a stray byte", "a\xff" "b", "a\\xffb" },
		{ "a lone continuation", "\x80\xbf", "\\x80\\xbf" },
		{ "cut off", "\xe7\x94", "\\xe7\\x94" },
		{ "cut off by a letter", "\xf0\x9f\x92" "a",
		    "\\xf0\\x9f\\x92a" },
		{ "overlong", "\xc0\xaf\xe0\x80\xaf",
		    "\\xc0\\xaf\\xe0\\x80\\xaf" },
		{ "overlong escape", "\xc0\x9b", "\\xc0\\x9b" },
		{ "a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "beyond Unicode", "\xf4\x90\x80\x80",
		    "\\xf4\\x90\\x80\\x80" },
		{ "C1 as Latin-1", "\x9b" "31m", "\\x9b31m" },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&out);
		ml_buf_byte(&out, '>');
		ml_text_bytes(&out, table[i].in, strlen(table[i].in));
		ok(out.len > 0 && ml_slice_is((struct ml_slice){ out.p + 1,
		    out.len - 1 }, table[i].out), "bytes: %s", table[i].what);
	}
	ml_buf_clear(&out);
	ml_text_bytes(&out, "a\0b", 3);
	ok(holds(&out, "a\\u0000b"), "bytes: NUL");
	ml_buf_free(&out);
}

/* No output holds what drives a terminal, whatever comes in. */
static void
check_any_bytes(void)
{
	struct ml_buf out = { 0 };
	uint64_t state = 4;
	char in[64];
	size_t i, n;
	int round, bad = 0;

	for (round = 0; round < 20000; round++) {
		n = given_below(&state, sizeof in);
		for (i = 0; i < n; i++)
			in[i] = (char)given_random(&state);
		ml_buf_clear(&out);
		ml_text_bytes(&out, in, n);
		for (i = 0; i < out.len; i++) {
			unsigned char c = (unsigned char)out.p[i];

			bad += c < 0x20 || c == 0x7f || (c == 0xc2 &&
			    (unsigned char)out.p[i + 1] < 0xa0);
		}
	}
	ok(bad == 0, "random bytes: no control character comes out");
	ml_buf_free(&out);
}

static void
check_canonical(void)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "", "" }, { "R-1", "R-1" },
		{ "\\u001b[2J", "\\u001b[2J" },
		{ "\\n\\r\\t\\b\\f", "\\u000a\\u000d\\u0009\\u0008\\u000c" },
		{ "\\\"", "\"" }, { "\\\\", "\\\\" },
		{ "\\\\u001b", "\\\\u001b" },
		{ "\\u0000", "\\u0000" }, { "\\u007f", "\\u007f" },
		{ "\\u009b", "\\u009b" }, { "\\u00e9", "\xc3\xa9" },
		{ "\\u7530\\u4e2d", "\xe7\x94\xb0\xe4\xb8\xad" },
		{ "\\u202e", "\\u202e" }, { "\\u2028", "\\u2028" },
		{ "\\ud83d\\udca7", "\xf0\x9f\x92\xa7" },
		{ "\\udb40\\udc01", "\\u{e0001}" },
		{ "\\ud800", "\\ud800" }, { "\\udc00", "\\udc00" },
		{ "\\udc00\\ud800", "\\udc00\\ud800" },
		{ "\\ud800a", "\\ud800a" },
		{ "\\ud83d\\ud83d\\udca7", "\\ud83d\xf0\x9f\x92\xa7" },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&out);
		ml_buf_byte(&out, '>');
		ml_text_canon(&out, slice(table[i].in));
		ok(out.len > 0 && ml_slice_is((struct ml_slice){ out.p + 1,
		    out.len - 1 }, table[i].out), "canonical: %s",
		    table[i].in);
	}
	ml_buf_free(&out);
}

static void
check_times(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} table[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 1763617654123, "2025-11-20T05:47:34.123Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 951868799999, "2000-02-29T23:59:59.999Z" },
		{ 951868800000, "2000-03-01T00:00:00.000Z" },
		{ 1709164800000, "2024-02-29T00:00:00.000Z" },
		{ 4102444800000, "2100-01-01T00:00:00.000Z" },
		{ 4107542399999, "2100-02-28T23:59:59.999Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ -12219292800000, "1582-10-15T00:00:00.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ 253402300800000, "10000-01-01T00:00:00.000Z" },
		{ -62135596800000, "0001-01-01T00:00:00.000Z" },
		{ -62135596800001, "0000-12-31T23:59:59.999Z" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z" },
		/* a sign takes none of the four digits: ISO 8601, 4.1.2.4 */
		{ -62167219200001, "-0001-12-31T23:59:59.999Z" },
		{ -62198755200000, "-0001-01-01T00:00:00.000Z" },
		{ -377705116800000, "-9999-01-01T00:00:00.000Z" },
		{ -377705116800001, "-10000-12-31T23:59:59.999Z" },
		{ ML_INT_MAX, "287396-10-12T08:59:00.992Z" },
		{ -ML_INT_MAX, "-283457-03-21T15:00:59.008Z" },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&out);
		ml_text_time(&out, table[i].ms);
		ok(holds(&out, table[i].text), "%lld is %s, not %.*s",
		    (long long)table[i].ms, table[i].text, (int)out.len, out.p);
	}
	ml_buf_free(&out);
}

int
main(void)
{
	check_bytes();
	check_any_bytes();
	check_canonical();
	check_times();
	return unit_done();
}

/* canon: the golden canonical forms, both ways to read one, and order */
#include <sodium.h>

#include "canon.h"
#include "jstring.h"
#include "unit.h"
#include "vectors.h"

static void
check_vector(struct ml_slice line, unsigned long number)
{
	struct ml_slice in, canonical, digest, error;
	struct ml_buf text = { 0 }, out = { 0 }, want = { 0 };
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1];
	const char *at, *end, *why;
	size_t span;

	if (!ml_json_member(line, "in", &in)) {
		ok(0, "line %lu has an input", number);
		return;
	}
	vectors_text(in, &text);
	ml_buf_byte(&text, '\0');	/* so that p is no NULL */
	at = text.p;
	end = text.p + text.len - 1;
	why = ml_canon_write(&at, end, ML_JSON_DEPTH_MAX, &out);
	if (why == NULL)
		while (at < end && strchr(" \t\r\n", *at) != NULL && *at != 0)
			at++;
	if (ml_json_member(line, "error", &error)) {
		ok(why != NULL || at < end, "line %lu is refused", number);
		ok((span = ml_canon_span(text.p, end, ML_JSON_DEPTH_MAX)) == 0 ||
		    text.p + span < end, "line %lu: the quick way as well",
		    number);
		goto out;
	}
	ml_json_member(line, "canonical", &canonical);
	ml_json_member(line, "sha256_32", &digest);
	vectors_text(canonical, &want);
	ok(why == NULL && at == end && ml_slice_same(ml_buf_view(&out),
	    ml_buf_view(&want)), "line %lu: %s", number,
	    why != NULL ? why : "the canonical form");
	crypto_hash_sha256(hash, (unsigned char *)out.p, out.len);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	ok(memcmp(hex, digest.p + 1, 32) == 0, "line %lu: its hash", number);
	/* the quick way takes the canonical form, and the input only if it is */
	ok(ml_canon_span(out.p, out.p + out.len, ML_JSON_DEPTH_MAX) == out.len,
	    "line %lu: the quick way takes the result", number);
	span = ml_canon_span(text.p, end, ML_JSON_DEPTH_MAX);
	ok((span == (size_t)(end - text.p)) == ml_slice_same(ml_buf_view(&out),
	    (struct ml_slice){ text.p, (size_t)(end - text.p) }),
	    "line %lu: the quick way takes nothing else", number);
out:
	ml_buf_free(&text);
	ml_buf_free(&out);
	ml_buf_free(&want);
}

static struct ml_slice
slice(const char *s)
{
	return (struct ml_slice){ s, strlen(s) };
}

static void
check_order(void)
{
	static const char *const ascending[] = { "", "\\u0000", "\\n", " ",
	    "\\\"", "#", "A", "Aa", "\\\\", "a", "\\u007f", "\\u00e9",
	    "\\ud800", "\\ud800a", "\\uffff", "\\ud83d\\ude00" };
	size_t i, j, n = sizeof ascending / sizeof ascending[0];

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			ok((ml_jstring_compare(slice(ascending[i]),
			    slice(ascending[j])) > 0) == (i > j),
			    "%s against %s", ascending[i], ascending[j]);
}

static void
check_depth(void)
{
	struct ml_buf text = { 0 };
	unsigned i;
	const char *at;

	for (i = 0; i < ML_JSON_DEPTH_MAX; i++)
		ml_buf_byte(&text, '[');
	for (i = 0; i < ML_JSON_DEPTH_MAX; i++)
		ml_buf_byte(&text, ']');
	at = text.p;
	ok(ml_canon_skip(&at, text.p + text.len, ML_JSON_DEPTH_MAX) == NULL,
	    "as deep as may be");
	ok(ml_canon_span(text.p, text.p + text.len, ML_JSON_DEPTH_MAX) ==
	    text.len, "the quick way too");
	at = text.p;
	ok(ml_canon_skip(&at, text.p + text.len, ML_JSON_DEPTH_MAX - 1) != NULL,
	    "one level too deep");
	ok(ml_canon_span(text.p, text.p + text.len, ML_JSON_DEPTH_MAX - 1) == 0,
	    "the quick way too");
	ml_buf_free(&text);
}

static void
check_indent(void)
{
	struct ml_buf out = { 0 };

	ml_canon_indent(&out, slice("{\"a\":[],\"b\":[1,{\"c\":\"x,:{\"}],"
	    "\"d\":{}}"), 0);
	ml_buf_byte(&out, '\0');
	ok(strcmp(out.p, "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {\n"
	    "      \"c\": \"x,:{\"\n    }\n  ],\n  \"d\": {}\n}") == 0,
	    "indented as Python does");
	ml_buf_free(&out);
}

int
main(void)
{
	struct ml_lines lines = vectors_open("canonical.jsonl");
	struct ml_slice line;

	if (sodium_init() == -1)
		return 1;
	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END)
		check_vector(line, (unsigned long)lines.number);
	vectors_close(&lines);
	check_order();
	check_depth();
	check_indent();
	return unit_done();
}

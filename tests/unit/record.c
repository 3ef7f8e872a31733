/* record - payloads are canonical, and what a value is taken for */
#include "canon.h"
#include "event.h"
#include "given.h"
#include "record.h"
#include "unit.h"

static int
is_canonical(const struct ml_buf *b)
{
	return ml_canon_span(b->p, b->p + b->len, ML_MINT_DEPTH_MAX) == b->len;
}

static void
check_payloads(void)
{
	struct ml_buf out = { 0 };

	ok(ml_record_create(&out, "R-1", "well", "base") == NULL &&
	    holds(&out, "{\"by\":\"base\",\"form\":\"well\","
	    "\"record_id\":\"R-1\"}") && is_canonical(&out), "create");
	ml_buf_clear(&out);
	ok(ml_record_create(&out, "\xf0\x9f\x92\xa7", "a\"b\\c/d",
	    "\xc3\xa9\n\x7f") == NULL && holds(&out,
	    "{\"by\":\"\\u00e9\\n\\u007f\",\"form\":\"a\\\"b\\\\c/d\","
	    "\"record_id\":\"\\ud83d\\udca7\"}") && is_canonical(&out),
	    "create, with what must be escaped");
	ml_buf_clear(&out);
	ok(ml_record_set(&out, "R-1", "depth", "7", ML_VALUE_GUESSED) == NULL &&
	    holds(&out, "{\"field\":\"depth\",\"record_id\":\"R-1\","
	    "\"value\":7}") && is_canonical(&out), "set");
	ml_buf_clear(&out);
	ok(ml_record_note(&out, "R-1", "two\tparts") == NULL &&
	    holds(&out, "{\"record_id\":\"R-1\",\"text\":\"two\\tparts\"}") &&
	    is_canonical(&out), "note");
	ml_buf_clear(&out);
	ok(ml_record_attach(&out, "R-1", "photo", "ff00", 7981982,
	    "image/jpeg") == NULL && holds(&out, "{\"blob_hash\":\"ff00\","
	    "\"field\":\"photo\",\"mime\":\"image/jpeg\","
	    "\"record_id\":\"R-1\",\"size\":7981982}") && is_canonical(&out),
	    "attach");
	ml_buf_clear(&out);
	ok(ml_record_attach(&out, "", "", "", 0, "") == NULL &&
	    holds(&out, "{\"blob_hash\":\"\",\"field\":\"\",\"mime\":\"\","
	    "\"record_id\":\"\",\"size\":0}") && is_canonical(&out),
	    "attach, all empty");
	ml_buf_clear(&out);
	ml_buf_str(&out, "before ");
	ok(ml_record_note(&out, "R", "") == NULL &&
	    holds(&out, "before {\"record_id\":\"R\",\"text\":\"\"}"),
	    "what stood there stays");
	ml_buf_free(&out);
}

static void
check_not_utf8(void)
{
	static const char bad[] = "a\xff", why[] = "not UTF-8";
	struct ml_buf out = { 0 };

	ok(same_reason(ml_record_create(&out, bad, "f", "b"), why) &&
	    same_reason(ml_record_create(&out, "r", bad, "b"), why) &&
	    same_reason(ml_record_create(&out, "r", "f", bad), why),
	    "create: each part must be UTF-8");
	ok(same_reason(ml_record_set(&out, bad, "f", "1", ML_VALUE_GUESSED),
	    why) && same_reason(ml_record_set(&out, "r", bad, "1",
	    ML_VALUE_GUESSED), why), "set: each part must be UTF-8");
	ok(same_reason(ml_record_set(&out, "r", "f", bad, ML_VALUE_GUESSED),
	    why) && same_reason(ml_record_set(&out, "r", "f", bad,
	    ML_VALUE_TEXT), why) && same_reason(ml_record_set(&out, "r", "f",
	    "\"a\xff\"", ML_VALUE_JSON), why),
	    "set: a value must be UTF-8, however it is taken");
	ok(same_reason(ml_record_note(&out, bad, "t"), why) &&
	    same_reason(ml_record_note(&out, "r", bad), why),
	    "note: each part must be UTF-8");
	ok(same_reason(ml_record_attach(&out, bad, "f", "h", 1, "m"), why) &&
	    same_reason(ml_record_attach(&out, "r", bad, "h", 1, "m"), why) &&
	    same_reason(ml_record_attach(&out, "r", "f", bad, 1, "m"), why) &&
	    same_reason(ml_record_attach(&out, "r", "f", "h", 1, bad), why),
	    "attach: each part must be UTF-8");
	ml_buf_free(&out);
}

/* Set a field and show what its value became, or the reason, in out. */
static void
set_value(struct ml_buf *out, const char *value, enum ml_value_as as)
{
	static const char before[] =
	    "{\"field\":\"f\",\"record_id\":\"r\",\"value\":";
	const char *why;

	ml_buf_clear(out);
	if ((why = ml_record_set(out, "r", "f", value, as)) != NULL) {
		ml_buf_clear(out);
		ml_buf_str(out, why);
	} else if (is_canonical(out) && out->len > sizeof before &&
	    memcmp(out->p, before, sizeof before - 1) == 0) {
		ml_buf_drop(out, sizeof before - 1);
		out->len--;
	} else
		ml_buf_str(out, " is not canonical");
}

static void
check_values(void)
{
	static const struct {
		const char *in, *guessed, *text;
	} table[] = {
		{ "5", "5", "\"5\"" }, { "-7", "-7", "\"-7\"" },
		{ "0", "0", "\"0\"" }, { "-0", "0", "\"-0\"" },
		{ "-0.0", "-0.0", "\"-0.0\"" },
		{ "1.50", "1.5", "\"1.50\"" }, { "2.0", "2.0", "\"2.0\"" },
		{ "1e3", "1000.0", "\"1e3\"" },
		{ "1E-5", "1e-05", "\"1E-5\"" },
		{ "123456789012345678901234567890",
		    "123456789012345678901234567890",
		    "\"123456789012345678901234567890\"" },
		{ "007", "\"007\"", "\"007\"" },
		{ "+254700123456", "\"+254700123456\"",
		    "\"+254700123456\"" },
		{ "1e999", "\"1e999\"", "\"1e999\"" },
		{ "-1e999", "\"-1e999\"", "\"-1e999\"" },
		{ "0x10", "\"0x10\"", "\"0x10\"" },
		{ " 5", "\" 5\"", "\" 5\"" }, { "5 ", "\"5 \"", "\"5 \"" },
		{ "5\n", "\"5\\n\"", "\"5\\n\"" },
		{ "1,5", "\"1,5\"", "\"1,5\"" },
		{ "1 2", "\"1 2\"", "\"1 2\"" },
		{ ".5", "\".5\"", "\".5\"" }, { "5.", "\"5.\"", "\"5.\"" },
		{ "1e", "\"1e\"", "\"1e\"" }, { "-", "\"-\"", "\"-\"" },
		{ "--1", "\"--1\"", "\"--1\"" },
		{ "1-1", "\"1-1\"", "\"1-1\"" },
		{ "1_000", "\"1_000\"", "\"1_000\"" },
		{ "inf", "\"inf\"", "\"inf\"" },
		{ "NaN", "\"NaN\"", "\"NaN\"" },
		{ "", "\"\"", "\"\"" }, { " ", "\" \"", "\" \"" },
		{ "true", "true", "\"true\"" }, { "TRUE", "true", "\"TRUE\"" },
		{ "True", "true", "\"True\"" },
		{ "false", "false", "\"false\"" },
		{ "FaLsE", "false", "\"FaLsE\"" },
		{ "true ", "\"true \"", "\"true \"" },
		{ "truex", "\"truex\"", "\"truex\"" },
		{ "null", "\"null\"", "\"null\"" },
		{ "[1]", "\"[1]\"", "\"[1]\"" },
		{ "\"q\"", "\"\\\"q\\\"\"", "\"\\\"q\\\"\"" },
		{ "2026-11-20", "\"2026-11-20\"", "\"2026-11-20\"" },
		{ "\xc3\xa9", "\"\\u00e9\"", "\"\\u00e9\"" },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		set_value(&out, table[i].in, ML_VALUE_GUESSED);
		ok(holds(&out, table[i].guessed), "%s is guessed %s",
		    table[i].text, table[i].guessed);
		set_value(&out, table[i].in, ML_VALUE_TEXT);
		ok(holds(&out, table[i].text), "%s as text",
		    table[i].text);
	}
	ml_buf_free(&out);
}

static void
check_long_number(void)
{
	struct ml_buf digits = { 0 }, out = { 0 };
	int i;

	for (i = 0; i < ML_INTEGER_DIGITS_MAX; i++)
		ml_buf_byte(&digits, '1');
	ml_buf_byte(&digits, '\0');
	set_value(&out, digits.p, ML_VALUE_GUESSED);
	ok(out.len == ML_INTEGER_DIGITS_MAX && out.p[0] == '1',
	    "4300 digits are a number");
	digits.p[digits.len - 1] = '1';
	ml_buf_byte(&digits, '\0');
	set_value(&out, digits.p, ML_VALUE_GUESSED);
	ok(out.len == ML_INTEGER_DIGITS_MAX + 3 && out.p[0] == '"',
	    "4301 digits are text");
	ml_buf_free(&digits);
	ml_buf_free(&out);
}

static void
check_json(void)
{
	static const char follows[] = "not JSON: something follows the value";
	static const struct {
		const char *in, *out;		/* NULL: refused */
	} table[] = {
		{ "null", "null" }, { " 5 \r\n", "5" },
		{ "{\"b\":1,\"a\":[1.50,\"\xc3\xa9\"]}",
		    "{\"a\":[1.5,\"\\u00e9\"],\"b\":1}" },
		{ "{\"a\":1,\"a\":2}", "{\"a\":2}" }, { "[ ]", "[]" },
		{ "-0", "0" }, { "\"x\"", "\"x\"" },
		{ "", NULL }, { " ", NULL }, { "{", NULL }, { "x", NULL },
		{ "TRUE", NULL }, { "007", NULL }, { "1e999", NULL },
		{ "'x'", NULL },
		{ "NaN", NULL }, { "[1,]", NULL },
	};
	static const char *const glued[] =
		{ "1 2", "{}{}", "5 x", "null,",
	    "\"a\"b", "0x10" };
	struct ml_buf out = { 0 }, deep = { 0 };
	const char *why;
	size_t i, depth;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&out);
		why = ml_record_json(&out, table[i].in);
		ok(table[i].out == NULL ? why != NULL : why == NULL &&
		    holds(&out, table[i].out), "JSON, entry %zu", i);
		set_value(&out, table[i].in, ML_VALUE_JSON);
		ok(holds(&out, table[i].out != NULL ? table[i].out :
		    why != NULL ? why : "a reason"), "JSON as a value, entry %zu",
		    i);
	}
	for (i = 0; i < sizeof glued / sizeof glued[0]; i++)
		ok(same_reason(ml_record_json(&out, glued[i]), follows),
		    "JSON: %s", glued[i]);
	for (depth = ML_MINT_DEPTH_MAX; depth <= ML_MINT_DEPTH_MAX + 1;
	    depth++) {
		ml_buf_clear(&deep);
		for (i = 0; i < depth; i++)
			ml_buf_byte(&deep, '[');
		for (i = 0; i < depth; i++)
			ml_buf_byte(&deep, ']');
		ml_buf_byte(&deep, '\0');
		ok(same_reason(ml_record_json(&out, deep.p), depth <=
		    ML_MINT_DEPTH_MAX ? NULL : "nested too deeply"),
		    "JSON of %zu levels", depth);
	}
	ml_buf_free(&out);
	ml_buf_free(&deep);
}

int
main(void)
{
	check_payloads();
	check_not_utf8();
	check_values();
	check_long_number();
	check_json();
	return unit_done();
}

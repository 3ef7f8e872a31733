/* event - the golden events in many spellings, each refusal, each limit */
#include <sodium.h>

#include "canon.h"
#include "event.h"
#include "given.h"
#include "jstring.h"
#include "unit.h"
#include "vectors.h"

/* Ways to spell a value that means the same, to be combined. */
enum {
	BLANKS = 1,
	REVERSED = 2,
	ESCAPED = 4,		/* every character, in upper case hex */
	RAW = 8,		/* UTF-8 where the canonical form escapes */
	TWICE = 16,		/* each key with a wrong value first */
	UNKNOWN = 32,		/* members that no event has */
	WAYS = 64
};

#define LINES 40000		/* random ones */

static const char ID[] = "\"00000000000000000000000000000000\"";

static void
blank(int way, struct ml_buf *out)
{
	if (way & BLANKS)
		ml_buf_str(out, " \t\r\n");
}

/* A canonical string, spelled anew. */
static void
respell_string(struct ml_slice s, int way, struct ml_buf *out)
{
	struct ml_slice in = { s.p + 1, s.len - 2 };
	char utf8[ML_UTF8_LEN_MAX], text[16];
	uint32_t cp;
	size_t n;

	if (!(way & (ESCAPED | RAW))) {
		ml_buf_slice(out, s);
		return;
	}
	ml_buf_byte(out, '"');
	for (; in.len > 0; in.p += n, in.len -= n) {
		n = ml_jstring_get(in.p, in.len, &cp);
		if ((way & RAW) && cp >= 0x20 && cp != '"' && cp != '\\' &&
		    (cp < 0xd800 || cp > 0xdfff))
			ml_buf_add(out, utf8, ml_utf8_put(utf8, cp));
		else {
			if (cp >= 0x10000) {
				snprintf(text, sizeof text, "\\u%04X",
				    (unsigned)(0xd7c0 + (cp >> 10)));
				ml_buf_str(out, text);
				cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
			}
			snprintf(text, sizeof text, "\\u%04X", (unsigned)cp);
			ml_buf_str(out, text);
		}
	}
	ml_buf_byte(out, '"');
}

#define MEMBERS_MAX 64		/* of the objects in the vectors */

static void
respell(struct ml_slice v, int way, struct ml_buf *out)
{
	struct ml_slice key[MEMBERS_MAX], value[MEMBERS_MAX], quoted;
	struct ml_json j;
	size_t n = 0, i, at;

	if (*v.p == '"') {
		respell_string(v, way, out);
		return;
	}
	if (*v.p != '{' && *v.p != '[') {
		ml_buf_slice(out, v);
		return;
	}
	for (j = ml_json_enter(v); n < MEMBERS_MAX &&
	    ml_json_next(&j, &key[n], &value[n]);)
		n++;
	ml_buf_byte(out, *v.p);
	for (i = 0; i < n; i++) {
		at = *v.p == '{' && (way & REVERSED) ? n - 1 - i : i;
		if (i > 0)
			ml_buf_byte(out, ',');
		blank(way, out);
		if (*v.p == '{') {
			quoted = (struct ml_slice){ key[at].p - 1,
			    key[at].len + 2 };
			if (way & TWICE) {
				respell_string(quoted, way & ~ESCAPED, out);
				ml_buf_str(out, ":[{\"a\":null}],");
			}
			respell_string(quoted, way, out);
			blank(way, out);
			ml_buf_byte(out, ':');
			blank(way, out);
		}
		respell(value[at], way, out);
		blank(way, out);
	}
	ml_buf_byte(out, v.p[v.len - 1]);
}

static void
respell_member(const char *key, struct ml_slice value, int way,
    struct ml_buf *out)
{
	blank(way, out);
	if (way & TWICE) {
		ml_buf_str(out, key);
		ml_buf_str(out, ":{\"a\":[\"}\"]},");
	}
	respell_string(slice(key), way & ~RAW, out);
	blank(way, out);
	ml_buf_byte(out, ':');
	blank(way, out);
	respell(value, way, out);
	blank(way, out);
}

static void
respell_event(struct ml_slice compact, int way, struct ml_buf *out)
{
	static const char *const key[] = { "a", "s", "h", "k", "p", "v", "i" };
	struct ml_slice value = { NULL, 0 };
	char quoted[4];
	size_t i, at;

	ml_buf_byte(out, '{');
	for (i = 0; i < 7; i++) {
		at = way & REVERSED ? 6 - i : i;
		ml_json_member(compact, key[at], &value);
		if (i > 0)
			ml_buf_byte(out, ',');
		if ((way & UNKNOWN) && i % 2 == 0)
			ml_buf_str(out, "\"author\":{\"a\":{\"i\":[]}},"
			    "\"aa\":1,\"\":\"},\",\"z\":\"seal\",");
		snprintf(quoted, sizeof quoted, "\"%s\"", key[at]);
		respell_member(quoted, value, way, out);
	}
	if (way & UNKNOWN)
		ml_buf_str(out, ",\"t\":\"events\",\"\\u0041\":0");
	ml_buf_byte(out, '}');
}

static void
check_vector(struct ml_slice line, unsigned long number)
{
	struct ml_buf scratch = { 0 }, other = { 0 }, body = { 0 };
	struct ml_buf wire = { 0 }, text = { 0 }, again = { 0 };
	struct ml_event e, f;
	const char *why;
	int way, wrong = 0;

	ok((why = ml_event_read(&e, line, &scratch)) == NULL,
	    "line %lu is read: %s", number, why != NULL ? why : "yes");
	ok((why = ml_event_verify(&e, &body)) == NULL,
	    "line %lu verifies: %s", number, why != NULL ? why : "yes");
	ml_event_write(&e, &wire);
	ok(ml_canon_span(body.p, body.p + body.len, ML_JSON_DEPTH_MAX) ==
	    body.len, "line %lu: its body is canonical", number);
	ok(ml_event_read(&f, ml_buf_view(&wire), &other) == NULL &&
	    given_same(&e, &f), "line %lu: written, it is the same event",
	    number);
	ok(f.author.p > wire.p && f.author.p < wire.p + wire.len &&
	    f.payload.p > wire.p && f.payload.p < wire.p + wire.len,
	    "line %lu: nothing is copied then", number);
	ml_event_write(&f, &again);
	ok(ml_slice_same(ml_buf_view(&wire), ml_buf_view(&again)),
	    "line %lu: and written the same again", number);
	for (way = 0; way < WAYS; way++) {
		ml_buf_clear(&text);
		respell_event(ml_buf_view(&wire), way, &text);
		memset(&f, 0, sizeof f);
		if (ml_event_read(&f, ml_buf_view(&text), &other) != NULL ||
		    !given_same(&e, &f) || ml_event_verify(&f, &body) != NULL)
			wrong++;
	}
	ok(wrong == 0, "line %lu: %d of %d spellings differ", number, wrong,
	    WAYS);
	ml_buf_free(&scratch);
	ml_buf_free(&other);
	ml_buf_free(&body);
	ml_buf_free(&wire);
	ml_buf_free(&text);
	ml_buf_free(&again);
}

static void
check_vectors(void)
{
	struct ml_lines lines = vectors_open("events.jsonl");
	struct ml_slice line;

	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END)
		check_vector(line, (unsigned long)lines.number);
	ok(lines.number == 204, "all of the golden events");
	vectors_close(&lines);
}

/*
 * An event as a line, one member of it given (left out: ""), written compactly
 * or with blanks, which is the slow way.
 */
static void
line_with(char member, struct ml_slice given, int blanks, struct ml_buf *out)
{
	static const struct {
		char key;
		const char *value;
	} usual[] = { { 'a', "\"x\"" }, { 's', "1" }, { 'h', "[0,0]" },
	    { 'k', "\"k\"" }, { 'p', "null" }, { 'v', "\"\"" }, { 'i', ID } };
	struct ml_slice value;
	size_t i;

	ml_buf_clear(out);
	ml_buf_byte(out, '{');
	for (i = 0; i < 7; i++) {
		value = usual[i].key == member ? given : slice(usual[i].value);
		if (value.len == 0)
			continue;
		ml_buf_str(out, out->len == 1 ? "\"" : blanks ? ", \"" : ",\"");
		ml_buf_byte(out, usual[i].key);
		ml_buf_str(out, blanks ? "\": " : "\":");
		ml_buf_slice(out, value);
	}
	ml_buf_byte(out, '}');
}

/* Both ways must come to this reason. */
static int
comes_to(char member, struct ml_slice value, const char *why)
{
	struct ml_buf line = { 0 }, scratch = { 0 }, wire = { 0 }, body = { 0 };
	struct ml_event e, f;
	int blanks, right = 1;

	for (blanks = 0; blanks < 2; blanks++) {
		line_with(member, value, blanks, &line);
		right &= same_reason(ml_event_read(&e, ml_buf_view(&line),
		    &scratch), why);
		if (!right || why != NULL)
			continue;
		ml_event_mint(&e, &body);
		ml_buf_clear(&wire);
		ml_event_write(&e, &wire);
		right &= ml_event_read(&f, ml_buf_view(&wire), &line) == NULL &&
		    given_same(&e, &f) && ml_event_verify(&f, &body) == NULL;
	}
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	ml_buf_free(&wire);
	ml_buf_free(&body);
	return right;
}

static void
check_members(void)
{
	static const char seq[] = "s: not an integer from 1 to 2^53";
	static const char clock[] = "h: not two integers within 2^53";
	static const char below[] = "seq: below 1";
	static const struct {
		char member;
		const char *value, *why;
	} table[] = {
		{ 'a', "", "a: missing, an event has an author" },
		{ 's', "", "s: missing, an event has a seq" },
		{ 'h', "", "h: missing, an event has a clock" },
		{ 'k', "", "k: missing, an event has a kind" },
		{ 'p', "", "p: missing, an event has a payload" },
		{ 'v', "", "v: missing, an event has a prev" },
		{ 'i', "", "i: missing, an event has an id" },
		{ 'a', "5", "a: not a string" },
		{ 'a', "null", "a: not a string" },
		{ 'a', "[\"x\"]", "a: not a string" },
		{ 'k', "{}", "k: not a string" },
		{ 'v', "null", "v: not a string" },
		{ 'v', "0", "v: not a string" },
		{ 'i', "17", "i: not a string" },
		{ 'i', "null", "i: not a string" },
		{ 'a', "\"\"", NULL }, { 'k', "\"\"", NULL },
		{ 'a', "\"\\ud800\"", NULL }, { 'a', "\"\\u0000\"", NULL },
		{ 's', "1", NULL }, { 's', "9007199254740992", NULL },
		{ 's', "0", below }, { 's', "-0", below },
		{ 's', "-1", below }, { 's', "-9007199254740992", below },
		{ 's', "9007199254740993", seq },
		{ 's', "99999999999999999999", seq },
		{ 's', "1.0", seq }, { 's', "1.5", seq }, { 's', "1e0", seq },
		{ 's', "true", seq }, { 's', "null", seq },
		{ 's', "\"1\"", seq }, { 's', "[1]", seq },
		{ 'h', "[9007199254740992,9007199254740992]", NULL },
		{ 'h', "[-9007199254740992,-9007199254740992]", NULL },
		{ 'h', "[-1,-1]", NULL }, { 'h', "[-0,0]", NULL },
		{ 'h', "[0,-0]", NULL },
		{ 'h', "[9007199254740993,0]", clock },
		{ 'h', "[0,9007199254740993]", clock },
		{ 'h', "[-9007199254740993,0]", clock },
		{ 'h', "[0,-9007199254740993]", clock },
		{ 'h', "[0.0,0]", clock }, { 'h', "[0,1e3]", clock },
		{ 'h', "[true,0]", clock }, { 'h', "[0,null]", clock },
		{ 'h', "[\"0\",0]", clock }, { 'h', "[]", clock },
		{ 'h', "[0]", clock }, { 'h', "[0,0,0]", clock },
		{ 'h', "[[0,0]]", clock }, { 'h', "0", clock },
		{ 'h', "{\"a\":0,\"b\":0}", clock }, { 'h', "null", clock },
		{ 'h', "\"00\"", clock },
		{ 'p', "{\"a\":[1,{}],\"b\":\"\"}", NULL },
		{ 'p', "1e999", "a number beyond the doubles" },
		{ 'v', "\"no id at all\"", NULL },
		{ 'v', "\"ABCDEF00000000000000000000000000\"", NULL },
		{ 'i', "\"\"", NULL }, { 'i', "\"xyz\"", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		ok(comes_to(table[i].member, slice(table[i].value),
		    table[i].why), "%c = %s: %s", table[i].member,
		    table[i].value, table[i].why != NULL ? table[i].why :
		    "taken");
}

static void
check_lines(void)
{
	static const char object[] = "not an event: no JSON object";
	static const struct {
		const char *text, *why;		/* NULL: any reason */
	} table[] = {
		{ "[]", object }, { "5", object }, { "null", object },
		{ "\"{}\"", object }, { "[{\"a\":1}]", object },
		{ "{}", "a: missing, an event has an author" },
		{ "", NULL }, { "{", NULL }, { "{\"a\":\"x\"", NULL },
		{ "{\"a\":\"x\",}", NULL }, { "x", NULL },
		{ "{\"a\":\"\t\"}", NULL },
		{ "{\"a\":\"\xff\"}", "not UTF-8" },
	};
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		why = ml_event_read(&e, slice(table[i].text), &scratch);
		ok(why != NULL && (table[i].why == NULL ||
		    strcmp(why, table[i].why) == 0), "line %zu: %s", i,
		    why != NULL ? why : "taken");
	}
	ml_buf_free(&scratch);
}

/* A line is one event and nothing else but blanks. */
static void
check_around(void)
{
	static const struct {
		const char *before, *behind;
		int taken;
	} table[] = { { " \t", "", 1 }, { "", " \t\r\n", 1 }, { "", "x", 0 },
	    { "", ",", 0 }, { "", "}", 0 }, { "", " {}", 0 } };
	struct ml_buf line = { 0 }, text = { 0 }, scratch = { 0 };
	struct ml_event e;
	size_t i;

	line_with('p', slice("null"), 0, &line);
	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&text);
		ml_buf_str(&text, table[i].before);
		ml_buf_slice(&text, ml_buf_view(&line));
		ml_buf_str(&text, table[i].behind);
		ok((ml_event_read(&e, ml_buf_view(&text), &scratch) == NULL) ==
		    table[i].taken, "an event between \"%s\" and \"%s\"",
		    i == 0 ? "blanks" : "", i == 1 ? "blanks" :
		    table[i].behind);
	}
	ml_buf_free(&line);
	ml_buf_free(&text);
	ml_buf_free(&scratch);
}

/* Names of so many bytes of UTF-8, made of one code point and padding. */
static void
check_name(const char *what, const char *spelled, size_t bytes)
{
	static const struct {
		char member;
		const char *why;
	} which[] = { { 'a', "author: over 256 bytes" },
	    { 'k', "kind: over 256 bytes" } };
	struct ml_buf name = { 0 };
	size_t i, n;

	ml_buf_byte(&name, '"');
	for (n = 0; n + bytes <= ML_NAME_MAX; n += bytes)
		ml_buf_str(&name, spelled);
	for (; n < ML_NAME_MAX; n++)
		ml_buf_byte(&name, 'x');
	ml_buf_byte(&name, '"');
	for (i = 0; i < 2; i++)
		ok(comes_to(which[i].member, ml_buf_view(&name), NULL),
		    "%c of 256 bytes: %s", which[i].member, what);
	name.p[name.len - 1] = 'x';
	ml_buf_byte(&name, '"');
	for (i = 0; i < 2; i++)
		ok(comes_to(which[i].member, ml_buf_view(&name),
		    which[i].why), "%c of 257 bytes: %s", which[i].member,
		    what);
	ml_buf_free(&name);
}

static void
check_names(void)
{
	check_name("ASCII", "x", 1);
	check_name("a short escape", "\\n", 1);
	check_name("a long escape", "\\u0001", 1);
	check_name("ASCII, escaped", "\\u0041", 1);
	check_name("two bytes, raw", "\xc3\xa9", 2);
	check_name("two bytes, escaped", "\\u00e9", 2);
	check_name("three bytes, raw", "\xe7\x94\xb0", 3);
	check_name("three bytes, escaped", "\\u7530", 3);
	check_name("a lone surrogate", "\\ud800", 3);
	check_name("four bytes, raw", "\xf0\x9f\x98\x80", 4);
	check_name("four bytes, escaped", "\\ud83d\\uDE00", 4);
}

static void
check_depth(void)
{
	struct ml_buf payload = { 0 };
	unsigned depth, i;

	for (depth = ML_EVENT_DEPTH_MAX; depth <= ML_EVENT_DEPTH_MAX + 1;
	    depth++) {
		ml_buf_clear(&payload);
		for (i = 0; i < depth; i++)
			ml_buf_str(&payload, i % 2 == 0 ? "[" : "{\"a\":");
		ml_buf_byte(&payload, '1');
		while (i-- > 0)
			ml_buf_byte(&payload, i % 2 == 0 ? ']' : '}');
		ok(comes_to('p', ml_buf_view(&payload), depth <=
		    ML_EVENT_DEPTH_MAX ? NULL : "nested too deeply"),
		    "a payload of %u levels", depth);
	}
	ml_buf_free(&payload);
}

/* Bytes that a line with this payload has, written compactly. */
static size_t
frame_len(int64_t wall)
{
	struct ml_event e = { .author = slice("x"), .kind = slice("k"),
	    .seq = 1, .hlc = { wall, 0 }, .payload = { "", 0 },
	    .prev = { "", 0 } };
	struct ml_buf wire = { 0 };
	size_t len;

	ml_event_write(&e, &wire);
	len = wire.len;
	ml_buf_free(&wire);
	return len;
}

static void
check_size(void)
{
	static const char over[] = "an event over 256 KiB";
	struct ml_buf payload = { 0 }, line = { 0 }, scratch = { 0 };
	struct ml_event e;
	size_t fill = ML_EVENT_MAX - frame_len(0) - 2, i;

	ml_buf_byte(&payload, '"');
	for (i = 0; i < fill; i++)
		ml_buf_byte(&payload, 'x');
	ml_buf_byte(&payload, '"');
	line_with('p', ml_buf_view(&payload), 0, &line);
	ok(line.len == ML_EVENT_MAX && comes_to('p', ml_buf_view(&payload),
	    NULL), "an event of 256 KiB, in either spelling");
	for (i = 0; i < ML_EVENT_MAX; i++)
		ml_buf_byte(&line, ' ');
	line.p[ML_EVENT_MAX - 1] = ' ';
	line.p[line.len - 1] = '}';
	ok(ml_event_read(&e, ml_buf_view(&line), &scratch) == NULL,
	    "blanks do not count");
	payload.p[payload.len - 1] = 'x';
	ml_buf_byte(&payload, '"');
	ok(comes_to('p', ml_buf_view(&payload), over), "one byte more");
	/* one byte less, but six for two of them in canonical form */
	payload.len -= 4;
	ml_buf_str(&payload, "\xc3\xa9\"");
	line_with('p', ml_buf_view(&payload), 0, &line);
	ok(line.len == ML_EVENT_MAX && same_reason(ml_event_read(&e,
	    ml_buf_view(&line), &scratch), over),
	    "what counts is the canonical form");
	ml_buf_free(&payload);
	ml_buf_free(&line);
	ml_buf_free(&scratch);
}

/* The size of a clock's digits counts too. */
static void
check_size_of_integers(void)
{
	static const struct {
		int64_t wall;
		const char *text;
	} table[] = { { 9, "[9,0]" }, { 10, "[10,0]" }, { -9, "[-9,0]" },
	    { -10, "[-10,0]" }, { ML_INT_MAX, "[9007199254740992,0]" },
	    { -ML_INT_MAX, "[-9007199254740992,0]" } };
	struct ml_buf line = { 0 }, scratch = { 0 };
	struct ml_event e;
	size_t i, n, more;
	int right;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		for (more = 0; more < 2; more++) {
			ml_buf_clear(&line);
			ml_buf_str(&line, "{\"a\":\"x\",\"s\":1,\"h\":");
			ml_buf_str(&line, table[i].text);
			ml_buf_str(&line, ",\"k\":\"k\",\"p\":\"");
			for (n = frame_len(table[i].wall) + 2;
			    n < ML_EVENT_MAX + more; n++)
				ml_buf_byte(&line, 'x');
			ml_buf_str(&line, "\",\"v\":\"\",\"i\":");
			ml_buf_str(&line, ID);
			ml_buf_byte(&line, '}');
			right = line.len == ML_EVENT_MAX + more &&
			    (ml_event_read(&e, ml_buf_view(&line),
			    &scratch) == NULL) == (more == 0);
			ok(right, "h = %s, 256 KiB and %zu", table[i].text,
			    more);
		}
	ml_buf_free(&line);
	ml_buf_free(&scratch);
}

static const char WRONG[] = "id: does not match the content";

static void
check_verify(void)
{
	struct ml_buf body = { 0 };
	const struct ml_event good = { .author = slice("x"),
	    .kind = slice("note.add"), .seq = 2, .hlc = { 1700000000000, 3 },
	    .payload = slice("{\"record_id\":\"R-1\",\"text\":\"t\"}"),
	    .prev = slice("aadf34b6d885744ef7b10e45994880a6") };
	struct ml_event e = good, bad;
	int i;

	ok(ml_event_mint(&e, &body) == NULL &&
	    ml_event_verify(&e, &body) == NULL, "what is minted verifies");
	ok(holds(&body, "{\"author\":\"x\",\"hlc\":[1700000000000,3],"
	    "\"kind\":\"note.add\",\"payload\":{\"record_id\":\"R-1\","
	    "\"text\":\"t\"},\"prev\":\"aadf34b6d885744ef7b10e45994880a6\","
	    "\"seq\":2}"), "its body");
	for (i = 0; i < 8; i++) {
		bad = e;
		switch (i) {
		case 0: bad.author = slice("y"); break;
		case 1: bad.kind = slice("note.ad"); break;
		case 2: bad.seq = 3; break;
		case 3: bad.hlc.wall++; break;
		case 4: bad.hlc.counter = -3; break;
		case 5: bad.payload = slice("{}"); break;
		case 6: bad.prev = slice(""); break;
		case 7: bad.id[ML_ID_LEN - 1] ^= 1; break;
		}
		ok(same_reason(ml_event_verify(&bad, &body), WRONG),
		    "an event altered in its part %d", i);
	}
	ml_buf_free(&body);
}

/* The same event with its id spelled so. */
static const char *
verdict_on_id(const char *id, struct ml_buf *body)
{
	struct ml_buf line = { 0 }, scratch = { 0 };
	struct ml_event e;
	const char *why;

	line_with('i', slice(id), 0, &line);
	if ((why = ml_event_read(&e, ml_buf_view(&line), &scratch)) == NULL)
		why = ml_event_verify(&e, body);
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	return why;
}

static void
check_id_spelling(void)
{
	struct ml_buf line = { 0 }, scratch = { 0 }, body = { 0 }, id = { 0 };
	struct ml_event e;
	char text[64], escaped[128];
	size_t i;

	line_with('i', slice(ID), 0, &line);
	ml_event_read(&e, ml_buf_view(&line), &scratch);
	ml_event_mint(&e, &body);
	ml_id_write(e.id, &id);
	ok(id.len == ML_ID_HEX, "an id has 32 digits");
	snprintf(text, sizeof text, "\"%.*s\"", (int)id.len, id.p);
	ok(verdict_on_id(text, &body) == NULL, "the id as it should be");
	snprintf(escaped, sizeof escaped, "\"\\u%04x%s", (unsigned)text[1],
	    text + 2);
	ok(verdict_on_id(escaped, &body) == NULL,
	    "the id with an escape in it means the same");
	for (i = 1; i <= ML_ID_HEX; i++)
		if (text[i] >= 'a')
			text[i] = (char)(text[i] - 'a' + 'A');
	ok(same_reason(verdict_on_id(text, &body), WRONG),
	    "the id in upper case");
	snprintf(text, sizeof text, "\"%.*s\"", (int)id.len - 1, id.p);
	ok(same_reason(verdict_on_id(text, &body), WRONG), "an id too short");
	snprintf(text, sizeof text, "\"%.*s0\"", (int)id.len, id.p);
	ok(same_reason(verdict_on_id(text, &body), WRONG), "an id too long");
	ok(same_reason(verdict_on_id("\"\"", &body), WRONG), "no id");
	ok(same_reason(verdict_on_id(ID, &body), WRONG), "another id");
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	ml_buf_free(&body);
	ml_buf_free(&id);
}

static void
check_follows(void)
{
	static const uint8_t id[ML_ID_LEN] = { 0xaa, 0xdf, 0x34, 0xb6, 0xd8,
	    0x85, 0x74, 0x4e, 0xf7, 0xb1, 0x0e, 0x45, 0x99, 0x48, 0x80, 0xa6 };
	static const uint8_t zeros[ML_ID_LEN];
	static const struct {
		const char *prev;	/* as it is spelled on the line */
		int64_t seq;
		int follows;
	} table[] = {
		{ "\"\"", 1, 1 },
		{ "\"aadf34b6d885744ef7b10e45994880a6\"", 1, 0 },
		{ "\" \"", 1, 0 },
		{ "\"aadf34b6d885744ef7b10e45994880a6\"", 2, 1 },
		{ "\"aadf34b6d885744ef7b10e45994880a6\"", ML_SEQ_MAX, 1 },
		{ "\"\\u0061adf34b6d885744ef7b10e45994880a6\"", 2, 1 },
		{ "\"aadf34b6d885744ef7b10e45994880a7\"", 2, 0 },
		{ "\"aadf34b6d885744ef7b10e45994880A6\"", 2, 0 },
		{ "\"aadf34b6d885744ef7b10e45994880a\"", 2, 0 },
		{ "\"aadf34b6d885744ef7b10e45994880a60\"", 2, 0 },
		{ "\"aadf34b6d885744ef7b10e45994880ag\"", 2, 0 },
		{ "\"\"", 2, 0 },
		{ "\"00000000000000000000000000000000\"", 2, 0 },
	};
	struct ml_buf line = { 0 }, scratch = { 0 };
	struct ml_event e;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		line_with('v', slice(table[i].prev), 0, &line);
		ok(ml_event_read(&e, ml_buf_view(&line), &scratch) == NULL,
		    "prev %s is read", table[i].prev);
		e.seq = table[i].seq;
		ok(!ml_event_follows(&e, id) == !table[i].follows,
		    "prev %s at seq %lld", table[i].prev,
		    (long long)table[i].seq);
		ok(!ml_event_follows(&e, zeros) == (e.seq != 1 ||
		    !table[i].follows) || strstr(table[i].prev, "0000") != NULL,
		    "prev %s at seq %lld against zeros", table[i].prev,
		    (long long)table[i].seq);
	}
	ml_buf_free(&line);
	ml_buf_free(&scratch);
}

/* A seal in shape; its last character's four spare bits are zero. */
#define SEAL "vV8UNrgPA3uAZJ5t_igYmXLNpf2zgGP3mpWRqAFGOFby4eRzWyaVx7vq54a2d" \
    "kIv5Qz1zqPRQLxHWHb-JoGkB"
static const char NO_SEAL[] = "g: not a seal of 86 characters";

/* The usual line with a seal as it is given, at its end or at its front. */
static void
line_with_seal(struct ml_slice given, int front, struct ml_buf *out)
{
	struct ml_buf line = { 0 };

	line_with('p', slice("null"), 0, &line);
	ml_buf_clear(out);
	if (front) {
		ml_buf_str(out, "{\"g\": ");
		ml_buf_slice(out, given);
		ml_buf_byte(out, ',');
		ml_buf_add(out, line.p + 1, line.len - 1);
	} else {
		ml_buf_add(out, line.p, line.len - 1);
		ml_buf_str(out, ",\"g\":");
		ml_buf_slice(out, given);
		ml_buf_byte(out, '}');
	}
	ml_buf_free(&line);
}

/* Both ways come to this; what is taken is written back as want. */
static int
seal_comes_to(struct ml_slice given, const char *why, const char *want)
{
	struct ml_buf line = { 0 }, scratch = { 0 }, wire = { 0 }, body = { 0 };
	struct ml_buf plain = { 0 }, other = { 0 };
	struct ml_event e, f, without;
	int front, right = 1;

	line_with('p', slice("null"), 0, &plain);
	ml_event_read(&without, ml_buf_view(&plain), &other);
	ml_event_mint(&without, &body);
	for (front = 0; front < 2; front++) {
		line_with_seal(given, front, &line);
		right &= same_reason(ml_event_read(&e, ml_buf_view(&line),
		    &scratch), why);
		if (!right || why != NULL)
			continue;
		right &= ml_slice_is(e.seal, want);
		ml_event_mint(&e, &body);
		right &= given_same(&e, &without);
		ml_buf_clear(&wire);
		ml_event_write(&e, &wire);
		right &= ml_event_read_quick(&f, ml_buf_view(&wire)) == 1 &&
		    given_same(&e, &f) && ml_slice_is(f.seal, want) &&
		    ml_event_verify(&f, &body) == NULL;
		/* with a seal it stands last, without one it is not there */
		right &= wire.len == plain.len + (*want != '\0' ?
		    sizeof ",\"g\":\"\"" - 1 + ML_SEAL_TEXT : 0);
	}
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	ml_buf_free(&wire);
	ml_buf_free(&body);
	ml_buf_free(&plain);
	ml_buf_free(&other);
	return right;
}

static void
check_seals(void)
{
	static const char last[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
	    "opqrstuvwxyz0123456789-_";
	static const char wrong[] = "+/=. ~%";
	static const char *const none[] = { "null", "0", "true", "[]", "{}",
	    "[\"" SEAL "g\"]", "{\"g\":\"" SEAL "g\"}", "86" };
	char text[2 * ML_SEAL_TEXT], seal[ML_SEAL_TEXT + 1];
	struct ml_buf spelled = { 0 };
	size_t i;

	for (i = 0; i < sizeof last - 1; i++) {
		int right = strchr("AQgw", last[i]) != NULL;

		snprintf(seal, sizeof seal, SEAL "%c", last[i]);
		snprintf(text, sizeof text, "\"%s\"", seal);
		ok(seal_comes_to(slice(text), right ? NULL : NO_SEAL, seal),
		    "a last character %c", last[i]);
	}
	for (i = 0; i < sizeof wrong - 1; i++) {
		snprintf(text, sizeof text, "\"" SEAL "g\"");
		text[30] = wrong[i];
		ok(seal_comes_to(slice(text), NO_SEAL, NULL),
		    "a character %c in it", wrong[i]);
	}
	ok(seal_comes_to(slice("\"" SEAL "\""), NO_SEAL, NULL), "85");
	ok(seal_comes_to(slice("\"" SEAL "gA\""), NO_SEAL, NULL), "87");
	ok(seal_comes_to(slice("\"" SEAL "g==\""), NO_SEAL, NULL), "padded");
	ok(seal_comes_to(slice("\"g\""), NO_SEAL, NULL), "one character");
	ok(seal_comes_to(slice("\"" SEAL "\\u00e9\""), NO_SEAL, NULL),
	    "a letter beyond ASCII");
	ok(seal_comes_to(slice("\"" SEAL "\\u0000\""), NO_SEAL, NULL),
	    "a NUL");
	ok(seal_comes_to(slice("\"\""), NULL, ""), "empty: none");
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		ok(seal_comes_to(slice(none[i]), NO_SEAL, NULL), "g = %s",
		    none[i]);
	/* the same seal in escapes, one of them or all */
	snprintf(text, sizeof text, "\"\\u0076%sg\"", &SEAL[1]);
	ok(seal_comes_to(slice(text), NULL, SEAL "g"), "one escape");
	ml_buf_byte(&spelled, '"');
	for (i = 0; i < ML_SEAL_TEXT; i++) {
		snprintf(text, sizeof text, "\\u%04X",
		    (unsigned)(SEAL "g")[i]);
		ml_buf_str(&spelled, text);
	}
	ml_buf_byte(&spelled, '"');
	ok(seal_comes_to(ml_buf_view(&spelled), NULL, SEAL "g"),
	    "nothing but escapes");
	ml_buf_clear(&spelled);
	ml_buf_byte(&spelled, '"');
	while (spelled.len < 10 * 1024 * 1024)
		ml_buf_str(&spelled, SEAL "g");
	ml_buf_byte(&spelled, '"');
	ok(seal_comes_to(ml_buf_view(&spelled), NO_SEAL, NULL), "10 MB");
	ml_buf_clear(&spelled);
	ml_buf_byte(&spelled, '"');
	while (spelled.len < 10 * 1024 * 1024)
		ml_buf_str(&spelled, "\\u0041");
	ml_buf_byte(&spelled, '"');
	ok(seal_comes_to(ml_buf_view(&spelled), NO_SEAL, NULL),
	    "10 MB of escapes");
	ml_buf_free(&spelled);
}

/* Of two seals the last counts, as of all members. */
static void
check_two_seals(void)
{
	static const char *const seal[] = { "\"" SEAL "A\"", "\"" SEAL "w\"",
	    "null", "\"\"" };
	struct ml_buf both = { 0 };
	size_t i, j;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++) {
			ml_buf_clear(&both);
			ml_buf_str(&both, seal[i]);
			ml_buf_str(&both, ",\"\\u0067\":");
			ml_buf_str(&both, seal[j]);
			ok(seal_comes_to(ml_buf_view(&both), j == 2 ? NO_SEAL :
			    NULL, j == 0 ? SEAL "A" : j == 1 ? SEAL "w" : ""),
			    "%.4s.. and then %.4s..", seal[i], seal[j]);
		}
	ml_buf_free(&both);
}

/* The quick way takes what is written, byte for byte, and nothing else. */
static void
check_quick(void)
{
	static const char *const given[] = { "\"" SEAL "g\"", "\"\"",
	    "\"" SEAL "h\"", "null" };
	struct ml_buf line = { 0 }, wire = { 0 };
	struct ml_event e;
	size_t i;
	int quick;

	for (i = 0; i < 4; i++) {
		line_with_seal(slice(given[i]), 0, &line);
		ml_buf_clear(&wire);
		if ((quick = ml_event_read_quick(&e, ml_buf_view(&line))) != 0)
			ml_event_write(&e, &wire);
		ok(quick == (i == 0), "the quick way on g = %.4s..", given[i]);
		ok(!quick || ml_slice_same(ml_buf_view(&wire),
		    ml_buf_view(&line)), "it takes what is written: %.4s..",
		    given[i]);
	}
	ml_buf_free(&line);
	ml_buf_free(&wire);
}

/* A choice of texts, so that each is as likely as the others. */
#define PICK(state, of) of[given_below(state, sizeof of / sizeof of[0])]

/* A value of the payload, most of them canonical, at the most so deep. */
static void
random_value(uint64_t *state, int depth, struct ml_buf *out)
{
	static const char *const scalar[] = { "0", "-0", "7", "-12", "00",
	    "01", "1.5", "0.0", "-0.0", "1.0", "1.50", "0.1e1", "1E5", "1e5",
	    "100000.0", "1e16", "1e+16", "1e-05", "0.0001", "0.00001",
	    "123456789012345678901234567890", "9007199254740993", "1.",
	    "5e-324", "2.2250738585072014e-308", "0.1234567890123456",
	    "0.12345678901234567", "-", "true", "false", "null", "nul",
	    "\"\"", "\"x\"", "\"a longer text, over sixteen bytes\"",
	    "\"\\n\\\"\\\\\"", "\"\\/\"", "\"\\u002f\"", "\"\\u0041\"",
	    "\"\\u00e9\"", "\"\\u00E9\"", "\"\xc3\xa9\"", "\"\x7f\"",
	    "\"\\u007f\"", "\"\\u001f\"", "\"\\u000a\"", "\"\\ud83d\\ude00\"",
	    "\"\\ude00\\ud83d\"", "\"\\ud800\"", "\"\\u12\"", "\"\t\"",
	    "\"\xed\xa0\x80\"" };
	static const char *const key[] = { "", "a", "b", "aa", "ab", "a\\n",
	    "a\\u0001", "field", "fields", "\\\\", "\\\"", "\\ud800",
	    "\\ud83d\\ude00", "\\uffff", "\\u007f", "~", "!" };
	/* in order, so that an object of some of them is canonical */
	static const char *const sorted[] = { "", "!", "\\\"", "\\\\x", "a",
	    "a\\u0001", "a\\n", "aa", "ab", "b", "field", "fields", "~",
	    "\\u007f", "\\ud800", "\\uffff", "\\ud83d\\ude00" };
	size_t i, n, order = 0;
	int object, wild;

	if (depth == 0 || given_below(state, 3) == 0) {
		ml_buf_str(out, given_below(state, 4) != 0 ? "7" :
		    PICK(state, scalar));
		return;
	}
	object = given_below(state, 2) == 0;
	wild = given_below(state, 8) == 0;
	ml_buf_byte(out, object ? '{' : '[');
	for (n = given_below(state, 5), i = 0; i < n; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		if (object) {
			ml_buf_byte(out, '"');
			order += 1 + given_below(state, 4);
			ml_buf_str(out, wild || order >= sizeof sorted /
			    sizeof sorted[0] ? PICK(state, key) :
			    sorted[order]);
			ml_buf_str(out, "\":");
		}
		random_value(state, depth - 1, out);
	}
	ml_buf_byte(out, object ? '}' : ']');
}

/* A line much as it is written, with now and then a byte changed. */
static void
random_line(uint64_t *state, struct ml_buf *out)
{
	static const char *const name[] = { "x", "", "team_a", "\\u00e9",
	    "\\n", "record.create", "\\ud800", "record.\\u00e9.create",
	    "0123456789abcdef0123456789abcdef", "\xc3\xa9", "\\u0041" };
	static const char *const integer[] = { "0", "1", "-1", "-0", "01",
	    "10", "1700000000000", "9007199254740992", "9007199254740993",
	    "-9007199254740992", "99999999999999999999", "1.0", "-", "",
	    "18446744073709551617" };
	static const char *const id[] = { "00112233445566778899aabbccddeeff",
	    "0123456789abcdef0123456789abcdef",
	    "00112233445566778899AABBCCDDEEFF",
	    "00112233445566778899aabbccddeef",
	    "00112233445566778899aabbccddeegg" };
	static const char other[] = "\"\\{}[]:, 0a\x7f\xff\n";

	ml_buf_clear(out);
	ml_buf_str(out, "{\"a\":\"");
	ml_buf_str(out, PICK(state, name));
	ml_buf_str(out, "\",\"s\":");
	ml_buf_str(out, given_below(state, 8) ? "7" : PICK(state, integer));
	ml_buf_str(out, ",\"h\":[");
	ml_buf_str(out, given_below(state, 4) ? "-8" : PICK(state, integer));
	ml_buf_byte(out, ',');
	ml_buf_str(out, given_below(state, 8) ? "0" : PICK(state, integer));
	ml_buf_str(out, "],\"k\":\"");
	ml_buf_str(out, PICK(state, name));
	ml_buf_str(out, "\",\"p\":");
	random_value(state, 4, out);
	ml_buf_str(out, ",\"v\":\"");
	ml_buf_str(out, PICK(state, name));
	ml_buf_str(out, "\",\"i\":\"");
	ml_buf_str(out, id[given_below(state, 4) ? 1 : given_below(state, 5)]);
	if (given_below(state, 4) == 0)
		ml_buf_str(out, given_below(state, 4) ? "\",\"g\":\"" SEAL "g" :
		    "\",\"g\":\"" SEAL "h");
	ml_buf_str(out, "\"}");
	if (given_below(state, 4) == 0)
		out->p[given_below(state, out->len)] = PICK(state, other);
	if (given_below(state, 16) == 0)
		out->len = given_below(state, out->len) + 1;
}

/*
 * The quick way takes a text just if it is what is written of what the slow
 * way makes of it, and both then come to the same.
 */
static int
ways_agree(struct ml_slice text, struct ml_buf *wire, struct ml_buf *scratch,
    int *quick)
{
	struct ml_event e, f;
	const char *why;

	*quick = ml_event_read_quick(&e, text);
	why = ml_event_read_any(&f, text, scratch);
	if (why != NULL)
		return !*quick;
	ml_buf_clear(wire);
	ml_event_write(&f, wire);
	if (*quick != ml_slice_same(ml_buf_view(wire), text))
		return 0;
	if (*quick && !(given_same(&e, &f) && ml_slice_same(e.seal, f.seal) &&
	    given_written(e, text)))
		return 0;
	if (*quick) {
		e.seal.len = f.seal.len = 0;
		ml_buf_clear(wire);
		ml_event_write(&f, wire);
		return given_written(e, ml_buf_view(wire));
	}
	return ml_event_read_quick(&e, ml_buf_view(wire)) &&
	    given_same(&e, &f) && ml_slice_same(e.seal, f.seal);
}

static void
check_ways(void)
{
	struct ml_buf line = { 0 }, wire = { 0 }, scratch = { 0 };
	uint64_t state = 1;
	int i, quick, wrong = 0, taken = 0;
	char *text;

	for (i = 0; i < LINES; i++) {
		random_line(&state, &line);
		/* as long as it is: so that a sanitizer sees its end */
		if ((text = malloc(line.len)) == NULL)
			exit(1);
		memcpy(text, line.p, line.len);
		if (!ways_agree((struct ml_slice){ text, line.len }, &wire,
		    &scratch, &quick) && wrong++ == 0)
			printf("# %.*s\n", (int)line.len, line.p);
		taken += quick;
		free(text);
	}
	ok(wrong == 0, "%d of %d random lines differ", wrong, LINES);
	ok(taken > LINES / 100 && taken < LINES / 2,
	    "%d of them were taken the quick way", taken);
	ml_buf_free(&line);
	ml_buf_free(&wire);
	ml_buf_free(&scratch);
}

/* The limit of an event is that of what stands without the seal. */
static void
check_size_with_seal(void)
{
	struct ml_buf line = { 0 }, scratch = { 0 }, wire = { 0 };
	struct ml_event e;
	const char *why;
	size_t i, more, front;

	for (front = 0; front < 2; front++)
		for (more = 0; more < 2; more++) {
			ml_buf_clear(&line);
			ml_buf_str(&line, front ? "{\"g\":\"" SEAL "g\","
			    "\"a\":\"x\"" : "{\"a\":\"x\"");
			ml_buf_str(&line, ",\"s\":1,\"h\":[0,0],"
			    "\"k\":\"k\",\"p\":\"");
			for (i = frame_len(0) + 2; i < ML_EVENT_MAX + more; i++)
				ml_buf_byte(&line, 'x');
			ml_buf_str(&line, "\",\"v\":\"\",\"i\":");
			ml_buf_str(&line, ID);
			ml_buf_str(&line, front ? "}" : ",\"g\":\"" SEAL
			    "g\"}");
			why = ml_event_read(&e, ml_buf_view(&line), &scratch);
			ok(same_reason(why, more ? "an event over 256 KiB" :
			    NULL), "256 KiB and %zu, and a seal %s", more,
			    front ? "in front" : "behind");
			if (why != NULL)
				continue;
			ml_buf_clear(&wire);
			ml_event_write(&e, &wire);
			ok(wire.len == ML_EVENT_MAX + ML_SEAL_TEXT +
			    sizeof ",\"g\":\"\"" - 1, "written with it");
		}
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	ml_buf_free(&wire);
}

static void
check_copy(void)
{
	struct ml_buf line = { 0 }, scratch = { 0 }, room = { 0 };
	struct ml_event e, copy;
	const char *from;

	line_with_seal(slice("\"" SEAL "g\""), 0, &line);
	ml_event_read(&e, ml_buf_view(&line), &scratch);
	from = ml_buf_room(&room, line.len);
	ml_event_copy(&copy, &e, &room);
	memset(line.p, '?', line.len);
	ok(from == room.p && ml_slice_is(copy.seal, SEAL "g") &&
	    ml_slice_is(copy.author, "x") && ml_slice_is(copy.kind, "k") &&
	    ml_slice_is(copy.payload, "null") && copy.prev.len == 0,
	    "a copy has a seal of its own");
	ml_buf_free(&line);
	ml_buf_free(&scratch);
	ml_buf_free(&room);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_vectors();
	check_members();
	check_lines();
	check_around();
	check_names();
	check_depth();
	check_size();
	check_size_of_integers();
	check_verify();
	check_id_spelling();
	check_follows();
	check_seals();
	check_two_seals();
	check_quick();
	check_ways();
	check_size_with_seal();
	check_copy();
	return unit_done();
}

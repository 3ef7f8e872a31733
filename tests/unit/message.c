/* message - the golden messages both ways, and what is whole in broken lines */
#include <sodium.h>

#include "canon.h"
#include "event.h"
#include "given.h"
#include "message.h"
#include "unit.h"
#include "vectors.h"

/* Ids in a text, which is how many events stand in a golden message. */
static unsigned long
count_ids(struct ml_slice s)
{
	static const char key[] = "\"i\":\"";
	unsigned long n = 0;
	size_t i, keylen = sizeof key - 1;

	for (i = 0; i + keylen + ML_ID_HEX + 2 <= s.len; i++)
		n += memcmp(s.p + i, key, keylen) == 0 && memcmp(s.p + i +
		    keylen + ML_ID_HEX, "\"}", 2) == 0;
	return n;
}

static int
same_value(struct ml_slice a, struct ml_slice b)
{
	struct ml_buf x = { 0 }, y = { 0 };
	const char *p = a.p, *q = b.p;
	int same;

	same = ml_canon_write(&p, a.p + a.len, ML_JSON_DEPTH_MAX, &x) == NULL &&
	    ml_canon_write(&q, b.p + b.len, ML_JSON_DEPTH_MAX, &y) == NULL &&
	    p == a.p + a.len && q == b.p + b.len &&
	    ml_slice_same(ml_buf_view(&x), ml_buf_view(&y));
	ml_buf_free(&x);
	ml_buf_free(&y);
	return same;
}

struct read {
	unsigned long events, broken, wrong, changed;
};

/* Read a line's events and write them into a message again. */
static struct read
rewrite(struct ml_slice line, struct ml_buf *out)
{
	struct ml_items it = ml_items_of(line);
	struct ml_buf scratch = { 0 }, body = { 0 };
	struct read r = { 0 };
	struct ml_item item;
	struct ml_event e;
	size_t from;

	ml_message_begin(out);
	while (ml_items_next(&it, &item) != ML_ITEM_END) {
		if (item.kind == ML_ITEM_BROKEN) {
			r.broken++;
			continue;
		}
		r.wrong += item.in_message != ++r.events ||
		    ml_event_read(&e, item.text, &scratch) != NULL ||
		    ml_event_verify(&e, &body) != NULL;
		if (r.events > 1)
			ml_buf_byte(out, ',');
		from = out->len;
		ml_event_write(&e, out);
		r.changed += !ml_slice_same(item.text, (struct ml_slice){
		    out->p + from, out->len - from });
	}
	ml_message_end(out);
	ml_buf_free(&scratch);
	ml_buf_free(&body);
	return r;
}

static unsigned long
check_vector(struct ml_slice line, unsigned long number)
{
	struct ml_buf out = { 0 }, again = { 0 };
	unsigned long events = count_ids(line);
	struct read r = rewrite(line, &out);

	ok(r.events == events && r.broken == 0, "line %lu has %lu events",
	    number, events);
	ok(r.wrong == 0, "line %lu: each is right, in its place", number);
	if (events > 0) {
		ok(same_value(ml_buf_view(&out), line),
		    "line %lu: written again, it means the same", number);
		ok(r.changed > 0 || ml_slice_same(ml_buf_view(&out), line),
		    "line %lu: and is the same where it was canonical", number);
		r = rewrite(ml_buf_view(&out), &again);
		ok(r.events == events && r.wrong == 0 && r.changed == 0 &&
		    ml_slice_same(ml_buf_view(&out), ml_buf_view(&again)),
		    "line %lu: our own form comes back byte for byte", number);
	}
	ml_buf_free(&out);
	ml_buf_free(&again);
	return events;
}

static void
check_vectors(void)
{
	struct ml_lines lines = vectors_open("messages.jsonl");
	unsigned long events = 0;
	struct ml_slice line;

	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END)
		events += check_vector(line, (unsigned long)lines.number);
	ok(lines.number == 26 && events > 100, "all messages, %lu events",
	    events);
	vectors_close(&lines);
}

/*
 * What a line gives: E for an event, its place in a message before it, B for
 * what is broken, each with its text.
 */
static void
give(struct ml_slice line, struct ml_buf *out)
{
	struct ml_items it = ml_items_of(line);
	struct ml_item item;

	ml_buf_clear(out);
	while (ml_items_next(&it, &item) != ML_ITEM_END) {
		if (out->len > 0)
			ml_buf_byte(out, '|');
		if (item.in_message > 0)
			ml_buf_int(out, (int64_t)item.in_message);
		ml_buf_byte(out, item.kind == ML_ITEM_EVENT ? 'E' : 'B');
		ml_buf_slice(out, item.text);
		if ((item.kind == ML_ITEM_BROKEN) != (item.why != NULL))
			ml_buf_str(out, " (no reason)");
	}
	ml_buf_byte(out, '.');
	/* the end stays the end */
	if (ml_items_next(&it, &item) != ML_ITEM_END)
		ml_buf_str(out, " and more");
}

static void
check_lines(void)
{
	static const struct {
		const char *what, *line, *gives;
	} table[] = {
		{ "an empty line", "", "." },
		{ "blanks", " \t\r", "." },
		{ "an event", "{\"a\":1}", "E{\"a\":1}." },
		{ "an event and CRLF", " {\"a\":1} \r", "E{\"a\":1}." },
		{ "an event in any key order", "{\"s\":1, \"a\":2}",
		    "E{\"s\":1, \"a\":2}." },
		{ "what is no event is for the reader to refuse", "5", "E5." },
		{ "a list is no message", "[{\"a\":1}]", "E[{\"a\":1}]." },
		{ "two events glued", "{\"a\":1}{\"a\":2}",
		    "E{\"a\":1}|E{\"a\":2}." },
		{ "events with blanks between", "{\"a\":1} \t {\"a\":2}",
		    "E{\"a\":1}|E{\"a\":2}." },
		{ "torn", "{\"a\":1,\"s\":", "B{\"a\":1,\"s\":." },
		{ "torn, an event behind it", "{\"a\":1,\"s\"{\"a\":2}",
		    "B{\"a\":1,\"s\"{\"a\":2}|E{\"a\":2}." },
		{ "garbage, then an event", "xx{\"a\":1}", "Bxx{\"a\":1}|E{\"a\":1}." },
		{ "NULs stand for nothing", "\x01\x01{\"a\":1}",
		    "B\x01\x01{\"a\":1}|E{\"a\":1}." },
		{ "an event, then garbage", "{\"a\":1}xx", "E{\"a\":1}|Bxx." },
		{ "garbage in the middle", "{\"a\":1}x{\"a\":2}",
		    "E{\"a\":1}|Bx{\"a\":2}|E{\"a\":2}." },
		{ "no UTF-8, then an event",
		    "{\"a\":\"\xff\xfe\"}{\"a\":2}",
		    "B{\"a\":\"\xff\xfe\"}{\"a\":2}|E{\"a\":2}." },
		{ "torn twice", "{\"a\":1,{\"a\":2,{\"a\":3}",
		    "B{\"a\":1,{\"a\":2,{\"a\":3}|E{\"a\":3}." },
		{ "a message", "{\"t\":\"events\",\"e\":[{\"a\":1},{\"a\":2}]}",
		    "1E{\"a\":1}|2E{\"a\":2}." },
		{ "a message with blanks", " { \"e\" : [ {\"a\":1} , 7 ] ,"
		    " \"t\" : \"events\" } ", "1E{\"a\":1}|2E7." },
		{ "a message spelled with escapes",
		    "{\"\\u0074\":\"\\u0065vents\",\"\\u0065\":[1]}", "1E1." },
		{ "a message of nothing", "{\"t\":\"events\",\"e\":[]}", "." },
		{ "a message of nothing, then an event",
		    "{\"t\":\"events\",\"e\":[ ]}{\"a\":1}", "E{\"a\":1}." },
		{ "two messages glued", "{\"t\":\"events\",\"e\":[1,2]}"
		    "{\"t\":\"events\",\"e\":[3]}", "1E1|2E2|1E3." },
		{ "a message, then an event", "{\"t\":\"events\",\"e\":[1]}"
		    "{\"a\":1}", "1E1|E{\"a\":1}." },
		{ "the last of equal keys",
		    "{\"t\":\"x\",\"e\":[1],\"t\":\"events\",\"e\":[2]}",
		    "1E2." },
		{ "a torn message",
		    "{\"t\":\"events\",\"e\":[{\"a\":1},{\"a\":2},{\"a\":",
		    "B{\"t\":\"events\",\"e\":[{\"a\":1},{\"a\":2},{\"a\":|"
		    "E{\"a\":1}|E{\"a\":2}." },
		{ "a frontier message", "{\"t\":\"frontier\",\"f\":{\"a\":1}}",
		    "." },
		{ "a frontier message, then an event",
		    "{\"t\":\"frontier\",\"f\":{}}{\"a\":1}", "E{\"a\":1}." },
		{ "a message we do not know", "{\"t\":\"hello\",\"e\":[1]}",
		    "." },
		{ "an empty t", "{\"t\":\"\"}", "." },
		{ "t is no string", "{\"t\":5,\"e\":[1]}",
		    "B{\"t\":5,\"e\":[1]}." },
		{ "e is no list", "{\"t\":\"events\",\"e\":{\"a\":1}}",
		    "B{\"t\":\"events\",\"e\":{\"a\":1}}." },
		{ "e is missing", "{\"t\":\"events\"}",
		    "B{\"t\":\"events\"}." },
		{ "an event with a member t",
		    "{\"a\":1,\"s\":1,\"h\":1,\"k\":1,\"p\":1,\"v\":1,\"i\":1,"
		    "\"t\":\"events\",\"e\":[2]}",
		    "E{\"a\":1,\"s\":1,\"h\":1,\"k\":1,\"p\":1,\"v\":1,\"i\":1,"
		    "\"t\":\"events\",\"e\":[2]}." },
		{ "a message with members of an event",
		    "{\"a\":1,\"t\":\"events\",\"e\":[2],\"i\":0}", "1E2." },
		{ "an event with a member t, in another order",
		    "{\"t\":0,\"v\":1,\"i\":1,\"a\":1,\"s\":1,\"h\":1,\"k\":1,"
		    "\"p\":1}",
		    "E{\"t\":0,\"v\":1,\"i\":1,\"a\":1,\"s\":1,\"h\":1,\"k\":1,"
		    "\"p\":1}." },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		give(slice(table[i].line), &out);
		ok(holds(&out, table[i].gives), "%s", table[i].what);
		if (!holds(&out, table[i].gives))
			printf("# %.*s\n", (int)out.len, out.p);
	}
	give((struct ml_slice){ "\0\0\0{\"a\":1}\0", 11 }, &out);
	ok(ml_slice_same(ml_buf_view(&out), (struct ml_slice){
	    "B\0\0\0{\"a\":1}\0|E{\"a\":1}.", 22 }), "NULs around an event");
	ml_buf_free(&out);
}

static void
check_reasons(void)
{
	static const struct {
		const char *line, *why;
	} table[] = {
		{ "{\"t\":null}", "not a message: t is no string" },
		{ "{\"t\":\"events\",\"e\":1}", "not a message: e is no list" },
		{ "{\"t\":\"events\",\"e\":[1}", "not JSON: no comma between "
		    "two values" },
		{ "[1", "not JSON: it ends too early" },
		{ "{", "not JSON: no key where one is due" },
		{ "\"\xff\"", "not UTF-8" },
	};
	struct ml_items it;
	struct ml_item item;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		it = ml_items_of(slice(table[i].line));
		ok(ml_items_next(&it, &item) == ML_ITEM_BROKEN &&
		    same_reason(item.why, table[i].why) &&
		    ml_slice_is(item.text, table[i].line), "line %zu: %s", i,
		    table[i].why);
	}
}

/* How many events and breaks a line of n times this text gives. */
static struct read
salvage(const char *text, unsigned n)
{
	struct ml_buf line = { 0 };
	struct ml_items it;
	struct ml_item item;
	struct read r = { 0 };
	unsigned i;

	for (i = 0; i < n; i++)
		ml_buf_str(&line, text);
	it = ml_items_of(ml_buf_view(&line));
	while (ml_items_next(&it, &item) != ML_ITEM_END) {
		r.events += item.kind == ML_ITEM_EVENT;
		r.broken += item.kind == ML_ITEM_BROKEN;
	}
	ml_buf_free(&line);
	return r;
}

static void
check_salvage(void)
{
	struct read r = salvage("x{\"a\":1}", 10000);

	ok(r.events == 10000 && r.broken == 1, "a break is told once");
	r = salvage("{\"a\":1}", 10000);
	ok(r.events == 10000 && r.broken == 0, "glued events are no breaks");
	/* each of these begins like an event and is none: no end of looking */
	r = salvage("{\"a\":[", 100000);
	ok(r.events == 0 && r.broken == 1, "a line of nothing but beginnings");
}

/* An element as deep as a line may be, and one level more. */
static void
check_depth(void)
{
	struct ml_buf line = { 0 };
	struct ml_items it;
	struct ml_item item;
	unsigned levels, i;

	for (levels = ML_JSON_DEPTH_MAX; levels < ML_JSON_DEPTH_MAX + 2;
	    levels++) {
		ml_buf_clear(&line);
		for (i = 0; i < levels; i++)
			ml_buf_byte(&line, '[');
		for (i = 0; i < levels; i++)
			ml_buf_byte(&line, ']');
		it = ml_items_of(ml_buf_view(&line));
		ok(ml_items_next(&it, &item) == (levels == ML_JSON_DEPTH_MAX ?
		    ML_ITEM_EVENT : ML_ITEM_BROKEN), "a line of %u levels",
		    levels);
	}
	ok(same_reason(item.why, "nested too deeply"), "too deep, it says");
	ml_buf_free(&line);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_vectors();
	check_lines();
	check_reasons();
	check_salvage();
	check_depth();
	return unit_done();
}

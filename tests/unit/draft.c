/* draft - what a line says is kept in canonical form, or refused */
#include "draft.h"
#include "event.h"
#include "given.h"
#include "unit.h"

static struct ml_buf text;

static int
is(const struct ml_draft *d, const char *kind, const char *payload)
{
	return ml_slice_is(ml_draft_kind(d, &text), kind) &&
	    ml_slice_is(ml_draft_payload(d, &text), payload);
}

static void
check_read(void)
{
	struct ml_draft a, b;

	ok(ml_draft_read(&a, slice("{\"kind\":\"note.add\",\"payload\":{\"b\":1,"
	    "\"a\":[ ]}}"), &text) == NULL, "a line");
	ok(ml_draft_read(&b, slice(" { \"x\":0, \"payload\" : 1e0 , \"kind\" : "
	    "\"A\", \"kind\":\"\\u0062\xc3\xa9\" } "), &text) == NULL,
	    "in another spelling, the last of equal keys");
	ok(is(&a, "note.add", "{\"a\":[],\"b\":1}"), "the first is canonical");
	ok(is(&b, "b\\u00e9", "1.0"), "so is the second behind it");
}

static void
check_make(void)
{
	struct ml_draft d;

	ok(ml_draft_make(&d, "\xc3\xa9\"", slice("[1]"), &text) == NULL &&
	    is(&d, "\\u00e9\\\"", "[1]"), "a kind from a person");
	ok(ml_draft_make(&d, "", slice("{}"), &text) == NULL &&
	    is(&d, "", "{}"), "an empty one");
}

static void
check_refused(void)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "{\"kind\":\"a\",\"payload\":}", NULL },
		{ "{\"kind\":\"a\",\"payload\":1} 2",
		    "not JSON: something follows the value" },
		{ "[\"kind\"]", "not an event to be: no JSON object" },
		{ "{\"payload\":1}", "kind: missing or not a string" },
		{ "{\"kind\":1,\"payload\":1}", "kind: missing or not a string" },
		{ "{\"kind\":\"a\"}", "payload: missing" },
	};
	struct ml_draft d;
	size_t i, len = text.len;
	const char *why;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		why = ml_draft_read(&d, slice(bad[i].line), &text);
		ok(why != NULL && (bad[i].why == NULL ||
		    strcmp(why, bad[i].why) == 0) && text.len == len,
		    "refused, and nothing is kept: %s", bad[i].line);
	}
}

/* A line with a kind and a payload of so many bytes, and so deep. */
static const char *
sized(size_t kind, size_t payload, unsigned depth)
{
	struct ml_buf line = { 0 };
	struct ml_draft d;
	const char *why;
	size_t i;

	ml_buf_str(&line, "{\"kind\":\"");
	for (i = 0; i < kind; i++)
		ml_buf_byte(&line, 'k');
	ml_buf_str(&line, "\",\"payload\":");
	for (i = 0; i < depth; i++)
		ml_buf_byte(&line, '[');
	ml_buf_byte(&line, '"');
	for (i = 2 + 2 * depth; i < payload; i++)
		ml_buf_byte(&line, 'p');
	ml_buf_byte(&line, '"');
	for (i = 0; i < depth; i++)
		ml_buf_byte(&line, ']');
	ml_buf_byte(&line, '}');
	why = ml_draft_read(&d, ml_buf_view(&line), &text);
	ml_buf_free(&line);
	return why;
}

static void
check_limits(void)
{
	char kind[ML_NAME_MAX + 2];
	struct ml_draft d;
	size_t len;

	memset(kind, 'k', sizeof kind);
	kind[ML_NAME_MAX] = '\0';
	ok(sized(ML_NAME_MAX, 2, 0) == NULL &&
	    sized(1, ML_MINT_MAX, 0) == NULL &&
	    sized(1, 0, ML_MINT_DEPTH_MAX) == NULL &&
	    ml_draft_make(&d, kind, slice("1"), &text) == NULL,
	    "what is as long, or as deep, as may be");
	len = text.len;
	ok(same_reason(sized(ML_NAME_MAX + 1, 2, 0), "kind: over 256 bytes"),
	    "a longer kind");
	ok(same_reason(sized(1, ML_MINT_MAX + 1, 0), "an event over 64 KiB"),
	    "a longer payload");
	ok(sized(1, 0, ML_MINT_DEPTH_MAX + 1) != NULL, "a deeper one");
	kind[ML_NAME_MAX] = 'k';
	kind[ML_NAME_MAX + 1] = '\0';
	ok(same_reason(ml_draft_make(&d, kind, slice("1"), &text),
	    "kind: over 256 bytes"), "a longer kind from a person");
	ok(ml_draft_make(&d, "\xff", slice("1"), &text) != NULL,
	    "one that is not UTF-8");
	ok(text.len == len, "of all that nothing is kept");
}

int
main(void)
{
	check_read();
	check_make();
	check_refused();
	check_limits();
	ml_buf_free(&text);
	return unit_done();
}

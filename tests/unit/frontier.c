/* frontier - what is read as one, what is refused, and finding an author */
#include "frontier.h"
#include "given.h"
#include "number.h"
#include "unit.h"

/* The seq of an author in a frontier, -1 if that is refused. */
static int64_t
seq_in(const char *text, const char *author)
{
	struct ml_frontier *f;
	int64_t seq;

	if (ml_frontier_read(&f, slice(text)) != NULL)
		return -1;
	seq = ml_frontier_seq(f, slice(author));
	ml_frontier_free(f);
	return seq;
}

static void
check_taken(void)
{
	static const struct {
		const char *text, *author;
		int64_t seq;
	} table[] = {
		{ "{}", "a", 0 },
		{ "{}", "", 0 },
		{ "{\"a\":1}", "a", 1 },
		{ "{\"a\":1}", "b", 0 },
		{ "{\"a\":1}", "", 0 },
		{ "{\"\":3}", "", 3 },
		{ " \t\r\n{ \"a\" : 1 , \"b\":\n2 } \t\r\n", "b", 2 },
		{ "{\"b\":2,\"a\":1}", "a", 1 },
		{ "{\"a\":0}", "a", 0 },
		{ "{\"a\":-0}", "a", 0 },
		{ "{\"a\":9007199254740992}", "a", ML_INT_MAX },
		/* the last of equal keys, also of equal keys spelled anew */
		{ "{\"a\":1,\"b\":5,\"a\":2}", "a", 2 },
		{ "{\"a\":1,\"\\u0061\":7}", "a", 7 },
		{ "{\"a\":9,\"a\":0}", "a", 0 },
		{ "{\"a\":\"x\",\"a\":4}", "a", 4 },
		/* authors in any spelling */
		{ "{\"\\u00E9quipe\":16}", "\\u00e9quipe", 16 },
		{ "{\"\xc3\xa9quipe\":16}", "\\u00e9quipe", 16 },
		{ "{\"\\ud83d\\uDE00\":5}", "\\ud83d\\ude00", 5 },
		{ "{\"\xf0\x9f\x98\x80\":5}", "\\ud83d\\ude00", 5 },
		{ "{\"\\ud800\":6}", "\\ud800", 6 },
		{ "{\"a\\/b\\\"c\\\\\":8}", "a/b\\\"c\\\\", 8 },
		{ "{\"\\u0000\":9}", "\\u0000", 9 },
		/* messages */
		{ "{\"t\":\"frontier\",\"f\":{\"a\":3}}", "a", 3 },
		{ "{\"f\":{\"a\":3},\"t\":\"frontier\"}", "a", 3 },
		{ "{\"t\":\"frontier\",\"f\":{}}", "f", 0 },
		{ "{ \"t\" : \"fr\\u006fntier\" , \"\\u0066\" : {\"a\":3} }\n",
		    "a", 3 },
		{ "{\"t\":\"frontier\",\"f\":{\"a\":3},\"h\":{\"a\":\"00\"},"
		    "\"z\":[1]}", "a", 3 },
		{ "{\"t\":\"frontier\",\"f\":{\"a\":3},\"h\":{\"a\":\"00\"}}",
		    "h", 0 },
		{ "{\"t\":\"frontier\",\"f\":1,\"f\":{\"a\":3}}", "a", 3 },
		{ "{\"t\":\"events\",\"t\":\"frontier\",\"f\":{\"a\":3}}",
		    "a", 3 },
		/* an author may be called t, and f */
		{ "{\"t\":5,\"f\":6}", "t", 5 },
		{ "{\"t\":5,\"f\":6}", "f", 6 },
	};
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		ok(seq_in(table[i].text, table[i].author) == table[i].seq,
		    "entry %zu: %s at %lld", i, table[i].author,
		    (long long)table[i].seq);
}

static void
check_refused(void)
{
	static const char seq[] = "not a frontier: a seq that is no integer "
	    "from 0 to 2^53";
	static const char object[] = "not a frontier: no JSON object";
	static const char without[] = "not a frontier: a message without one";
	static const char other[] = "not a frontier: a message of another kind";
	static const char behind[] = "not a frontier: something follows it";
	static const struct {
		const char *text, *why;		/* NULL: any reason */
	} table[] = {
		{ "{\"a\":-1}", seq }, { "{\"a\":1.5}", seq },
		{ "{\"a\":1.0}", seq }, { "{\"a\":1e3}", seq },
		{ "{\"a\":9007199254740993}", seq },
		{ "{\"a\":18446744073709551617}", seq },
		{ "{\"a\":99999999999999999999999999999999}", seq },
		{ "{\"a\":\"1\"}", seq }, { "{\"a\":true}", seq },
		{ "{\"a\":null}", seq }, { "{\"a\":[1]}", seq },
		{ "{\"a\":{}}", seq }, { "{\"a\":1,\"b\":-1}", seq },
		{ "{\"t\":true}", seq }, { "{\"t\":null,\"f\":{}}", seq },
		{ "{\"t\":\"frontier\",\"f\":{\"a\":-1}}", seq },
		{ "{\"t\":\"frontier\",\"f\":{\"a\":1.0}}", seq },
		{ "[]", object }, { "5", object }, { "\"x\"", object },
		{ "null", object }, { "[{\"a\":1}]", object },
		{ "{\"t\":\"frontier\"}", without },
		{ "{\"t\":\"frontier\",\"f\":[]}", without },
		{ "{\"t\":\"frontier\",\"f\":null}", without },
		{ "{\"t\":\"frontier\",\"a\":1}", without },
		{ "{\"t\":\"events\",\"e\":[]}", other },
		{ "{\"t\":\"\"}", other },
		{ "{\"t\":\"Frontier\",\"f\":{}}", other },
		{ "{\"a\":1}{\"b\":2}", behind }, { "{} x", behind },
		{ "{},", behind }, { "{}}", behind },
		{ "", NULL }, { " ", NULL }, { "{", NULL }, { "{\"a\"", NULL },
		{ "{\"a\":}", NULL }, { "{\"a\":1,}", NULL },
		{ "{'a':1}", NULL }, { "{a:1}", NULL },
		{ "{\"a\":01}", NULL }, { "{\"a\":1e999}", NULL },
		{ "{\"\xff\":1}", NULL }, { "{\"a\":NaN}", NULL },
	};
	struct ml_frontier *f;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		f = (struct ml_frontier *)(uintptr_t)&table[i];
		why = ml_frontier_read(&f, slice(table[i].text));
		ok(why != NULL && f == NULL && (table[i].why == NULL ||
		    strcmp(why, table[i].why) == 0), "refused, entry %zu: %s",
		    i, why != NULL ? why : "no reason");
		if (why == NULL)
			ml_frontier_free(f);
	}
	why = ml_frontier_read(&f, (struct ml_slice){ "{}\0", 3 });
	ok(same_reason(why, behind), "a NUL is no blank");
}

static void
check_size(void)
{
	struct ml_buf text = { 0 };
	struct ml_frontier *f;

	ml_buf_str(&text, "{\"a\":1}");
	while (text.len < ML_FRONTIER_MAX)
		ml_buf_byte(&text, ' ');
	ok(ml_frontier_read(&f, ml_buf_view(&text)) == NULL &&
	    ml_frontier_seq(f, slice("a")) == 1, "16 MiB");
	ml_frontier_free(f);
	ml_buf_byte(&text, ' ');
	ok(same_reason(ml_frontier_read(&f, ml_buf_view(&text)),
	    "not a frontier: over 16 MiB") && f == NULL, "one more byte");
	ml_buf_free(&text);
}

/* Code points come in another order than UTF-16 units or escaped text. */
static void
check_lookup(void)
{
	static const char *const name[] = { "", "10", "9", "B", "a", "aa",
	    "\\u00e9", "\\ud800", "\\ue000", "\\uffff", "\\ud800\\udc00",
	    "\\ud83d\\ude00", "\\n", "\\\\", "\\u007f", "~" };
	enum { NAMES = sizeof name / sizeof name[0] };
	struct ml_buf text = { 0 };
	struct ml_frontier *f = NULL;
	uint64_t state = 3;
	size_t order[NAMES], i, j, other;
	int round, right = 1;

	for (i = 0; i < NAMES; i++)
		order[i] = i;
	for (round = 0; round < 50; round++) {
		for (i = NAMES - 1; i > 0; i--) {
			j = given_below(&state, i + 1);
			other = order[i];
			order[i] = order[j];
			order[j] = other;
		}
		ml_buf_clear(&text);
		for (i = 0; i < NAMES; i++) {
			ml_buf_str(&text, i == 0 ? "{\"" : ",\"");
			ml_buf_str(&text, name[order[i]]);
			ml_buf_str(&text, "\":");
			ml_buf_int(&text, (int64_t)order[i] + 1);
		}
		ml_buf_byte(&text, '}');
		right &= ml_frontier_read(&f, ml_buf_view(&text)) == NULL;
		for (i = 0; right && i < NAMES; i++)
			right &= ml_frontier_seq(f, slice(name[i])) ==
			    (int64_t)i + 1;
		right = right && ml_frontier_seq(f, slice("b")) == 0 &&
		    ml_frontier_seq(f, slice("\\udc00")) == 0 &&
		    ml_frontier_seq(f, slice("zz")) == 0;
		ml_frontier_free(f);
		f = NULL;
	}
	ok(right, "every author is found, in whatever order they came");
	ml_buf_free(&text);
}

static void
check_empty(void)
{
	struct ml_frontier *f = ml_frontier_new();

	ok(f != NULL && ml_frontier_seq(f, slice("a")) == 0,
	    "a new one holds nothing");
	ml_frontier_free(f);
	ml_frontier_free(NULL);
}

int
main(void)
{
	check_taken();
	check_refused();
	check_size();
	check_lookup();
	check_empty();
	return unit_done();
}

/* explain - what each finding says, and whether it is one */
#include "explain.h"
#include "given.h"
#include "unit.h"

static struct ml_buf text;
static const struct ml_log_place at = { 7, 1000, 12 };

static int
says(struct ml_report r, int is_finding, const char *what, const char *why,
    const char *todo)
{
	int same = r.is_finding == is_finding && strcmp(r.what, what) == 0 &&
	    ml_slice_is(r.why, why) && strstr(r.todo, todo) != NULL;

	if (!same)
		printf("# %s: %.*s: %s\n", r.what, (int)r.why.len, r.why.p,
		    r.todo);
	return same;
}

static struct ml_event
event(void)
{
	return (struct ml_event){ .author = slice("b\\u001b"), .seq = 3,
	    .hlc = { INT64_C(1735689600000), 0 }, .id = { 0xab } };
}

static void
check_findings(void)
{
	static const uint8_t held[ML_ID_LEN] = { 0xcd };
	struct ml_event e = event();
	struct ml_report r;

	r = ml_explain_finding(ML_LOG_DAMAGED, "not JSON", &at, NULL, NULL,
	    &text);
	ok(says(r, 1, "damaged", "not JSON, 12 bytes", "from a peer") &&
	    r.author.p == NULL && r.at == &at, "a damaged line");
	ok(says(ml_explain_finding(ML_LOG_TORN, "cut", &at, NULL, NULL, &text),
	    1, "torn", "cut, 12 bytes", "ml-check -r"), "a torn tail");
	r = ml_explain_finding(ML_LOG_FORK, "fork", &at, &e, held, &text);
	ok(says(r, 1, "fork", "b\\u001b seq 3 ab000000000000000000000000000000: "
	    "fork, this log follows cd000000000000000000000000000000",
	    "new author") && ml_slice_is(r.author, "b\\u001b"),
	    "a fork, of an author who is not safe to print");
	ok(says(ml_explain_finding(ML_LOG_ASTRAY, "astray", &at, &e, NULL,
	    &text), 1, "astray", "b\\u001b seq 3 "
	    "ab000000000000000000000000000000: astray", "another branch"),
	    "one that is astray");
}

static void
check_events(void)
{
	struct ml_event e = event();

	ok(says(ml_explain_by(&e, slice("\"me\""), &at, &text), 1, "by",
	    "b\\u001b seq 3 says that it is by \"me\"", "creator"),
	    "in another's name");
	ok(says(ml_explain_clock(&e, &at, &text), 1, "clock", "b\\u001b seq 3 is "
	    "stamped 2025-01-01T00:00:00.000Z, over a day ahead of this clock",
	    "set the clock"), "far ahead");
}

static void
check_feeds(void)
{
	struct ml_trust *trust = ml_trust_new();
	struct ml_feed plain = { .author = slice("base"), .seq = 2 };
	struct ml_feed keyed = { .author = slice("0f"), .seq = 4, .tip = 5,
	    .keyed = 1, .name = slice("Ada") };
	struct ml_waiting w[] = { { .seq = 5 }, { .seq = 6 } };
	struct ml_report r;

	if (trust == NULL)
		abort();
	ok(says(ml_explain_seal(&keyed, 4, &at, "wrong", trust, &text), 1,
	    "seal", "Ada <0f> seq 4: wrong", "put a copy"), "a seal");
	r = ml_explain_gap(&plain, w, 2, &at, &text);
	ok(says(r, 1, "gap", "base lacks seq 3 to 4, 2 events wait",
	    "from a peer") && r.at == &at, "a gap in the log is a finding");
	r = ml_explain_gap(&plain, w, 2, NULL, &text);
	ok(says(r, 0, "held", "base lacks seq 3 to 4, 2 events wait",
	    "ml-ingest") && r.at == NULL, "what is held beside it is none");
	ok(says(ml_explain_untrusted(&plain, trust, &text), 0, "untrusted",
	    "base (plain) is not trusted", "--trusted"), "one not trusted");
	ok(says(ml_explain_unsealed(&keyed, trust, &text), 0, "unsealed",
	    "Ada <0f> has 1 event behind its last seal", "the seal"),
	    "one event without a seal");
	keyed.tip = 6;
	ok(says(ml_explain_unsealed(&keyed, trust, &text), 0, "unsealed",
	    "Ada <0f> has 2 events behind its last seal", "the seal"), "two");
	ml_trust_free(trust);
}

static void
check_evidence(void)
{
	struct ml_refused_item item = { .at = slice("noon"),
	    .why = slice("two\\u0007"), .fork = slice("base") };
	const struct ml_feed keyed = { .author = item.fork, .keyed = 1 };
	struct ml_report r;

	r = ml_explain_evidence(&item, &at, NULL, &text);
	ok(says(r, 1, "evidence", "two\\u0007, the log's, seen noon", "plain name") &&
	    strcmp(r.sidecar, ".refused") == 0 &&
	    ml_slice_is(r.author, "base"), "of a plain author");
	ml_buf_str(&item.held, "{\"a\":\"base\",\"s\":1,\"h\":[0,0],\"k\":\"\","
	    "\"p\":0,\"v\":\"\",\"i\":\"\"}");
	ok(says(ml_explain_evidence(&item, &at, &keyed, &text), 1, "evidence",
	    "two\\u0007, the log's of 1970-01-01T00:00:00.000Z, seen noon",
	    "a key used twice"), "of a keyed one, with a time");
	ml_buf_free(&item.held);
}

int
main(void)
{
	check_findings();
	check_events();
	check_feeds();
	check_evidence();
	ml_buf_free(&text);
	return unit_done();
}

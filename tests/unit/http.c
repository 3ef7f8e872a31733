/* http - headers, dates, ranges, validators, addresses, states, tokens, words */
#include "fetchset.h"
#include "given.h"
#include "http.h"
#include "httpstate.h"
#include "httptokens.h"
#include "httpurl.h"
#include "keywords.h"
#include "unit.h"

static void
check_headers(void)
{
	static const struct {
		const char *line, *name, *value;	/* no name: none */
	} given[] = {
		{ "ETag: \"x\"\r\n", "ETag", "\"x\"" }, { "a:b", "a", "b" },
		{ "a:\t b c \t\n", "a", "b c" }, { "a:", "a", "" },
		{ "a: b: c", "a", "b: c" },
		{ "", NULL, NULL }, { "\r\n", NULL, NULL }, { ":x", NULL, NULL },
		{ "a b: c", NULL, NULL }, { " a: b", NULL, NULL },
		{ "a : b", NULL, NULL }, { "a", NULL, NULL },
		{ "a: \x1b[2J", NULL, NULL }, { "a: b\rc", NULL, NULL },
	};
	struct ml_http_header h;
	size_t i;
	int good;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		good = ml_http_header(slice(given[i].line), &h);
		ok(given[i].name == NULL ? !good : good &&
		    ml_slice_is(h.name, given[i].name) &&
		    ml_slice_is(h.value, given[i].value), "header %zu", i);
	}
	ok(ml_http_name_is(slice("CONTENT-length"), "content-length") &&
	    !ml_http_name_is(slice("content"), "content-length"), "names");
	ok(ml_http_header_check("X-Team: 7") == NULL &&
	    ml_http_header_check("X-Empty:") == NULL &&
	    ml_http_header_check("X: a\r\nY: b") != NULL &&
	    ml_http_header_check("range: bytes=0-") != NULL &&
	    ml_http_header_check("nothing") != NULL, "headers to send");
}

static void
check_dates(void)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} given[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Sun Nov 16 08:49:37 1994", 784975777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Thu, 29 Feb 2024 23:59:60 GMT", 1709251200 },
		{ "Fri, 20 Nov 2026 15:00:00 GMT", 1795186800 },
		{ "Friday, 20-Nov-26 15:00:00 GMT", 1795186800 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "", -1 }, { "0", -1 }, { "Sun", -1 }, { ", ", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 CET", -1 },
		{ "Sun, 06 Now 1994 08:49:37 GMT", -1 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1969 08:49:37 GMT", -1 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMTx", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++)
		ok(ml_http_date(slice(given[i].text)) == given[i].seconds,
		    "date \"%s\"", given[i].text);
}

static void
check_retry_after(void)
{
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

	ok(ml_http_retry_after(slice("120"), 5) == 120 &&
	    ml_http_retry_after(slice(" 0 "), 5) == 0, "seconds");
	ok(ml_http_retry_after(slice(date), 784111770) == 7 &&
	    ml_http_retry_after(slice(date), 784111777) == 0 &&
	    ml_http_retry_after(slice(date), 784111999) == 0, "a date");
	ok(ml_http_retry_after(slice("99999999999999999999999"), 0) == 1e9 &&
	    ml_http_retry_after(slice("Fri, 31 Dec 9999 23:59:59 GMT"), 0) ==
	    1e9, "for ever");
	ok(ml_http_retry_after(slice(""), 0) == -1 &&
	    ml_http_retry_after(slice("-1"), 0) == -1 &&
	    ml_http_retry_after(slice("1.5"), 0) == -1 &&
	    ml_http_retry_after(slice("soon"), 0) == -1, "nothing of use");
}

static void
check_ranges(void)
{
	static const struct {
		const char *text;
		int good;
		struct ml_http_range r;
	} given[] = {
		{ "bytes 0-99/100", 1, { 0, 99, 100 } },
		{ "bytes 50-99/*", 1, { 50, 99, -1 } },
		{ "BYTES 5-5/6", 1, { 5, 5, 6 } },
		{ "bytes */100", 1, { -1, -1, 100 } },
		{ "bytes */*", 0, { 0 } }, { "bytes 99-0/100", 0, { 0 } },
		{ "bytes 0-100/100", 0, { 0 } }, { "bytes -5/100", 0, { 0 } },
		{ "bytes 0-/100", 0, { 0 } }, { "bytes 0-5", 0, { 0 } },
		{ "bytes 0-5/", 0, { 0 } }, { "bytes=0-5/6", 0, { 0 } },
		{ "lines 0-5/6", 0, { 0 } }, { "", 0, { 0 } },
		{ "bytes 0-99999999999999999999/*", 0, { 0 } },
		{ "bytes 0 - 5/6", 0, { 0 } }, { "bytes 0-5/6, 7-8/9", 0, { 0 } },
	};
	struct ml_http_range r;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++)
		ok(ml_http_content_range(slice(given[i].text), &r) ==
		    given[i].good && (!given[i].good ||
		    memcmp(&r, &given[i].r, sizeof r) == 0),
		    "range \"%s\"", given[i].text);
}

static struct ml_http_validators
validators(const char *etag, const char *modified, const char *date)
{
	struct ml_http_validators v;
	struct ml_http_header h[] = { { slice("ETag"), slice(etag) },
	    { slice("Last-Modified"), slice(modified) },
	    { slice("Date"), slice(date) } };
	int i;

	ml_http_validators_clear(&v);
	for (i = 0; i < 3; i++)
		ml_http_validators_note(&v, &h[i]);
	return v;
}

static void
check_validators(void)
{
	static const char then[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const char later[] = "Sun, 06 Nov 1994 08:49:38 GMT";
	static const char *const bad[] = { "\"a\"b\"", "\"a", "a\"", "\"",
	    "W/\"", "W/\"a", "\"a\"W/", "a\"b", "*", "a,b", "\"a b\"" };
	static char longest[ML_HTTP_VALIDATOR_MAX + 2];
	struct ml_http_validators v = validators("\"a\"", then, later);
	size_t i;

	ok(strcmp(ml_http_strong(&v), "\"a\"") == 0, "an ETag");
	v = validators("W/\"a\"", then, later);
	ok(strcmp(v.etag, "W/\"a\"") == 0 && ml_http_strong(&v) == NULL,
	    "a weak one");
	v = validators("", then, later);
	ok(strcmp(ml_http_strong(&v), then) == 0, "a date");
	v = validators("", then, then);
	ok(ml_http_strong(&v) == NULL, "a date that may have changed since");
	v = validators("", then, "");
	ok(ml_http_strong(&v) == NULL, "a date, but when?");
	v = validators("a", then, later);
	ok(strcmp(v.etag, "a") == 0 && strcmp(ml_http_strong(&v), then) == 0,
	    "an ETag without quotes, and a date");
	v = validators("a b", "yesterday", "now");
	ok(v.etag[0] == '\0' && v.modified[0] == '\0', "nonsense");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		v = validators(bad[i], "", "");
		ok(v.etag[0] == '\0', "ETag: %s", bad[i]);
	}
	memset(longest, '"', sizeof longest - 1);
	memset(longest + 1, 'x', sizeof longest - 3);
	v = validators(longest, "", "");
	ok(v.etag[0] == '\0', "a byte too long");
	longest[ML_HTTP_VALIDATOR_MAX] = '\0';
	longest[ML_HTTP_VALIDATOR_MAX - 1] = '"';
	v = validators(longest, "", "");
	ok(strcmp(v.etag, longest) == 0, "the longest");
}

static void
check_urls(void)
{
	static const struct {
		const char *url, *shown, *host;		/* NULL: refused */
	} given[] = {
		{ "http://h/p?q", "http://h/p?q", "h" },
		{ "HTTPS://User:pa%20ss@HoSt:81/x@y", "HTTPS://HoSt:81/x@y",
		    "host:81" },
		{ "http://a@b@c/", "http://c/", "c" },
		{ "http://[::1]:80", "http://[::1]:80", "[::1]:80" },
		{ "http://h?a=http://u:p@x/", "http://h?a=http://u:p@x/", "h" },
		{ "http://h#u:p@x", "http://h#u:p@x", "h" },
		{ "http://caf\xc3\xa9/", "http://caf\xc3\xa9/", "caf\xc3\xa9" },
		{ "", NULL, NULL }, { "http:/h", NULL, NULL },
		{ "ftp://h/", NULL, NULL }, { "file:///etc/passwd", NULL, NULL },
		{ "http://", NULL, NULL }, { "http:///p", NULL, NULL },
		{ "http://u:p@/", NULL, NULL }, { "http://h/a b", NULL, NULL },
		{ "http://h/\n", NULL, NULL }, { "http://h/\x1b", NULL, NULL },
		{ "http://h:/", "http://h:/", "h:" },
		{ "http://me:pa/ss@h/", NULL, NULL },
		{ "http://h:65536/", NULL, NULL }, { "http://[::1", NULL, NULL },
		{ "http://[::1]:x/", NULL, NULL },
		{ "http://h\\x", NULL, NULL }, { "http://h/\xff", NULL, NULL },
		{ "http://h/\xe2\x80\xae", NULL, NULL },
	};
	struct ml_buf shown = { 0 }, host = { 0 };
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		struct ml_slice url = slice(given[i].url);

		ml_buf_clear(&shown);
		ml_buf_clear(&host);
		ml_httpurl_shown(&shown, url);
		ml_httpurl_host(&host, url);
		ok((ml_httpurl_check(url) == NULL) == (given[i].shown != NULL) &&
		    (given[i].shown == NULL || (holds(&shown, given[i].shown) &&
		    holds(&host, given[i].host))), "address %zu", i);
	}
	ml_buf_free(&shown);
	ml_buf_free(&host);
}

static void
check_states(void)
{
	struct ml_httpstate s = { .size = 12345 }, t;
	struct ml_buf text = { 0 };

	memset(s.request, 'a', ML_HTTPSTATE_REQUEST);
	s.validators = validators("\"v1\"", "Sun, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 06 Nov 1994 08:49:39 GMT");
	memcpy(s.boot, "0b8aa3d6-0000-0000-0000-000000000000", 36);
	ml_httpstate_write(&text, &s);
	ok(ml_httpstate_read(&t, ml_buf_view(&text)) && t.size == 12345 &&
	    strcmp(s.request, t.request) == 0 && strcmp(s.boot, t.boot) == 0 &&
	    strcmp(t.validators.etag, "\"v1\"") == 0 &&
	    strcmp(t.validators.modified, s.validators.modified) == 0 &&
	    t.validators.date_s > t.validators.modified_s,
	    "a state comes back");
	ok(!ml_httpstate_read(&t, (struct ml_slice){ text.p, text.len - 1 }),
	    "not one that was cut");
	ok(!ml_httpstate_read(&t, slice("Size: 5\n")) &&
	    !ml_httpstate_read(&t, slice("")) &&
	    !ml_httpstate_read(&t, slice("nonsense\n")), "nor half of one");
	ml_buf_str(&text, "Later: yes\n");
	ok(ml_httpstate_read(&t, ml_buf_view(&text)), "more lines may come");
	ml_buf_str(&text, "Size: -5\n");
	ok(!ml_httpstate_read(&t, ml_buf_view(&text)), "a size that is none");
	ml_buf_free(&text);
}

static void
check_tokens(void)
{
	struct ml_buf out = { 0 }, more = { 0 };
	char host[32];
	int i;

	ok(ml_httptokens_get(slice(""), slice("h")) == ML_HTTPTOKENS_FULL,
	    "all at first");
	ml_httptokens_set(&out, slice("5 a\nx\n6\n-1 b\n11 c\n3 d\n4 e"),
	    slice("h"), 7);
	ok(holds(&out, "5 a\n3 d\n7 h\n"), "good lines stay");
	ok(ml_httptokens_get(ml_buf_view(&out), slice("h")) == 7 &&
	    ml_httptokens_get(ml_buf_view(&out), slice("a")) == 5 &&
	    ml_httptokens_get(ml_buf_view(&out), slice("b")) == 10, "to each");
	ml_httptokens_set(&more, ml_buf_view(&out), slice("a"), 10);
	ok(holds(&more, "3 d\n7 h\n"), "who has all needs no line");
	for (i = 0; i < 300; i++) {
		snprintf(host, sizeof host, "host%d", i);
		ml_buf_clear(&out);
		ml_httptokens_set(&out, ml_buf_view(&more), slice(host), 1);
		ml_buf_clear(&more);
		ml_buf_slice(&more, ml_buf_view(&out));
	}
	ok(ml_httptokens_get(ml_buf_view(&more), slice("host299")) == 1 &&
	    ml_httptokens_get(ml_buf_view(&more), slice("host44")) == 1 &&
	    ml_httptokens_get(ml_buf_view(&more), slice("host43")) == 10,
	    "of too many hosts the last 256");
	ml_buf_free(&out);
	ml_buf_free(&more);
}

/* Words found in a text that comes in pieces of n bytes. */
static uint64_t
found(const char *text, size_t n)
{
	static const char *const words[] = { "whale", "ee", "x", "Call me" };
	struct ml_keywords k;
	size_t len = strlen(text), i;

	ml_keywords_begin(&k, words, 4);
	for (i = 0; i < len; i += n)
		ml_keywords_feed(&k, text + i, n < len - i ? n : len - i);
	return k.found;
}

static void
check_words(void)
{
	char text[2000];
	size_t n;
	int good = 1;

	memset(text, 'e', sizeof text);
	memcpy(text + 700, "whawhale Call m Call me", 23);
	text[sizeof text - 1] = '\0';
	for (n = 1; n < sizeof text; n++)
		good &= found(text, n) == 0xb;
	ok(good, "words across every seam");
	ok(found("", 1) == 0 && found("whal", 1) == 0 &&
	    found("whalwhal e", 3) == 0, "none that is not there");
}

/* What becomes of a line: the address and the file, or why not. */
static const char *
target(const char *line, size_t len)
{
	static char said[200];
	struct ml_fetch_target t;
	char *copy = strndup(line, len);
	const char *why = ml_fetchset_target(&t, copy, len);

	if (why == NULL)
		snprintf(said, sizeof said, "%s>%s", t.url,
		    t.file != NULL ? t.file : "");
	free(copy);
	return why != NULL ? why : said;
}

static void
check_targets(void)
{
	static const char *const lines[][2] = {
		{ "http://a/b", "http://a/b>" },
		{ "http://a/b\tf\tg\r", "http://a/b>f\tg" },
		{ "https://a\t-", "https://a>" },
		{ "http://a\t", "no file behind the tab" },
		{ "http://a\t\r", "no file behind the tab" },
		{ "ftp://a\tf", "not an address of http:// or https://" },
		{ "", ">" }, { "\r", ">" } };
	size_t i;

	for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ok(strcmp(target(lines[i][0], strlen(lines[i][0])),
		    lines[i][1]) == 0, "a line of %s", lines[i][1]);
	ok(strcmp(target("http://a\0b", 10), "a NUL in it") == 0, "a NUL");
}

static void
check_settings(void)
{
	struct ml_fetch_options o = { .stall_bytes = 7 };
	uint8_t hash[32] = { 7 };
	char good[] = "1k/30", none[] = "1k", bad[] = "1k/0", worse[] = "x/1";

	ok(ml_fetchset_stall(&o, none) != NULL && ml_fetchset_stall(&o, bad) !=
	    NULL && ml_fetchset_stall(&o, worse) != NULL && o.stall_bytes == 7,
	    "no stall guard");
	ok(ml_fetchset_stall(&o, good) == NULL && o.stall_bytes == 1000 &&
	    o.stall_seconds == 30, "a stall guard");
	ok(ml_fetchset_jitter(&o.backoff, "101") != NULL &&
	    ml_fetchset_jitter(&o.backoff, "50") == NULL &&
	    o.backoff.part == 0.5, "a jitter");
	ok(ml_fetchset_sha256(hash, "ab") != NULL && ml_fetchset_sha256(hash,
	    "zz00000000000000000000000000000000000000000000000000000000000000")
	    != NULL && hash[0] == 7, "no hash");
}

int
main(void)
{
	check_headers();
	check_dates();
	check_retry_after();
	check_ranges();
	check_validators();
	check_urls();
	check_states();
	check_tokens();
	check_words();
	check_targets();
	check_settings();
	return unit_done();
}

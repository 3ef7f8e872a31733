/* number: the grammar, the one spelling, and that it means the same */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t
digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - from);
}

/* The number at p by RFC 8259's grammar, and our limit: its length, or 0. */
static size_t
plain_scan(const char *p, const char *end, int *is_integer)
{
	const char *from = p;
	size_t n;

	p += p < end && *p == '-';
	if ((n = digits(p, end)) == 0 || (*p == '0' && n > 1))
		return 0;
	p += n;
	*is_integer = 1;
	if (p < end && *p == '.') {
		if (digits(++p, end) == 0)
			return 0;
		p += digits(p, end);
		*is_integer = 0;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		if (digits(p, end) == 0)
			return 0;
		p += digits(p, end);
		*is_integer = 0;
	}
	return *is_integer && n > ML_INTEGER_DIGITS_MAX ? 0 :
	    (size_t)(p - from);
}

/* A text with its NUL. */
static double
value(const char *p, size_t len)
{
	char *text = malloc(len + 1);
	double v;

	if (text == NULL)
		abort();
	memcpy(text, p, len);
	text[len] = '\0';
	v = strtod(text, NULL);
	free(text);
	return v;
}

/* How many digits count in a double's spelling. */
static int
precision(const char *p, size_t len)
{
	int n = 0, zeros = 0;

	for (; len > 0 && *p != 'e'; p++, len--)
		if (*p >= '0' && *p <= '9' && (n > 0 || *p != '0')) {
			n++;
			zeros = *p == '0' ? zeros + 1 : 0;
		}
	return n - zeros;
}

/* The same double, and no fewer digits would do. */
static void
is_shortest(const char *p, size_t len, struct ml_slice out)
{
	double v = value(p, len), w = value(out.p, out.len);
	char shorter[64];
	int n = precision(out.p, out.len);

	assert(isfinite(v) && memcmp(&v, &w, sizeof v) == 0 && n <= 17);
	if (n > 1) {
		snprintf(shorter, sizeof shorter, "%.*e", n - 2, v);
		assert(strtod(shorter, NULL) < v || strtod(shorter, NULL) > v);
	}
}

static void
is_integer(const char *p, size_t len, struct ml_slice out)
{
	struct ml_slice in = { p, len };
	char text[32] = { 0 };
	int64_t v = 0;
	long long want;
	int got = ml_number_int(in, &v);

	assert(ml_slice_is(in, "-0") ? ml_slice_is(out, "0") :
	    ml_slice_same(in, out));
	if (len >= 19) {
		assert(!got);
		return;
	}
	memcpy(text, p, len);
	want = strtoll(text, NULL, 10);
	assert(got == (want <= ML_INT_MAX && want >= -ML_INT_MAX) &&
	    (!got || v == want));
}

static void
written(const char *p, const char *end, size_t len, int canonical,
    int integer)
{
	struct ml_buf out = { 0 }, again = { 0 };
	const char *why = ml_number_write(p, len, &out);
	struct ml_slice in = { p, len };
	int64_t v;

	assert(ml_number_write(p, len, NULL) == why);
	if (why != NULL) {
		assert(!canonical && ml_number_span(p, end) == 0);
		assert(!integer && !isfinite(value(p, len)));
	} else {
		assert(ml_number_span(p, end) ==
		    (ml_slice_same(in, ml_buf_view(&out)) ? len : 0));
		assert(!canonical || ml_slice_same(in, ml_buf_view(&out)));
		assert(ml_number_span(out.p, out.p + out.len) == out.len);
		assert(ml_number_write(out.p, out.len, &again) == NULL &&
		    ml_slice_same(ml_buf_view(&out), ml_buf_view(&again)));
		if (integer)
			is_integer(p, len, ml_buf_view(&out));
		else {
			assert(!ml_number_int(in, &v));
			is_shortest(p, len, ml_buf_view(&out));
		}
	}
	ml_buf_free(&out);
	ml_buf_free(&again);
}

/* Any eight bytes are a double; what is finite has a spelling. */
static void
as_double(const uint8_t *data, size_t len)
{
	char text[64];
	double v;
	int n;

	if (len < sizeof v)
		return;
	memcpy(&v, data, sizeof v);
	if (!isfinite(v))
		return;
	n = snprintf(text, sizeof text, "%.16e", v);
	written(text, text + n, (size_t)n, 0, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "", *end = p + len;
	size_t n = 0, want;
	int canonical = 0, integer = 0;
	int64_t v;

	want = plain_scan(p, end, &integer);
	if (ml_number_scan(p, end, &n, &canonical) == NULL) {
		assert(n == want && n > 0);
		written(p, end, n, canonical, integer);
	} else
		assert(want == 0 && ml_number_span(p, end) == 0);
	if (want != len || !integer)
		assert(!ml_number_int((struct ml_slice){ p, len }, &v));
	as_double(data, len);
	return 0;
}

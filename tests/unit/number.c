/* number - scanning, the one spelling, and the integers that are read */
#include <math.h>

#include "given.h"
#include "number.h"
#include "unit.h"

#define DOUBLES 200000
#define DECIMALS 100000

struct scanned {
	const char *why;
	size_t len;
	int canonical;
};

static struct scanned
scan(const char *text)
{
	struct scanned s = { .len = 0 };

	s.why = ml_number_scan(text, text + strlen(text), &s.len, &s.canonical);
	return s;
}

static void
check_spelling(void)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "0", "0" }, { "-0", "0" }, { "7", "7" }, { "-12", "-12" },
		{ "9007199254740993", "9007199254740993" },
		{ "-123456789012345678901234567890",
		    "-123456789012345678901234567890" },
		{ "0.0", "0.0" }, { "-0.0", "-0.0" }, { "-0.000", "-0.0" },
		{ "0e5", "0.0" }, { "-0e5", "-0.0" }, { "0E-0", "0.0" },
		{ "1.50", "1.5" }, { "1.0", "1.0" }, { "100.00", "100.0" },
		{ "1e2", "100.0" }, { "1E+2", "100.0" }, { "12e-1", "1.2" },
		{ "0.1", "0.1" }, { "0.30000000000000004",
		    "0.30000000000000004" },
		/* where the notation changes */
		{ "1e16", "1e+16" }, { "1e15", "1000000000000000.0" },
		{ "1000000000000000.0", "1000000000000000.0" },
		{ "10000000000000000.0", "1e+16" },
		{ "9999999999999998.0", "9999999999999998.0" },
		{ "9999999999999999.9", "1e+16" },
		{ "12345678901234567.0", "1.2345678901234568e+16" },
		{ "0.0001", "0.0001" }, { "1e-4", "0.0001" },
		{ "0.00012345", "0.00012345" }, { "0.00001", "1e-05" },
		{ "1e-5", "1e-05" }, { "0.000099999", "9.9999e-05" },
		{ "1e22", "1e+22" }, { "1e23", "1e+23" },
		{ "1e100", "1e+100" }, { "-1.5e-100", "-1.5e-100" },
		/* the fewest digits, where the nearest decimal is not it */
		{ "5.6843418860808015e-14", "5.684341886080802e-14" },
		{ "9.5367431640625e-7", "9.5367431640625e-07" },
		{ "9.313225746154785e-10", "9.313225746154785e-10" },
		{ "1152921504606846976.0", "1.152921504606847e+18" },
		{ "9007199254740993.0", "9007199254740992.0" },
		{ "8.98846567431158e307", "8.98846567431158e+307" },
		/* the ends of the range */
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "1.79769313486231580e308", "1.7976931348623157e+308" },
		{ "2.2250738585072014e-308", "2.2250738585072014e-308" },
		{ "2.2250738585072011e-308", "2.225073858507201e-308" },
		{ "4.9406564584124654e-324", "5e-324" },
		{ "5e-324", "5e-324" }, { "3e-324", "5e-324" },
		{ "1.4821969375237396e-323", "1.5e-323" },
		{ "2e-324", "0.0" }, { "-2e-324", "-0.0" },
		{ "1e-99999999999999999999", "0.0" },
		{ "0e99999999999999999999", "0.0" },
	};
	struct ml_buf out = { 0 };
	struct scanned s;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		s = scan(table[i].in);
		ml_buf_clear(&out);
		ok(s.why == NULL && s.len == strlen(table[i].in) &&
		    ml_number_write(table[i].in, s.len, &out) == NULL &&
		    holds(&out, table[i].out), "%s is written %s, not %.*s",
		    table[i].in, table[i].out, (int)out.len, out.p);
		ok(s.why == NULL && (!s.canonical ||
		    strcmp(table[i].in, table[i].out) == 0),
		    "%s is not called canonical if it changes", table[i].in);
	}
	ml_buf_free(&out);
}

static void
check_beyond(void)
{
	static const char *const text[] = { "1e309", "-1e309",
	    "1.7976931348623159e308", "1e99999999999999999999" };
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof text / sizeof text[0]; i++) {
		ok(scan(text[i]).why == NULL && !scan(text[i]).canonical,
		    "%s is a number by its grammar", text[i]);
		ok(same_reason(ml_number_write(text[i], strlen(text[i]), &out),
		    "a number beyond the doubles"), "%s is refused", text[i]);
		ok(out.len == 0, "%s: nothing was written", text[i]);
	}
	ml_buf_free(&out);
}

static void
check_grammar(void)
{
	static const char digits[] = "not JSON: a number without digits";
	static const struct {
		const char *in, *why;
	} refused[] = { { "", digits }, { "-", digits }, { "+1", digits },
	    { ".5", digits }, { "-.5", digits }, { "1.", digits },
	    { "1.e5", digits }, { "1e", digits }, { "1e+", digits },
	    { "1.5e-", digits }, { "x", digits }, { "-x", digits },
	    { "00", "not JSON: a number with a leading zero" },
	    { "-00", "not JSON: a number with a leading zero" },
	    { "007", "not JSON: a number with a leading zero" },
	    { "01.5", "not JSON: a number with a leading zero" } };
	static const struct {
		const char *in;
		size_t len;
	} part[] = { { "1,2", 1 }, { "-12]", 3 }, { "1.5}", 3 },
	    { "1e5 ", 3 }, { "0x10", 1 }, { "1.5.5", 3 }, { "1-1", 1 },
	    { "1e5e5", 3 } };
	struct scanned s;
	size_t i;

	for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
		ok(same_reason(scan(refused[i].in).why, refused[i].why),
		    "\"%s\" is refused", refused[i].in);
	for (i = 0; i < sizeof part / sizeof part[0]; i++) {
		s = scan(part[i].in);
		ok(s.why == NULL && s.len == part[i].len,
		    "%s: the number ends after %zu", part[i].in, part[i].len);
	}
}

static void
check_long(void)
{
	struct ml_buf text = { 0 }, out = { 0 };
	struct scanned s;
	int i;

	for (i = 0; i < ML_INTEGER_DIGITS_MAX; i++)
		ml_buf_byte(&text, (char)('1' + i % 9));
	ml_buf_byte(&text, '\0');
	s = scan(text.p);
	ok(s.why == NULL && s.len == ML_INTEGER_DIGITS_MAX && s.canonical,
	    "4300 digits");
	ok(ml_number_write(text.p, s.len, &out) == NULL &&
	    holds(&out, text.p), "4300 digits stay as they are");
	ok(ml_number_span(text.p, text.p + s.len) == s.len,
	    "4300 digits are canonical");
	text.p[text.len - 1] = '1';
	ml_buf_byte(&text, '\0');
	ok(same_reason(scan(text.p).why, "an integer of more than 4300 digits"),
	    "4301 digits are refused");
	ok(ml_number_span(text.p, text.p + text.len - 1) == 0,
	    "4301 digits are not canonical");
	text.p[0] = '-';
	s = scan(text.p);
	ok(s.why == NULL && s.len == ML_INTEGER_DIGITS_MAX + 1 && s.canonical,
	    "a minus sign is no digit");
	text.p[0] = '1';
	text.p[text.len - 1] = '.';
	ml_buf_str(&text, "5e-4300");
	ml_buf_byte(&text, '\0');
	s = scan(text.p);
	ml_buf_clear(&out);
	ok(s.why == NULL && s.len == ML_INTEGER_DIGITS_MAX + 9 &&
	    ml_number_write(text.p, s.len, &out) == NULL &&
	    holds(&out, "1.234567891234568"),
	    "the limit is for integers only");
	ml_buf_free(&text);
	ml_buf_free(&out);
}

/* A random double of every kind there is. */
static double
random_double(uint64_t *state)
{
	uint64_t bits = given_random(state);
	double x;

	switch (given_below(state, 6)) {
	case 0:		/* subnormal */
		bits &= UINT64_C(0x800fffffffffffff);
		break;
	case 1:		/* a power of two or beside one */
		bits &= UINT64_C(0xfff0000000000000);
		bits += given_random(state) % 3 - 1;
		break;
	case 2:		/* whole */
		return (double)(int64_t)(bits >> given_below(state, 64));
	case 3:		/* few digits */
		return (double)(bits % 1000000) / 1000;
	case 4:		/* positional */
		return ldexp((double)(bits >> 11), -(int)(bits % 80));
	}
	memcpy(&x, &bits, sizeof x);
	return x;
}

static int
significant(struct ml_slice s)
{
	int n = 0, zeros = 0;
	size_t i;

	for (i = 0; i < s.len && s.p[i] != 'e'; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || (n == 0 && s.p[i] == '0'))
			continue;
		zeros = s.p[i] == '0' ? zeros + 1 : 0;
		n++;
	}
	return n - zeros;
}

/*
 * Does a decimal of so many digits read back as x?  The nearest one, and at a
 * power of two, below which doubles lie closer, those beside it.
 */
static int
some_decimal(double x, int digits)
{
	char text[64], *at;
	long long mantissa;
	int i, power, step;

	snprintf(text, sizeof text, "%.*e", digits - 1, fabs(x));
	if (strtod(text, NULL) == fabs(x))
		return 1;
	if (frexp(fabs(x), &i) != 0.5)
		return 0;
	at = strchr(text, 'e');
	power = (int)strtol(at + 1, NULL, 10) - (digits - 1);
	for (mantissa = 0, i = 0; text + i < at; i++)
		if (text[i] != '.')
			mantissa = mantissa * 10 + (text[i] - '0');
	for (step = -1; step <= 1; step += 2) {
		snprintf(text, sizeof text, "%llde%d", mantissa + step, power);
		if (strtod(text, NULL) == fabs(x))
			return 1;
	}
	return 0;
}

static int
check_double(double x, struct ml_buf *out)
{
	char text[64];
	size_t len;
	struct scanned s;
	int digits;

	len = (size_t)snprintf(text, sizeof text, "%.17e", x);
	ml_buf_clear(out);
	if (ml_number_write(text, len, out) != NULL)
		return 0;
	ml_buf_byte(out, '\0');
	s = scan(out->p);
	if (s.why != NULL || s.len != --out->len || strtod(out->p, NULL) != x ||
	    signbit(strtod(out->p, NULL)) != signbit(x))
		return 0;
	digits = significant(ml_buf_view(out));
	snprintf(text, sizeof text, "%.17g", x);
	return digits <= significant((struct ml_slice){ text, strlen(text) }) &&
	    (digits < 2 || !some_decimal(x, digits - 1));
}

static void
check_doubles(void)
{
	struct ml_buf out = { 0 };
	uint64_t state = 1;
	double x, failed = 0;
	int i, bad = 0;

	for (i = 0; i < DOUBLES; i++) {
		do
			x = random_double(&state);
		while (!isfinite(x));
		if (!check_double(x, &out) && bad++ == 0)
			failed = x;
	}
	ok(bad == 0, "random doubles: %d fail, first %a", bad, failed);
	for (bad = 0, i = -1074; i <= 1023; i++)
		if (!check_double(ldexp(1, i), &out) && bad++ == 0)
			failed = ldexp(1, i);
	ok(bad == 0, "powers of two: %d fail, first %a", bad, failed);
	ml_buf_free(&out);
}

static size_t
random_digits(uint64_t *state, char *to)
{
	size_t n = 1 + given_below(state, given_below(state, 4) == 0 ? 18 : 6);
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = given_below(state, 2) == 0 ? '0' :
		    (char)('0' + given_below(state, 10));
	return n;
}

/* A decimal text by the grammar; *plain if it has no exponent and <= 15
 * digits, so that the flag must be right both ways. */
static size_t
random_decimal(uint64_t *state, char *to, int *plain)
{
	char digits[32];
	size_t n = 0, len, all;

	if (given_below(state, 4) == 0)
		to[n++] = '-';
	len = random_digits(state, digits);
	if (digits[0] == '0')
		len = 1;
	memcpy(to + n, digits, len);
	n += all = len;
	if (given_below(state, 8) != 0) {
		to[n++] = '.';
		len = random_digits(state, to + n);
		all += len;
		n += len;
	}
	*plain = all <= 15;
	if (given_below(state, 8) == 0) {
		to[n++] = "eE"[given_below(state, 2)];
		n += (size_t)sprintf(to + n, "%d",
		    (int)given_below(state, 60) - 30);
		*plain = 0;
	}
	to[n] = '\0';
	return n;
}

static void
check_flag(void)
{
	struct ml_buf out = { 0 };
	uint64_t state = 2;
	char text[128], failed[128] = "";
	struct scanned s;
	int i, same, plain, bad = 0, unchanged = 0;
	size_t n;

	for (i = 0; i < DECIMALS; i++) {
		n = random_decimal(&state, text, &plain);
		s = scan(text);
		ml_buf_clear(&out);
		same = s.why == NULL && s.len == n &&
		    ml_number_write(text, n, &out) == NULL && holds(&out, text);
		unchanged += same;
		if (ml_number_span(text, text + n) != (same ? n : 0) ||
		    s.why != NULL || s.len != n || (s.canonical && !same) ||
		    (plain && same && !s.canonical))
			if (bad++ == 0)
				memcpy(failed, text, n + 1);
	}
	ok(bad == 0, "the flag agrees with writing: %d fail, first %s", bad,
	    failed);
	ok(unchanged > DECIMALS / 10 && unchanged < DECIMALS - DECIMALS / 10,
	    "%d of %d texts were canonical", unchanged, DECIMALS);
	ml_buf_free(&out);
}

static void
check_int(void)
{
	static const struct {
		const char *in;
		int64_t v;
	} table[] = { { "0", 0 }, { "-0", 0 }, { "1", 1 }, { "-1", -1 },
	    { "1700000000000", INT64_C(1700000000000) },
	    { "9007199254740992", INT64_C(9007199254740992) },
	    { "-9007199254740992", -INT64_C(9007199254740992) } };
	static const char *const refused[] = { "", "-", "+1", "00", "01",
	    "-01", "1.0", "1e3", "1 ", " 1", "true", "null", "\"1\"", "0x1",
	    "--1", "9007199254740993", "-9007199254740993",
	    "9999999999999999", "10000000000000000", "18446744073709551617",
	    "99999999999999999999999999" };
	int64_t v;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		v = 99;
		ok(ml_number_int(slice(table[i].in), &v) == 1 &&
		    v == table[i].v, "the integer %s", table[i].in);
	}
	for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
		ok(ml_number_int(slice(refused[i]), &v) == 0,
		    "\"%s\" is no integer within 2^53", refused[i]);
}

int
main(void)
{
	check_spelling();
	check_beyond();
	check_grammar();
	check_long();
	check_doubles();
	check_flag();
	check_int();
	return unit_done();
}

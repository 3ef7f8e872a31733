/* number - JSON numbers, and the one spelling that ids are hashed over */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define SURE_DIGITS DBL_DIG	/* so many always survive a normal double */
#define MOST_DIGITS 17		/* so many tell any two doubles apart */
#define SHORT_TEXT 64		/* bytes that need no memory of their own */
#define POSITIONAL_FROM (-4)	/* power of ten of the first digit */
#define POSITIONAL_TO 16

static size_t
digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - from);
}

/*
 * Is this text, a point or an exponent in it, its own canonical form?  Only a
 * quick yes: up to 15 significant digits survive a double, so no shorter text
 * can mean the same number.  frac and exp point at '.' and 'e', or at end.
 */
static int
plainly_canonical(const char *p, const char *frac, const char *end)
{
	const char *last = end - 1;
	long whole = frac - p, power;

	if (whole + (end - frac) - 1 > SURE_DIGITS)
		return 0;
	if (frac[1] == '0' && end - frac == 2)
		return 1;		/* 12.0, 0.0: whole numbers */
	if (*last == '0')
		return 0;
	if (*p != '0')
		return 1;
	for (power = -1; frac[-power] == '0'; power--)
		continue;
	return power >= POSITIONAL_FROM;
}

const char *
ml_number_scan(const char *p, const char *end, size_t *len, int *canonical)
{
	const char *at = p, *frac;
	size_t whole, n;
	int negative = at < end && *at == '-';

	at += negative;
	whole = digits(at, end);
	if (whole == 0)
		return "not JSON: a number without digits";
	if (*at == '0' && whole > 1)
		return "not JSON: a number with a leading zero";
	frac = at + whole;
	at = frac;
	if (at < end && *at == '.') {
		if ((n = digits(at + 1, end)) == 0)
			return "not JSON: a number without digits";
		at += 1 + n;
	}
	*canonical = at == frac || plainly_canonical(frac - whole, frac, at);
	if (at < end && (*at == 'e' || *at == 'E')) {
		*canonical = 0;
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if ((n = digits(at, end)) == 0)
			return "not JSON: a number without digits";
		at += n;
	} else if (at == frac) {
		if (whole > ML_INTEGER_DIGITS_MAX)
			return "an integer of more than 4300 digits";
		if (negative && whole == 1 && *p == '-' && p[1] == '0')
			*canonical = 0;
	}
	*len = (size_t)(at - p);
	return NULL;
}

struct decimal {
	char digit[MOST_DIGITS + 8];	/* without trailing zeros */
	int n;
	int power;			/* of ten, of the first digit */
};

/* x > 0 rounded to n significant digits. */
static void
round_to(struct decimal *d, double x, int n)
{
	char text[MOST_DIGITS + 16];
	const char *e;

	snprintf(text, sizeof text, "%.*e", n - 1, x);
	e = strchr(text, 'e');
	d->power = (int)strtol(e + 1, NULL, 10);
	d->digit[0] = text[0];
	if (n > 1)
		memcpy(d->digit + 1, text + 2, (size_t)n - 1);
	d->n = n;
}

static double
value(const struct decimal *d)
{
	char text[MOST_DIGITS + 32];

	snprintf(text, sizeof text, "%.*se%d", d->n, d->digit,
	    d->power - (d->n - 1));
	return strtod(text, NULL);
}

/* One more in the last place. */
static void
step_up(struct decimal *d)
{
	int i = d->n - 1;

	while (i >= 0 && d->digit[i] == '9')
		d->digit[i--] = '0';
	if (i >= 0) {
		d->digit[i]++;
		return;
	}
	d->digit[0] = '1';
	d->power++;
}

/*
 * A decimal of n digits that reads back as x > 0, if there is one.  At a power
 * of two the gap below x is half the gap above, so the nearest decimal may miss
 * where the next one up still hits.
 */
static int
fits(struct decimal *d, double x, int n)
{
	round_to(d, x, n);
	if (value(d) == x)
		return 1;
	step_up(d);
	return value(d) == x;
}

/* The shortest decimal that reads back as x > 0. */
static void
shortest(struct decimal *d, double x)
{
	int least = 1, n = x >= DBL_MIN ? SURE_DIGITS : MOST_DIGITS, middle;

	while (n < MOST_DIGITS && !fits(d, x, n))
		n++;
	if (x < DBL_MIN)		/* where precision is lost bit by bit */
		while (least < n) {
			middle = (least + n) / 2;
			if (fits(d, x, middle))
				n = middle;
			else
				least = middle + 1;
		}
	(void)fits(d, x, n);
	while (d->n > 1 && d->digit[d->n - 1] == '0')
		d->n--;
}

static void
zeros(struct ml_buf *out, int n)
{
	while (n-- > 0)
		ml_buf_byte(out, '0');
}

static void
write_double(double x, struct ml_buf *out)
{
	struct decimal d = { .digit = "0", .n = 1 };
	int whole;
	char exponent[16];

	if (signbit(x))
		ml_buf_byte(out, '-');
	if (x != 0)
		shortest(&d, fabs(x));
	if (d.power < POSITIONAL_FROM || d.power >= POSITIONAL_TO) {
		ml_buf_byte(out, d.digit[0]);
		if (d.n > 1) {
			ml_buf_byte(out, '.');
			ml_buf_add(out, d.digit + 1, (size_t)d.n - 1);
		}
		snprintf(exponent, sizeof exponent, "e%c%02d",
		    d.power < 0 ? '-' : '+', abs(d.power));
		ml_buf_str(out, exponent);
		return;
	}
	if (d.power < 0) {
		ml_buf_str(out, "0.");
		zeros(out, -d.power - 1);
		ml_buf_add(out, d.digit, (size_t)d.n);
		return;
	}
	whole = d.power + 1;
	ml_buf_add(out, d.digit, (size_t)(d.n < whole ? d.n : whole));
	zeros(out, whole - d.n);
	ml_buf_byte(out, '.');
	if (d.n > whole)
		ml_buf_add(out, d.digit + whole, (size_t)(d.n - whole));
	else
		ml_buf_byte(out, '0');
}

/* 0, or -1: no memory. */
static int
read_double(const char *p, size_t len, double *x)
{
	char few[SHORT_TEXT], *text = len < sizeof few ? few : malloc(len + 1);

	if (text == NULL)
		return -1;
	memcpy(text, p, len);
	text[len] = '\0';
	*x = strtod(text, NULL);
	if (text != few)
		free(text);
	return 0;
}

const char *
ml_number_write(const char *p, size_t len, struct ml_buf *out)
{
	double x;

	if (memchr(p, '.', len) == NULL && memchr(p, 'e', len) == NULL &&
	    memchr(p, 'E', len) == NULL) {
		if (len == 2 && p[0] == '-' && p[1] == '0')
			p++, len--;
		if (out != NULL)
			ml_buf_add(out, p, len);
		return NULL;
	}
	if (read_double(p, len, &x) == -1)
		return ML_NO_MEMORY;
	if (!isfinite(x))
		return "a number beyond the doubles";
	if (out != NULL)
		write_double(x, out);
	return NULL;
}

/* What ml_number_scan() is not sure of is written anew and compared. */
static size_t
span_anew(const char *p, const char *end)
{
	struct ml_buf again = { 0 };
	size_t len;
	int canonical;

	if (ml_number_scan(p, end, &len, &canonical) != NULL)
		return 0;
	if (canonical)
		return len;
	if (ml_number_write(p, len, &again) != NULL || ml_buf_failed(&again) ||
	    !ml_slice_same(ml_buf_view(&again), (struct ml_slice){ p, len }))
		len = 0;
	ml_buf_free(&again);
	return len;
}

size_t
ml_number_span(const char *p, const char *end)
{
	const char *from = p + (p < end && *p == '-'), *at;
	size_t n = digits(from, end);

	/* most are integers, and those that begin so are canonical */
	at = from + n;
	if (n > 0 && n <= ML_INTEGER_DIGITS_MAX && *from != '0' &&
	    (at == end || (*at != '.' && *at != 'e' && *at != 'E')))
		return (size_t)(at - p);
	return span_anew(p, end);
}

int
ml_number_int(struct ml_slice s, int64_t *v)
{
	size_t i = s.len > 0 && s.p[0] == '-';
	int64_t n = 0;

	if (s.len - i < 1 || s.len - i > SURE_DIGITS + 1 ||
	    (s.p[i] == '0' && s.len - i > 1))
		return 0;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		n = n * 10 + (s.p[i] - '0');
	}
	if (n > ML_INT_MAX)
		return 0;
	*v = s.p[0] == '-' ? -n : n;
	return 1;
}

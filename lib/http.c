/* http - what the headers of an answer say */
#include <strings.h>

#include "http.h"

#define SECONDS_MAX 1e9			/* of Retry-After; more is as long */

static int
is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || (c != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct ml_slice
trim(struct ml_slice s)
{
	while (s.len > 0 && is_blank(*s.p))
		s.p++, s.len--;
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

int
ml_http_header(struct ml_slice line, struct ml_http_header *h)
{
	size_t n = 0, i;

	if (line.len > 0 && line.p[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	while (n < line.len && is_token((unsigned char)line.p[n]))
		n++;
	if (n == 0 || n == line.len || line.p[n] != ':')
		return 0;
	h->name = (struct ml_slice){ line.p, n };
	h->value = trim((struct ml_slice){ line.p + n + 1, line.len - n - 1 });
	for (i = 0; i < h->value.len; i++)
		if ((unsigned char)h->value.p[i] < ' ' && h->value.p[i] != '\t')
			return 0;
	return 1;
}

int
ml_http_name_is(struct ml_slice name, const char *wanted)
{
	return name.len == strlen(wanted) &&
	    strncasecmp(name.p, wanted, name.len) == 0;
}

int64_t
ml_http_number(struct ml_slice s)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9 || v > (INT64_MAX - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	return s.len > 0 ? v : -1;
}

/* Three letters: 1 to 12, or 0. */
static int
month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int i;

	for (i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, p, 3) == 0)
			return i + 1;
	return 0;
}

/* Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms. */
static int64_t
days_from(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

/* A date by a pattern: D, Y, h, m, s stand for digits, B for a month, _ for a
 * blank; other characters for themselves.  1, or 0. */
static int
match(struct ml_slice s, const char *pattern, int field[static 128])
{
	size_t i;

	if (s.len != strlen(pattern))
		return 0;
	for (i = 0; i < s.len; i++) {
		char c = s.p[i], p = pattern[i];

		if (strchr("DYhms", p) != NULL) {
			if (c == ' ' && p == 'D' && field['D'] == 0)
				c = '0';	/* asctime() has it so */
			if (c < '0' || c > '9')
				return 0;
			field[(int)p] = field[(int)p] * 10 + (c - '0');
		} else if (p == 'B') {
			if (i + 3 > s.len || (field['B'] = month_of(s.p + i)) == 0)
				return 0;
			i += 2;
		} else if (c != (p == '_' ? ' ' : p))
			return 0;
	}
	return 1;
}

/* Behind the day of the week, whose name says nothing new. */
static struct ml_slice
skip_weekday(struct ml_slice s)
{
	size_t n = 0;

	while (n < s.len && n < 10 && ((s.p[n] >= 'A' && s.p[n] <= 'Z') ||
	    (s.p[n] >= 'a' && s.p[n] <= 'z')))
		n++;
	return n >= 3 ? (struct ml_slice){ s.p + n, s.len - n } :
	    (struct ml_slice){ s.p, 0 };
}

int64_t
ml_http_date(struct ml_slice text)
{
	static const char *const patterns[] = {
		",_DD_BBB_YYYY_hh:mm:ss_GMT", ",_DD-BBB-YY_hh:mm:ss_GMT",
		"_BBB_DD_hh:mm:ss_YYYY",
	};
	struct ml_slice s = skip_weekday(trim(text));
	size_t i;

	for (i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		int f[128] = { 0 };

		if (!match(s, patterns[i], f))
			continue;
		if (i == 1)		/* a year of two digits */
			f['Y'] += f['Y'] < 70 ? 2000 : 1900;
		if (f['D'] < 1 || f['D'] > 31 || f['Y'] < 1970 ||
		    f['h'] > 23 || f['m'] > 59 || f['s'] > 60)
			return -1;
		return days_from(f['Y'], f['B'], f['D']) * 86400 +
		    f['h'] * 3600 + f['m'] * 60 + f['s'];
	}
	return -1;
}

double
ml_http_retry_after(struct ml_slice text, int64_t now)
{
	struct ml_slice s = trim(text);
	size_t i;
	int64_t v;

	for (i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		continue;
	if (i > 0 && i == s.len) {
		v = ml_http_number(s);
		return v == -1 || (double)v > SECONDS_MAX ? SECONDS_MAX :
		    (double)v;
	}
	if ((v = ml_http_date(s)) == -1)
		return -1;
	return v <= now ? 0 : (double)(v - now) > SECONDS_MAX ? SECONDS_MAX :
	    (double)(v - now);
}

/* The bytes up to a character, which is taken as well: 1, or 0: there is none. */
static int
take_until(struct ml_slice *from, char c, struct ml_slice *out)
{
	const char *p = from->len > 0 ? memchr(from->p, c, from->len) : NULL;

	if (p == NULL)
		return 0;
	*out = (struct ml_slice){ from->p, (size_t)(p - from->p) };
	from->len -= out->len + 1;
	from->p = p + 1;
	return 1;
}

int
ml_http_content_range(struct ml_slice text, struct ml_http_range *r)
{
	struct ml_slice s = trim(text), range, first;

	if (s.len < 6 || strncasecmp(s.p, "bytes ", 6) != 0)
		return 0;
	s = (struct ml_slice){ s.p + 6, s.len - 6 };
	if (!take_until(&s, '/', &range))
		return 0;
	r->first = r->last = -1;
	r->total = ml_slice_is(s, "*") ? -1 : ml_http_number(s);
	if (r->total == -1 && !ml_slice_is(s, "*"))
		return 0;
	if (ml_slice_is(range, "*"))
		return r->total != -1;
	if (!take_until(&range, '-', &first))
		return 0;
	r->first = ml_http_number(first);
	r->last = ml_http_number(range);
	return r->first != -1 && r->last >= r->first &&
	    (r->total == -1 || r->last < r->total);
}

void
ml_http_validators_clear(struct ml_http_validators *v)
{
	v->etag[0] = v->modified[0] = '\0';
	v->modified_s = v->date_s = -1;
}

/* "..." or W/"...", or what some servers have in its place: a word without
 * quotes, which must not mean more where it is sent back. */
static int
is_etag(struct ml_slice s)
{
	size_t i = s.len >= 2 && memcmp(s.p, "W/", 2) == 0 ? 2 : 0;

	if (s.len > ML_HTTP_VALIDATOR_MAX || s.len == 0)
		return 0;
	if (memchr(s.p, '"', s.len) == NULL) {
		if (ml_slice_is(s, "*") || memchr(s.p, ',', s.len) != NULL)
			return 0;
		i = 0;
	} else if (s.len < i + 2 || s.p[i++] != '"' || s.p[--s.len] != '"')
		return 0;
	for (; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' ||
		    s.p[i] == 0x7f)
			return 0;
	return 1;
}

static void
copy(char *to, struct ml_slice s)
{
	memcpy(to, s.p, s.len);
	to[s.len] = '\0';
}

void
ml_http_validators_note(struct ml_http_validators *v,
    const struct ml_http_header *h)
{
	if (ml_http_name_is(h->name, "etag") && is_etag(h->value))
		copy(v->etag, h->value);
	else if (ml_http_name_is(h->name, "date"))
		v->date_s = ml_http_date(h->value);
	else if (ml_http_name_is(h->name, "last-modified") &&
	    ml_http_date(h->value) != -1) {
		v->modified_s = ml_http_date(h->value);
		copy(v->modified, h->value);	/* so short it is */
	}
}

const char *
ml_http_strong(const struct ml_http_validators *v)
{
	if (v->etag[0] == '"')
		return v->etag;
	/* what is changed once more within its second has the same date */
	if (strncmp(v->etag, "W/", 2) != 0 && v->modified[0] != '\0' &&
	    v->date_s > v->modified_s)
		return v->modified;
	return NULL;
}

const char *
ml_http_header_check(const char *line)
{
	static const char *const ours[] = { "content-length",
	    "transfer-encoding", "range", "if-range", "if-none-match",
	    "if-modified-since" };
	struct ml_slice s = { line, strlen(line) };
	struct ml_http_header h;
	size_t i;

	if (strpbrk(line, "\r\n") != NULL || !ml_http_header(s, &h))
		return "not a header, as NAME: VALUE";
	for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (ml_http_name_is(h.name, ours[i]))
			return "a header that ml-fetch itself sends";
	return NULL;
}

/* text - a peer's bytes made safe to print on a terminal */
#include <stdio.h>

#include "jstring.h"
#include "text.h"
#include "utf8.h"

#define MS_PER_DAY INT64_C(86400000)

int
ml_text_is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == '\\' ||
	    cp == 0xad || cp == 0x34f || cp == 0x115f || cp == 0x1160 || cp == 0x3164 ||
	    cp == 0xffa0 || cp == 0x061c || cp == 0x180e || cp == 0x200b ||
	    cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2060 && cp <= 0x206f) || (cp >= 0xd800 && cp <= 0xdfff) ||
	    cp == 0xfeff || (cp >= 0xfff0 && cp <= 0xfffb) ||
	    (cp >= 0x1bca0 && cp <= 0x1bca3) ||
	    (cp >= 0x1d173 && cp <= 0x1d17a) ||
	    (cp & 0xfffe) == 0xfffe || (cp >= 0xe0000 && cp <= 0xe0fff);
}

static void
put(struct ml_buf *out, uint32_t cp)
{
	char text[16];
	size_t n;

	if (!ml_text_is_unsafe(cp))
		n = ml_utf8_put(text, cp);
	else if (cp == '\\')
		text[0] = text[1] = '\\', n = 2;
	else
		n = (size_t)snprintf(text, sizeof text,
		    cp < 0x10000 ? "\\u%04x" : "\\u{%x}", (unsigned)cp);
	ml_buf_add(out, text, n);
}

void
ml_text_bytes(struct ml_buf *out, const char *p, size_t len)
{
	const char *end = p + len;
	char text[8];
	uint32_t cp;
	size_t n;

	for (; p < end; p += n) {
		if ((n = ml_utf8_get(p, end, &cp)) != 0) {
			put(out, cp);
			continue;
		}
		n = 1;
		ml_buf_add(out, text, (size_t)snprintf(text, sizeof text,
		    "\\x%02x", (unsigned)(unsigned char)*p));
	}
}

void
ml_text_canon(struct ml_buf *out, struct ml_slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.len > 0; s.p += n, s.len -= n) {
		n = ml_jstring_get(s.p, s.len, &cp);
		put(out, cp);
	}
}

/*
 * Days since 1970 to a date, for any year: gmtime() has too small a range
 * where time_t has 32 bits.  Source: H. Hinnant, chrono-Compatible Low-Level
 * Date Algorithms, civil_from_days.
 */
static void
date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t era, of_era, year_of_era, of_year, m;

	days += 719468;			/* since 0000-03-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year_of_era = (of_era - of_era / 1460 + of_era / 36524 -
	    of_era / 146096) / 365;
	of_year = of_era - (365 * year_of_era + year_of_era / 4 -
	    year_of_era / 100);
	m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

void
ml_text_time(struct ml_buf *out, int64_t ms)
{
	int64_t days = ms / MS_PER_DAY, rest = ms % MS_PER_DAY, year;
	int month, day, r;
	char text[64];

	if (rest < 0)
		days--, rest += MS_PER_DAY;
	date(days, &year, &month, &day);
	r = (int)rest;
	if (year < 0)
		ml_buf_byte(out, '-');
	ml_buf_add(out, text, (size_t)snprintf(text, sizeof text,
	    "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)(year < 0 ? -year : year), month,
	    day, r / 3600000, r / 60000 % 60, r / 1000 % 60, r % 1000));
}

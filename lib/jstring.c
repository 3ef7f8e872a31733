/* jstring - JSON strings in canonical form */
#include <string.h>

#include "jstring.h"
#include "utf8.h"

static const char HEX[] = "0123456789abcdef";

int
ml_jstring_hex4(const char *p, const char *end, uint32_t *v)
{
	int i;

	if (end - p < 4)
		return 0;
	for (*v = 0, i = 0; i < 4; i++) {
		char c = p[i];

		*v <<= 4;
		if (c >= '0' && c <= '9')
			*v |= (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*v |= (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*v |= (uint32_t)(c - 'A' + 10);
		else
			return 0;
	}
	return 1;
}

static void
put_unit(struct ml_buf *out, uint32_t unit)
{
	char text[6] = { '\\', 'u', HEX[unit >> 12 & 15], HEX[unit >> 8 & 15],
	    HEX[unit >> 4 & 15], HEX[unit & 15] };

	ml_buf_add(out, text, sizeof text);
}

/* The letter of a short escape, or 0. */
static char
short_escape(uint32_t cp)
{
	switch (cp) {
	case '"': return '"';
	case '\\': return '\\';
	case '\b': return 'b';
	case '\f': return 'f';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	default: return 0;
	}
}

void
ml_jstring_put(struct ml_buf *out, uint32_t cp)
{
	char letter = short_escape(cp);

	if (letter != 0) {
		ml_buf_byte(out, '\\');
		ml_buf_byte(out, letter);
	} else if (cp < 0x80 && ml_scan_is_raw((unsigned char)cp)) {
		ml_buf_byte(out, (char)cp);
	} else if (cp < 0x10000) {
		put_unit(out, cp);
	} else {
		put_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
		put_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
}

/* Length of the canonical escape at p, its backslash first, else 0. */
static size_t
span_escape(const char *p, const char *end)
{
	unsigned a, b, c, d;
	uint32_t unit;

	if (end - p < 2)
		return 0;
	if (p[1] != 'u')
		return p[1] == '"' || p[1] == '\\' || p[1] == 'b' ||
		    p[1] == 'f' || p[1] == 'n' || p[1] == 'r' ||
		    p[1] == 't' ? 2 : 0;
	if (end - p < 6)
		return 0;
	a = ml_scan_hex_digit((unsigned char)p[2]);
	b = ml_scan_hex_digit((unsigned char)p[3]);
	c = ml_scan_hex_digit((unsigned char)p[4]);
	d = ml_scan_hex_digit((unsigned char)p[5]);
	if ((a | b | c | d) >= ML_SCAN_NO_DIGIT)
		return 0;
	unit = a << 12 | b << 8 | c << 4 | d;
	if (unit < 0x7f && (unit >= 0x20 || short_escape(unit) != 0))
		return 0;
	return 6;
}

size_t
ml_jstring_span_from(const char *p, const char *at, const char *end)
{
	size_t n;

	for (;; at = ml_scan_raw(at, end)) {
		/* one escape seldom comes alone */
		for (; at < end && *at == '\\'; at += n)
			if ((n = span_escape(at, end)) == 0)
				return 0;
		if (at == end)
			return 0;
		if (*at == '"')
			return (size_t)(at + 1 - p);
		if (!ml_scan_is_raw((unsigned char)*at))
			return 0;
	}
}

const char *
ml_jstring_write(struct ml_buf *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	uint32_t cp;
	size_t n;

	ml_buf_byte(out, '"');
	for (; p < end; p += n) {
		if ((n = ml_utf8_get(p, end, &cp)) == 0)
			return "not UTF-8";
		ml_jstring_put(out, cp);
	}
	ml_buf_byte(out, '"');
	return ml_buf_failed(out) ? ML_NO_MEMORY : NULL;
}

size_t
ml_jstring_get(const char *p, size_t len, uint32_t *cp)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *at;
	uint32_t low;

	*cp = (unsigned char)p[0];
	if (p[0] != '\\' || len < 2)
		return 1;
	if (p[1] != 'u') {
		at = strchr(letters, p[1]);
		*cp = (unsigned char)(at != NULL ? means[at - letters] : p[1]);
		return 2;
	}
	if (!ml_jstring_hex4(p + 2, p + len, cp))
		return 1;
	if (*cp < 0xd800 || *cp > 0xdbff || len < 12 || p[6] != '\\' ||
	    p[7] != 'u' || !ml_jstring_hex4(p + 8, p + len, &low) || low < 0xdc00 ||
	    low > 0xdfff)
		return 6;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

int
ml_jstring_compare(struct ml_slice a, struct ml_slice b)
{
	uint32_t x, y;
	size_t n;

	while (a.len > 0 && b.len > 0) {
		if (*a.p == *b.p && *a.p != '\\')
			n = 1;
		else {
			n = ml_jstring_get(a.p, a.len, &x);
			ml_jstring_get(b.p, b.len, &y);
			if (x != y)
				return x < y ? -1 : 1;
		}
		a.p += n, a.len -= n;
		b.p += n, b.len -= n;
	}
	return (a.len > 0) - (b.len > 0);
}

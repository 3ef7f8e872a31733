/* utf8 - code points out of bytes and into them */
#include "utf8.h"

size_t
ml_utf8_get(const char *text, const char *end, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t have = (size_t)(end - text), n, i;
	uint32_t least, v;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, least = 0x80, v = p[0] & 0x1fU;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3, least = 0x800, v = p[0] & 0x0fU;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, least = 0x10000, v = p[0] & 0x07U;
	else
		return 0;
	if (have < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3fU);
	}
	if (v < least || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return n;
}

size_t
ml_utf8_put(char to[ML_UTF8_LEN_MAX], uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xc0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xe0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		to[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	to[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

int
ml_utf8_valid(const char *p, size_t len)
{
	const char *end = p + len;
	uint32_t cp;
	size_t n;

	for (; p < end; p += n)
		if ((n = ml_utf8_get(p, end, &cp)) == 0)
			return 0;
	return 1;
}

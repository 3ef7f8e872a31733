/* quantity - numbers as people write them in options */
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "quantity.h"

#define VALUE_MAX (UINT64_MAX / 16)

/*
 * Digits with at most one point, times 10^scale, which must come out whole.
 * What follows is left in *end; NULL if there is no number.
 */
static const char *
decimal(const char *p, int scale, uint64_t *value)
{
	int digits = 0, point = 0;

	for (*value = 0; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = 1;
			continue;
		}
		digits++;
		if (point && scale-- == 0 && *p != '0')
			return NULL;
		if (point && scale < 0) {
			scale = 0;
			continue;
		}
		if (*value > VALUE_MAX)
			return NULL;
		*value = *value * 10 + (uint64_t)(*p - '0');
	}
	for (; scale > 0; scale--) {
		if (*value > VALUE_MAX)
			return NULL;
		*value *= 10;
	}
	return digits > 0 ? p : NULL;
}

/* The power of ten that its last letter says. */
static int
scale_of(const char *text)
{
	const char *p = text;

	while (*p != '\0')
		p++;
	switch (p > text ? p[-1] : '\0') {
	case 'k': return 3;
	case 'M': return 6;
	case 'G': return 9;
	default: return 0;
	}
}

int
ml_quantity_hz(const char *text, uint32_t *hz)
{
	int scale = scale_of(text);
	uint64_t v;
	const char *p = decimal(text, scale, &v);

	if (p == NULL || p[scale > 0] != '\0' || v > UINT32_MAX)
		return 0;
	*hz = (uint32_t)v;
	return 1;
}

int
ml_quantity_percent(const char *text, unsigned *of_ten_thousand)
{
	uint64_t v;
	const char *p = decimal(text, 2, &v);

	if (p == NULL || *p != '\0' || v == 0 || v > 10000)
		return 0;
	*of_ten_thousand = (unsigned)v;
	return 1;
}

int
ml_quantity_bytes(const char *text, uint64_t *bytes)
{
	int scale = scale_of(text);
	const char *p = decimal(text, scale, bytes);

	return p != NULL && p[scale > 0] == '\0' && *bytes < UINT64_C(1) << 53;
}

int
ml_quantity_real(const char *text, double least, double most, double *value)
{
	uint64_t millionths;
	const char *p = decimal(text, 6, &millionths);

	if (p == NULL || *p != '\0')
		return 0;
	*value = (double)millionths / 1e6;
	return *value >= least && *value <= most;
}

int
ml_quantity_float(const char *text, double least, double most, double *value)
{
	char *end;

	*value = strtod(text, &end);
	/* what is no number lies within nothing */
	return end != text && *end == '\0' && *value >= least && *value <= most;
}

int
ml_quantity_int(const char *text, int least, int most, int *value)
{
	int minus = *text == '-';
	uint64_t v;
	const char *p = decimal(text + minus, 0, &v);

	if (p == NULL || *p != '\0' || v > INT_MAX)
		return 0;
	*value = minus ? -(int)v : (int)v;
	return *value >= least && *value <= most;
}

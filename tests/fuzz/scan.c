/* scan: by SSE2, eight bytes at once and one by one it comes to the same */
#include <assert.h>
#include <string.h>

#include "scan.h"

/* The same again as it is where there is no SSE2. */
#undef ML_SCAN_H
#undef __SSE2__
#define ml_scan_is_raw other_is_raw
#define ml_scan_raw_plain other_raw_plain
#define ml_scan_raw other_raw
#define ml_scan_hex_digit other_hex_digit
#define ml_scan_hex16_plain other_hex16_plain
#define ml_scan_hex16 other_hex16
#include "scan.h"
#undef ml_scan_is_raw
#undef ml_scan_raw_plain
#undef ml_scan_raw
#undef ml_scan_hex_digit
#undef ml_scan_hex16_plain
#undef ml_scan_hex16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What all of them should come to, as plain as can be. */
static const char *
raw(const char *p, const char *end)
{
	while (p < end && *p >= ' ' && *p <= '~' && *p != '"' && *p != '\\')
		p++;
	return p;
}

static int
hex16(uint8_t to[static 8], const char *p)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit;
	size_t i;

	memset(to, 0, 8);
	for (i = 0; i < 16; i++) {
		if ((digit = memchr(digits, p[i], 16)) == NULL)
			return 0;
		to[i / 2] = (uint8_t)(to[i / 2] << 4 | (digit - digits));
	}
	return 1;
}

static void
as_hex(const char *p)
{
	uint8_t want[8], a[8], b[8], c[8];
	int good = hex16(want, p);

	assert(ml_scan_hex16(a, p) == good && other_hex16(b, p) == good &&
	    ml_scan_hex16_plain(c, p) == good);
	assert(!good || (memcmp(a, want, 8) == 0 && memcmp(b, want, 8) == 0 &&
	    memcmp(c, want, 8) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "", *end = p + len;
	const char *want;
	size_t i;

	/* steps begin anywhere, and end with the text or before */
	for (i = 0; i <= len && i <= 64; i++) {
		want = raw(p + i, end);
		assert(ml_scan_raw(p + i, end) == want &&
		    other_raw(p + i, end) == want &&
		    ml_scan_raw_plain(p + i, end) == want);
		want = raw(p, end - i);
		assert(ml_scan_raw(p, end - i) == want &&
		    other_raw(p, end - i) == want);
	}
	for (; len >= 16; p++, len--)
		as_hex(p);
	return 0;
}

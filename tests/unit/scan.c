/* scan - the quick loops against their plain twins */
#include "given.h"
#include "scan.h"
#include "unit.h"

#define LEN_MAX 70		/* bytes: some steps of the widest loop */

/* Each byte at each place of a text of each length, in memory of its own so
 * that a sanitizer sees its ends. */
static void
check_raw(void)
{
	size_t len, at;
	char *text;
	int c, wrong = 0, want;

	for (len = 1; len <= LEN_MAX; len++) {
		if ((text = malloc(len)) == NULL)
			exit(1);
		memset(text, 'x', len);
		wrong += ml_scan_raw(text, text + len) != text + len;
		for (at = 0; at < len; at++) {
			for (c = 0; c < 256; c++) {
				text[at] = (char)c;
				want = c >= 0x20 && c < 0x7f && c != '"' &&
				    c != '\\';
				wrong += ml_scan_raw(text, text + len) !=
				    (want ? text + len : text + at);
				wrong += ml_scan_raw_plain(text, text + len) !=
				    (want ? text + len : text + at);
			}
			text[at] = 'x';
		}
		free(text);
	}
	ok(wrong == 0, "raw bytes: %d differ", wrong);
}

/* Texts of all bytes, where the steps begin anywhere. */
static void
check_random(void)
{
	static const char often[] = "\"\\\x7f\x80\xff\x1f\x01 !#[]~";
	char text[256];
	uint64_t state = 1;
	size_t from, to, i;
	int n, wrong = 0;

	for (n = 0; n < 20000; n++) {
		for (i = 0; i < sizeof text; i++)
			text[i] = given_below(&state, 16) != 0 ? 'a' :
			    often[given_below(&state, sizeof often)];
		from = given_below(&state, sizeof text);
		to = from + given_below(&state, sizeof text - from + 1);
		wrong += ml_scan_raw(text + from, text + to) !=
		    ml_scan_raw_plain(text + from, text + to);
	}
	ok(wrong == 0, "random texts: %d differ", wrong);
}

static void
check_hex(void)
{
	static const char digits[] = "0123456789abcdef";
	char text[16];
	uint8_t got[8], want[8];
	uint64_t state = 2;
	int n, i, c, good, wrong = 0;

	for (n = 0; n < 1000; n++) {
		for (i = 0; i < 16; i++)
			text[i] = digits[given_below(&state, 16)];
		good = ml_scan_hex16_plain(want, text);
		wrong += !good || !ml_scan_hex16(got, text) ||
		    memcmp(got, want, sizeof got) != 0;
		for (i = 0; i < 8; i++)
			wrong += digits[want[i] >> 4] != text[2 * i] ||
			    digits[want[i] & 15] != text[2 * i + 1];
	}
	ok(wrong == 0, "hex digits: %d differ", wrong);
	for (wrong = 0, i = 0; i < 16; i++)
		for (c = 0; c < 256; c++) {
			memset(text, '7', sizeof text);
			text[i] = (char)c;
			good = c != 0 && strchr(digits, c) != NULL;
			wrong += !ml_scan_hex16(got, text) != !good ||
			    !ml_scan_hex16_plain(want, text) != !good;
		}
	ok(wrong == 0, "what is no hex digit: %d differ", wrong);
}

int
main(void)
{
	check_raw();
	check_random();
	check_hex();
	return unit_done();
}

/*
 * scan - the loops over text that most of the time is spent in, many bytes at
 * a step.  Each has a plain twin, which says what it comes to and is what runs
 * where nothing better is known; tests/unit/scan.c holds them against each
 * other.  Nothing is read beyond the end that is given.  Pure.
 */
#ifndef ML_SCAN_H
#define ML_SCAN_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Printable ASCII but for the quote and the backslash: what stands for itself
 * in a canonical string. */
static inline int
ml_scan_is_raw(unsigned char c)
{
	static const uint32_t raw[8] = { 0, 0xfffffffb, 0xefffffff, 0x7fffffff };

	return (int)(raw[c >> 5] >> (c & 31) & 1);
}

/* The first byte from p on that is not raw, or end. */
static inline const char *
ml_scan_raw_plain(const char *p, const char *end)
{
	while (p < end && ml_scan_is_raw((unsigned char)*p))
		p++;
	return p;
}

static inline const char *
ml_scan_raw(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed, so all from 0x80 up lies below the blank too */
		__m128i stop = _mm_or_si128(
		    _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(' ')),
		    _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f))),
		    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
		    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));
		unsigned at = (unsigned)_mm_movemask_epi8(stop);

		if (at != 0)
			return p + __builtin_ctz(at);
	}
#else
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x;

	/*
	 * Eight bytes at once.  The high bit of a byte comes out set where it
	 * was, where taking 1 from a zero or 0x20 from less borrows, and where
	 * 0x7f is added to; in a byte above such a one also for nothing, but
	 * it is only asked whether there is any.
	 */
	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, sizeof x);
		if (((x | (x - ones * ' ') | (x + ones) |
		    ((x ^ ones * '"') - ones) | ((x ^ ones * '\\') - ones)) &
		    ones * 0x80) != 0)
			break;
	}
#endif
	return ml_scan_raw_plain(p, end);
}

#define ML_SCAN_NO_DIGIT 0x80

/* The value of a lower-case hex digit, ML_SCAN_NO_DIGIT for what is none.  By
 * table, as no branch could be foretold. */
static inline unsigned
ml_scan_hex_digit(unsigned char c)
{
	static const uint8_t flipped[256] = {
		['0'] = 0x80, ['1'] = 0x81, ['2'] = 0x82, ['3'] = 0x83,
		['4'] = 0x84, ['5'] = 0x85, ['6'] = 0x86, ['7'] = 0x87,
		['8'] = 0x88, ['9'] = 0x89, ['a'] = 0x8a, ['b'] = 0x8b,
		['c'] = 0x8c, ['d'] = 0x8d, ['e'] = 0x8e, ['f'] = 0x8f
	};

	return flipped[c] ^ ML_SCAN_NO_DIGIT;
}

/* The 8 bytes that 16 lower-case hex digits at p spell; 0 if they are none,
 * and then to may hold anything. */
static inline int
ml_scan_hex16_plain(uint8_t to[static 8], const char *p)
{
	unsigned high, low, bad = 0;
	int i;

	for (i = 0; i < 8; i++) {
		high = ml_scan_hex_digit((unsigned char)p[2 * i]);
		low = ml_scan_hex_digit((unsigned char)p[2 * i + 1]);
		bad |= high | low;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return bad < ML_SCAN_NO_DIGIT;
}

static inline int
ml_scan_hex16(uint8_t to[static 8], const char *p)
{
#ifdef __SSE2__
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0'));
	__m128i letter = _mm_sub_epi8(x, _mm_set1_epi8('a'));
	/* unsigned: at most 9, at most 5 */
	__m128i is_digit = _mm_cmpeq_epi8(digit,
	    _mm_min_epu8(digit, _mm_set1_epi8(9)));
	__m128i is_letter = _mm_cmpeq_epi8(letter,
	    _mm_min_epu8(letter, _mm_set1_epi8(5)));
	__m128i v = _mm_or_si128(_mm_and_si128(is_digit, digit),
	    _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));

	/* of two digits the first is the low byte */
	v = _mm_and_si128(_mm_or_si128(_mm_slli_epi16(v, 4),
	    _mm_srli_epi16(v, 8)), _mm_set1_epi16(0xff));
	_mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(v, v));
	return _mm_movemask_epi8(_mm_or_si128(is_digit, is_letter)) == 0xffff;
#else
	return ml_scan_hex16_plain(to, p);
#endif
}
#endif

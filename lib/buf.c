/* buf - a growable run of bytes, and a borrowed one */
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define FIRST_CAP 256		/* bytes */

const char ML_NO_MEMORY[] = "out of memory";

void
ml_buf_free(struct ml_buf *b)
{
	free(b->p);
	*b = (struct ml_buf){ 0 };
}

void
ml_buf_clear(struct ml_buf *b)
{
	b->len = 0;
	b->failed = 0;
}

char *
ml_buf_grow(struct ml_buf *b, size_t n)
{
	size_t cap = b->cap != 0 ? b->cap : FIRST_CAP;
	char *p;

	if (b->failed)
		return NULL;
	while (cap - b->len < n) {
		if (cap > SIZE_MAX / 2) {
			b->failed = 1;
			return NULL;
		}
		cap *= 2;
	}
	if ((p = realloc(b->p, cap)) == NULL) {
		b->failed = 1;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	return p + b->len;
}

char *
ml_buf_room(struct ml_buf *b, size_t n)
{
	if (n <= b->cap - b->len && b->p != NULL && !b->failed)
		return b->p + b->len;
	return ml_buf_grow(b, n);
}

void
ml_buf_int(struct ml_buf *b, int64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192"
	    "021222324252627282930313233343536373839404142434445464748495051525"
	    "354555657585960616263646566676869707172737475767778798081828384858"
	    "687888990919293949596979899";
	char digits[20];
	size_t at = sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	for (; u >= 10; u /= 100)
		memcpy(digits + (at -= 2), pairs + 2 * (u % 100), 2);
	if (u > 0 || at == sizeof digits)
		digits[--at] = (char)('0' + u);
	if (v < 0)
		digits[--at] = '-';
	ml_buf_add(b, digits + at, sizeof digits - at);
}

void
ml_buf_drop(struct ml_buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

int
ml_slice_is(struct ml_slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

int
ml_slice_same(struct ml_slice a, struct ml_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

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
ml_buf_room(struct ml_buf *b, size_t n)
{
	size_t cap = b->cap != 0 ? b->cap : FIRST_CAP;
	char *p;

	if (b->failed)
		return NULL;
	if (n <= b->cap - b->len && b->p != NULL)
		return b->p + b->len;
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

void
ml_buf_add(struct ml_buf *b, const void *p, size_t n)
{
	char *to = ml_buf_room(b, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	b->len += n;
}

void
ml_buf_str(struct ml_buf *b, const char *s)
{
	ml_buf_add(b, s, strlen(s));
}

void
ml_buf_byte(struct ml_buf *b, char c)
{
	ml_buf_add(b, &c, 1);
}

void
ml_buf_slice(struct ml_buf *b, struct ml_slice s)
{
	ml_buf_add(b, s.p, s.len);
}

void
ml_buf_int(struct ml_buf *b, int64_t v)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		digits[--at] = (char)('0' + u % 10);
	while ((u /= 10) != 0);
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

/* cell - a value with who wrote it and when, packed */
#include "cell.h"
#include "jstring.h"

/* Seven bits a byte, the low ones first; all but the last have the high bit. */
static char *
put(char *p, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		*p++ = (char)(n | 0x80);
	*p++ = (char)n;
	return p;
}

static const char *
get(const char *p, uint64_t *n)
{
	unsigned shift = 0;
	unsigned char c;

	*n = 0;
	do {
		c = (unsigned char)*p++;
		*n |= (uint64_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c >= 0x80);
	return p;
}

/* 0, -1, 1, -2, ... become 0, 1, 2, 3, ..., so that what is small stays so. */
static char *
put_signed(char *p, int64_t n)
{
	return put(p, n < 0 ? ~((uint64_t)n << 1) : (uint64_t)n << 1);
}

static const char *
get_signed(const char *p, int64_t *n)
{
	uint64_t u;

	p = get(p, &u);
	*n = (int64_t)(u >> 1 ^ (0 - (u & 1)));
	return p;
}

size_t
ml_cell_head(const struct ml_cell *c, char head[static ML_CELL_HEAD])
{
	char *p = head;

	p = put(p, c->text.len);
	p = put(p, c->author);
	p = put_signed(p, c->seq);
	p = put_signed(p, c->hlc.wall);
	p = put_signed(p, c->hlc.counter);
	return (size_t)(p - head);
}

size_t
ml_cell_read(struct ml_cell *c, const char *packed)
{
	uint64_t len, author;
	const char *p = packed;

	p = get(p, &len);
	p = get(p, &author);
	p = get_signed(p, &c->seq);
	p = get_signed(p, &c->hlc.wall);
	p = get_signed(p, &c->hlc.counter);
	c->author = (uint32_t)author;
	c->text = (struct ml_slice){ p, (size_t)len };
	return (size_t)(p - packed) + (size_t)len;
}

int
ml_cell_compare(const struct ml_cell *a, const struct ml_cell *b,
    const struct ml_words *authors)
{
	int order = ml_hlc_compare(a->hlc, b->hlc);

	if (order == 0 && a->author != b->author)
		order = ml_jstring_compare(
		    ml_word_text(authors->word[a->author]),
		    ml_word_text(authors->word[b->author]));
	return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

/*
 * buf - a growable run of bytes, and a borrowed one.
 *
 * Running out of memory is remembered in the buffer: everything added after
 * that is dropped and ml_buf_failed() says so, so that a writer of many small
 * pieces asks once, at its end.
 */
#ifndef ML_BUF_H
#define ML_BUF_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that belong to somebody else. */
struct ml_slice {
	const char *p;
	size_t len;
};

struct ml_buf {
	char *p;		/* owned; no NUL at its end */
	size_t len, cap;	/* bytes */
	int failed;		/* memory ran out */
};

/* The reason that a judging function returns when memory ran out. */
extern const char ML_NO_MEMORY[];

void ml_buf_free(struct ml_buf *b);	/* leaves an empty one */
void ml_buf_clear(struct ml_buf *b);	/* keeps the memory, forgets a failure */
/* Room for n more bytes behind len; NULL (and failed) if there is none. */
char *ml_buf_room(struct ml_buf *b, size_t n);
/* The same where there is no room yet. */
char *ml_buf_grow(struct ml_buf *b, size_t n);
void ml_buf_int(struct ml_buf *b, int64_t v);	/* decimal */
/* Take n bytes from the front. */
void ml_buf_drop(struct ml_buf *b, size_t n);

/* What follows is called for every few bytes that are written. */
static inline void
ml_buf_add(struct ml_buf *b, const void *p, size_t n)
{
	char *to;

	if (n == 0)
		return;
	to = n <= b->cap - b->len && !b->failed ? b->p + b->len :
	    ml_buf_grow(b, n);
	if (to == NULL)
		return;
	memcpy(to, p, n);
	b->len += n;
}

static inline void
ml_buf_str(struct ml_buf *b, const char *s)
{
	ml_buf_add(b, s, strlen(s));
}

static inline void
ml_buf_byte(struct ml_buf *b, char c)
{
	ml_buf_add(b, &c, 1);
}

static inline void
ml_buf_slice(struct ml_buf *b, struct ml_slice s)
{
	ml_buf_add(b, s.p, s.len);
}

static inline int
ml_buf_failed(const struct ml_buf *b)
{
	return b->failed;
}

static inline struct ml_slice
ml_buf_view(const struct ml_buf *b)
{
	return (struct ml_slice){ b->p, b->len };
}

int ml_slice_is(struct ml_slice s, const char *text);
int ml_slice_same(struct ml_slice a, struct ml_slice b);
#endif

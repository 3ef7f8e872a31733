/* badask - what is asked of badweb: the head of an HTTP/1.1 request */
#ifndef BADASK_H
#define BADASK_H
#include <stdlib.h>
#include <strings.h>

#include "buf.h"

#define ASK_HEAD_MAX 65536		/* bytes */

/* Headers that matter here, or that a test may want to see. */
enum ask_header { ASK_RANGE, ASK_IF_RANGE, ASK_IF_NONE_MATCH,
    ASK_IF_MODIFIED_SINCE, ASK_AUTHORIZATION, ASK_COOKIE, ASK_REFERER,
    ASK_IDEMPOTENCY_KEY, ASK_CONTENT_TYPE, ASK_ACCEPT_ENCODING,
    ASK_CONTENT_LENGTH, ASK_TRANSFER_ENCODING, ASK_CONNECTION, ASK_EXPECT,
    ASK_HEADERS };

static const char *const ask_names[ASK_HEADERS] = { "range", "if-range",
    "if-none-match", "if-modified-since", "authorization", "cookie", "referer",
    "idempotency-key", "content-type", "accept-encoding", "content-length",
    "transfer-encoding", "connection", "expect" };

struct ask {
	struct ml_slice method, target;	/* all borrow the request's bytes */
	struct ml_slice header[ASK_HEADERS];	/* len 0: was not there */
	uint64_t body_len;		/* bytes */
	int closes;			/* the connection, behind the answer */
};

static inline int
ask_is(struct ml_slice s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.p, text, s.len) == 0;
}

/* Up to the separator, which is skipped as well; all if it is not there. */
static inline struct ml_slice
ask_cut(struct ml_slice *rest, const char *separator)
{
	struct ml_slice s = { rest->p, 0 };
	size_t n = strlen(separator);

	while (s.len + n <= rest->len && memcmp(s.p + s.len, separator, n) != 0)
		s.len++;
	if (s.len + n > rest->len) {
		s.len = rest->len;
		n = 0;
	}
	rest->p += s.len + n;
	rest->len -= s.len + n;
	return s;
}

/* The number that a slice begins with. */
static inline uint64_t
ask_number(struct ml_slice s)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v > UINT64_MAX / 20 ? v : v * 10 + (uint64_t)(s.p[i] - '0');
	return v;
}

static inline void
ask_header(struct ask *a, struct ml_slice line)
{
	struct ml_slice name = ask_cut(&line, ":");
	size_t i;

	while (line.len > 0 && *line.p == ' ') {
		line.p++;
		line.len--;
	}
	for (i = 0; i < ASK_HEADERS; i++)
		if (ask_is(name, ask_names[i]))
			a->header[i] = line;
}

/* How long the head at the front is, its empty line included; 0: not whole. */
static inline size_t
ask_head_len(struct ml_slice in)
{
	struct ml_slice rest = in;

	ask_cut(&rest, "\r\n\r\n");
	if (rest.len > 0 || (in.len >= 4 &&
	    memcmp(in.p + in.len - 4, "\r\n\r\n", 4) == 0))
		return in.len - rest.len;
	return 0;
}

/* 1, or 0: that is no request. */
static inline int
ask_read(struct ask *a, struct ml_slice head)
{
	struct ml_slice line = ask_cut(&head, "\r\n"), version;

	memset(a, 0, sizeof *a);
	a->method = ask_cut(&line, " ");
	a->target = ask_cut(&line, " ");
	version = line;
	while ((line = ask_cut(&head, "\r\n")).len > 0)
		ask_header(a, line);
	a->body_len = ask_number(a->header[ASK_CONTENT_LENGTH]);
	a->closes = !ask_is(version, "HTTP/1.1") ||
	    ask_is(a->header[ASK_CONNECTION], "close");
	return a->target.len > 0 && *a->target.p == '/' && version.len > 5 &&
	    a->header[ASK_TRANSFER_ENCODING].len == 0;
}
#endif

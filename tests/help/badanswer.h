/* badanswer - what badweb says to one request, piece by piece */
#ifndef BADANSWER_H
#define BADANSWER_H
#include "badbody.h"

#define ANSWER_PIECE 65536		/* bytes */
#define ANSWER_EVERY 100		/* ms between the pieces of a drip */

enum answer_fault { FAULT_CUT, FAULT_RESET, FAULT_STALL };

struct answer {
	struct ml_buf out;		/* to be written; out_at of it is */
	size_t out_at, head_len;
	uint64_t written;		/* bytes, of head and body */
	int status;
	struct body body;
	struct ml_buf text;		/* what body.text borrows */
	uint64_t at, end;		/* bytes of the body still to be made */
	uint64_t made, stop;		/* bytes of it so far, and before the fault */
	uint64_t drip, every, chunked, chunks;
	char size[64];			/* of a chunk that lies, or empty */
	enum { ANSWER_KEEP, ANSWER_CLOSE, ANSWER_SHUT } then;
	int fault;			/* at stop: enum answer_fault */
	int is_open_ended, has_ended, is_junk;
};

enum answer_next { ANSWER_MORE, ANSWER_LATER, ANSWER_DONE, ANSWER_FAULT };

static inline void
answer_free(struct answer *a)
{
	ml_buf_free(&a->out);
	ml_buf_free(&a->text);
}

static inline void
answer_line(struct answer *a, const char *name, const char *value)
{
	ml_buf_str(&a->out, name);
	ml_buf_str(&a->out, ": ");
	ml_buf_str(&a->out, value);
	ml_buf_str(&a->out, "\r\n");
}

static inline void
answer_date(struct answer *a, const struct plan *p, const char *name,
    int64_t seconds)
{
	char text[BODY_DATE_MAX];

	if (p->n[SKEW] != PLAN_NONE)
		seconds += (int64_t)p->n[SKEW];
	body_date(text, time(NULL) + (time_t)seconds);
	answer_line(a, name, text);
}

static inline void
answer_status_line(struct answer *a, const struct plan *p)
{
	static const char *const words[] = { "Well", "OK", "Elsewhere",
	    "Refused", "Failed" };
	char text[64];
	int kind = a->status / 100 - 1;
	uint64_t n;

	for (n = 0; p->n[INTERIM] < PLAN_ENDLESS && n < p->n[INTERIM]; n++)
		ml_buf_str(&a->out, "HTTP/1.1 103 Early Hints\r\nX-So: so\r\n\r\n");
	if (p->t[LINE].p != NULL) {
		ml_buf_slice(&a->out, p->t[LINE]);
		ml_buf_str(&a->out, "\r\n");
		return;
	}
	snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\n", a->status,
	    kind >= 0 && kind < 5 ? words[kind] : "Odd");
	ml_buf_str(&a->out, text);
}

static inline void
answer_length(struct answer *a, const struct plan *p)
{
	char text[64];
	uint64_t n = a->end - a->at;

	if (a->status == 204 || a->status == 304)
		return;
	if (a->chunked != PLAN_NONE) {
		answer_line(a, "Transfer-Encoding", "chunked");
		return;
	}
	if (p->t[LENGTH].p == NULL && a->end != PLAN_ENDLESS) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)n);
		answer_line(a, "Content-Length", text);
		return;
	}
	a->then = ANSWER_CLOSE;
	if (p->t[LENGTH].p == NULL || plan_is(p, LENGTH, "no"))
		return;
	/* the decoded text ends with a NUL */
	if (*p->t[LENGTH].p == '+' || *p->t[LENGTH].p == '-') {
		snprintf(text, sizeof text, "%lld", (long long)n +
		    strtoll(p->t[LENGTH].p, NULL, 10));
		answer_line(a, "Content-Length", text);
	} else
		answer_line(a, "Content-Length", p->t[LENGTH].p);
}

/* The part of the body that a 206 has, and what it says of it. */
static inline void
answer_part(struct answer *a, const struct plan *p, struct share s)
{
	uint64_t total = a->body.size;
	char text[96];

	a->status = 206;
	if (plan_is(p, RANGE, "wrong") && s.from + 1 < s.end)
		s.from++;
	if (plan_is(p, RANGE, "short"))
		s.end = s.from + (s.end - s.from + 1) / 2;
	if (plan_is(p, RANGE, "other"))
		total++;
	a->at = plan_is(p, RANGE, "lie") ? 0 : s.from;
	a->end = a->at + (s.end - s.from);
	if (plan_is(p, RANGE, "bare"))
		return;
	snprintf(text, sizeof text, "Content-Range: bytes %llu-%llu/%llu",
	    (unsigned long long)s.from, (unsigned long long)s.end - 1,
	    (unsigned long long)total);
	if (plan_is(p, RANGE, "total"))
		snprintf(strchr(text, '/'), 3, "/*");
	ml_buf_str(&a->text, text);
	ml_buf_str(&a->text, "\r\n");
}

/* The status is no error's: the body, a part of it, or that it is the same. */
static inline void
answer_share(struct answer *a, const struct ask *ask, const struct plan *p)
{
	struct share s = body_share(ask, p, &a->body);
	char text[64];

	a->at = s.from;
	a->end = s.end;
	if (s.what == SHARE_UNCHANGED) {
		a->status = 304;
		a->at = a->end;
	} else if (s.what == SHARE_NONE) {
		a->status = 416;
		a->at = a->end;
		snprintf(text, sizeof text, "Content-Range: bytes */%llu\r\n",
		    (unsigned long long)a->body.size);
		ml_buf_str(&a->text, text);
	} else if (s.what == SHARE_PART)
		answer_part(a, p, s);
}

/* An error's body: its number, or as many bytes as the URL says. */
static inline void
answer_said(struct answer *a, const struct plan *p)
{
	char text[32];

	a->body = (struct body){ .size = p->n[SAID], .version = 1 };
	if (p->n[SAID] == PLAN_NONE) {
		snprintf(text, sizeof text, "%d\n", a->status);
		a->body.size = strlen(text);
		ml_buf_str(&a->text, text);
	}
	a->end = a->body.size;
}

static inline int
answer_moves(const struct plan *p)
{
	return p->t[TO].p != NULL || (p->n[HOPS] != PLAN_NONE && p->n[HOPS] > 0);
}

/* Where a redirect leads: where the URL says, or to itself with a hop less. */
static inline void
answer_location(struct answer *a, const struct ask *ask, const struct plan *p)
{
	struct ml_slice rest = ask->target, before;
	char text[32];

	if (p->t[TO].p != NULL) {
		answer_line(a, "Location", p->t[TO].p);
		return;
	}
	ml_buf_str(&a->out, "Location: ");
	before = ask_cut(&rest, "hops=");
	ml_buf_slice(&a->out, before);
	snprintf(text, sizeof text, "hops=%llu",
	    (unsigned long long)p->n[HOPS] - 1);
	ml_buf_str(&a->out, p->n[HOPS] == PLAN_ENDLESS ? "hops=endless" : text);
	while (rest.len > 0 && *rest.p != '&') {
		rest.p++;
		rest.len--;
	}
	ml_buf_slice(&a->out, rest);
	ml_buf_str(&a->out, "\r\n");
}

static inline void
answer_headers(struct answer *a, const struct ask *ask, const struct plan *p)
{
	size_t i;

	answer_date(a, p, "Date", 0);
	if (a->status < 300 || a->status == 304) {
		if (*a->body.etag != '\0')
			answer_line(a, "ETag", a->body.etag);
		if (*a->body.modified != '\0')
			answer_line(a, "Last-Modified", a->body.modified);
		if (p->t[RANGE].p == NULL || !plan_is(p, RANGE, "ignore"))
			answer_line(a, "Accept-Ranges", "bytes");
	}
	if (answer_moves(p))
		answer_location(a, ask, p);
	if (p->t[RETRY_AFTER].p != NULL && *p->t[RETRY_AFTER].p == '@')
		answer_date(a, p, "Retry-After",
		    strtoll(p->t[RETRY_AFTER].p + 1, NULL, 10));
	else if (p->t[RETRY_AFTER].p != NULL)
		answer_line(a, "Retry-After", p->t[RETRY_AFTER].p);
	for (i = 0; i < p->headers; i++) {
		ml_buf_slice(&a->out, p->header[i]);
		ml_buf_str(&a->out, "\r\n");
	}
	for (i = 0; p->n[JUNK] < PLAN_ENDLESS && i < p->n[JUNK]; i += 72)
		answer_line(a, "X-Junk", "it goes on and on and on and on and on "
		    "and on and on and on");
	if (p->t[CLOSE].p != NULL)
		a->then = ANSWER_CLOSE;
	answer_length(a, p);
	if (plan_is(p, CLOSE, "silent"))
		a->then = ANSWER_SHUT;
	else if (a->then == ANSWER_CLOSE || ask->closes) {
		a->then = ANSWER_CLOSE;
		answer_line(a, "Connection", "close");
	}
}

static inline void
answer_faults(struct answer *a, const struct plan *p)
{
	const uint64_t at[] = { p->n[CUT], p->n[RESET], p->n[STALL] };
	int i;

	a->stop = PLAN_NONE;
	for (i = FAULT_CUT; i <= FAULT_STALL; i++)
		if (at[i] < a->stop) {
			a->stop = at[i];
			a->fault = i;
		}
	a->drip = p->n[DRIP];
	a->every = p->n[EVERY] == PLAN_NONE ? ANSWER_EVERY : p->n[EVERY];
	a->chunked = p->n[CHUNKED];
	if (p->t[CHUNK].p != NULL)
		snprintf(a->size, sizeof a->size, "%s", p->t[CHUNK].p);
	a->is_open_ended = p->t[END].p != NULL;
	a->is_junk = p->n[JUNK] == PLAN_ENDLESS;
}

/* The try'th answer to that: its head is made, its body begins. */
static inline void
answer_begin(struct answer *a, const struct ask *ask, const struct plan *p,
    uint64_t try)
{
	struct ml_buf parts;

	memset(a, 0, sizeof *a);
	answer_faults(a, p);
	a->body = body_of(p, try);
	a->status = p->n[STATUS] != PLAN_NONE ? (int)p->n[STATUS] :
	    answer_moves(p) ? 302 : 200;
	a->end = a->body.size;
	if (p->n[STATUS] == PLAN_NONE && a->status == 200)
		answer_share(a, ask, p);
	parts = a->text;		/* Content-Range, if any */
	a->text = (struct ml_buf){ 0 };
	if (p->n[STATUS] != PLAN_NONE ? a->status / 100 != 2 ||
	    a->status == 204 : a->status == 302)
		answer_said(a, p);
	else
		ml_buf_slice(&a->text, a->body.text);
	answer_status_line(a, p);
	ml_buf_slice(&a->out, ml_buf_view(&parts));
	ml_buf_free(&parts);
	answer_headers(a, ask, p);
	if (!a->is_junk)
		ml_buf_str(&a->out, "\r\n");
	a->body.text = ml_buf_view(&a->text);
	a->head_len = a->out.len;
	if (ask_is(ask->method, "HEAD") || a->status == 304 || a->status == 204)
		a->has_ended = 1;
}

/* One run of the body's bytes, in a chunk if it comes in chunks. */
static inline void
answer_run(struct answer *a)
{
	uint64_t n = a->end - a->at;
	char size[80];

	if (n > ANSWER_PIECE)
		n = ANSWER_PIECE;
	if (n > a->chunked)
		n = a->chunked;
	if (n > a->drip)
		n = a->drip;
	if (n > a->stop - a->made)
		n = a->stop - a->made;
	if (a->chunked != PLAN_NONE) {
		snprintf(size, sizeof size, "%llx", (unsigned long long)n);
		ml_buf_str(&a->out, a->chunks++ == 1 && *a->size != '\0' ?
		    a->size : size);
		ml_buf_str(&a->out, "\r\n");
	}
	body_bytes(&a->body, a->at, (size_t)n, &a->out);
	if (a->chunked != PLAN_NONE)
		ml_buf_str(&a->out, "\r\n");
	a->at += n;
	a->made += n;
}

/* All that was made is written: make more, or say what is to be done instead.
 * LATER: more is made, to be written in every ms. */
static inline enum answer_next
answer_more(struct answer *a)
{
	uint64_t end = a->made + ANSWER_PIECE;

	ml_buf_clear(&a->out);
	a->out_at = 0;
	if (a->is_junk) {
		while (a->out.len < ANSWER_PIECE)
			answer_line(a, "X-Junk", "and on");
		return ANSWER_MORE;
	}
	if (a->has_ended)
		return ANSWER_DONE;
	if (a->made == a->stop)
		return ANSWER_FAULT;
	while (a->at < a->end && a->made < a->stop && a->made < end) {
		answer_run(a);
		if (a->drip != PLAN_NONE)
			return ANSWER_LATER;
	}
	if (a->at == a->end && a->made != a->stop) {
		a->has_ended = 1;
		if (a->is_open_ended)
			a->then = ANSWER_CLOSE;
		else if (a->chunked != PLAN_NONE)
			ml_buf_str(&a->out, "0\r\n\r\n");
	}
	return a->out.len > 0 ? ANSWER_MORE : ANSWER_DONE;
}
#endif

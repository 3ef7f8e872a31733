/*
 * badbody - what badweb serves: bytes that follow from their place and from how
 * often they have changed, and which of them are asked for.
 */
#ifndef BADBODY_H
#define BADBODY_H
#include <time.h>

#include "badplan.h"
#include "dice.h"

#define BODY_SIZE 1000			/* bytes, unless the URL says */
#define BODY_MODIFIED 1767225600	/* 2026-01-01, and a minute each version */
#define BODY_DATE_MAX 40

struct body {
	uint64_t size, version;		/* PLAN_ENDLESS; from 1 */
	struct ml_slice text;		/* the bytes, if p is not NULL */
	char etag[64], modified[BODY_DATE_MAX];	/* empty: has none */
};

/* What a request is to get. */
struct share {
	enum { SHARE_WHOLE, SHARE_PART, SHARE_NONE, SHARE_UNCHANGED } what;
	uint64_t from, end;		/* bytes from..end - 1 */
};

static inline void
body_date(char text[static BODY_DATE_MAX], time_t at)
{
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, BODY_DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static inline struct body
body_of(const struct plan *p, uint64_t try)
{
	struct body b = { .version = 1, .text = p->t[BODY] };
	uint64_t change = p->n[CHANGE], shown;

	if (change != PLAN_NONE && change > 0)
		b.version += (try - 1) / change;
	b.size = b.text.p != NULL ? b.text.len :
	    p->n[SIZE] == PLAN_NONE ? BODY_SIZE : p->n[SIZE];
	if (p->n[GROW] != PLAN_NONE && b.text.p == NULL)
		b.size += (b.version - 1) * p->n[GROW];
	shown = plan_is(p, ETAG, "same") ? 1 : b.version;
	if (!plan_is(p, ETAG, "no"))
		snprintf(b.etag, sizeof b.etag, "%s\"v%llu\"",
		    plan_is(p, ETAG, "weak") ? "W/" : "", (unsigned long long)shown);
	shown = plan_is(p, MODIFIED, "same") ? 1 : b.version;
	if (!plan_is(p, MODIFIED, "no"))
		body_date(b.modified, BODY_MODIFIED + (time_t)shown * 60);
	return b;
}

/* Append n of the bytes, from there on. */
static inline void
body_bytes(const struct body *b, uint64_t from, size_t n, struct ml_buf *out)
{
	uint64_t state, word, at;
	char bytes[8];
	size_t i, some;

	if (b->text.p != NULL) {
		ml_buf_add(out, b->text.p + from, n);
		return;
	}
	for (at = from; at < from + n; at += some) {
		state = (b->version << 48) + at / 8;
		word = ml_dice(&state);
		for (i = 0; i < 8; i++)
			bytes[i] = (char)(word >> 8 * i);
		some = 8 - at % 8 < from + n - at ? 8 - at % 8 : from + n - at;
		ml_buf_add(out, bytes + at % 8, some);
	}
}

static inline int
body_is_known(const struct ask *a, const struct body *b)
{
	struct ml_slice tags = a->header[ASK_IF_NONE_MATCH], tag;
	size_t weak = strncmp(b->etag, "W/", 2) == 0 ? 2 : 0;

	if (tags.len == 0)
		return *b->modified != '\0' &&
		    ml_slice_is(a->header[ASK_IF_MODIFIED_SINCE], b->modified);
	while (tags.len > 0) {
		tag = ask_cut(&tags, ", ");
		if (tag.len > 2 && memcmp(tag.p, "W/", 2) == 0) {
			tag.p += 2;
			tag.len -= 2;
		}
		if (*b->etag != '\0' && ml_slice_is(tag, b->etag + weak))
			return 1;
	}
	return 0;
}

/* A range counts unless If-Range names another version; strong tags only. */
static inline int
body_is_same(const struct ask *a, const struct plan *p, const struct body *b)
{
	struct ml_slice is = a->header[ASK_IF_RANGE];

	return is.len == 0 || plan_is(p, IF_RANGE, "ignore") ||
	    (*b->etag == '"' && ml_slice_is(is, b->etag)) ||
	    (*b->modified != '\0' && ml_slice_is(is, b->modified));
}

/* "bytes=A-", "bytes=A-B", "bytes=-N"; what is none of them is ignored. */
static inline struct share
body_range(struct ml_slice range, uint64_t size)
{
	struct share s = { SHARE_WHOLE, 0, size };
	struct ml_slice from;

	if (range.len < 8 || strncasecmp(range.p, "bytes=", 6) != 0)
		return s;
	range.p += 6;
	range.len -= 6;
	from = ask_cut(&range, "-");
	s.what = SHARE_PART;
	if (from.len == 0) {
		s.from = size - (ask_number(range) < size ? ask_number(range) : size);
		return s;
	}
	s.from = ask_number(from);
	if (range.len > 0 && ask_number(range) < size)
		s.end = ask_number(range) + 1;
	if (s.from >= size || s.from >= s.end)
		s.what = SHARE_NONE;
	return s;
}

static inline struct share
body_share(const struct ask *a, const struct plan *p, const struct body *b)
{
	struct share s = { SHARE_WHOLE, 0, b->size };

	if (body_is_known(a, b))
		s.what = SHARE_UNCHANGED;
	else if (a->header[ASK_RANGE].len > 0 && b->size < PLAN_ENDLESS &&
	    body_is_same(a, p, b) && !plan_is(p, RANGE, "ignore"))
		s = plan_is(p, RANGE, "416") ?
		    (struct share){ SHARE_NONE, 0, b->size } :
		    body_range(a->header[ASK_RANGE], b->size);
	return s;
}
#endif

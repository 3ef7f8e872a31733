/* badplan - how badweb is to behave, as the query of a URL says */
#ifndef BADPLAN_H
#define BADPLAN_H
#include <stdio.h>

#include "badask.h"
#include "quantity.h"

#define PLAN_NONE UINT64_MAX		/* a number that is not given */
#define PLAN_ENDLESS (UINT64_MAX - 1)
#define PLAN_HEADERS 16

/* The header comment of badweb.c says what each is.  Faults come last. */
enum plan_number { SIZE, CHANGE, GROW, CHUNKED, AFTER, TIMES, SKEW,
    STATUS, SAID, DELAY, CUT, RESET, STALL, DRIP, EVERY, INTERIM, JUNK, HOPS,
    PLAN_NUMBERS };
enum plan_text { BODY, KEY, ETAG, MODIFIED, RANGE, IF_RANGE,
    BEFORE, LENGTH, CHUNK, END, LINE, TO, RETRY_AFTER, CLOSE, EARLY,
    PLAN_TEXTS };

static const char *const plan_numbers[PLAN_NUMBERS] = { "size", "change",
    "grow", "chunked", "after", "times", "skew", "status", "said", "delay",
    "cut", "reset", "stall", "drip", "every", "interim", "junk", "hops" };
static const char *const plan_texts[PLAN_TEXTS] = { "body", "key", "etag",
    "modified", "range", "if-range", "before", "length", "chunk", "end",
    "line", "to", "retry-after", "close", "early" };

struct plan {
	uint64_t n[PLAN_NUMBERS];
	struct ml_slice t[PLAN_TEXTS];	/* p NULL: not given */
	struct ml_slice header[PLAN_HEADERS];
	size_t headers;
	char *to, text[2 * ASK_HEAD_MAX];	/* where the slices point */
};

/* Nothing is asked for any more: from 0 on, or STATUS and BEFORE, the faults. */
static inline void
plan_clear(struct plan *p, int number, int text)
{
	for (; number < PLAN_NUMBERS; number++)
		p->n[number] = PLAN_NONE;
	for (; text < PLAN_TEXTS; text++)
		p->t[text] = (struct ml_slice){ NULL, 0 };
	p->headers = 0;
}

static inline void
plan_begin(struct plan *p)
{
	plan_clear(p, 0, 0);
	p->to = p->text;
}

static inline int
plan_is(const struct plan *p, enum plan_text which, const char *text)
{
	return p->t[which].p != NULL && ml_slice_is(p->t[which], text);
}

static inline int
plan_hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = strchr(digits, c);

	return c == '\0' || at == NULL ? -1 : (int)(at - digits) % 16;
}

/* What the escapes of a value stand for, at *to, with a NUL behind it. */
static inline struct ml_slice
plan_decode(struct ml_slice s, char **to)
{
	struct ml_slice out = { *to, 0 };
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '%' && i + 2 < s.len && plan_hex(s.p[i + 1]) >= 0 &&
		    plan_hex(s.p[i + 2]) >= 0) {
			*(*to)++ = (char)(plan_hex(s.p[i + 1]) * 16 +
			    plan_hex(s.p[i + 2]));
			i += 2;
		} else
			*(*to)++ = s.p[i];
	}
	out.len = (size_t)(*to - out.p);
	*(*to)++ = '\0';
	return out;
}

/* A count: digits, a point and k, M, G as elsewhere, "endless"; 1 or 0. */
static inline int
plan_count(struct ml_slice value, uint64_t *n)
{
	uint32_t v;

	if (ml_slice_is(value, "endless")) {
		*n = PLAN_ENDLESS;
		return 1;
	}
	if (!ml_quantity_hz(value.p, &v))
		return 0;
	*n = v;
	return 1;
}

/* One "name=value"; 1, or 0: there is no such thing. */
static inline int
plan_set(struct plan *p, struct ml_slice name, struct ml_slice value)
{
	size_t i;

	if (name.len == 0 || *name.p == '_')
		return 1;
	for (i = 0; i < PLAN_NUMBERS; i++)
		if (ml_slice_is(name, plan_numbers[i]))
			return plan_count(value, &p->n[i]);
	for (i = 0; i < PLAN_TEXTS; i++)
		if (ml_slice_is(name, plan_texts[i])) {
			p->t[i] = value;
			return 1;
		}
	if (!ml_slice_is(name, "header") || p->headers == PLAN_HEADERS)
		return 0;
	p->header[p->headers++] = value;
	return 1;
}

/* What a query says of all tries (0) or, as "N.name=value", of one of them.
 * 1, or 0: it asks for what there is not. */
static inline int
plan_read(struct plan *p, struct ml_slice target, uint64_t try)
{
	struct ml_slice pair, name;
	uint64_t of;
	int ok = 1;

	ask_cut(&target, "?");
	while (target.len > 0) {
		pair = ask_cut(&target, "&");
		name = ask_cut(&pair, "=");
		of = ask_number(name);
		if (of != 0)
			ask_cut(&name, ".");
		if (of == try)
			ok &= plan_set(p, name, plan_decode(pair, &p->to));
	}
	return ok;
}

/* Only some of the tries have the faults: forget them if this one has not. */
static inline int
plan_for_try(struct plan *p, struct ml_slice target, uint64_t try)
{
	uint64_t after = p->n[AFTER] == PLAN_NONE ? 0 : p->n[AFTER];

	if (try <= after || (p->n[TIMES] != PLAN_NONE &&
	    try - after > p->n[TIMES]))
		plan_clear(p, STATUS, BEFORE);
	return plan_read(p, target, try);
}
#endif

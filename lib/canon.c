/* canon - JSON text and its canonical form */
#include <stdlib.h>
#include <string.h>

#include "canon.h"
#include "jstring.h"
#include "number.h"
#include "scan.h"
#include "utf8.h"

/* One member of an object whose canonical form is being written. */
struct member {
	size_t start, end;	/* offsets in the output: "key":value */
	size_t key_len;		/* without its quotes */
};

/* A text being read and, if out is set, written anew. */
struct work {
	const char *p, *end;
	struct ml_buf *out;
	struct ml_buf members;	/* struct member, of all open objects */
	struct ml_buf sorted;	/* an object put in order */
	unsigned depth, depth_max;
	struct {
		char closer;		/* '}' or ']' */
		size_t first;		/* its first member, bytes into members */
	} open[ML_JSON_DEPTH_MAX];
};

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* The escape at w->p, behind its backslash. */
static const char *
escape(struct work *w, uint32_t *cp)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (w->p == w->end)
		return "not JSON: a string without end";
	if (*w->p == 'u') {
		if (!ml_jstring_hex4(w->p + 1, w->end, cp))
			return "not JSON: \\u without four hex digits";
		w->p += 5;
		return NULL;
	}
	if (*w->p == '\0' || (at = strchr(letters, *w->p)) == NULL)
		return "not JSON: an unknown escape in a string";
	*cp = (unsigned char)means[at - letters];
	w->p++;
	return NULL;
}

/* The string at w->p, which is its opening quote. */
static const char *
string(struct work *w)
{
	const char *why, *from = w->p++;
	uint32_t cp;
	size_t n;

	for (;;) {
		w->p = ml_scan_raw(w->p, w->end);
		if (w->out != NULL)
			ml_buf_add(w->out, from, (size_t)(w->p - from));
		if (w->p == w->end)
			return "not JSON: a string without end";
		if (*w->p == '"')
			break;
		if ((unsigned char)*w->p < 0x20)
			return "not JSON: a control character in a string";
		if (*w->p == '\\') {
			w->p++;
			if ((why = escape(w, &cp)) != NULL)
				return why;
		} else {
			if ((n = ml_utf8_get(w->p, w->end, &cp)) == 0)
				return "not UTF-8";
			w->p += n;
		}
		if (w->out != NULL)
			ml_jstring_put(w->out, cp);
		from = w->p;
	}
	if (w->out != NULL)
		ml_buf_byte(w->out, '"');
	w->p++;
	return NULL;
}

static const char *
scalar(struct work *w)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i, len;
	const char *why;
	int canonical;

	if (*w->p == '"')
		return string(w);
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		len = strlen(words[i]);
		if ((size_t)(w->end - w->p) >= len &&
		    memcmp(w->p, words[i], len) == 0) {
			if (w->out != NULL)
				ml_buf_add(w->out, w->p, len);
			w->p += len;
			return NULL;
		}
	}
	if (*w->p != '-' && (*w->p < '0' || *w->p > '9'))
		return "not JSON: no value where one is due";
	if ((why = ml_number_scan(w->p, w->end, &len, &canonical)) != NULL)
		return why;
	if (!canonical)
		why = ml_number_write(w->p, len, w->out);
	else if (w->out != NULL)
		ml_buf_add(w->out, w->p, len);
	w->p += len;
	return why;
}

/* A member while it is sorted. */
struct sorting {
	struct ml_slice key;
	struct member m;
};

static int
by_key(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	int order = ml_jstring_compare(x->key, y->key);

	return order != 0 ? order : x->m.start < y->m.start ? -1 : 1;
}

static struct ml_slice
key_of(const struct work *w, const struct member *m)
{
	return (struct ml_slice){ w->out->p + m->start + 1, m->key_len };
}

/* Put the members of the object that just ended in order, in the output. */
static const char *
order_members(struct work *w, const struct member *m, size_t n)
{
	struct sorting *s;
	size_t i;

	for (i = 1; i < n; i++)
		if (ml_jstring_compare(key_of(w, &m[i - 1]), key_of(w, &m[i])) >= 0)
			break;
	if (i >= n)
		return NULL;
	if ((s = calloc(n, sizeof *s)) == NULL)
		return ML_NO_MEMORY;
	for (i = 0; i < n; i++)
		s[i] = (struct sorting){ key_of(w, &m[i]), m[i] };
	qsort(s, n, sizeof *s, by_key);
	ml_buf_clear(&w->sorted);
	for (i = 0; i < n; i++) {
		if (i + 1 < n && ml_slice_same(s[i].key, s[i + 1].key))
			continue;	/* a later one follows */
		if (w->sorted.len != 0)
			ml_buf_byte(&w->sorted, ',');
		ml_buf_add(&w->sorted, w->out->p + s[i].m.start,
		    s[i].m.end - s[i].m.start);
	}
	free(s);
	w->out->len = m[0].start;
	ml_buf_slice(w->out, ml_buf_view(&w->sorted));
	return ml_buf_failed(&w->sorted) ? ML_NO_MEMORY : NULL;
}

/* A key and its colon. */
static const char *
key(struct work *w)
{
	struct member m = { .start = w->out != NULL ? w->out->len : 0 };
	const char *why;

	w->p = skip_blanks(w->p, w->end);
	if (w->p == w->end || *w->p != '"')
		return "not JSON: no key where one is due";
	if ((why = string(w)) != NULL)
		return why;
	if (w->out != NULL) {
		m.key_len = w->out->len - m.start - 2;
		ml_buf_add(&w->members, &m, sizeof m);
		ml_buf_byte(w->out, ':');
		if (ml_buf_failed(&w->members) || ml_buf_failed(w->out))
			return ML_NO_MEMORY;
	}
	w->p = skip_blanks(w->p, w->end);
	if (w->p == w->end || *w->p != ':')
		return "not JSON: no colon behind a key";
	w->p++;
	return NULL;
}

static void
begin(struct work *w)
{
	w->open[w->depth].closer = *w->p == '{' ? '}' : ']';
	w->open[w->depth++].first = w->members.len;
	if (w->out != NULL)
		ml_buf_byte(w->out, *w->p);
	w->p++;
}

static const char *
finish(struct work *w)
{
	size_t first = w->open[--w->depth].first;
	size_t n = (w->members.len - first) / sizeof(struct member);
	const char *why = NULL;

	if (w->out != NULL) {
		if (n > 1)
			why = order_members(w, (const struct member *)
			    (const void *)(w->members.p + first), n);
		ml_buf_byte(w->out, *w->p);
		w->members.len = first;
	}
	w->p++;
	return why;
}

/*
 * Behind a value: close what ends here, and stop at the comma that says that
 * another value follows, or at the end of the outermost one.
 */
static const char *
after_value(struct work *w)
{
	const char *why;

	while (w->depth > 0) {
		struct member *last;
		char closer = w->open[w->depth - 1].closer;

		if (w->out != NULL && closer == '}') {
			last = (struct member *)(void *)(w->members.p +
			    w->members.len) - 1;
			last->end = w->out->len;
		}
		w->p = skip_blanks(w->p, w->end);
		if (w->p == w->end)
			return "not JSON: it ends too early";
		if (*w->p == ',') {
			if (w->out != NULL)
				ml_buf_byte(w->out, ',');
			w->p++;
			return closer == '}' ? key(w) : NULL;
		}
		if (*w->p != closer)
			return "not JSON: no comma between two values";
		if ((why = finish(w)) != NULL)
			return why;
	}
	return NULL;
}

static const char *
value(struct work *w)
{
	const char *why;

	do {
		w->p = skip_blanks(w->p, w->end);
		if (w->p == w->end)
			return "not JSON: it ends too early";
		if (*w->p == '{' || *w->p == '[') {
			if (w->depth == w->depth_max)
				return "nested too deeply";
			begin(w);
			w->p = skip_blanks(w->p, w->end);
			if (w->p == w->end ||
			    *w->p != w->open[w->depth - 1].closer) {
				if (w->open[w->depth - 1].closer == '}' &&
				    (why = key(w)) != NULL)
					return why;
				continue;
			}
			why = finish(w);
		} else
			why = scalar(w);
		if (why != NULL || (why = after_value(w)) != NULL)
			return why;
	} while (w->depth > 0);
	return w->out != NULL && ml_buf_failed(w->out) ? ML_NO_MEMORY : NULL;
}

const char *
ml_canon_write(const char **at, const char *end, unsigned depth_max,
    struct ml_buf *out)
{
	struct work w;
	const char *why;

	w.p = *at;
	w.end = end;
	w.out = out;
	w.members = w.sorted = (struct ml_buf){ 0 };
	w.depth = 0;
	w.depth_max = depth_max < ML_JSON_DEPTH_MAX ? depth_max :
	    ML_JSON_DEPTH_MAX;
	why = value(&w);
	ml_buf_free(&w.members);
	ml_buf_free(&w.sorted);
	*at = w.p;
	return why;
}

const char *
ml_canon_skip(const char **at, const char *end, unsigned depth_max)
{
	return ml_canon_write(at, end, depth_max, NULL);
}

static size_t
span_word(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? len : 0;
}

static inline size_t
span_scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"': return ml_jstring_span(p, end);
	case 't': return span_word(p, end, "true", 4);
	case 'f': return span_word(p, end, "false", 5);
	case 'n': return span_word(p, end, "null", 4);
	default: return ml_number_span(p, end);
	}
}

/* Whether key b may follow key a; most differ in their first byte. */
static inline int
ascends(struct ml_slice a, struct ml_slice b)
{
	if (a.len > 0 && b.len > 0 && *a.p != *b.p && *a.p != '\\' &&
	    *b.p != '\\')
		return *a.p < *b.p;	/* raw, so ASCII */
	return ml_jstring_compare(a, b) < 0;
}

size_t
ml_canon_span(const char *p, const char *end, unsigned depth_max)
{
	struct {
		struct ml_slice key;	/* the last one; p is NULL before it */
		char closer;
	} open[1 + ML_JSON_DEPTH_MAX], *top = open;
	const char *at = p;
	struct ml_slice key;
	size_t n;

	if (depth_max > ML_JSON_DEPTH_MAX)
		depth_max = ML_JSON_DEPTH_MAX;
	top->closer = '\0';		/* outside of all */
	for (;;) {
		/* a value is due, or a key and a value */
		if (top->closer == '}') {
			if ((n = ml_jstring_span(at, end)) == 0)
				return 0;
			key = (struct ml_slice){ at + 1, n - 2 };
			if (top->key.p != NULL && !ascends(top->key, key))
				return 0;
			top->key = key;
			at += n;
			if (at == end || *at++ != ':')
				return 0;
		}
		if (at == end)
			return 0;
		if (*at == '{' || *at == '[') {
			if (top == open + depth_max)
				return 0;
			(++top)->key.p = NULL;
			top->closer = *at++ == '{' ? '}' : ']';
			if (at == end)
				return 0;
			if (*at != top->closer)
				continue;
			top--;
			at++;
		} else if ((n = span_scalar(at, end)) == 0)
			return 0;
		else
			at += n;
		/* close what ends here */
		for (; top > open && at < end && *at == top->closer; top--)
			at++;
		if (top == open)
			return (size_t)(at - p);
		if (at == end || *at++ != ',')
			return 0;
	}
}

static void
new_line(struct ml_buf *out, unsigned depth)
{
	ml_buf_byte(out, '\n');
	while (depth-- > 0)
		ml_buf_add(out, "  ", 2);
}

void
ml_canon_indent(struct ml_buf *out, struct ml_slice v, unsigned depth)
{
	const char *p = v.p, *end = v.p + v.len;
	size_t n;

	while (p < end) {
		switch (*p) {
		case '"':
			if ((n = ml_jstring_span(p, end)) == 0)
				n = 1;
			ml_buf_add(out, p, n);
			p += n;
			continue;
		case '{':
		case '[':
			ml_buf_byte(out, *p);
			if (p + 1 < end && (p[1] == '}' || p[1] == ']'))
				ml_buf_byte(out, *++p);
			else
				new_line(out, ++depth);
			break;
		case '}':
		case ']':
			new_line(out, --depth);
			ml_buf_byte(out, *p);
			break;
		case ',':
			ml_buf_byte(out, ',');
			new_line(out, depth);
			break;
		case ':':
			ml_buf_add(out, ": ", 2);
			break;
		default:
			ml_buf_byte(out, *p);
		}
		p++;
	}
}

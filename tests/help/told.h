/*
 * told - lists of events that are in a log, or were told of, for checkers:
 * what tests/help/powercheck.c compares.
 */
#ifndef TOLD_H
#define TOLD_H
#include <err.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"

/* An event, or one that was told of by its id. */
struct known {
	uint8_t id[ML_ID_LEN];
	struct ml_slice author;
	int64_t seq;
};

struct list {
	struct ml_buf text, known;
	size_t n;
};

static int failed;

static void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarnx(format, args);
	va_end(args);
	failed = 1;
}

static int
read_file(const char *path, struct ml_buf *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	char *room;

	ml_buf_clear(to);
	if (fd == -1)
		return 0;
	while (n > 0) {
		if ((room = ml_buf_room(to, 1 << 16)) == NULL ||
		    (n = read(fd, room, 1 << 16)) == -1)
			err(111, "%s", path);
		to->len += (size_t)n;
	}
	close(fd);
	return 1;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, ML_ID_LEN);
}

static int
by_place(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	size_t least = x->author.len < y->author.len ? x->author.len :
	    y->author.len;
	int order = memcmp(x->author.p, y->author.p, least);

	if (order != 0 || x->author.len != y->author.len)
		return order != 0 ? order : x->author.len < y->author.len ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

static struct known *
known_at(const struct list *l, size_t i)
{
	return (struct known *)(void *)l->known.p + i;
}

static void
add(struct list *l, struct ml_slice author, int64_t seq, const uint8_t *id)
{
	struct known k = { .author = author, .seq = seq };

	memcpy(k.id, id, sizeof k.id);
	ml_buf_add(&l->known, &k, sizeof k);
	l->n++;
}

/* A line that is an event, which must be true: 1. */
static int
add_line(struct list *l, struct ml_slice line)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	int good = ml_event_read_quick(&e, line) &&
	    ml_event_verify(&e, &scratch) == NULL;

	ml_buf_free(&scratch);
	if (good)
		add(l, e.author, e.seq, e.id);
	return good;
}

static int
next_line(struct ml_slice *rest, struct ml_slice *line)
{
	const char *end;

	if (rest->len == 0)
		return 0;
	end = memchr(rest->p, '\n', rest->len);
	*line = (struct ml_slice){ rest->p, end != NULL ?
	    (size_t)(end - rest->p) : rest->len };
	rest->p += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	return 1;
}

static void
sort(struct list *l)
{
	if (l->n > 0)
		qsort(l->known.p, l->n, sizeof(struct known), by_id);
}

/* By id, and what was told twice once. */
static void
sort_told(struct list *l)
{
	size_t i, n = 0;

	sort(l);
	for (i = 0; i < l->n; i++)
		if (i == 0 || by_id(known_at(l, i), known_at(l, n - 1)) != 0)
			*known_at(l, n++) = *known_at(l, i);
	l->n = n;
	l->known.len = n * sizeof(struct known);
}

/* The events of a text, by id; how many lines are none. */
static size_t
read_events(struct list *l, struct ml_slice text)
{
	struct ml_slice line;
	size_t none = 0;

	ml_buf_clear(&l->known);
	l->n = 0;
	while (next_line(&text, &line))
		none += !add_line(l, line);
	sort(l);
	return none;
}

static const struct known *
find(const struct list *l, const uint8_t *id)
{
	return l->n == 0 ? NULL :
	    bsearch(id, l->known.p, l->n, sizeof(struct known), by_id);
}

static void
name_event(const char *why, const struct known *k)
{
	char hex[ML_ID_HEX + 1];

	fail("%s: author %.*s seq %lld id %s", why, (int)k->author.len,
	    k->author.p, (long long)k->seq,
	    sodium_bin2hex(hex, sizeof hex, k->id, sizeof k->id));
}

static void
all_there(const struct list *of, const struct list *in, const char *why)
{
	size_t i;

	for (i = 0; i < of->n; i++)
		if (find(in, known_at(of, i)->id) == NULL)
			name_event(why, known_at(of, i));
}

/* Nothing of a list is there twice, nor two of one author and seq. */
static void
none_twice(const struct list *l)
{
	struct ml_buf copy = { 0 };
	struct known *k;
	size_t i;

	ml_buf_slice(&copy, ml_buf_view(&l->known));
	k = (struct known *)(void *)copy.p;
	if (l->n > 0)
		qsort(k, l->n, sizeof *k, by_place);
	for (i = 1; i < l->n; i++)
		if (by_place(&k[i - 1], &k[i]) == 0)
			name_event(by_id(&k[i - 1], &k[i]) == 0 ?
			    "there twice" : "forked", &k[i]);
	ml_buf_free(&copy);
}
#endif

/*
 * known - the events of a log that is whole, and what another log must show
 * that has some of them: nothing else, and all that its unbroken runs have.
 */
#ifndef KNOWN_H
#define KNOWN_H
#include <sodium.h>

#include "intake.h"
#include "log.h"
#include "../unit/given.h"
#include "run.h"
#include "view.h"

#define KNOWN_MAX 4096
#define FOUND_MAX 64

enum has { NOT, UNSEALED, SEALED, OTHERWISE };

struct known_event {
	struct ml_slice line;		/* without its newline */
	struct ml_slice bare;		/* as far as the seal, without "}" */
	struct ml_event e;
	uint64_t offset;
	struct ml_slice author;		/* among the authors: the same memory */
};

struct known {
	struct ml_buf text;
	struct known_event event[KNOWN_MAX];
	size_t events;
	struct ml_slice author[KNOWN_MAX];	/* in order */
	size_t authors;
};

/* What was seen in a log. */
struct seen {
	const struct known *known;
	enum has has[KNOWN_MAX];	/* by event */
	char seal[KNOWN_MAX][ML_SEAL_TEXT];	/* of what has another one */
	const char *wrong;		/* or NULL */
	struct ml_buf frontier, delta;
	struct { enum ml_log_finding what; uint64_t from, to; }
	    found[FOUND_MAX];		/* offsets */
	size_t finds;
	uint64_t bad_seals, waiting, times[ML_LOG_FINDINGS];
};

/* By code point: an escape stands for one beyond ASCII. */
static inline int
by_author(const void *a, const void *b)
{
	const struct ml_slice *x = a, *y = b;
	size_t i;

	for (i = 0; i < x->len && i < y->len; i++)
		if (x->p[i] != y->p[i])
			return x->p[i] == '\\' ? 1 : y->p[i] == '\\' ? -1 :
			    x->p[i] < y->p[i] ? -1 : 1;
	return (x->len > y->len) - (x->len < y->len);
}

/* All that is in a file, which is written as meshlog writes it. */
static inline void
known_read(struct known *k, const char *path)
{
	struct known_event *e;
	const char *p, *end, *newline;
	size_t i;

	k->events = k->authors = 0;
	read_file(path, &k->text);
	end = k->text.p + k->text.len;
	for (p = k->text.p; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL || k->events == KNOWN_MAX)
			errx(2, "%s: not what was expected", path);
		e = &k->event[k->events++];
		e->line = e->bare = (struct ml_slice){ p, (size_t)(newline - p) };
		e->offset = (uint64_t)(p - k->text.p);
		if (!ml_event_read_quick(&e->e, e->line))
			errx(2, "%s: no event", path);
		e->bare.len -= 1 + (e->e.seal.len > 0 ?
		    sizeof ",\"g\":\"\"" - 1 + ML_SEAL_TEXT : 0);
		for (i = 0; i < k->authors; i++)
			if (ml_slice_same(k->author[i], e->e.author))
				break;
		if (i == k->authors)
			k->author[k->authors++] = e->e.author;
		e->author = k->author[i];
	}
	qsort(k->author, k->authors, sizeof *k->author, by_author);
}

static inline size_t
known_find(const struct known *k, const struct ml_event *e)
{
	size_t i;

	for (i = 0; i < k->events; i++)
		if (memcmp(k->event[i].e.id, e->id, sizeof e->id) == 0)
			break;
	return i;
}

/* An event that is shown: one of those that are known, in every byte. */
static inline void
see_event(struct seen *s, const struct ml_feed *f, struct ml_event e,
    int is_behind_gap)
{
	const struct known *k = s->known;
	size_t i = known_find(k, &e);
	const struct known_event *event = &k->event[i];
	struct ml_buf wire = { 0 }, body = { 0 };
	struct ml_slice seal = e.seal;

	e.seal.len = 0;
	ml_event_write(&e, &wire);
	wire.len--;
	if (i == k->events || !ml_slice_same(ml_buf_view(&wire), event->bare))
		s->wrong = "an event that is none";
	else if (seal.len == 0)
		s->has[i] = UNSEALED;
	else if (ml_slice_same(seal, event->e.seal))
		s->has[i] = SEALED;
	else {
		s->has[i] = OTHERWISE;
		memcpy(s->seal[i], seal.p, ML_SEAL_TEXT);
		e.seal = seal;
		if (!is_behind_gap && (!f->keyed ||
		    ml_seal_verify(&e, f->public, &body) != NULL))
			s->bad_seals++;
	}
	ml_buf_free(&wire);
	ml_buf_free(&body);
}

static inline void
found(void *arg, enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held)
{
	struct seen *s = arg;

	(void)why, (void)e, (void)held;
	if (s->finds == FOUND_MAX)
		return;
	s->found[s->finds].what = what;
	s->found[s->finds].from = at->offset;
	s->found[s->finds++].to = at->offset + at->len;
}

static inline void
add_lines(void *arg, struct ml_slice lines)
{
	ml_buf_slice(arg, lines);
}

/* What ml-frontier and ml-delta print, in the way that they do it. */
static inline int
see_answers(struct seen *s, const char *path)
{
	struct ml_feed **feed = NULL;
	struct ml_log *log;
	const char *why;
	size_t i, n = 0;
	int rc = 0;

	ml_buf_clear(&s->frontier);
	ml_buf_clear(&s->delta);
	if (ml_log_read(&log, path, NULL, &why) == -1) {
		s->wrong = why != NULL ? why : "cannot be read";
		return -1;
	}
	if ((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) == NULL)
		rc = -1;
	for (i = 0; rc == 0 && i < n; i++) {
		ml_buf_str(&s->frontier, i > 0 ? ",\"" : "{\"");
		ml_buf_slice(&s->frontier, feed[i]->author);
		ml_buf_str(&s->frontier, "\":");
		ml_buf_int(&s->frontier, feed[i]->seq);
		rc = ml_log_copy(log, feed[i], 1, &s->delta, add_lines);
	}
	ml_buf_str(&s->frontier, n > 0 ? "}\n" : "{}\n");
	if (rc == 0)
		rc = ml_log_copied(log);
	if (rc == -1)
		s->wrong = "cannot be read on";
	free(feed);
	ml_log_free(log);
	return rc;
}

/* All that stands in the file, in ml-check's way. */
static inline int
see_all(struct seen *s, const char *path)
{
	const struct ml_log_watch watch = { .arg = s, .finding = found };
	struct ml_buf scratch = { 0 }, text = { 0 };
	const struct ml_waiting *all;
	struct ml_log_place at;
	const struct ml_feed *f;
	struct ml_event e;
	struct ml_log *log;
	const char *why;
	int64_t seq;
	size_t i, n;

	memset(s->has, 0, sizeof s->has[0] * s->known->events);
	s->wrong = NULL;
	s->finds = s->bad_seals = 0;
	if (ml_log_read(&log, path, &watch, &why) == -1) {
		s->wrong = why != NULL ? why : "cannot be read";
		return -1;
	}
	for (i = 0; i < ML_LOG_FINDINGS; i++)
		s->times[i] = ml_log_found(log, (enum ml_log_finding)i);
	for (i = 0; i < ml_feeds_count(ml_log_feeds(log)); i++) {
		f = ml_feeds_at(ml_log_feeds(log), i);
		for (seq = 1; seq <= f->tip; seq++)
			if (ml_log_event(log, f, seq, &e) == 0)
				see_event(s, f, e, 0);
			else
				s->wrong = "an event that cannot be read";
	}
	read_file(path, &text);
	all = ml_wait_all(ml_log_waiting(log), &n);
	s->waiting = ml_wait_count(ml_log_waiting(log));
	for (i = 0; i < n; i++) {
		at = ml_log_place_of(&all[i]);
		if (all[i].seq > 0 && ml_event_read(&e, (struct ml_slice){
		    text.p + at.offset, at.len }, &scratch) == NULL)
			see_event(s, NULL, e, 1);
	}
	ml_buf_free(&scratch);
	ml_buf_free(&text);
	ml_log_free(log);
	return s->wrong != NULL ? -1 : 0;
}

/* Where a feed ends of which these are there. */
static inline int64_t
head_of(const struct seen *s, struct ml_slice author)
{
	const struct known *k = s->known;
	int64_t tip = 0, head = 0;
	int keyed = 0, more = 1;
	size_t i;

	while (more)
		for (more = 0, i = 0; i < k->events; i++) {
			if (s->has[i] == NOT || k->event[i].e.seq != tip + 1 ||
			    !ml_slice_same(k->event[i].e.author, author))
				continue;
			if (++tip == 1)
				keyed = ml_slice_is(k->event[i].e.kind,
				    "author.key");
			if (!keyed || s->has[i] != UNSEALED)
				head = tip;
			more = 1;
		}
	return head;
}

/* What a log that has these must answer. */
static inline void
expect(const struct seen *s, struct ml_buf *frontier, struct ml_buf *delta)
{
	const struct known *k = s->known;
	const struct known_event *e;
	int64_t head, seq;
	size_t a, i;

	ml_buf_clear(frontier);
	ml_buf_clear(delta);
	for (a = 0; a < k->authors; a++) {
		if ((head = head_of(s, k->author[a])) == 0)
			continue;
		ml_buf_str(frontier, frontier->len > 0 ? ",\"" : "{\"");
		ml_buf_slice(frontier, k->author[a]);
		ml_buf_str(frontier, "\":");
		ml_buf_int(frontier, head);
		for (seq = 1; seq <= head; seq++)
			for (i = 0; i < k->events; i++) {
				e = &k->event[i];
				if (e->e.seq != seq || !ml_slice_same(
				    e->e.author, k->author[a]))
					continue;
				ml_buf_slice(delta, s->has[i] == SEALED ?
				    e->line : e->bare);
				if (s->has[i] == OTHERWISE) {
					ml_buf_str(delta, ",\"g\":\"");
					ml_buf_add(delta, s->seal[i],
					    ML_SEAL_TEXT);
					ml_buf_byte(delta, '"');
				}
				ml_buf_str(delta, s->has[i] == SEALED ? "\n" :
				    "}\n");
			}
	}
	ml_buf_str(frontier, frontier->len > 0 ? "}\n" : "{}\n");
}

/* What became of events that were offered. */
struct taken {
	uint64_t verdict[ML_VERDICTS], bad_held;
};

static inline void
taken_told(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why)
{
	struct taken *t = arg;

	(void)e, (void)why;
	t->verdict[verdict]++;
}

static inline void
taken_bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct taken *t = arg;

	(void)path, (void)line, (void)why;
	t->bad_held++;
}

/* Which events a log has that another one lacks. */
static inline void
lacking(const struct seen *whole, const struct seen *now, char *offer)
{
	const struct ml_event *e;
	size_t i;

	for (i = 0; i < whole->known->events; i++) {
		e = &whole->known->event[i].e;
		offer[i] = e->seq > head_of(now, e->author) &&
		    e->seq <= head_of(whole, e->author);
	}
}

/* Take in, as ml-ingest does, events by author and seq: 0, or -1. */
static inline int
take(const struct known *k, const char *path, const char *offer,
    struct taken *t)
{
	struct ml_trust *trust = ml_trust_new();
	struct ml_intake *in = NULL;
	struct ml_log *log = NULL;
	const char *why;
	size_t a, i;
	int64_t seq;
	int rc;

	memset(t, 0, sizeof *t);
	if ((rc = ml_log_write(&log, path, NULL, &why)) == 0 &&
	    ((in = ml_intake_new(log, trust, slice(""), t, taken_told,
	    taken_bad_held)) == NULL ||
	    ml_intake_begin(in, 1, 1000, &why) == -1))
		rc = -1;
	for (a = 0; a < k->authors; a++)
		for (seq = 1; seq <= (int64_t)k->events; seq++)
			for (i = 0; i < k->events; i++)
				if (rc == 0 && offer[i] &&
				    k->event[i].e.seq == seq &&
				    ml_slice_same(k->event[i].e.author,
				    k->author[a]))
					rc = ml_intake_offer(in,
					    &k->event[i].e);
	if (rc == 0)
		rc = ml_intake_commit(in, 0);
	ml_intake_free(in);
	ml_log_free(log);
	ml_trust_free(trust);
	return rc;
}
#endif

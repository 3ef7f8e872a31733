/* killread - what the tools print, as tests/help/kills.c believes it */
#ifndef KILLREAD_H
#define KILLREAD_H
#include "killfeed.h"

/* A line of ml-emit or ml-delta: an event, whole and true. */
static int
read_event(struct ml_slice line, struct ml_event *e, struct feed **f)
{
	static struct ml_buf body;
	const char *why = NULL;

	if (!ml_event_read_quick(e, line))
		why = "not an event in wire form";
	else if ((*f = feed_of(e->author)) == NULL)
		why = "of nobody";
	else if (ml_event_verify(e, &body) != NULL)
		why = "its id is wrong";
	else if (e->seal.len > 0 && ((*f)->key == NULL || ml_seal_verify(e,
	    ml_identity_public((*f)->key), &body) != NULL))
		why = "its seal is wrong";
	if (why != NULL)
		fail(why, line);
	return why == NULL;
}

static void
emitted(struct ml_slice line)
{
	struct ml_event e;
	struct feed *f;
	struct mark *m;

	if (!read_event(line, &e, &f))
		return;
	if (f->key != NULL && e.seal.len == 0)
		fail("emitted without a seal", line);
	m = named(f, e.seq, e.id, STORED | TOLD);
	ml_buf_clear(&m->line);
	ml_buf_slice(&m->line, line);
}

static void
delta_line(struct run *r, struct ml_slice line)
{
	struct ml_event e;
	struct feed *f;
	int at;

	if (!read_event(line, &e, &f))
		return;
	given++;
	at = (int)(f - feed);
	if (at != r->feed) {
		if (r->unsealed > 0)
			fail("a delta of a feed that ends without a seal", line);
		if (r->feed != -1 && strcmp(feed[r->feed].author,
		    f->author) > 0)
			fail("a delta that is not sorted", line);
		r->unsealed = 0;
	}
	r->feed = at;
	if (e.seq != ++r->from[at])
		fail("a delta with a gap, or with one twice", line);
	r->unsealed = f->key == NULL || e.seal.len > 0 ? 0 : r->unsealed + 1;
	if (r->unsealed >= ML_SEAL_RUN)
		fail("a delta without a seal for too long", line);
	named(f, e.seq, e.id, STORED);	/* a peer has it now */
}

static void
frontier_line(struct run *r, struct ml_slice line)
{
	struct ml_frontier *f;
	int64_t seq;
	int i;

	if (ml_frontier_read(&f, line) != NULL) {
		fail("not a frontier", line);
		return;
	}
	for (i = 0; i < FEEDS; i++) {
		seq = ml_frontier_seq(f, (struct ml_slice){ feed[i].author,
		    strlen(feed[i].author) });
		if (seq < r->floor[i])
			fail("a frontier that went back", line);
		if (auditing && seq != feed[i].whole)
			fail_at("another frontier than the file's", &feed[i],
			    feed[i].whole);
		if (seq > feed[i].head) {
			feed[i].head = seq;
			mark_of(&feed[i], seq);	/* whose line nobody told */
		}
	}
	ml_frontier_free(f);
}

/* What ml-gossip says: what it tells of and what it sends is stored. */
static void
message_line(struct run *r, struct ml_slice line)
{
	static const char events[] = "{\"t\":\"events\",\"e\":[";
	const char *from, *p, *end = line.p + line.len;
	struct ml_event e;
	struct feed *f;
	int unsealed = 1;

	if (line.len > 8 && memcmp(line.p, "{\"t\":\"fr", 8) == 0) {
		frontier_line(r, line);
		return;
	}
	if (line.len < sizeof events || memcmp(line.p, events,
	    sizeof events - 1) != 0)
		return;
	for (p = line.p + sizeof events - 1; p < end && *p == '{'; p++) {
		from = p;
		if (ml_canon_skip(&p, end, 9) != NULL || p == end ||
		    !read_event((struct ml_slice){ from, (size_t)(p - from) },
		    &e, &f))
			break;
		given++;
		named(f, e.seq, e.id, STORED);
		unsealed = f->key != NULL && e.seal.len == 0;
	}
	if (unsealed || end - p != 1)
		fail("a message that is none, or ends without a seal", line);
}

/* "stored", "held" and so on, author, seq, id, perhaps why; between tabs. */
static void
verdict(struct ml_slice line)
{
	char word[16], author[64], hex[40], text[256] = "";
	uint8_t id[ML_ID_LEN];
	struct feed *f;
	long long seq;
	size_t n = line.len < sizeof text ? line.len : sizeof text - 1;

	memcpy(text, line.p, n);
	if (sscanf(text, "%15[a-z]\t%63[^\t]\t%lld\t%39[0-9a-f]", word,
	    author, &seq, hex) != 4 || !ml_id_read((struct ml_slice){ hex,
	    strlen(hex) }, id)) {
		fail("not a verdict", line);
		return;
	}
	f = feed_of((struct ml_slice){ author, strlen(author) });
	if (strcmp(word, "refused") == 0)
		return;
	if (f == NULL || strcmp(word, "dropped") == 0)
		fail("a wrong verdict", line);
	else
		named(f, seq, id, strcmp(word, "held") == 0 ? HELD : STORED);
}

/* What came complete on a pipe counts. */
static void
take_lines(struct run *r)
{
	const char *newline;
	struct ml_slice line;
	size_t at = 0;

	if (r->action > FRONTIER || r->action == TRUST || r->action == MEND)
		return;
	while ((newline = memchr(r->text.p + at, '\n', r->text.len - at)) !=
	    NULL) {
		line = (struct ml_slice){ r->text.p + at,
		    (size_t)(newline - r->text.p) - at };
		at += line.len + 1;
		if (r->action == INGEST)
			verdict(line);
		else if (r->action == GOSSIP)
			message_line(r, line);
		else if (r->action == DELTA)
			delta_line(r, line);
		else if (r->action == FRONTIER)
			frontier_line(r, line);
		else
			emitted(line);
	}
	ml_buf_drop(&r->text, at);
}
#endif

/* killfeed - the events that tests/help/kills.c makes up and remembers */
#ifndef KILLFEED_H
#define KILLFEED_H
#include "killstate.h"

static struct mark *
mark_of(struct feed *f, int64_t seq)
{
	int64_t room = f->room;

	if (seq >= room) {
		f->room = seq + 1000;
		f->mark = realloc(f->mark, (size_t)f->room * sizeof *f->mark);
		if (f->mark == NULL)
			err(111, NULL);
		memset(f->mark + room, 0, (size_t)(f->room - room) *
		    sizeof *f->mark);
	}
	return &f->mark[seq];
}

static struct feed *
feed_of(struct ml_slice author)
{
	int i;

	for (i = 0; i < FEEDS; i++)
		if (ml_slice_is(author, feed[i].author))
			return &feed[i];
	return NULL;
}

/* Somebody has named the event at seq: one seq, one id. */
static struct mark *
named(struct feed *f, int64_t seq, const uint8_t id[static ML_ID_LEN],
    int flags)
{
	struct mark *m = mark_of(f, seq);

	if ((m->flags & KNOWN) && memcmp(m->id, id, ML_ID_LEN) != 0)
		fail_at("two events of one seq", f, seq);
	memcpy(m->id, id, ML_ID_LEN);
	m->flags |= KNOWN | flags;
	if ((flags & STORED) && seq > f->head)
		f->head = seq;
	return m;
}

/* The next event of one who writes elsewhere; of a key one of 16 is sealed. */
static void
make(struct feed *f, int sealed)
{
	struct ml_buf payload = { 0 }, prev = { 0 }, body = { 0 };
	char seal[ML_SEAL_TEXT + 1], hex[ML_PUBLIC_HEX + 1];
	struct ml_event e = { .author = { f->author, strlen(f->author) },
	    .kind = { "note.add", 8 }, .seq = ++f->made };
	struct mark *m;

	e.hlc = (struct ml_hlc){ 1700000000000 + e.seq, 0 };
	if (f->key != NULL && e.seq == 1) {
		sodium_bin2hex(hex, sizeof hex, ml_identity_public(f->key),
		    ML_PUBLIC_LEN);
		e.kind = (struct ml_slice){ "author.key", 10 };
		put(&payload, "{\"key\":\"%s\"}", hex);
	} else {
		put(&payload, "{\"record_id\":\"R-%d\",\"text\":\"",
		    (int)draw(9));
		put_text(&payload);
		put(&payload, "\"}");
	}
	e.payload = ml_buf_view(&payload);
	if (e.seq > 1)
		ml_id_write(mark_of(f, e.seq - 1)->id, &prev);
	e.prev = ml_buf_view(&prev);
	if (ml_event_mint(&e, &body) != NULL)
		errx(111, "mint");
	if (f->key != NULL && (sealed || e.seq % 16 == 0)) {
		if (ml_identity_seal(f->key, &e, seal, &body) == -1)
			errx(111, "seal");
		e.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	}
	m = named(f, e.seq, e.id, 0);
	ml_event_write(&e, &m->line);
	ml_buf_free(&payload);
	ml_buf_free(&prev);
	ml_buf_free(&body);
}

static void
put_line(struct ml_buf *out, struct ml_slice line)
{
	ml_buf_slice(out, line);
	ml_buf_byte(out, '\n');
}

/*
 * What a peer sends: from about the head on, a few left out, in order or not,
 * some altered, some known, some from a stranger, some no events at all.
 */
static void
put_stream(struct ml_buf *out, struct feed *f)
{
	int64_t from = f->head + 1 - (int64_t)draw(6), at, swap, seqs[60], seq;
	int64_t i, n = 1 + (int64_t)draw(60);
	const struct feed *mine;
	size_t where;

	for (i = 0; i < n; i++)
		seqs[i] = (from > 0 ? from : 1) + i;
	for (i = n - 1; draw(2) == 0 && i > 0; i--) {
		at = i > 8 ? i - (int64_t)draw(8) : i;
		swap = seqs[i];
		seqs[i] = seqs[at];
		seqs[at] = swap;
	}
	for (i = 0; i < n; i++) {
		while (f->made < seqs[i])
			make(f, draw(5) == 0);
		if (draw(30) == 0)
			continue;
		put_line(out, ml_buf_view(&f->mark[seqs[i]].line));
		switch (draw(40)) {
		case 0:
			where = out->len;
			put_line(out, ml_buf_view(&f->mark[seqs[i]].line));
			out->p[where + f->mark[seqs[i]].line.len / 2] ^= 1;
			break;
		case 1:
			put(out, "{\"a\":\"stranger\",\"s\":1,\"h\":[1,1],\"k\":"
			    "\"k\",\"p\":1,\"v\":\"\",\"i\":"
			    "\"7ce8a7ca04dc5ef3dd6c4d41eb0d6e52\"}\n");
			break;
		case 2:
			put(out, "%d bottles of beer\n\n", (int)i);
			break;
		case 3:
			mine = &feed[draw(2)];
			seq = 1 + (int64_t)draw((uint64_t)mine->head + 1);
			if (seq <= mine->head && mine->mark[seq].line.len > 0)
				put_line(out,
				    ml_buf_view(&mine->mark[seq].line));
		}
	}
}
#endif

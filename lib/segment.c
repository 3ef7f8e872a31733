/* segment - a part of a log's index, as bytes */
#include <string.h>

#include "place.h"
#include "segment.h"
#include "varint.h"

#define BUCKET_POSTINGS 256		/* in a bucket, about */
#define BUCKET_BITS_MAX 24
#define DIGIT_BITS 12			/* of a hash, sorted by at a time */
#define DIGITS (1U << DIGIT_BITS)

enum flags { KEYED = 1, FORKED = 2 };

static void
put_hlc(struct ml_buf *out, struct ml_hlc h)
{
	ml_varint_put_signed(out, h.wall);
	ml_varint_put_signed(out, h.counter);
}

static int
get_hlc(struct ml_slice *from, struct ml_hlc *h)
{
	return ml_varint_get_signed(from, &h->wall) &&
	    ml_varint_get_signed(from, &h->counter);
}

static void
put_text(struct ml_buf *out, struct ml_slice s)
{
	ml_varint_put(out, s.len);
	ml_buf_slice(out, s);
}

static int
get_bytes(struct ml_slice *from, struct ml_slice *s, uint64_t len)
{
	if (len > from->len)
		return 0;
	*s = (struct ml_slice){ from->p, (size_t)len };
	from->p += len;
	from->len -= (size_t)len;
	return 1;
}

static int
get_text(struct ml_slice *from, struct ml_slice *s)
{
	uint64_t len;

	return ml_varint_get(from, &len) && get_bytes(from, s, len);
}

void
ml_segment_put_feed(struct ml_buf *out, const struct ml_segment_feed *f)
{
	put_text(out, f->author);
	ml_varint_put(out, (f->keyed ? KEYED : 0) | (f->forked ? FORKED : 0));
	if (f->keyed) {
		ml_buf_add(out, f->public, sizeof f->public);
		put_text(out, f->name);
	}
	ml_varint_put(out, (uint64_t)f->first);
	ml_varint_put(out, (uint64_t)f->count);
	ml_varint_put(out, f->block);
	ml_buf_add(out, f->id, sizeof f->id);
	put_hlc(out, f->oldest);
	put_hlc(out, f->newest);
}

int
ml_segment_get_feed(struct ml_slice *from, struct ml_segment_feed *f)
{
	struct ml_slice public, id;
	uint64_t flags, first, count;

	*f = (struct ml_segment_feed){ .keyed = 0 };
	if (!get_text(from, &f->author) || !ml_varint_get(from, &flags))
		return 0;
	f->keyed = (flags & KEYED) != 0;
	f->forked = (flags & FORKED) != 0;
	if (f->keyed) {
		if (!get_bytes(from, &public, ML_PUBLIC_LEN) ||
		    !get_text(from, &f->name))
			return 0;
		memcpy(f->public, public.p, ML_PUBLIC_LEN);
	}
	if (!ml_varint_get(from, &first) || first < 1 || first > ML_SEQ_MAX + 1 ||
	    !ml_varint_get(from, &count) || count > ML_SEQ_MAX - first + 1 ||
	    !ml_varint_get(from, &f->block) ||
	    !get_bytes(from, &id, ML_ID_LEN) || !get_hlc(from, &f->oldest) ||
	    !get_hlc(from, &f->newest))
		return 0;
	f->first = (int64_t)first;
	f->count = (int64_t)count;
	memcpy(f->id, id.p, ML_ID_LEN);
	return 1;
}

void
ml_segment_put_places(struct ml_buf *out, const uint64_t *place, size_t n)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		ml_varint_put_signed(out,
		    (int64_t)(ml_place_offset(place[i]) - end));
		ml_varint_put(out, ml_place_len(place[i]) << 1 |
		    ((place[i] & ML_PLACE_EXACT) != 0));
		end = ml_place_offset(place[i]) + ml_place_len(place[i]);
	}
}

int
ml_segment_get_places(struct ml_slice from, uint64_t *place, size_t n)
{
	uint64_t end = 0, len;
	int64_t gap;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!ml_varint_get_signed(&from, &gap) ||
		    !ml_varint_get(&from, &len) || len >> 1 < 1 ||
		    len >> 1 > UINT64_C(1) << ML_PLACE_LEN_BITS)
			return 0;
		end += (uint64_t)gap;
		place[i] = ml_place(end, len >> 1) |
		    (len & 1 ? ML_PLACE_EXACT : 0);
		end += len >> 1;
	}
	return from.len == 0;
}

void
ml_postings_sort(struct ml_posting *p, struct ml_posting *spare, size_t n)
{
	struct ml_posting *swap;
	size_t from[DIGITS], i, at;
	unsigned shift;

	/* an even number of turns: it ends up where it was */
	for (shift = 0; shift < ML_POSTING_BITS; shift += DIGIT_BITS) {
		memset(from, 0, sizeof from);
		for (i = 0; i < n; i++)
			from[p[i].hash >> shift & (DIGITS - 1)]++;
		for (at = 0, i = 0; i < DIGITS; i++) {
			at += from[i];
			from[i] = at - from[i];
		}
		for (i = 0; i < n; i++)
			spare[from[p[i].hash >> shift & (DIGITS - 1)]++] = p[i];
		swap = p;
		p = spare;
		spare = swap;
	}
}

/* A record's hash, then feed and seq of each event, and 0 where a feed would
 * stand.  Feeds count from 1 there, and seqs from the one before in a feed. */
void
ml_bucket_put(struct ml_bucket *b, struct ml_buf *out,
    const struct ml_posting *p)
{
	if (b->open && p->hash != b->last.hash)
		ml_bucket_end(b, out);
	if (!b->open || p->hash != b->last.hash) {
		ml_varint_put(out, p->hash - b->last.hash);
		b->last = (struct ml_posting){ p->hash, 0, 0 };
	} else if (p->feed != b->last.feed)
		b->last.seq = 0;
	b->open = 1;
	ml_varint_put(out, (uint64_t)p->feed + 1);
	ml_varint_put_signed(out, p->seq - b->last.seq);
	b->last = *p;
}

void
ml_bucket_end(const struct ml_bucket *b, struct ml_buf *out)
{
	if (b->open)
		ml_varint_put(out, 0);
}

int
ml_bucket_get(struct ml_bucket *b, struct ml_slice *from)
{
	uint64_t delta, feed;
	int64_t step, seq;

	if (b->open && !ml_varint_get(from, &feed))
		return -1;
	if (!b->open || feed == 0) {
		if (from->len == 0)
			return 0;
		if (!ml_varint_get(from, &delta) ||
		    delta >> ML_POSTING_BITS != 0 ||
		    !ml_varint_get(from, &feed))
			return -1;
		b->last = (struct ml_posting){ b->last.hash + delta, 0, 0 };
	} else if (feed - 1 != b->last.feed)
		b->last.seq = 0;
	if (feed < 1 || feed > UINT32_MAX || !ml_varint_get_signed(from, &step) ||
	    b->last.hash >> ML_POSTING_BITS != 0)
		return -1;
	b->open = 1;
	b->last.feed = (uint32_t)(feed - 1);
	seq = (int64_t)((uint64_t)b->last.seq + (uint64_t)step);
	if (seq < 0 || seq > ML_SEQ_MAX)
		return -1;
	b->last.seq = seq;
	return 1;
}

unsigned
ml_bucket_bits(uint64_t postings)
{
	unsigned bits = 0;

	while (bits < BUCKET_BITS_MAX && postings >> bits > BUCKET_POSTINGS)
		bits++;
	return bits;
}

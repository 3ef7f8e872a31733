/* partwrite - parts that are written, and many that become one */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "fixed.h"
#include "partfile.h"
#include "place.h"
#include "segment.h"
#include "varint.h"

#define WRITE_AT (256 * 1024)		/* bytes gathered before they are written */

/* A part that is written. */
struct builder {
	int fd;
	uint64_t at;			/* in the file: its beginning */
	uint64_t written;		/* bytes of it */
	struct ml_buf out;		/* behind them */
	int failed;
	struct ml_part part;
	struct ml_buf blocks_dir, buckets_dir, feeds;
	struct ml_bucket bucket;
	struct ml_buf bucket_text;
	uint64_t bucket_number;
};

static struct builder
builder_at(int fd, uint64_t at)
{
	return (struct builder){ .fd = fd, .at = at, .part = { .at = at } };
}

static void
builder_free(struct builder *b)
{
	ml_buf_free(&b->out);
	ml_buf_free(&b->blocks_dir);
	ml_buf_free(&b->buckets_dir);
	ml_buf_free(&b->feeds);
	ml_buf_free(&b->bucket_text);
}

/* Bytes from its beginning to what comes next. */
static uint64_t
here(const struct builder *b)
{
	return b->written + b->out.len;
}

static void
write_out(struct builder *b)
{
	if (ml_buf_failed(&b->out) || ml_file_write_at(b->fd, b->out.p,
	    b->out.len, b->at + b->written) == -1)
		b->failed = 1;
	b->written += b->out.len;
	ml_buf_clear(&b->out);
}

static void
put(struct builder *b, struct ml_slice text)
{
	ml_buf_slice(&b->out, text);
	if (b->out.len >= WRITE_AT)
		write_out(b);
}

static void
put_block(struct builder *b, const uint64_t *place, size_t n)
{
	size_t from = b->out.len;

	ml_fixed_put32(&b->blocks_dir, here(b));
	ml_segment_put_places(&b->out, place, n);
	ml_fixed_put32(&b->blocks_dir, ml_buf_failed(&b->out) ? 0 :
	    ml_checksum(b->out.p + from, b->out.len - from));
	b->part.blocks++;
	if (b->out.len >= WRITE_AT)
		write_out(b);
}

/* All blocks are put; so many postings come. */
static void
begin_postings(struct builder *b, uint64_t postings)
{
	ml_fixed_put64(&b->blocks_dir, here(b));
	b->part.blocks_dir = here(b);
	put(b, ml_buf_view(&b->blocks_dir));
	b->part.buckets = here(b);
	b->part.bits = ml_bucket_bits(postings);
}

static void
end_bucket(struct builder *b)
{
	ml_bucket_end(&b->bucket, &b->bucket_text);
	ml_fixed_put32(&b->buckets_dir, here(b) - b->part.buckets);
	ml_fixed_put32(&b->out, ml_checksum(b->bucket_text.p, b->bucket_text.len));
	put(b, ml_buf_view(&b->bucket_text));
	ml_buf_clear(&b->bucket_text);
	b->bucket = (struct ml_bucket){ .open = 0 };
	b->bucket_number++;
}

static void
put_posting(struct builder *b, const struct ml_posting *p)
{
	while (b->bucket_number < ml_partfile_bucket_of(p->hash, b->part.bits))
		end_bucket(b);
	ml_bucket_put(&b->bucket, &b->bucket_text, p);
}

static void
end_postings(struct builder *b)
{
	while (b->bucket_number < UINT64_C(1) << b->part.bits)
		end_bucket(b);
	ml_fixed_put32(&b->buckets_dir, here(b) - b->part.buckets);
	b->part.buckets_dir = here(b);
	put(b, ml_buf_view(&b->buckets_dir));
}

/* Loose places (uint64_t each) as they are written. */
static void
put_loose(struct ml_buf *out, struct ml_slice loose)
{
	uint64_t place, offset = 0;
	size_t at;

	for (at = 0; at < loose.len; at += sizeof place) {
		memcpy(&place, loose.p + at, sizeof place);
		ml_varint_put_signed(out,
		    (int64_t)(ml_place_offset(place) - offset));
		ml_varint_put(out, ml_place_len(place));
		offset = ml_place_offset(place);
	}
}

/* The last: loose places as they are written, and what is said of feeds. */
static int
end_part(struct builder *b, struct ml_slice loose, size_t feeds)
{
	struct ml_buf footer = { 0 };

	b->part.loose = here(b);
	put_loose(&b->out, loose);
	b->part.loose_len = here(b) - b->part.loose;
	b->part.footer = b->at + here(b);
	ml_fixed_put64(&footer, ML_PARTFILE_MAGIC);
	ml_fixed_put64(&footer, b->part.blocks_dir);
	ml_fixed_put64(&footer, b->part.blocks);
	ml_fixed_put64(&footer, b->part.buckets);
	ml_fixed_put64(&footer, b->part.buckets_dir);
	ml_fixed_put64(&footer, b->part.bits);
	ml_fixed_put64(&footer, b->part.loose);
	ml_fixed_put64(&footer, b->part.loose_len);
	ml_fixed_put64(&footer, feeds);
	ml_buf_slice(&footer, ml_buf_view(&b->feeds));
	if (!ml_buf_failed(&footer))
		ml_fixed_put64(&footer, ml_checksum(footer.p, footer.len));
	put(b, ml_buf_view(&footer));
	write_out(b);
	b->part.end = b->at + here(b);
	b->failed |= ml_buf_failed(&footer) || ml_buf_failed(&b->feeds) ||
	    ml_buf_failed(&b->blocks_dir) || ml_buf_failed(&b->buckets_dir) ||
	    ml_buf_failed(&b->bucket_text) || here(b) > ML_PART_BYTES;
	ml_buf_free(&footer);
	return !b->failed;
}

static void
put_feed(struct builder *b, const struct ml_feed *f, int64_t first,
    int64_t last, uint64_t block)
{
	struct ml_segment_feed s = { .author = f->author, .keyed = f->keyed,
	    .forked = f->forked, .first = first, .count = last - first + 1,
	    .block = block, .oldest = f->first, .newest = f->newest };

	memcpy(s.public, f->public, sizeof s.public);
	if (first == 1)
		s.name = f->name;
	memcpy(s.id, f->id, sizeof s.id);
	ml_segment_put_feed(&b->feeds, &s);
}

/* The spots of a feed up to its head: blocks, and postings behind *n. */
static void
add_spots(struct builder *b, const struct ml_feed *f, uint32_t number,
    struct ml_posting *posting, size_t *n)
{
	uint64_t block = b->part.blocks, place[ML_SEGMENT_BLOCK];
	const struct ml_spot *spot;
	size_t many = 0;
	int64_t seq;

	for (seq = f->base + 1; seq <= f->seq; seq++) {
		spot = ml_feed_spot(f, seq);
		place[many++] = spot->place;
		if (spot->record != 0)
			posting[(*n)++] = (struct ml_posting){ spot->record,
			    seq - f->base - 1, number };
		if (many == ML_SEGMENT_BLOCK || seq == f->seq) {
			put_block(b, place, many);
			many = 0;
		}
	}
	put_feed(b, f, f->base + 1, f->seq, block);
}

/* As many as have come in since. */
static uint64_t
count_spots(const struct ml_feeds *feeds)
{
	const struct ml_feed *f;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		n += f->seq > f->base ? (uint64_t)(f->seq - f->base) : 0;
	}
	return n;
}

int
ml_part_write(struct ml_part *p, int fd, uint64_t at,
    const struct ml_feeds *feeds, struct ml_slice loose)
{
	struct builder b = builder_at(fd, at);
	uint64_t events = count_spots(feeds);
	struct ml_posting *posting;
	const struct ml_feed *f;
	size_t i, n = 0;
	uint32_t number = 0;
	int good;

	/* the second half is for sorting */
	if (events > ML_PART_BYTES / ML_PART_BLOCK ||
	    (posting = calloc((size_t)events * 2 + 1, sizeof *posting)) == NULL)
		return 0;
	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		if (f->seq > f->base || f->forked)
			add_spots(&b, f, number++, posting, &n);
	}
	begin_postings(&b, n);
	ml_postings_sort(posting, posting + n, n);
	for (i = 0; i < n; i++)
		put_posting(&b, &posting[i]);
	end_postings(&b);
	if ((good = end_part(&b, loose, number)))
		*p = b.part;
	free(posting);
	builder_free(&b);
	return good;
}

/* Merging parts */

/* The postings of a part, one after the other. */
struct stream {
	const struct ml_part *part;
	uint64_t next;			/* bucket */
	struct ml_buf text;
	struct ml_slice from;
	struct ml_bucket bucket;
	int got;			/* there is one: bucket.last */
};

static int
next_posting(struct stream *s, int fd)
{
	while ((s->got = ml_bucket_get(&s->bucket, &s->from)) == 0 &&
	    s->next < UINT64_C(1) << s->part->bits) {
		if (!ml_partfile_bucket(s->part, fd, s->next++, &s->text,
		    &s->from))
			return 0;
		s->bucket = (struct ml_bucket){ .open = 0 };
	}
	return s->got == 0 || (s->got == 1 &&
	    s->bucket.last.feed < s->part->feeds);
}

/* What a feed is called in a merged part. */
struct renamed {
	uint32_t number;
	int64_t first;
};

static int
merge_postings(struct builder *b, struct stream *stream, size_t n,
    const struct renamed *renamed)
{
	struct stream *least;
	struct ml_posting p;
	uint32_t feed;
	size_t i;

	for (i = 0; i < n; i++)
		if (!next_posting(&stream[i], b->fd))
			return 0;
	for (;;) {
		for (least = NULL, i = 0; i < n; i++)
			if (stream[i].got && (least == NULL ||
			    stream[i].bucket.last.hash <
			    least->bucket.last.hash))
				least = &stream[i];
		if (least == NULL)
			return 1;
		p = least->bucket.last;
		feed = least->part->feed[p.feed];
		p.seq += least->part->first[p.feed] - renamed[feed].first;
		p.feed = renamed[feed].number;
		put_posting(b, &p);
		if (!next_posting(least, b->fd))
			return 0;
	}
}

/* The places of a feed from a span on, in blocks anew. */
static int
merge_places(struct builder *b, const struct ml_feed *f, size_t span,
    const struct ml_part *from, uint32_t first)
{
	uint64_t got[ML_PART_BLOCK], place[ML_PART_BLOCK], number;
	const struct ml_span *s;
	size_t many = 0, n, i;
	int64_t seq;

	for (; span < f->spans; span++) {
		s = &f->span[span];
		for (seq = s->first, number = 0; seq <= s->last; number++) {
			n = ml_part_places(&from[s->part - first], b->fd, s,
			    number, got);
			if (n == 0)
				return 0;
			for (i = 0; i < n; i++) {
				place[many++] = got[i];
				if (many == ML_PART_BLOCK) {
					put_block(b, place, many);
					many = 0;
				}
			}
			seq += (int64_t)n;
		}
	}
	if (many > 0)
		put_block(b, place, many);
	return 1;
}

static int
merge_feed(struct builder *b, const struct ml_feed *f,
    const struct ml_part *from, uint32_t first, struct renamed *renamed)
{
	uint64_t block = b->part.blocks;
	size_t span = 0;

	while (span < f->spans && f->span[span].part < first)
		span++;
	renamed->first = span < f->spans ? f->span[span].first : f->seq + 1;
	if (!merge_places(b, f, span, from, first))
		return 0;
	put_feed(b, f, renamed->first, f->seq, block);
	return 1;
}

int
ml_part_merge(struct ml_part *p, int fd, uint64_t at,
    const struct ml_feeds *feeds, const struct ml_part *from, size_t n,
    uint32_t first, struct ml_slice loose)
{
	struct builder b = builder_at(fd, at);
	struct renamed *renamed = calloc(ml_feeds_count(feeds) + 1,
	    sizeof *renamed);
	struct stream *stream = calloc(n, sizeof *stream);
	const struct ml_feed *f;
	uint64_t events = 0;
	uint32_t number = 0;
	int good = renamed != NULL && stream != NULL;
	size_t i;

	for (i = 0; good && i < n; i++) {
		events += from[i].events;
		stream[i].part = &from[i];
	}
	for (i = 0; good && i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		if (!f->forked && (f->spans == 0 ||
		    f->span[f->spans - 1].part < first))
			continue;
		renamed[i].number = number++;
		good = merge_feed(&b, f, from, first, &renamed[i]);
	}
	if (good) {
		begin_postings(&b, events);
		good = merge_postings(&b, stream, n, renamed);
	}
	if (good) {
		end_postings(&b);
		good = end_part(&b, loose, number);
	}
	if (good)
		*p = b.part;
	for (i = 0; stream != NULL && i < n; i++)
		ml_buf_free(&stream[i].text);
	free(stream);
	free(renamed);
	builder_free(&b);
	return good;
}

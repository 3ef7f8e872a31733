/* part - what an index's file knows of a stretch of its log */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "fixed.h"
#include "partfile.h"
#include "place.h"
#include "segment.h"
#include "varint.h"

_Static_assert(ML_PART_BLOCK == ML_SEGMENT_BLOCK, "ML_PART_BLOCK");

int
ml_part_bytes(int fd, uint64_t at, uint64_t len, struct ml_buf *into)
{
	char *to;

	ml_buf_clear(into);
	if (len > ML_PART_BYTES ||
	    (to = ml_buf_room(into, (size_t)len + 1)) == NULL ||
	    ml_file_read_at(fd, to, (size_t)len, at) != (ssize_t)len)
		return 0;
	into->len = (size_t)len;
	return 1;
}

void
ml_part_free(struct ml_part *p)
{
	free(p->feed);
	free(p->first);
	*p = (struct ml_part){ .at = p->at, .footer = p->footer,
	    .end = p->end };
}

/* Give a feed what a part says of it. */
static int
attach_feed(struct ml_part *p, uint32_t number, struct ml_feeds *feeds,
    const struct ml_segment_feed *s, size_t nth)
{
	struct ml_feed *f = ml_feeds_get(feeds, s->author);
	int64_t last = s->first + s->count - 1;
	char *name;

	if (f == NULL || s->author.len > 6 * ML_NAME_MAX)
		return 0;
	p->feed[nth] = f->index;
	p->first[nth] = s->first;
	f->forked |= s->forked;
	if (s->count == 0)
		return 1;
	/* in an unbroken row */
	if (s->first != (f->spans > 0 ? f->span[f->spans - 1].last : 0) + 1 ||
	    ml_feed_add_span(f, (struct ml_span){ s->first, last, s->block,
	    number }) == -1)
		return 0;
	p->events += (uint64_t)s->count;
	if (last <= f->seq)
		return 1;		/* it has gone on since */
	if (f->tip > last)
		return 0;
	f->seq = f->tip = last;
	memcpy(f->id, s->id, sizeof f->id);
	memcpy(f->tip_id, s->id, sizeof f->tip_id);
	f->first = s->oldest;
	f->newest = s->newest;
	f->keyed = s->keyed;
	memcpy(f->public, s->public, sizeof f->public);
	if (s->name.len == 0 || f->name.len > 0)
		return 1;
	if ((name = malloc(s->name.len)) == NULL)
		return 0;
	memcpy(name, s->name.p, s->name.len);
	f->name = (struct ml_slice){ name, s->name.len };
	return 1;
}

int
ml_part_attach(struct ml_part *p, int fd, uint32_t number,
    struct ml_feeds *feeds)
{
	uint64_t len = p->end - p->footer, size = p->footer - p->at, n = 0, i;
	struct ml_segment_feed s;
	struct ml_buf text = { 0 };
	struct ml_slice from;
	int good;

	ml_part_free(p);
	good = len >= ML_PARTFILE_FOOTER_HEAD + 8 &&
	    ml_part_bytes(fd, p->footer, len, &text);
	if (good) {
		from = (struct ml_slice){ text.p + len - 8, 8 };
		good = ml_fixed_take64(&from) ==
		    ml_checksum(text.p, (size_t)len - 8);
	}
	if (good) {
		from = (struct ml_slice){ text.p, (size_t)len - 8 };
		good = ml_fixed_take64(&from) == ML_PARTFILE_MAGIC;
		p->blocks_dir = ml_fixed_take64(&from);
		p->blocks = ml_fixed_take64(&from);
		p->buckets = ml_fixed_take64(&from);
		p->buckets_dir = ml_fixed_take64(&from);
		p->bits = (unsigned)ml_fixed_take64(&from);
		p->loose = ml_fixed_take64(&from);
		p->loose_len = ml_fixed_take64(&from);
		n = ml_fixed_take64(&from);
		good = good && p->blocks_dir <= size && p->blocks <= size &&
		    p->buckets <= p->buckets_dir && p->buckets_dir <= size &&
		    p->bits <= 32 && p->loose <= size &&
		    p->loose_len <= size - p->loose && n <= len;
	}
	if (good) {
		p->feed = calloc((size_t)n + 1, sizeof *p->feed);
		p->first = calloc((size_t)n + 1, sizeof *p->first);
		p->feeds = (size_t)n;
		good = p->feed != NULL && p->first != NULL;
	}
	for (i = 0; good && i < n; i++)
		good = ml_segment_get_feed(&from, &s) &&
		    attach_feed(p, number, feeds, &s, (size_t)i);
	ml_buf_free(&text);
	return good;
}

size_t
ml_part_places(const struct ml_part *p, int fd, const struct ml_span *span,
    uint64_t number, uint64_t place[static ML_PART_BLOCK])
{
	uint64_t nth = span->at + number, from, to;
	int64_t first = span->first + (int64_t)number * ML_PART_BLOCK;
	size_t n = span->last - first < ML_PART_BLOCK ?
	    (size_t)(span->last - first + 1) : ML_PART_BLOCK;
	struct ml_buf text = { 0 };
	char dir[16];

	if (nth >= p->blocks || ml_file_read_at(fd, dir, sizeof dir,
	    p->at + p->blocks_dir + nth * 8) != sizeof dir)
		return 0;
	from = ml_fixed_get32(dir);
	to = ml_fixed_get32(dir + 8);
	if (from > to || to > p->blocks_dir ||
	    !ml_part_bytes(fd, p->at + from, to - from, &text) ||
	    (uint32_t)ml_checksum(text.p, text.len) !=
	    ml_fixed_get32(dir + 4) ||
	    !ml_segment_get_places(ml_buf_view(&text), place, n))
		n = 0;
	ml_buf_free(&text);
	return n;
}

int
ml_partfile_bucket(const struct ml_part *p, int fd, uint64_t number,
    struct ml_buf *text, struct ml_slice *inside)
{
	uint64_t from, to;
	char dir[8];

	if (ml_file_read_at(fd, dir, sizeof dir, p->at + p->buckets_dir +
	    number * 4) != sizeof dir)
		return 0;
	from = ml_fixed_get32(dir);
	to = ml_fixed_get32(dir + 4);
	if (from + 4 > to || to > p->buckets_dir - p->buckets ||
	    !ml_part_bytes(fd, p->at + p->buckets + from, to - from, text))
		return 0;
	*inside = (struct ml_slice){ text->p + 4, text->len - 4 };
	return (uint32_t)ml_checksum(inside->p, inside->len) ==
	    ml_fixed_get32(text->p);
}

int
ml_part_record(const struct ml_part *p, int fd, uint64_t hash, void *arg,
    int (*each)(void *arg, uint32_t feed, int64_t seq))
{
	struct ml_bucket b = { .open = 0 };
	struct ml_buf text = { 0 };
	struct ml_slice from;
	int got = 0, good = ml_partfile_bucket(p, fd,
	    ml_partfile_bucket_of(hash, p->bits), &text, &from);

	while (good && (got = ml_bucket_get(&b, &from)) == 1 &&
	    b.last.hash <= hash)
		if (b.last.hash == hash)
			good = b.last.feed < p->feeds &&
			    each(arg, p->feed[b.last.feed],
			    p->first[b.last.feed] + b.last.seq);
	ml_buf_free(&text);
	return good && got != -1;
}

int
ml_part_loose(const struct ml_part *p, int fd, struct ml_buf *out)
{
	struct ml_buf text = { 0 };
	struct ml_slice from;
	uint64_t offset = 0, len, place;
	int64_t gap;
	int good = ml_part_bytes(fd, p->at + p->loose, p->loose_len, &text);

	for (from = ml_buf_view(&text); from.len > 0;) {
		if (!ml_varint_get_signed(&from, &gap) ||
		    !ml_varint_get(&from, &len) || len == 0) {
			good = 0;
			break;
		}
		offset += (uint64_t)gap;
		place = ml_place(offset, len);
		ml_buf_add(out, &place, sizeof place);
	}
	ml_buf_free(&text);
	return good && !ml_buf_failed(out);
}

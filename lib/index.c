/* index - what is known of a log, kept beside it */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "index.h"
#include "place.h"
#include "segment.h"
#include "varint.h"
#include "window.h"

/*
 * The file: two roots, of which the valid one with the higher generation
 * counts, and parts, which only it knows of.  A part: blocks of places, their
 * directory, buckets of postings, their directory, loose places, footer.
 * Numbers of fixed width are little-endian.
 */
#define MAGIC UINT64_C(0x316e692d676f6c6d)	/* "mlog-in1" */
#define ROOT_LEN 4096			/* bytes of each of the two */
#define PARTS_AT (2 * ROOT_LEN)
#define PARTS_MAX 128
#define PART_MAX (UINT64_C(1) << 31)	/* bytes: offsets in it have 32 bits */
#define FOOTER_HEAD (9 * 8)		/* bytes before the feeds */
#define MERGE_PARTS 8			/* of a size become one of the next */
#define WRITE_AT (256 * 1024)		/* bytes gathered before they are written */
#define TAIL_LEN 4096			/* bytes of the log that must be the same */
#define DOUBT_SIZE (1024 * 1024)	/* a smaller log is read, not guessed at */
#define CACHED 256			/* blocks of places that were read */

struct part {
	uint64_t at, footer, end;	/* in the file */
	/* from at: */
	uint64_t blocks_dir, blocks, buckets, buckets_dir, loose;
	unsigned bits;			/* 2 to this: buckets */
	uint64_t events, loose_len;
	uint32_t *feed;			/* index of each that it tells of */
	int64_t *first;			/* seq of each */
	size_t feeds;
};

struct block {
	int valid;
	uint32_t part;
	uint64_t number;
	size_t n;
	uint64_t place[ML_SEGMENT_BLOCK];
};

struct ml_index {
	char *path, *new_path;
	int log_fd, fd;			/* fd: -1 if there is none */
	int is_new;			/* it is new_path's so far */
	int off;			/* nothing more is written */
	uint64_t generation, end;	/* of the file; of its parts */
	struct ml_index_state state;
	struct part part[PARTS_MAX + 1];
	size_t parts;
	struct block *cache;
	struct ml_buf text, dir;
};

/* A part that is written. */
struct builder {
	int fd;
	uint64_t at;			/* in the file: its beginning */
	uint64_t written;		/* bytes of it */
	struct ml_buf out;		/* behind them */
	int failed;
	struct part part;
	struct ml_buf blocks_dir, buckets_dir, feeds;
	struct ml_bucket bucket;
	struct ml_buf bucket_text;
	uint64_t bucket_number;
};

/* Of nothing that is secret: it finds what chance has damaged. */
static uint64_t
checksum(const void *p, size_t len)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];

	return ml_table_hash(key, p, len);
}

static void
put32(struct ml_buf *out, uint64_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 24) };

	ml_buf_add(out, b, sizeof b);
}

static void
put64(struct ml_buf *out, uint64_t v)
{
	put32(out, v);
	put32(out, v >> 32);
}

static uint32_t
get32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
}

/* Take the next from the front; the caller knows that it is there. */
static uint64_t
take64(struct ml_slice *from)
{
	uint64_t v = get32(from->p) | (uint64_t)get32(from->p + 4) << 32;

	from->p += 8;
	from->len -= 8;
	return v;
}

struct ml_stamp
ml_stamp_of(const struct stat *st)
{
	return (struct ml_stamp){ (uint64_t)st->st_size, (uint64_t)st->st_ino,
	    st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
	    st->st_ctim.tv_sec, st->st_ctim.tv_nsec };
}

static int
same_stamp(const struct ml_stamp *a, const struct ml_stamp *b)
{
	return a->size == b->size && a->inode == b->inode &&
	    a->mtime == b->mtime && a->mtime_ns == b->mtime_ns &&
	    a->ctime == b->ctime && a->ctime_ns == b->ctime_ns;
}

struct ml_index *
ml_index_new(const char *log_path, int fd)
{
	struct ml_index *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->log_fd = fd;
	x->fd = -1;
	x->path = ml_file_beside(log_path, ".index");
	x->new_path = ml_file_beside(log_path, ".index.new");
	if (x->path == NULL || x->new_path == NULL) {
		ml_index_free(x);
		return NULL;
	}
	return x;
}

static void
free_feeds_of(struct part *p)
{
	free(p->feed);
	free(p->first);
	p->feed = NULL;
	p->first = NULL;
	p->events = 0;
}

static void
forget_parts(struct ml_index *x)
{
	size_t i;

	for (i = 0; i < x->parts; i++)
		free_feeds_of(&x->part[i]);
	x->parts = 0;
	if (x->cache != NULL)
		memset(x->cache, 0, CACHED * sizeof *x->cache);
}

/* Nothing more of it is believed; what lies in the file stays. */
static void
close_file(struct ml_index *x)
{
	forget_parts(x);
	if (x->fd != -1) {
		if (x->is_new)
			unlink(x->new_path);
		close(x->fd);
	}
	x->fd = -1;
	x->is_new = 0;
	x->generation = 0;
	x->end = PARTS_AT;
	memset(&x->state, 0, sizeof x->state);
}

void
ml_index_free(struct ml_index *x)
{
	if (x == NULL)
		return;
	close_file(x);
	free(x->path);
	free(x->new_path);
	free(x->cache);
	ml_buf_free(&x->text);
	ml_buf_free(&x->dir);
	free(x);
}

void
ml_index_of(struct ml_index *x, int fd)
{
	x->log_fd = fd;
}

uint64_t
ml_index_size(const struct ml_index *x)
{
	return x->state.size;
}

/* Bytes of a file: 1, and they are in a buffer; 0 if they are not there. */
static int
read_at(int fd, uint64_t at, uint64_t len, struct ml_buf *into)
{
	char *to;

	ml_buf_clear(into);
	if (len > PART_MAX || (to = ml_buf_room(into, (size_t)len + 1)) == NULL ||
	    ml_file_read_at(fd, to, (size_t)len, at) != (ssize_t)len)
		return 0;
	into->len = (size_t)len;
	return 1;
}

/* What the log ends with where the index does. */
static int
tail_of_log(struct ml_index *x, uint64_t size, uint64_t *tail)
{
	uint64_t len = size < TAIL_LEN ? size : TAIL_LEN;

	if (!read_at(x->log_fd, size - len, len, &x->text))
		return 0;
	*tail = checksum(x->text.p, x->text.len);
	return 1;
}

/* Roots */

static int
write_root(struct ml_index *x)
{
	const struct ml_index_state *s = &x->state;
	const struct ml_stamp *m = &s->stamp;
	struct ml_buf out = { 0 };
	uint64_t tail, generation = x->generation + 1;
	size_t i;
	int rc;

	if (!tail_of_log(x, s->size, &tail))
		return -1;
	put64(&out, MAGIC);
	put64(&out, generation);
	put64(&out, m->size), put64(&out, m->inode);
	put64(&out, (uint64_t)m->mtime), put64(&out, (uint64_t)m->mtime_ns);
	put64(&out, (uint64_t)m->ctime), put64(&out, (uint64_t)m->ctime_ns);
	put64(&out, s->size), put64(&out, s->lines);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		put64(&out, s->found[i]);
	put64(&out, s->loose);
	put64(&out, (uint64_t)s->clock.wall);
	put64(&out, (uint64_t)s->clock.counter);
	put64(&out, tail);
	put64(&out, x->end);
	put64(&out, x->parts);
	for (i = 0; i < x->parts; i++) {
		put64(&out, x->part[i].at);
		put64(&out, x->part[i].footer);
		put64(&out, x->part[i].end);
	}
	while (out.len < ROOT_LEN - 8 && !ml_buf_failed(&out))
		put64(&out, 0);
	put64(&out, checksum(out.p, out.len));
	rc = ml_buf_failed(&out) ? -1 : ml_file_write_at(x->fd, out.p, out.len,
	    generation % 2 * ROOT_LEN);
	ml_buf_free(&out);
	if (rc == 0)
		x->generation = generation;
	return rc;
}

/* The generation of a root, 0 if it is none. */
static uint64_t
root_generation(const char *p)
{
	struct ml_slice from = { p, ROOT_LEN }, last = { p + ROOT_LEN - 8, 8 };

	if (take64(&from) != MAGIC ||
	    take64(&last) != checksum(p, ROOT_LEN - 8))
		return 0;
	return take64(&from);
}

/* The root that counts: 1, or 0 if there is none.  Parts are not read yet. */
static int
read_root(struct ml_index *x, uint64_t *tail)
{
	struct ml_index_state *s = &x->state;
	struct ml_stamp *m = &s->stamp;
	uint64_t first, second, parts;
	struct ml_slice from;
	size_t i;

	if (!read_at(x->fd, 0, PARTS_AT, &x->text))
		return 0;
	first = root_generation(x->text.p);
	second = root_generation(x->text.p + ROOT_LEN);
	if (first == 0 && second == 0)
		return 0;
	from = (struct ml_slice){ x->text.p + (second > first ? ROOT_LEN : 0),
	    ROOT_LEN };
	take64(&from);
	x->generation = take64(&from);
	m->size = take64(&from), m->inode = take64(&from);
	m->mtime = (int64_t)take64(&from), m->mtime_ns = (int64_t)take64(&from);
	m->ctime = (int64_t)take64(&from), m->ctime_ns = (int64_t)take64(&from);
	s->size = take64(&from), s->lines = take64(&from);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		s->found[i] = take64(&from);
	s->loose = take64(&from);
	s->clock.wall = (int64_t)take64(&from);
	s->clock.counter = (int64_t)take64(&from);
	*tail = take64(&from);
	x->end = take64(&from);
	parts = take64(&from);
	if (parts > PARTS_MAX || s->size > m->size)
		return 0;
	for (i = 0; i < parts; i++) {
		struct part *p = &x->part[i];

		*p = (struct part){ .at = take64(&from) };
		p->footer = take64(&from);
		p->end = take64(&from);
		if (p->at < PARTS_AT || p->at > p->footer ||
		    p->footer > p->end || p->end > x->end ||
		    p->end - p->at > PART_MAX)
			return 0;
	}
	x->parts = (size_t)parts;
	return 1;
}

/* Footers */

/* Give a feed what a part says of it. */
static int
attach_feed(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_segment_feed *s, size_t number)
{
	struct part *p = &x->part[x->parts];
	struct ml_feed *f = ml_feeds_get(feeds, s->author);
	int64_t last = s->first + s->count - 1;
	char *name;

	if (f == NULL || s->author.len > 6 * ML_NAME_MAX)
		return 0;
	p->feed[number] = f->index;
	p->first[number] = s->first;
	f->forked |= s->forked;
	if (s->count == 0)
		return 1;
	/* in an unbroken row */
	if (s->first != (f->spans > 0 ? f->span[f->spans - 1].last : 0) + 1 ||
	    ml_feed_add_span(f, (struct ml_span){ s->first, last, s->block,
	    (uint32_t)x->parts }) == -1)
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

/* Read the footer of part x->parts, of which the place is known. */
static int
attach_part(struct ml_index *x, struct ml_feeds *feeds)
{
	struct part *p = &x->part[x->parts];
	uint64_t len = p->end - p->footer, size = p->footer - p->at, n, i;
	struct ml_segment_feed s;
	struct ml_slice from;
	int good;

	if (len < FOOTER_HEAD + 8 || !read_at(x->fd, p->footer, len, &x->text))
		return 0;
	from = (struct ml_slice){ x->text.p + len - 8, 8 };
	if (take64(&from) != checksum(x->text.p, (size_t)len - 8))
		return 0;
	from = (struct ml_slice){ x->text.p, (size_t)len - 8 };
	if (take64(&from) != MAGIC)
		return 0;
	p->blocks_dir = take64(&from);
	p->blocks = take64(&from);
	p->buckets = take64(&from);
	p->buckets_dir = take64(&from);
	p->bits = (unsigned)take64(&from);
	p->loose = take64(&from);
	p->loose_len = take64(&from);
	n = take64(&from);
	if (p->blocks_dir > size || p->blocks > size || p->buckets > size ||
	    p->buckets_dir > size || p->bits > 32 || p->loose > size ||
	    p->loose_len > size - p->loose || n > len)
		return 0;
	p->feed = calloc((size_t)n + 1, sizeof *p->feed);
	p->first = calloc((size_t)n + 1, sizeof *p->first);
	p->feeds = (size_t)n;
	good = p->feed != NULL && p->first != NULL;
	for (i = 0; good && i < n; i++)
		good = ml_segment_get_feed(&from, &s) &&
		    attach_feed(x, feeds, &s, (size_t)i);
	x->parts++;
	return good;
}

/* All parts of the root that was read.  Spans point at them from now on. */
static int
attach(struct ml_index *x, struct ml_feeds *feeds)
{
	size_t i, n = x->parts;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		ml_feed_drop_spans(ml_feeds_at(feeds, i));
	for (i = 0; i < n; i++)
		free_feeds_of(&x->part[i]);
	if (x->cache != NULL)
		memset(x->cache, 0, CACHED * sizeof *x->cache);
	for (x->parts = 0; x->parts < n;)
		if (!attach_part(x, feeds))
			return 0;
	ml_feeds_set_clock(feeds, x->state.clock);
	return 1;
}

static int
open_path(struct ml_index *x, int *readable_only)
{
	static const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	int fd = open(x->path, O_RDWR | flags);

	*readable_only = fd == -1;
	if (fd == -1)
		fd = open(x->path, O_RDONLY | flags);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Whether what was indexed of a file still holds: it is as it was, or it has
 * grown.  What is quickly read is rather read.
 */
static int
is_believed(struct ml_index *x, const struct ml_stamp *now, uint64_t tail)
{
	const struct ml_stamp *then = &x->state.stamp;
	uint64_t tail_now;

	if (same_stamp(now, then))
		return 1;
	return now->size > then->size && now->inode == then->inode &&
	    now->size >= DOUBT_SIZE &&
	    tail_of_log(x, x->state.size, &tail_now) && tail == tail_now;
}

int
ml_index_load(struct ml_index *x, const struct ml_stamp *now,
    struct ml_feeds *feeds, struct ml_index_state *state)
{
	uint64_t tail;

	x->off = 0;
	if ((x->fd = open_path(x, &x->off)) == -1) {
		x->off = 0;
		return 0;
	}
	if (!read_root(x, &tail) || !is_believed(x, now, tail)) {
		close_file(x);
		x->off = 0;
		return 0;
	}
	if (!attach(x, feeds)) {
		close_file(x);
		x->off = 0;
		return 0;
	}
	*state = x->state;
	return 1;
}

/* Looking up */

static struct block *
read_block(struct ml_index *x, const struct ml_feed *f,
    const struct ml_span *span, uint64_t number)
{
	struct part *p = &x->part[span->part];
	uint64_t nth = span->at + number, from, to;
	int64_t first = span->first + (int64_t)number * ML_SEGMENT_BLOCK;
	struct block *b;
	size_t n;

	if (x->cache == NULL &&
	    (x->cache = calloc(CACHED, sizeof *x->cache)) == NULL)
		return NULL;
	b = &x->cache[f->index % CACHED];
	if (b->valid && b->part == span->part && b->number == nth)
		return b;
	n = span->last - first < ML_SEGMENT_BLOCK ?
	    (size_t)(span->last - first + 1) : ML_SEGMENT_BLOCK;
	b->valid = 0;
	if (nth >= p->blocks ||
	    !read_at(x->fd, p->at + p->blocks_dir + nth * 8, 16, &x->dir))
		return NULL;
	from = get32(x->dir.p);
	to = get32(x->dir.p + 8);
	if (from > to || to > p->blocks_dir ||
	    !read_at(x->fd, p->at + from, to - from, &x->text) ||
	    (uint32_t)checksum(x->text.p, x->text.len) !=
	    get32(x->dir.p + 4) ||
	    !ml_segment_get_places(ml_buf_view(&x->text), b->place, n))
		return NULL;
	b->valid = 1;
	b->part = span->part;
	b->number = nth;
	b->n = n;
	return b;
}

int
ml_index_place(struct ml_index *x, const struct ml_feed *f, int64_t seq,
    uint64_t *place)
{
	const struct ml_span *span = ml_feed_span(f, seq);
	struct block *b;
	uint64_t at;

	if (x->fd == -1 || span == NULL || span->part >= x->parts)
		return 0;
	at = (uint64_t)(seq - span->first);
	if ((b = read_block(x, f, span, at / ML_SEGMENT_BLOCK)) == NULL ||
	    at % ML_SEGMENT_BLOCK >= b->n)
		return 0;
	*place = b->place[at % ML_SEGMENT_BLOCK];
	return 1;
}

/* The text of a bucket of a part: 1, or 0. */
static int
read_bucket(struct ml_index *x, const struct part *p, uint64_t number,
    struct ml_buf *text)
{
	uint64_t from, to, all = p->buckets_dir - p->buckets;

	if (!read_at(x->fd, p->at + p->buckets_dir + number * 4, 8, &x->dir))
		return 0;
	from = get32(x->dir.p);
	to = get32(x->dir.p + 4);
	return p->buckets <= p->buckets_dir && from + 4 <= to && to <= all &&
	    read_at(x->fd, p->at + p->buckets + from, to - from, text) &&
	    (uint32_t)checksum(text->p + 4, text->len - 4) == get32(text->p);
}

static uint64_t
bucket_of(uint64_t hash, unsigned bits)
{
	return bits == 0 ? 0 : hash >> (ML_POSTING_BITS - bits);
}

int
ml_index_record(struct ml_index *x, uint64_t hash, void *arg,
    int (*each)(void *arg, uint32_t feed, int64_t seq))
{
	struct ml_bucket b;
	struct ml_slice from;
	const struct part *p;
	size_t i;
	int got = 0;

	for (i = 0; i < x->parts && got == 0; i++) {
		p = &x->part[i];
		if (!read_bucket(x, p, bucket_of(hash, p->bits), &x->text))
			return 0;
		from = (struct ml_slice){ x->text.p + 4, x->text.len - 4 };
		b = (struct ml_bucket){ .open = 0 };
		while ((got = ml_bucket_get(&b, &from)) == 1 &&
		    b.last.hash <= hash)
			if (b.last.hash == hash && (b.last.feed >= p->feeds ||
			    !each(arg, p->feed[b.last.feed],
			    p->first[b.last.feed] + b.last.seq)))
				return 0;
		got = got == -1;
	}
	return !got;
}

/* Call with each loose place of a part; as ml_index_loose(). */
static int
each_loose(struct ml_index *x, const struct part *p, void *arg,
    int (*each)(void *arg, uint64_t place))
{
	struct ml_buf text = { 0 };
	struct ml_slice from;
	uint64_t offset = 0, len;
	int64_t gap;
	int rc = 0;

	if (!read_at(x->fd, p->at + p->loose, p->loose_len, &text)) {
		errno = EIO;
		rc = -1;
	}
	from = ml_buf_view(&text);
	while (rc == 0 && ml_varint_get_signed(&from, &gap) &&
	    ml_varint_get(&from, &len)) {
		offset += (uint64_t)gap;
		rc = each(arg, ml_place(offset, len));
	}
	ml_buf_free(&text);
	return rc;
}

int
ml_index_loose(struct ml_index *x, void *arg,
    int (*each)(void *arg, uint64_t place))
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < x->parts; i++)
		rc = each_loose(x, &x->part[i], arg, each);
	return rc;
}

/* Writing a part */

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

	put32(&b->blocks_dir, here(b));
	ml_segment_put_places(&b->out, place, n);
	put32(&b->blocks_dir, ml_buf_failed(&b->out) ? 0 :
	    checksum(b->out.p + from, b->out.len - from));
	b->part.blocks++;
	if (b->out.len >= WRITE_AT)
		write_out(b);
}

/* All blocks are put; so many postings come. */
static void
begin_postings(struct builder *b, uint64_t postings)
{
	put64(&b->blocks_dir, here(b));
	b->part.blocks_dir = here(b);
	put(b, ml_buf_view(&b->blocks_dir));
	b->part.buckets = here(b);
	b->part.bits = ml_bucket_bits(postings);
}

static void
end_bucket(struct builder *b)
{
	ml_bucket_end(&b->bucket, &b->bucket_text);
	put32(&b->buckets_dir, here(b) - b->part.buckets);
	put32(&b->out, checksum(b->bucket_text.p, b->bucket_text.len));
	put(b, ml_buf_view(&b->bucket_text));
	ml_buf_clear(&b->bucket_text);
	b->bucket = (struct ml_bucket){ .open = 0 };
	b->bucket_number++;
}

static void
put_posting(struct builder *b, const struct ml_posting *p)
{
	while (b->bucket_number < bucket_of(p->hash, b->part.bits))
		end_bucket(b);
	ml_bucket_put(&b->bucket, &b->bucket_text, p);
}

static void
end_postings(struct builder *b)
{
	while (b->bucket_number < UINT64_C(1) << b->part.bits)
		end_bucket(b);
	put32(&b->buckets_dir, here(b) - b->part.buckets);
	b->part.buckets_dir = here(b);
	put(b, ml_buf_view(&b->buckets_dir));
}

/* The last: loose places as they are written, and the footer.  0, or -1. */
static int
end_part(struct builder *b, struct ml_slice loose, size_t feeds)
{
	struct ml_buf footer = { 0 };

	b->part.loose = here(b);
	b->part.loose_len = loose.len;
	put(b, loose);
	b->part.footer = b->at + here(b);
	put64(&footer, MAGIC);
	put64(&footer, b->part.blocks_dir);
	put64(&footer, b->part.blocks);
	put64(&footer, b->part.buckets);
	put64(&footer, b->part.buckets_dir);
	put64(&footer, b->part.bits);
	put64(&footer, b->part.loose);
	put64(&footer, b->part.loose_len);
	put64(&footer, feeds);
	ml_buf_slice(&footer, ml_buf_view(&b->feeds));
	if (!ml_buf_failed(&footer))
		put64(&footer, checksum(footer.p, footer.len));
	put(b, ml_buf_view(&footer));
	write_out(b);
	b->part.end = b->at + here(b);
	b->failed |= ml_buf_failed(&footer) || ml_buf_failed(&b->feeds) ||
	    ml_buf_failed(&b->blocks_dir) || ml_buf_failed(&b->buckets_dir) ||
	    ml_buf_failed(&b->bucket_text) || here(b) > PART_MAX;
	ml_buf_free(&footer);
	return b->failed ? -1 : 0;
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

/* A part of what lies in memory.  0, or -1 and nothing was written. */
static int
add_part(struct ml_index *x, struct ml_feeds *feeds, struct ml_slice loose)
{
	struct builder b = builder_at(x->fd, x->end);
	struct ml_posting *posting;
	struct ml_buf text = { 0 };
	const struct ml_feed *f;
	uint64_t events = 0;
	size_t i, n = 0;
	uint32_t number = 0;
	int rc = -1;

	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		events += f->seq > f->base ? (uint64_t)(f->seq - f->base) : 0;
	}
	/* the second half is for sorting */
	if (events > PART_MAX / ML_SEGMENT_BLOCK ||
	    (posting = calloc((size_t)events * 2 + 1, sizeof *posting)) == NULL)
		return -1;
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
	put_loose(&text, loose);
	if (!ml_buf_failed(&text) &&
	    (rc = end_part(&b, ml_buf_view(&text), number)) == 0) {
		x->part[x->parts++] = b.part;
		x->end = b.part.end;
	}
	ml_buf_free(&text);
	free(posting);
	builder_free(&b);
	return rc;
}

/* Merging parts */

/* The postings of a part, one after the other. */
struct stream {
	const struct part *part;
	uint64_t next;			/* bucket */
	struct ml_buf text;
	struct ml_slice from;
	struct ml_bucket bucket;
	int got;			/* there is one: bucket.last */
};

static int
next_posting(struct ml_index *x, struct stream *s)
{
	while ((s->got = ml_bucket_get(&s->bucket, &s->from)) == 0 &&
	    s->next < UINT64_C(1) << s->part->bits) {
		if (!read_bucket(x, s->part, s->next++, &s->text))
			return 0;
		s->from = (struct ml_slice){ s->text.p + 4, s->text.len - 4 };
		s->bucket = (struct ml_bucket){ .open = 0 };
	}
	return s->got != -1 && (s->got == 0 ||
	    s->bucket.last.feed < s->part->feeds);
}

/* What postings are called in a merged part, by index of feed. */
struct renamed {
	uint32_t number;
	int64_t first;
};

static int
merge_postings(struct ml_index *x, size_t from, struct builder *b,
    const struct renamed *renamed)
{
	struct stream stream[PARTS_MAX + 1], *least;
	struct ml_posting p;
	size_t i, n = x->parts - from;
	uint32_t feed;
	int good = 1;

	memset(stream, 0, sizeof stream);
	for (i = 0; i < n; i++) {
		stream[i].part = &x->part[from + i];
		good &= next_posting(x, &stream[i]);
	}
	while (good) {
		for (least = NULL, i = 0; i < n; i++)
			if (stream[i].got && (least == NULL ||
			    stream[i].bucket.last.hash <
			    least->bucket.last.hash))
				least = &stream[i];
		if (least == NULL)
			break;
		p = least->bucket.last;
		feed = least->part->feed[p.feed];
		p.seq += least->part->first[p.feed] - renamed[feed].first;
		p.feed = renamed[feed].number;
		put_posting(b, &p);
		good = next_posting(x, least);
	}
	for (i = 0; i < n; i++)
		ml_buf_free(&stream[i].text);
	return good;
}

/* All places of a feed from a seq on, in blocks anew. */
static int
merge_places(struct ml_index *x, struct builder *b,
    const struct ml_feed *f, int64_t first)
{
	uint64_t place[ML_SEGMENT_BLOCK];
	size_t many = 0;
	int64_t seq, last = f->span[f->spans - 1].last;

	for (seq = first; seq <= last; seq++) {
		if (!ml_index_place(x, f, seq, &place[many++]))
			return 0;
		if (many == ML_SEGMENT_BLOCK || seq == last) {
			put_block(b, place, many);
			many = 0;
		}
	}
	return 1;
}

static int
collect(void *arg, uint64_t place)
{
	ml_buf_add(arg, &place, sizeof place);
	return 0;
}

/* What waits still, if anything does. */
static int
merge_loose(struct ml_index *x, size_t from, struct ml_buf *out)
{
	struct ml_buf all = { 0 };
	int good = 1;

	for (; good && x->state.loose > 0 && from < x->parts; from++)
		good = each_loose(x, &x->part[from], &all, collect) == 0;
	good = good && !ml_buf_failed(&all);
	if (good)
		put_loose(out, ml_buf_view(&all));
	ml_buf_free(&all);
	return good && !ml_buf_failed(out);
}

/* The parts from one on become one.  1, or 0 and they stay. */
static int
merge(struct ml_index *x, struct ml_feeds *feeds, size_t from)
{
	struct builder b = builder_at(x->fd, x->end);
	struct renamed *renamed = calloc(ml_feeds_count(feeds) + 1,
	    sizeof *renamed);
	const struct ml_feed *f;
	struct ml_buf loose = { 0 };
	uint64_t events = 0, block;
	uint32_t number = 0;
	size_t i, k;
	int good = renamed != NULL;

	for (i = from; i < x->parts; i++)
		events += x->part[i].events;
	for (i = 0; good && i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		for (k = 0; k < f->spans && f->span[k].part < from; k++)
			continue;
		if (k == f->spans && !f->forked)
			continue;
		block = b.part.blocks;
		renamed[i].number = number++;
		renamed[i].first = k < f->spans ? f->span[k].first : f->seq + 1;
		if (k < f->spans)
			good = merge_places(x, &b, f, renamed[i].first);
		put_feed(&b, f, renamed[i].first, f->seq, block);
	}
	if (good) {
		begin_postings(&b, events);
		good = merge_postings(x, from, &b, renamed) &&
		    merge_loose(x, from, &loose);
	}
	if (good) {
		end_postings(&b);
		good = end_part(&b, ml_buf_view(&loose), number) == 0;
	}
	if (good) {
		for (i = from; i < x->parts; i++)
			free_feeds_of(&x->part[i]);
		x->parts = from;
		x->part[x->parts++] = b.part;
		x->end = b.part.end;
	}
	ml_buf_free(&loose);
	free(renamed);
	builder_free(&b);
	return good;
}

/* Eight to the power of this is about the number of events. */
static unsigned
tier(uint64_t events)
{
	unsigned t = 0;

	for (; events >= MERGE_PARTS; events /= MERGE_PARTS)
		t++;
	return t;
}

/*
 * Keep the parts few: many of a size become one of the next.  So an event is
 * written again as often as the log has grown eightfold since.  0, or -1.
 */
static int
merge_some(struct ml_index *x, struct ml_feeds *feeds)
{
	uint64_t bytes;
	unsigned t;
	size_t k;

	for (;;) {
		t = tier(x->part[x->parts - 1].events);
		bytes = 0;
		for (k = x->parts; k > 0 &&
		    tier(x->part[k - 1].events) <= t; k--)
			bytes += x->part[k - 1].end - x->part[k - 1].at;
		if (x->parts == PARTS_MAX)
			k = 0;
		if (x->parts - k < MERGE_PARTS || bytes > PART_MAX / 2)
			return x->parts == PARTS_MAX ? -1 : 0;
		if (!merge(x, feeds, k) || !attach(x, feeds))
			return -1;
	}
}

/* The file */

/* A new one, locked; it looks as the log does to others. */
static int
make_file(struct ml_index *x)
{
	struct stat log, ours, there;
	int fd;

	if (fstat(x->log_fd, &log) == -1 || (fd = open(x->new_path, O_RDWR |
	    O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)) == -1)
		return -1;
	/* somebody else may be at it, or have been, and renamed it */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 || fstat(fd, &ours) == -1 ||
	    !S_ISREG(ours.st_mode) || stat(x->new_path, &there) == -1 ||
	    ours.st_ino != there.st_ino || ftruncate(fd, 0) == -1) {
		close(fd);
		return -1;
	}
	if (geteuid() == 0 && fchown(fd, log.st_uid, log.st_gid) == -1)
		errno = 0;		/* then it is only root's */
	if (fchmod(fd, log.st_mode & 0666) == -1)
		errno = 0;
	return fd;
}

static int
copy_part(struct ml_index *x, const struct part *p, int fd, uint64_t at)
{
	uint64_t len = p->end - p->at, done, n;

	for (done = 0; done < len; done += n) {
		n = len - done < WRITE_AT ? len - done : WRITE_AT;
		if (!read_at(x->fd, p->at + done, n, &x->text) ||
		    ml_file_write_at(fd, x->text.p, (size_t)n, at + done) == -1)
			return 0;
	}
	return 1;
}

/*
 * Give back what merging has left behind: the parts that count, in a new file.
 * Who reads the old one may go on.
 */
static int
compact(struct ml_index *x)
{
	uint64_t live = 0, at = PARTS_AT, len;
	int fd, good = 1, old = x->fd;
	size_t i;

	for (i = 0; i < x->parts; i++)
		live += x->part[i].end - x->part[i].at;
	if (x->end - PARTS_AT - live <= live / 2 + WRITE_AT ||
	    (fd = make_file(x)) == -1)
		return 0;
	for (i = 0; good && i < x->parts; i++) {
		good = copy_part(x, &x->part[i], fd, at);
		at += x->part[i].end - x->part[i].at;
	}
	if (!good) {
		unlink(x->new_path);
		close(fd);
		return 0;
	}
	for (at = PARTS_AT, i = 0; i < x->parts; i++) {
		len = x->part[i].end - x->part[i].at;
		x->part[i].footer -= x->part[i].at - at;
		x->part[i].at = at;
		x->part[i].end = at += len;
	}
	x->end = at;
	x->fd = fd;
	close(old);
	return write_root(x) == 0 && rename(x->new_path, x->path) == 0 ? 0 : -1;
}

/* Nothing more is written, and what was, by others too, is good as it is. */
static int
give_up(struct ml_index *x)
{
	x->off = 1;
	return -1;
}

/*
 * Somebody else has gone on with it, or put a new one in its place: take that
 * up, if it is about what we have read.
 */
static int
adopt(struct ml_index *x, struct ml_feeds *feeds, uint64_t size)
{
	uint64_t tail, tail_now;

	forget_parts(x);
	if (!read_root(x, &tail) || x->state.size > size ||
	    !tail_of_log(x, x->state.size, &tail_now) || tail != tail_now ||
	    !attach(x, feeds))
		return give_up(x);
	return 0;
}

/* Be the one who writes to it: 0, or -1 if that may not be now. */
static int
begin(struct ml_index *x, struct ml_feeds *feeds, uint64_t size)
{
	struct stat ours, there;
	int fd, only_readable;

	if (x->off)
		return -1;
	if (x->is_new)
		return 0;
	if (flock(x->fd, LOCK_EX | LOCK_NB) == -1)
		return -1;
	if (fstat(x->fd, &ours) == -1 || stat(x->path, &there) == -1)
		return give_up(x);	/* it was deleted */
	if (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
		if ((fd = open_path(x, &only_readable)) == -1)
			return give_up(x);
		close(x->fd);
		x->fd = fd;
		if (only_readable || flock(fd, LOCK_EX | LOCK_NB) == -1)
			return give_up(x);
		return adopt(x, feeds, size);
	}
	if (!read_at(x->fd, 0, PARTS_AT, &x->text))
		return give_up(x);
	if (root_generation(x->text.p) > x->generation ||
	    root_generation(x->text.p + ROOT_LEN) > x->generation)
		return adopt(x, feeds, size);
	return 0;
}

static void
end(struct ml_index *x)
{
	if (x->fd != -1 && !x->is_new)
		flock(x->fd, LOCK_UN);
}

void
ml_index_renew(struct ml_index *x)
{
	close_file(x);
	x->off = 0;
}

void
ml_index_add(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state, struct ml_slice loose)
{
	if (x->off)
		return;
	if (x->fd == -1) {
		if ((x->fd = make_file(x)) == -1) {
			x->off = 1;
			return;
		}
		x->is_new = 1;
		x->end = PARTS_AT;
	} else if (begin(x, feeds, state->size) == -1) {
		end(x);
		return;
	}
	if (state->size > x->state.size) {
		x->state = *state;
		if (add_part(x, feeds, loose) == -1)
			give_up(x);
		else if (x->parts--, !attach_part(x, feeds) ||
		    merge_some(x, feeds) == -1 || write_root(x) == -1 ||
		    (!x->is_new && compact(x) == -1))
			give_up(x);
	}
	if (!x->is_new)
		end(x);
}

void
ml_index_restamp(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state)
{
	if (x->off || x->fd == -1 || x->is_new)
		return;
	if (begin(x, feeds, state->size) == 0 &&
	    !same_stamp(&x->state.stamp, &state->stamp)) {
		x->state.stamp = state->stamp;
		if (write_root(x) == -1)
			give_up(x);
	}
	end(x);
}

void
ml_index_publish(struct ml_index *x)
{
	if (!x->is_new || x->fd == -1)
		return;
	if (x->off || rename(x->new_path, x->path) == -1) {
		unlink(x->new_path);
		x->off = 1;
	}
	x->is_new = 0;
	if (!x->off && compact(x) == -1)
		give_up(x);
	end(x);
}

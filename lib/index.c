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
#include "fixed.h"
#include "index.h"
#include "part.h"

/*
 * The file: two roots, of which the valid one with the higher generation
 * counts, and parts, of which only it knows where they are.
 */
#define MAGIC UINT64_C(0x316e692d676f6c6d)	/* "mlog-in1" */
#define ROOT_LEN 4096			/* bytes of each of the two */
#define PARTS_AT (2 * ROOT_LEN)
#define PARTS_MAX 128
#define SLACK (16 * 1024)		/* bytes that nobody gives back */
#define MERGE_PARTS 8			/* of a size become one of the next */
#define WRITE_AT (256 * 1024)		/* bytes gathered before they are written */
#define TAIL_LEN 4096			/* bytes of the log that must be the same */
#define DOUBT_SIZE (1024 * 1024)	/* a smaller log is read, not guessed at */
#define CACHED 256			/* blocks of places that were read */

struct block {
	uint32_t part;
	uint64_t number;
	size_t n;			/* 0: nothing is here */
	uint64_t place[ML_PART_BLOCK];
};

struct ml_index {
	char *path, *new_path;
	int log_fd, fd;			/* fd: -1 if there is none */
	int is_new;			/* it is new_path's so far */
	int off;			/* nothing more is written */
	uint64_t generation, end;	/* of the file; of its parts */
	struct ml_index_state state;
	struct ml_part part[PARTS_MAX + 1];
	size_t parts;
	struct block *cache;
	struct ml_buf text;
};

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
forget_parts(struct ml_index *x)
{
	size_t i;

	for (i = 0; i < x->parts; i++)
		ml_part_free(&x->part[i]);
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
	free(x);
}

void
ml_index_of(struct ml_index *x, int fd)
{
	x->log_fd = fd;
}

int
ml_index_renumber(struct ml_index *x, const struct ml_feeds *was,
    struct ml_feeds *now)
{
	const struct ml_feed *f;
	struct ml_part *p;
	size_t i, k;

	for (i = 0; i < x->parts; i++)
		for (p = &x->part[i], k = 0; k < p->feeds; k++) {
			f = ml_feeds_at(was, p->feed[k]);
			if ((f = ml_feeds_get(now, f->author)) == NULL)
				return -1;
			p->feed[k] = f->index;
		}
	return 0;
}

uint64_t
ml_index_size(const struct ml_index *x)
{
	return x->state.size;
}

/* What the log ends with where the index does. */
static int
tail_of_log(struct ml_index *x, uint64_t size, uint64_t *tail)
{
	uint64_t len = size < TAIL_LEN ? size : TAIL_LEN;

	if (!ml_part_bytes(x->log_fd, size - len, len, &x->text))
		return 0;
	*tail = ml_checksum(x->text.p, x->text.len);
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
	ml_fixed_put64(&out, MAGIC);
	ml_fixed_put64(&out, generation);
	ml_fixed_put64(&out, m->size), ml_fixed_put64(&out, m->inode);
	ml_fixed_put64(&out, (uint64_t)m->mtime);
	ml_fixed_put64(&out, (uint64_t)m->mtime_ns);
	ml_fixed_put64(&out, (uint64_t)m->ctime);
	ml_fixed_put64(&out, (uint64_t)m->ctime_ns);
	ml_fixed_put64(&out, s->size), ml_fixed_put64(&out, s->lines);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		ml_fixed_put64(&out, s->found[i]);
	ml_fixed_put64(&out, s->loose);
	ml_fixed_put64(&out, (uint64_t)s->clock.wall);
	ml_fixed_put64(&out, (uint64_t)s->clock.counter);
	ml_fixed_put64(&out, s->synced != 0);
	ml_fixed_put64(&out, tail);
	ml_fixed_put64(&out, x->end);
	ml_fixed_put64(&out, x->parts);
	for (i = 0; i < x->parts; i++) {
		ml_fixed_put64(&out, x->part[i].at);
		ml_fixed_put64(&out, x->part[i].footer);
		ml_fixed_put64(&out, x->part[i].end);
	}
	while (out.len < ROOT_LEN - 8 && !ml_buf_failed(&out))
		ml_fixed_put64(&out, 0);
	ml_fixed_put64(&out, ml_checksum(out.p, out.len));
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

	if (ml_fixed_take64(&from) != MAGIC ||
	    ml_fixed_take64(&last) != ml_checksum(p, ROOT_LEN - 8))
		return 0;
	return ml_fixed_take64(&from);
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

	if (!ml_part_bytes(x->fd, 0, PARTS_AT, &x->text))
		return 0;
	first = root_generation(x->text.p);
	second = root_generation(x->text.p + ROOT_LEN);
	if (first == 0 && second == 0)
		return 0;
	from = (struct ml_slice){ x->text.p + (second > first ? ROOT_LEN : 0),
	    ROOT_LEN };
	ml_fixed_take64(&from);
	x->generation = ml_fixed_take64(&from);
	m->size = ml_fixed_take64(&from), m->inode = ml_fixed_take64(&from);
	m->mtime = (int64_t)ml_fixed_take64(&from);
	m->mtime_ns = (int64_t)ml_fixed_take64(&from);
	m->ctime = (int64_t)ml_fixed_take64(&from);
	m->ctime_ns = (int64_t)ml_fixed_take64(&from);
	s->size = ml_fixed_take64(&from), s->lines = ml_fixed_take64(&from);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		s->found[i] = ml_fixed_take64(&from);
	s->loose = ml_fixed_take64(&from);
	s->clock.wall = (int64_t)ml_fixed_take64(&from);
	s->clock.counter = (int64_t)ml_fixed_take64(&from);
	s->synced = ml_fixed_take64(&from) == 1;
	*tail = ml_fixed_take64(&from);
	x->end = ml_fixed_take64(&from);
	parts = ml_fixed_take64(&from);
	if (parts > PARTS_MAX || s->size > m->size)
		return 0;
	for (i = 0; i < parts; i++) {
		struct ml_part *p = &x->part[i];

		*p = (struct ml_part){ .at = ml_fixed_take64(&from) };
		p->footer = ml_fixed_take64(&from);
		p->end = ml_fixed_take64(&from);
		if (p->at < PARTS_AT || p->at > p->footer ||
		    p->footer > p->end || p->end > x->end ||
		    p->end - p->at > ML_PART_BYTES)
			return 0;
	}
	x->parts = (size_t)parts;
	return 1;
}

/* Footers */

/* All parts that the root names.  Spans point at them from now on. */
static int
attach(struct ml_index *x, struct ml_feeds *feeds)
{
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		ml_feed_drop_spans(ml_feeds_at(feeds, i));
	if (x->cache != NULL)
		memset(x->cache, 0, CACHED * sizeof *x->cache);
	for (i = 0; i < x->parts; i++)
		if (!ml_part_attach(&x->part[i], x->fd, (uint32_t)i, feeds))
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

	x->fd = open_path(x, &x->off);
	if (x->fd != -1 && read_root(x, &tail) && is_believed(x, now, tail) &&
	    attach(x, feeds)) {
		*state = x->state;
		return 1;
	}
	close_file(x);
	x->off = 0;			/* a new one may be written */
	return 0;
}

/* Looking up */

static struct block *
read_block(struct ml_index *x, const struct ml_feed *f,
    const struct ml_span *span, uint64_t number)
{
	struct block *b;

	if (x->cache == NULL &&
	    (x->cache = calloc(CACHED, sizeof *x->cache)) == NULL)
		return NULL;
	b = &x->cache[f->index % CACHED];
	if (b->n > 0 && b->part == span->part && b->number == span->at + number)
		return b;
	b->part = span->part;
	b->number = span->at + number;
	b->n = ml_part_places(&x->part[span->part], x->fd, span, number,
	    b->place);
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
	if ((b = read_block(x, f, span, at / ML_PART_BLOCK)) == NULL ||
	    at % ML_PART_BLOCK >= b->n)
		return 0;
	*place = b->place[at % ML_PART_BLOCK];
	return 1;
}

int
ml_index_record(struct ml_index *x, uint64_t hash, void *arg,
    int (*each)(void *arg, uint32_t feed, int64_t seq))
{
	size_t i;
	int good = 1;

	for (i = 0; good && i < x->parts; i++)
		good = ml_part_record(&x->part[i], x->fd, hash, arg, each);
	return good;
}

int
ml_index_loose(struct ml_index *x, struct ml_buf *out)
{
	size_t i;
	int good = 1;

	for (i = 0; good && x->state.loose > 0 && i < x->parts; i++)
		good = ml_part_loose(&x->part[i], x->fd, out);
	return good;
}

/* The parts from one on become one. */
static int
merge(struct ml_index *x, struct ml_feeds *feeds, size_t from)
{
	struct ml_part merged;
	struct ml_buf loose = { 0 };
	size_t i, n = x->parts - from;
	int good = 1;

	for (i = from; good && x->state.loose > 0 && i < x->parts; i++)
		good = ml_part_loose(&x->part[i], x->fd, &loose);
	good = good && ml_part_merge(&merged, x->fd, x->end, feeds,
	    &x->part[from], n, (uint32_t)from, ml_buf_view(&loose));
	ml_buf_free(&loose);
	if (!good)
		return 0;
	for (i = from; i < x->parts; i++)
		ml_part_free(&x->part[i]);
	x->part[from] = merged;
	x->parts = from + 1;
	x->end = merged.end;
	return attach(x, feeds);
}

static int
add_part(struct ml_index *x, struct ml_feeds *feeds, struct ml_slice loose)
{
	struct ml_part *p = &x->part[x->parts];

	if (!ml_part_write(p, x->fd, x->end, feeds, loose))
		return 0;
	x->end = p->end;
	return ml_part_attach(p, x->fd, (uint32_t)x->parts++, feeds);
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
	size_t k, i;

	for (;;) {
		t = tier(x->part[x->parts - 1].events);
		k = x->parts;
		while (k > 0 && (x->parts == PARTS_MAX ||
		    tier(x->part[k - 1].events) <= t))
			k--;
		for (bytes = 0, i = k; i < x->parts; i++)
			bytes += x->part[i].end - x->part[i].at;
		if (x->parts - k < MERGE_PARTS || bytes > ML_PART_BYTES / 2)
			return x->parts == PARTS_MAX ? -1 : 0;
		if (!merge(x, feeds, k))
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
	    !S_ISREG(ours.st_mode) || ours.st_nlink != 1 ||
	    stat(x->new_path, &there) == -1 ||
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
copy_part(struct ml_index *x, const struct ml_part *p, int fd, uint64_t at)
{
	uint64_t len = p->end - p->at, done, n;

	for (done = 0; done < len; done += n) {
		n = len - done < WRITE_AT ? len - done : WRITE_AT;
		if (!ml_part_bytes(x->fd, p->at + done, n, &x->text) ||
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
	if (x->end - PARTS_AT - live <= live / 2 + SLACK ||
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
	if (write_root(x) == 0 && rename(x->new_path, x->path) == 0)
		return 0;
	unlink(x->new_path);
	return -1;
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
	uint64_t tail, tail_now, had = x->state.size;

	forget_parts(x);
	if (!read_root(x, &tail) || x->state.size > size ||
	    x->state.size < had ||	/* our spots of the rest are gone */
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
	if (!ml_part_bytes(x->fd, 0, PARTS_AT, &x->text))
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
ml_index_freeze(struct ml_index *x)
{
	x->off = 1;
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
		if (!add_part(x, feeds, loose) || merge_some(x, feeds) == -1 ||
		    write_root(x) == -1 || (!x->is_new && compact(x) == -1))
			give_up(x);
		/* what is of no use must not take the log's room */
		if (x->off)
			(void)!ftruncate(x->fd, (off_t)x->end);
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
	    (!same_stamp(&x->state.stamp, &state->stamp) ||
	    x->state.synced != state->synced)) {
		x->state.stamp = state->stamp;
		x->state.synced = state->synced;
		if (write_root(x) == -1)
			give_up(x);
	}
	end(x);
}

int
ml_index_is_synced(const struct ml_index *x, const struct ml_stamp *now)
{
	return x->state.synced && same_stamp(&x->state.stamp, now);
}

void
ml_index_set_synced(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state)
{
	/* a stamp that is another is for who wrote to the log to say */
	if (same_stamp(&x->state.stamp, &state->stamp))
		ml_index_restamp(x, feeds, state);
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

/* index - what is known of a log, kept beside it */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "fixed.h"
#include "indexfile.h"

#define TAIL_LEN 4096			/* bytes of the log that must be the same */
#define DOUBT_SIZE (1024 * 1024)	/* a smaller log is read, not guessed at */
#define CACHED 256			/* blocks of places that were read */

struct ml_stamp
ml_stamp_of(const struct stat *st)
{
	return (struct ml_stamp){ (uint64_t)st->st_size, (uint64_t)st->st_ino,
	    st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
	    st->st_ctim.tv_sec, st->st_ctim.tv_nsec };
}

int
ml_indexfile_same_stamp(const struct ml_stamp *a, const struct ml_stamp *b)
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

void
ml_indexfile_forget_parts(struct ml_index *x)
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
	ml_indexfile_forget_parts(x);
	if (x->fd != -1) {
		if (x->is_new)
			unlink(x->new_path);
		close(x->fd);
	}
	x->fd = -1;
	x->is_new = 0;
	x->generation = 0;
	x->end = ML_ROOT_BOTH;
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

int
ml_indexfile_tail(struct ml_index *x, uint64_t size, uint64_t *tail)
{
	uint64_t len = size < TAIL_LEN ? size : TAIL_LEN;

	if (!ml_part_bytes(x->log_fd, size - len, len, &x->text))
		return 0;
	*tail = ml_checksum(x->text.p, x->text.len);
	return 1;
}

int
ml_indexfile_read_root(struct ml_index *x, uint64_t *tail)
{
	struct ml_root r;
	size_t i;

	if (!ml_part_bytes(x->fd, 0, ML_ROOT_BOTH, &x->text) ||
	    !ml_root_take(&r, x->text.p))
		return 0;
	x->generation = r.generation;
	x->state = r.state;
	x->end = r.end;
	for (i = 0; i < r.parts; i++)
		x->part[i] = (struct ml_part){ .at = r.part[i].at,
		    .footer = r.part[i].footer, .end = r.part[i].end };
	x->parts = r.parts;
	*tail = r.tail;
	return 1;
}

int
ml_indexfile_attach(struct ml_index *x, struct ml_feeds *feeds)
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

int
ml_indexfile_open(struct ml_index *x, int *readable_only)
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

	if (ml_indexfile_same_stamp(now, then))
		return 1;
	return now->size > then->size && now->inode == then->inode &&
	    now->size >= DOUBT_SIZE &&
	    ml_indexfile_tail(x, x->state.size, &tail_now) && tail == tail_now;
}

int
ml_index_load(struct ml_index *x, const struct ml_stamp *now,
    struct ml_feeds *feeds, struct ml_index_state *state)
{
	uint64_t tail;

	x->fd = ml_indexfile_open(x, &x->off);
	if (x->fd != -1 && ml_indexfile_read_root(x, &tail) &&
	    is_believed(x, now, tail) && ml_indexfile_attach(x, feeds)) {
		*state = x->state;
		return 1;
	}
	close_file(x);
	x->off = 0;			/* a new one may be written */
	return 0;
}

/* Looking up */

static struct ml_index_block *
read_block(struct ml_index *x, const struct ml_feed *f,
    const struct ml_span *span, uint64_t number)
{
	struct ml_index_block *b;

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
	struct ml_index_block *b;
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

/* indexwrite - what is added to an index, and who may write to its file */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "indexfile.h"

#define SLACK (16 * 1024)		/* bytes that nobody gives back */
#define MERGE_PARTS 8			/* of a size become one of the next */
#define WRITE_AT (256 * 1024)		/* bytes gathered before they are written */

static int
write_root(struct ml_index *x)
{
	struct ml_root r = { .generation = x->generation + 1,
	    .state = x->state, .end = x->end, .parts = x->parts };
	struct ml_buf out = { 0 };
	size_t i;
	int rc;

	if (!ml_indexfile_tail(x, r.state.size, &r.tail))
		return -1;
	for (i = 0; i < x->parts; i++)
		r.part[i] = (struct ml_extent){ x->part[i].at,
		    x->part[i].footer, x->part[i].end };
	ml_root_put(&out, &r);
	rc = ml_buf_failed(&out) ? -1 : ml_file_write_at(x->fd, out.p, out.len,
	    ml_root_place(r.generation));
	ml_buf_free(&out);
	if (rc == 0)
		x->generation = r.generation;
	return rc;
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
	return ml_indexfile_attach(x, feeds);
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
		while (k > 0 && (x->parts == ML_ROOT_PARTS ||
		    tier(x->part[k - 1].events) <= t))
			k--;
		for (bytes = 0, i = k; i < x->parts; i++)
			bytes += x->part[i].end - x->part[i].at;
		if (x->parts - k < MERGE_PARTS || bytes > ML_PART_BYTES / 2)
			return x->parts == ML_ROOT_PARTS ? -1 : 0;
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
	uint64_t live = 0, at = ML_ROOT_BOTH, len;
	int fd, good = 1, old = x->fd;
	size_t i;

	for (i = 0; i < x->parts; i++)
		live += x->part[i].end - x->part[i].at;
	if (x->end - ML_ROOT_BOTH - live <= live / 2 + SLACK ||
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
	for (at = ML_ROOT_BOTH, i = 0; i < x->parts; i++) {
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

	ml_indexfile_forget_parts(x);
	if (!ml_indexfile_read_root(x, &tail) || x->state.size > size ||
	    x->state.size < had ||	/* our spots of the rest are gone */
	    !ml_indexfile_tail(x, x->state.size, &tail_now) ||
	    tail != tail_now || !ml_indexfile_attach(x, feeds))
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
		if ((fd = ml_indexfile_open(x, &only_readable)) == -1)
			return give_up(x);
		close(x->fd);
		x->fd = fd;
		if (only_readable || flock(fd, LOCK_EX | LOCK_NB) == -1)
			return give_up(x);
		return adopt(x, feeds, size);
	}
	if (!ml_part_bytes(x->fd, 0, ML_ROOT_BOTH, &x->text))
		return give_up(x);
	if (ml_root_newest(x->text.p) > x->generation)
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
		x->end = ML_ROOT_BOTH;
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
	    (!ml_indexfile_same_stamp(&x->state.stamp, &state->stamp) ||
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
	return x->state.synced && ml_indexfile_same_stamp(&x->state.stamp, now);
}

void
ml_index_set_synced(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state)
{
	/* a stamp that is another is for who wrote to the log to say */
	if (ml_indexfile_same_stamp(&x->state.stamp, &state->stamp))
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

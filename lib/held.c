/* held - events that came ahead of a gap, on disk beside the log */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "heldwork.h"
#include "lines.h"
#include "place.h"

#define SUFFIX ".held"
#define SLACK (1024 * 1024)		/* bytes of leavings that are tolerated */
#define EXPECTED 8			/* slots fetched from memory ahead */

struct ml_held *
ml_held_new(const char *log_path)
{
	struct ml_held *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->fd = -1;
	randombytes_buf(h->key, sizeof h->key);
	h->path = ml_file_beside(log_path, SUFFIX);
	h->wait = ml_wait_new(h->key);
	h->ahead = ml_ahead_new();
	if (h->path == NULL || h->wait == NULL || h->ahead == NULL) {
		ml_held_free(h);
		return NULL;
	}
	return h;
}

void
ml_held_free(struct ml_held *h)
{
	if (h == NULL)
		return;
	ml_ahead_free(h->ahead);
	if (h->fd != -1)
		close(h->fd);
	free(h->path);
	free(h->bytes);
	ml_wait_free(h->wait);
	ml_buf_free(&h->out);
	free(h);
}

static uint64_t
len_of(const struct ml_waiting *w)
{
	return ml_place_len(w->place);
}

static int
count(struct ml_held *h, uint32_t feed, int64_t change)
{
	uint64_t *more;
	size_t room;

	if (feed >= h->feeds) {
		room = h->feeds * 2 > feed ? h->feeds * 2 : (size_t)feed + 16;
		if ((more = realloc(h->bytes, room * sizeof *more)) == NULL)
			return -1;
		memset(more + h->feeds, 0, (room - h->feeds) * sizeof *more);
		h->bytes = more;
		h->feeds = room;
	}
	h->bytes[feed] += (uint64_t)change;
	h->total += (uint64_t)change;
	return 0;
}

static int
note(struct ml_held *h, const struct ml_feed *f, const struct ml_event *e,
    uint64_t offset, size_t len)
{
	int rc;

	if (count(h, f->index, 0) == -1)
		return -1;
	rc = ml_wait_add(h->wait, f->index, e, ml_place(offset, len),
	    0);
	if (rc == 1)
		count(h, f->index, (int64_t)len);
	return rc;
}

static int
load_line(struct ml_held *h, struct ml_feeds *feeds, struct ml_slice line,
    uint64_t offset, struct ml_buf *scratch, const char **why)
{
	struct ml_event e;
	struct ml_feed *f;
	struct ml_buf body = { 0 };
	int rc = -1;

	*why = ml_event_read(&e, line, scratch);
	/* a member that is not known may have been its seal */
	if (*why == NULL && !ml_event_read_quick(&e, line))
		*why = "not as it was written";
	if (*why == NULL)
		*why = ml_event_verify(&e, &body);
	ml_buf_free(&body);
	if (*why == NULL && (f = ml_feeds_get(feeds, e.author)) != NULL &&
	    (rc = note(h, f, &e, offset, line.len)) == 0)
		h->leavings += line.len;
	if (*why == ML_NO_MEMORY)
		errno = ENOMEM;
	return rc;
}

static int
forget(struct ml_held *h)
{
	struct ml_wait *none = ml_wait_new(h->key);

	if (none == NULL)
		return -1;
	ml_wait_free(h->wait);
	h->wait = none;
	if (h->feeds > 0)
		memset(h->bytes, 0, h->feeds * sizeof *h->bytes);
	h->out.len = 0;
	h->total = h->size = h->leavings = 0;
	h->untidy = 0;
	if (h->fd != -1)
		close(h->fd);
	h->fd = -1;
	return 0;
}

static int
load_lines(struct ml_held *h, struct ml_feeds *feeds, uint64_t end, void *arg,
    int (*bad)(void *, uint64_t, const char *, struct ml_slice))
{
	struct ml_lines l = ml_lines_range(h->fd, 0, end, 0);
	struct ml_buf scratch = { 0 };
	struct ml_slice line;
	const char *why;
	enum ml_line got;
	int rc = 0;

	while (rc == 0 && (got = ml_lines_next(&l, 1, &line)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR)
			rc = -1;
		else if (line.len == 0)
			continue;
		else if (load_line(h, feeds, line, l.offset, &scratch,
		    &why) == -1) {
			h->untidy = 1;
			if (why == NULL || why == ML_NO_MEMORY)
				rc = -1;
			else if (got == ML_LINE_TAIL)
				end = l.offset;	/* a crash has cut it */
			else
				rc = bad(arg, l.number, why, line);
		}
	}
	ml_buf_free(&scratch);
	h->size = end;
	h->leavings = end - h->total;
	/* what is appended must not be glued to a line that lacks its end */
	if (end == l.next && end > 0 && !l.newline)
		ml_buf_byte(&h->out, '\n');
	ml_lines_free(&l);
	return rc;
}

int
ml_held_load(struct ml_held *h, struct ml_log *log, void *arg,
    int (*bad)(void *, uint64_t, const char *, struct ml_slice))
{
	struct stat st;

	if (stat(h->path, &st) == -1) {
		if (errno != ENOENT)
			return -1;
		h->generation = ml_log_generation(log);
		return h->fd == -1 ? 0 : forget(h);
	}
	if (h->fd != -1 && st.st_ino == h->ino && st.st_dev == h->dev &&
	    (uint64_t)st.st_size == h->size &&
	    h->generation == ml_log_generation(log))
		return 0;
	h->generation = ml_log_generation(log);
	if (forget(h) == -1 || (h->fd = open(h->path, O_RDONLY | O_CLOEXEC |
	    O_NONBLOCK)) == -1 || fstat(h->fd, &st) == -1)
		return -1;
	h->ino = st.st_ino;
	h->dev = st.st_dev;
	h->unsure = 1;
	return load_lines(h, ml_log_feeds(log), (uint64_t)st.st_size, arg,
	    bad) == -1 ? -1 : 1;
}

int
ml_held_each_of(const char *log_path, struct ml_slice author, void *arg,
    void (*each)(void *arg, const struct ml_event *e))
{
	char *path = ml_file_beside(log_path, SUFFIX);
	struct ml_buf begins = { 0 };
	struct ml_lines l;
	struct ml_slice line;
	struct ml_event e;
	enum ml_line got = ML_LINE_END;
	int fd = -1, rc = -1;

	ml_buf_str(&begins, "{\"a\":\"");
	ml_buf_slice(&begins, author);
	ml_buf_byte(&begins, '"');
	if (path == NULL || ml_buf_failed(&begins))
		errno = ENOMEM;
	else if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		rc = errno == ENOENT ? 0 : -1;
	else {
		l = ml_lines_stream(fd);
		while ((got = ml_lines_next(&l, 1, &line)) > ML_LINE_END)
			if (line.len > begins.len && memcmp(line.p, begins.p,
			    begins.len) == 0 && ml_event_read_quick(&e, line))
				each(arg, &e);
		ml_lines_free(&l);
		close(fd);
		rc = got;
	}
	ml_buf_free(&begins);
	free(path);
	return rc;
}

int
ml_held_add(struct ml_held *h, const struct ml_feed *f,
    const struct ml_event *e)
{
	size_t from = h->out.len, len;
	int rc;

	ml_event_write(e, &h->out);
	len = h->out.len - from;
	ml_buf_byte(&h->out, '\n');
	if (ml_buf_failed(&h->out)) {
		errno = ENOMEM;
		return -1;
	}
	if ((rc = note(h, f, e, h->size + from, len)) != 1)
		h->out.len = from;
	return rc;
}

void
ml_held_drop(struct ml_held *h, uint32_t entry)
{
	const struct ml_waiting *w = ml_wait_at(h->wait, entry);

	count(h, w->feed, -(int64_t)len_of(w));
	h->leavings += len_of(w);
	ml_wait_drop(h->wait, entry);
}

void
ml_held_discard(struct ml_held *h, uint32_t entry)
{
	ml_held_drop(h, entry);
	h->untidy = 1;
}

int
ml_held_take(struct ml_held *h, const struct ml_feed *f, int64_t seq,
    struct ml_waiting **list, size_t *n)
{
	size_t i;

	*list = NULL;
	*n = 0;
	if (!ml_held_has(h, f))
		return 0;
	if (ml_wait_take(h->wait, f->index, seq, list, n) == -1)
		return -1;
	for (i = 0; i < *n; i++) {
		count(h, f->index, -(int64_t)len_of(&(*list)[i]));
		h->leavings += len_of(&(*list)[i]);
	}
	return 0;
}

void
ml_held_soon(struct ml_held *h, const struct ml_feed *f, int64_t seq)
{
	uint32_t entry;
	uint64_t place;

	if (h->announced < seq)
		h->announced = seq;
	while (ml_ahead_wants(h->ahead) && (entry = ml_wait_first(h->wait,
	    f->index, h->announced)) != ML_WAIT_NONE) {
		ml_wait_expect(h->wait, f->index, h->announced + EXPECTED);
		place = ml_wait_at(h->wait, entry)->place;
		if (ml_place_offset(place) < h->size)
			ml_ahead_announce(h->ahead, h->fd, place);
		h->announced++;
	}
}

void
ml_held_soon_end(struct ml_held *h)
{
	if (h->announced > 0)
		ml_ahead_end(h->ahead);
	h->announced = 0;
}

int
ml_held_text(struct ml_held *h, const struct ml_waiting *w,
    struct ml_buf *out)
{
	uint64_t offset = ml_place_offset(w->place);
	size_t len = (size_t)len_of(w);
	char *to = ml_buf_room(out, len);
	struct ml_slice text;
	ssize_t got;

	if (to == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (offset >= h->size)
		memcpy(to, h->out.p + (offset - h->size), len);
	else if (h->announced > 0 && ml_ahead_get(h->ahead, w->place, &text))
		memcpy(to, text.p, len);
	else if ((got = ml_file_read_at(h->fd, to, len, offset)) == -1)
		return -1;
	else if ((size_t)got < len) {
		errno = EIO;
		return -1;
	}
	out->len += len;
	return 0;
}

/* The file as it should be opened to write: ours, or a new one. */
static int
open_to_append(struct ml_held *h)
{
	struct stat st;
	int fd = open(h->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NONBLOCK, 0600);

	if (fd == -1)
		return -1;
	/* a tail that a crash has cut would be damage in the middle */
	if (fstat(fd, &st) == -1 || ((uint64_t)st.st_size > h->size &&
	    ftruncate(fd, (off_t)h->size) == -1) || ((h->fd == -1 || h->unsure) &&
	    ml_file_sync_dir(h->path) == -1)) {
		close(fd);
		return -1;
	}
	if (h->fd != -1)
		close(h->fd);
	h->fd = fd;
	h->ino = st.st_ino;
	h->dev = st.st_dev;
	return 0;
}

int
ml_held_commit(struct ml_held *h)
{
	if (ml_wait_count(h->wait) == 0) {
		h->out.len = 0;		/* all of it came and went */
		h->unsure = 0;
	}
	/* who wrote what is there may have died before it was safe */
	if (h->out.len == 0 && !h->unsure)
		return 0;
	if (open_to_append(h) == -1)
		return -1;
	if (ml_file_write(h->fd, h->out.p, h->out.len) == -1) {
		int error = errno;

		(void)!ftruncate(h->fd, (off_t)h->size);
		errno = error;
		return -1;
	}
	if (ml_file_sync(h->fd) == -1) {
		int error = errno;

		/* the next sync would succeed, and mean nothing: see log.c */
		(void)!ftruncate(h->fd, (off_t)h->size);
		errno = error;
		return -1;
	}
	h->size += h->out.len;
	h->out.len = 0;
	h->unsure = 0;
	return 0;
}

static int
by_age(const void *a, const void *b)
{
	const struct ml_waiting *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

/* Write anew what is still held. */
static int
rewrite(struct ml_held *h)
{
	const struct ml_waiting *all;
	struct ml_waiting *list;
	struct ml_buf text = { 0 };
	size_t n, i, live = 0;
	int fd = -1, rc = -1;

	all = ml_wait_all(h->wait, &n);
	if ((list = calloc(n + 1, sizeof *list)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (all[i].seq != 0)
			list[live++] = all[i];
	qsort(list, live, sizeof *list, by_age);
	if ((fd = ml_file_replace(h->path)) == -1)
		goto out;
	for (i = 0; i < live; i++) {
		if (ml_held_text(h, &list[i], &text) == -1)
			goto out;
		ml_buf_byte(&text, '\n');
		if (text.len > SLACK || i + 1 == live) {
			if (ml_file_write(fd, text.p, text.len) == -1)
				goto out;
			ml_buf_clear(&text);
		}
	}
	rc = ml_file_replaced(fd, h->path);
	fd = -1;
out:
	if (fd != -1)
		ml_file_replace_undo(fd, h->path);
	ml_buf_free(&text);
	free(list);
	return rc;
}

int
ml_held_tidy(struct ml_held *h)
{
	if (h->fd == -1)
		return 0;
	if (ml_wait_count(h->wait) == 0)
		return ml_file_remove(h->path) == -1 ? -1 : forget(h);
	if (!h->untidy && (h->leavings < SLACK || h->leavings < h->total))
		return 0;
	/* the next ml_held_load() reads the new file */
	return rewrite(h);
}

size_t
ml_held_count(const struct ml_held *h)
{
	return ml_wait_count(h->wait);
}

int
ml_held_has(const struct ml_held *h, const struct ml_feed *f)
{
	return f->index < h->feeds && h->bytes[f->index] > 0;
}

const struct ml_wait *
ml_held_waiting(const struct ml_held *h)
{
	return h->wait;
}

const char *
ml_held_path(const struct ml_held *h)
{
	return h->path;
}

/* refused - the evidence beside a log */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canon.h"
#include "file.h"
#include "json.h"
#include "jstring.h"
#include "lines.h"
#include "refused.h"
#include "seal.h"
#include "table.h"
#include "text.h"
#include "utf8.h"

#define KNOWN_MAX (1 << 18)	/* things told apart; the file holds fewer */
#define FLUSH_AT (1024 * 1024)	/* bytes held in memory */

struct ml_refused {
	char *path;
	struct ml_buf out;		/* whole lines, to be written */
	int loaded;			/* known holds what the file has */
	struct ml_table known;
	uint32_t n;
	uint8_t key[ML_TABLE_KEY_LEN];
	int unsynced;
	int synced;			/* all that is known */
	int relied;			/* on what is known and may not be */
};

struct ml_refused *
ml_refused_new(const char *log_path)
{
	struct ml_refused *r = calloc(1, sizeof *r);

	if (r == NULL || (r->path = ml_file_beside(log_path,
	    ".refused")) == NULL) {
		free(r);
		return NULL;
	}
	randombytes_buf(r->key, sizeof r->key);
	return r;
}

void
ml_refused_free(struct ml_refused *r)
{
	if (r == NULL)
		return;
	free(r->path);
	ml_buf_free(&r->out);
	ml_table_free(&r->known);
	free(r);
}

const char *
ml_refused_path(const struct ml_refused *r)
{
	return r->path;
}

int
ml_refused_each(const struct ml_refused *r, void *arg,
    void (*each)(void *arg, uint64_t number, struct ml_slice text))
{
	struct ml_lines lines;
	struct ml_slice line;
	enum ml_line got;
	int fd = open(r->path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	lines = ml_lines_stream(fd);
	while ((got = ml_lines_next(&lines, 1, &line)) > ML_LINE_END)
		if (got == ML_LINE_WHOLE)
			each(arg, lines.number, line);
	ml_lines_free(&lines);
	close(fd);
	return got;
}

/* 1 when what was refused (as the line spells it) is new; then it is known. */
static int
learn(struct ml_refused *r, struct ml_slice text)
{
	uint64_t hash = ml_table_hash(r->key, text.p, text.len);

	if (ml_table_first(&r->known, hash) != ML_TABLE_NONE)
		return 0;
	return ml_table_add(&r->known, hash, r->n++) == -1 ? -1 : 1;
}

static void
learn_line(void *arg, uint64_t number, struct ml_slice line)
{
	const char *at = line.p;
	struct ml_slice text;

	(void)number;
	if (ml_canon_skip(&at, line.p + line.len, 1) == NULL &&
	    *line.p == '{' && (ml_json_member(line, "text", &text) ||
	    ml_json_member(line, "base64", &text)))
		(void)learn(arg, text);
}

/* Returns where the string begins, its quote. */
static size_t
write_bytes(struct ml_buf *out, struct ml_slice bytes)
{
	size_t room, at;
	char *to;

	if (bytes.len > ML_REFUSED_TEXT_MAX)
		bytes.len = ML_REFUSED_TEXT_MAX;
	if (ml_utf8_valid(bytes.p, bytes.len)) {
		ml_buf_str(out, ",\"text\":");
		at = out->len;
		ml_jstring_write(out, bytes.p, bytes.len);
		return at;
	}
	ml_buf_str(out, ",\"base64\":");
	at = out->len;
	ml_buf_byte(out, '"');
	room = sodium_base64_ENCODED_LEN(bytes.len,
	    sodium_base64_VARIANT_ORIGINAL);
	if ((to = ml_buf_room(out, room)) == NULL)
		return at;
	sodium_bin2base64(to, room, (const unsigned char *)bytes.p, bytes.len,
	    sodium_base64_VARIANT_ORIGINAL);
	out->len += room - 1;
	ml_buf_byte(out, '"');
	return at;
}

static int
flush(struct ml_refused *r)
{
	struct stat st;
	int fd, rc, error, is_known;

	if (r->out.len == 0 && !r->relied)
		return 0;
	fd = open(r->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	is_known = fstat(fd, &st) == 0;
	if ((rc = ml_file_end_line(fd)) == 0 &&
	    (rc = ml_file_write(fd, r->out.p, r->out.len)) == 0)
		rc = ml_file_sync(fd);
	error = errno;
	/* a later sync of it would succeed, and mean nothing: see log.c */
	if (rc == -1 && is_known)
		(void)!ftruncate(fd, st.st_size);
	close(fd);
	errno = error;
	r->out.len = 0;
	r->synced = rc == 0;
	r->relied = 0;
	r->unsynced = 1;
	return rc;
}

static int
add(struct ml_refused *r, int64_t ms, const char *why, struct ml_slice bytes,
    struct ml_slice author, struct ml_slice held)
{
	size_t from = r->out.len, text_at, text_len;
	int rc;

	if (r->n > KNOWN_MAX) {		/* the file is bounded, so is this */
		ml_table_free(&r->known);
		r->n = 0;
		r->loaded = 0;
	}
	if (!r->loaded) {
		if (ml_refused_each(r, r, learn_line) == -1)
			return -1;
		r->loaded = 1;
		r->synced = 0;
	}
	ml_buf_str(&r->out, "{\"at\":\"");
	ml_text_time(&r->out, ms);
	ml_buf_str(&r->out, "\",\"why\":");
	ml_jstring_write(&r->out, why, strlen(why));
	text_at = write_bytes(&r->out, bytes);
	text_len = r->out.len - text_at;
	if (author.p != NULL) {
		ml_buf_str(&r->out, ",\"fork\":\"");
		ml_buf_slice(&r->out, author);
		ml_buf_str(&r->out, "\",\"held\":");
		ml_jstring_write(&r->out, held.p, held.len);
	}
	ml_buf_byte(&r->out, '}');
	if (ml_buf_failed(&r->out)) {
		r->out.len = from;
		r->out.failed = 0;
		errno = ENOMEM;
		return -1;
	}
	if ((rc = learn(r, (struct ml_slice){ r->out.p + text_at,
	    text_len })) != 1) {
		r->out.len = from;
		/* who wrote it may have died before it was safe */
		r->relied |= rc == 0 && !r->synced;
		return rc;
	}
	ml_buf_byte(&r->out, '\n');
	return r->out.len > FLUSH_AT ? flush(r) : 0;
}

int
ml_refused_add(struct ml_refused *r, int64_t ms, const char *why,
    struct ml_slice bytes)
{
	return add(r, ms, why, bytes, (struct ml_slice){ NULL, 0 },
	    (struct ml_slice){ NULL, 0 });
}

int
ml_refused_fork(struct ml_refused *r, int64_t ms, const char *why,
    struct ml_slice author, struct ml_slice refused, struct ml_slice held)
{
	return add(r, ms, why, refused, author, held);
}

/* A string member's text, appended to out as UTF-8; 0 if there is none. */
static int
decode(struct ml_slice line, const char *name, struct ml_buf *out)
{
	struct ml_slice s;
	char utf8[ML_UTF8_LEN_MAX];
	uint32_t cp;
	size_t n;

	if (!ml_json_member(line, name, &s) || *s.p != '"')
		return 0;
	for (s.p++, s.len -= 2; s.len > 0; s.p += n, s.len -= n) {
		n = ml_jstring_get(s.p, s.len, &cp);
		ml_buf_add(out, utf8, ml_utf8_put(utf8, cp));
	}
	return 1;
}

static int
inside(struct ml_slice line, const char *name, struct ml_slice *s)
{
	if (!ml_json_member(line, name, s) || *s->p != '"')
		return 0;
	*s = (struct ml_slice){ s->p + 1, s->len - 2 };
	return 1;
}

int
ml_refused_read(struct ml_refused_item *item, struct ml_slice line)
{
	const char *at = line.p;

	memset(item, 0, sizeof *item);
	if (line.len == 0 || *line.p != '{' || ml_canon_skip(&at,
	    line.p + line.len, 1) != NULL || at != line.p + line.len ||
	    !inside(line, "at", &item->at) || !inside(line, "why", &item->why))
		return -1;
	if (!inside(line, "fork", &item->fork))
		item->fork = (struct ml_slice){ NULL, 0 };
	decode(line, "text", &item->text);
	decode(line, "held", &item->held);
	return ml_buf_failed(&item->text) || ml_buf_failed(&item->held) ? -1 :
	    0;
}

void
ml_refused_item_free(struct ml_refused_item *item)
{
	ml_buf_free(&item->text);
	ml_buf_free(&item->held);
}

struct forks {
	void *arg;
	void (*fork)(void *arg, struct ml_slice author);
};

static void
show_fork(void *arg, uint64_t number, struct ml_slice line)
{
	const struct forks *f = arg;
	struct ml_refused_item item;

	(void)number;
	if (ml_refused_read(&item, line) == 0 && item.fork.p != NULL)
		f->fork(f->arg, item.fork);
	ml_refused_item_free(&item);
}

int
ml_refused_forks(const struct ml_refused *r, void *arg,
    void (*fork)(void *arg, struct ml_slice author))
{
	struct forks f = { arg, fork };

	return ml_refused_each(r, &f, show_fork);
}

/*
 * When the file has grown over its limit the oldest lines go.  What a key has
 * sealed twice (a fork of an author who is a key's hash: nothing else gets in
 * as that) has a share of its own, so that no flood of junk can bury it.
 */
struct trim {
	uint64_t proof, other;		/* bytes there, then bytes still to go */
	struct ml_buf out;
	int fd, writing, failed;
};

static void
trim_line(void *arg, uint64_t number, struct ml_slice line)
{
	struct trim *t = arg;
	struct ml_refused_item item;
	uint64_t *share;

	(void)number;
	share = ml_refused_read(&item, line) == 0 && item.fork.p != NULL &&
	    ml_author_is_hash(item.fork) ? &t->proof : &t->other;
	ml_refused_item_free(&item);
	if (!t->writing)
		*share += line.len + 1;
	else if (*share > 0)
		*share -= *share < line.len + 1 ? *share : line.len + 1;
	else {
		ml_buf_slice(&t->out, line);
		ml_buf_byte(&t->out, '\n');
		if (t->out.len > FLUSH_AT) {
			t->failed |= ml_file_write(t->fd, t->out.p,
			    t->out.len) == -1;
			ml_buf_clear(&t->out);
		}
	}
}

static int
trim(struct ml_refused *r)
{
	struct trim t = { .fd = -1 };
	struct stat st;

	if (stat(r->path, &st) == -1)
		return -1;
	if (st.st_size <= ML_REFUSED_MAX)
		return 0;
	if (ml_refused_each(r, &t, trim_line) == -1 ||
	    (t.fd = ml_file_replace(r->path)) == -1)
		return -1;
	t.proof -= t.proof < ML_REFUSED_KEPT / 2 ? t.proof :
	    ML_REFUSED_KEPT / 2;
	t.other -= t.other < ML_REFUSED_KEPT / 2 ? t.other :
	    ML_REFUSED_KEPT / 2;
	t.writing = 1;
	if (ml_refused_each(r, &t, trim_line) == -1 ||
	    ml_buf_failed(&t.out) || (t.out.len > 0 &&
	    ml_file_write(t.fd, t.out.p, t.out.len) == -1))
		t.failed = 1;
	ml_buf_free(&t.out);
	if (!t.failed)
		return ml_file_replaced(t.fd, r->path);
	ml_file_replace_undo(t.fd, r->path);
	return -1;
}

int
ml_refused_commit(struct ml_refused *r)
{
	if (flush(r) == -1)
		return -1;
	if (!r->unsynced)
		return 0;
	r->unsynced = 0;
	if (ml_file_sync_dir(r->path) == -1)
		return -1;
	return trim(r);
}

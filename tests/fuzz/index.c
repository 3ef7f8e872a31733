/*
 * index: bytes of LOG.index put elsewhere: by chance it is still read as the
 * log, and rebuilt; with its checksums made good it may say anything, and yet
 * no event comes out of it that is not one.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../unit/given.h"
#include "change.h"
#include "fixed.h"
#include "folder.h"
#include "log.h"

#define LEN 150			/* events of a feed: more than a block */
#define NOTE 120		/* bytes, so that the log is worth an index */
#define ROOT 4096		/* bytes of each of two: meshlog-index(5) */
#define USED 256		/* of them, or less */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ml_buf index_file, right, body;
static char log_path[FOLDER_PATH], index_path[FOLDER_PATH];
static const char RECORD[] = "R-1";

/* A feed in which an event comes last, or not at all. */
static void
make_feed(struct ml_buf *out, char author, int64_t missing)
{
	struct ml_buf id = { 0 }, payload = { 0 }, late = { 0 };
	struct ml_event e;
	int64_t seq;

	for (seq = 1; seq <= LEN; seq++) {
		ml_buf_clear(&payload);
		ml_buf_str(&payload, "{\"record_id\":\"R-");
		ml_buf_int(&payload, seq % 50);
		ml_buf_str(&payload, "\",\"text\":\"");
		memset(ml_buf_room(&payload, NOTE), author, NOTE);
		payload.len += NOTE;
		ml_buf_str(&payload, "\"}");
		e = (struct ml_event){ .author = { &author, 1 }, .seq = seq,
		    .hlc = { 1000 + seq, 0 }, .kind = slice("note.add"),
		    .payload = ml_buf_view(&payload),
		    .prev = ml_buf_view(&id) };
		assert(ml_event_mint(&e, &body) == NULL);
		ml_event_write(&e, seq == missing ? &late : out);
		ml_buf_byte(seq == missing ? &late : out, '\n');
		ml_buf_clear(&id);
		ml_id_write(e.id, &id);
	}
	if (author == 'a')
		ml_buf_slice(out, ml_buf_view(&late));
	ml_buf_free(&id);
	ml_buf_free(&payload);
	ml_buf_free(&late);
}

/* What is found about a record: how many, and each is about it. */
static void
on_record(void *arg, const struct ml_feed *f, const struct ml_event *e)
{
	struct ml_buf *out = arg;

	assert(ml_slice_same(f->author, e->author) &&
	    ml_slice_is(ml_change_record(e), RECORD));
	ml_event_write(e, out);
}

static void
on_lines(void *arg, struct ml_slice lines)
{
	ml_buf_slice(arg, lines);
}

/*
 * All that a log has to say, in one text: 1, or 0 if it cannot.  What it says
 * is true in any case.
 */
static int
ask(struct ml_buf *out)
{
	struct ml_log *log;
	struct ml_feed **feed;
	struct ml_event e;
	const char *why;
	size_t n, i;
	int64_t seq;
	int good, waits;

	ml_buf_clear(out);
	if (ml_log_read(&log, log_path, NULL, &why) == -1)
		return 0;
	assert((feed = ml_feeds_sorted(ml_log_feeds(log), &n)) != NULL);
	waits = (int)ml_wait_count(ml_log_waiting(log));
	good = ml_log_record(log, slice(RECORD), out, on_record) == 0;
	for (i = 0; i < n; i++) {
		ml_buf_slice(out, feed[i]->author);
		ml_buf_int(out, feed[i]->seq);
		ml_id_write(feed[i]->id, out);
		for (seq = feed[i]->seq % 40 + 1; good && seq <= feed[i]->seq &&
		    seq <= LEN; seq += 40) {
			if (ml_log_event(log, feed[i], seq, &e) == -1)
				good = 0;
			else
				assert(e.seq == seq && ml_slice_same(e.author,
				    feed[i]->author) &&
				    ml_event_verify(&e, &body) == NULL);
		}
		if (feed[i]->seq <= LEN)
			good = good && ml_log_copy(log, feed[i], 1, out,
			    on_lines) == 0;
	}
	good = good && ml_log_copied(log) == 0;
	ml_buf_int(out, waits);
	ml_buf_int(out, ml_feeds_clock(ml_log_feeds(log)).wall);
	for (i = 0; i < ML_LOG_FINDINGS; i++)
		ml_buf_int(out, (int64_t)ml_log_found(log,
		    (enum ml_log_finding)i));
	free(feed);
	ml_log_free(log);
	return good;
}

static void
begin(void)
{
	struct timespec old[2] = { { 1000, 1 }, { 1000, 1 } };
	struct ml_buf text = { 0 };
	struct stat st;
	int fd;

	if (sodium_init() == -1)
		abort();
	folder_make();
	folder_path(log_path, "log");
	folder_path(index_path, "log.index");
	make_feed(&text, 'a', 130);
	ml_buf_str(&text, "no event\n");
	make_feed(&text, 'b', 140);
	fd = folder_file("log", ml_buf_view(&text));
	futimens(fd, old);
	close(fd);
	assert(ask(&right));		/* and with that the index is made */
	fd = open(index_path, O_RDONLY);
	if (fd == -1 || fstat(fd, &st) == -1 || ml_buf_room(&index_file,
	    (size_t)st.st_size) == NULL)
		abort();
	index_file.len = (size_t)st.st_size;
	if (ml_file_read_at(fd, index_file.p, index_file.len, 0) !=
	    (ssize_t)index_file.len)
		abort();
	close(fd);
	ml_buf_free(&text);
}

static void
check_sum(char *p, size_t len)
{
	struct ml_buf sum = { 0 };

	ml_fixed_put64(&sum, ml_checksum(p, len));
	memcpy(p + len, sum.p, sum.len);
	ml_buf_free(&sum);
}

static uint64_t
number_at(const char *p)
{
	struct ml_slice from = { p, 8 };

	return ml_fixed_take64(&from);
}

/* The 32 bits of it that a piece has: of len bytes, put at to. */
static void
check_sum32(struct ml_buf *file, uint64_t at, uint64_t len, uint64_t to)
{
	struct ml_buf sum = { 0 };

	if (at > file->len || len > file->len - at)
		return;
	ml_fixed_put32(&sum, ml_checksum(file->p + at, (size_t)len));
	memcpy(file->p + to, sum.p, sum.len);
	ml_buf_free(&sum);
}

/* Of a part's blocks and buckets, as far as they can be found. */
static void
mend_pieces(struct ml_buf *file, uint64_t at, uint64_t footer)
{
	uint64_t n[6], i, dir, from, to;

	if (at > file->len || footer > file->len - sizeof n)
		return;
	for (i = 0; i < 6; i++)
		if ((n[i] = number_at(file->p + footer + i * 8)) > file->len &&
		    i > 0)
			return;
	for (i = 0; i < n[2]; i++) {
		if ((dir = at + n[1] + i * 8) + 16 > file->len)
			break;
		from = ml_fixed_get32(file->p + dir);
		to = ml_fixed_get32(file->p + dir + 8);
		check_sum32(file, at + from, to - from, dir + 4);
	}
	for (i = 0; n[5] < 16 && i < UINT64_C(1) << n[5]; i++) {
		if ((dir = at + n[4] + i * 4) + 8 > file->len)
			break;
		from = at + n[3] + ml_fixed_get32(file->p + dir);
		to = at + n[3] + ml_fixed_get32(file->p + dir + 4);
		if (from + 4 <= to)
			check_sum32(file, from + 4, to - from - 4, from);
	}
}

/* Make the checksums good again: of the roots, and of the part they name. */
static void
mend(struct ml_buf *file)
{
	char *p = file->p, *root;
	uint64_t footer, end;
	size_t i;

	for (i = 0; i < 2; i++) {
		root = p + i * ROOT;
		check_sum(root, ROOT - 8);
		/* behind 22 numbers: its first part's */
		footer = number_at(root + 23 * 8);
		end = number_at(root + 24 * 8);
		mend_pieces(file, number_at(root + 22 * 8), footer);
		if (footer <= end && end <= file->len && end - footer >= 8)
			check_sum(p + footer, (size_t)(end - footer) - 8);
	}
}

/*
 * Six bytes a change: where, of what is in use (a root is mostly zeros), what,
 * and how many bytes are so.
 */
static void
change(struct ml_buf *file, const uint8_t *data, size_t len)
{
	uint64_t at;
	size_t n;

	for (; len >= 6; data += 6, len -= 6) {
		at = data[0] | (uint64_t)data[1] << 8;
		at = at < 2 * USED ? at / USED * ROOT + at % USED :
		    at - 2 * USED + 2 * ROOT;
		if (at < file->len) {
			n = data[2] % 9 < file->len - at ? data[2] % 9 :
			    (size_t)(file->len - at);
			memset(file->p + at, data[3], n);
			if (n > 1)
				file->p[at] = (char)data[4];
			if (n > 2)
				file->p[at + 1] = (char)data[5];
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_buf file = { 0 }, got = { 0 };
	int mended, good;

	if (right.len == 0)
		begin();
	if (len == 0)
		return 0;
	mended = *data & 1;
	ml_buf_slice(&file, ml_buf_view(&index_file));
	if (*data & 2)			/* or the index is cut, or not one */
		file.len -= file.len * *data / 256;
	if (*data & 4)
		ml_buf_add(&file, data, len);
	change(&file, data + 1, len - 1);
	if (mended && file.len >= 2 * ROOT)
		mend(&file);
	close(folder_file("log.index", ml_buf_view(&file)));
	good = ask(&got);
	/* who has seen it is wrong has not believed it */
	if (!mended)
		assert(good && ml_slice_same(ml_buf_view(&got),
		    ml_buf_view(&right)));
	ml_buf_free(&file);
	ml_buf_free(&got);
	return 0;
}

/* batch: lines however they are read, events however they are gathered */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "batch.h"
#include "change.h"
#include "folder.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The line that begins at from, of what is cut at newlines. */
static struct ml_slice
plain_line(struct ml_slice text, size_t from, int *newline)
{
	const char *p = text.p + from, *end;

	end = memchr(p, '\n', text.len - from);
	*newline = end != NULL;
	return (struct ml_slice){ p, *newline ? (size_t)(end - p) :
	    text.len - from };
}

/* A line that was got is the one that begins at *from; step over it. */
static void
is_line(struct ml_slice text, size_t *from, const struct ml_lines *l,
    enum ml_line got, struct ml_slice line)
{
	int newline;
	struct ml_slice want = plain_line(text, *from, &newline);

	assert(*from < text.len && ml_slice_same(line, want) &&
	    got == (newline ? ML_LINE_WHOLE : ML_LINE_TAIL) &&
	    l->newline == newline && l->offset == *from);
	*from += want.len + (size_t)newline;
	assert(l->next == *from);
}

/* Lines of a file, as a stream or by offset: what stands between newlines. */
static void
as_lines(struct ml_slice text, struct ml_lines l)
{
	struct ml_slice line;
	enum ml_line got;
	size_t from = 0;
	uint64_t number = 0;

	while ((got = ml_lines_next(&l, 1, &line)) != ML_LINE_END) {
		is_line(text, &from, &l, got, line);
		assert(l.number == ++number);
	}
	assert(from == text.len);
	ml_lines_free(&l);
}

/* The same where it comes bit by bit. */
static void
as_pipe(struct ml_slice text, size_t portion)
{
	struct ml_slice line, rest = text;
	struct ml_lines l;
	enum ml_line got;
	size_t from = 0, n;
	int fd[2];

	if (pipe(fd) == -1)
		abort();
	l = ml_lines_stream(fd[0]);
	while ((got = ml_lines_next(&l, 0, &line)) != ML_LINE_END) {
		if (got != ML_LINE_AGAIN) {
			is_line(text, &from, &l, got, line);
			continue;
		}
		n = rest.len < portion ? rest.len : portion;
		if (n == 0)
			close(fd[1]);
		else if (ml_file_write(fd[1], rest.p, n) == -1)
			abort();
		rest.p += n, rest.len -= n;
	}
	assert(from == text.len && rest.len == 0);
	close(fd[0]);
	ml_lines_free(&l);
}

/* The plain way: one value after the other, one line after the other. */
struct plain {
	struct ml_slice text;
	size_t from, line_len;
	int newline;
	uint64_t number;
	struct ml_items items;
	struct ml_item item;
};

static int
plain_next(struct plain *w)
{
	struct ml_slice line;

	while (w->number == 0 || ml_items_next(&w->items, &w->item) ==
	    ML_ITEM_END) {
		if (w->number > 0)
			w->from += w->line_len + (size_t)w->newline;
		if (w->from >= w->text.len)
			return 0;
		line = plain_line(w->text, w->from, &w->newline);
		w->line_len = line.len;
		w->items = ml_items_of(line);
		w->number++;
	}
	return 1;
}

/* An item of a batch is the next that comes of the plain way. */
static void
is_next(struct plain *w, const struct ml_batch_item *item,
    struct ml_buf *scratch, struct ml_buf *body)
{
	const char *end = w->text.p, *why;
	struct ml_event e, quick;
	int is_event = 0;

	assert(plain_next(w));
	end += w->from + w->line_len;
	why = w->item.why;
	if (w->item.kind == ML_ITEM_EVENT && (why = ml_event_read_any(&e,
	    w->item.text, scratch)) == NULL) {
		is_event = 1;
		why = ml_event_verify(&e, body);
	}
	assert(item->kind == (is_event ? ML_BATCH_EVENT : ML_BATCH_BROKEN) &&
	    item->why == why && ml_slice_same(item->text, w->item.text) &&
	    item->line == w->number && item->len == w->item.text.len &&
	    item->offset == (uint64_t)(w->item.text.p - w->text.p) &&
	    item->end == (uint64_t)((ml_json_skip_blanks(w->items.p, end) ==
	    end ? end : w->items.p) - w->text.p) &&
	    item->in_message == w->item.in_message);
	assert(item->exact == (is_event &&
	    ml_event_read_quick(&quick, w->item.text)));
	if (is_event)
		assert(given_same(&e, &item->e) &&
		    ml_slice_same(e.seal, item->e.seal) && (why != NULL ||
		    item->e.record == ml_change_hash(ml_change_record(&e))));
}

/* Lines in batches of so many, 0: as many as there is room for. */
static void
as_batches(struct ml_slice text, size_t many)
{
	struct plain w = { .text = text };
	struct ml_batch b = { 0 };
	struct ml_buf scratch = { 0 }, body = { 0 };
	struct ml_slice line;
	size_t from = 0, n, i;
	uint64_t number = 0;
	int newline;

	while (from < text.len) {
		ml_batch_clear(&b);
		for (n = 0; from < text.len && (many == 0 || n < many); n++) {
			line = plain_line(text, from, &newline);
			if (ml_batch_full(&b, line.len))
				break;
			ml_batch_add(&b, line, ++number, from);
			from += line.len + (size_t)newline;
		}
		for (ml_batch_work(&b);; ml_batch_go_on(&b)) {
			assert(!b.failed && b.items <= ML_BATCH_ITEMS);
			for (i = 0; i < b.items; i++)
				is_next(&w, &b.item[i], &scratch, &body);
			if (!ml_batch_has_more(&b))
				break;
		}
	}
	assert(!plain_next(&w));
	ml_batch_free(&b);
	ml_buf_free(&scratch);
	ml_buf_free(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 0 ? (const char *)data : "", len };
	int fd = folder_file("lines", text);

	as_lines(text, ml_lines_stream(fd));
	as_lines(text, ml_lines_range(fd, 0, len, 0));
	close(fd);
	as_pipe(text, 1 + len / 2);
	as_pipe(text, 1 + len / 16 + len % 5);
	as_batches(text, 1);
	as_batches(text, 3);
	as_batches(text, 0);
	return 0;
}

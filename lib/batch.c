/* batch - lines gathered, and the events in them read and verified */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "change.h"
#include "json.h"

#define COPY_BYTES (64 * 1024)		/* room got at a time for copies */

struct ml_batch_line {
	size_t from, len;		/* in the batch's text */
	uint64_t number, offset;
	uint64_t skipped;		/* bytes of a line that is not here */
	const char *why;		/* and why it is not */
	int known;
};

/* Of events that are not canonical as they stand; it never moves. */
struct ml_batch_copy {
	struct ml_batch_copy *next;
	struct ml_buf text;
};

static void
drop_copies(struct ml_batch *b)
{
	struct ml_batch_copy *copy;

	while ((copy = b->copy) != NULL) {
		b->copy = copy->next;
		ml_buf_free(&copy->text);
		free(copy);
	}
}

void
ml_batch_free(struct ml_batch *b)
{
	drop_copies(b);
	ml_buf_free(&b->text);
	ml_buf_free(&b->scratch);
	ml_buf_free(&b->body);
	free(b->line);
	free(b->item);
	*b = (struct ml_batch){ 0 };
}

void
ml_batch_clear(struct ml_batch *b)
{
	drop_copies(b);
	if (b->text.cap > 2 * ML_BATCH_BYTES)
		ml_buf_free(&b->text);	/* a long line was in it */
	ml_buf_clear(&b->text);
	b->lines = b->items = b->at = 0;
	b->rest = (struct ml_items){ 0 };
	b->failed = 0;
}

int
ml_batch_full(const struct ml_batch *b, size_t len)
{
	return b->lines == ML_BATCH_LINES ||
	    (b->lines > 0 && b->text.len + len > ML_BATCH_BYTES);
}

/* A list with room for one more; NULL when memory ran out. */
static void *
grown(struct ml_batch *b, void *list, size_t n, size_t *room, size_t size)
{
	size_t want = *room != 0 ? *room * 2 : 64;
	void *more;

	if (n < *room)
		return list;
	if ((more = realloc(list, want * size)) == NULL)
		b->failed = 1;
	else
		*room = want;
	return more;
}

static void
add(struct ml_batch *b, struct ml_slice text, struct ml_batch_line line)
{
	struct ml_batch_line *list = grown(b, b->line, b->lines, &b->line_room,
	    sizeof *list);

	line.from = b->text.len;
	line.len = text.len;
	/* empty lines, too, stand somewhere */
	(void)ml_buf_room(&b->text, text.len + 1);
	ml_buf_slice(&b->text, text);
	if (ml_buf_failed(&b->text))
		b->failed = 1;
	if (list != NULL) {
		b->line = list;
		b->line[b->lines++] = line;
	}
}

void
ml_batch_add(struct ml_batch *b, struct ml_slice text, uint64_t number,
    uint64_t offset)
{
	add(b, text, (struct ml_batch_line){ .number = number,
	    .offset = offset });
}

void
ml_batch_add_known(struct ml_batch *b, struct ml_slice text, uint64_t number,
    uint64_t offset)
{
	add(b, text, (struct ml_batch_line){ .number = number,
	    .offset = offset, .known = 1 });
}

void
ml_batch_add_broken(struct ml_batch *b, const char *why, uint64_t number,
    uint64_t offset, uint64_t len)
{
	add(b, (struct ml_slice){ "", 0 }, (struct ml_batch_line){
	    .number = number, .offset = offset, .skipped = len, .why = why });
}

/* The next item, of text within a line; NULL when memory ran out. */
static struct ml_batch_item *
next_item(struct ml_batch *b, const struct ml_batch_line *line,
    struct ml_slice text)
{
	struct ml_batch_item *list = grown(b, b->item, b->items, &b->item_room,
	    sizeof *list), *item;
	uint64_t at = (uint64_t)(text.p - (b->text.p + line->from));

	if (list == NULL)
		return NULL;
	b->item = list;
	item = &list[b->items++];
	item->kind = ML_BATCH_EVENT;
	item->why = NULL;
	item->text = text;
	item->line = line->number;
	item->offset = line->offset + at;
	item->len = text.len;
	item->end = item->offset + item->len;
	item->exact = 0;
	item->in_message = 0;
	return item;
}

static void
verify(struct ml_batch *b, struct ml_batch_item *item)
{
	item->why = ml_event_verify(&item->e, &b->body);
	if (item->why == ML_NO_MEMORY)
		b->failed = 1;
	if (item->why == NULL)
		item->e.record = ml_change_hash(ml_change_record(&item->e));
}

/* Room for a copy of an event. */
static struct ml_buf *
room_for(struct ml_batch *b, const struct ml_event *e)
{
	size_t need = e->author.len + e->kind.len + e->payload.len +
	    e->prev.len + e->seal.len;
	struct ml_batch_copy *copy = b->copy;

	if (copy != NULL && copy->text.cap - copy->text.len >= need)
		return &copy->text;
	if ((copy = calloc(1, sizeof *copy)) == NULL)
		return NULL;
	copy->next = b->copy;
	b->copy = copy;
	return ml_buf_room(&copy->text, need > COPY_BYTES ? need :
	    COPY_BYTES) == NULL ? NULL : &copy->text;
}

/* A value that should be an event, in any spelling. */
static void
read_event(struct ml_batch *b, struct ml_batch_item *item)
{
	struct ml_event e;
	struct ml_buf *copy;

	if ((item->exact = ml_event_read_quick(&item->e, item->text))) {
		verify(b, item);
		return;
	}
	item->why = ml_event_read(&e, item->text, &b->scratch);
	if (item->why != NULL) {
		b->failed |= item->why == ML_NO_MEMORY;
		item->kind = ML_BATCH_BROKEN;
	} else if ((copy = room_for(b, &e)) == NULL)
		b->failed = 1;
	else {
		ml_event_copy(&item->e, &e, copy);
		verify(b, item);
	}
}

/*
 * The quick way through a message: 1 if there is nothing in the line but that,
 * of canonical events, as we write it; 0 if walk() must say, of all of it.
 */
static int
read_message(struct ml_batch *b, const struct ml_batch_line *l,
    struct ml_slice line)
{
	static const char begin[] = ML_MESSAGE_BEGIN;
	const char *p = line.p, *end = p + line.len;
	struct ml_batch_item *item;
	struct ml_event e;
	size_t from = b->items, n;

	/* of a long one there may be too much */
	if (line.len < sizeof begin - 1 || line.len > ML_BATCH_BYTES ||
	    memcmp(p, begin, sizeof begin - 1) != 0)
		return 0;
	p += sizeof begin - 2;
	do {
		p++;			/* the bracket, or a comma */
		if ((n = ml_event_span(&e, p, end)) == 0 || (item = next_item(b,
		    l, (struct ml_slice){ p, n })) == NULL)
			break;
		item->e = e;
		item->exact = 1;
		item->end = l->offset + line.len;
		item->in_message = b->items - from;
		p += n;
	} while (p < end && *p == ',');
	if (n == 0 || !ml_slice_is((struct ml_slice){ p, (size_t)(end - p) },
	    ML_MESSAGE_END)) {
		b->items = from;
		return 0;
	}
	for (; from < b->items; from++)
		verify(b, &b->item[from]);
	return 1;
}

/* What is neither one canonical event nor a message of such: 1, or 0 if there
 * is too much of it for now. */
static int
walk(struct ml_batch *b, const struct ml_batch_line *l, struct ml_slice line)
{
	struct ml_items *items = &b->rest;
	const char *end = line.p + line.len;
	struct ml_batch_item *item;
	struct ml_item found;

	if (items->p == NULL)
		*items = ml_items_of(line);
	while (b->items < ML_BATCH_ITEMS) {
		if (ml_items_next(items, &found) == ML_ITEM_END) {
			items->p = NULL;
			return 1;
		}
		if ((item = next_item(b, l, found.text)) == NULL)
			return 0;
		item->in_message = found.in_message;
		item->end = l->offset + (ml_json_skip_blanks(items->p, end) ==
		    end ? line.len : (size_t)(items->p - line.p));
		if (found.kind == ML_ITEM_EVENT)
			read_event(b, item);
		else {
			item->kind = ML_BATCH_BROKEN;
			item->why = found.why;
			b->failed |= found.why == ML_NO_MEMORY;
		}
	}
	return 0;
}

/* 1, or 0 if there is more of it than may be read now. */
static int
read_line(struct ml_batch *b, const struct ml_batch_line *l)
{
	struct ml_slice line = { b->text.p + l->from, l->len };
	struct ml_batch_item *item;

	if (l->why == NULL && !l->known && l->len == 0)
		return 1;
	if (b->rest.p != NULL)
		return walk(b, l, line);
	if (b->items >= ML_BATCH_ITEMS ||
	    (item = next_item(b, l, line)) == NULL)
		return 0;
	if (l->why != NULL) {
		item->kind = ML_BATCH_BROKEN;
		item->why = l->why;
		item->len = l->skipped;
		item->end = l->offset + l->skipped;
	} else if (l->known)
		item->kind = ML_BATCH_KNOWN;
	else if ((item->exact = ml_event_read_quick(&item->e, line)))
		verify(b, item);
	else {
		b->items--;
		return read_message(b, l, line) || walk(b, l, line);
	}
	return 1;
}

void
ml_batch_work(void *batch)
{
	struct ml_batch *b = batch;

	while (b->at < b->lines && !b->failed && read_line(b, &b->line[b->at]))
		b->at++;
}

int
ml_batch_has_more(const struct ml_batch *b)
{
	return b->at < b->lines;
}

void
ml_batch_go_on(struct ml_batch *b)
{
	drop_copies(b);
	b->items = 0;
	ml_batch_work(b);
}

void
ml_batch_read_known(struct ml_batch *b, struct ml_batch_item *item)
{
	item->kind = ML_BATCH_EVENT;
	read_event(b, item);
}

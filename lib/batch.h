/*
 * batch - lines gathered, and the events in them read and verified: what a
 * crew does.  One thread adds lines, then any one thread works; nobody else
 * touches the batch meanwhile.  Pure.
 */
#ifndef ML_BATCH_H
#define ML_BATCH_H
#include "buf.h"
#include "event.h"
#include "lines.h"
#include "message.h"

#define ML_BATCH_BYTES (256 * 1024)	/* of lines; one longer goes alone */
#define ML_BATCH_LINES 2048		/* however short */
#define ML_BATCH_ITEMS 4096		/* at a time */

enum ml_batch_kind {
	/* Read: its id is right and its record known, or why is set. */
	ML_BATCH_EVENT,
	ML_BATCH_BROKEN,		/* why says what is wrong with it */
	ML_BATCH_KNOWN			/* a line that was added as known */
};

struct ml_batch_item {
	enum ml_batch_kind kind;
	const char *why;		/* static; of an event that was altered */
	struct ml_event e;		/* borrows from the batch */
	struct ml_slice text;		/* as it came; empty of a line too long */
	uint64_t line;			/* its number */
	uint64_t offset, len;		/* where text stands in the input, bytes */
	/* Behind the text, the message that it came in and blanks that end the
	 * line: as far as all is good, if this is. */
	uint64_t end;
	int exact;			/* text is its wire form, as we write it */
	unsigned long in_message;	/* its place in a message, from 1; else 0 */
};

struct ml_batch_line;
struct ml_batch_copy;

struct ml_batch {
	struct ml_buf text;		/* of the lines, glued */
	struct ml_batch_line *line;
	size_t lines, line_room;
	struct ml_batch_item *item;	/* in order, once it was worked on */
	size_t items, item_room;
	size_t at;			/* the line that is next */
	struct ml_items rest;		/* of that, if some of it was read */
	struct ml_batch_copy *copy;	/* of what is not canonical in text */
	struct ml_buf scratch, body;
	int failed;			/* memory ran out: nothing in it counts */
};

void ml_batch_free(struct ml_batch *b);		/* leaves an empty one */
void ml_batch_clear(struct ml_batch *b);	/* keeps most of the memory */
/* Whether a line of so many bytes should wait for the next batch. */
int ml_batch_full(const struct ml_batch *b, size_t len);
/* A line without its newline: its number, and its offset in the input. */
void ml_batch_add(struct ml_batch *b, struct ml_slice line, uint64_t number,
    uint64_t offset);
/* One that need not be read: it comes back as it is, in its turn. */
void ml_batch_add_known(struct ml_batch *b, struct ml_slice line,
    uint64_t number, uint64_t offset);
/* One of so many bytes that cannot be read, for a static reason. */
void ml_batch_add_broken(struct ml_batch *b, const char *why, uint64_t number,
    uint64_t offset, uint64_t len);
/* Read and verify: what a crew calls, with the struct ml_batch. */
void ml_batch_work(void *batch);
/* Whether there are more items than that: there is no end to those of a line. */
int ml_batch_has_more(const struct ml_batch *b);
/* Read and verify those, in the place of the ones that are there. */
void ml_batch_go_on(struct ml_batch *b);
/* An item that was added as known, to be read after all. */
void ml_batch_read_known(struct ml_batch *b, struct ml_batch_item *item);
#endif

/*
 * message - what stands on a line: events bare or in anti-entropy messages,
 * the seed's protocol.  Pure.  Source: meshlog-log(5).
 *
 * A line is read for what is whole in it.  Two values glued together (a file
 * without a last newline, appended to) both count; where a line breaks, that
 * is one item with its reason, and whole events behind the break still count.
 */
#ifndef ML_MESSAGE_H
#define ML_MESSAGE_H
#include "buf.h"

#define ML_LINE_MAX (16 * 1024 * 1024)	/* bytes of one input line */
#define ML_MESSAGE_EVENTS 32		/* events in a message that we write */
#define ML_MESSAGE_BEGIN "{\"t\":\"events\",\"e\":["	/* as we write it */
#define ML_MESSAGE_END "]}"
#define ML_SALVAGE_MAX (1024 * 1024)	/* bytes read in vain behind a break */

enum ml_item_kind {
	ML_ITEM_END,
	ML_ITEM_EVENT,			/* text is a JSON value, to be read */
	ML_ITEM_BROKEN			/* why says what is wrong with text */
};

struct ml_item {
	enum ml_item_kind kind;
	struct ml_slice text;
	const char *why;
	unsigned long in_message;	/* its place in a message, from 1; else 0 */
};

struct ml_items {
	const char *p, *end;
	struct ml_slice rest;		/* of the list of a message */
	unsigned long in_message;
	int broken;			/* a break was told: salvage the rest */
	size_t wasted;			/* bytes read in vain to salvage */
};

struct ml_items ml_items_of(struct ml_slice line);
/* Frontier messages, and kinds of message that we do not know, are no items. */
enum ml_item_kind ml_items_next(struct ml_items *it, struct ml_item *item);

/* What a line is, as far as those who exchange messages go. */
enum ml_message_kind {
	ML_MESSAGE_ITEMS,		/* for ml_items_of(): it has, or should
					 * have had, events in it */
	ML_MESSAGE_FRONTIER,		/* for ml_frontier_read() */
	ML_MESSAGE_DONE,		/* its sender has sent all */
	ML_MESSAGE_OTHER		/* nothing that we know: no matter */
};

/* The kind of a line.  Of one that says it is done, *taken is how many of our
 * events its sender has taken, -1 if it does not say. */
enum ml_message_kind ml_message_kind(struct ml_slice line, int64_t *taken);
/* Append the message that all was sent, when so many were taken. */
void ml_message_done(struct ml_buf *out, int64_t taken);

/*
 * Write messages of events: begin one or go on with it, at most
 * ML_MESSAGE_EVENTS to one, with a comma between two; then end it.
 */
void ml_message_begin(struct ml_buf *out);
void ml_message_end(struct ml_buf *out);
#endif

/*
 * draft - an event to be: its kind and its payload, canonical, which lie in a
 * text of the caller's, many of them behind each other.  Pure.
 * Source: ml-emit(1).
 */
#ifndef ML_DRAFT_H
#define ML_DRAFT_H
#include "buf.h"

struct ml_draft {			/* offsets into the text, bytes */
	size_t kind, kind_len;		/* the inside of a canonical string */
	size_t payload, payload_len;	/* canonical JSON */
};

/*
 * Append what a line {"kind":..,"payload":..} says, in any spelling.  NULL, or
 * a static reason, and text is as it was.
 */
const char *ml_draft_read(struct ml_draft *d, struct ml_slice line,
    struct ml_buf *text);
/* Append a kind, which is UTF-8, and a payload that is canonical; likewise. */
const char *ml_draft_make(struct ml_draft *d, const char *kind,
    struct ml_slice payload, struct ml_buf *text);
/* They borrow from the text. */
struct ml_slice ml_draft_kind(const struct ml_draft *d,
    const struct ml_buf *text);
struct ml_slice ml_draft_payload(const struct ml_draft *d,
    const struct ml_buf *text);
#endif

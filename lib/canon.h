/*
 * canon - JSON text and its canonical form.
 *
 * The form, which ids are hashed over, is exactly what Python's
 * json.dumps(x, sort_keys=True, separators=(",",":")) writes: object keys
 * sorted by code point and the last of equal keys kept, no blanks, printable
 * ASCII raw and everything else \uXXXX, numbers as in number.h.  It is ASCII,
 * and one value has one spelling, so equal text is equal value.
 *
 * No recursion: depth is a counter with a limit.  Time is linear in the text,
 * times the depth at the most where keys must be put in order.  Pure.
 * Source: RFC 8259; tests/vectors/canonical.jsonl; meshlog-log(5).
 */
#ifndef ML_CANON_H
#define ML_CANON_H
#include "buf.h"

#define ML_JSON_DEPTH_MAX 520	/* levels in one input line */

/*
 * The JSON value at *at, blanks before it skipped: check it and move *at
 * behind it.  NULL, or a static reason and *at where it went wrong.
 */
const char *ml_canon_skip(const char **at, const char *end, unsigned depth_max);
/* The same, and append its canonical form to out (which may hold a part of it
 * after an error). */
const char *ml_canon_write(const char **at, const char *end,
    unsigned depth_max, struct ml_buf *out);
/*
 * The quick way: the length of the value at p when it stands there in
 * canonical form already, else 0 (then the slow way decides).
 */
size_t ml_canon_span(const char *p, const char *end, unsigned depth_max);

/* Append canonical JSON in the layout of Python's indent=2, its first line
 * standing depth levels deep. */
void ml_canon_indent(struct ml_buf *out, struct ml_slice value, unsigned depth);
#endif

/*
 * jstring - JSON strings in canonical form: printable ASCII raw, the rest as
 * escapes in one spelling.  "Inside" is such a string without its quotes; one
 * text has one inside, so equal insides are equal texts.  Lone surrogates,
 * which UTF-8 cannot have, stand there as escapes.  Pure.
 * Source: canon.h; RFC 8259, section 7.
 */
#ifndef ML_JSTRING_H
#define ML_JSTRING_H
#include "buf.h"
#include "scan.h"

/* Append text, which must be UTF-8, with quotes; else a static reason. */
const char *ml_jstring_write(struct ml_buf *out, const char *text, size_t len);
/* Append one code point as it stands inside. */
void ml_jstring_put(struct ml_buf *out, uint32_t cp);
/* The first code point of an inside (len > 0), a lone surrogate as itself;
 * returns how many bytes it takes there. */
size_t ml_jstring_get(const char *p, size_t len, uint32_t *cp);
/* Order two insides by code point: <0, 0, >0. */
int ml_jstring_compare(struct ml_slice a, struct ml_slice b);
/* What ml_jstring_span() comes to where at is the first that is not raw. */
size_t ml_jstring_span_from(const char *p, const char *at, const char *end);
/* Four hex digits at p: 1 and their value, else 0. */
int ml_jstring_hex4(const char *p, const char *end, uint32_t *v);

/* The length of the canonical string at p, quotes included, else 0. */
static inline size_t
ml_jstring_span(const char *p, const char *end)
{
	const char *at;

	if (p == end || *p != '"')
		return 0;
	at = ml_scan_raw(p + 1, end);
	if (at < end && *at == '"')
		return (size_t)(at + 1 - p);
	return ml_jstring_span_from(p, at, end);
}
#endif

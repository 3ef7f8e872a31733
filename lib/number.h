/*
 * number - JSON numbers, and the one spelling that ids are hashed over.
 *
 * An integer keeps its digits (-0 is 0); a number with a point or an exponent
 * is an IEEE 754 double and is written with the fewest digits that read back
 * as the same double, the nearest of those, in Python's notation: an exponent
 * below 1e-4 and from 1e16 up.  Needs the "C" numeric locale.  Pure.
 * Source: RFC 8259, section 6; Steele and White, PLDI 1990.
 */
#ifndef ML_NUMBER_H
#define ML_NUMBER_H
#include "buf.h"

#define ML_INTEGER_DIGITS_MAX 4300
#define ML_INT_MAX (INT64_C(1) << 53)	/* what seqs and clock parts reach */

/*
 * The number that starts at p.  Returns NULL and its length in *len, or a
 * static reason.  *canonical is a quick yes: set, the text is its own canonical
 * form; unset, ml_number_write() must say.
 */
const char *ml_number_scan(const char *p, const char *end, size_t *len,
    int *canonical);
/* Append the canonical form of a number that ml_number_scan() took; with out
 * NULL only see that it has one.  NULL, or a static reason. */
const char *ml_number_write(const char *p, size_t len, struct ml_buf *out);
/* The length of the canonical number at p, else 0. */
size_t ml_number_span(const char *p, const char *end);
/* An integer literal within -2^53 .. 2^53, else 0 is returned. */
int ml_number_int(struct ml_slice s, int64_t *v);
#endif

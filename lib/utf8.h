/*
 * utf8 - code points out of bytes and into them.
 * Source: RFC 3629; overlong forms, surrogates and what lies beyond U+10FFFF
 * are not UTF-8.  Pure.
 */
#ifndef ML_UTF8_H
#define ML_UTF8_H
#include <stddef.h>
#include <stdint.h>

#define ML_UTF8_LEN_MAX 4	/* bytes of one code point */

/* Length in bytes of the code point at p (p < end), 0 if there is none. */
size_t ml_utf8_get(const char *p, const char *end, uint32_t *cp);
/* Write cp, a lone surrogate too (then it is no UTF-8); returns its length. */
size_t ml_utf8_put(char to[ML_UTF8_LEN_MAX], uint32_t cp);
/* Whether all of it is UTF-8. */
int ml_utf8_valid(const char *p, size_t len);
#endif

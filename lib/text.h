/*
 * text - a peer's bytes made safe to print on a terminal.
 *
 * Letters of every script stay readable.  Control characters (C0, DEL, C1),
 * what reorders or hides text (bidi marks and overrides, line and paragraph
 * separators, tags, U+FEFF) and lone surrogates come out as \uXXXX or
 * \u{XXXXX}, bytes that are no UTF-8 as \xNN, and a backslash is doubled.  So
 * no output holds an escape sequence, a tab or a newline of a peer's.  Pure.
 */
#ifndef ML_TEXT_H
#define ML_TEXT_H
#include "buf.h"

/* Whether a code point must not reach a terminal as it is. */
int ml_text_is_unsafe(uint32_t cp);
/* Append bytes from anywhere. */
void ml_text_bytes(struct ml_buf *out, const char *p, size_t len);
/* Append the inside of a canonical string. */
void ml_text_canon(struct ml_buf *out, struct ml_slice inside);
/* Append milliseconds since 1970 as 2026-11-20T05:47:34.123Z (any year). */
void ml_text_time(struct ml_buf *out, int64_t ms);
#endif

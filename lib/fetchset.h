/*
 * fetchset - what people write of fetches: values of options that have parts, and
 * lines of addresses.  Pure.  Each but ml_fetchset_file() returns NULL, or why it
 * is none, a static text, and then nothing is set.
 */
#ifndef ML_FETCHSET_H
#define ML_FETCHSET_H
#include "fetch.h"

#define ML_FETCHSET_SECONDS_MAX 1e7

/* A percentage, "full" or "decorrelated". */
const char *ml_fetchset_jitter(struct ml_backoff *b, const char *text);
/* BYTES/SECONDS; text is split. */
const char *ml_fetchset_stall(struct ml_fetch_options *o, char *text);
/* 64 hex digits. */
const char *ml_fetchset_sha256(uint8_t hash[static 32], const char *text);
/* A file's name, or NULL where it stands for standard output. */
const char *ml_fetchset_file(const char *name);
/* An address, or an address, a tab and a file: t borrows line, which is split and
 * has a NUL at len.  An empty line is an empty address. */
const char *ml_fetchset_target(struct ml_fetch_target *t, char *line,
    size_t len);
#endif

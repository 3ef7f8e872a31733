/*
 * httpstate - what a file holds of a body, kept beside it as lines of
 * "Name: value": which request it answers, its validators, its size.  Pure.
 */
#ifndef ML_HTTPSTATE_H
#define ML_HTTPSTATE_H
#include "http.h"

#define ML_HTTPSTATE_MAX 4096		/* bytes of such a file; longer is none */
#define ML_HTTPSTATE_REQUEST 64		/* hex digits: a SHA-256 */
#define ML_HTTPSTATE_BOOT 36		/* bytes of a boot's name */

struct ml_httpstate {
	char request[ML_HTTPSTATE_REQUEST + 1];
	char boot[ML_HTTPSTATE_BOOT + 1];	/* of a part: written in it */
	struct ml_http_validators validators;
	int64_t size;			/* bytes that are on the disk; -1 */
};

/* Append its lines. */
void ml_httpstate_write(struct ml_buf *out, const struct ml_httpstate *s);
/* 1, or 0: it is damaged, and nothing is known.  Unknown lines are ignored. */
int ml_httpstate_read(struct ml_httpstate *s, struct ml_slice text);
#endif

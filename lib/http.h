/*
 * http - what the headers of an answer say.  Pure.
 * Source: RFC 9110 (dates 5.6.7, validators 8.8, Retry-After 10.2.3,
 * Content-Range 14.4), RFC 9112 (header lines 5).
 */
#ifndef ML_HTTP_H
#define ML_HTTP_H
#include "buf.h"

#define ML_HTTP_HEADERS_MAX (64 * 1024)	/* bytes of all headers of an answer */
#define ML_HTTP_VALIDATOR_MAX 1024	/* bytes of an ETag or a date */

struct ml_http_header {
	struct ml_slice name, value;	/* borrowed; without blanks around it */
};

/* bytes first to last of total; -1: it does not say. */
struct ml_http_range {
	int64_t first, last, total;
};

/* Which version of a body it is; an empty text: not said. */
struct ml_http_validators {
	char etag[ML_HTTP_VALIDATOR_MAX + 1];	/* it may lack its quotes */
	char modified[ML_HTTP_VALIDATOR_MAX + 1];
	int64_t modified_s, date_s;	/* of modified, of the answer; -1: none */
};

/* Split a header line, with or without CR LF at its end: 1, or 0: it is none. */
int ml_http_header(struct ml_slice line, struct ml_http_header *h);
/* Whether two names are one, as headers' names are. */
int ml_http_name_is(struct ml_slice name, const char *wanted);
/* A date of any of the three forms: seconds since 1970, or -1: it is none. */
int64_t ml_http_date(struct ml_slice text);
/* Retry-After at a time (s since 1970): seconds to wait, 0 or more; -1: none. */
double ml_http_retry_after(struct ml_slice text, int64_t now);
/* 1, or 0: it is no range of bytes, or one that cannot be. */
int ml_http_content_range(struct ml_slice text, struct ml_http_range *r);
/* Digits alone, below 2^63: the number, or -1. */
int64_t ml_http_number(struct ml_slice text);

/* Nothing is known. */
void ml_http_validators_clear(struct ml_http_validators *v);
/* Take note of a header if it is a validator, and is a good one. */
void ml_http_validators_note(struct ml_http_validators *v,
    const struct ml_http_header *h);
/*
 * What If-Range may name: bytes of two answers that have it are of one body.
 * NULL: there is nothing so strong.
 */
const char *ml_http_strong(const struct ml_http_validators *v);
/* A header line that is to be sent: NULL, or why it cannot be. */
const char *ml_http_header_check(const char *line);
#endif

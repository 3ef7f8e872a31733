/*
 * httpurl - addresses as they are given, and as they may be shown.  Pure.
 * Source: RFC 3986; RFC 9110 4.2.
 */
#ifndef ML_HTTPURL_H
#define ML_HTTPURL_H
#include "buf.h"

#define ML_HTTPURL_MAX 8192		/* bytes */

/* NULL, or why it is no address that can be fetched. */
const char *ml_httpurl_check(struct ml_slice url);
/* Append it without what stands before an @: names and passwords. */
void ml_httpurl_shown(struct ml_buf *out, struct ml_slice url);
/* Append whose it is, as host or host:port, in lower case. */
void ml_httpurl_host(struct ml_buf *out, struct ml_slice url);
#endif

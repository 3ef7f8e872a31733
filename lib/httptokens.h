/*
 * httptokens - what is left to spend on retries to each host, as the lines
 * "TOKENS HOST" of a file that all runs share, the host used last at its end.
 * Pure.  Source: gRPC proposal A6, client retries, throttling.
 */
#ifndef ML_HTTPTOKENS_H
#define ML_HTTPTOKENS_H
#include "buf.h"

#define ML_HTTPTOKENS_FULL 10		/* of a host that has no line */
#define ML_HTTPTOKENS_HOSTS_MAX 256	/* lines; then the oldest goes */
#define ML_HTTPTOKENS_MAX (64 * 1024)	/* bytes of the file; longer is none */

/* What a host has, 0 to ML_HTTPTOKENS_FULL. */
int ml_httptokens_get(struct ml_slice text, struct ml_slice host);
/* Append the file with another number for this host.  Lines that are none are
 * left out. */
void ml_httptokens_set(struct ml_buf *out, struct ml_slice text,
    struct ml_slice host, int tokens);
#endif

/*
 * fetch - bodies fetched by HTTP from servers and over links that fail, by
 * libcurl.  What is cut goes on where it was cut, and is whole and of one version
 * when it is in place, or it is not put there.  Source: ml-fetch(1).
 */
#ifndef ML_FETCH_H
#define ML_FETCH_H
#include "backoff.h"
#include "httpurl.h"
#include "keywords.h"

#define ML_FETCH_PARALLEL_MAX 256	/* at once */
#define ML_FETCH_RETRIES_MAX 1000
#define ML_FETCH_REDIRECTS_MAX 50
#define ML_FETCH_POST_MAX (64 * 1024 * 1024)	/* bytes to send */
#define ML_FETCH_HEADERS_MAX 64		/* lines to send */
#define ML_FETCH_ERROR_MAX (64 * 1024)	/* bytes read of an error's body */
#define ML_FETCH_PROGRESS_MIN 1024	/* bytes: tries that bring so many are
					 * no failures that count */

struct ml_fetch_options {
	struct ml_backoff backoff;
	unsigned retries, redirects, parallel;
	double slow_ms;
	double timeout, deadline;	/* seconds; 0: none */
	uint64_t stall_bytes;		/* in stall_seconds, or it stalls */
	double stall_seconds;		/* 0: whatever it does */
	double patience;		/* seconds that Retry-After may ask for */
	uint64_t max_size;		/* bytes */
	const char *const *keyword;
	size_t keywords;
	const char *const *header;	/* lines */
	size_t headers;
	const struct ml_slice *post;	/* NULL: GET */
	const uint8_t *sha256;		/* 32 bytes, or NULL */
	const char *cacert, *cert, *key, *budget;	/* files, or NULL */
	int idempotent, conditional, resume;
	uint64_t seed;
	int stop_fd;			/* readable: stop */
};

struct ml_fetch_target {
	const char *url;		/* that ml_httpurl_check() likes */
	const char *file;		/* NULL: standard output */
};

/* In the order in which they come, for each URL. */
enum ml_fetch_what {
	ML_FETCH_SUCCESS,		/* status, latency_ms */
	ML_FETCH_SLOW,			/* latency_ms */
	ML_FETCH_MATCH,			/* keyword */
	ML_FETCH_CLIENT_ERROR,		/* status */
	ML_FETCH_SERVER_ERROR,		/* status, attempt */
	ML_FETCH_TIMEOUT,		/* attempt, timeout_s */
	ML_FETCH_CONNECTION_ERROR,	/* attempt, reason */
	ML_FETCH_RETRY,			/* attempt, wait_ms, reason, asked_ms */
	ML_FETCH_MAX_RETRIES,		/* attempt: how many, reason */
	ML_FETCH_FAILED,		/* reason: not one of the server's */
	ML_FETCH_END			/* outcome; status, if an answer was the
					 * end; reason, error; attempt: how many */
};

enum ml_fetch_outcome {
	ML_FETCH_DONE,
	ML_FETCH_NEVER,			/* trying again is useless */
	ML_FETCH_LATER,			/* trying again may help */
	ML_FETCH_MISSET,		/* a certificate or key given is no good */
	ML_FETCH_SYSTEM			/* here; error is its errno */
};

struct ml_fetch_event {
	enum ml_fetch_what what;
	const char *url;		/* as given, without a password */
	int status;
	unsigned attempt;		/* from 1 */
	double latency_ms, wait_ms, timeout_s;
	double asked_ms;		/* by Retry-After; -1: nothing */
	const char *keyword;
	const char *reason;		/* safe to print */
	enum ml_fetch_outcome outcome;
	int error;
};

struct ml_fetch_user {
	void *arg;
	/* The next address, valid until the next call: 1, 0: no more, -1: stdin
	 * has nothing yet. */
	int (*next)(void *arg, struct ml_fetch_target *t);
	void (*tell)(void *arg, const struct ml_fetch_event *e);
	/* Bytes of bodies so far, of how many as far as is known; or NULL. */
	void (*progress)(void *arg, uint64_t bytes, uint64_t of);
};

/* Before anything else of libcurl, and before a sandbox: 0, or -1. */
int ml_fetch_init(void);
/* Fetch all.  0, or -1: no memory, or nothing can be told any more (errno). */
int ml_fetch_run(const struct ml_fetch_options *o,
    const struct ml_fetch_user *user);
#endif

/*
 * fetchwork - what the files of fetch share, and nobody else.
 *
 * A job is one address: it is tried, waits, is tried again, and ends.  A try is
 * one request, or several where it is redirected.
 */
#ifndef ML_FETCHWORK_H
#define ML_FETCHWORK_H
#include <curl/curl.h>

#include "fetch.h"
#include "fetchout.h"

#define WINDOW_PARTS 8

enum job_state {
	JOB_FREE,
	JOB_RUNS,
	JOB_WAITS,			/* to be tried again */
	JOB_POURS			/* for its turn on standard output */
};

/* What the answer under way says. */
struct answer {
	int status;			/* 0: none yet */
	int is_body;			/* its headers are over */
	int drop_body;			/* it is not what was asked for */
	char retry_text[64];
	double retry_after;		/* seconds; -1 */
	int64_t length;			/* of the body; -1 */
	int is_coded;			/* its length is not what it says */
	int has_range;
	struct ml_http_range range;
	struct ml_http_validators validators;
	uint64_t dropped;		/* bytes */
};

struct job {
	struct engine *engine;
	enum job_state state;
	CURL *easy;
	struct curl_slist *headers;
	char *url, *user, *password;	/* as it is asked for; owned */
	char *shown, *host, *file;
	char *at;			/* where a redirect has led; or NULL */
	int is_elsewhere;		/* that is another's */
	uint64_t order;
	struct ml_fetchout out;
	struct ml_httpstate part;	/* what out holds */
	struct ml_httpstate file_is;	/* what FILE is, if is_known */
	int is_known;
	int64_t total;			/* bytes of the body; -1 */
	char idempotency[33];
	uint8_t unwanted[SHA256_DIGEST_SIZE];	/* hash that it had */
	int is_unwanted;

	unsigned attempt;		/* from 1 */
	unsigned since;			/* retries since there was progress */
	unsigned hops;
	int is_on;			/* the line */
	int is_get_now;			/* a redirect made it one */
	int no_range, asks_range;
	char *location;			/* that the answer names; owned */
	uint64_t most_held;		/* of it: more is progress */
	unsigned anew;			/* how often that began anew */
	double last_wait_ms, due;	/* when it is tried again, s */
	double deadline;		/* s; 0: none */
	double began, blocked;		/* of this try; engine's blocked then */
	uint64_t bytes;			/* of this try, headers and all */
	uint64_t window[WINDOW_PARTS];	/* the same, at each part of the */
	unsigned parts;			/* last --stall seconds */
	double part_began;
	size_t header_bytes;
	struct answer answer;
	const char *refused;		/* why we ended it; static */
	int is_final;			/* and it is the end of all tries: */
	enum ml_fetch_outcome outcome;	/* of this kind */
	int error;			/* what failed here: errno */
	char said[CURL_ERROR_SIZE];	/* by libcurl */
	double latency_ms;		/* of what pours */
};

struct engine {
	const struct ml_fetch_options *o;
	const struct ml_fetch_user *user;
	CURLM *multi;
	struct job *job;		/* all of them */
	size_t jobs;
	unsigned busy;			/* not free */
	uint64_t orders;
	int no_more, must_wait;		/* addresses */
	int stopped;
	int broken;			/* errno of what all need */
	double blocked;			/* seconds in writes that waited */
	uint64_t dice, bytes;
	char boot[ML_HTTPSTATE_BOOT + 1];
};

/* fetchjob: a job begins, its try is over, its time has come. */
int ml_fetchjob_begin(struct engine *f, struct job *j,
    const struct ml_fetch_target *t);
void ml_fetchjob_over(struct job *j, CURLcode code);
void ml_fetchjob_check(struct job *j);
void ml_fetchjob_stop(struct job *j);
void ml_fetchjob_pour(struct job *j);
/* When it is to be looked at again, s. */
double ml_fetchjob_when(const struct job *j);
/* fetchend: what comes of a try. */
void ml_fetchend_success(struct job *j);
void ml_fetchend_unchanged(struct job *j);
void ml_fetchend_status(struct job *j);
void ml_fetchend_timeout(struct job *j, double seconds);
void ml_fetchend_connection(struct job *j, const char *why);
void ml_fetchend_refused(struct job *j, const char *why,
    enum ml_fetch_outcome outcome);
void ml_fetchend_system(struct job *j, const char *file);
/* fetchask: put the next request on the line, take it off. */
int ml_fetchask(struct job *j);
void ml_fetchask_off(struct job *j);
/* Follow a redirect: NULL, or why not. */
const char *ml_fetchask_follow(struct job *j);
/* Whether it may be sent twice, as a POST need not. */
int ml_fetchask_is_safe(const struct job *j);
/* Why a stream cannot be gone on with. */
extern const char ML_FETCH_CHANGED[];
/* fetchanswer: whether the answer is of another version than what is held; and
 * libcurl's callbacks. */
int ml_fetchanswer_is_changed(const struct job *j);
size_t ml_fetchanswer_header(char *p, size_t size, size_t n, void *job);
size_t ml_fetchanswer_body(char *p, size_t size, size_t n, void *job);
/* fetchbudget: take a token: 1; 0: there is none; -1 with errno. */
int ml_fetchbudget_take(const char *path, const char *host);
int ml_fetchbudget_give(const char *path, const char *host);
#endif

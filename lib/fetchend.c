/* fetchend - what comes of a try: an end, or another one */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fetchwork.h"
#include "text.h"

#define REASON_LEN 4096			/* bytes of one that is shown */

static struct ml_fetch_event
event(const struct job *j, enum ml_fetch_what what)
{
	return (struct ml_fetch_event){ .what = what, .url = j->shown,
	    .attempt = j->attempt, .status = j->answer.status,
	    .latency_ms = round(j->latency_ms * 10) / 10, .asked_ms = -1 };
}

static void
tell(struct job *j, const struct ml_fetch_event *e)
{
	const struct ml_fetch_user *user = j->engine->user;

	user->tell(user->arg, e);
}

static void
tell_of(struct job *j, enum ml_fetch_what what, const char *reason)
{
	struct ml_fetch_event e = event(j, what);

	e.reason = reason;
	tell(j, &e);
}

/* What is held is put away, or left for another run. */
static void
end(struct job *j, enum ml_fetch_outcome outcome, int status,
    const char *reason, int error)
{
	struct ml_fetch_event e = event(j, ML_FETCH_END);

	e.outcome = outcome;
	e.status = status;
	e.reason = reason;
	e.error = error;
	tell(j, &e);
	j->state = JOB_FREE;
}

static void
refuse(struct job *j, const char *why, enum ml_fetch_outcome outcome,
    int status)
{
	if (outcome == ML_FETCH_NEVER)
		ml_fetchout_drop(&j->out);
	else if (ml_fetchout_keep(&j->out, &j->part) == -1) {
		ml_fetchend_system(j, NULL);
		return;
	}
	tell_of(j, ML_FETCH_FAILED, why);
	end(j, outcome, status, why, 0);
}

void
ml_fetchend_refused(struct job *j, const char *why,
    enum ml_fetch_outcome outcome)
{
	refuse(j, why, outcome, 0);
}

/* Stopped while it was written, or what we write to is no good. */
void
ml_fetchend_system(struct job *j, const char *file)
{
	int error = errno;
	char reason[REASON_LEN];
	struct ml_buf shown = { 0 };

	if (error == EINTR) {
		j->engine->stopped = 1;
		ml_fetchend_refused(j, "stopped", ML_FETCH_LATER);
		return;
	}
	(void)ml_fetchout_keep(&j->out, &j->part);
	if (file == NULL)
		file = j->out.shown != NULL ? j->out.shown : j->file;
	if (error == ENOMEM)
		j->engine->broken = error;
	if (j->file == NULL && file == j->out.shown)
		j->engine->stopped = 1;	/* what all write to */
	if (file != NULL)
		ml_text_bytes(&shown, file, strlen(file));
	snprintf(reason, sizeof reason, "%.*s: %s", (int)shown.len,
	    shown.len > 0 ? shown.p : "", error == EAGAIN ?
	    "another run is writing it" : strerror(error));
	ml_buf_free(&shown);
	tell_of(j, ML_FETCH_FAILED, reason);
	end(j, ML_FETCH_SYSTEM, 0, reason, error);
}

/* A token for a retry, if tokens are counted: 1, or 0; -1 with errno. */
static int
take_token(struct job *j)
{
	const char *budget = j->engine->o->budget;

	return budget == NULL ? 1 : ml_fetchbudget_take(budget, j->host);
}

static double
wait_ms(struct job *j)
{
	const struct ml_fetch_options *o = j->engine->o;
	double ms = ml_backoff_ms(&o->backoff, j->since, j->last_wait_ms,
	    &j->engine->dice);
	double asked = j->answer.is_body ? j->answer.retry_after : -1;

	return fmax(ms, fmin(asked, o->patience) * 1000);
}

static void
wait_for_retry(struct job *j, const char *what, double ms)
{
	struct ml_fetch_event e;

	j->last_wait_ms = ms;
	j->since++;
	j->due = ml_fetch_now() + ms / 1000;
	j->state = JOB_WAITS;
	e = event(j, ML_FETCH_RETRY);
	e.attempt++;
	e.wait_ms = round(ms * 10) / 10;
	e.reason = what;
	if (j->answer.is_body && j->answer.retry_after >= 0)
		e.asked_ms = j->answer.retry_after * 1000;
	tell(j, &e);
}

static void
exhausted(struct job *j, const char *why, int status)
{
	if (ml_fetchout_keep(&j->out, &j->part) == -1) {
		ml_fetchend_system(j, NULL);
		return;
	}
	tell_of(j, ML_FETCH_MAX_RETRIES, why);
	end(j, ML_FETCH_LATER, status, why, 0);
}

/* It could be tried again, but for this. */
static void
leave(struct job *j, const char *why, const char *but, int status)
{
	char reason[REASON_LEN];

	snprintf(reason, sizeof reason, "%s: %s", why, but);
	refuse(j, reason, ML_FETCH_LATER, status);
}

/* The try has failed: what is the kind of failure, why the reason. */
static void
try_again(struct job *j, const char *what, const char *why, int status)
{
	const struct ml_fetch_options *o = j->engine->o;
	int is_progress = j->out.held >= j->most_held + ML_FETCH_PROGRESS_MIN;
	int rc = 1;
	double ms;

	if (is_progress) {
		j->since = 0;
		j->most_held = j->out.held;
	}
	if (!ml_fetchask_is_safe(j)) {
		leave(j, why, "not sent again: the server may have taken it; "
		    "see --idempotent", status);
		return;
	}
	if (j->since >= o->retries) {
		exhausted(j, why, status);
		return;
	}
	ms = wait_ms(j);
	if (j->deadline > 0 && ml_fetch_now() + ms / 1000 >= j->deadline)
		leave(j, why, "not done by the deadline", status);
	else if (!is_progress && (rc = take_token(j)) == -1)
		ml_fetchend_system(j, o->budget);
	else if (rc == 0)
		leave(j, why, "no retries are left for its host by --budget",
		    status);
	else
		wait_for_retry(j, what, ms);
}

void
ml_fetchend_timeout(struct job *j, double seconds)
{
	struct ml_fetch_event e = event(j, ML_FETCH_TIMEOUT);
	char why[REASON_LEN];

	e.timeout_s = round(seconds * 1000) / 1000;
	tell(j, &e);
	snprintf(why, sizeof why, "timeout after %g s", e.timeout_s);
	try_again(j, "timeout", why, 0);
}

void
ml_fetchend_connection(struct job *j, const char *why)
{
	struct ml_buf shown = { 0 };
	char reason[REASON_LEN];

	ml_text_bytes(&shown, why, strlen(why));
	snprintf(reason, sizeof reason, "%.*s", (int)shown.len,
	    shown.len > 0 ? shown.p : "");
	ml_buf_free(&shown);
	tell_of(j, ML_FETCH_CONNECTION_ERROR, reason);
	if (!j->is_final) {
		try_again(j, "connection_error", reason, 0);
		return;
	}
	ml_fetchout_drop(&j->out);
	end(j, j->outcome, 0, reason, 0);
}

/* Statuses that say by themselves that it is for now alone. */
static int
is_for_now(int status)
{
	return status == 408 || status == 425 || status == 429;
}

void
ml_fetchend_status(struct job *j)
{
	int status = j->answer.status;
	char why[REASON_LEN];

	snprintf(why, sizeof why, j->refused != NULL ? "HTTP status %d: %s" :
	    "HTTP status %d", status, j->refused);
	tell_of(j, status >= 500 ? ML_FETCH_SERVER_ERROR :
	    ML_FETCH_CLIENT_ERROR, why);
	if (status >= 500)
		try_again(j, "server_error", why, status);
	else if (is_for_now(status) && j->answer.retry_after >= 0)
		try_again(j, "client_error", why, status);
	else {
		ml_fetchout_drop(&j->out);
		end(j, is_for_now(status) ? ML_FETCH_LATER : ML_FETCH_NEVER,
		    status, why, 0);
	}
}

static int
is_wanted(const struct job *j, const uint8_t hash[static SHA256_DIGEST_SIZE])
{
	const uint8_t *wanted = j->engine->o->sha256;

	return wanted == NULL || memcmp(hash, wanted, SHA256_DIGEST_SIZE) == 0;
}

/* It is where it should be. */
static void
tell_success(struct job *j)
{
	const struct ml_fetch_options *o = j->engine->o;
	struct ml_fetch_event e;
	size_t i;

	tell_of(j, ML_FETCH_SUCCESS, NULL);
	if (j->latency_ms > o->slow_ms)
		tell_of(j, ML_FETCH_SLOW, NULL);
	for (i = 0; i < o->keywords; i++)
		if (j->out.words.found >> i & 1) {
			e = event(j, ML_FETCH_MATCH);
			e.keyword = o->keyword[i];
			tell(j, &e);
		}
	end(j, ML_FETCH_DONE, j->answer.status, NULL, 0);
}

/* A server that answers gives its tokens back. */
static int
give_token(struct job *j)
{
	const char *budget = j->engine->o->budget;

	return budget == NULL ? 0 : ml_fetchbudget_give(budget, j->host);
}

void
ml_fetchend_unchanged(struct job *j)
{
	ml_fetchout_drop(&j->out);
	ml_keywords_begin(&j->out.words, NULL, 0);
	if (give_token(j) == -1)
		ml_fetchend_system(j, j->engine->o->budget);
	else
		tell_success(j);
}

/* Put together of parts, or of a length that lies, it may be what no server ever
 * had: all of it once more.  Twice the same is what they have. */
static void
not_wanted(struct job *j, const uint8_t hash[static SHA256_DIGEST_SIZE])
{
	static const char why[] = "its SHA-256 is another than --sha256";
	int is_again = j->is_unwanted &&
	    memcmp(j->unwanted, hash, sizeof j->unwanted) == 0;

	memcpy(j->unwanted, hash, sizeof j->unwanted);
	j->is_unwanted = 1;
	if (is_again || j->out.kind == ML_FETCHOUT_STREAM)
		ml_fetchend_refused(j, why, ML_FETCH_NEVER);
	else if (ml_fetchout_restart(&j->out) == -1)
		ml_fetchend_system(j, NULL);
	else
		ml_fetchend_connection(j, why);
}

void
ml_fetchend_success(struct job *j)
{
	uint8_t hash[SHA256_DIGEST_SIZE];

	ml_fetchout_hash(&j->out, hash);
	if (!is_wanted(j, hash)) {
		not_wanted(j, hash);
		return;
	}
	if (j->out.kind == ML_FETCHOUT_ASIDE && j->state != JOB_POURS) {
		j->state = JOB_POURS;
		return;
	}
	if (ml_fetchout_commit(&j->out, j->engine->o->conditional &&
	    (j->part.validators.etag[0] != '\0' ||
	    j->part.validators.modified[0] != '\0') ? &j->part : NULL) == -1)
		ml_fetchend_system(j, NULL);
	else if (give_token(j) == -1)
		ml_fetchend_system(j, j->engine->o->budget);
	else
		tell_success(j);
}

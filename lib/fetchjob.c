/* fetchjob - an address from its first try to its end */
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#include "fetchwork.h"

/* What the address says of whose it is, apart from it.  0, or -1. */
static int
split(struct job *j, const char *url)
{
	CURLU *u = curl_url();
	char *clean = NULL, *user = NULL, *password = NULL;
	int rc = -1;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		(void)curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE);
		(void)curl_url_get(u, CURLUPART_PASSWORD, &password,
		    CURLU_URLDECODE);
		if (curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_URL, &clean, 0) == CURLUE_OK &&
		    (j->url = strdup(clean)) != NULL)
			rc = 0;
	}
	if (user != NULL)
		j->user = strdup(user);
	if (password != NULL)
		j->password = strdup(password);
	curl_free(clean);
	curl_free(user);
	curl_free(password);
	curl_url_cleanup(u);
	return rc;
}

static char *
text_of(struct ml_buf *b)
{
	ml_buf_byte(b, '\0');
	if (ml_buf_failed(b))
		ml_buf_free(b);
	return b->p;
}

static int
name_it(struct job *j, const struct ml_fetch_target *t)
{
	struct ml_slice url = { t->url, strlen(t->url) };
	struct ml_buf shown = { 0 }, host = { 0 };

	ml_httpurl_shown(&shown, url);
	ml_httpurl_host(&host, url);
	j->shown = text_of(&shown);
	j->host = text_of(&host);
	j->file = t->file != NULL ? strdup(t->file) : NULL;
	return j->shown == NULL || j->host == NULL ||
	    (t->file != NULL && j->file == NULL) ? -1 : 0;
}

static void
to_hex(char *to, const uint8_t *p, size_t n)
{
	(void)sodium_bin2hex(to, 2 * n + 1, p, n);
}

/* What tells this request from others, as far as a body depends on it. */
static void
hash_request(struct job *j)
{
	const struct ml_slice *post = j->engine->o->post;
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, post != NULL ? 5 : 4,
	    (const uint8_t *)(post != NULL ? "POST " : "GET "));
	sha256_update(&ctx, strlen(j->shown) + 1, (const uint8_t *)j->shown);
	if (post != NULL)
		sha256_update(&ctx, post->len, (const uint8_t *)post->p);
	ml_sha256_end(&ctx, hash);
	to_hex(j->part.request, hash, sizeof hash);
}

static void
ask(struct job *j)
{
	if (ml_fetchask(j) == -1) {
		errno = ENOMEM;
		ml_fetchend_system(j, "memory");
	}
}

/* A try begins. */
static void
start(struct job *j)
{
	struct engine *f = j->engine;

	j->attempt++;
	j->state = JOB_RUNS;
	j->hops = 0;
	j->is_elsewhere = j->is_get_now = 0;
	free(j->at);
	j->at = NULL;
	j->bytes = j->window[0] = 0;
	j->parts = 1;
	j->header_bytes = 0;
	j->refused = NULL;
	j->is_final = j->error = 0;
	j->began = j->part_began = ml_fetch_now();
	j->blocked = f->blocked;
	ask(j);
}

int
ml_fetchjob_begin(struct engine *f, struct job *j,
    const struct ml_fetch_target *t)
{
	const struct ml_fetch_options *o = f->o;
	uint8_t key[16];

	j->engine = f;
	j->order = f->orders++;
	j->out.fd = -1;
	j->total = -1;
	ml_http_validators_clear(&j->part.validators);
	memcpy(j->part.boot, f->boot, sizeof j->part.boot);
	if (name_it(j, t) == -1)
		return -1;
	if (split(j, t->url) == -1) {
		if ((j->url = strdup("")) == NULL)
			return -1;
		ml_fetchend_refused(j, "an address that libcurl cannot read",
		    ML_FETCH_NEVER);
		return 0;
	}
	if (o->deadline > 0)
		j->deadline = ml_fetch_now() + o->deadline;
	randombytes_buf(key, sizeof key);
	to_hex(j->idempotency, key, sizeof key);
	hash_request(j);
	if (ml_fetchout_begin(&j->out, j->file, o->keyword, o->keywords,
	    o->stop_fd) == -1 ||
	    (o->resume && ml_fetchout_resume(&j->out, &j->part) == -1)) {
		ml_fetchend_system(j, NULL);
		return 0;
	}
	j->is_known = o->conditional && ml_fetchout_is(&j->out,
	    j->part.request, o->sha256, &j->file_is);
	j->most_held = j->out.held;
	start(j);
	return 0;
}

/* How long the try has lasted, without what others kept us from it. */
static double
elapsed(const struct job *j)
{
	return ml_fetch_now() - j->began - (j->engine->blocked - j->blocked);
}

/* A server may give less than it was asked for, and then the rest; if it does not
 * say how long all of it is, it will when there is no more. */
static int
is_part(const struct job *j)
{
	const struct answer *a = &j->answer;

	return a->status == 206 && (j->total == -1 ||
	    j->out.held < (uint64_t)j->total) &&
	    j->out.held == (uint64_t)a->range.last + 1;
}

/* It came with no error; is it whole? */
static void
succeed(struct job *j)
{
	if (j->out.again > 0)
		ml_fetchend_refused(j, ML_FETCH_CHANGED, ML_FETCH_LATER);
	else if (is_part(j))
		ask(j);
	else if (j->total != -1 && j->out.held < (uint64_t)j->total)
		ml_fetchend_connection(j, "the body was cut");
	else
		ml_fetchend_success(j);
}

static int
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

/* Behind the last byte there is nothing: we have it all. */
static int
is_whole(const struct job *j)
{
	const struct answer *a = &j->answer;

	return a->status == 416 && j->asks_range && a->has_range &&
	    a->range.first == -1 && a->range.total == (int64_t)j->out.held &&
	    !ml_fetchanswer_is_changed(j);
}

/* An answer that is no success: is it one to follow? */
static void
not_success(struct job *j)
{
	const char *why;

	if (j->answer.status == 304 && j->is_known) {
		ml_fetchend_unchanged(j);
		return;
	}
	if (is_whole(j)) {
		j->answer.status = 206;	/* of no bytes */
		j->total = (int64_t)j->out.held;
		succeed(j);
		return;
	}
	if (j->answer.status == 416 && j->asks_range) {
		j->no_range = 1;
		ml_fetchend_connection(j, "the rest of it is refused (416)");
		return;
	}
	if (!is_redirect(j->answer.status) || j->location == NULL ||
	    j->engine->o->redirects == 0) {
		ml_fetchend_status(j);
		return;
	}
	if ((why = ml_fetchask_follow(j)) != NULL) {
		j->refused = why;
		ml_fetchend_status(j);
	} else
		ask(j);
}

/* Trouble that stays until somebody sees to it. */
static int
is_lasting(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_URL_MALFORMAT;
}

static int
is_misset(CURLcode code)
{
	return code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR;
}

void
ml_fetchjob_over(struct job *j, CURLcode code)
{
	j->latency_ms = elapsed(j) * 1000;
	if (j->refused == NULL) {
		j->is_final = is_lasting(code) || is_misset(code);
		j->outcome = is_misset(code) ? ML_FETCH_MISSET : ML_FETCH_NEVER;
	}
	if (j->error != 0 || code == CURLE_OUT_OF_MEMORY) {
		errno = j->error != 0 ? j->error : ENOMEM;
		ml_fetchend_system(j, NULL);
	} else if (j->refused != NULL && j->is_final)
		ml_fetchend_refused(j, j->refused, j->outcome);
	else if (j->refused != NULL)
		ml_fetchend_connection(j, j->refused);
	else if (j->answer.is_body && j->answer.drop_body)
		not_success(j);
	else if (j->answer.is_body && code == CURLE_OK)
		succeed(j);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		ml_fetchend_timeout(j, j->latency_ms / 1000);
	else
		ml_fetchend_connection(j, j->said[0] != '\0' ? j->said :
		    code == CURLE_OK ? "no answer that is one of HTTP" :
		    curl_easy_strerror(code));
}

/* Its time is over. */
static void
expire(struct job *j, double seconds)
{
	ml_fetchask_off(j);
	j->latency_ms = elapsed(j) * 1000;
	if (j->answer.is_body && j->answer.drop_body)
		not_success(j);		/* its status says enough */
	else
		ml_fetchend_timeout(j, seconds);
}

/* So few bytes in that many seconds up to now: they are looked at in parts, or
 * what falls silent early would have up to twice as long. */
static int
is_stalled(struct job *j, double now)
{
	const struct ml_fetch_options *o = j->engine->o;

	if (o->stall_seconds <= 0 ||
	    now - j->part_began < o->stall_seconds / WINDOW_PARTS)
		return 0;
	if (j->parts == WINDOW_PARTS) {
		if (j->bytes - j->window[0] < o->stall_bytes)
			return 1;
		memmove(j->window, j->window + 1,
		    --j->parts * sizeof j->window[0]);
	}
	j->window[j->parts++] = j->bytes;
	j->part_began = now;
	return 0;
}

void
ml_fetchjob_check(struct job *j)
{
	const struct ml_fetch_options *o = j->engine->o;
	double now = ml_fetch_now();

	if (j->state == JOB_WAITS && now >= j->due)
		start(j);
	if (j->state != JOB_RUNS)
		return;
	if (o->timeout > 0 && elapsed(j) >= o->timeout)
		expire(j, o->timeout);
	else if (j->deadline > 0 && now >= j->deadline)
		expire(j, elapsed(j));
	else if (is_stalled(j, now))
		expire(j, o->stall_seconds);
}

double
ml_fetchjob_when(const struct job *j)
{
	const struct ml_fetch_options *o = j->engine->o;
	double when = INFINITY;

	if (j->state == JOB_WAITS)
		return j->due;
	if (j->state != JOB_RUNS)
		return when;
	if (o->timeout > 0)
		when = j->began + o->timeout + (j->engine->blocked - j->blocked);
	if (j->deadline > 0)
		when = fmin(when, j->deadline);
	if (o->stall_seconds > 0)
		when = fmin(when, j->part_began +
		    o->stall_seconds / WINDOW_PARTS);
	return when;
}

void
ml_fetchjob_stop(struct job *j)
{
	if (j->state == JOB_FREE || j->state == JOB_POURS)
		return;
	ml_fetchask_off(j);
	ml_fetchend_refused(j, "stopped", ML_FETCH_LATER);
}

void
ml_fetchjob_pour(struct job *j)
{
	if (!j->engine->stopped && ml_fetchout_pour(&j->out) == -1) {
		if (errno == EINTR)
			j->engine->stopped = 1;
		else {
			ml_fetchend_system(j, NULL);
			return;
		}
	}
	if (j->engine->stopped)
		ml_fetchend_refused(j, "stopped", ML_FETCH_LATER);
	else
		ml_fetchend_success(j);
}

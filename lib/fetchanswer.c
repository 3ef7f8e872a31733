/* fetchanswer - what an answer says of itself, and its body, as they come */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "fetchwork.h"

const char ML_FETCH_CHANGED[] = "it has changed between two tries: what was "
    "printed is of the old one";

/* End the try: libcurl stops where a callback does not take what it is given. */
static size_t
refuse(struct job *j, const char *why)
{
	if (j->refused == NULL)
		j->refused = why;
	return 0;
}

/* End it all. */
static size_t
give_up(struct job *j, const char *why, enum ml_fetch_outcome outcome)
{
	j->is_final = j->refused == NULL;
	j->outcome = outcome;
	return refuse(j, why);
}

static size_t
fail(struct job *j)
{
	j->error = errno != 0 ? errno : EIO;
	return 0;
}

/* Another version: a file is begun anew, but not what was printed. */
int
ml_fetchanswer_is_changed(const struct job *j)
{
	const char *had = ml_http_strong(&j->part.validators);
	const char *has = ml_http_strong(&j->answer.validators);

	return had != NULL && has != NULL && strcmp(had, has) != 0;
}

/* Whether standard output is another address's as long as that lasts. */
static int
is_taken(const struct job *j)
{
	const struct engine *f = j->engine;
	size_t i;

	for (i = 0; i < f->jobs; i++)
		if (f->job[i].state != JOB_FREE && f->job[i].file == NULL &&
		    f->job[i].order < j->order)
			return 1;
	return 0;
}

/* The place where the body goes, now that it begins. */
static size_t
open_place(struct job *j, size_t good)
{
	struct answer *a = &j->answer;

	if (j->total > (int64_t)j->engine->o->max_size)
		return give_up(j, "larger than --max-size",
		    ML_FETCH_NEVER);
	if (j->out.kind == ML_FETCHOUT_STREAM && j->file == NULL &&
	    j->out.held == 0 && is_taken(j))
		ml_fetchout_put_aside(&j->out);
	j->part.validators = a->validators;
	return ml_fetchout_start(&j->out, &j->part) == -1 ? fail(j) : good;
}

static size_t
judge_part(struct job *j, size_t good)
{
	struct answer *a = &j->answer;
	struct ml_http_validators had = j->part.validators;

	if (!j->asks_range || !a->has_range ||
	    a->range.first != (int64_t)j->out.held ||
	    (a->range.total != -1 && j->total != -1 &&
	    a->range.total != j->total) || (a->length != -1 &&
	    a->length != a->range.last - a->range.first + 1) ||
	    ml_fetchanswer_is_changed(j)) {
		j->no_range = 1;
		return refuse(j, "a range that was not asked for");
	}
	if (a->range.total != -1)
		j->total = a->range.total;
	j->out.again = 0;
	good = open_place(j, good);
	j->part.validators = had;	/* a part's answer need not have all */
	return good;
}

/* Another body, or ours was no good: what comes of the new one is progress.  Not
 * for ever, as there may be another one each time. */
static void
count_anew(struct job *j)
{
	if (j->out.kind != ML_FETCHOUT_STREAM && (j->no_range ||
	    ml_fetchanswer_is_changed(j)) && j->anew++ < j->engine->o->retries)
		j->most_held = 0;
}

static size_t
judge_whole(struct job *j, size_t good)
{
	if (j->out.held > 0) {
		if (j->out.kind == ML_FETCHOUT_STREAM &&
		    ml_fetchanswer_is_changed(j))
			return give_up(j, ML_FETCH_CHANGED, ML_FETCH_LATER);
		count_anew(j);
		if (ml_fetchout_restart(&j->out) == -1)
			return fail(j);
	}
	/* 204 has no body, whatever its headers say */
	j->total = j->answer.status == 204 ? 0 : j->answer.length;
	j->no_range = 0;		/* of this one they may be had */
	return open_place(j, good);
}

/* All headers are here. */
static size_t
judge(struct job *j, size_t good)
{
	struct answer *a = &j->answer;

	if (a->status < 200)
		return good;		/* more will come */
	a->is_body = 1;
	/* a date is one by the server's clock, where that is known */
	a->retry_after = ml_http_retry_after((struct ml_slice){ a->retry_text,
	    strlen(a->retry_text) }, a->validators.date_s != -1 ?
	    a->validators.date_s : (int64_t)time(NULL));
	if (a->status == 206)
		return judge_part(j, good);
	if (a->status < 300)
		return judge_whole(j, good);
	a->drop_body = 1;
	return good;
}

static size_t
note_location(struct job *j, struct ml_slice value, size_t good)
{
	if (value.len > ML_HTTPURL_MAX)
		return good;
	free(j->location);
	if ((j->location = strndup(value.p, value.len)) == NULL)
		return fail(j);
	return good;
}

/* libcurl would take 12x for 12. */
static size_t
note_length(struct job *j, int64_t length, size_t good)
{
	struct answer *a = &j->answer;

	if (length == -1 || (a->length != -1 && a->length != length))
		return refuse(j, "a Content-Length that is none");
	a->length = length;
	return good;
}

static size_t
note(struct job *j, const struct ml_http_header *h, size_t good)
{
	struct answer *a = &j->answer;

	ml_http_validators_note(&a->validators, h);
	if (ml_http_name_is(h->name, "retry-after") &&
	    h->value.len < sizeof a->retry_text) {
		memcpy(a->retry_text, h->value.p, h->value.len);
		a->retry_text[h->value.len] = '\0';
	} else if (ml_http_name_is(h->name, "content-range"))
		a->has_range = ml_http_content_range(h->value, &a->range);
	else if (ml_http_name_is(h->name, "content-length"))
		return note_length(j, ml_http_number(h->value), good);
	else if (ml_http_name_is(h->name, "transfer-encoding"))
		a->is_coded = 1;
	else if (ml_http_name_is(h->name, "location"))
		return note_location(j, h->value, good);
	return good;
}

/* A new answer begins: forget an interim one. */
static void
begin(struct job *j)
{
	long status = 0;

	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	j->answer = (struct answer){ .status = (int)status, .length = -1,
	    .retry_after = -1 };
	ml_http_validators_clear(&j->answer.validators);
	free(j->location);
	j->location = NULL;
}

size_t
ml_fetchanswer_header(char *p, size_t size, size_t n, void *job)
{
	struct job *j = job;
	struct ml_http_header h;

	n *= size;
	j->bytes += n;
	if ((j->header_bytes += n) > ML_HTTP_HEADERS_MAX)
		return refuse(j, "headers of over 64 KiB");
	if (j->answer.is_body)
		return n;		/* a chunked body's trailers */
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		begin(j);
	else if (n <= 2 && (*p == '\r' || *p == '\n')) {
		if (j->answer.is_coded)
			j->answer.length = -1;
		return judge(j, n);
	} else if (ml_http_header((struct ml_slice){ p, n }, &h))
		return note(j, &h, n);
	return n;
}

size_t
ml_fetchanswer_body(char *p, size_t size, size_t n, void *job)
{
	struct job *j = job;
	struct engine *f = j->engine;
	double blocked = j->out.blocked;
	int rc;

	n *= size;
	j->bytes += n;
	if (!j->answer.is_body)		/* of a 101, which nobody asked for */
		return refuse(j, "no answer that is one of HTTP");
	if (j->answer.drop_body)
		return (j->answer.dropped += n) > ML_FETCH_ERROR_MAX ? 0 : n;
	if (j->out.held + n - (j->out.again < n ? j->out.again : n) >
	    f->o->max_size)
		return give_up(j, "larger than --max-size",
		    ML_FETCH_NEVER);
	if (j->total != -1 && j->out.again == 0 &&
	    j->out.held + n > (uint64_t)j->total)
		return refuse(j, "more bytes than its headers say");
	rc = ml_fetchout_write(&j->out, p, n);
	f->blocked += j->out.blocked - blocked;
	if (rc == -1 && errno == EILSEQ)
		return give_up(j, ML_FETCH_CHANGED, ML_FETCH_LATER);
	return rc == -1 ? fail(j) : n;
}

/* fetchlog - what becomes of addresses, told as lines of JSON, and counted */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "fetchlog.h"
#include "jsonline.h"
#include "text.h"

#define PRECISION JSON_REAL_PRECISION(15)

static const char *
name_of(enum ml_fetch_what what)
{
	static const char *const names[] = {
		[ML_FETCH_SUCCESS] = "success",
		[ML_FETCH_SLOW] = "slow_response",
		[ML_FETCH_MATCH] = "body_match",
		[ML_FETCH_CLIENT_ERROR] = "client_error",
		[ML_FETCH_SERVER_ERROR] = "server_error",
		[ML_FETCH_TIMEOUT] = "timeout",
		[ML_FETCH_CONNECTION_ERROR] = "connection_error",
		[ML_FETCH_RETRY] = "retry",
		[ML_FETCH_MAX_RETRIES] = "max_retries",
		[ML_FETCH_FAILED] = "failed",
	};

	return names[what];
}

static void
set_text(json_t *o, const char *name, const char *text)
{
	struct ml_buf shown = { 0 };
	json_t *value = json_string(text);

	if (value == NULL) {		/* no UTF-8: a keyword need not be */
		ml_text_bytes(&shown, text, strlen(text));
		value = json_stringn(shown.p, shown.len);
		ml_buf_free(&shown);
	}
	json_object_set_new(o, name, value);
}

static void
set_int(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void
set_real(json_t *o, const char *name, double value)
{
	json_object_set_new(o, name, json_real(value));
}

static json_t *
begin(const struct ml_fetch_event *e, int64_t ms)
{
	struct ml_buf time = { 0 };
	json_t *o = json_object();

	ml_text_time(&time, ms);
	ml_buf_byte(&time, '\0');
	set_text(o, "timestamp", ml_buf_failed(&time) ? "" : time.p);
	set_text(o, "event", name_of(e->what));
	set_text(o, "url", e->url);
	ml_buf_free(&time);
	return o;
}

static void
add_retry(json_t *o, const struct ml_fetch_event *e)
{
	set_int(o, "attempt", e->attempt);
	set_real(o, "wait_ms", e->wait_ms);
	set_text(o, "reason", e->reason);
	if (e->asked_ms >= 0)
		set_real(o, "retry_after_ms", e->asked_ms);
}

void
ml_fetchlog_line(struct ml_buf *out, const struct ml_fetch_event *e,
    int64_t ms)
{
	json_t *o;

	if (e->what == ML_FETCH_END)
		return;
	o = begin(e, ms);
	switch (e->what) {
	case ML_FETCH_SUCCESS:
		set_int(o, "status", (uint64_t)e->status);
		set_real(o, "latency_ms", e->latency_ms);
		break;
	case ML_FETCH_SLOW:
		set_real(o, "latency_ms", e->latency_ms);
		break;
	case ML_FETCH_MATCH:
		set_text(o, "keyword", e->keyword);
		break;
	case ML_FETCH_CLIENT_ERROR:
		set_int(o, "status", (uint64_t)e->status);
		break;
	case ML_FETCH_SERVER_ERROR:
		set_int(o, "status", (uint64_t)e->status);
		set_int(o, "attempt", e->attempt);
		break;
	case ML_FETCH_TIMEOUT:
		set_int(o, "attempt", e->attempt);
		set_real(o, "timeout_sec", e->timeout_s);
		break;
	case ML_FETCH_CONNECTION_ERROR:
		set_int(o, "attempt", e->attempt);
		set_text(o, "error", e->reason);
		break;
	case ML_FETCH_RETRY:
		add_retry(o, e);
		break;
	case ML_FETCH_MAX_RETRIES:
		set_int(o, "attempts", e->attempt);
		set_text(o, "last_error", e->reason);
		break;
	default:
		set_text(o, "error", e->reason);
		break;
	}
	ml_jsonline_put(out, o, PRECISION);
}

static void
count_end(struct ml_fetchlog_summary *s, const struct ml_fetch_event *e)
{
	s->urls++;
	s->requests += e->attempt;
	s->successful += e->outcome == ML_FETCH_DONE;
	s->failed += e->outcome != ML_FETCH_DONE;
	if (e->status > 0 && e->status < ML_FETCHLOG_STATUSES)
		s->by_status[e->status]++;
	if (e->outcome == ML_FETCH_DONE)
		s->latency_ms += e->latency_ms;
}

void
ml_fetchlog_count(struct ml_fetchlog_summary *s,
    const struct ml_fetch_event *e)
{
	switch (e->what) {
	case ML_FETCH_SLOW: s->slow++; break;
	case ML_FETCH_TIMEOUT: s->timeouts++; break;
	case ML_FETCH_CONNECTION_ERROR: s->connections++; break;
	case ML_FETCH_RETRY: s->retries++; break;
	case ML_FETCH_END: count_end(s, e); break;
	default: break;
	}
}

static json_t *
statuses(const struct ml_fetchlog_summary *s)
{
	json_t *o = json_object();
	char name[16];
	size_t i;

	for (i = 0; i < ML_FETCHLOG_STATUSES; i++)
		if (s->by_status[i] > 0) {
			snprintf(name, sizeof name, "%zu", i);
			set_int(o, name, s->by_status[i]);
		}
	return o;
}

void
ml_fetchlog_summary(struct ml_buf *out, const struct ml_fetchlog_summary *s)
{
	json_t *o = json_object(), *errors = json_object();

	set_int(o, "total_urls", s->urls);
	set_int(o, "successful", s->successful);
	set_int(o, "failed", s->failed);
	set_int(o, "total_requests", s->requests);
	set_int(o, "retries", s->retries);
	set_real(o, "avg_latency_ms", s->successful == 0 ? 0 :
	    round(s->latency_ms / (double)s->successful * 10) / 10);
	set_int(o, "slow_responses", s->slow);
	json_object_set_new(o, "by_status", statuses(s));
	set_int(errors, "timeout", s->timeouts);
	set_int(errors, "connection", s->connections);
	json_object_set_new(o, "by_error", errors);
	ml_jsonline_put(out, o, JSON_INDENT(4) | PRECISION);
}

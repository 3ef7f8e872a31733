/* fetchask - requests: what is asked for, of whom, and where it leads */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "fetchwork.h"

/* Append a line; *bad is set where there is no memory. */
static void
add_raw(struct job *j, const char *line, int *bad)
{
	struct curl_slist *list = curl_slist_append(j->headers, line);

	*bad |= list == NULL;
	if (list != NULL)
		j->headers = list;
}

static void
add(struct job *j, const char *name, const char *value, int *bad)
{
	struct ml_buf line = { 0 };

	ml_buf_str(&line, name);
	/* libcurl's way to send a header that is empty */
	ml_buf_str(&line, *value != '\0' ? ": " : ";");
	ml_buf_str(&line, value);
	ml_buf_byte(&line, '\0');
	if (ml_buf_failed(&line))
		*bad = 1;
	else
		add_raw(j, line.p, bad);
	ml_buf_free(&line);
}

/* A header as the user gave it: it goes to whom the address names alone. */
static void
add_own(struct job *j, const char *line, int *has_type, int *has_key,
    int *bad)
{
	struct ml_http_header h = { { 0 }, { 0 } };
	char *name, *value;

	(void)ml_http_header((struct ml_slice){ line, strlen(line) }, &h);
	*has_type |= ml_http_name_is(h.name, "content-type");
	*has_key |= ml_http_name_is(h.name, "idempotency-key");
	name = strndup(h.name.p, h.name.len);
	value = strndup(h.value.p, h.value.len);
	if (name == NULL || value == NULL)
		*bad = 1;
	else
		add(j, name, value, bad);
	free(name);
	free(value);
}

/* What is held, or what FILE is, need not come again. */
static void
add_conditions(struct job *j, int *bad)
{
	const struct ml_http_validators *v = &j->file_is.validators;
	char range[64];

	if (j->asks_range) {
		snprintf(range, sizeof range, "bytes=%llu-",
		    (unsigned long long)j->out.held);
		add(j, "Range", range, bad);
		add(j, "If-Range", ml_http_strong(&j->part.validators), bad);
	}
	if (!j->is_known)
		return;
	if (v->etag[0] != '\0')
		add(j, "If-None-Match", v->etag, bad);
	/* who sends none that is good may not know it again */
	if (strchr(v->etag, '"') == NULL && v->modified[0] != '\0')
		add(j, "If-Modified-Since", v->modified, bad);
}

static int
set_headers(struct job *j, int is_post)
{
	const struct ml_fetch_options *o = j->engine->o;
	int bad = 0, has_type = 0, has_key = 0;
	size_t i;

	curl_slist_free_all(j->headers);
	j->headers = NULL;
	for (i = 0; i < o->headers && !j->is_elsewhere; i++)
		add_own(j, o->header[i], &has_type, &has_key, &bad);
	add_conditions(j, &bad);
	if (is_post) {
		add_raw(j, "Expect:", &bad);	/* else it waits for a 100 */
		if (!has_type)
			add(j, "Content-Type", "application/octet-stream", &bad);
		if (o->idempotent && !has_key)
			add(j, "Idempotency-Key", j->idempotency, &bad);
	}
	curl_easy_setopt(j->easy, CURLOPT_HTTPHEADER, j->headers);
	return bad ? -1 : 0;
}

static void
set_security(CURL *c, const struct ml_fetch_options *o)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS,
	    (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (o->cacert != NULL) {
		curl_easy_setopt(c, CURLOPT_CAINFO, o->cacert);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	if (o->cert != NULL)
		curl_easy_setopt(c, CURLOPT_SSLCERT, o->cert);
	if (o->key != NULL)
		curl_easy_setopt(c, CURLOPT_SSLKEY, o->key);
}

static void
set_manner(struct job *j)
{
	CURL *c = j->easy;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "meshlog");
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 64 * 1024L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, j->said);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, ml_fetchanswer_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, j);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ml_fetchanswer_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(c, CURLOPT_PRIVATE, j);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name that is being looked up does not hold us */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void
set_request(struct job *j, int is_post)
{
	const struct ml_slice *post = j->engine->o->post;
	CURL *c = j->easy;

	curl_easy_setopt(c, CURLOPT_URL, j->at != NULL ? j->at : j->url);
	if (!j->is_elsewhere && j->user != NULL)
		curl_easy_setopt(c, CURLOPT_USERNAME, j->user);
	if (!j->is_elsewhere && j->password != NULL)
		curl_easy_setopt(c, CURLOPT_PASSWORD, j->password);
	if (!is_post)
		return;
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, post->p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)post->len);
	/* libcurl sends again what an old connection may have swallowed */
	if (!j->engine->o->idempotent)
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
}

int
ml_fetchask(struct job *j)
{
	int is_post = j->engine->o->post != NULL && !j->is_get_now;

	if (j->easy == NULL && (j->easy = curl_easy_init()) == NULL)
		return -1;
	curl_easy_reset(j->easy);
	j->answer = (struct answer){ .length = -1, .retry_after = -1 };
	ml_http_validators_clear(&j->answer.validators);
	j->said[0] = '\0';
	j->asks_range = j->out.held > 0 && !j->no_range &&
	    ml_http_strong(&j->part.validators) != NULL;
	set_manner(j);
	set_security(j->easy, j->engine->o);
	set_request(j, is_post);
	if (set_headers(j, is_post) == -1 ||
	    curl_multi_add_handle(j->engine->multi, j->easy) != CURLM_OK)
		return -1;
	j->is_on = 1;
	return 0;
}

void
ml_fetchask_off(struct job *j)
{
	if (j->is_on)
		curl_multi_remove_handle(j->engine->multi, j->easy);
	j->is_on = 0;
}

int
ml_fetchask_is_safe(const struct job *j)
{
	long sent = 1;

	if (j->engine->o->post == NULL || j->engine->o->idempotent)
		return 1;
	curl_easy_getinfo(j->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent == 0 && j->hops == 0;
}

static int
same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *p = NULL, *q = NULL;
	int same = curl_url_get(a, part, &p, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    curl_url_get(b, part, &q, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    strcasecmp(p, q) == 0;

	curl_free(p);
	curl_free(q);
	return same;
}

/* Where a redirect leads: to be freed by curl_free(); NULL, and why. */
static char *
resolve(struct job *j, CURLU *to, CURLU *home, const char **why)
{
	const char *from = j->at != NULL ? j->at : j->url;
	char *url = NULL;

	*why = "redirected to what is no address of http:// or https://";
	if (to == NULL || home == NULL ||
	    curl_url_set(home, CURLUPART_URL, j->url, 0) != CURLUE_OK ||
	    curl_url_set(to, CURLUPART_URL, from, 0) != CURLUE_OK ||
	    curl_url_set(to, CURLUPART_URL, j->location, 0) != CURLUE_OK ||
	    curl_url_set(to, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
	    curl_url_set(to, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK ||
	    curl_url_get(to, CURLUPART_URL, &url, 0) != CURLUE_OK)
		return NULL;
	if (ml_httpurl_check((struct ml_slice){ url, strlen(url) }) == NULL) {
		*why = "redirected from https:// to http://";
		if (strncasecmp(from, "https:", 6) != 0 ||
		    strncasecmp(url, "https:", 6) == 0)
			return url;
	}
	curl_free(url);
	return NULL;
}

const char *
ml_fetchask_follow(struct job *j)
{
	CURLU *to = curl_url(), *home = curl_url();
	const char *why = NULL;
	char *url = NULL;
	int status = j->answer.status;

	if (j->hops >= j->engine->o->redirects)
		why = "redirected more often than --max-redirects";
	else if ((url = resolve(j, to, home, &why)) != NULL) {
		free(j->at);
		why = (j->at = strdup(url)) == NULL ? ML_NO_MEMORY : NULL;
		j->is_elsewhere = !same_part(to, home, CURLUPART_SCHEME) ||
		    !same_part(to, home, CURLUPART_HOST) ||
		    !same_part(to, home, CURLUPART_PORT);
		j->is_get_now |= status != 307 && status != 308;
		j->hops++;
	}
	curl_free(url);
	curl_url_cleanup(to);
	curl_url_cleanup(home);
	return why;
}

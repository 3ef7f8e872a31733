/* fetch - bodies fetched by HTTP: the loop that all of it hangs on */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fetchwork.h"
#include "ledger.h"

#define LOOK_S 1.0			/* at the latest */
#define WAITING_MAX 64			/* bodies put aside, beyond those on the line */

int
ml_fetch_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

/* Its place is free for the next address. */
static void
release(struct engine *f, struct job *j)
{
	ml_fetchout_end(&j->out);
	curl_slist_free_all(j->headers);
	free(j->url);
	free(j->user);
	free(j->password);
	free(j->shown);
	free(j->host);
	free(j->file);
	free(j->at);
	free(j->location);
	f->bytes += j->out.held;
	*j = (struct job){ .engine = f, .easy = j->easy };
	f->busy--;
}

static struct job *
free_job(struct engine *f)
{
	size_t i;

	for (i = 0; i < f->jobs; i++)
		if (f->job[i].state == JOB_FREE)
			return &f->job[i];
	return NULL;
}

/* How many are on the line or wait for a retry: what -j limits. */
static unsigned
active(const struct engine *f)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < f->jobs; i++)
		n += f->job[i].state == JOB_RUNS || f->job[i].state == JOB_WAITS;
	return n;
}

/* As many new addresses as there are places. */
static int
fill(struct engine *f)
{
	struct ml_fetch_target t;
	struct job *j;

	f->must_wait = 0;
	while (!f->no_more && !f->stopped && active(f) < f->o->parallel &&
	    (j = free_job(f)) != NULL) {
		int got = f->user->next(f->user->arg, &t);

		f->no_more = got == 0;
		f->must_wait = got == -1;
		if (got != 1)
			break;
		f->busy++;
		if (ml_fetchjob_begin(f, j, &t) == -1)
			return -1;
	}
	return 0;
}

/* Bodies that were put aside, in the order of their addresses. */
static void
pour(struct engine *f)
{
	struct job *first;
	size_t i;

	do {
		for (first = NULL, i = 0; i < f->jobs; i++) {
			struct job *j = &f->job[i];

			if (j->state != JOB_FREE && j->file == NULL &&
			    (first == NULL || j->order < first->order))
				first = j;
		}
		if (first == NULL || first->state != JOB_POURS)
			return;
		ml_fetchjob_pour(first);
		release(f, first);
	} while (1);
}

static void
take_messages(struct engine *f)
{
	struct job *j;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &j);
		ml_fetchask_off(j);
		ml_fetchjob_over(j, code);
	}
}

static void
look_at_jobs(struct engine *f)
{
	size_t i;

	for (i = 0; i < f->jobs; i++) {
		struct job *j = &f->job[i];

		if (j->engine == NULL || j->url == NULL)
			continue;
		if (f->stopped || f->broken != 0)
			ml_fetchjob_stop(j);
		else
			ml_fetchjob_check(j);
		if (j->state == JOB_FREE)
			release(f, j);
	}
}

static void
show_progress(struct engine *f)
{
	uint64_t held = f->bytes, of = f->bytes;
	size_t i;

	if (f->user->progress == NULL)
		return;
	for (i = 0; i < f->jobs; i++) {
		held += f->job[i].out.held;
		of += f->job[i].total > 0 ? (uint64_t)f->job[i].total :
		    f->job[i].out.held;
	}
	f->user->progress(f->user->arg, held, of);
}

static int
wait_for_something(struct engine *f)
{
	double now = ml_fetch_now(), until = now + LOOK_S;
	struct curl_waitfd more[] = {
		{ .fd = f->o->stop_fd, .events = CURL_WAIT_POLLIN },
		{ .fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN }
	};
	size_t i;

	for (i = 0; i < f->jobs; i++)
		if (f->job[i].url != NULL &&
		    ml_fetchjob_when(&f->job[i]) < until)
			until = ml_fetchjob_when(&f->job[i]);
	if (curl_multi_poll(f->multi, more, f->must_wait ? 2 : 1, until <= now ?
	    0 : (int)((until - now) * 1000) + 1, NULL) != CURLM_OK)
		return -1;
	f->stopped |= more[0].revents != 0;
	return 0;
}

static int
loop(struct engine *f)
{
	int running;

	while (1) {
		if (fill(f) == -1)
			return -1;
		if (f->busy == 0 && !f->must_wait)
			return 0;
		if (f->stopped || f->broken != 0)
			f->no_more = 1, f->must_wait = 0;
		if (curl_multi_perform(f->multi, &running) != CURLM_OK)
			return -1;
		take_messages(f);
		look_at_jobs(f);
		pour(f);
		show_progress(f);
		if (f->busy == 0 && !f->must_wait)
			continue;
		/* a place may be free by now */
		if (!f->no_more && !f->must_wait && active(f) < f->o->parallel &&
		    free_job(f) != NULL)
			continue;
		if (wait_for_something(f) == -1)
			return -1;
	}
}

/* In which boot bytes are written: what was not synced is lost with it. */
static void
learn_boot(struct engine *f)
{
	struct ml_ledger_clock clock;

	if (ml_ledger_read_clock(&clock) == 0)
		memcpy(f->boot, clock.boot, sizeof f->boot);
}

int
ml_fetch_run(const struct ml_fetch_options *o,
    const struct ml_fetch_user *user)
{
	struct engine f = { .o = o, .user = user, .dice = o->seed };
	int rc = -1;
	size_t i;

	f.jobs = o->parallel + (o->parallel > 1 ? WAITING_MAX : 0);
	f.job = calloc(f.jobs, sizeof *f.job);
	f.multi = curl_multi_init();
	learn_boot(&f);
	if (f.job != NULL && f.multi != NULL) {
		curl_multi_setopt(f.multi, CURLMOPT_MAXCONNECTS,
		    (long)o->parallel);
		rc = loop(&f);
	}
	for (i = 0; f.job != NULL && i < f.jobs; i++) {
		if (f.job[i].url != NULL)
			release(&f, &f.job[i]);
		curl_easy_cleanup(f.job[i].easy);
	}
	curl_multi_cleanup(f.multi);
	free(f.job);
	if (f.broken != 0)
		errno = f.broken;
	return rc == -1 || f.broken != 0 ? -1 : 0;
}

/* verify - the seals of a log, verified on all cores */
#include <stdlib.h>

#include "crew.h"
#include "seal.h"
#include "verify.h"

#define JOBS 8				/* being verified at once */
#define JOB_SEALS 64			/* some 2 ms of work */
#define JOB_BYTES (64 * 1024)		/* of events, and the last of them */

struct job {
	size_t n;
	struct ml_buf text, body;	/* text: of the events; never moves */
	struct {
		const struct ml_feed *feed;
		struct ml_event e;
		struct ml_log_place at;
		const char *why;
	} seal[JOB_SEALS];
};

struct ml_verify {
	void *arg;
	ml_verify_told *told;
	struct ml_crew *crew;
	struct job *job;		/* JOBS, and the one that is filled */
	size_t given;
};

static void
work(void *arg)
{
	struct job *job = arg;
	size_t i;

	for (i = 0; i < job->n; i++)
		job->seal[i].why = ml_seal_verify(&job->seal[i].e,
		    job->seal[i].feed->public, &job->body);
}

struct ml_verify *
ml_verify_new(void *arg, ml_verify_told *told)
{
	struct ml_verify *v = calloc(1, sizeof *v);
	size_t i;
	int good = v != NULL;

	if (!good)
		return NULL;
	v->arg = arg;
	v->told = told;
	v->crew = ml_crew_new(work, 0);
	v->job = calloc(JOBS + 1, sizeof *v->job);
	good = v->crew != NULL && v->job != NULL;
	for (i = 0; good && i <= JOBS; i++)
		good = ml_buf_room(&v->job[i].text,
		    JOB_BYTES + 2 * ML_EVENT_MAX) != NULL;
	if (good)
		return v;
	ml_verify_free(v);
	return NULL;
}

void
ml_verify_free(struct ml_verify *v)
{
	size_t i;

	if (v == NULL)
		return;
	ml_crew_free(v->crew);
	for (i = 0; v->job != NULL && i <= JOBS; i++) {
		ml_buf_free(&v->job[i].text);
		ml_buf_free(&v->job[i].body);
	}
	free(v->job);
	free(v);
}

/* Take back the oldest job: 1, 0 if there is none, or -1. */
static int
tell(struct ml_verify *v)
{
	struct job *job = ml_crew_take(v->crew);
	size_t i;

	if (job == NULL)
		return 0;
	for (i = 0; i < job->n; i++) {
		if (job->seal[i].why == ML_NO_MEMORY)
			return -1;
		v->told(v->arg, job->seal[i].feed, job->seal[i].e.seq,
		    &job->seal[i].at, job->seal[i].why);
	}
	job->n = 0;
	ml_buf_clear(&job->text);
	return 1;
}

static int
give(struct ml_verify *v)
{
	if (ml_crew_jobs(v->crew) == JOBS && tell(v) == -1)
		return -1;
	ml_crew_give(v->crew, &v->job[v->given++ % (JOBS + 1)]);
	return 0;
}

int
ml_verify_add(struct ml_verify *v, const struct ml_feed *f,
    const struct ml_event *e, const struct ml_log_place *at)
{
	struct job *job = &v->job[v->given % (JOBS + 1)];

	job->seal[job->n].feed = f;
	job->seal[job->n].at = *at;
	ml_event_copy(&job->seal[job->n++].e, e, &job->text);
	if (job->n < JOB_SEALS && job->text.len < JOB_BYTES)
		return 0;
	return give(v);
}

int
ml_verify_end(struct ml_verify *v)
{
	int got = 1;

	if (v->job[v->given % (JOBS + 1)].n > 0 && give(v) == -1)
		return -1;
	while (got == 1)
		got = tell(v);
	return got;
}

/* gather - the wire forms of many events, copied on all cores */
#include <stdlib.h>

#include "crew.h"
#include "event.h"
#include "gather.h"
#include "place.h"
#include "window.h"

#define JOBS 8				/* being copied at once */

struct job {
	int fd;
	const struct ml_feed *feed;
	int64_t from;
	size_t n;
	uint64_t place[ML_GATHER_EVENTS];
	struct ml_window window;
	struct ml_buf text;
	int good;
};

struct ml_gather {
	void *arg;
	ml_gather_told *told;
	struct ml_crew *crew;
	struct job job[JOBS + 1];	/* and the one that is filled */
	size_t given;
};

static int
copy(struct job *job, size_t i)
{
	uint64_t place = job->place[i];
	struct ml_slice text;

	if ((place & ML_PLACE_EXACT) == 0 ||
	    ml_window_read(&job->window, job->fd, ml_place_offset(place),
	    (size_t)ml_place_len(place), &text) == -1 ||
	    !ml_event_begins(text, job->feed->author, job->from + (int64_t)i))
		return 0;
	ml_buf_slice(&job->text, text);
	ml_buf_byte(&job->text, '\n');
	return 1;
}

static void
work(void *arg)
{
	struct job *job = arg;
	size_t i;

	ml_buf_clear(&job->text);
	ml_window_forget(&job->window);
	for (i = 0; i < job->n && copy(job, i); i++)
		continue;
	job->good = i == job->n && !ml_buf_failed(&job->text);
}

struct ml_gather *
ml_gather_new(int fd, void *arg, ml_gather_told *told)
{
	struct ml_gather *g = calloc(1, sizeof *g);
	size_t i;

	if (g == NULL)
		return NULL;
	g->arg = arg;
	g->told = told;
	for (i = 0; i <= JOBS; i++)
		g->job[i].fd = fd;
	if ((g->crew = ml_crew_new(work, 0)) == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

void
ml_gather_free(struct ml_gather *g)
{
	size_t i;

	if (g == NULL)
		return;
	ml_crew_free(g->crew);
	for (i = 0; i <= JOBS; i++) {
		ml_window_free(&g->job[i].window);
		ml_buf_free(&g->job[i].text);
	}
	free(g);
}

/* Tell the oldest: 1, or 0 if there is none. */
static int
tell(struct ml_gather *g)
{
	struct job *job = ml_crew_take(g->crew);

	if (job == NULL)
		return 0;
	g->told(g->arg, job->feed, job->from,
	    job->from + (int64_t)job->n - 1, job->good,
	    ml_buf_view(&job->text));
	return 1;
}

uint64_t *
ml_gather_room(struct ml_gather *g, const struct ml_feed *f, int64_t from,
    size_t n)
{
	struct job *job = &g->job[g->given % (JOBS + 1)];

	job->feed = f;
	job->from = from;
	job->n = n;
	return job->place;
}

void
ml_gather_give(struct ml_gather *g)
{
	if (ml_crew_jobs(g->crew) == JOBS)
		tell(g);
	ml_crew_give(g->crew, &g->job[g->given++ % (JOBS + 1)]);
}

void
ml_gather_end(struct ml_gather *g)
{
	while (tell(g))
		continue;
}

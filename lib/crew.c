/* crew - work done on all cores and taken back in order */
#define _GNU_SOURCE			/* sched_getaffinity() */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "crew.h"

struct ml_crew {
	void (*work)(void *job);
	pthread_mutex_t lock;		/* of all below but jobs */
	pthread_cond_t given, done;
	struct {
		void *job;
		int done;
	} queue[ML_CREW_JOBS];		/* at their numbers modulo that */
	size_t first;			/* the oldest that was not taken */
	size_t next;			/* the oldest that nobody has begun */
	size_t end;			/* of the next one that is given */
	size_t jobs;			/* end - first; the caller's alone */
	int ending;
	int began;			/* to make threads */
	unsigned wanted, threads;
	pthread_t thread[ML_CREW_THREADS];
};

/* How many other threads could run beside this one. */
static unsigned
idle_cores(void)
{
	cpu_set_t set;

	/* fails where there are more cores than a set holds: enough for us */
	if (sched_getaffinity(0, sizeof set, &set) == -1)
		return ML_CREW_THREADS;
	return (unsigned)CPU_COUNT(&set) - 1;
}

struct ml_crew *
ml_crew_new(void (*work)(void *job), unsigned threads)
{
	struct ml_crew *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->work = work;
	c->wanted = threads != 0 ? threads : idle_cores();
	if (c->wanted > ML_CREW_THREADS)
		c->wanted = ML_CREW_THREADS;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->given, NULL);
	pthread_cond_init(&c->done, NULL);
	return c;
}

void
ml_crew_free(struct ml_crew *c)
{
	unsigned i;

	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->ending = 1;
	pthread_cond_broadcast(&c->given);
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->threads; i++)
		pthread_join(c->thread[i], NULL);
	pthread_cond_destroy(&c->given);
	pthread_cond_destroy(&c->done);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Do the next job; the lock is held before and after, not meanwhile. */
static void
do_next(struct ml_crew *c)
{
	size_t at = c->next++ % ML_CREW_JOBS;
	void *job = c->queue[at].job;

	pthread_mutex_unlock(&c->lock);
	c->work(job);
	pthread_mutex_lock(&c->lock);
	c->queue[at].done = 1;
	pthread_cond_signal(&c->done);
}

static void *
help(void *arg)
{
	struct ml_crew *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->ending)
		if (c->next < c->end)
			do_next(c);
		else
			pthread_cond_wait(&c->given, &c->lock);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* As many threads as we can get: without any the work is done as well. */
static void
begin(struct ml_crew *c)
{
	sigset_t all, before;

	c->began = 1;
	/* signals are for the thread that runs the program */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (c->threads < c->wanted &&
	    pthread_create(&c->thread[c->threads], NULL, help, c) == 0)
		c->threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

size_t
ml_crew_jobs(const struct ml_crew *c)
{
	return c->jobs;
}

void
ml_crew_give(struct ml_crew *c, void *job)
{
	if (c->jobs++ > 0 && !c->began)
		begin(c);
	pthread_mutex_lock(&c->lock);
	c->queue[c->end % ML_CREW_JOBS].job = job;
	c->queue[c->end++ % ML_CREW_JOBS].done = 0;
	pthread_cond_signal(&c->given);
	pthread_mutex_unlock(&c->lock);
}

void *
ml_crew_take(struct ml_crew *c)
{
	void *job;

	if (c->jobs == 0)
		return NULL;
	pthread_mutex_lock(&c->lock);
	while (!c->queue[c->first % ML_CREW_JOBS].done)
		if (c->next < c->end)
			do_next(c);	/* the oldest, or one behind it */
		else
			pthread_cond_wait(&c->done, &c->lock);
	job = c->queue[c->first++ % ML_CREW_JOBS].job;
	pthread_mutex_unlock(&c->lock);
	c->jobs--;
	return job;
}

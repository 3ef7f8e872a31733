/*
 * crew - work done on all cores and taken back in the order in which it was
 * given.  One thread gives and takes; only that one is ever told anything.
 *
 * Threads are made when a second job is given before the first was taken, so
 * who has little to do pays for none.  Where there are none (one core, or the
 * system gives none) the taker does the work, with the same result.
 */
#ifndef ML_CREW_H
#define ML_CREW_H
#include <stddef.h>

#define ML_CREW_JOBS 32			/* given and not taken */
#define ML_CREW_THREADS 7		/* at most, beside the caller's own */

struct ml_crew;

/*
 * work is done on each job, by any thread and on many at once: it touches the
 * job alone.  threads beside the caller's own, or 0: a core for each that this
 * process may use, the caller's one less.  NULL: no memory.
 */
struct ml_crew *ml_crew_new(void (*work)(void *job), unsigned threads);
/* Waits for what is being done; jobs that were not taken stay the caller's,
 * done or not.  Takes NULL. */
void ml_crew_free(struct ml_crew *c);
/* How many were given and not taken: below ML_CREW_JOBS another may be. */
size_t ml_crew_jobs(const struct ml_crew *c);
/* A job to be done: the crew's until it is taken. */
void ml_crew_give(struct ml_crew *c, void *job);
/* The oldest, done; NULL if there is none.  The caller works meanwhile. */
void *ml_crew_take(struct ml_crew *c);
#endif

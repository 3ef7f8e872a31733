/* crew - the order kept, whoever does the work and however long it takes */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "crew.h"
#include "given.h"
#include "unit.h"

#define MANY 5000

struct job {
	uint64_t number;
	unsigned rounds;		/* of work */
	uint64_t result;
	pthread_t by;
};

static struct job job[MANY];
static atomic_uint times;

static void
work(void *arg)
{
	struct job *j = arg;
	uint64_t state = j->number;
	unsigned i;

	for (i = 0; i < j->rounds; i++)
		j->result = given_random(&state);
	j->by = pthread_self();
	atomic_fetch_add(&times, 1);
}

static uint64_t
result_of(const struct job *j)
{
	uint64_t state = j->number, result = 0;
	unsigned i;

	for (i = 0; i < j->rounds; i++)
		result = given_random(&state);
	return result;
}

static void
fill(uint64_t seed, size_t rounds_max)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		job[i] = (struct job){ .number = i,
		    .rounds = 1 + (unsigned)given_below(&seed, rounds_max) };
	atomic_store(&times, 0);
}

/* Give and take many, with up to so many out at a time. */
static int
runs(struct ml_crew *c, size_t out)
{
	struct job *j;
	size_t given = 0, taken = 0;

	while (taken < MANY) {
		while (given < MANY && ml_crew_jobs(c) < out)
			ml_crew_give(c, &job[given++]);
		j = ml_crew_take(c);
		if (j != &job[taken++] || j->result != result_of(j))
			return 0;
	}
	return ml_crew_take(c) == NULL && atomic_load(&times) == MANY;
}

static void
check_order(void)
{
	static const size_t out[] = { 1, 2, 7, ML_CREW_JOBS };
	struct ml_crew *c;
	unsigned threads;
	size_t i;

	for (threads = 1; threads <= 4; threads++)
		for (i = 0; i < sizeof out / sizeof out[0]; i++) {
			c = ml_crew_new(work, threads);
			fill(threads * 10 + i, 2000);
			ok(runs(c, out[i]), "%u threads, %zu jobs out: all "
			    "done once and taken in order", threads, out[i]);
			ml_crew_free(c);
		}
}

static int
all_by_us(void)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		if (!pthread_equal(job[i].by, pthread_self()))
			return 0;
	return 1;
}

static void
check_alone(void)
{
	struct ml_crew *c = ml_crew_new(work, 1);
	cpu_set_t before, one;
	size_t cpu = 0;

	fill(1, 10);
	ok(runs(c, 1) && all_by_us(), "one job at a time makes no thread");
	ml_crew_free(c);
	sched_getaffinity(0, sizeof before, &before);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
	c = ml_crew_new(work, 0);
	fill(2, 10);
	ok(runs(c, ML_CREW_JOBS) && all_by_us(), "nor does one core");
	ml_crew_free(c);
	sched_setaffinity(0, sizeof before, &before);
}

/* A job that ends when another, given later, was begun. */
static atomic_int later_began;

static void
wait_or_begin(void *arg)
{
	int *is_later = arg;

	if (*is_later)
		atomic_store(&later_began, 1);
	while (!atomic_load(&later_began))
		sched_yield();
}

static void
check_helping(void)
{
	struct ml_crew *c = ml_crew_new(wait_or_begin, 1);
	int earlier = 0, later = 1;

	/* two threads, this one of them, can only end it together */
	ml_crew_give(c, &earlier);
	ml_crew_give(c, &later);
	ok(ml_crew_take(c) == &earlier && ml_crew_take(c) == &later,
	    "who takes does a later job while an earlier one is done");
	ml_crew_free(c);
}

struct signals {
	sigset_t blocked;
	pthread_t by;
};

static pthread_barrier_t both;

static void
see_signals(void *arg)
{
	struct signals *s = arg;

	pthread_sigmask(SIG_BLOCK, NULL, &s->blocked);
	s->by = pthread_self();
	pthread_barrier_wait(&both);	/* the other job is another thread's */
}

static void
check_signals(void)
{
	struct ml_crew *c = ml_crew_new(see_signals, 1);
	struct signals s[2];
	int i, mine;

	pthread_barrier_init(&both, NULL, 2);
	for (i = 0; i < 2; i++)
		ml_crew_give(c, &s[i]);
	for (i = 0; i < 2; i++)
		ml_crew_take(c);
	mine = pthread_equal(s[1].by, pthread_self());
	ok(!pthread_equal(s[0].by, s[1].by) &&
	    sigismember(&s[!mine].blocked, SIGTERM) &&
	    sigismember(&s[!mine].blocked, SIGALRM) &&
	    !sigismember(&s[mine].blocked, SIGTERM),
	    "threads take no signals, and we still do");
	ml_crew_free(c);
	pthread_barrier_destroy(&both);
}

static void
check_free(void)
{
	struct ml_crew *c = ml_crew_new(work, 3);
	int i;

	fill(3, 20000);
	for (i = 0; i < ML_CREW_JOBS; i++)
		ml_crew_give(c, &job[i]);
	ml_crew_free(c);
	ok(atomic_load(&times) <= ML_CREW_JOBS, "freed with jobs out");
	ml_crew_free(NULL);
	c = ml_crew_new(work, 1000);
	fill(4, 100);
	ok(c != NULL && runs(c, ML_CREW_JOBS),
	    "more threads than there may be are as many as there may be");
	ml_crew_free(c);
}

int
main(void)
{
	check_order();
	check_alone();
	check_helping();
	check_signals();
	check_free();
	return unit_done();
}

/*
 * cases - every way in which a small file is damaged, one after another, by two
 * processes: who tries them out may crash, and the next one goes on.
 */
#ifndef CASES_H
#define CASES_H
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/given.h"

/* A byte is damaged in these ways; a case more for each length it is cut at. */
enum { BIT_0, TO_ZERO = 8, TO_ONES, TO_NEWLINE, LOST, ADDED, WAYS };

/* Nothing here is about power cuts, and a disk is slow. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

#define COUNTS 5
#define WORKERS 2
#define FAILURES_MAX 10			/* then it is enough */

struct cases {
	struct ml_slice file;		/* as it should be */
	uint64_t ways;			/* of these are tried at each byte */
	uint64_t seed, every;		/* one case in so many is tried */
	uint64_t tools;			/* and one in so many by the tools */
	const char *only;		/* the number of the only one, or NULL */
};

/* One of them. */
struct damage {
	uint64_t number;
	size_t at;			/* where the file is another */
	int cut;			/* it ends there */
	int way;
	struct ml_buf file;
};

/* What all workers count. */
static struct shared {
	uint64_t now[WORKERS], failed;
	uint64_t tried, counted[COUNTS];
	uint64_t end;
} *shared;

static const struct cases *cases_now;

static inline uint64_t
cases_count(const struct cases *c)
{
	return c->file.len * (1 + c->ways);
}

/* Whether damage came of it: a byte may have the value already. */
static inline int
damage_of(const struct cases *c, uint64_t number, struct damage *d)
{
	static const char added[] = "\n \"\\{}[],:x0\xc3\x1b";
	uint64_t n = number - c->file.len;
	const char *rest;
	char byte;

	d->number = number;
	ml_buf_clear(&d->file);
	d->cut = number < c->file.len;
	d->at = (size_t)(d->cut ? number : n / c->ways);
	ml_buf_add(&d->file, c->file.p, d->at);
	if (d->cut)
		return 1;
	d->way = (int)((n + n / c->ways + c->seed) % WAYS);
	byte = c->file.p[d->at];
	rest = c->file.p + d->at + 1;
	switch (d->way) {
	case TO_ZERO: byte = '\0'; break;
	case TO_ONES: byte = '\xff'; break;
	case TO_NEWLINE: byte = '\n'; break;
	case LOST: break;
	case ADDED:
		byte = added[(d->at + c->seed) % (sizeof added - 1)];
		rest--;
		break;
	default: byte ^= (char)(1 << d->way);
	}
	if (d->way != LOST)
		ml_buf_byte(&d->file, byte);
	ml_buf_add(&d->file, rest, (size_t)(c->file.p + c->file.len - rest));
	return !ml_slice_same(ml_buf_view(&d->file), c->file);
}

/* One line about the case that is being tried. */
static inline void __attribute__((format(printf, 2, 3)))
failed(const struct damage *d, const char *format, ...)
{
	static const char *const ways[] = { "set to 0x00", "set to 0xff",
	    "set to a newline", "lost", "one added before it" };
	char how[64];
	va_list ap;

	if (d->cut)
		snprintf(how, sizeof how, "cut to %zu bytes", d->at);
	else if (d->way < TO_ZERO)
		snprintf(how, sizeof how, "byte %zu: bit %d", d->at, d->way);
	else
		snprintf(how, sizeof how, "byte %zu: %s", d->at,
		    ways[d->way - TO_ZERO]);
	flockfile(stderr);
	fprintf(stderr, "%s, case %llu: ", how, (unsigned long long)d->number);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
	__atomic_add_fetch(&shared->failed, 1, __ATOMIC_RELAXED);
}

static inline void
count(unsigned what)
{
	__atomic_add_fetch(&shared->counted[what], 1, __ATOMIC_RELAXED);
}

/* A worker's part of the cases, in a folder of its own. */
static inline void
cases_work(const struct cases *c, uint64_t worker, void *arg,
    void (*begin)(void *arg), void (*try)(void *arg, const struct damage *d))
{
	struct damage d = { 0 };
	uint64_t *now = &shared->now[worker];
	char name[16];

	snprintf(name, sizeof name, "work.%d", (int)worker);
	if (chdir(name) == -1)
		err(111, "%s", name);
	begin(arg);
	for (; *now < shared->end; *now += WORKERS * c->every) {
		if (shared->failed >= FAILURES_MAX)
			break;
		if (!damage_of(c, *now, &d))
			continue;
		try(arg, &d);
		__atomic_add_fetch(&shared->tried, 1, __ATOMIC_RELAXED);
	}
	ml_buf_free(&d.file);
}

/* Whether a worker's process has come to its end; else it goes on behind the
 * case that has killed it. */
static inline int
has_ended(const struct cases *c, uint64_t worker, pid_t pid)
{
	struct damage d = { 0 };
	int status;

	if (waitpid(pid, &status, 0) == -1)
		err(111, "wait");
	if (status == 0)
		return 1;
	if (shared->now[worker] < shared->end)
		damage_of(c, shared->now[worker], &d);
	failed(&d, "died: %s %d", WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	ml_buf_free(&d.file);
	if (shared->now[worker] >= shared->end)
		return 1;		/* at its end, as a leak is told */
	shared->now[worker] += WORKERS * c->every;
	return 0;
}

/* Whether the tools take part in a case. */
static inline int
with_tools(const struct damage *d)
{
	return d->number / (WORKERS * cases_now->every) % cases_now->tools == 0;
}

/* -n WAYS, -s SEED, -e EVERY, -t TOOLS, -c CASE: 0 if they make no sense. */
static inline int
cases_options(struct cases *c, int argc, char *argv[])
{
	int ch;

	*c = (struct cases){ .ways = WAYS, .every = 1, .tools = 16 };
	while ((ch = getopt(argc, argv, "n:s:e:t:c:")) != -1)
		switch (ch) {
		case 'n': c->ways = strtoull(optarg, NULL, 10); break;
		case 's': c->seed = strtoull(optarg, NULL, 10); break;
		case 'e': c->every = strtoull(optarg, NULL, 10); break;
		case 't': c->tools = strtoull(optarg, NULL, 10); break;
		case 'c': c->only = optarg; break;
		default: return 0;
		}
	if (c->only != NULL)
		c->tools = 1;
	return c->ways > 0 && c->ways <= WAYS && c->every > 0 && c->tools > 0;
}

/* Try all of them, or the only one. */
static inline void
cases_try(const struct cases *c, void *arg,
    void (*begin)(void *arg), void (*try)(void *arg, const struct damage *d))
{
	uint64_t worker, workers = c->only != NULL ? 1 : WORKERS;
	pid_t pid[WORKERS] = { 0 };

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(111, "memory");
	cases_now = c;
	shared->end = cases_count(c);
	for (worker = 0; worker < workers; worker++)
		shared->now[worker] = worker * c->every + c->seed % c->every;
	if (c->only != NULL) {
		shared->now[0] = strtoull(c->only, NULL, 10);
		shared->end = shared->now[0] + 1;
	}
	for (worker = 0; worker < workers; worker++) {
		fflush(NULL);
		if ((pid[worker] = fork()) == -1)
			err(111, "fork");
		if (pid[worker] == 0) {
			cases_work(c, worker, arg, begin, try);
			exit(0);
		}
	}
	for (worker = 0; worker < workers; worker++)
		while (!has_ended(c, worker, pid[worker])) {
			if ((pid[worker] = fork()) == -1)
				err(111, "fork");
			if (pid[worker] == 0) {
				cases_work(c, worker, arg, begin, try);
				exit(0);
			}
		}
}

/* The cases that were tried, what was counted, what has failed: a line. */
static inline void
cases_print(void)
{
	size_t i;

	printf("%llu", (unsigned long long)shared->tried);
	for (i = 0; i < COUNTS; i++)
		printf(" %llu", (unsigned long long)shared->counted[i]);
	printf(" %llu\n", (unsigned long long)shared->failed);
}
#endif

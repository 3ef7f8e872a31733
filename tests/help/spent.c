/*
 * spent [-p] [-b BEFORE] [-c PRELOAD] [-i IN] [-n RUNS] [-o OUT] [-s SECONDS]
 * COMMAND [ARG ...] - run COMMAND again and again and print what it takes:
 *
 *   us median_us unsynced_us cpu_us kib faults bytes syncs sync_us groups
 *
 * The time from before it is started until it is gone, and that time without
 * its syncs, are of the quickest run each; memory is the most of any; what
 * else there is, is of the last run.  bytes, syncs and groups are counted by
 * PRELOAD (counts.so); without, - stands for each of the last four.
 *
 * -b is what a shell does ahead of each run, -i and -o are COMMAND's input and
 * output (/dev/null), and with -p another process reads the output from a pipe.
 * After SECONDS (4) no further run begins, nor after RUNS (3).
 */
#define _GNU_SOURCE			/* memfd_create, syncfs */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../preload/counts.h"

#define RUNS_MAX 10000
#define FAILED 111

extern char **environ;

struct spent {
	const char *before, *preload, *in, *out;
	int piped, runs;
	double seconds;
	struct counts *counts;		/* of a run */
	struct rusage used;		/* by the last run */
	long kib;
	size_t n;
	double us[RUNS_MAX], unsynced[RUNS_MAX];
};

static volatile sig_atomic_t child;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What we started does not outlive us. */
static void
on_signal(int number)
{
	if (child > 0) {
		kill((pid_t)child, SIGKILL);
		waitpid((pid_t)child, NULL, 0);
	}
	_exit(128 + number);
}

static void
count_by(struct spent *s)
{
	char path[64];
	int fd = memfd_create("counts", MFD_CLOEXEC);

	if (fd == -1 || ftruncate(fd, sizeof *s->counts) == -1)
		err(FAILED, "counts");
	s->counts = mmap(NULL, sizeof *s->counts, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (s->counts == MAP_FAILED)
		err(FAILED, "counts");
	snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), fd);
	if (setenv("SPENT", path, 1) == -1)
		err(FAILED, "SPENT");
}

/* What was written ahead of a run is not its work. */
static void
prepare(const struct spent *s)
{
	int fd;

	if (s->before == NULL)
		return;
	if (system(s->before) != 0)
		errx(FAILED, "%s: failed", s->before);
	if ((fd = open(".", O_RDONLY | O_CLOEXEC)) == -1 || syncfs(fd) == -1)
		err(FAILED, "sync");
	close(fd);
}

static int
open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		err(FAILED, "%s", path);
	return fd;
}

/* Somebody who reads all; returns the other end. */
static int
start_reader(pid_t *reader)
{
	static char text[128 * 1024];
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1 || (*reader = fork()) == -1)
		err(FAILED, "pipe");
	if (*reader == 0) {
		close(fd[1]);
		while (read(fd[0], text, sizeof text) > 0)
			continue;
		_exit(0);
	}
	close(fd[0]);
	return fd[1];
}

static pid_t
start(const struct spent *s, char *argv[], int in, int out)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (s->preload != NULL)
		setenv("LD_PRELOAD", s->preload, 1);
	if ((rc = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ)) != 0)
		errx(FAILED, "%s: cannot be run: %d", argv[0], rc);
	unsetenv("LD_PRELOAD");
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

static void
run(struct spent *s, char *argv[])
{
	int status, in = open_file(s->in, O_RDONLY), out;
	pid_t reader = -1;
	double from, took;

	prepare(s);
	out = s->piped ? start_reader(&reader) :
	    open_file(s->out, O_WRONLY | O_CREAT | O_TRUNC);
	*s->counts = (struct counts){ 0 };
	from = now();
	child = start(s, argv, in, out);
	close(out);
	if (wait4((pid_t)child, &status, 0, &s->used) == -1)
		err(FAILED, "wait4");
	child = 0;
	if (reader != -1)
		waitpid(reader, NULL, 0);
	took = now() - from;
	close(in);
	if (status != 0)
		errx(FAILED, "%s: wait status %d", argv[0], status);
	if (s->used.ru_maxrss > s->kib)
		s->kib = s->used.ru_maxrss;
	s->us[s->n] = took;
	s->unsynced[s->n++] = took - (double)s->counts->sync_ns / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
us_of(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void
print(struct spent *s)
{
	qsort(s->us, s->n, sizeof s->us[0], compare);
	qsort(s->unsynced, s->n, sizeof s->unsynced[0], compare);
	printf("%.0f %.0f %.0f %.0f %ld %ld ", s->us[0], s->us[s->n / 2],
	    s->unsynced[0],
	    us_of(s->used.ru_utime) + us_of(s->used.ru_stime), s->kib,
	    s->used.ru_minflt + s->used.ru_majflt);
	if (s->preload == NULL)
		puts("- - - -");
	else
		printf("%llu %llu %.0f %llu\n",
		    (unsigned long long)s->counts->bytes,
		    (unsigned long long)s->counts->syncs,
		    (double)s->counts->sync_ns / 1e3,
		    (unsigned long long)s->counts->groups);
	if (fflush(stdout) == EOF)
		err(FAILED, "stdout");
}

int
main(int argc, char *argv[])
{
	static struct spent s = { .in = "/dev/null", .out = "/dev/null",
	    .runs = 3, .seconds = 4 };
	struct sigaction act = { .sa_handler = on_signal };
	double from = now();
	int ch;

	while ((ch = getopt(argc, argv, "+b:c:i:n:o:ps:")) != -1)
		switch (ch) {
		case 'b': s.before = optarg; break;
		case 'c': s.preload = optarg; break;
		case 'i': s.in = optarg; break;
		case 'n': s.runs = atoi(optarg); break;
		case 'o': s.out = optarg; break;
		case 'p': s.piped = 1; break;
		case 's': s.seconds = atof(optarg); break;
		default: return 2;
		}
	if (optind == argc || s.runs < 1 || s.runs > RUNS_MAX)
		errx(2, "usage: see the top of spent.c");
	sigaction(SIGHUP, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	count_by(&s);
	while (s.n < (size_t)s.runs &&
	    (s.n == 0 || now() - from < s.seconds * 1e6))
		run(&s, argv + optind);
	print(&s);
	return 0;
}

/*
 * hurry.so - preloaded into a program, has it live HURRY times as fast: its
 * clocks run so, it waits for that much less, and not for disks.  With JUMP the time of day is
 * another one, up to ten years away, each time it is asked for, though the
 * system says that it is a good one.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "next.h"

#define YEARS INT64_C(315360000)	/* ten of them, seconds */

static double speed = 1;
static int jumps;

__attribute__((constructor)) static void
read_speed(void)
{
	const char *text = getenv("HURRY");

	if (text != NULL)
		speed = strtod(text, NULL);
	jumps = getenv("JUMP") != NULL;
}

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int (*f)(clockid_t, struct timespec *);
	double ns;

	NEXT(f, "clock_gettime");
	if (f(clock, t) == -1)
		return -1;
	if (clock == CLOCK_REALTIME) {
		/* the nanoseconds are as good as dice */
		if (jumps)
			t->tv_sec += (time_t)(t->tv_nsec * INT64_C(7919) %
			    (2 * YEARS) - YEARS);
		return 0;
	}
	ns = (double)t->tv_nsec * speed;
	ns += (speed * (double)t->tv_sec -
	    (double)(int64_t)(speed * (double)t->tv_sec)) * 1e9;
	t->tv_sec = (time_t)(speed * (double)t->tv_sec) + (time_t)(ns / 1e9);
	t->tv_nsec = (long)(ns - 1e9 * (double)(int64_t)(ns / 1e9));
	return 0;
}

/* Rounded up, or it would wake too early, again and again. */
int
poll(struct pollfd *fds, nfds_t n, int ms)
{
	int (*f)(struct pollfd *, nfds_t, int);

	NEXT(f, "poll");
	return f(fds, n, ms > 0 ? (int)(ms / speed) + 1 : ms);
}

int
adjtimex(struct timex *t)
{
	int (*f)(struct timex *);

	NEXT(f, "adjtimex");
	if (!jumps)
		return f(t);
	t->status = 0;
	return TIME_OK;
}

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* stop - signals that ask a program to end */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "stop.h"

static int stop_pipe[2];

void
ml_stop_raise(void)
{
	(void)!write(stop_pipe[1], "", 1);
}

static void
on_signal(int number)
{
	int error = errno;

	(void)number;
	ml_stop_raise();
	errno = error;
}

static void
set(void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler }, was;

	sigemptyset(&a.sa_mask);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
	/* nohup(1) has it ignored */
	if (sigaction(SIGHUP, NULL, &was) == -1 || was.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &a, NULL);
}

int
ml_stop_catch(void)
{
	int i;

	if (pipe(stop_pipe) == -1)
		return -1;
	for (i = 0; i < 2; i++)
		if (fcntl(stop_pipe[i], F_SETFL, O_NONBLOCK) == -1 ||
		    fcntl(stop_pipe[i], F_SETFD, FD_CLOEXEC) == -1)
			return -1;
	set(on_signal);
	signal(SIGPIPE, SIG_IGN);
	return stop_pipe[0];
}

void
ml_stop_release(void)
{
	set(SIG_DFL);
}

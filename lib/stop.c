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

int
ml_stop_catch(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	int i;

	if (pipe(stop_pipe) == -1)
		return -1;
	for (i = 0; i < 2; i++)
		if (fcntl(stop_pipe[i], F_SETFL, O_NONBLOCK) == -1 ||
		    fcntl(stop_pipe[i], F_SETFD, FD_CLOEXEC) == -1)
			return -1;
	sigemptyset(&a.sa_mask);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
	return stop_pipe[0];
}

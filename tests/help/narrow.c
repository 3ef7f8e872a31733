/*
 * narrow - two programs that talk to each other over the narrowest pipes that
 * there are: narrow CMD [ARG ...] -- CMD [ARG ...].  Prints both exit statuses.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES 4096

static void
open_pipe(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) == -1 ||
	    fcntl(fd[0], F_SETPIPE_SZ, PIPE_BYTES) != PIPE_BYTES)
		err(111, "pipe");
}

static pid_t
start(char *argv[], int in, int out)
{
	pid_t pid = fork();

	if (pid == -1)
		err(111, "fork");
	if (pid > 0)
		return pid;
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1)
		err(111, "dup2");
	execvp(argv[0], argv);
	err(111, "%s", argv[0]);
}

int
main(int argc, char *argv[])
{
	int there[2], back[2], status[2], i = 1;
	pid_t pid[2];

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	if (i < 2 || i + 1 >= argc)
		errx(2, "usage: narrow CMD [ARG ...] -- CMD [ARG ...]");
	argv[i] = NULL;
	open_pipe(there);
	open_pipe(back);
	pid[0] = start(argv + 1, back[0], there[1]);
	pid[1] = start(argv + i + 1, there[0], back[1]);
	close(there[0]), close(there[1]), close(back[0]), close(back[1]);
	for (i = 0; i < 2; i++)
		if (waitpid(pid[i], &status[i], 0) == -1)
			err(111, "waitpid");
	printf("%d %d\n", WEXITSTATUS(status[0]), WEXITSTATUS(status[1]));
	return WIFEXITED(status[0]) && WIFEXITED(status[1]) ? 0 : 1;
}

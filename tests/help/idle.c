/*
 * idle FILE COMMAND [ARG ...] - run COMMAND on a pipe that does not block, give
 * it what stands on stdin, then nothing for a second, then the end; write into
 * FILE how many ms of the processor it took, and exit as it did.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long
ms(struct timeval t)
{
	return (long)t.tv_sec * 1000 + (long)t.tv_usec / 1000;
}

int
main(int argc, char *argv[])
{
	struct timespec second = { 1, 0 };
	struct rusage used;
	char data[4096];
	ssize_t n;
	int fd[2], status;
	pid_t pid;
	FILE *out;

	if (argc < 3)
		return 2;
	if (pipe(fd) == -1 || fcntl(fd[0], F_SETFL, O_NONBLOCK) == -1)
		err(111, "pipe");
	if ((pid = fork()) == -1)
		err(111, "fork");
	if (pid == 0) {
		if (dup2(fd[0], STDIN_FILENO) == -1)
			err(111, "dup2");
		close(fd[0]);
		close(fd[1]);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	close(fd[0]);
	while ((n = read(STDIN_FILENO, data, sizeof data)) > 0)
		if (write(fd[1], data, (size_t)n) != n)
			err(111, "write");
	while (nanosleep(&second, &second) == -1)
		continue;
	close(fd[1]);
	if (wait4(pid, &status, 0, &used) == -1)
		err(111, "wait4");
	if ((out = fopen(argv[1], "w")) == NULL)
		err(111, "%s", argv[1]);
	fprintf(out, "%ld\n", ms(used.ru_utime) + ms(used.ru_stime));
	if (fclose(out) == EOF)
		err(111, "%s", argv[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

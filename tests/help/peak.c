/*
 * peak FILE COMMAND [ARG ...] - run COMMAND, write into FILE how many KiB of
 * memory it had at its peak, and exit as it did.
 */
#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct rusage used;
	int status;
	pid_t pid;
	FILE *out;

	if (argc < 3)
		return 2;
	if ((pid = fork()) == -1)
		err(111, "fork");
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	if (wait4(pid, &status, 0, &used) == -1)
		err(111, "wait4");
	if ((out = fopen(argv[1], "w")) == NULL)
		err(111, "%s", argv[1]);
	fprintf(out, "%ld\n", used.ru_maxrss);
	if (fclose(out) == EOF)
		err(111, "%s", argv[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

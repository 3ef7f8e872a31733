/*
 * killat N COMMAND [ARG ...] - run COMMAND and kill it before its N-th system
 * call, counted from the one that follows its execve.  Exits 137 if it was
 * killed, else as it did.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int
wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) == -1)
		err(111, "waitpid");
	return status;
}

/* Its end, if it comes before so many calls. */
static int
run(pid_t pid, unsigned long calls)
{
	unsigned long stops = 0;
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig) == -1)
			err(111, "ptrace");
		status = wait_for(pid);
		if (!WIFSTOPPED(status))
			return status;
		sig = WSTOPSIG(status);
		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		/* a call stops twice: as it begins, and as it ends */
		if (stops++ % 2 == 0 && stops / 2 + 1 == calls) {
			kill(pid, SIGKILL);
			while (WIFSTOPPED(status))
				status = wait_for(pid);
			return status;
		}
	}
}

int
main(int argc, char *argv[])
{
	unsigned long n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	int status;
	pid_t pid;

	if (n == 0)
		errx(2, "usage: killat N COMMAND [ARG ...]");
	if ((pid = fork()) == -1)
		err(111, "fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			err(111, "ptrace");
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	status = wait_for(pid);
	if (!WIFSTOPPED(status))
		return WEXITSTATUS(status);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)
	    (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == -1)
		err(111, "ptrace");
	status = run(pid, n);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

/* carrier - a program that is the way to a peer */
#define _GNU_SOURCE			/* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "carrier.h"
#include "file.h"

/* The pipes, and which of their ends is whose. */
enum { TO, FROM, LIFE, FAILURE, PIPES };
enum { READ, WRITE };

#define PIPE_BYTES (1024 * 1024)	/* that a pipe may hold, on Linux */

static const int left_to_us[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

static void
close_all(int fd[PIPES][2])
{
	int i;

	for (i = 0; i < PIPES; i++) {
		if (fd[i][READ] != -1)
			close(fd[i][READ]);
		if (fd[i][WRITE] != -1)
			close(fd[i][WRITE]);
	}
}

static int
open_all(int fd[PIPES][2])
{
	int i, end;

	for (i = 0; i < PIPES; i++)
		fd[i][READ] = fd[i][WRITE] = -1;
	for (i = 0; i < PIPES; i++) {
		if (pipe(fd[i]) == -1)
			return -1;
		for (end = READ; end <= WRITE; end++)
			if (fcntl(fd[i][end], F_SETFD, FD_CLOEXEC) == -1)
				return -1;
	}
	return 0;
}

static void
set_signals(void (*to)(int))
{
	size_t i;

	for (i = 0; i < sizeof left_to_us / sizeof left_to_us[0]; i++)
		signal(left_to_us[i], to);
}

static _Noreturn void
run(char *const argv[], int fd[PIPES][2], const sigset_t *mask,
    void (*hangup)(int))
{
	int error;

	set_signals(SIG_DFL);
	if (hangup == SIG_IGN)		/* under nohup(1) */
		signal(SIGHUP, SIG_IGN);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (dup2(fd[TO][READ], STDIN_FILENO) != -1 &&
	    dup2(fd[FROM][WRITE], STDOUT_FILENO) != -1)
		execvp(argv[0], argv);
	error = errno;
	(void)ml_file_write(fd[FAILURE][WRITE], &error, sizeof error);
	_exit(127);
}

static void
on_child(int number)
{
	(void)number;
}

/* Let so long pass, or for ever with ms at -1, until the program ends or, with
 * life not -1, that is closed.  mask is without SIGCHLD, which is blocked. */
static void
wait_for(int life, long ms, const sigset_t *mask)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	fd_set set;

	FD_ZERO(&set);
	if (life != -1)
		FD_SET(life, &set);
	(void)pselect(life + 1, &set, NULL, NULL, ms < 0 ? NULL : &t, mask);
}

/* Whether the program has ended, and how. */
static int
has_ended(pid_t program, int *status)
{
	pid_t pid;

	while ((pid = waitpid(program, status, WNOHANG)) == -1 &&
	    errno == EINTR)
		continue;
	return pid != 0;
}

static int
is_closed(int life)
{
	struct timeval none = { 0, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(life, &set);
	return select(life + 1, &set, NULL, NULL, &none) > 0;
}

/* The keeper's work: see that the program ends when we do. */
static _Noreturn void
keep(pid_t program, int life, const sigset_t *mask)
{
	static const int stronger[] = { SIGTERM, SIGKILL };
	int status = 0, told = 0;

	while (!has_ended(program, &status)) {
		if (told == 0 && !is_closed(life)) {
			wait_for(life, -1, mask);
			continue;
		}
		wait_for(-1, told <= 2 ? ML_CARRIER_GRACE_MS : -1, mask);
		if (!has_ended(program, &status)) {
			if (told < 2)
				kill(program, stronger[told]);
			told++;
		} else
			break;
	}
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

static _Noreturn void
begin_keeper(char *const argv[], int fd[PIPES][2])
{
	struct sigaction act = { .sa_handler = on_child,
	    .sa_flags = SA_NOCLDSTOP };
	sigset_t mask, child;
	int null = open("/dev/null", O_RDWR), life, error;
	void (*hangup)(int) = signal(SIGHUP, SIG_IGN);
	pid_t program;

	set_signals(SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigemptyset(&act.sa_mask);
	sigaction(SIGCHLD, &act, NULL);
	sigprocmask(SIG_BLOCK, &child, &mask);
	if ((program = fork()) == 0)
		run(argv, fd, &mask, hangup);
	if (program == -1) {
		error = errno;
		(void)ml_file_write(fd[FAILURE][WRITE], &error, sizeof error);
		_exit(127);
	}
	life = fd[LIFE][READ];
	fd[LIFE][READ] = -1;
	close_all(fd);
	/* nobody is to wait for the end of what we hold and do not use */
	if (null != -1 && dup2(null, STDIN_FILENO) != -1)
		(void)dup2(null, STDOUT_FILENO);
	sigdelset(&mask, SIGCHLD);
	keep(program, life, &mask);
}

/* Take one end of a pipe: it is the caller's now. */
static int
take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int
ml_carrier_start(struct ml_carrier *c, char *const argv[])
{
	int fd[PIPES][2], error = 0;

	if (open_all(fd) == -1 || (c->keeper = fork()) == -1) {
		error = errno;
		close_all(fd);
		errno = error;
		return -1;
	}
	if (c->keeper == 0)
		begin_keeper(argv, fd);
	c->in = take(&fd[FROM][READ]);
	c->out = take(&fd[TO][WRITE]);
	c->life = take(&fd[LIFE][WRITE]);
	close(take(&fd[FAILURE][WRITE]));
	/* nothing comes of it, but its end, when the program runs */
	if (ml_file_read(fd[FAILURE][READ], &error, sizeof error) ==
	    sizeof error)
		(void)ml_carrier_end(c);
	close_all(fd);
	if (error != 0) {
		errno = error;
		return -1;
	}
#ifdef F_SETPIPE_SZ
	/* fewer turns for the same bytes; it works as well with less */
	(void)fcntl(c->in, F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(c->out, F_SETPIPE_SZ, PIPE_BYTES);
#endif
	return fcntl(c->in, F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(c->out, F_SETFL, O_NONBLOCK) == -1 ? -1 : 0;
}

void
ml_carrier_close_out(struct ml_carrier *c)
{
	if (c->out != -1)
		close(c->out);
	c->out = -1;
}

int
ml_carrier_end(struct ml_carrier *c)
{
	int status;

	ml_carrier_close_out(c);
	close(c->in);
	close(c->life);
	while (waitpid(c->keeper, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * intruder.so - preloaded into a program, does what somebody would do whom a
 * mistake in it has let in: once the program reads bytes with INTRUDER in them,
 * and in each thread that it starts.  What came of it is appended to the file
 * that INTRUDER names, opened before, one "WHERE WHAT: RESULT" a line.
 */
#define _GNU_SOURCE			/* RTLD_NEXT, memmem */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "next.h"

static int report = -1, was_here;
static char prey[4096], made[4200];	/* a file elsewhere; one to be made */

/* These are defined here under names that the headers may give to others. */
ssize_t watched_read(int fd, void *to, size_t len) __asm__("read");
ssize_t watched_pread(int fd, void *to, size_t len, off_t at) __asm__("pread64");
int watched_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg) __asm__("pthread_create");

__attribute__((constructor)) static void
prepare(void)
{
	const char *path = getenv("INTRUDER"), *file = getenv("PREY");

	if (path == NULL || file == NULL)
		return;
	report = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	snprintf(prey, sizeof prey, "%s", file);
	snprintf(made, sizeof made, "%s.made", file);
}

static void
tell(const char *where, const char *what, int rc)
{
	char line[256];
	int n = snprintf(line, sizeof line, "%s %s: %s\n", where, what,
	    rc != -1 ? "done" : errno == EPERM || errno == EACCES ? "denied" :
	    strerror(errno));

	if (write(report, line, (size_t)n) == -1)
		abort();
}

static void
try_open(const char *where, const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	tell(where, what, fd);
	if (fd != -1)
		close(fd);
}

static void
try_program(const char *where)
{
	char *argv[] = { "true", NULL };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	errno = WEXITSTATUS(status);
	tell(where, "run a program", errno == 0 ? 0 : -1);
}

static void
try_socket(const char *where, const char *what, int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	tell(where, what, fd);
	if (fd != -1)
		close(fd);
}

static void
try_memory(const char *where)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	tell(where, "share memory", id);
	if (id != -1)
		shmctl(id, IPC_RMID, NULL);
}

static void
intrude(const char *where)
{
	struct rlimit limit;
	char key = '\n';
	int rc;

	try_open(where, "read a file", "/etc/passwd", O_RDONLY);
	try_open(where, "list a folder", "/etc", O_RDONLY | O_DIRECTORY);
	try_open(where, "make a file", made, O_WRONLY | O_CREAT);
	try_open(where, "write a file", prey, O_WRONLY);
	tell(where, "cut a file", truncate(prey, 0));
	tell(where, "give a file away", chmod(prey, 0666));
	tell(where, "date a file", utimensat(AT_FDCWD, prey, NULL, 0));
	tell(where, "remove a file", unlink(prey));
	try_program(where);
	try_socket(where, "call the network", AF_INET);
	try_socket(where, "call a neighbour", AF_UNIX);
	tell(where, "signal the parent", kill(getppid(), 0));
	tell(where, "signal its thread",
	    (int)syscall(SYS_tgkill, getppid(), getppid(), 0));
	tell(where, "bound the parent",
	    prlimit(getppid(), RLIMIT_CORE, NULL, &limit));
	try_memory(where);
	rc = ioctl(0, TIOCSTI, &key);
	tell(where, "type into the terminal", rc == -1 && errno != EPERM ?
	    0 : rc);		/* it is none, or a kernel without that */
	errno = EPERM;
	tell(where, "gain privileges",
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : -1);
}

/* What was read is the program's; an error there stays as it was. */
static void
look(const void *bytes, ssize_t n)
{
	int error = errno;

	if (report != -1 && !was_here && n > 0 &&
	    memmem(bytes, (size_t)n, "INTRUDER", 8) != NULL) {
		was_here = 1;
		intrude("parser");
	}
	errno = error;
}

ssize_t
watched_read(int fd, void *to, size_t len)
{
	ssize_t (*f)(int, void *, size_t), n;

	NEXT(f, "read");
	n = f(fd, to, len);
	look(to, n);
	return n;
}

ssize_t
watched_pread(int fd, void *to, size_t len, off_t at)
{
	ssize_t (*f)(int, void *, size_t, off_t), n;

	NEXT(f, "pread64");
	n = f(fd, to, len, at);
	look(to, n);
	return n;
}

struct job {
	void *(*run)(void *);
	void *arg;
};

static void *
work(void *arg)
{
	struct job job = *(struct job *)arg;

	free(arg);
	intrude("thread");
	return job.run(job.arg);
}

int
watched_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	int (*f)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct job *job = malloc(sizeof *job);

	NEXT(f, "pthread_create");
	if (job == NULL)
		return EAGAIN;
	*job = (struct job){ run, arg };
	return report == -1 ? f(thread, attr, run, arg) :
	    f(thread, attr, work, job);
}

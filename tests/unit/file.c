/* file - a name is resolved while others make and remove what it names */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "unit.h"

#define TRIES 20000

/* Make and remove a file, until we are ended. */
static _Noreturn void
flicker(const char *name)
{
	int fd;

	for (;;) {
		if ((fd = open(name, O_WRONLY | O_CREAT, 0600)) != -1)
			close(fd);
		unlink(name);
	}
}

int
main(void)
{
	char dir[] = "/tmp/file.XXXXXX", *real;
	unsigned i, failed = 0;
	pid_t child;

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		abort();
	if ((child = fork()) == 0)
		flicker("new");
	for (i = 0; i < TRIES; i++) {
		if ((real = ml_file_resolve("new")) == NULL)
			failed++;
		free(real);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink("new");
	ok(failed == 0, "made while it is looked for: %u of %u failed", failed,
	    TRIES);
	ok(symlink("loop", "loop") == 0 && ml_file_resolve("loop") == NULL &&
	    errno == ELOOP, "a link to itself");
	real = NULL;
	ok(symlink("there", "link") == 0 &&
	    (real = ml_file_resolve("link")) != NULL &&
	    strcmp(real, "there") == 0, "a link to what is not there yet");
	free(real);
	unlink("loop");
	unlink("link");
	if (chdir("/") == -1 || rmdir(dir) == -1)
		abort();
	return unit_done();
}

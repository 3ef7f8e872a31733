/* follow - told of a file, whatever takes its place, and of no other */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "follow.h"
#include "unit.h"

static void
add(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd == -1 || write(fd, "x", 1) != 1 || close(fd) == -1)
		abort();
}

/* Whether there is something to be taken. */
static int
is_told(const struct ml_follow *f)
{
	struct pollfd p = { ml_follow_fd(f), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

int
main(void)
{
	char dir[] = "/tmp/follow.XXXXXX";
	struct ml_follow *f;

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		abort();
	if ((f = ml_follow_new("log")) == NULL)
		abort();
	ok(ml_follow_fd(f) != -1, "the system tells");
	add("log");
	ok(is_told(f) && ml_follow_take(f), "it is made");
	while (is_told(f))
		(void)ml_follow_take(f);
	add("log");
	ok(is_told(f) && ml_follow_take(f), "it grows");
	add("other");
	ok(!is_told(f) || !ml_follow_take(f), "another one is made");
	add("other");
	ok(!is_told(f), "another one grows: that wakes nobody");
	if (rename("other", "log") == -1)
		abort();
	ok(is_told(f) && ml_follow_take(f), "another takes its place");
	while (is_told(f))
		(void)ml_follow_take(f);
	add("log");
	ok(is_told(f) && ml_follow_take(f), "that one grows");
	if (unlink("log") == -1)
		abort();
	add("log");
	while (is_told(f) && !ml_follow_take(f))
		continue;
	add("log");
	ok(is_told(f) && ml_follow_take(f), "removed, and made anew");
	ml_follow_free(f);
	unlink("log");
	unlink("other");
	if (chdir("/") == -1 || rmdir(dir) == -1)
		abort();
	return unit_done();
}

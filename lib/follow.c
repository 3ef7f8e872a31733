/* follow - to be told when somebody else writes to a file */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"

#ifdef __linux__
#include <sys/inotify.h>
#endif

struct ml_follow {
	int fd;
	char *path;
	const char *name;		/* within its folder */
};

#ifdef __linux__
/* The folder is watched, as the file may be replaced by another. */
static void
watch(struct ml_follow *f)
{
	char *slash = strrchr(f->path, '/');
	int wd;

	if ((f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1)
		return;
	if (slash != NULL)
		*slash = '\0';
	wd = inotify_add_watch(f->fd, slash == NULL ? "." :
	    slash == f->path ? "/" : f->path,
	    IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (slash != NULL)
		*slash = '/';
	if (wd == -1) {
		close(f->fd);
		f->fd = -1;
	}
}

static int
take(struct ml_follow *f)
{
	union {
		struct inotify_event first;	/* for its alignment */
		char bytes[4096];
	} in;
	struct inotify_event e;
	ssize_t n, at;
	int found = 0;

	while ((n = read(f->fd, in.bytes, sizeof in.bytes)) > 0)
		for (at = 0; at < n; at += (ssize_t)(sizeof e + e.len)) {
			memcpy(&e, in.bytes + at, sizeof e);
			found |= (e.mask & IN_Q_OVERFLOW) != 0 || (e.len > 0 &&
			    strcmp(in.bytes + at + sizeof e, f->name) == 0);
		}
	return found;
}
#else
static void
watch(struct ml_follow *f)
{
	(void)f;
}

static int
take(struct ml_follow *f)
{
	(void)f;
	return 1;
}
#endif

struct ml_follow *
ml_follow_new(const char *path)
{
	struct ml_follow *f = calloc(1, sizeof *f);
	const char *slash;

	if (f == NULL || (f->path = strdup(path)) == NULL) {
		free(f);
		return NULL;
	}
	slash = strrchr(f->path, '/');
	f->name = slash != NULL ? slash + 1 : f->path;
	f->fd = -1;
	watch(f);
	return f;
}

void
ml_follow_free(struct ml_follow *f)
{
	if (f == NULL)
		return;
	if (f->fd != -1)
		close(f->fd);
	free(f->path);
	free(f);
}

int
ml_follow_fd(const struct ml_follow *f)
{
	return f->fd;
}

int
ml_follow_take(struct ml_follow *f)
{
	return take(f);
}

/* follow - to be told when somebody else writes to a file */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"

#ifdef __linux__
#include <sys/inotify.h>
#endif

struct ml_follow {
	int fd;
	int folder, file;		/* what is watched; -1: nothing */
	char *path;
	const char *name;		/* within its folder */
};

#ifdef __linux__
static void
give_up(struct ml_follow *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

/* Of writing to the file, whichever has its name now.  The folder would tell of
 * all that others write there, too. */
static void
watch_file(struct ml_follow *f)
{
	if (f->file != -1)
		(void)inotify_rm_watch(f->fd, f->file);
	f->file = inotify_add_watch(f->fd, f->path, IN_MODIFY);
	if (f->file == -1 && errno != ENOENT)
		give_up(f);
}

/* The folder is watched for another file that takes the place of this one. */
static void
watch(struct ml_follow *f)
{
	char *slash = strrchr(f->path, '/');

	if ((f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1)
		return;
	if (slash != NULL)
		*slash = '\0';
	f->folder = inotify_add_watch(f->fd, slash == NULL ? "." :
	    slash == f->path ? "/" : f->path,
	    IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (slash != NULL)
		*slash = '/';
	if (f->folder == -1)
		give_up(f);
	else
		watch_file(f);
}

/* What is there by now, and no more: who writes all the time must not keep us
 * here. */
static int
take(struct ml_follow *f)
{
	union {
		struct inotify_event first;	/* for its alignment */
		char bytes[4096];
	} in;
	struct inotify_event e;
	ssize_t n = read(f->fd, in.bytes, sizeof in.bytes), at;
	int found = 0, is_new = 0;

	for (at = 0; at < n; at += (ssize_t)(sizeof e + e.len)) {
		memcpy(&e, in.bytes + at, sizeof e);
		if ((e.mask & IN_Q_OVERFLOW) != 0 || (e.wd == f->folder &&
		    e.len > 0 && strcmp(in.bytes + at + sizeof e, f->name) == 0))
			is_new = 1;
		else if (e.wd == f->file && (e.mask & IN_MODIFY) != 0)
			found = 1;
	}
	if (is_new)
		watch_file(f);
	return found || is_new;
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
	f->fd = f->folder = f->file = -1;
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

/* ledger - the file in which all who send on a band book their airtime */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"
#include "ledger.h"

#define LOCK_WAIT 10.0		/* seconds */

static const char DAMAGED[] =
    "damaged: what was sent is not known; delete it an hour after the last sending";
static const char NO_FILE[] = "not a file: name another one by --ledger";

struct ml_ledger {
	char *name;			/* as it was given */
	char *path;			/* that it stands for */
	int fd;				/* -1: not open */
	int is_reader;			/* nothing is written */
	int is_named;			/* its name is on the disk */
	uint64_t size;			/* read so far */
	uint64_t tidy_at;		/* a size worth a look */
	unsigned long lines;
	char boot[ML_LEDGER_BOOT_LEN + 1];	/* of what is in budget */
	struct ml_budget budget;
};

/* Its folders, each that is not there, for good. */
static int
make_folders(char *path)
{
	char *p;
	int rc = 0;

	for (p = path + 1; rc == 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) == 0)
			rc = ml_file_sync_dir(path);
		else if (errno != EEXIST)
			rc = -1;
		*p = '/';
	}
	return rc;
}

static int
open_ledger(struct ml_ledger **out, const char *path, int is_reader)
{
	struct ml_ledger *l = calloc(1, sizeof *l);
	int error;

	if (l == NULL || sodium_init() == -1) {
		free(l);
		errno = ENOMEM;
		return -1;
	}
	l->fd = -1;
	l->tidy_at = ML_LEDGER_KEEP;
	l->is_reader = is_reader;
	if ((l->name = strdup(path)) != NULL &&
	    (l->path = ml_file_resolve(path)) != NULL &&
	    (is_reader || make_folders(l->path) == 0)) {
		*out = l;
		return 0;
	}
	error = errno;
	ml_ledger_free(l);
	errno = error;
	return -1;
}

int
ml_ledger_open(struct ml_ledger **out, const char *path)
{
	return open_ledger(out, path, 0);
}

int
ml_ledger_open_reader(struct ml_ledger **out, const char *path)
{
	return open_ledger(out, path, 1);
}

void
ml_ledger_free(struct ml_ledger *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		close(l->fd);
	ml_budget_free(&l->budget);
	free(l->path);
	free(l->name);
	free(l);
}

static void
forget(struct ml_ledger *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	l->is_named = 0;
	l->size = l->lines = 0;
	ml_budget_free(&l->budget);
}

/* Nothing is opened that might do something when it is. */
static int
open_file(struct ml_ledger *l, const char **why)
{
	struct stat st;

	if (stat(l->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		*why = NO_FILE;
		return -1;
	}
	l->fd = open(l->path, (l->is_reader ? O_RDONLY : O_RDWR | O_APPEND |
	    O_CREAT) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	return l->fd == -1 ? -1 : 0;
}

/* The file of that name, locked. */
static int
lock(struct ml_ledger *l, const char **why)
{
	struct stat ours, there;

	for (;;) {
		if (l->fd == -1 && open_file(l, why) == -1)
			return -1;
		if (ml_file_lock(l->fd, LOCK_WAIT) == -1)
			return -1;
		if (fstat(l->fd, &ours) == -1)
			return -1;
		if (stat(l->path, &there) == 0 && ours.st_ino == there.st_ino &&
		    ours.st_dev == there.st_dev)
			return 0;
		forget(l);		/* another one was put in its place */
	}
}

/* 0, or -1 and the reason, if it is not the system's. */
static int
take_line(struct ml_ledger *l, const struct ml_ledger_clock *now,
    struct ml_slice line, const char **why)
{
	struct ml_budget_entry e;
	int rc = ml_ledgerline_read(&e, line, now);

	if (rc == -1)
		*why = DAMAGED;
	else if (rc == 1 && ml_budget_set(&l->budget, e) == -1) {
		errno = ENOMEM;
		rc = -1;
	}
	return rc == -1 ? -1 : 0;
}

/* Whole lines of text, which begins where the last reading ended. */
static int
take_lines(struct ml_ledger *l, const struct ml_ledger_clock *now,
    struct ml_slice text, const char **why, unsigned long *line)
{
	const char *p = text.p, *end = text.p + text.len, *nl;

	for (; (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1) {
		*line = ++l->lines;
		if (take_line(l, now, (struct ml_slice){ p, (size_t)(nl - p) },
		    why) == -1)
			return -1;
		l->size += (uint64_t)(nl + 1 - p);
	}
	if (p == end)
		return 0;
	/* what a crash has cut was never sent; any other text is no ledger's,
	 * and somebody's */
	if (!ml_ledgerline_may_be_cut((struct ml_slice){ p, (size_t)(end - p) })) {
		*line = l->lines + 1;
		*why = DAMAGED;
		return -1;
	}
	return l->is_reader ? 0 : ftruncate(l->fd, (off_t)l->size);
}

/* What others have booked since. */
static int
read_more(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line)
{
	struct ml_buf text = { 0 };
	struct stat st;
	ssize_t n;
	char *p;
	int rc = -1;

	if (fstat(l->fd, &st) == -1)
		return -1;
	if ((uint64_t)st.st_size < l->size) {
		l->size = l->lines = 0;
		ml_budget_free(&l->budget);
	}
	if ((uint64_t)st.st_size == l->size)
		return 0;
	if ((uint64_t)st.st_size - l->size > ML_LEDGER_MAX) {
		errno = EFBIG;
		return -1;
	}
	n = (ssize_t)(st.st_size - (off_t)l->size);
	if ((p = ml_buf_room(&text, (size_t)n)) == NULL)
		errno = ENOMEM;
	else if ((n = ml_file_read_at(l->fd, p, (size_t)n, l->size)) != -1)
		rc = take_lines(l, now, (struct ml_slice){ p, (size_t)n }, why,
		    line);
	ml_buf_free(&text);
	return rc;
}

/* Locked, and read up to its end. */
static int
begin(struct ml_ledger *l, const struct ml_ledger_clock *now, const char **why,
    unsigned long *line)
{
	*why = NULL;
	*line = 0;
	if (strcmp(l->boot, now->boot) != 0)
		forget(l);
	memcpy(l->boot, now->boot, sizeof l->boot);
	if (lock(l, why) == -1)
		return l->is_reader && errno == ENOENT ? 0 : -1;
	if (read_more(l, now, why, line) == -1)
		return -1;
	ml_budget_expire(&l->budget, now->since_boot);
	return 0;
}

static int
end(struct ml_ledger *l, int rc)
{
	int error = errno;

	if (l->fd != -1)
		ml_file_unlock(l->fd);
	if (rc == -1)
		forget(l);		/* who knows what is there */
	errno = error;
	return rc;
}

/* All who could use the file still can. */
static int
keep_owner(int fd, const struct ml_ledger *l)
{
	struct stat old, new;

	if (fstat(l->fd, &old) == -1 || fstat(fd, &new) == -1)
		return -1;
	if ((new.st_uid != old.st_uid || new.st_gid != old.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid) == -1)
		return -1;
	return fchmod(fd, old.st_mode & 0777);
}

/* Put a file of that text in the ledger's place: 1; 0: who may book may not do
 * that; or -1. */
static int
replace(struct ml_ledger *l, const struct ml_buf *text)
{
	int fd = ml_file_replace(l->path);

	if (fd == -1)
		return 0;
	if (keep_owner(fd, l) == -1) {
		ml_file_replace_undo(fd, l->path);
		return 0;
	}
	if (ml_file_write(fd, text->p, text->len) == -1) {
		ml_file_replace_undo(fd, l->path);
		return -1;
	}
	return ml_file_replaced(fd, l->path) == -1 ? -1 : 1;
}

/* Write it anew if half of it or more no longer counts: 1, 0 if not, or -1. */
static int
tidy(struct ml_ledger *l, const struct ml_ledger_clock *now)
{
	struct ml_buf text = { 0 };
	size_t i;
	int rc = 0;

	if (l->size < l->tidy_at)
		return 0;
	ml_budget_merge(&l->budget, now->since_boot, ML_LEDGER_GRAIN);
	for (i = 0; i < l->budget.n; i++)
		ml_ledgerline_write(&text, &l->budget.entry[i], now);
	if (!ml_buf_failed(&text) && l->size >= 2 * text.len)
		rc = replace(l, &text);
	l->tidy_at = 2 * (rc == 1 ? text.len : l->size);
	if (l->tidy_at < ML_LEDGER_KEEP)
		l->tidy_at = ML_LEDGER_KEEP;
	ml_buf_free(&text);
	return rc;
}

static int
begin_to_write(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line)
{
	int rc = begin(l, now, why, line);

	if (rc == 0 && (rc = tidy(l, now)) == 1) {
		forget(l);
		rc = begin(l, now, why, line);
	}
	return rc;
}

static int
append(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const struct ml_budget_entry *e, int is_safe)
{
	struct ml_buf line = { 0 };
	int rc = -1;

	ml_ledgerline_write(&line, e, now);
	if (ml_buf_failed(&line) || ml_budget_set(&l->budget, *e) == -1)
		errno = ENOMEM;
	else if (ml_file_write(l->fd, line.p, line.len) == 0 &&
	    (!is_safe || ml_file_sync(l->fd) == 0))
		rc = 0;
	/* who made the file may have died before its name was safe */
	if (rc == 0 && is_safe && !l->is_named) {
		rc = ml_file_sync_dir(l->path);
		l->is_named = rc == 0;
	}
	l->size += line.len;
	l->lines++;
	ml_buf_free(&line);
	return rc;
}

int
ml_ledger_book(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t limit, struct ml_budget_entry *e, uint64_t *when,
    const char **why, unsigned long *line)
{
	int rc = begin_to_write(l, now, why, line);

	if (rc == 0) {
		*when = ml_budget_when(&l->budget, now->since_boot, limit,
		    e->airtime);
		randombytes_buf(&e->key, sizeof e->key);
		if (*when == now->since_boot)
			rc = append(l, now, e, 1);
	}
	return end(l, rc);
}

int
ml_ledger_move(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const struct ml_budget_entry *e, const char **why, unsigned long *line)
{
	int rc = begin_to_write(l, now, why, line);
	uint64_t until = 0;

	/* if an end that is sooner is lost, it counts for longer */
	if (rc == 0 && (!ml_budget_end(&l->budget, e->key, &until) ||
	    until != e->until))
		rc = append(l, now, e, e->until > until);
	return end(l, rc);
}

int
ml_ledger_look(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line)
{
	return end(l, begin(l, now, why, line));
}

const struct ml_budget *
ml_ledger_budget(const struct ml_ledger *l)
{
	return &l->budget;
}

const char *
ml_ledger_path(const struct ml_ledger *l)
{
	return l->name;
}

/* ledger - the file in which all who send on a band book their airtime */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/timex.h>
#endif

#include "buf.h"
#include "file.h"
#include "ledger.h"

#define LOCK_WAIT 10.0			/* seconds */
#define LINE_MAX_LEN 160		/* bytes */
#define UNDATED INT64_C(0)		/* by a clock that was not synchronised */
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

static const char DAMAGED[] =
    "damaged: what was sent is not known; delete it an hour after the last sending";

/*
 * A line: the boot, a key, the airtime, the end since that boot, the end by the
 * time of day; all but the first are numbers, times in microseconds.  A second
 * line of a key gives it another end.
 */
struct ml_ledger {
	char *path;
	int fd;				/* -1: not open */
	uint64_t size;			/* read so far */
	unsigned long lines;
	char boot[ML_LEDGER_BOOT_LEN + 1];	/* of what is in budget */
	struct ml_budget budget;
};

static int
read_boot(char boot[static ML_LEDGER_BOOT_LEN + 1])
{
	int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd != -1) {
		n = ml_file_read(fd, boot, ML_LEDGER_BOOT_LEN);
		close(fd);
	}
	boot[n == ML_LEDGER_BOOT_LEN ? n : 0] = '\0';
	return n == ML_LEDGER_BOOT_LEN;
}

int
ml_ledger_read_clock(struct ml_ledger_clock *now)
{
	struct timespec t;
#ifdef __linux__
	const clockid_t since_boot = CLOCK_BOOTTIME;
	struct timex x = { 0 };
	int state = adjtimex(&x);

	now->is_synced = state != -1 && state != TIME_ERROR &&
	    !(x.status & STA_UNSYNC);
#else
	const clockid_t since_boot = CLOCK_MONOTONIC;

	now->is_synced = 0;
#endif
	if (!read_boot(now->boot))
		memcpy(now->boot, "-", 2);	/* one for ever, and no clock */
	if (clock_gettime(since_boot, &t) == -1)
		return -1;
	now->since_boot = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	if (clock_gettime(CLOCK_REALTIME, &t) == -1)
		return -1;
	now->wall = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	return 0;
}

/* Its folders, each that is not there. */
static int
make_folders(char *path)
{
	char *p;

	for (p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST) {
			*p = '/';
			return -1;
		}
		*p = '/';
	}
	return 0;
}

int
ml_ledger_open(struct ml_ledger **out, const char *path)
{
	struct ml_ledger *l = calloc(1, sizeof *l);
	int error;

	if (l == NULL || sodium_init() == -1) {
		free(l);
		errno = ENOMEM;
		return -1;
	}
	l->fd = -1;
	if ((l->path = strdup(path)) != NULL && make_folders(l->path) == 0) {
		*out = l;
		return 0;
	}
	error = errno;
	ml_ledger_free(l);
	errno = error;
	return -1;
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
	free(l);
}

static void
forget(struct ml_ledger *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	l->size = l->lines = 0;
	ml_budget_free(&l->budget);
}

/* The file of that name, locked. */
static int
lock(struct ml_ledger *l)
{
	struct stat ours, there;

	for (;;) {
		if (l->fd == -1 && (l->fd = open(l->path, O_RDWR | O_APPEND |
		    O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600)) == -1)
			return -1;
		if (ml_file_lock(l->fd, LOCK_WAIT) == -1)
			return -1;
		if (fstat(l->fd, &ours) == -1)
			return -1;
		if (stat(l->path, &there) == 0 && ours.st_ino == there.st_ino &&
		    ours.st_dev == there.st_dev)
			break;
		forget(l);		/* another one was put in its place */
	}
	if (!S_ISREG(ours.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* When it ended, by this boot's clock, as far as can be told. */
static uint64_t
end_of(const struct ml_ledger_clock *now, const char *boot, uint64_t until,
    int64_t wall)
{
	uint64_t age;

	if (strcmp(boot, now->boot) == 0)
		return until;
	if (!now->is_synced || wall == UNDATED)
		return 0;
	if (wall >= now->wall)
		return now->since_boot;
	age = (uint64_t)now->wall - (uint64_t)wall;
	return age < now->since_boot ? now->since_boot - age : 0;
}

static int
take_line(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char *text)
{
	struct ml_budget_entry e;
	char boot[ML_LEDGER_BOOT_LEN + 1];
	uint64_t until;
	int64_t wall;
	int n = 0;

	if (sscanf(text, "%36s %" SCNx64 " %" SCNu64 " %" SCNu64 " %" SCNd64 "%n",
	    boot, &e.key, &e.airtime, &until, &wall, &n) != 5 ||
	    text[n] != '\0')
		return 0;
	e.until = end_of(now, boot, until, wall);
	/* of another boot, and old by its date */
	if (e.until == 0 && now->is_synced && wall != UNDATED &&
	    now->wall - wall > (int64_t)ML_BUDGET_WINDOW)
		return 1;
	return ml_budget_set(&l->budget, e) == 0 ? 1 : -1;
}

/* What others have booked since.  What a crash has cut was never sent. */
static int
read_more(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line)
{
	struct ml_buf text = { 0 };
	struct stat st;
	char *p, *end, *nl;
	ssize_t n;
	int rc = -1, got = 1;

	if (fstat(l->fd, &st) == -1)
		return -1;
	if ((uint64_t)st.st_size < l->size) {
		l->size = l->lines = 0;
		ml_budget_free(&l->budget);
	}
	if ((uint64_t)st.st_size - l->size > ML_LEDGER_MAX) {
		errno = EFBIG;
		return -1;
	}
	n = (ssize_t)(st.st_size - (off_t)l->size);
	if ((p = ml_buf_room(&text, (size_t)n + 1)) == NULL)
		errno = ENOMEM;
	else if ((n = ml_file_read_at(l->fd, p, (size_t)n, l->size)) != -1)
		rc = 0;
	for (end = p + (rc == 0 ? n : 0); rc == 0 && p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			rc = ftruncate(l->fd, (off_t)l->size);
			break;
		}
		*nl = '\0';
		l->lines++;
		if (nl - p > LINE_MAX_LEN || (got = take_line(l, now, p)) != 1) {
			*why = got == -1 ? NULL : DAMAGED;
			*line = l->lines;
			errno = ENOMEM;
			rc = -1;
		} else
			l->size += (uint64_t)(nl + 1 - p);
	}
	ml_buf_free(&text);
	return rc;
}

static size_t
write_line(char text[static LINE_MAX_LEN], const struct ml_ledger_clock *now,
    const struct ml_budget_entry *e)
{
	int64_t ahead = (int64_t)(e->until - now->since_boot);

	return (size_t)snprintf(text, LINE_MAX_LEN, "%s %016" PRIx64 " %" PRIu64
	    " %" PRIu64 " %" PRId64 "\n", now->boot, e->key, e->airtime,
	    e->until, now->is_synced ? now->wall + ahead : UNDATED);
}

/* A new file of what counts still takes the old one's place: 1, or 0 while
 * that would win little. */
static int
tidy(struct ml_ledger *l, const struct ml_ledger_clock *now)
{
	char text[LINE_MAX_LEN];
	size_t i;
	int fd, rc = 0;

	ml_budget_expire(&l->budget, now->since_boot);
	if (l->size < ML_LEDGER_KEEP ||
	    l->budget.n > ML_LEDGER_KEEP / LINE_MAX_LEN / 2)
		return 0;
	if ((fd = ml_file_replace(l->path)) == -1)
		return -1;
	for (i = 0; rc == 0 && i < l->budget.n; i++)
		rc = ml_file_write(fd, text,
		    write_line(text, now, &l->budget.entry[i]));
	if (rc == -1) {
		ml_file_replace_undo(fd, l->path);
		return -1;
	}
	return ml_file_replaced(fd, l->path) == -1 ? -1 : 1;
}

static int
append(struct ml_ledger *l, const struct ml_ledger_clock *now,
    struct ml_budget_entry e, int is_safe)
{
	char text[LINE_MAX_LEN];
	size_t n = write_line(text, now, &e);

	if (ml_budget_set(&l->budget, e) == -1 ||
	    ml_file_write(l->fd, text, n) == -1 ||
	    (is_safe && ml_file_sync(l->fd) == -1))
		return -1;
	/* who made the file may have died before its name was safe */
	if (l->size == 0 && ml_file_sync_dir(l->path) == -1)
		return -1;
	l->size += n;
	l->lines++;
	return 0;
}

/* Locked, and read up to its end. */
static int
begin(struct ml_ledger *l, const struct ml_ledger_clock *now, const char **why,
    unsigned long *line)
{
	*why = NULL;
	if (strcmp(l->boot, now->boot) != 0)
		forget(l);
	memcpy(l->boot, now->boot, sizeof l->boot);
	return lock(l) == -1 || read_more(l, now, why, line) == -1 ? -1 : 0;
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

int
ml_ledger_book(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t limit, uint64_t airtime, uint64_t until, uint64_t *key,
    uint64_t *when, const char **why, unsigned long *line)
{
	int rc = begin(l, now, why, line);

	if (rc == 0 && (rc = tidy(l, now)) == 1) {
		forget(l);
		rc = begin(l, now, why, line);
	}
	if (rc == 0) {
		*when = ml_budget_when(&l->budget, now->since_boot, limit,
		    airtime);
		randombytes_buf(key, sizeof *key);
		if (*when == now->since_boot)
			rc = append(l, now, (struct ml_budget_entry){ *key,
			    until, airtime }, 1);
	}
	return end(l, rc);
}

int
ml_ledger_ended(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t key, const char **why, unsigned long *line)
{
	int rc = begin(l, now, why, line);
	size_t i;

	for (i = l->budget.n; rc == 0 && i-- > 0;)
		if (l->budget.entry[i].key == key &&
		    l->budget.entry[i].until > now->since_boot) {
			/* if this is lost, it counts for longer */
			rc = append(l, now, (struct ml_budget_entry){ key,
			    now->since_boot, l->budget.entry[i].airtime }, 0);
			break;
		}
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
	return l->path;
}

/* killstate - what tests/help/kills.c knows of its writers and readers */
#ifndef KILLSTATE_H
#define KILLSTATE_H
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "canon.h"
#include "dice.h"
#include "event.h"
#include "frontier.h"
#include "identity.h"

#define AUDIT_EVERY 25			/* kills */
#define BIG 30000			/* bytes of a text that spans pages */
#define NAMES 100			/* that the trust file is told of */
#define FAILURES_MAX 20

extern char **environ;

/* Two authors who write here, and two whose events come from elsewhere. */
enum { ME, KEYED, SENT, SEALED, FEEDS };

enum {
	STORED = 1,			/* it was said to be in the log */
	HELD = 2,			/* or to wait */
	KNOWN = 4,			/* its id is */
	IN_LOG = 8,			/* found by this audit, without a seal */
	IN_LOG_SEALED = 16,
	IN_HELD = 32,
	TOLD = 64			/* by who wrote it */
};

struct mark {
	uint8_t id[ML_ID_LEN];
	int flags;
	struct ml_buf line;		/* its wire form, if we have it */
};

struct feed {
	char author[ML_AUTHOR_HEX + 1];
	struct ml_identity *key;	/* NULL: plain */
	struct mark *mark;		/* by seq */
	int64_t room, made;		/* room in mark; made up by us so far */
	int64_t head;			/* up to here all is stored, it was said */
	int64_t whole;			/* up to here it is, by the last audit */
};

enum action { ONE, BATCH, INGEST, GOSSIP, TRUST, MEND, DELTA, FRONTIER, VIEW,
	CHECK, ACTIONS };

struct run {
	enum action action;
	pid_t pid;
	int in, out;			/* pipes; -1: closed */
	struct ml_buf input, text;
	size_t sent, piece;		/* bytes */
	int64_t began, kill_at, send_at, pause;	/* us */
	int on_output, killed, name;
	int64_t floor[FEEDS];		/* what it must find */
	int64_t from[FEEDS];		/* of a delta: what was asked for */
	int feed, unsealed;		/* of the line before */
	char said[16];			/* a file, its stderr */
};

static struct feed feed[FEEDS];
static struct run run[3];		/* the last one reads */
static int trusted[NAMES];
static int64_t typical[ACTIONS];	/* us that a run takes */
static uint64_t seed, kills, killed_readers, runs, audits, given, torn,
    failures;
static int auditing;			/* nobody writes */
static int deletes;			/* whether the index is deleted now */
static const char *folder;

static uint64_t
draw(uint64_t below)
{
	return ml_dice_below(&seed, below);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
fail(const char *what, struct ml_slice text)
{
	if (++failures <= FAILURES_MAX)
		fprintf(stderr, "kills: %s: after %llu kills: %s: %.*s\n",
		    folder, (unsigned long long)kills, what,
		    (int)(text.len < 300 ? text.len : 300), text.p);
}

static void
fail_at(const char *what, const struct feed *f, int64_t seq)
{
	char text[64];

	snprintf(text, sizeof text, "%.32s %lld", f->author, (long long)seq);
	fail(what, (struct ml_slice){ text, strlen(text) });
}

/* Append as printf() does. */
static void put(struct ml_buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void
put(struct ml_buf *out, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	ml_buf_str(out, text);
}

static void
put_text(struct ml_buf *out)
{
	size_t n = draw(30) == 0 ? BIG + draw(BIG) : draw(150);

	while (n-- > 0)
		ml_buf_byte(out, (char)('a' + n % 26));
}

static void
read_whole(const char *path, struct ml_buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	char *to;

	ml_buf_clear(out);
	if (fd == -1)
		return;
	while (n > 0 && (to = ml_buf_room(out, 1 << 20)) != NULL &&
	    (n = read(fd, to, 1 << 20)) > 0)
		out->len += (size_t)n;
	close(fd);
}
#endif

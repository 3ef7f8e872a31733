/*
 * powercheck [-a AUTHOR | -k KEY] [-n NAME] [-c STATUS] [-e TEXT] [-i STATUS]
 *     FINAL ALL GOAL [INPUT ...] - in the folder that a cut of the power has left
 * (tests/help/powercut.c), with what was told before it in ../told: whether
 * all of that is true, and whether the tools go on from there.
 *
 * FINAL is the folder as it would be without a cut; ALL has every event that
 * there is, GOAL those that are there when the INPUTs have been taken in again;
 * STATUS is what ml-check has to say then, and what ml-ingest may.  AUTHOR, or
 * KEY, goes on writing.  TEXT is evidence that was there before, NAME that of
 * the key which "ml-key new" was making.
 */
#define _GNU_SOURCE			/* memfd_create, memmem */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jstring.h"
#include "message.h"
#include "told.h"
#include "refused.h"
#include "utf8.h"

#define ARGS 16
#define LOG "log"

extern char **environ;

/* What a tool has done. */
struct done {
	int status;
	struct ml_buf out, err;
};

struct check {
	const char *author, *key, *name, *final, *evidence;
	char **input;
	int is, may_be;			/* statuses: -c, -i */
	int damaged;			/* a whole line is none */
	struct list told, all, goal;
	struct ml_buf lines;		/* of ../told */
	struct known minted;
};

static void
take_out(int fd, struct ml_buf *to)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_file(path, to);
	close(fd);
}

/* Run a tool, whose last argument is NULL; a status over 128 is a signal's. */
static void
run(struct done *d, const char *tool, ...)
{
	posix_spawn_file_actions_t to;
	int out = memfd_create("out", 0), error = memfd_create("err", 0);
	char *argv[ARGS + 1] = { (char *)(uintptr_t)tool };
	va_list args;
	size_t n = 1;
	pid_t pid;

	va_start(args, tool);
	while ((argv[n] = va_arg(args, char *)) != NULL && n < ARGS)
		n++;
	va_end(args);
	posix_spawn_file_actions_init(&to);
	posix_spawn_file_actions_addopen(&to, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&to, out, 1);
	posix_spawn_file_actions_adddup2(&to, error, 2);
	if ((errno = posix_spawnp(&pid, tool, &to, NULL, argv, environ)) != 0 ||
	    waitpid(pid, &d->status, 0) == -1)
		err(111, "%s", tool);
	posix_spawn_file_actions_destroy(&to);
	d->status = WIFEXITED(d->status) ? WEXITSTATUS(d->status) :
	    128 + WTERMSIG(d->status);
	take_out(out, &d->out);
	take_out(error, &d->err);
}

static void
wrong_status(const struct done *d, const char *what)
{
	fail("%s: status %d: %.*s", what, d->status, (int)d->err.len,
	    d->err.len > 0 ? d->err.p : "");
}

static int
has_text(struct ml_slice in, const void *p, size_t len)
{
	return in.len > 0 && memmem(in.p, in.len, p, len) != NULL;
}

/* One that waits, or was refused for a fork: the sidecar has it. */
static void
in_sidecar(const char *path, const struct list *log, struct ml_slice id)
{
	struct ml_buf text = { 0 };
	uint8_t bytes[ML_ID_LEN];

	if (!ml_id_read(id, bytes) || (find(log, bytes) == NULL &&
	    (!read_file(path, &text) ||
	    !has_text(ml_buf_view(&text), id.p, id.len))))
		fail("%s: told of, and not there: id %.*s", path, (int)id.len,
		    id.p);
	ml_buf_free(&text);
}

/* The tab-separated parts of a line. */
static size_t
split(struct ml_slice line, struct ml_slice part[static 6])
{
	size_t n;
	const char *tab;

	for (n = 0; n < 6; n++) {
		tab = n < 5 ? memchr(line.p, '\t', line.len) : NULL;
		part[n] = line;
		if (tab == NULL)
			return n + 1;
		part[n].len = (size_t)(tab - line.p);
		line.p = tab + 1;
		line.len -= part[n].len + 1;
	}
	return n;
}

/* An id that ml-ingest said was in the log. */
static void
told_stored(struct check *c, const struct ml_slice part[static 6])
{
	uint8_t id[ML_ID_LEN];
	int64_t seq;

	if (!ml_number_int(part[3], &seq) || !ml_id_read(part[4], id))
		fail("a verdict that is none: %.*s", (int)part[4].len,
		    part[4].p);
	else
		add(&c->told, part[2], seq, id);
}

/* The events of a message that was sent. */
static void
add_message(struct check *c, struct ml_slice line)
{
	struct ml_items items = ml_items_of(line);
	struct ml_item item;

	while (ml_items_next(&items, &item) != ML_ITEM_END)
		if (item.kind != ML_ITEM_EVENT ||
		    !add_line(&c->told, item.text))
			fail("told, and no event: %.*s", (int)item.text.len,
			    item.text.p);
}

static void
read_told(struct check *c)
{
	struct ml_slice rest, line, part[6];

	if (!read_file("../told", &c->lines))
		err(111, "../told");
	rest = ml_buf_view(&c->lines);
	while (next_line(&rest, &line)) {
		memset(part, 0, sizeof part);
		split(line, part);
		if (ml_slice_is(part[0], "ml-emit") ||
		    ml_slice_is(part[0], "ml-delta")) {
			line.len -= (size_t)(part[1].p - line.p);
			line.p = part[1].p;
			if (!add_line(&c->told, line))
				fail("told, and no event: %.*s", (int)line.len,
				    line.p);
		} else if (ml_slice_is(part[0], "ml-gossip")) {
			line.len -= (size_t)(part[1].p - line.p);
			line.p = part[1].p;
			add_message(c, line);
		} else if (ml_slice_is(part[0], "ml-ingest") &&
		    (ml_slice_is(part[1], "stored") ||
		    ml_slice_is(part[1], "had")))
			told_stored(c, part);
	}
	sort_told(&c->told);
}

/* What else was told is true too. */
static void
check_told(struct check *c, const struct list *log)
{
	static const char cut[] = "kept in .refused", torn[] = "a torn tail";
	struct ml_slice rest = ml_buf_view(&c->lines), line, part[6];
	struct ml_buf refused = { 0 };
	long long stored, had, claimed = 0;

	read_file(LOG ".refused", &refused);
	while (next_line(&rest, &line)) {
		memset(part, 0, sizeof part);
		if (split(line, part) < 2)
			continue;
		if (ml_slice_is(part[1], "held"))
			in_sidecar(LOG ".held", log, part[4]);
		else if (ml_slice_is(part[1], "refused") &&
		    has_text(part[5], "fork:", 5))
			in_sidecar(LOG ".refused", log, part[4]);
		else if (ml_slice_is(part[0], "said") && sscanf(part[1].p,
		    "ml-ingest: %lld new, %lld had", &stored, &had) == 2)
			claimed = stored + had > claimed ? stored + had : claimed;
		else if (has_text(line, cut, sizeof cut - 1) &&
		    !has_text(ml_buf_view(&refused), torn, sizeof torn - 1))
			fail("a torn tail is said to be kept, and is not");
	}
	if (c->evidence != NULL && !has_text(ml_buf_view(&refused), c->evidence,
	    strlen(c->evidence)))
		fail("evidence that was there is lost: %s", c->evidence);
	ml_buf_free(&refused);
	if ((long long)log->n < claimed)
		fail("a summary claims %lld, and %zu are there", claimed,
		    log->n);
}

/* The frontier was what the events come to. */
static void
check_frontier(const struct done *d, const struct list *log)
{
	struct ml_buf want = { 0 }, order = { 0 };
	struct known *k;
	size_t i;

	if (d->status != 0)
		wrong_status(d, "ml-frontier");
	ml_buf_slice(&order, ml_buf_view(&log->known));
	k = (struct known *)(void *)order.p;
	if (log->n > 0)
		qsort(k, log->n, sizeof *k, by_place);
	ml_buf_byte(&want, '{');
	for (i = 0; i < log->n; i++) {
		if (i + 1 < log->n && ml_slice_same(k[i].author, k[i + 1].author))
			continue;
		ml_buf_str(&want, want.len > 1 ? ",\"" : "\"");
		ml_buf_slice(&want, k[i].author);
		ml_buf_str(&want, "\":");
		ml_buf_int(&want, k[i].seq);
	}
	ml_buf_str(&want, "}\n");
	if (!ml_slice_same(ml_buf_view(&want), ml_buf_view(&d->out)))
		fail("ml-frontier: %.*s, and the events come to %.*s",
		    (int)d->out.len, d->out.p, (int)want.len, want.p);
}

/* What a peer without anything gets. */
static void
deliver(struct list *log, struct done *d)
{
	run(d, "ml-delta", LOG, NULL);
	if (d->status != 0)
		wrong_status(d, "ml-delta");
	if (read_events(log, ml_buf_view(&d->out)) > 0)
		fail("ml-delta: a line that is no event");
	none_twice(log);
}

/*
 * A new log of which nothing is there but what lay on the disk before is no log
 * to the tools, and could be somebody's photo: they leave it to its owner.
 */
static int
is_junk(struct check *c)
{
	struct done d = { 0 };

	run(&d, "ml-frontier", LOG, NULL);
	return d.status == 2 && c->told.n == 0 &&
	    has_text(ml_buf_view(&d.err), "not a log", 9);
}

/* Readers, ahead of any writer. */
static void
check_reading(struct check *c, struct list *log)
{
	struct done d = { 0 }, frontier = { 0 };

	/* first, as it looks at the least and mends nothing */
	run(&frontier, "ml-frontier", LOG, NULL);
	deliver(log, &d);
	all_there(log, &c->all, "an event that never was");
	all_there(&c->told, log, "told, and lost");
	check_told(c, log);
	check_frontier(&frontier, log);
	memset(&d, 0, sizeof d);
	run(&d, "ml-view", LOG, NULL);
	if (d.status != 0)
		wrong_status(&d, "ml-view");
	run(&d, "ml-check", LOG, NULL);
	if (d.status > 1)
		wrong_status(&d, "ml-check");
}

/* A whole line that is no event: what lay there when the power failed. */
static int
is_damaged(struct ml_slice text)
{
	struct list l = { 0 };
	struct ml_slice line;
	int damaged = 0;

	while (!damaged && next_line(&text, &line) &&
	    (text.len > 0 || line.p[line.len] == '\n'))
		damaged = line.len > 0 && !add_line(&l, line);
	ml_buf_free(&l.known);
	return damaged;
}

/* What was cut off the log, as .refused spells it. */
static int
is_kept(struct ml_slice torn)
{
	struct ml_buf text = { 0 }, want = { 0 };
	size_t room;
	int kept;

	if (torn.len > ML_REFUSED_TEXT_MAX)
		torn.len = ML_REFUSED_TEXT_MAX;
	room = sodium_base64_ENCODED_LEN(torn.len,
	    sodium_base64_VARIANT_ORIGINAL);
	if (ml_utf8_valid(torn.p, torn.len))
		ml_jstring_write(&want, torn.p, torn.len);
	else if (ml_buf_room(&want, room) != NULL) {
		sodium_bin2base64(want.p, room, (const uint8_t *)torn.p,
		    torn.len, sodium_base64_VARIANT_ORIGINAL);
		want.len = room - 1;
	}
	read_file(LOG ".refused", &text);
	kept = has_text(ml_buf_view(&text), want.p, want.len);
	ml_buf_free(&text);
	ml_buf_free(&want);
	return kept;
}

/* A writer has come by: nothing of the log is gone but what it says it cut. */
static void
check_cut(const struct ml_buf *before, const struct done *d)
{
	static const char says[] = "cut a torn tail of ";
	struct ml_buf after = { 0 };
	const char *at = d->err.len == 0 ? NULL :
	    memmem(d->err.p, d->err.len, says, sizeof says - 1);
	size_t cut = at != NULL ? strtoul(at + sizeof says - 1, NULL, 10) : 0,
	    stays = before->len - cut;

	if (cut > before->len || !read_file(LOG, &after) ||
	    after.len < stays || (stays > 0 &&
	    memcmp(before->p, after.p, stays) != 0))
		fail("%zu bytes are said to be cut of %zu, and others are gone",
		    cut, before->len);
	else if (cut > 0 && !is_kept((struct ml_slice){ before->p + stays,
	    cut }))
		fail("%zu bytes were cut and are not in .refused", cut);
	else if (stays > 0 && after.len > stays &&
	    before->p[stays - 1] != '\n' && after.p[stays] != '\n')
		fail("glued to a line without an end");
	ml_buf_free(&after);
}

/* Going on: a number that was given to anybody is not given again. */
static void
check_writing(struct check *c)
{
	const char *option = c->key != NULL ? "-k" : "-a",
	    *who = c->key != NULL ? c->key : c->author;
	struct ml_buf before = { 0 };
	struct list mine = { 0 };
	struct done d = { 0 };
	size_t i;

	read_file(LOG, &before);
	run(&d, "ml-emit", option, who, LOG, "note", "R", "after", NULL);
	if (d.status == 2 && c->damaged &&
	    has_text(ml_buf_view(&d.err), "behind a gap", 12)) {
		check_cut(&before, &d);
		read_file(LOG, &before);
		run(&d, "ml-emit", option, who, "--force", LOG, "note", "R",
		    "after", NULL);
	}
	if (d.status != 0)
		wrong_status(&d, "ml-emit");
	check_cut(&before, &d);
	if (read_events(&mine, ml_buf_view(&d.out)) > 0 || mine.n == 0)
		fail("ml-emit: not an event: %.*s", (int)d.out.len, d.out.p);
	for (i = 0; i < mine.n; i++)
		add(&c->told, known_at(&mine, i)->author,
		    known_at(&mine, i)->seq, known_at(&mine, i)->id);
	sort_told(&c->told);
	none_twice(&c->told);
}

/* A peer sends all again: then it is all there. */
static void
check_intake(struct check *c)
{
	struct ml_buf before = { 0 };
	struct list log = { 0 };
	struct done d = { 0 }, frontier = { 0 };
	char **input;

	for (input = c->input; *input != NULL; input++) {
		read_file(LOG, &before);
		run(&d, "ml-ingest", LOG, *input, NULL);
		if (d.status != 0 && d.status != c->may_be)
			wrong_status(&d, "ml-ingest");
		check_cut(&before, &d);
	}
	memset(&d, 0, sizeof d);
	run(&frontier, "ml-frontier", LOG, NULL);
	deliver(&log, &d);
	all_there(&c->told, &log, "told, and lost later");
	all_there(&c->goal, &log, "sent again, and not there");
	check_frontier(&frontier, &log);
	memset(&d, 0, sizeof d);
	run(&d, "ml-check", LOG, NULL);
	if (d.status != c->is && !(d.status == 1 && c->damaged)) {
		ml_buf_slice(&d.err, ml_buf_view(&d.out));
		wrong_status(&d, "ml-check at the end");
	}
}

/* A key is whole or not there; one that was announced is there. */
static void
check_key(struct check *c)
{
	struct ml_slice rest = ml_buf_view(&c->lines), line, part[6];
	struct ml_buf told = { 0 }, is = { 0 }, was = { 0 };
	struct done d = { 0 };
	char path[4096];

	while (next_line(&rest, &line))
		if (split(line, part) > 1 && ml_slice_is(part[0], "ml-key"))
			ml_buf_add(&told, part[1].p, (size_t)(line.p +
			    line.len + 1 - part[1].p));
	snprintf(path, sizeof path, "%s/%s", c->final, c->key);
	read_file(path, &was);
	if (!read_file(c->key, &is)) {
		if (told.len > 0)
			fail("%s: announced, and lost", c->key);
		run(&d, "ml-key", "new", "-n", c->name, c->key, NULL);
		if (d.status != 0)
			wrong_status(&d, "ml-key new, again");
		return;
	}
	if (!ml_slice_same(ml_buf_view(&is), ml_buf_view(&was)))
		fail("%s: not the key that was made", c->key);
	run(&d, "ml-key", "show", c->key, NULL);
	if (d.status != 0 || !has_text(ml_buf_view(&d.out), c->name,
	    strlen(c->name)) || (told.len > 0 &&
	    !ml_slice_same(ml_buf_view(&told), ml_buf_view(&d.out))))
		wrong_status(&d, "ml-key show: not as announced");
}

/* The last that was done about an author holds, unless more was begun. */
static void
check_trust(struct check *c)
{
	struct ml_slice rest = ml_buf_view(&c->lines), line, part[6];
	struct done d = { 0 };
	char id[64], verb[16], what[16];
	struct { char id[64]; int must, may; } rule[8] = { { "", 0, 0 } };
	size_t i, n = 0;
	int listed;

	while (next_line(&rest, &line)) {
		if (split(line, part) < 2 || !ml_slice_is(part[0], "said") ||
		    sscanf(part[1].p, "%15s ml-key %15s log %63s", what, verb,
		    id) != 3)
			continue;
		for (i = 0; i < n && strcmp(rule[i].id, id) != 0; i++)
			continue;
		if (i == n && n < 7)
			snprintf(rule[n++].id, sizeof id, "%s", id);
		listed = strcmp(verb, "trust") == 0;
		if (strcmp(what, "done") == 0)
			rule[i].must = rule[i].may = listed;
		else if (listed)
			rule[i].may = 1;
		else
			rule[i].must = 0;
	}
	run(&d, "ml-key", "list", LOG, NULL);
	if (d.status != 0)
		wrong_status(&d, "ml-key list");
	for (i = 0; i < n; i++) {
		listed = has_text(ml_buf_view(&d.out), rule[i].id,
		    strlen(rule[i].id));
		if (listed < rule[i].must || listed > rule[i].may)
			fail("%s: trusted: %d", rule[i].id, listed);
	}
}

static void
load(struct list *l, const char *path)
{
	struct ml_buf *text = calloc(1, sizeof *text);

	if (text == NULL || !read_file(path, text))
		err(111, "%s", path);
	read_events(l, ml_buf_view(text));
	l->text = *text;
	free(text);
}

int
main(int argc, char *argv[])
{
	struct check c = { 0 };
	struct ml_buf text = { 0 };
	struct list log = { 0 };
	const char *shim = getenv("POWER_STAMPS");
	int ch;

	while ((ch = getopt(argc, argv, "a:c:e:i:k:n:")) != -1)
		switch (ch) {
		case 'a': c.author = optarg; break;
		case 'c': c.is = atoi(optarg); break;
		case 'e': c.evidence = optarg; break;
		case 'i': c.may_be = atoi(optarg); break;
		case 'k': c.key = optarg; break;
		case 'n': c.name = optarg; break;
		default: return 2;
		}
	if (argc - optind < 3)
		return 2;
	c.final = argv[optind];
	load(&c.all, argv[optind + 1]);
	load(&c.goal, argv[optind + 2]);
	c.input = argv + optind + 3;
	read_told(&c);
	if (shim != NULL && (setenv("LD_PRELOAD", shim, 1) == -1 ||
	    setenv("STAMPS", "../stamps", 1) == -1))
		err(111, NULL);
	if (c.name != NULL)
		check_key(&c);
	check_trust(&c);
	if (read_file(LOG, &text) && is_junk(&c) && unlink(LOG) == 0)
		ml_buf_clear(&text);
	else if (access(LOG, F_OK) == 0) {
		c.damaged = is_damaged(ml_buf_view(&text));
		check_reading(&c, &log);
	} else
		all_there(&c.told, &log, "told, and the log is not there");
	if (c.author != NULL || c.key != NULL)
		check_writing(&c);
	if (c.author != NULL || c.key != NULL || *c.input != NULL)
		check_intake(&c);
	return failed;
}

/*
 * kills [-n KILLS] [-s SEED] FOLDER - two writers and a reader at work on
 * FOLDER/log, each killed at random moments and started again at once, until
 * so many have died.  What they printed as done must be so at the next audit:
 * nothing lost, nothing twice, no fork, and no reader ever prints a bad line.
 *
 * Prints what was counted as "KILLS KILLED-READERS RUNS AUDITS STORED HELD
 * GIVEN TORN FAILED", and leaves in FOLDER/sent all that the others have
 * written.  Each failure is a line on stderr.
 */
#define _GNU_SOURCE			/* pipe2, ppoll */
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

enum action { ONE, BATCH, INGEST, TRUST, MEND, DELTA, FRONTIER, VIEW, CHECK,
	ACTIONS };

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
	uint64_t x = seed += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % below;
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

static struct mark *
mark_of(struct feed *f, int64_t seq)
{
	int64_t room = f->room;

	if (seq >= room) {
		f->room = seq + 1000;
		f->mark = realloc(f->mark, (size_t)f->room * sizeof *f->mark);
		if (f->mark == NULL)
			err(111, NULL);
		memset(f->mark + room, 0, (size_t)(f->room - room) *
		    sizeof *f->mark);
	}
	return &f->mark[seq];
}

static struct feed *
feed_of(struct ml_slice author)
{
	int i;

	for (i = 0; i < FEEDS; i++)
		if (ml_slice_is(author, feed[i].author))
			return &feed[i];
	return NULL;
}

/* Somebody has named the event at seq: one seq, one id. */
static struct mark *
named(struct feed *f, int64_t seq, const uint8_t id[static ML_ID_LEN],
    int flags)
{
	struct mark *m = mark_of(f, seq);

	if ((m->flags & KNOWN) && memcmp(m->id, id, ML_ID_LEN) != 0)
		fail_at("two events of one seq", f, seq);
	memcpy(m->id, id, ML_ID_LEN);
	m->flags |= KNOWN | flags;
	if ((flags & STORED) && seq > f->head)
		f->head = seq;
	return m;
}

/* The next event of one who writes elsewhere; of a key one of 16 is sealed. */
static void
make(struct feed *f, int sealed)
{
	struct ml_buf payload = { 0 }, prev = { 0 }, body = { 0 };
	char seal[ML_SEAL_TEXT + 1], hex[ML_PUBLIC_HEX + 1];
	struct ml_event e = { .author = { f->author, strlen(f->author) },
	    .kind = { "note.add", 8 }, .seq = ++f->made };
	struct mark *m;

	e.hlc = (struct ml_hlc){ 1700000000000 + e.seq, 0 };
	if (f->key != NULL && e.seq == 1) {
		sodium_bin2hex(hex, sizeof hex, ml_identity_public(f->key),
		    ML_PUBLIC_LEN);
		e.kind = (struct ml_slice){ "author.key", 10 };
		put(&payload, "{\"key\":\"%s\"}", hex);
	} else {
		put(&payload, "{\"record_id\":\"R-%d\",\"text\":\"",
		    (int)draw(9));
		put_text(&payload);
		put(&payload, "\"}");
	}
	e.payload = ml_buf_view(&payload);
	if (e.seq > 1)
		ml_id_write(mark_of(f, e.seq - 1)->id, &prev);
	e.prev = ml_buf_view(&prev);
	if (ml_event_mint(&e, &body) != NULL)
		errx(111, "mint");
	if (f->key != NULL && (sealed || e.seq % 16 == 0)) {
		if (ml_identity_seal(f->key, &e, seal, &body) == -1)
			errx(111, "seal");
		e.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	}
	m = named(f, e.seq, e.id, 0);
	ml_event_write(&e, &m->line);
	ml_buf_free(&payload);
	ml_buf_free(&prev);
	ml_buf_free(&body);
}

static void
put_line(struct ml_buf *out, struct ml_slice line)
{
	ml_buf_slice(out, line);
	ml_buf_byte(out, '\n');
}

/*
 * What a peer sends: from about the head on, a few left out, in order or not,
 * some altered, some known, some from a stranger, some no events at all.
 */
static void
put_stream(struct ml_buf *out, struct feed *f)
{
	int64_t from = f->head + 1 - (int64_t)draw(6), at, swap, seqs[60], seq;
	int64_t i, n = 1 + (int64_t)draw(60);
	const struct feed *mine;
	size_t where;

	for (i = 0; i < n; i++)
		seqs[i] = (from > 0 ? from : 1) + i;
	for (i = n - 1; draw(2) == 0 && i > 0; i--) {
		at = i > 8 ? i - (int64_t)draw(8) : i;
		swap = seqs[i];
		seqs[i] = seqs[at];
		seqs[at] = swap;
	}
	for (i = 0; i < n; i++) {
		while (f->made < seqs[i])
			make(f, draw(5) == 0);
		if (draw(30) == 0)
			continue;
		put_line(out, ml_buf_view(&f->mark[seqs[i]].line));
		switch (draw(40)) {
		case 0:
			where = out->len;
			put_line(out, ml_buf_view(&f->mark[seqs[i]].line));
			out->p[where + f->mark[seqs[i]].line.len / 2] ^= 1;
			break;
		case 1:
			put(out, "{\"a\":\"stranger\",\"s\":1,\"h\":[1,1],\"k\":"
			    "\"k\",\"p\":1,\"v\":\"\",\"i\":"
			    "\"7ce8a7ca04dc5ef3dd6c4d41eb0d6e52\"}\n");
			break;
		case 2:
			put(out, "%d bottles of beer\n\n", (int)i);
			break;
		case 3:
			mine = &feed[draw(2)];
			seq = 1 + (int64_t)draw((uint64_t)mine->head + 1);
			if (seq <= mine->head && mine->mark[seq].line.len > 0)
				put_line(out,
				    ml_buf_view(&mine->mark[seq].line));
		}
	}
}

/* A line of ml-emit or ml-delta: an event, whole and true. */
static int
read_event(struct ml_slice line, struct ml_event *e, struct feed **f)
{
	static struct ml_buf body;
	const char *why = NULL;

	if (!ml_event_read_quick(e, line))
		why = "not an event in wire form";
	else if ((*f = feed_of(e->author)) == NULL)
		why = "of nobody";
	else if (ml_event_verify(e, &body) != NULL)
		why = "its id is wrong";
	else if (e->seal.len > 0 && ((*f)->key == NULL || ml_seal_verify(e,
	    ml_identity_public((*f)->key), &body) != NULL))
		why = "its seal is wrong";
	if (why != NULL)
		fail(why, line);
	return why == NULL;
}

static void
emitted(struct ml_slice line)
{
	struct ml_event e;
	struct feed *f;
	struct mark *m;

	if (!read_event(line, &e, &f))
		return;
	if (f->key != NULL && e.seal.len == 0)
		fail("emitted without a seal", line);
	m = named(f, e.seq, e.id, STORED | TOLD);
	ml_buf_clear(&m->line);
	ml_buf_slice(&m->line, line);
}

static void
delta_line(struct run *r, struct ml_slice line)
{
	struct ml_event e;
	struct feed *f;
	int at;

	if (!read_event(line, &e, &f))
		return;
	given++;
	at = (int)(f - feed);
	if (at != r->feed) {
		if (r->unsealed > 0)
			fail("a delta of a feed that ends without a seal", line);
		if (r->feed != -1 && strcmp(feed[r->feed].author,
		    f->author) > 0)
			fail("a delta that is not sorted", line);
		r->unsealed = 0;
	}
	r->feed = at;
	if (e.seq != ++r->from[at])
		fail("a delta with a gap, or with one twice", line);
	r->unsealed = f->key == NULL || e.seal.len > 0 ? 0 : r->unsealed + 1;
	if (r->unsealed >= ML_SEAL_RUN)
		fail("a delta without a seal for too long", line);
	named(f, e.seq, e.id, STORED);	/* a peer has it now */
}

static void
frontier_line(struct run *r, struct ml_slice line)
{
	struct ml_frontier *f;
	int64_t seq;
	int i;

	if (ml_frontier_read(&f, line) != NULL) {
		fail("not a frontier", line);
		return;
	}
	for (i = 0; i < FEEDS; i++) {
		seq = ml_frontier_seq(f, (struct ml_slice){ feed[i].author,
		    strlen(feed[i].author) });
		if (seq < r->floor[i])
			fail("a frontier that went back", line);
		if (auditing && seq != feed[i].whole)
			fail_at("another frontier than the file's", &feed[i],
			    feed[i].whole);
		if (seq > feed[i].head) {
			feed[i].head = seq;
			mark_of(&feed[i], seq);	/* whose line nobody told */
		}
	}
	ml_frontier_free(f);
}

/* "stored", "held" and so on, author, seq, id, perhaps why; between tabs. */
static void
verdict(struct ml_slice line)
{
	char word[16], author[64], hex[40], text[256] = "";
	uint8_t id[ML_ID_LEN];
	struct feed *f;
	long long seq;
	size_t n = line.len < sizeof text ? line.len : sizeof text - 1;

	memcpy(text, line.p, n);
	if (sscanf(text, "%15[a-z]\t%63[^\t]\t%lld\t%39[0-9a-f]", word,
	    author, &seq, hex) != 4 || !ml_id_read((struct ml_slice){ hex,
	    strlen(hex) }, id)) {
		fail("not a verdict", line);
		return;
	}
	f = feed_of((struct ml_slice){ author, strlen(author) });
	if (strcmp(word, "refused") == 0)
		return;
	if (f == NULL || strcmp(word, "dropped") == 0)
		fail("a wrong verdict", line);
	else
		named(f, seq, id, strcmp(word, "held") == 0 ? HELD : STORED);
}

/* What came complete on a pipe counts. */
static void
take_lines(struct run *r)
{
	const char *newline;
	struct ml_slice line;
	size_t at = 0;

	if (r->action > FRONTIER || r->action == TRUST || r->action == MEND)
		return;
	while ((newline = memchr(r->text.p + at, '\n', r->text.len - at)) !=
	    NULL) {
		line = (struct ml_slice){ r->text.p + at,
		    (size_t)(newline - r->text.p) - at };
		at += line.len + 1;
		if (r->action == INGEST)
			verdict(line);
		else if (r->action == DELTA)
			delta_line(r, line);
		else if (r->action == FRONTIER)
			frontier_line(r, line);
		else
			emitted(line);
	}
	ml_buf_drop(&r->text, at);
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

/* Nobody may complain of more than the traces of a kill, and of bad input. */
static int
is_usual(const struct run *r, struct ml_slice line)
{
	static const char cut[] = "cut a torn tail of ", input[] =
	    "ml-ingest: -:", see[] = ": 1 torn tail: see ml-check",
	    lsan[] = "Unable to get registers from thread";

	/* a leak checker that met a thread on its way out */
	if (memmem(line.p, line.len, lsan, strlen(lsan)) != NULL)
		return 1;
	if (memmem(line.p, line.len, cut, strlen(cut)) != NULL) {
		torn++;
		return r->action <= MEND;
	}
	if (r->action == INGEST)
		return memmem(line.p, line.len, " refused", 8) != NULL ||
		    (line.len > strlen(input) && memcmp(line.p, input,
		    strlen(input)) == 0);
	return r->action >= DELTA && memmem(line.p, line.len, see,
	    strlen(see)) != NULL;
}

static void
look_at_stderr(const struct run *r)
{
	static struct ml_buf text;
	const char *p, *end, *newline;

	read_whole(r->said, &text);
	for (p = text.p, end = p + text.len; p < end; p = newline + 1) {
		if ((newline = memchr(p, '\n', (size_t)(end - p))) == NULL)
			break;		/* killed while it said so */
		if (!is_usual(r, (struct ml_slice){ p, (size_t)(newline - p) }))
			fail("unusual", (struct ml_slice){ p,
			    (size_t)(newline - p) });
	}
}

static void
look_at_end(struct run *r, int status)
{
	static const char torn_only[] = "\n1 finding\n";
	const char *p = r->text.p;
	struct ml_slice text = ml_buf_view(&r->text);
	int refused = r->action == INGEST && status == 1;

	if (status != 0 && !refused && !(r->action == CHECK && status == 1 &&
	    memmem(text.p, text.len, "a torn tail", 11) != NULL &&
	    memmem(text.p, text.len, torn_only, strlen(torn_only)) != NULL)) {
		char what[64];

		snprintf(what, sizeof what, "action %d: status %d",
		    (int)r->action, status);
		fail(what, text);
	}
	if (r->action == VIEW && (ml_canon_skip(&p, text.p + text.len, 9) !=
	    NULL || text.p + text.len - p != 1 || *p != '\n'))
		fail("not a view", text);
	if (r->action == CHECK && status == 0 && (text.len < 12 || memcmp(
	    text.p + text.len - 12, "all is well\n", 12) != 0))
		fail("not all is well", text);
	if (r->action < CHECK && r->action != VIEW && r->action != MEND &&
	    r->text.len > 0)
		fail("half a line", text);
	if (r->action == DELTA && r->unsealed > 0)
		fail_at("a delta that ends without a seal", &feed[r->feed],
		    r->from[r->feed]);
	if (r->action == TRUST && status == 0)
		trusted[r->name] = 1;
	typical[r->action] = (3 * typical[r->action] + now() - r->began) / 4;
}

static void
end(struct run *r)
{
	int status;

	if (waitpid(r->pid, &status, 0) == -1)
		err(111, "waitpid");
	close(r->out);
	if (r->in != -1)
		close(r->in);
	r->in = r->out = -1;
	r->pid = 0;
	runs++;
	look_at_stderr(r);
	if (WIFEXITED(status))
		look_at_end(r, WEXITSTATUS(status));
	else if (WTERMSIG(status) != SIGKILL || !r->killed)
		fail_at("died of a signal", &feed[ME], WTERMSIG(status));
	else {
		kills++;
		killed_readers += r == &run[2];
	}
}

static void
begin(struct run *r, char *const argv[])
{
	posix_spawn_file_actions_t files;
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == -1)
		err(111, "pipe");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, r->said,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if ((rc = posix_spawnp(&r->pid, argv[0], &files, NULL, argv,
	    environ)) != 0)
		errx(111, "%s: %s", argv[0], strerror(rc));
	posix_spawn_file_actions_destroy(&files);
	close(in[0]);
	close(out[1]);
	r->in = in[1];
	r->out = out[0];
}

static void
put_frontier(struct run *r)
{
	int i;

	ml_buf_byte(&r->input, '{');
	for (i = 0; i < FEEDS; i++) {
		r->from[i] = draw(50) == 0 ? 0 : r->floor[i] -
		    (int64_t)draw(20);
		if (r->from[i] < 0)
			r->from[i] = 0;
		put(&r->input, "%s\"%s\":%lld", i > 0 ? "," : "",
		    feed[i].author, (long long)r->from[i]);
	}
	put(&r->input, "}\n");
}

static void
put_batch(struct ml_buf *out)
{
	uint64_t n = 1 + draw(40);

	while (n-- > 0) {
		put(out, "{\"kind\":\"note.add\",\"payload\":{\"record_id\":"
		    "\"R-%d\",\"text\":\"", (int)draw(9));
		put_text(out);
		put(out, "\"}}\n");
	}
}

static void
start(struct run *r, enum action action)
{
	static char *const tools[ACTIONS] = { "ml-emit", "ml-emit",
	    "ml-ingest", "ml-key", "ml-check", "ml-delta", "ml-frontier",
	    "ml-view", "ml-check" };
	char name[16], *emit[] = { tools[action], draw(2) ? "-k" : "-a", "me",
	    "-w", "60", "log", action == ONE ? "note" : "-",
	    action == ONE ? "R-1" : NULL, "one", NULL };
	char *ingest[] = { tools[action], "-v", "-w", "60", "log", NULL };
	char *trust[] = { tools[action], "trust", "log", "--plain", name, NULL };
	char *mend[] = { tools[action], "-r", "-w", "60", "log", NULL };
	char *reader[] = { tools[action], "log", action == DELTA ? "-" : NULL,
	    NULL };
	int i;

	if (emit[1][1] == 'k')
		emit[2] = "key";
	r->action = action;
	ml_buf_clear(&r->input);
	ml_buf_clear(&r->text);
	r->killed = r->unsealed = 0;
	r->feed = -1;
	r->name = (int)draw(NAMES);
	snprintf(name, sizeof name, "name-%d", r->name);
	for (i = 0; i < FEEDS; i++)
		r->floor[i] = feed[i].head;
	if (action == BATCH)
		put_batch(&r->input);
	else if (action == INGEST)
		put_stream(&r->input, &feed[SENT + draw(2)]);
	else if (action == DELTA)
		put_frontier(r);
	r->sent = 0;
	r->piece = draw(2) == 0 ? SIZE_MAX : 100 + draw(4000);
	r->pause = (int64_t)draw(2000);
	if (deletes && draw(8) == 0)
		unlink("log.index");
	begin(r, action <= BATCH ? emit : action == INGEST ? ingest :
	    action == TRUST ? trust : action == MEND ? mend : reader);
	r->began = r->send_at = now();
	r->on_output = 0;
	r->kill_at = INT64_MAX;
}

/* When it shall die: at once, as it speaks, some time in its life, or not. */
static void
condemn(struct run *r)
{
	uint64_t how = draw(10);

	r->on_output = how == 0 || how == 1;
	if (how == 2)
		r->kill_at = r->began + (int64_t)draw(500);
	else if (how > 4)
		r->kill_at = r->began + (int64_t)draw((uint64_t)
		    typical[r->action] * 5 / 4 + 1);
}

static void
start_any(struct run *r)
{
	static const enum action writers[] = { ONE, ONE, ONE, BATCH, BATCH,
	    BATCH, INGEST, INGEST, INGEST, INGEST, INGEST, INGEST, TRUST, MEND };
	static const enum action readers[] = { DELTA, DELTA, FRONTIER, VIEW,
	    CHECK };

	start(r, r == &run[2] ? readers[draw(5)] : writers[draw(14)]);
	condemn(r);
}

static void
die_now(struct run *r)
{
	r->killed = 1;
	r->kill_at = INT64_MAX;
	kill(r->pid, SIGKILL);
}

static void
send_piece(struct run *r)
{
	size_t left = r->input.len - r->sent;
	ssize_t n = 0;

	if (left > 0)
		n = write(r->in, r->input.p + r->sent, left < r->piece ? left :
		    r->piece);
	if (n == -1 && errno == EAGAIN) {
		r->send_at = now() + 200;
		return;
	}
	r->sent = n == -1 ? r->input.len : r->sent + (size_t)n;
	r->send_at = now() + r->pause;
	if (r->sent == r->input.len) {
		close(r->in);
		r->in = -1;
	}
}

static void
serve(struct run *r, int readable)
{
	char *to;
	ssize_t n;

	if (now() >= r->kill_at)
		die_now(r);
	if (r->in != -1 && now() >= r->send_at)
		send_piece(r);
	if (!readable)
		return;
	if ((to = ml_buf_room(&r->text, 1 << 16)) == NULL ||
	    (n = read(r->out, to, 1 << 16)) == -1)
		err(111, "read");
	r->text.len += (size_t)n;
	take_lines(r);
	if (n == 0)
		end(r);
	else if (r->on_output) {
		r->on_output = 0;
		r->kill_at = now() + (int64_t)draw(300);
	}
}

/* Wait for what comes next, and serve all. */
static void
turn(void)
{
	struct pollfd p[3];
	struct timespec t;
	int64_t until = now() + 1000000;
	size_t i;

	for (i = 0; i < 3; i++) {
		p[i] = (struct pollfd){ .fd = run[i].pid > 0 ? run[i].out : -1,
		    .events = POLLIN };
		if (run[i].pid > 0 && run[i].kill_at < until)
			until = run[i].kill_at;
		if (run[i].pid > 0 && run[i].in != -1 && run[i].send_at < until)
			until = run[i].send_at;
	}
	until -= now();
	t = (struct timespec){ 0, until > 0 ? until % 1000000 * 1000 : 0 };
	if (ppoll(p, 3, &t, NULL) == -1)
		err(111, "poll");
	for (i = 0; i < 3; i++)
		if (run[i].pid > 0)
			serve(&run[i], p[i].revents != 0);
}

static void
audit_line(struct ml_slice line, int in_held, int is_tail)
{
	static struct ml_buf scratch, body;
	struct ml_event e;
	struct feed *f;
	struct mark *m;
	int flag;

	if (ml_event_read(&e, line, &scratch) != NULL ||
	    ml_event_verify(&e, &body) != NULL ||
	    (f = feed_of(e.author)) == NULL) {
		if (!is_tail)
			fail(in_held ? "a bad line in .held" :
			    "a bad line in the log", line);
		return;
	}
	flag = in_held ? IN_HELD : e.seal.len > 0 ? IN_LOG_SEALED : IN_LOG;
	m = named(f, e.seq, e.id, 0);
	/* a key's event may come again, with the seal that it lacked */
	if (!in_held && ((m->flags & flag) || (f->key == NULL &&
	    (m->flags & (IN_LOG | IN_LOG_SEALED)))))
		fail("twice in the log", line);
	m->flags |= flag;
}

static void
audit_file(const char *path, int in_held)
{
	static struct ml_buf text;
	const char *p, *end, *newline;

	read_whole(path, &text);
	for (p = text.p, end = p + text.len; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		audit_line((struct ml_slice){ p, (size_t)((newline != NULL ?
		    newline : end) - p) }, in_held, newline == NULL);
		if (newline == NULL)
			break;
	}
}

static void
audit_marks(struct feed *f)
{
	struct mark *m;
	int64_t seq;
	int here = 1;

	f->whole = 0;
	for (seq = 1; seq < f->room; seq++) {
		m = &f->mark[seq];
		here = here && (m->flags & (IN_LOG | IN_LOG_SEALED));
		if (here && (f->key == NULL || (m->flags & IN_LOG_SEALED)))
			f->whole = seq;
		if (seq <= f->head && !here)
			fail_at("lost, or its head", f, seq);
		if ((m->flags & STORED) && !here)
			fail_at("lost", f, seq);
		if ((m->flags & HELD) && !(m->flags & (IN_LOG |
		    IN_LOG_SEALED | IN_HELD)))
			fail_at("held, and lost", f, seq);
		m->flags &= ~(IN_LOG | IN_LOG_SEALED | IN_HELD);
	}
}

/* What the key has written is there, and KEY.feed knows of all that was told. */
static void
audit_key(struct feed *f)
{
	struct ml_identity_feed note;
	const char *why;
	int64_t seq;

	if (ml_identity_feed_read(&note, "key", &why) == -1) {
		fail_at("KEY.feed cannot be read", f, 0);
		return;
	}
	for (seq = note.seq + 1; seq < f->room; seq++)
		if (f->mark[seq].flags & TOLD)
			fail_at("KEY.feed does not know of it", f, seq);
	if (note.seq > 0 && !(mark_of(f, note.seq)->flags & IN_LOG_SEALED))
		fail_at("KEY.feed is ahead of the log", f, note.seq);
	ml_buf_free(&note.name);
}

static void
audit_trust(void)
{
	static struct ml_buf text;
	char rule[32];
	int i;

	read_whole("log.trust", &text);
	for (i = 0; i < NAMES; i++) {
		snprintf(rule, sizeof rule, "\nplain name-%d\n", i);
		if (trusted[i] && memmem(text.p, text.len, rule,
		    strlen(rule)) == NULL)
			fail("a rule that is lost", (struct ml_slice){ rule + 1,
			    strlen(rule) - 2 });
	}
}

/* Each file here is of this kind, so what crashes leave does not pile up. */
static void
audit_folder(void)
{
	static const char known[] = " . .. key key.feed key.feed.new log "
	    "log.held log.held.new log.index log.index.new log.refused "
	    "log.refused.new log.trust log.trust.new said-0 said-1 said-2 ";
	struct dirent *d;
	char name[300];
	DIR *dir = opendir(".");

	if (dir == NULL)
		err(111, "%s", folder);
	while ((d = readdir(dir)) != NULL) {
		snprintf(name, sizeof name, " %s ", d->d_name);
		if (strstr(known, name) == NULL)
			fail("left about", (struct ml_slice){ d->d_name,
			    strlen(d->d_name) });
	}
	closedir(dir);
}

/* All are killed at once, and what lies there is looked at. */
static void
audit(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (run[i].pid > 0)
			die_now(&run[i]);
	while (run[0].pid > 0 || run[1].pid > 0 || run[2].pid > 0)
		turn();
	audits++;
	audit_file("log", 0);
	audit_file("log.held", 1);
	audit_key(&feed[KEYED]);
	for (i = 0; i < FEEDS; i++)
		audit_marks(&feed[i]);
	audit_trust();
	audit_folder();
	/* with nobody at work: the readers go by what is there */
	auditing = 1;
	for (i = DELTA; i < ACTIONS; i++)
		for (start(&run[2], (enum action)i); run[2].pid > 0;)
			turn();
	auditing = 0;
	deletes = !deletes;
}

static void
write_file(const char *path, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, p, len) != (ssize_t)len || close(fd) == -1)
		err(111, "%s", path);
}

static void
set_up(void)
{
	static const char rules[] = "*\nplain me\nplain sent\n";
	uint8_t secret[ML_IDENTITY_LEN];
	size_t i, at;

	for (i = 0; i < FEEDS; i++) {
		snprintf(feed[i].author, sizeof feed[i].author, "%s",
		    i == ME ? "me" : "sent");
		if (i != KEYED && i != SEALED)
			continue;
		for (at = 0; at < sizeof secret; at++)
			secret[at] = (uint8_t)draw(256);
		if (i == KEYED)
			write_file("key", secret, sizeof secret);
		if ((feed[i].key = ml_identity_of(secret)) == NULL)
			errx(111, "key");
		memcpy(feed[i].author, ml_identity_author(feed[i].key).p,
		    ML_AUTHOR_HEX);
	}
	write_file("log.trust", rules, strlen(rules));
	for (i = 0; i < ACTIONS; i++)
		typical[i] = 8000;
	for (i = 0; i < 3; i++)
		snprintf(run[i].said, sizeof run[i].said, "said-%d", (int)i);
	signal(SIGPIPE, SIG_IGN);
}

/* A log that has an index from the beginning, or soon. */
static void
fill(size_t bytes)
{
	struct ml_buf out = { 0 };

	while (out.len < bytes) {
		make(&feed[SENT], 0);
		named(&feed[SENT], feed[SENT].made, mark_of(&feed[SENT],
		    feed[SENT].made)->id, STORED);
		put_line(&out, ml_buf_view(&mark_of(&feed[SENT],
		    feed[SENT].made)->line));
	}
	write_file("log", out.p, out.len);
	ml_buf_free(&out);
}

/* All of what the others wrote, and it ends with a seal. */
static void
leave_sent(void)
{
	struct ml_buf out = { 0 };
	int i;
	int64_t seq;

	make(&feed[SEALED], 1);
	for (i = SENT; i < FEEDS; i++)
		for (seq = 1; seq <= feed[i].made; seq++)
			put_line(&out, ml_buf_view(&feed[i].mark[seq].line));
	write_file("sent", out.p, out.len);
	ml_buf_free(&out);
}

int
main(int argc, char *argv[])
{
	uint64_t most = 100, next = AUDIT_EVERY, stored = 0, held = 0;
	int64_t seq;
	size_t i;
	int ch;

	while ((ch = getopt(argc, argv, "n:s:")) != -1)
		switch (ch) {
		case 'n': most = strtoull(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	if (argc - optind != 1 || sodium_init() == -1)
		return 2;
	folder = argv[optind];
	if (chdir(folder) == -1)
		err(111, "%s", folder);
	set_up();
	fill(draw(2) == 0 ? 50000 : 1100000);
	while (kills < most && failures <= FAILURES_MAX) {
		for (i = 0; i < 3; i++)
			if (run[i].pid == 0)
				start_any(&run[i]);
		turn();
		if (kills >= next || kills >= most) {
			audit();
			next = kills + AUDIT_EVERY;
		}
	}
	leave_sent();
	for (i = 0; i < FEEDS; i++)
		for (seq = 1; seq < feed[i].room; seq++) {
			stored += (feed[i].mark[seq].flags & STORED) != 0;
			held += (feed[i].mark[seq].flags & HELD) != 0;
		}
	printf("%llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
	    (unsigned long long)kills, (unsigned long long)killed_readers,
	    (unsigned long long)runs, (unsigned long long)audits,
	    (unsigned long long)stored, (unsigned long long)held,
	    (unsigned long long)given, (unsigned long long)torn,
	    (unsigned long long)failures);
	return failures > 0;
}

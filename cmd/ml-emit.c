/* ml-emit - append events of my own to a log */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "draft.h"
#include "json.h"
#include "jstring.h"
#include "lines.h"
#include "minter.h"
#include "record.h"
#include "sandbox.h"
#include "text.h"
#include "tool.h"
#include "utf8.h"

#define GROUP_BYTES (1024 * 1024)	/* of a batch, for one sync */
#define GROUP_EVENTS 8192

enum { FORCE = 256 };			/* behind the letters */

struct emit {
	struct ml_minter minter;
	const char *author;		/* as he is called, or his id */
	int options_ended;		/* by "--", in one of the places */
	enum ml_value_as value_as;
	const char *hash, *mime;	/* of an attachment; NULL: look */
	int64_t size;			/* -1: look */
	int refused;
};

struct item {
	struct ml_draft draft;		/* in the batch's text */
	uint64_t line;
};

static _Noreturn void
usage(void)
{
	fputs("usage: ml-emit [-a AUTHOR | -k KEY] [-w SECONDS] [--force] LOG create RID FORM\n"
	    "       ml-emit [...] LOG set [-j | -t] RID FIELD VALUE\n"
	    "       ml-emit [...] LOG note RID TEXT\n"
	    "       ml-emit [...] LOG attach [-m MIME] RID FIELD FILE\n"
	    "       ml-emit [...] LOG attach -H HASH -s SIZE -m MIME RID FIELD\n"
	    "       ml-emit [...] LOG event KIND JSON\n"
	    "       ml-emit [...] LOG -\n", stderr);
	exit(ML_USAGE);
}

/*
 * Options behind argv[at], up to the next operand, whose index is returned:
 * they may stand before LOG, behind the verb and at the end, but a VALUE of -5
 * is never one, nor is anything behind "--".
 */
static int
options(struct emit *em, int argc, char *argv[], int at)
{
	static const struct option longer[] = {
		{ "force", no_argument, NULL, FORCE }, { NULL, 0, NULL, 0 }
	};
	int ch;

	if (em->options_ended)
		return at + 1;
	optind = 0;			/* begin anew: GNU's and musl's way */
	while ((ch = getopt_long(argc - at, argv + at, "+a:k:w:tjH:s:m:", longer,
	    NULL)) != -1)
		switch (ch) {
		case 'a': em->author = optarg; em->minter.key = NULL; break;
		case 'k': em->minter.key = optarg; em->author = NULL; break;
		case 'w': em->minter.wait = ml_seconds(optarg); break;
		case 't': em->value_as = ML_VALUE_TEXT; break;
		case 'j': em->value_as = ML_VALUE_JSON; break;
		case 'H': em->hash = optarg; break;
		case 'm': em->mime = optarg; break;
		case 's':
			if (!ml_number_int((struct ml_slice){ optarg,
			    strlen(optarg) }, &em->size) || em->size < 0)
				ml_die("-s", "not a size in bytes");
			break;
		case FORCE: em->minter.force = 1; break;
		default:
			if (ch == '?')
				ml_say_option();
			usage();
		}
	at += optind;
	em->options_ended = optind > 1 && strcmp(argv[at - 1], "--") == 0;
	return at;
}

static void
say_gap(const struct emit *em, uint64_t n, const char *so)
{
	ml_say_at(em->minter.path, 0, "%llu of this author's events lie behind "
	    "a gap: %s", (unsigned long long)n, so);
}

static void
tell(void *arg, enum ml_minter_told what, int64_t n, const char *why)
{
	struct emit *em = arg;
	const char *path = em->minter.path;
	struct ml_buf at = { 0 };

	switch (what) {
	case ML_MINTER_CUT:
		ml_say_at(path, 0, "cut a torn tail of %lld bytes, kept in "
		    ".refused", (long long)n);
		break;
	case ML_MINTER_HASH:
		ml_say_at(em->author, 0, "warning: an author shaped like a key's "
		    "id, without a seal: peers refuse that unless they trust "
		    "\"plain *\"");
		break;
	case ML_MINTER_LATER:
		ml_say_at(path, 0, "warning: later events of this author wait in "
		    ".held: if they are yours, this log is not whole");
		break;
	case ML_MINTER_GAP:
		say_gap(em, (uint64_t)n, "they are given up, and whoever has "
		    "them sees a fork");
		break;
	case ML_MINTER_FORK:
		ml_say_at(path, 0, "%s: what is written now forks the feed, and "
		    "whoever sees both says so", why);
		break;
	case ML_MINTER_AHEAD:
		ml_text_time(&at, n);
		ml_say_at(path, 0, "warning: it has a stamp of %.*s, over a day "
		    "ahead of this clock", (int)at.len, at.p);
		ml_buf_free(&at);
	}
}

static _Noreturn void
die(const struct emit *em, const struct ml_minter_fault *fault)
{
	if (fault->behind > 0) {
		say_gap(em, fault->behind,
		    "get what is missing back from a peer first");
		exit(ML_USAGE);
	}
	if (fault->file == NULL)
		ml_no_memory();
	ml_die(fault->file, fault->why);
}

static int64_t
begin(struct emit *em)
{
	struct ml_minter_fault fault;
	int64_t ms = ml_clock_ms();

	if (ml_minter_begin(&em->minter, ms, &fault) == -1)
		die(em, &fault);
	return ms;
}

/* A line is printed only when it will last. */
static void
commit(struct emit *em, uint64_t minted)
{
	struct ml_minter_fault fault;
	int error;

	if (ml_minter_commit(&em->minter, minted, &fault) == -1) {
		error = errno;
		ml_say("%llu events were stored before this; the last %llu are "
		    "in doubt", (unsigned long long)em->minter.stored,
		    (unsigned long long)minted);
		errno = error;
		die(em, &fault);
	}
	ml_print(&em->minter.out);
	if (ml_flush_stdout() == -1) {
		ml_say("standard output: %s: what was stored is stored",
		    strerror(errno));
		_exit(ML_NO);
	}
}

static const char *
mint(struct emit *em, const struct ml_draft *draft, const struct ml_buf *text,
    int64_t ms)
{
	const char *why;
	int rc;

	why = ml_mint_event(&em->minter.mint, ml_draft_kind(draft, text),
	    ml_draft_payload(draft, text), ms, &em->minter.out, &rc);
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	if (rc == -1)
		ml_die(em->minter.path, NULL);
	return why;
}

/* An operand that cannot be put into a payload. */
static void
check_operand(const char *operand, const char *why)
{
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	if (why != NULL)
		ml_die(operand, why);
}

static void
emit_one(struct emit *em, const char *kind, struct ml_buf *payload)
{
	struct ml_buf text = { 0 };
	struct ml_draft draft;

	if (ml_buf_failed(payload))
		ml_no_memory();
	check_operand(kind, ml_draft_make(&draft, kind, ml_buf_view(payload),
	    &text));
	check_operand(kind, mint(em, &draft, &text, begin(em)));
	commit(em, 1);
	ml_buf_free(&text);
	ml_buf_free(payload);
}

static void
refuse_line(struct emit *em, uint64_t line, const char *why)
{
	if (why == ML_NO_MEMORY)
		ml_no_memory();
	ml_say_at("-", line, "%s", why);
	em->refused = 1;
}

static void
emit_group(struct emit *em, const struct item *item, size_t n,
    struct ml_buf *text)
{
	uint64_t minted = 0;
	const char *why;
	int64_t ms;
	size_t i;

	if (n == 0)
		return;
	ms = begin(em);
	for (i = 0; i < n; i++) {
		why = mint(em, &item[i].draft, text, ms);
		if (why != NULL)
			refuse_line(em, item[i].line, why);
		else
			minted++;
	}
	commit(em, minted);
	ml_buf_clear(text);
	ml_progress(em->minter.stored, "events");
}

static void
emit_batch(struct emit *em)
{
	static struct item item[GROUP_EVENTS];
	struct ml_lines lines = ml_lines_stream(STDIN_FILENO);
	struct ml_buf text = { 0 };
	struct ml_slice line;
	enum ml_line got;
	const char *why;
	size_t n = 0;

	while ((got = ml_lines_next(&lines, n == 0, &line)) != ML_LINE_END) {
		if (got == ML_LINE_ERROR) {
			int error = errno;

			emit_group(em, item, n, &text);
			errno = error;
			ml_die("-", NULL);
		}
		if (got == ML_LINE_AGAIN || n == GROUP_EVENTS ||
		    text.len >= GROUP_BYTES) {
			emit_group(em, item, n, &text);
			n = 0;
		}
		if (got == ML_LINE_AGAIN ||
		    ml_json_skip_blanks(line.p, line.p + line.len) ==
		    line.p + line.len)
			continue;
		item[n].line = lines.number;
		why = got == ML_LINE_LONG ? "a line over 16 MiB" :
		    ml_draft_read(&item[n].draft, line, &text);
		if (why != NULL)
			refuse_line(em, lines.number, why);
		else
			n++;
	}
	emit_group(em, item, n, &text);
	ml_lines_free(&lines);
	ml_buf_free(&text);
}

/* The log, and KEY.feed beside its key, are all that is opened from here. */
static void
confine(const struct emit *em)
{
	struct ml_sandbox box;

	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, em->minter.path);
	if (em->minter.key != NULL)
		ml_sandbox_beside(&box, em->minter.key);
	ml_sandbox_enter(&box, NULL);
}

static void
attach(struct emit *em, char *operand[], int n)
{
	struct ml_buf payload = { 0 };
	struct ml_blob blob = { .size = em->size };
	const char *why;

	if (n == 3 && em->hash == NULL && em->size == -1) {
		if (ml_blob_open(&blob, operand[2], em->mime == NULL,
		    &why) == -1)
			ml_die(operand[2], why);
		confine(em);		/* libmagic reads what others made */
		if (ml_blob_look(&blob, &why) == -1)
			ml_die(operand[2], why);
	} else if (n == 2 && em->hash != NULL && em->size >= 0 &&
	    em->mime != NULL) {
		if (strlen(em->hash) != ML_BLOB_HASH_HEX ||
		    strspn(em->hash, "0123456789abcdef") != ML_BLOB_HASH_HEX)
			ml_die("-H", "not 64 lower-case hex digits of SHA-256");
		confine(em);
	} else
		usage();
	check_operand(operand[0], ml_record_attach(&payload, operand[0], operand[1],
	    em->hash != NULL ? em->hash : blob.hash, blob.size,
	    em->mime != NULL ? em->mime : blob.mime));
	emit_one(em, "attachment.add", &payload);
}

/* Returns 0 for a verb with other operands than these. */
static int
run_verb(struct emit *em, const char *verb, char *operand[], int n)
{
	struct ml_buf payload = { 0 };

	if (strcmp(verb, "attach") != 0)
		confine(em);
	if (strcmp(verb, "-") == 0 && n == 0) {
		emit_batch(em);
	} else if (strcmp(verb, "create") == 0 && n == 2) {
		check_operand(operand[0], ml_record_create(&payload, operand[0], operand[1],
		    em->author));
		emit_one(em, "record.create", &payload);
	} else if (strcmp(verb, "set") == 0 && n == 3) {
		check_operand(operand[2], ml_record_set(&payload, operand[0], operand[1],
		    operand[2], em->value_as));
		emit_one(em, "field.set", &payload);
	} else if (strcmp(verb, "note") == 0 && n == 2) {
		check_operand(operand[1], ml_record_note(&payload, operand[0], operand[1]));
		emit_one(em, "note.add", &payload);
	} else if (strcmp(verb, "attach") == 0) {
		attach(em, operand, n);
	} else if (strcmp(verb, "event") == 0 && n == 2) {
		check_operand(operand[1], ml_record_json(&payload, operand[1]));
		emit_one(em, operand[0], &payload);
	} else
		return 0;
	return 1;
}

/* Nothing is opened, or made, for a call that makes no sense. */
static void
check_verb(const struct emit *em, const char *verb, int n)
{
	static const struct {
		const char *verb;
		int least, most;
	} verbs[] = { { "-", 0, 0 }, { "create", 2, 2 }, { "set", 3, 3 },
	    { "note", 2, 2 }, { "attach", 2, 3 }, { "event", 2, 2 } };
	size_t i;

	if ((em->value_as != ML_VALUE_GUESSED && strcmp(verb, "set") != 0) ||
	    ((em->hash != NULL || em->mime != NULL || em->size != -1) &&
	    strcmp(verb, "attach") != 0))
		usage();
	if (em->mime != NULL && !ml_utf8_valid(em->mime, strlen(em->mime)))
		ml_die("-m", "not UTF-8");
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verb, verbs[i].verb) == 0 && n >= verbs[i].least &&
		    n <= verbs[i].most)
			return;
	usage();
}

/* The author: of a key, or a plain name. */
static void
who_am_i(struct emit *em, struct ml_buf *author)
{
	struct ml_minter *m = &em->minter;
	const char *why;

	if (m->key != NULL) {
		if (ml_own_open(&m->own, m->key, &why) == -1)
			ml_die(m->key, why);
		m->mint.identity = m->own.identity;
		ml_buf_slice(author, ml_identity_author(m->own.identity));
		ml_buf_byte(author, '\0');
		if (ml_buf_failed(author))
			ml_no_memory();
		m->mint.author = (struct ml_slice){ author->p, author->len - 1 };
		em->author = author->p;
		return;
	}
	if (em->author == NULL)
		ml_die("author", "say who writes, with -k, -a, $ML_KEY or "
		    "$ML_AUTHOR");
	if ((why = ml_mint_name(em->author)) != NULL)
		ml_die("author", why);
	check_operand(em->author, ml_jstring_write(author, em->author,
	    strlen(em->author)));
	m->mint.author = (struct ml_slice){ author->p + 1, author->len - 2 };
}

int
main(int argc, char *argv[])
{
	struct emit em = { .size = -1, .minter = { .wait = ML_LOCK_WAIT,
	    .arg = &em, .tell = tell } };
	char *operand[3], *verb;
	struct ml_buf author = { 0 };
	int at, i, n = 0;

	ml_start();
	em.minter.key = getenv("ML_KEY");
	if (em.minter.key == NULL)
		em.author = getenv("ML_AUTHOR");
	at = options(&em, argc, argv, 0);
	if (argc - at < 2)
		usage();
	em.options_ended = 0;		/* "--" counts for its place alone */
	em.minter.path = argv[at++];
	verb = argv[at];
	at = options(&em, argc, argv, at);
	while (at < argc && n < 3) {
		operand[n++] = argv[at];
		at = strcmp(verb, "attach") == 0 && n >= 2 ?
		    options(&em, argc, argv, at) : at + 1;
	}
	if (at < argc)
		usage();
	check_verb(&em, verb, n);
	for (i = 0; i < n && i < 2; i++)
		if (!ml_utf8_valid(operand[i], strlen(operand[i])))
			ml_die(operand[i], "not UTF-8");
	who_am_i(&em, &author);
	signal(SIGPIPE, SIG_IGN);	/* a lost line is a status, not a death */
	if (!run_verb(&em, verb, operand, n))
		usage();
	ml_progress_end();
	ml_minter_free(&em.minter);
	ml_buf_free(&author);
	return em.refused ? ML_NO : ML_OK;
}

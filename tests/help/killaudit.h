/* killaudit - what lies in the folder of tests/help/kills.c, looked at */
#ifndef KILLAUDIT_H
#define KILLAUDIT_H
#include "killfeed.h"

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
#endif

/* trust - who may write */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canon.h"
#include "file.h"
#include "jstring.h"
#include "seal.h"
#include "text.h"
#include "trust.h"
#include "utf8.h"

struct ml_trust {
	struct ml_trust_rule *rule;
	size_t n, room;
	struct ml_table by_who;
	int is_default;
};

struct ml_trust *
ml_trust_new(void)
{
	struct ml_trust *t = calloc(1, sizeof *t);

	if (t != NULL)
		t->is_default = 1;
	return t;
}

void
ml_trust_free(struct ml_trust *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		free((void *)(uintptr_t)t->rule[i].who.p);
		free((void *)(uintptr_t)t->rule[i].name.p);
	}
	free(t->rule);
	ml_table_free(&t->by_who);
	free(t);
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/*
 * The next word of a line: 1, 0 at its end or at a comment; -1 with *why.  It
 * is appended as a canonical string's inside; *quoted says how it was written.
 */
static int
word(const char **p, const char *end, struct ml_buf *out, int *quoted,
    const char **why)
{
	const char *from;
	struct ml_buf text = { 0 };

	*p = skip_blanks(*p, end);
	if (*p == end || **p == '#')
		return 0;
	from = *p;
	if ((*quoted = **p == '"') != 0)
		*why = ml_canon_write(p, end, 0, &text);
	else {
		while (*p < end && strchr(" \t\r", **p) == NULL && **p != '\0')
			++*p;
		*why = ml_jstring_write(&text, from, (size_t)(*p - from));
	}
	if (*why == NULL && *p < end && (**p == '\0' ||
	    strchr(" \t\r", **p) == NULL))
		*why = "something stands behind a quoted name";
	if (*why == NULL && !*quoted && memchr(from, '"',
	    (size_t)(*p - from)) != NULL)
		*why = "a name with quotes must be a JSON string";
	for (; *why == NULL && !*quoted && from < *p; from++)
		if ((unsigned char)*from < 0x20 || *from == 0x7f)
			*why = "a name with control characters must be a JSON "
			    "string";
	if (*why == NULL)
		ml_buf_add(out, text.p + 1, text.len - 2);
	ml_buf_free(&text);
	if (*why == NULL && ml_buf_failed(out))
		*why = ML_NO_MEMORY;
	return *why == NULL ? 1 : -1;
}

static int
keep(struct ml_slice *to, const struct ml_buf *from)
{
	char *p = malloc(from->len + 1);

	if (p == NULL)
		return -1;
	if (from->len > 0)
		memcpy(p, from->p, from->len);
	*to = (struct ml_slice){ p, from->len };
	return 0;
}

/* Who writes the file is no stranger: the hash needs no secret key. */
static uint64_t
who_hash(enum ml_trust_kind kind, struct ml_slice who)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];

	return ml_table_hash(key, who.p, who.len) ^ (uint64_t)kind;
}

static int
add(struct ml_trust *t, enum ml_trust_kind kind, const struct ml_buf *who,
    const struct ml_buf *name)
{
	struct ml_trust_rule *more, *r;
	size_t room;

	if (t->n == t->room) {
		room = t->room != 0 ? t->room * 2 : 16;
		if ((more = realloc(t->rule, room * sizeof *more)) == NULL)
			return -1;
		t->rule = more;
		t->room = room;
	}
	r = &t->rule[t->n];
	*r = (struct ml_trust_rule){ .kind = kind };
	if (keep(&r->who, who) == -1)
		return -1;
	t->n++;
	if (keep(&r->name, name) == -1)
		return -1;
	return ml_table_add(&t->by_who, who_hash(kind, r->who),
	    (uint32_t)t->n - 1);
}

static const char *
read_words(struct ml_trust *t, struct ml_buf *first, struct ml_buf *second,
    int words, const int *quoted)
{
	struct ml_slice a = ml_buf_view(first), b = ml_buf_view(second);
	struct ml_buf nothing = { 0 };
	int rc;

	if (!quoted[0] && ml_slice_is(a, "*")) {
		if (words > 1)
			return "something stands behind *";
		rc = add(t, ML_TRUST_ANY_KEYED, &nothing, &nothing);
	} else if (!quoted[0] && ml_slice_is(a, "plain")) {
		if (words < 2)
			return "plain: whom?";
		if (!quoted[1] && b.len > 0 && *b.p == '*' && b.len > 1)
			return "a name with a leading * must be a JSON string";
		if (!quoted[1] && ml_slice_is(b, "*"))
			rc = add(t, ML_TRUST_ANY_PLAIN, &nothing, &nothing);
		else if (ml_name_len(b) > ML_NAME_MAX)
			return "a name over 256 bytes";
		else
			rc = add(t, ML_TRUST_PLAIN, second, &nothing);
	} else if (!quoted[0] && ml_author_is_hash(a)) {
		if (!quoted[1] && b.len > 0 && *b.p == '*')
			return "a name with a leading * must be a JSON string";
		if (ml_name_len(b) > ML_NAME_MAX)
			return "a name over 256 bytes";
		rc = add(t, ML_TRUST_ID, first, second);
	} else
		return "neither an author's id, nor plain, nor *";
	return rc == -1 ? ML_NO_MEMORY : NULL;
}

static const char *
read_line(struct ml_trust *t, const char *p, const char *end)
{
	struct ml_buf first = { 0 }, second = { 0 }, third = { 0 };
	struct ml_buf *const out[] = { &first, &second, &third };
	int quoted[3] = { 0 }, words, got = 1;
	const char *why = NULL;

	if (!ml_utf8_valid(p, (size_t)(end - p)))
		return "not UTF-8";
	for (words = 0; words < 3 && (got = word(&p, end, out[words],
	    &quoted[words], &why)) == 1; words++)
		continue;
	if (got != -1 && words == 3)
		why = "too many words: a name with blanks must be a JSON string";
	else if (got != -1 && words > 0)
		why = read_words(t, &first, &second, words, quoted);
	ml_buf_free(&first);
	ml_buf_free(&second);
	ml_buf_free(&third);
	return why;
}

const char *
ml_trust_read(struct ml_trust **out, struct ml_slice text,
    unsigned long *line)
{
	struct ml_trust *t = calloc(1, sizeof *t);
	const char *p = text.p, *end = text.p + text.len, *newline, *why = NULL;

	*line = 0;
	if (t == NULL)
		return ML_NO_MEMORY;
	while (why == NULL && p < end) {
		newline = memchr(p, '\n', (size_t)(end - p));
		++*line;
		why = read_line(t, p, newline != NULL ? newline : end);
		p = newline != NULL ? newline + 1 : end;
	}
	if (why != NULL)
		ml_trust_free(t);
	else
		*out = t;
	return why;
}

int
ml_trust_load(struct ml_trust **t, const char *path, const char **why,
    unsigned long *line)
{
	struct ml_buf text = { 0 };
	ssize_t n = -1;
	char link;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	*why = NULL;
	*line = 0;
	if (fd == -1) {
		/* a link that leads nowhere is no word that there are no rules */
		if (errno != ENOENT || readlink(path, &link, 1) != -1)
			return -1;
		return (*t = ml_trust_new()) == NULL ? -1 : 0;
	}
	if (ml_buf_room(&text, ML_TRUST_MAX + 1) == NULL)
		errno = ENOMEM;
	else
		n = ml_file_read_at(fd, text.p, ML_TRUST_MAX + 1, 0);
	error = errno;
	close(fd);
	if (n > ML_TRUST_MAX)
		*why = "over 1 MiB";
	else if (n != -1)
		*why = ml_trust_read(t, (struct ml_slice){ text.p, (size_t)n },
		    line);
	ml_buf_free(&text);
	errno = *why == ML_NO_MEMORY ? ENOMEM : error;
	if (*why == ML_NO_MEMORY)
		*why = NULL;
	else if (*why == NULL && n != -1)
		return 0;
	return -1;
}

static const struct ml_trust_rule *
find(const struct ml_trust *t, enum ml_trust_kind kind, struct ml_slice who)
{
	const struct ml_trust_rule *first = NULL;
	uint32_t i;

	if (kind == ML_TRUST_ANY_KEYED || kind == ML_TRUST_ANY_PLAIN)
		who = (struct ml_slice){ "", 0 };
	for (i = ml_table_first(&t->by_who, who_hash(kind, who));
	    i != ML_TABLE_NONE; i = ml_table_next(&t->by_who, i))
		if (t->rule[i].kind == kind &&
		    ml_slice_same(t->rule[i].who, who))
			first = &t->rule[i];
	return first;
}

int
ml_trust_keyed(const struct ml_trust *t, struct ml_slice author)
{
	return t->is_default || find(t, ML_TRUST_ANY_KEYED, author) != NULL ||
	    find(t, ML_TRUST_ID, author) != NULL;
}

int
ml_trust_plain(const struct ml_trust *t, struct ml_slice author)
{
	if (ml_trust_is_listed(t, author))
		return 0;
	return t->is_default ? !ml_author_is_hash(author) :
	    find(t, ML_TRUST_ANY_PLAIN, author) != NULL ||
	    find(t, ML_TRUST_PLAIN, author) != NULL;
}

int
ml_trust_is_listed(const struct ml_trust *t, struct ml_slice author)
{
	return find(t, ML_TRUST_ID, author) != NULL;
}

int
ml_trust_is_default(const struct ml_trust *t)
{
	return t->is_default;
}

struct ml_slice
ml_trust_name(const struct ml_trust *t, struct ml_slice author)
{
	const struct ml_trust_rule *r = find(t, ML_TRUST_ID, author);

	return r != NULL ? r->name : (struct ml_slice){ "", 0 };
}

int
ml_trust_allows(const struct ml_trust *t, const struct ml_feed *f)
{
	return f->keyed ? ml_trust_keyed(t, f->author) :
	    ml_trust_plain(t, f->author);
}

void
ml_trust_label(const struct ml_trust *t, const struct ml_feed *f,
    struct ml_buf *out)
{
	struct ml_slice name = ml_trust_name(t, f->author);

	if (!f->keyed) {
		ml_text_canon(out, f->author);
		ml_buf_str(out, " (plain)");
		return;
	}
	if (name.len == 0)
		name = f->name;
	ml_text_canon(out, name);
	ml_buf_str(out, name.len > 0 ? " <" : "<");
	ml_buf_slice(out, f->author);
	ml_buf_byte(out, '>');
}

const struct ml_trust_rule *
ml_trust_rules(const struct ml_trust *t, size_t *n)
{
	*n = t->n;
	return t->rule;
}

/* Whether a code point can stand in the file as it is, for people to read. */
static int
stands_raw(uint32_t cp)
{
	return cp != ' ' && cp != '"' && cp != 0xa0 && !ml_text_is_unsafe(cp);
}

/* A name as it must be written: bare, or as a JSON string. */
static void
write_name(struct ml_slice name, struct ml_buf *out)
{
	struct ml_slice rest;
	char utf8[ML_UTF8_LEN_MAX];
	uint32_t cp;
	size_t n;
	int bare = name.len > 0 && *name.p != '*' && *name.p != '#';

	for (rest = name; rest.len > 0; rest.p += n, rest.len -= n) {
		n = ml_jstring_get(rest.p, rest.len, &cp);
		bare = bare && stands_raw(cp);
	}
	if (!bare)
		ml_buf_byte(out, '"');
	for (rest = name; rest.len > 0; rest.p += n, rest.len -= n) {
		n = ml_jstring_get(rest.p, rest.len, &cp);
		if (stands_raw(cp))
			ml_buf_add(out, utf8, ml_utf8_put(utf8, cp));
		else
			ml_buf_add(out, rest.p, n);
	}
	if (!bare)
		ml_buf_byte(out, '"');
}

void
ml_trust_write(const struct ml_trust_rule *rule, struct ml_buf *out)
{
	switch (rule->kind) {
	case ML_TRUST_ID:
		ml_buf_slice(out, rule->who);
		if (rule->name.len > 0) {
			ml_buf_byte(out, ' ');
			write_name(rule->name, out);
		}
		break;
	case ML_TRUST_PLAIN:
		ml_buf_str(out, "plain ");
		write_name(rule->who, out);
		break;
	case ML_TRUST_ANY_KEYED:
		ml_buf_byte(out, '*');
		break;
	case ML_TRUST_ANY_PLAIN:
		ml_buf_str(out, "plain *");
		break;
	}
	ml_buf_byte(out, '\n');
}

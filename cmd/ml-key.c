/* ml-key - make identities, and say who may write */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "identity.h"
#include "jstring.h"
#include "log.h"
#include "mint.h"
#include "sandbox.h"
#include "text.h"
#include "tool.h"
#include "trust.h"
#include "utf8.h"

static _Noreturn void
usage(void)
{
	fputs("usage: ml-key new [-n NAME] FILE\n"
	    "       ml-key show [-j] FILE\n"
	    "       ml-key trust LOG ID [NAME] | LOG -k FILE [NAME] | LOG --plain NAME\n"
	    "       ml-key untrust LOG ID | LOG -k FILE | LOG --plain NAME\n"
	    "       ml-key list [-j] LOG\n", stderr);
	exit(ML_USAGE);
}

/* NAME in canonical form, without its quotes; exits 2 if it is no good. */
static struct ml_slice
name_inside(struct ml_buf *out, const char *name)
{
	const char *why;

	if ((why = ml_mint_name(name)) != NULL)
		ml_die(name, why);
	if (ml_jstring_write(out, name, strlen(name)) != NULL)
		ml_no_memory();
	return (struct ml_slice){ out->p + 1, out->len - 2 };
}

static void
put_public(const struct ml_identity *id, struct ml_buf *out)
{
	char hex[ML_PUBLIC_HEX + 1];

	sodium_bin2hex(hex, sizeof hex, ml_identity_public(id), ML_PUBLIC_LEN);
	ml_buf_str(out, hex);
}

/* 0, or -1 with errno. */
static int
print_identity(const struct ml_identity *id, const struct ml_identity_feed *f,
    int json)
{
	struct ml_buf out = { 0 };

	if (json) {
		ml_buf_str(&out, "{\"id\":\"");
		ml_buf_slice(&out, ml_identity_author(id));
		ml_buf_str(&out, "\",\"key\":\"");
		put_public(id, &out);
		ml_buf_str(&out, "\",\"name\":");
		ml_jstring_write(&out, f->name.p != NULL ? f->name.p : "",
		    f->name.len);
		ml_buf_str(&out, ",\"seq\":");
		ml_buf_int(&out, f->seq);
		ml_buf_str(&out, "}\n");
	} else {
		ml_buf_str(&out, "id\t");
		ml_buf_slice(&out, ml_identity_author(id));
		ml_buf_str(&out, "\nname\t");
		ml_text_bytes(&out, f->name.p != NULL ? f->name.p : "",
		    f->name.len);
		ml_buf_str(&out, "\nkey\t");
		put_public(id, &out);
		ml_buf_str(&out, "\n");
	}
	if (ml_buf_failed(&out)) {
		errno = ENOMEM;
		return -1;
	}
	ml_print(&out);
	ml_buf_free(&out);
	return ml_flush_stdout();
}

static int
new_key(int argc, char *argv[])
{
	struct ml_identity_feed feed = { 0 };
	struct ml_identity *id;
	const char *name = NULL, *why;
	int ch;

	while ((ch = getopt(argc, argv, "n:")) != -1)
		switch (ch) {
		case 'n': name = optarg; break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1)
		usage();
	if (name != NULL && (why = ml_mint_name(name)) != NULL)
		ml_die(name, why);
	if (name != NULL)
		ml_buf_str(&feed.name, name);
	if (ml_identity_create(&id, argv[optind], &feed, &why) == -1)
		ml_die(argv[optind], why);
	if (print_identity(id, &feed, 0) == -1) {
		ml_say("standard output: %s: what was stored is stored",
		    strerror(errno));
		_exit(ML_NO);
	}
	ml_identity_free(id);
	ml_buf_free(&feed.name);
	return ML_OK;
}

static struct ml_identity *
read_key(const char *path)
{
	struct ml_identity *id;
	const char *why;

	if (ml_identity_read(&id, path, &why) == -1)
		ml_die(path, why);
	return id;
}

/* Whether -j was given, beside the one operand. */
static int
json_and_one(int argc, char *argv[])
{
	int ch, json = 0;

	while ((ch = getopt(argc, argv, "j")) != -1)
		switch (ch) {
		case 'j': json = 1; break;
		default: ml_say_option(); usage();
		}
	if (argc - optind != 1)
		usage();
	return json;
}

static int
show_key(int argc, char *argv[])
{
	struct ml_identity_feed feed;
	struct ml_identity *id;
	const char *why;
	int json = json_and_one(argc, argv);

	id = read_key(argv[optind]);
	if (ml_identity_feed_read(&feed, argv[optind], &why) == -1)
		ml_die(argv[optind], why);
	if (print_identity(id, &feed, json) == -1)
		ml_die("standard output", NULL);
	ml_identity_free(id);
	ml_buf_free(&feed.name);
	return ML_OK;
}

/* The rule that the operands name; its slices lie in the two buffers. */
static struct ml_trust_rule
rule_of(int argc, char *argv[], int may_name, struct ml_buf *who,
    struct ml_buf *name)
{
	struct ml_trust_rule r = { ML_TRUST_ID, { "", 0 }, { "", 0 } };
	struct ml_identity *id;

	/* "*" is everybody, as in the file; who is called so must be put there
	 * by hand */
	if (argc == 2 && strcmp(argv[0], "--plain") == 0) {
		r.kind = strcmp(argv[1], "*") == 0 ? ML_TRUST_ANY_PLAIN :
		    ML_TRUST_PLAIN;
		if (r.kind == ML_TRUST_PLAIN)
			r.who = name_inside(who, argv[1]);
		return r;
	}
	if (argc == 1 && strcmp(argv[0], "*") == 0) {
		r.kind = ML_TRUST_ANY_KEYED;
		return r;
	}
	if (argc >= 2 && strcmp(argv[0], "-k") == 0) {
		id = read_key(argv[1]);
		ml_buf_slice(who, ml_identity_author(id));
		ml_identity_free(id);
		argc--, argv++;
	} else if (argc >= 1 && argv[0][0] != '-')
		ml_buf_str(who, argv[0]);
	else
		usage();
	if (ml_buf_failed(who))
		ml_no_memory();
	r.who = ml_buf_view(who);
	if (argc < 1 || argc > 1 + may_name)
		usage();
	if (!ml_author_is_hash(r.who))
		ml_die(argv[0], "not an author's id of 32 lower-case hex digits");
	if (argc == 2)
		r.name = name_inside(name, argv[1]);
	return r;
}

/* A trust file is passed on among people; a key is my own. */
static void
confine(const char *trust)
{
	struct ml_sandbox box;

	ml_sandbox_begin(&box);
	ml_sandbox_beside(&box, trust);
	ml_sandbox_enter(&box, NULL);
}

static int
same_who(const struct ml_trust_rule *a, const struct ml_trust_rule *b)
{
	return a->kind == b->kind && ml_slice_same(a->who, b->who);
}

/* Lines of the file but those about rule; 1 if there were any. */
static int
without(struct ml_slice text, const struct ml_trust_rule *rule,
    struct ml_buf *out)
{
	const char *p = text.p, *end = text.p + text.len, *next;
	const struct ml_trust_rule *r;
	struct ml_trust *one;
	unsigned long line;
	int found = 0, same;
	size_t n;

	for (; p < end; p = next) {
		next = memchr(p, '\n', (size_t)(end - p));
		next = next != NULL ? next + 1 : end;
		if (ml_trust_read(&one, (struct ml_slice){ p,
		    (size_t)(next - p) }, &line) != NULL)
			ml_no_memory();	/* it was read as a whole before */
		r = ml_trust_rules(one, &n);
		same = n > 0 && same_who(r, rule);
		ml_trust_free(one);
		found |= same;
		if (!same)
			ml_buf_add(out, p, (size_t)(next - p));
	}
	if (out->len > 0 && out->p[out->len - 1] != '\n')
		ml_buf_byte(out, '\n');
	return found;
}

static void
read_text(const char *path, struct ml_buf *text)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL) {
		if (errno != ENOENT)
			ml_die(path, NULL);
		return;
	}
	if (ml_buf_room(text, ML_TRUST_MAX) == NULL)
		ml_no_memory();
	n = fread(text->p, 1, ML_TRUST_MAX, file);
	if (ferror(file))
		ml_die(path, NULL);
	text->len = n;
	fclose(file);
}

static void
write_text(const char *path, const struct ml_buf *text)
{
	struct stat st;
	int fd;

	if (ml_buf_failed(text))
		ml_no_memory();
	if (text->len > ML_TRUST_MAX)
		ml_die(path, "over 1 MiB");
	if ((fd = ml_file_replace(path)) == -1)
		ml_die(path, NULL);
	if ((stat(path, &st) == 0 && fchmod(fd, st.st_mode & 0777) == -1) ||
	    ml_file_write(fd, text->p, text->len) == -1) {
		ml_file_replace_undo(fd, path);
		ml_die(path, NULL);
	}
	if (ml_file_replaced(fd, path) == -1)
		ml_die(path, NULL);
}

static int
change_trust(int argc, char *argv[], int add)
{
	struct ml_buf who = { 0 }, name = { 0 }, text = { 0 }, out = { 0 };
	struct ml_trust_rule rule;
	char *path;
	int found, lock;

	if (argc < 3)
		usage();
	rule = rule_of(argc - 2, argv + 2, add, &who, &name);
	path = ml_trust_path(argv[1]);
	confine(path);
	/* the file itself is replaced: its folder is what others can wait for */
	if ((lock = ml_file_open_dir(path)) == -1 ||
	    ml_file_lock(lock, ML_LOCK_WAIT) == -1)
		ml_die(path, NULL);
	ml_trust_free(ml_open_trust(path));
	read_text(path, &text);
	found = without(ml_buf_view(&text), &rule, &out);
	if (add)
		ml_trust_write(&rule, &out);
	if (add || found)
		write_text(path, &out);
	else
		ml_say_at(path, 0, "no such rule");
	ml_buf_free(&who);
	ml_buf_free(&name);
	ml_buf_free(&text);
	ml_buf_free(&out);
	free(path);
	close(lock);
	return add || found ? ML_OK : ML_NO;
}

static void
put_rule(const struct ml_trust_rule *r, struct ml_buf *out)
{
	static const char *const kinds[] = { "id", "plain", "any-keyed",
	    "any-plain" };

	ml_buf_str(out, "{\"rule\":\"");
	ml_buf_str(out, kinds[r->kind]);
	if (r->kind == ML_TRUST_ID || r->kind == ML_TRUST_PLAIN) {
		ml_buf_str(out, "\",\"author\":\"");
		ml_buf_slice(out, r->who);
	}
	if (r->name.len > 0) {
		ml_buf_str(out, "\",\"name\":\"");
		ml_buf_slice(out, r->name);
	}
	ml_buf_str(out, "\"}\n");
}

static int
list_trust(int argc, char *argv[])
{
	const struct ml_trust_rule *r;
	struct ml_buf out = { 0 };
	struct ml_trust *t;
	char *path;
	size_t i, n;
	int json = json_and_one(argc, argv);

	path = ml_trust_path(argv[optind]);
	confine(path);
	t = ml_open_trust(path);
	r = ml_trust_rules(t, &n);
	if (ml_trust_is_default(t) && !json)
		ml_buf_str(&out, "# no trust file: any keyed author, and plain "
		    "names\n");
	for (i = 0; i < n; i++)
		(json ? put_rule : ml_trust_write)(&r[i], &out);
	ml_print(&out);
	ml_trust_free(t);
	ml_buf_free(&out);
	free(path);
	return ML_OK;
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	int status;

	ml_start();
	if (sodium_init() == -1)
		ml_no_memory();
	argc--, argv++;
	if (strcmp(verb, "new") == 0)
		status = new_key(argc, argv);
	else if (strcmp(verb, "show") == 0)
		status = show_key(argc, argv);
	else if (strcmp(verb, "trust") == 0)
		status = change_trust(argc, argv, 1);
	else if (strcmp(verb, "untrust") == 0)
		status = change_trust(argc, argv, 0);
	else if (strcmp(verb, "list") == 0)
		status = list_trust(argc, argv);
	else
		usage();
	ml_close_stdout();
	return status;
}

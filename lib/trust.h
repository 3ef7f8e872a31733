/*
 * trust - who may write: the rules beside a log.  Pure but for loading.
 * Source: meshlog-log(5), TRUST.
 */
#ifndef ML_TRUST_H
#define ML_TRUST_H
#include "buf.h"
#include "feed.h"

#define ML_TRUST_MAX (1024 * 1024)	/* bytes of the file */
#define ML_TRUST_AUTHORS_MAX 4096	/* in a log without such a file */

struct ml_trust;

enum ml_trust_kind {
	ML_TRUST_ID,			/* this keyed author */
	ML_TRUST_PLAIN,			/* this author without key */
	ML_TRUST_ANY_KEYED,
	ML_TRUST_ANY_PLAIN
};

struct ml_trust_rule {
	enum ml_trust_kind kind;
	struct ml_slice who;		/* inside of a canonical string */
	struct ml_slice name;		/* likewise; empty if none */
};

/* The rules where there is no file.  NULL: no memory. */
struct ml_trust *ml_trust_new(void);
/*
 * From a file's text.  NULL; or a static reason and the number of the line
 * that it is about.
 */
const char *ml_trust_read(struct ml_trust **t, struct ml_slice text,
    unsigned long *line);
void ml_trust_free(struct ml_trust *t);		/* takes NULL */
/*
 * From LOG.trust, beside a log that need not exist: 0; or -1 with a reason in
 * *why and its line or, with that NULL, errno.
 */
int ml_trust_load(struct ml_trust **t, const char *path, const char **why,
    unsigned long *line);

/* Whether an author may write, with a key, and without. */
int ml_trust_keyed(const struct ml_trust *t, struct ml_slice author);
int ml_trust_plain(const struct ml_trust *t, struct ml_slice author);
/* Whether an ID line names it: then nothing unsealed is taken. */
int ml_trust_is_listed(const struct ml_trust *t, struct ml_slice author);
/* Whether there is a file, or the default rules (with their limit) hold. */
int ml_trust_is_default(const struct ml_trust *t);
/* The name that the file gives a keyed author; empty if none. */
struct ml_slice ml_trust_name(const struct ml_trust *t,
    struct ml_slice author);
/* Whether the rules allow a feed as it is, keyed or plain. */
int ml_trust_allows(const struct ml_trust *t, const struct ml_feed *f);
/*
 * Append how an author is shown to people, safe to print: NAME <id> or <id> of
 * a keyed one (the file's name wins over its own), NAME (plain) of one without.
 */
void ml_trust_label(const struct ml_trust *t, const struct ml_feed *f,
    struct ml_buf *out);
/* Its rules in order; they live as long as t. */
const struct ml_trust_rule *ml_trust_rules(const struct ml_trust *t,
    size_t *n);
/* Append a rule as a line of the file, with its newline. */
void ml_trust_write(const struct ml_trust_rule *rule, struct ml_buf *out);
#endif

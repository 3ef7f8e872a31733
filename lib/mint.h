/*
 * mint - new events of my own.
 */
#ifndef ML_MINT_H
#define ML_MINT_H
#include "identity.h"
#include "log.h"

#define ML_MINT_NAME_MAX 128		/* bytes: half of what is read */

struct ml_mint {
	struct ml_log *log;		/* borrowed, locked while minting */
	struct ml_slice author;		/* inside of a canonical string */
	const struct ml_identity *identity;	/* seals; NULL: a plain author */
	struct ml_hlc clock;
	struct ml_buf body;
};

/* Whether what we mint may be named so: NULL, or a static reason. */
const char *ml_mint_name(const char *name);
/* The log was locked: stamp from what it holds now. */
void ml_mint_begin(struct ml_mint *m);
/*
 * Append an event, its kind and payload (both canonical) the caller's, and its
 * wire line to out.  NULL, or a static reason and nothing was appended; or -1
 * in *rc with errno.
 */
const char *ml_mint_event(struct ml_mint *m, struct ml_slice kind,
    struct ml_slice payload, int64_t ms, struct ml_buf *out, int *rc);
/* Append the author.key that a keyed feed begins with; as ml_mint_event().
 * name is UTF-8, empty for none. */
const char *ml_mint_key(struct ml_mint *m, struct ml_slice name, int64_t ms,
    struct ml_buf *out, int *rc);
/* The newest stamp of all, however far ahead. */
struct ml_hlc ml_mint_newest(struct ml_log *log);
#endif

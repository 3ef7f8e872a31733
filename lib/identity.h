/*
 * identity - the file that holds an author's private keys, and what is kept
 * beside it of the feed that is written with it.
 *
 * The file is Reticulum's: 64 raw bytes, X25519 private key, then Ed25519
 * seed; mode 0600.  In memory keys live in sodium_malloc()'s pages and are
 * wiped.  Source: meshlog-key(5).
 */
#ifndef ML_IDENTITY_H
#define ML_IDENTITY_H
#include "buf.h"
#include "event.h"
#include "seal.h"

#define ML_IDENTITY_LEN 64		/* bytes of the file */

struct ml_identity;

/*
 * Read one: 0; or -1 with a reason in *why or, with that NULL, errno.  A file
 * that group or others can read is refused.
 */
int ml_identity_read(struct ml_identity **id, const char *path,
    const char **why);
/* From the bytes of a file, which the caller wipes.  NULL: no memory. */
struct ml_identity *ml_identity_of(
    const uint8_t private[static ML_IDENTITY_LEN]);
void ml_identity_free(struct ml_identity *id);	/* takes NULL; wipes */
/* Both public keys; they live as long as id. */
const uint8_t *ml_identity_public(const struct ml_identity *id);
/* The author's id: ML_AUTHOR_HEX characters; it lives as long as id. */
struct ml_slice ml_identity_author(const struct ml_identity *id);
/* The seal of e, ML_SEAL_TEXT characters and a NUL.  0, or -1: no memory. */
int ml_identity_seal(const struct ml_identity *id, const struct ml_event *e,
    char seal[static ML_SEAL_TEXT + 1], struct ml_buf *body);

/* What KEY.feed says of the feed that is written with KEY. */
struct ml_identity_feed {
	struct ml_buf name;		/* UTF-8; empty if there is none */
	int64_t seq;			/* last minted; 0: none */
	uint8_t id[ML_ID_LEN];		/* of that */
};

/* 0 (none is like one that says nothing); or -1 with a reason, or errno. */
int ml_identity_feed_read(struct ml_identity_feed *f, const char *key_path,
    const char **why);
/* Replace it, synced.  0, or -1 with errno. */
int ml_identity_feed_write(const struct ml_identity_feed *f,
    const char *key_path);
/*
 * Make a key and write it, with this KEY.feed, to a file that must not exist:
 * synced, both or none.  0; or -1 with a reason in *why or, with that NULL,
 * errno.
 */
int ml_identity_create(struct ml_identity **id, const char *path,
    const struct ml_identity_feed *feed, const char **why);
#endif

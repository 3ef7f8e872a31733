/*
 * seal - who wrote an event: author ids that prove their own key, and Ed25519
 * signatures over the canonical body.  As a feed is hash-chained, the seal of
 * event N covers 1..N.  Pure.  Source: meshlog-key(5); RFC 8032.
 */
#ifndef ML_SEAL_H
#define ML_SEAL_H
#include "buf.h"
#include "event.h"

#define ML_PUBLIC_LEN 64		/* bytes: X25519 key, then Ed25519 key */
#define ML_PUBLIC_HEX (2 * ML_PUBLIC_LEN)
#define ML_SEAL_LEN 64			/* bytes of a signature */
#define ML_SEAL_RUN 32			/* events that one seal may cover */
#define ML_AUTHOR_HEX 32		/* characters of a keyed author's id */

/* What is signed: this, then the canonical body. */
#define ML_SEAL_CONTEXT "meshlog-seal-1\n"

/* The id of who holds these public keys: 32 hex digits, no NUL. */
void ml_author_id(const uint8_t public[static ML_PUBLIC_LEN],
    char id[static ML_AUTHOR_HEX]);
/* Whether an author (inside of a canonical string) is shaped like such an id. */
int ml_author_is_hash(struct ml_slice author);
/*
 * The public keys that an author.key event names, if they are its author's.
 * NULL, or a static reason.  Whether it is event 1 the caller looks at.
 */
const char *ml_author_key(const struct ml_event *e,
    uint8_t public[static ML_PUBLIC_LEN]);
/* The name that an author.key event gives, a canonical string's inside; an
 * empty slice if it gives none. */
struct ml_slice ml_author_name(const struct ml_event *e);
/* NULL if both are good keys, else a static reason. */
const char *ml_public_check(const uint8_t public[static ML_PUBLIC_LEN]);
/*
 * Whether e->seal is the signature of who holds public over e.  NULL, or a
 * static reason.  body is overwritten.
 */
const char *ml_seal_verify(const struct ml_event *e,
    const uint8_t public[static ML_PUBLIC_LEN], struct ml_buf *body);
/* Overwrite message with what is signed for e. */
void ml_seal_message(const struct ml_event *e, struct ml_buf *message);
#endif

/*
 * admit - whether an event may come in, by who wrote it: trusted or not, keyed
 * or plain.  Pure.  Source: meshlog-log(5), TRUST.
 */
#ifndef ML_ADMIT_H
#define ML_ADMIT_H
#include "feed.h"
#include "trust.h"

/* What an author may do. */
struct ml_admit {
	uint8_t keyed, plain;		/* write with a key, without */
	uint8_t listed;			/* nothing unsealed is taken from it */
};

enum ml_admit_seal {
	ML_SEAL_OPEN = -1,		/* its event 1 will say */
	ML_SEAL_NOT_NEEDED,
	ML_SEAL_NEEDED
};

/* own: the author who is always allowed, or empty. */
struct ml_admit ml_admit_author(const struct ml_trust *t, struct ml_slice own,
    struct ml_slice author);
/* Whether e, of a feed, needs a seal that covers it. */
enum ml_admit_seal ml_admit_needs_seal(const struct ml_admit *a,
    const struct ml_feed *f, const struct ml_event *e);
/* NULL if e may come in, as far as its author goes; else a static reason. */
const char *ml_admit_event(const struct ml_admit *a, const struct ml_feed *f,
    const struct ml_event *e);
#endif

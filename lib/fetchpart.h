/*
 * fetchpart - a body under its temporary name, and the file NAME.http beside it,
 * or beside a whole one, that says what it is.  Functions return 0, or -1 with
 * errno, where nothing else is said.
 */
#ifndef ML_FETCHPART_H
#define ML_FETCHPART_H
#include "httpstate.h"
#include "sha256.h"

/* What NAME.http says: 1; 0: nothing that can be used. */
int ml_fetchpart_state(const char *name, struct ml_httpstate *state);
/* Whether NAME was written since that was said of it: 1, or 0. */
int ml_fetchpart_is_newer(const char *name);
/* Have it say that; without sync it outlives the program, not a power cut. */
int ml_fetchpart_note(const char *name, const struct ml_httpstate *state,
    int sync);
int ml_fetchpart_forget(const char *name);
/* Open and lock the part of path; flags: O_CREAT or 0.  An fd, or -1; EAGAIN:
 * another run has it; EEXIST: it is no file. */
int ml_fetchpart_open(const char *part, const char *path, int flags);
/* Whether a file can be read and has this hash: 1, or 0. */
int ml_fetchpart_has_hash(const char *path,
    const uint8_t hash[static SHA256_DIGEST_SIZE]);
/* It is whole: put it in its place, for good; nothing is said of it. */
int ml_fetchpart_commit(int fd, const char *part, const char *path);
#endif

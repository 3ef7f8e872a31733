/*
 * fetchout - where a body goes: to a file, under a temporary name until it is
 * whole; into a pipe as it comes; or aside, until the pipe is free.
 *
 * FILE.part is the body so far, FILE.part.http says of what; FILE.http says
 * what FILE is.  Functions that can fail return 0, or -1 with errno.
 */
#ifndef ML_FETCHOUT_H
#define ML_FETCHOUT_H
#include "httpstate.h"
#include "keywords.h"
#include "sha256.h"

enum ml_fetchout_kind {
	ML_FETCHOUT_FILE,		/* under a temporary name */
	ML_FETCHOUT_STREAM,		/* what is written stays written */
	ML_FETCHOUT_ASIDE		/* in a file without a name */
};

struct ml_fetchout {
	enum ml_fetchout_kind kind;
	char *path, *part;		/* of a file; owned */
	const char *shown;		/* its name in messages */
	int fd;				/* -1: nothing was written yet */
	int owns_fd;
	int stop_fd;			/* borrowed: readable: write no more */
	struct ml_buf aside;		/* what is put aside, while it is small */
	uint64_t held;			/* bytes */
	struct sha256_ctx hash;		/* of them */
	struct ml_keywords words;	/* in them */
	double blocked;			/* seconds that writing took so far */
	uint64_t again;			/* bytes that come once more, of */
	struct sha256_ctx hash_again;	/* which these have come */
};

double ml_fetch_now(void);		/* s, by a clock that nobody sets */
/* A body's place: file may be NULL, standard output.  It borrows file. */
int ml_fetchout_begin(struct ml_fetchout *out, const char *file,
    const char *const *word, size_t words, int stop_fd);
void ml_fetchout_end(struct ml_fetchout *out);
/* Have a stream's body put aside. */
void ml_fetchout_put_aside(struct ml_fetchout *out);
/* Go on with what an earlier run has kept, of this request, if it can be:
 * held is 0 if not.  EAGAIN: another run writes it. */
int ml_fetchout_resume(struct ml_fetchout *out, struct ml_httpstate *state);
/* Make ready for a body's first bytes, of which state tells. */
int ml_fetchout_start(struct ml_fetchout *out,
    const struct ml_httpstate *state);
/* All comes once more.  A stream will find out whether that is the same. */
int ml_fetchout_restart(struct ml_fetchout *out);
/* EINTR: stopped; EILSEQ: what came again is not the same. */
int ml_fetchout_write(struct ml_fetchout *out, const char *p, size_t len);
/* The hash of what is held. */
void ml_fetchout_hash(const struct ml_fetchout *out,
    uint8_t hash[static SHA256_DIGEST_SIZE]);
/* It is whole: put it in its place, for good.  state may be NULL: forget what
 * FILE.http says. */
int ml_fetchout_commit(struct ml_fetchout *out,
    const struct ml_httpstate *state);
/* Print what was put aside. */
int ml_fetchout_pour(struct ml_fetchout *out);
/* Leave what is held to a later run; or nothing. */
int ml_fetchout_keep(struct ml_fetchout *out, const struct ml_httpstate *state);
void ml_fetchout_drop(struct ml_fetchout *out);
/* What FILE is, if it still is that, and has this hash, or NULL: 1, or 0. */
int ml_fetchout_is(const struct ml_fetchout *out, const char *request,
    const uint8_t *hash, struct ml_httpstate *state);
#endif

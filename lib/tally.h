/*
 * tally - what became of the events that came, and its one-line summary.
 */
#ifndef ML_TALLY_H
#define ML_TALLY_H
#include "intake.h"
#include "table.h"

struct ml_tally {
	uint64_t count[ML_VERDICTS];
	uint64_t ahead;			/* stamped far ahead of our clock, */
	struct ml_hlc newest;		/* up to this */
	struct ml_table forked;		/* by author, those that were met */
	uint32_t forks;
	struct ml_buf fork_names;	/* of the first of them, safe to print */
	uint8_t key[ML_TABLE_KEY_LEN];	/* random */
	int failed;			/* memory ran out */
};

void ml_tally_free(struct ml_tally *t);
/* One more of a kind; e may be NULL; ms is now. */
void ml_tally_add(struct ml_tally *t, enum ml_verdict verdict,
    const struct ml_event *e, int64_t ms);
/* An author whose feed is forked: each counts once. */
void ml_tally_fork(struct ml_tally *t, struct ml_slice author);
/* The same of all feeds that are forked in a log, and of all that stand in the
 * evidence beside it: whoever sees a fork says so in every summary.  0, or -1
 * with errno, about .refused. */
int ml_tally_forks_of(struct ml_tally *t, struct ml_log *log);
/* Whether something was refused. */
int ml_tally_refused(const struct ml_tally *t);
/* Append "1 new, 2 had, ..." with what is held and what was dropped. */
void ml_tally_write(const struct ml_tally *t, size_t held, uint64_t dropped,
    struct ml_buf *out);
#endif

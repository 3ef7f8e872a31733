/*
 * intake - events from others into a log: each is stored, held back until what
 * it follows has come, already there, or refused with a reason and, where it
 * could matter, kept as evidence.
 *
 * Work goes in groups: ml_intake_begin() takes the lock, ml_intake_offer()
 * decides (for a feed that needs seals when the group is committed: one seal is
 * verified for each run of at most ML_SEAL_RUN events), ml_intake_commit()
 * makes it last and gives the lock back.  Read and
 * verify before begin: no lock should be held while input is waited for.
 */
#ifndef ML_INTAKE_H
#define ML_INTAKE_H
#include "event.h"
#include "held.h"
#include "log.h"
#include "trust.h"

enum ml_verdict {
	ML_STORED,
	ML_HAD,				/* the log has it */
	ML_HELD,			/* it waits for what it follows */
	ML_REFUSED,
	ML_FORKED,			/* refused: its seq has another event */
	ML_DROPPED,			/* was held; no seal came to cover it */
	ML_VERDICTS
};

/*
 * Told of each decision.  An event that had been held may come up again, when
 * its turn came.  why is set for what is refused, and valid during the call.
 */
typedef void ml_intake_told(void *arg, enum ml_verdict verdict,
    const struct ml_event *e, const char *why);
/* Told of a line in .held that is no event. */
typedef void ml_intake_bad_held(void *arg, const char *path, uint64_t line,
    const char *why);

struct ml_intake;

/*
 * log and trust are borrowed; own is the author (a canonical string's inside,
 * borrowed, or empty) who is allowed under every rule.  NULL: no memory.
 */
struct ml_intake *ml_intake_new(struct ml_log *log,
    const struct ml_trust *trust, struct ml_slice own, void *arg,
    ml_intake_told *told, ml_intake_bad_held *bad_held);
void ml_intake_free(struct ml_intake *in);	/* takes NULL */
/* Between groups: other rules hold from now on; borrowed likewise. */
void ml_intake_trust(struct ml_intake *in, const struct ml_trust *trust);
/* 0, or -1 with a reason in *why or, with that NULL, errno; as ml_log_lock(). */
int ml_intake_begin(struct ml_intake *in, double seconds, int64_t ms,
    const char **why);
/* An event whose id was verified, borrowed until the commit.  0, or -1 with
 * errno. */
int ml_intake_offer(struct ml_intake *in, const struct ml_event *e);
/*
 * Whether a line is in the log as it stands, as far as that was read: nothing
 * in the line is looked into.  No lock is needed.
 */
int ml_intake_has_line(struct ml_intake *in, struct ml_slice line);
/* Evidence: something that was refused before it could be offered. */
int ml_intake_refuse(struct ml_intake *in, const char *why,
    struct ml_slice text);
/*
 * What is good is in the log before what is held or refused is written.  With
 * more set there is more to come at once, and what lacks but a seal may wait
 * for it in memory: it was told as held and is not yet.
 */
int ml_intake_commit(struct ml_intake *in, int more);
/* The file that a failed call was about. */
const char *ml_intake_failed(const struct ml_intake *in);
/* Events dropped so far because .held was full. */
uint64_t ml_intake_dropped(const struct ml_intake *in);
/* How many events wait, in .held or in the file behind a gap. */
size_t ml_intake_held(const struct ml_intake *in);
#endif

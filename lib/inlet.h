/*
 * inlet - lines of a stream into a log: read and verified on all cores, then
 * decided on in groups, each of which is on the disk before it is told.
 *
 * The lock is held while a group is decided on, never while input is waited
 * for: who reads gives line after line and commits when no more are at hand.
 */
#ifndef ML_INLET_H
#define ML_INLET_H
#include "batch.h"
#include "intake.h"

#define ML_INLET_GROUP (2 * 1024 * 1024)	/* bytes of lines, for one sync */
#define ML_INLET_AHEAD (2 * 1024 * 1024)	/* that are read on meanwhile */

struct ml_inlet;

struct ml_inlet_options {
	struct ml_log *log;		/* to be written; borrowed, as is all */
	const struct ml_trust *trust;
	struct ml_slice own;		/* as of ml_intake_new() */
	double wait;			/* seconds for the lock */
	int all;			/* tell each event: nothing is put off */
	int64_t (*clock_ms)(void);
	void *arg;			/* for those who are told: */
	/* A decision, within its group; of what is refused item is where it
	 * stands in the input, or NULL if it had been held.  e is NULL where a
	 * line of the log came again and all is not set. */
	void (*decided)(void *arg, enum ml_verdict verdict,
	    const struct ml_event *e, const char *why,
	    const struct ml_batch_item *item);
	/* Something that is no event, or was altered: when it was read, and, if
	 * it is kept as evidence, in its turn. */
	void (*broken)(void *arg, const struct ml_batch_item *item);
	void (*refused)(void *arg, const struct ml_batch_item *item);
	ml_intake_bad_held *bad_held;
	/* A group is on the disk. */
	void (*committed)(void *arg);
};

/* NULL: no memory. */
struct ml_inlet *ml_inlet_new(const struct ml_inlet_options *o);
void ml_inlet_free(struct ml_inlet *in);	/* takes NULL */
/* Other rules hold for all that is not decided on yet. */
void ml_inlet_trust(struct ml_inlet *in, const struct ml_trust *trust);
/* What ml_lines_next() gave, if that is a line.  0, or -1: see
 * ml_inlet_why(); after that it is good for nothing but to be freed. */
int ml_inlet_line(struct ml_inlet *in, const struct ml_lines *l,
    enum ml_line got, struct ml_slice line);
/* Whether a line waits for its group. */
int ml_inlet_is_pending(const struct ml_inlet *in);
/* All lines so far are decided on, and that is on the disk.  Likewise. */
int ml_inlet_commit(struct ml_inlet *in);
/*
 * The same, and with no line too a group: what others have appended is taken
 * in, and a torn tail mended.  Waits so many seconds for the lock; when those
 * are over (errno EAGAIN) it may be tried again, unless lines were pending.
 */
int ml_inlet_catch_up(struct ml_inlet *in, double seconds);
/* After a failure: a static reason, or NULL and errno says why; and the file. */
const char *ml_inlet_why(const struct ml_inlet *in);
const char *ml_inlet_failed(const struct ml_inlet *in);
/* How many events were stored for sure; of how many more there is doubt. */
uint64_t ml_inlet_stored(const struct ml_inlet *in, uint64_t *doubt);
/* Events that were decided on so far, and what should have been some. */
uint64_t ml_inlet_items(const struct ml_inlet *in);
/* Groups that were opened so far. */
uint64_t ml_inlet_groups(const struct ml_inlet *in);
/* As of the intake. */
uint64_t ml_inlet_dropped(const struct ml_inlet *in);
size_t ml_inlet_held(const struct ml_inlet *in);
#endif

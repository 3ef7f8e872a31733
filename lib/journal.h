/*
 * journal - an append-only log of numbered packets and, beside it, LOG.pending,
 * where those wait that came too early: so a run that ends anyhow, anywhere,
 * is taken up by the next.
 *
 * What was taken is in the files when ml_journal_commit() has returned, so that
 * a kill cannot lose it, and on the disk when ml_journal_sync() has, so that a
 * power cut cannot.  The log is only appended to; LOG.pending is, until it is
 * large, and then replaced, when what it says of the log is on the disk.  It may
 * get lost: then what waited is, and the log is read again.
 * Source: ml-journal(1).
 */
#ifndef ML_JOURNAL_H
#define ML_JOURNAL_H
#include "reorder.h"

#define ML_JOURNAL_PART_MAX (256 * 1024)	/* bytes of a line that are kept */

struct ml_journal_config {
	struct ml_reorder_config window;
	int syncs_each;			/* ml_journal_commit() syncs */
	int never_syncs;		/* but to replace LOG.pending */
	int is_heard;			/* who sends a packet has read the
					 * requests before it */
	void *arg;
	void (*ask)(void *arg, uint64_t seq);	/* it is to be requested */
};

struct ml_journal;

/*
 * Open to append; made (0600) if there is none.  Waits up to seconds for
 * another that has it (then errno is EAGAIN).  ms is now, since 1970.  0; or -1
 * with a reason in *why, or with *why NULL and errno.
 */
int ml_journal_open(struct ml_journal **out, const char *path,
    const struct ml_journal_config *config, double seconds, int64_t ms,
    const char **why);
void ml_journal_free(struct ml_journal *j);	/* takes NULL */

/* A packet, intact or not.  The functions from here on return 0, or -1 with
 * errno, and the journal is good for nothing but to be freed. */
int ml_journal_take(struct ml_journal *j, const struct ml_packet *p);
/* A packet that is given the next number; remarks are logged with it. */
int ml_journal_append(struct ml_journal *j, struct ml_slice body,
    struct ml_slice remarks);
/* A line of the input has begun so far: for the next run, if it is not too long
 * for a packet. */
int ml_journal_keep_part(struct ml_journal *j, struct ml_slice part);
struct ml_slice ml_journal_part(const struct ml_journal *j);
/* The same, before the last time: who was killed then has not taken away what it
 * had read since. */
struct ml_slice ml_journal_part_before(const struct ml_journal *j);
/* Into the files.  The requests may be told then. */
int ml_journal_commit(struct ml_journal *j);
/* Onto the disk. */
int ml_journal_sync(struct ml_journal *j);
int ml_journal_is_synced(const struct ml_journal *j);
/* Write LOG.pending anew, so that the next run need not read much. */
int ml_journal_checkpoint(struct ml_journal *j);

struct ml_reorder *ml_journal_window(struct ml_journal *j);
const char *ml_journal_pending(const struct ml_journal *j);	/* its path */
/* Of the log when it was opened: bytes cut off, and damaged lines in what was
 * read of it; whether LOG.pending was damaged. */
uint64_t ml_journal_cut(const struct ml_journal *j);
uint64_t ml_journal_damaged(const struct ml_journal *j);
int ml_journal_was_damaged(const struct ml_journal *j);
#endif

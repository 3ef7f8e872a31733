/*
 * journalwork - the inside of a journal: shared by journal.c, which writes it,
 * and journalkeep.c, which knows what its sidecar says; nobody else's.
 */
#ifndef ML_JOURNALWORK_H
#define ML_JOURNALWORK_H
#include "journal.h"

struct ml_journal {
	struct ml_journal_config config;
	char *path, *pending;		/* of the log, resolved, and beside it */
	int fd, pending_fd;
	uint64_t size, pending_size;	/* bytes */
	uint64_t checkpoint_size;	/* of the sidecar, and of the log, when */
	uint64_t checkpoint_at;		/* it was written anew */
	int log_unsynced, pending_unsynced;
	struct ml_reorder *window;
	struct ml_slice remarks;	/* of what is being appended */
	struct ml_buf out, side;	/* for the log, for the sidecar */
	struct ml_buf body;		/* of a packet that is taken */
	struct ml_buf part;		/* of a line that is being read */
	struct ml_buf before;		/* that, before what was read last */
	uint64_t received;		/* when it was committed last */
	uint64_t cut, damaged;
	int has_pending, was_damaged;	/* when it was opened */
};

/* journal.c: a window that knows of nothing.  0, or -1: no memory. */
int ml_journal_window_new(struct ml_journal *j);

/* journalkeep.c.  Functions return 0, or -1 with errno. */
/* What the files say, into the window; a torn tail is cut. */
int ml_journal_restore(struct ml_journal *j, int64_t ms, const char **why);
/* What is new since, with all set all, to be appended to the sidecar. */
void ml_journal_keep(struct ml_journal *j, int all);
/* The counts as they are now, likewise. */
void ml_journal_keep_run(struct ml_journal *j);
/* A whole sidecar. */
int ml_journal_keep_all(struct ml_journal *j);
#endif

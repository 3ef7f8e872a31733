/*
 * fetchreport - the log and the summary of a run of fetches, in files.  The name
 * "-" is standard error.  Functions return 0, or -1 with errno.
 */
#ifndef ML_FETCHREPORT_H
#define ML_FETCHREPORT_H
#include "fetchlog.h"

struct ml_fetchreport {
	int log;			/* fd, or -1: there is none */
	int error;			/* errno of a line that was not written */
	struct ml_fetchlog_summary summary;
};

/* Append to this log, on a line of its own; NULL: to none. */
int ml_fetchreport_open(struct ml_fetchreport *r, const char *log);
/* Count what happened at ms since 1970, and log it, unless error is set. */
void ml_fetchreport_note(struct ml_fetchreport *r,
    const struct ml_fetch_event *e, int64_t ms);
/* Write the summary; a file that is there is replaced, all at once. */
int ml_fetchreport_summary(const struct ml_fetchreport *r, const char *name);
#endif

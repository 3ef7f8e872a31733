/*
 * report - what is found in a log, and the feeds that stand in it, told as
 * lines of text or of JSON.  Pure.  Source: ml-check(1).
 */
#ifndef ML_REPORT_H
#define ML_REPORT_H
#include "feed.h"
#include "log.h"
#include "trust.h"

struct ml_report {
	int is_finding;			/* else a note, which is no trouble */
	const char *what;		/* of a kind: a word */
	struct ml_slice author;		/* a canonical string's inside, or empty */
	const struct ml_log_place *at;	/* or NULL */
	const char *sidecar;		/* that at is a line of, or NULL */
	struct ml_slice why;		/* safe to print */
	const char *todo;		/* about it; or empty */
};

/* Append one finding or note: a line, of JSON if json is set. */
void ml_report_write(const struct ml_report *r, int json, struct ml_buf *out);
/* Append the line of a feed, likewise. */
void ml_report_feed(const struct ml_feed *f, const struct ml_trust *trust,
    int json, struct ml_buf *out);
/*
 * Append, in words, what a feed lacks of n events that wait for it, sorted by
 * seq.  Of a million holes only the first are named.
 */
void ml_report_holes(const struct ml_feed *f, const struct ml_waiting *w,
    size_t n, struct ml_buf *out);
#endif

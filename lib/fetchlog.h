/*
 * fetchlog - what becomes of addresses, told as lines of JSON, and counted.
 * Pure.  Source: ml-fetch(1).
 */
#ifndef ML_FETCHLOG_H
#define ML_FETCHLOG_H
#include "fetch.h"

#define ML_FETCHLOG_STATUSES 1000	/* 0 to 999: three digits */

struct ml_fetchlog_summary {
	uint64_t urls, successful, failed;
	uint64_t requests, retries, slow;
	double latency_ms;		/* of the successful, summed up */
	uint64_t by_status[ML_FETCHLOG_STATUSES];
	uint64_t timeouts, connections;
};

/* Append one object and a newline: what happened at ms since 1970.  Nothing, for
 * an end. */
void ml_fetchlog_line(struct ml_buf *out, const struct ml_fetch_event *e,
    int64_t ms);
void ml_fetchlog_count(struct ml_fetchlog_summary *s,
    const struct ml_fetch_event *e);
/* Append the summary, over several lines. */
void ml_fetchlog_summary(struct ml_buf *out,
    const struct ml_fetchlog_summary *s);
#endif

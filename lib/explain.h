/*
 * explain - what is found in a log, in words: what it is, and what to do about
 * it.  Each writes its why over text, which the report borrows from, as it does
 * from all that is given: the caller asks text whether memory ran out.  Pure.
 * Source: ml-check(1).
 */
#ifndef ML_EXPLAIN_H
#define ML_EXPLAIN_H
#include "refused.h"
#include "report.h"

/* What a log tells of while it is read; of anything but a copy.  e and held (the
 * id that a fork is another of) may be NULL. */
struct ml_report ml_explain_finding(enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held, struct ml_buf *text);
/* An event that makes a record in the name of by, a JSON value. */
struct ml_report ml_explain_by(const struct ml_event *e, struct ml_slice by,
    const struct ml_log_place *at, struct ml_buf *text);
/* An event stamped far ahead of this machine's clock. */
struct ml_report ml_explain_clock(const struct ml_event *e,
    const struct ml_log_place *at, struct ml_buf *text);
/* A seal that is not as it should be. */
struct ml_report ml_explain_seal(const struct ml_feed *f, int64_t seq,
    const struct ml_log_place *at, const char *why,
    const struct ml_trust *trust, struct ml_buf *text);
/*
 * What a feed lacks of n events that wait for it, sorted by seq: in the log,
 * the first of them at a place, or, with at NULL, held beside it.
 */
struct ml_report ml_explain_gap(const struct ml_feed *f,
    const struct ml_waiting *w, size_t n, const struct ml_log_place *at,
    struct ml_buf *text);
/* A fork that is on record; at is of that file, and f its author's feed, or
 * NULL. */
struct ml_report ml_explain_evidence(const struct ml_refused_item *item,
    const struct ml_log_place *at, const struct ml_feed *f,
    struct ml_buf *text);
/* Whom the trust file does not allow any more. */
struct ml_report ml_explain_untrusted(const struct ml_feed *f,
    const struct ml_trust *trust, struct ml_buf *text);
/* Of a keyed feed, what lies behind its last seal. */
struct ml_report ml_explain_unsealed(const struct ml_feed *f,
    const struct ml_trust *trust, struct ml_buf *text);
#endif

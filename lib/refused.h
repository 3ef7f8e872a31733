/*
 * refused - the evidence beside a log: what was not let in, why and when.
 * One JSON object a line: {"at":time,"why":reason,"text":bytes} or, where they
 * are no UTF-8, "base64".  The same thing is kept once.  Who writes holds the
 * log's lock.  Source: meshlog-log(5).
 */
#ifndef ML_REFUSED_H
#define ML_REFUSED_H
#include "buf.h"

#define ML_REFUSED_MAX (16 * 1024 * 1024)	/* bytes; then the oldest go */
#define ML_REFUSED_KEPT (ML_REFUSED_MAX / 2)	/* what then stays, at least */
#define ML_REFUSED_TEXT_MAX (1024 * 1024)	/* bytes of one thing */

struct ml_refused;

/* log_path: resolved.  The file need not exist.  NULL: no memory. */
struct ml_refused *ml_refused_new(const char *log_path);
void ml_refused_free(struct ml_refused *r);	/* takes NULL */
/* Note it, at ms since 1970; why is plain ASCII.  0, or -1 with errno. */
int ml_refused_add(struct ml_refused *r, int64_t ms, struct ml_slice why,
    struct ml_slice bytes);
/* On disk and synced: 0, or -1 with errno. */
int ml_refused_commit(struct ml_refused *r);
/* Call with each line that is there; 0, or -1 with errno. */
int ml_refused_each(const struct ml_refused *r, void *arg,
    void (*line)(void *arg, uint64_t number, struct ml_slice text));
const char *ml_refused_path(const struct ml_refused *r);
#endif

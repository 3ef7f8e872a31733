/*
 * refused - the evidence beside a log: what was not let in, why and when.
 * One JSON object a line: {"at":time,"why":reason,"text":bytes} or, where they
 * are no UTF-8, "base64"; of a fork also "fork", its author, and "held", the
 * event that the log has.  The same thing is kept once.  Who writes holds the
 * log's lock.  Source: meshlog-log(5).
 */
#ifndef ML_REFUSED_H
#define ML_REFUSED_H
#include "buf.h"

#define ML_REFUSED_MAX (16 * 1024 * 1024)	/* bytes; then the oldest go */
#define ML_REFUSED_KEPT (ML_REFUSED_MAX / 2)	/* what then stays: half of it
						 * for forks under a key */
#define ML_REFUSED_TEXT_MAX (1024 * 1024)	/* bytes of one thing */

struct ml_refused;

/* log_path: resolved.  The file need not exist.  NULL: no memory. */
struct ml_refused *ml_refused_new(const char *log_path);
void ml_refused_free(struct ml_refused *r);	/* takes NULL */
/* Note it, at ms since 1970; why is UTF-8.  0, or -1 with errno. */
int ml_refused_add(struct ml_refused *r, int64_t ms, const char *why,
    struct ml_slice bytes);
/* The same for a fork: its author (inside of a canonical string), and the wire
 * line of the event that the log has in the place of the refused one. */
int ml_refused_fork(struct ml_refused *r, int64_t ms, const char *why,
    struct ml_slice author, struct ml_slice refused, struct ml_slice held);
/* On disk and synced: 0, or -1 with errno. */
int ml_refused_commit(struct ml_refused *r);
/* Call with the author (inside of a canonical string) of each fork that is on
 * record; 0, or -1 with errno. */
int ml_refused_forks(const struct ml_refused *r, void *arg,
    void (*fork)(void *arg, struct ml_slice author));
/* What a line of the file says; slices borrow from it, buffers are to free. */
struct ml_refused_item {
	struct ml_slice at, why;	/* insides of canonical strings */
	struct ml_slice fork;		/* likewise; p is NULL if it is no fork */
	struct ml_buf text, held;	/* as they came; empty if there is none */
};

/* 0, or -1: no such line.  Either way the item is to be freed. */
int ml_refused_read(struct ml_refused_item *item, struct ml_slice line);
void ml_refused_item_free(struct ml_refused_item *item);
/* Call with each line that is there; 0, or -1 with errno. */
int ml_refused_each(const struct ml_refused *r, void *arg,
    void (*line)(void *arg, uint64_t number, struct ml_slice text));
const char *ml_refused_path(const struct ml_refused *r);
#endif

/*
 * held - events that came ahead of a gap, on disk beside the log until the
 * gap fills, in a later run too.  Found by (author, seq); kept once by id.
 * Who uses it holds the log's lock.  Source: meshlog-log(5).
 */
#ifndef ML_HELD_H
#define ML_HELD_H
#include "event.h"
#include "log.h"

#define ML_HELD_AUTHOR_MAX (UINT64_C(64) << 20)	/* bytes of one author */
#define ML_HELD_MAX (UINT64_C(512) << 20)	/* bytes in all */
#define ML_HELD_AUTHORS_MAX 65536	/* of whom the log has nothing yet */

struct ml_held;

/*
 * Call with each event in the file of one author, as it stands there: it is
 * found by its text, nothing is verified.  0, or -1 with errno.
 */
int ml_held_each_of(const char *log_path, struct ml_slice author, void *arg,
    void (*each)(void *arg, const struct ml_event *e));
/* log_path: resolved.  The file need not exist.  NULL: no memory. */
struct ml_held *ml_held_new(const char *log_path);
void ml_held_free(struct ml_held *h);		/* takes NULL */
/*
 * Take in what the file holds, if it, or the log's feeds, changed since; feeds
 * are made for authors that have none.  bad is told of each line that is no event (number from 1).
 * 1 when it was read, 0 when nothing had changed, -1 with errno.
 */
int ml_held_load(struct ml_held *h, struct ml_log *log, void *arg,
    int (*bad)(void *arg, uint64_t number, const char *why,
    struct ml_slice line));
/* Hold e: 1, or 0 when it is held already, -1 with errno. */
int ml_held_add(struct ml_held *h, const struct ml_feed *f,
    const struct ml_event *e);
/* Take away one entry of ml_held_waiting(): it is in the log now. */
void ml_held_drop(struct ml_held *h, uint32_t entry);
/* The same for one that must not come up again: the next ml_held_tidy() takes
 * it out of the file. */
void ml_held_discard(struct ml_held *h, uint32_t entry);
/* Take away all that are held for a slot, oldest first; as ml_wait_take(). */
int ml_held_take(struct ml_held *h, const struct ml_feed *f, int64_t seq,
    struct ml_waiting **list, size_t *n);
/*
 * The slots of a feed from seq on will be taken one after another: what they
 * hold is read before.  Nothing else is done with h until that has ended.
 */
void ml_held_soon(struct ml_held *h, const struct ml_feed *f, int64_t seq);
void ml_held_soon_end(struct ml_held *h);
/* The text of one that was taken, appended to out.  0, or -1 with errno. */
int ml_held_text(struct ml_held *h, const struct ml_waiting *w,
    struct ml_buf *out);
/*
 * Drop what is over the limits.  Of one author: of a plain feed what is farthest
 * from its head; of one that needs seals (needs_seal says so by its index) the
 * oldest of what has no seal, then the oldest, as anybody can make up what
 * chains to its head, and the true events are together only when their sender
 * sends them.  Of all: what the greedy have
 * above a fair share, farthest first.
 */
int ml_held_evict(struct ml_held *h, void *arg,
    int (*needs_seal)(void *arg, uint32_t feed), uint64_t *dropped);
/* On disk and synced.  0, or -1 with errno. */
int ml_held_commit(struct ml_held *h);
/* Once what was taken is safe in the log: give back its room on disk. */
int ml_held_tidy(struct ml_held *h);
size_t ml_held_count(const struct ml_held *h);
/* Whether anything of a feed is held. */
int ml_held_has(const struct ml_held *h, const struct ml_feed *f);
const struct ml_wait *ml_held_waiting(const struct ml_held *h);
const char *ml_held_path(const struct ml_held *h);
#endif

/*
 * train - events of a feed that needs seals, one behind the other and the first
 * of them behind the feed's tip, as most come.  They wait here for the end of
 * their group, when their seals are verified, many at once; so what is whole
 * within a group is never held.  Pure, but for the threads that verify.
 */
#ifndef ML_TRAIN_H
#define ML_TRAIN_H
#include "event.h"
#include "feed.h"

struct ml_trains;			/* one a feed */

struct ml_trains *ml_trains_new(void);		/* NULL: no memory */
void ml_trains_free(struct ml_trains *t);	/* takes NULL */
/*
 * Couple e, which is borrowed, to the train of its feed: 1; 0 if it is not
 * what comes next; -1: no memory.
 */
int ml_trains_add(struct ml_trains *t, const struct ml_feed *f,
    const struct ml_event *e);
/*
 * All has come: find the runs of each train, each as long as may be, and verify
 * the seals that they end with.  0, or -1: no memory.
 */
int ml_trains_verify(struct ml_trains *t, const struct ml_feeds *feeds);
/*
 * How many events the feed's train begins with that a good seal, of the last
 * of them, covers; 0 if there is none, or one that was tried is not good.
 */
size_t ml_trains_run(const struct ml_trains *t, const struct ml_feed *f);
/* Uncouple the first event; NULL if there is none. */
const struct ml_event *ml_trains_next(struct ml_trains *t,
    const struct ml_feed *f);
/* The same of any feed, whatever feeds there are by now. */
const struct ml_event *ml_trains_any(struct ml_trains *t);
int ml_trains_has(const struct ml_trains *t, const struct ml_feed *f);
/*
 * Whether the rest of the feed's train may wait for the next group: there is
 * one, it lacks but a seal, and it is small.
 */
int ml_trains_may_wait(struct ml_trains *t, const struct ml_feed *f);
/* The group ends: what is coupled still is borrowed no more.  0, or -1: no
 * memory. */
int ml_trains_keep(struct ml_trains *t);
#endif

/*
 * mergework - what the parts of merge share: for them alone.
 */
#ifndef ML_MERGEWORK_H
#define ML_MERGEWORK_H
#include "merge.h"

/* A comparison of two values, which counts. */
static inline int
ml_merge_less(struct ml_merge *m, uint64_t a, uint64_t b)
{
	m->comparisons++;
	return a < b;
}

/* How many of own values from..until are less than v, or not greater; from is
 * added.  0, or -1. */
int ml_merge_search(struct ml_merge *m, struct ml_merge_port *p, uint64_t from,
    uint64_t until, uint64_t v, int or_equal, uint64_t *at);
void ml_merge_put(struct ml_merge *m, struct ml_merge_port *p, uint64_t v);
/* Own values up to until, as far as a step goes: 1 when all are written, 0, or
 * -1. */
int ml_merge_copy(struct ml_merge *m, struct ml_merge_port *p, uint64_t until);
/* Write own values up to until, then say pass; after is the phase behind it. */
void ml_merge_copy_and_pass(struct ml_merge *m, uint64_t until,
    enum ml_merge_pass pass, enum ml_merge_phase after);
enum ml_merge_did ml_merge_refuse(struct ml_merge_port *p, const char *why);
/* The next message, of this type: ML_MERGE_WORKED, or as ml_merge_step(). */
enum ml_merge_did ml_merge_receive(struct ml_merge *m,
    struct ml_merge_port *p, const char *type, struct ml_mergemsg *got);

/* A message to be sent; and that it is. */
struct ml_mergemsg *ml_merge_begin_message(struct ml_merge_port *p,
    const char *type);
enum ml_merge_did ml_merge_said(struct ml_merge *m);
extern const char ML_MERGE_WRONG_SIZE[];

/* The bits that are under way, between these two. */
struct ml_golomb ml_merge_bits(const struct ml_merge *m);
void ml_merge_keep_bits(struct ml_merge *m, const struct ml_golomb *q);
/* Nothing is said or heard of the gaps so far, and no bits are under way. */
void ml_merge_begin_gaps(struct ml_merge *m);
/* Add a message's. */
enum ml_merge_did ml_merge_add_bits(struct ml_merge *m,
    struct ml_merge_port *p, const struct ml_mergemsg *got);
/* A message of bits is full, or is_end: send it if there are any. */
enum ml_merge_did ml_merge_send_bits(struct ml_merge *m,
    struct ml_merge_port *p, const char *type, int is_end);

int ml_merge_is_longer(const struct ml_merge *m);
/* The mean of what is told next: a gap's number of values, or a distance. */
uint64_t ml_merge_gap_mean(const struct ml_merge *m, uint64_t left);
uint64_t ml_merge_first_mean(const struct ml_merge *m);

/* How many cuts give both workers about as many comparisons; extra: those that
 * the longer side has more already.  Of m and n values. */
unsigned ml_mergeplan_cuts(uint64_t m, uint64_t n, uint64_t extra);

/* The steps of the longer side, and those of the shorter. */
enum ml_merge_did ml_merge_arrange(struct ml_merge *m,
    struct ml_merge_port *p);
enum ml_merge_did ml_merge_say_cuts(struct ml_merge *m,
    struct ml_merge_port *p);
enum ml_merge_did ml_merge_merge(struct ml_merge *m, struct ml_merge_port *p);
enum ml_merge_did ml_merge_hear_cuts(struct ml_merge *m,
    struct ml_merge_port *p);
enum ml_merge_did ml_merge_place(struct ml_merge *m, struct ml_merge_port *p);
enum ml_merge_did ml_merge_tell(struct ml_merge *m, struct ml_merge_port *p);
#endif

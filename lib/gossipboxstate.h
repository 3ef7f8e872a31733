/*
 * gossipboxstate - what stays known of a box from one contact to the next, in
 * OUT.state: gossipbox.c's, nobody else's.
 */
#ifndef ML_GOSSIPBOXSTATE_H
#define ML_GOSSIPBOXSTATE_H
#include "gossipbox.h"

/* 0, also where there is no state, or none that is good; or -1 with errno,
 * about b->failed. */
int ml_gossipbox_read_state(struct ml_gossipbox *b);
/* 0, or -1 likewise. */
int ml_gossipbox_keep_state(struct ml_gossipbox *b);
#endif

/*
 * replay - a file of packets sent over a bad link again and again, from where
 * the last run ended, with answers to requests.  Source: ml-noise(1).
 */
#ifndef ML_REPLAY_H
#define ML_REPLAY_H
#include "noise.h"

struct ml_replay;

/*
 * Open both; a state that is not there begins with the config's seed, or one
 * by chance if has_seed is unset.  The config's seed becomes the state's.  0; or
 * -1 with a reason and its file in *why and *of, or with *why NULL and errno.
 */
int ml_replay_open(struct ml_replay **out, struct ml_noise_config *config,
    int has_seed, const char *packets, const char *state, const char **why,
    const char **of);
void ml_replay_free(struct ml_replay *r);	/* takes NULL */
/* Dice that fall otherwise in each run. */
uint64_t *ml_replay_dice(struct ml_replay *r);
/* Take a request; one that is waiting already, or cannot be answered, changes
 * nothing. */
void ml_replay_request(struct ml_replay *r, uint64_t sequence);
/* The requests that were taken are in the state: 0, or -1 with errno. */
int ml_replay_save(struct ml_replay *r);
/*
 * Append the next line to be sent: an answer, if any is due, else what is next.
 * 1, 0 at the end, or -1 with errno.  *is_answer: the former.
 */
int ml_replay_next(struct ml_replay *r, struct ml_buf *out, int *is_answer);
/* It was sent: the state says so. */
int ml_replay_sent(struct ml_replay *r);
int ml_replay_has_requests(const struct ml_replay *r);
#endif

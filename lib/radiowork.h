/* radiowork - what radio.c and radioup.c share, and nobody else */
#ifndef ML_RADIOWORK_H
#define ML_RADIOWORK_H
#include "radio.h"

#define ML_RADIO_SECOND UINT64_C(1000000)

struct outgoing {
	uint64_t airtime;
	int read;			/* its question was answered */
};

struct ml_radio {
	struct ml_radio_wish wish;
	struct ml_radio_info info;
	enum { CLOSED, COMING, UP, LEAVING } state;
	size_t step;			/* while COMING: of radioup.c */
	int tries, refusals, restarts;
	uint64_t due;			/* of the step, the question, the leaving */
	struct ml_kiss kiss;
	uint64_t partial_at;		/* when it last grew */
	uint64_t nonsense;		/* of kiss.dropped, told */
	struct ml_buf out;
	uint64_t wrote_at;
	struct outgoing queue[ML_RADIO_AHEAD];
	size_t queued;
	int full;			/* it said so */
	unsigned asked_again;
	uint64_t until;			/* when all that was read should be sent */
	uint64_t held_until;		/* it has said that it may not send */
	unsigned own_short, own_long;	/* airtime as it was last told */
	unsigned window;		/* slots it may wait for, as told */
	int has_rssi, has_snr, rssi;
	double snr;
};

/* radioup.c */
/* Begin the bring-up, from its first question. */
void ml_radio_come(struct ml_radio *r, uint64_t now);
/* While it comes up: what was said, and that the time for an answer is over.
 * As ml_radio_take(). */
int ml_radio_hear_coming(struct ml_radio *r, const struct ml_rnode_said *s,
    uint64_t now, struct ml_radio_event *e);
int ml_radio_try_again(struct ml_radio *r, uint64_t now,
    struct ml_radio_event *e);

/* radio.c */
int ml_radio_down(struct ml_radio *r, struct ml_radio_event *e,
    const char *why);
int ml_radio_refuse(struct ml_radio *r, struct ml_radio_event *e,
    const char *setting, const char *why);
#endif

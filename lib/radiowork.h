/* radiowork - what radio.c, radiosent.c and radioup.c share, and nobody else */
#ifndef ML_RADIOWORK_H
#define ML_RADIOWORK_H
#include "radio.h"

#define ML_RADIO_SECOND UINT64_C(1000000)
#define ML_RADIO_SLACK (5 * ML_RADIO_SECOND)	/* above what is on the air */

struct outgoing {
	uint64_t airtime;
	int read;			/* its question was answered */
};

struct ml_radio {
	struct ml_radio_wish wish;
	struct ml_radio_info info;
	enum { CLOSED, COMING, UP, LEAVING } state;
	int was_up;			/* at least once, this device or another */
	size_t step;			/* while COMING: of radioup.c */
	int tries, refusals, restarts;
	uint64_t check_at;		/* whether it is still on */
	int is_checked;			/* it was asked */
	uint64_t due;			/* of the step, the question, the leaving */
	struct ml_kiss kiss;
	uint64_t partial_at;		/* when it last grew */
	uint64_t nonsense;		/* of kiss.dropped, told */
	struct ml_buf out;
	uint64_t wrote_at;
	struct outgoing queue[ML_RADIO_AHEAD];
	size_t queued;
	int full;			/* it said so */
	unsigned asked, asked_again;	/* questions without an answer */
	int has_answer, has_room;	/* to the first of several */
	uint64_t until;			/* when all that was read should be sent */
	int has_channel;		/* it tells of the channel, or did */
	int has_own;			/* airtime as it was last told: */
	unsigned own_short, own_long;
	unsigned others;		/* load by others, likewise */
	uint64_t held_from;		/* what it has; 0: it is not */
	int is_held_told;
	unsigned window;		/* slots it may wait for, as told */
	int has_rssi, has_snr, rssi;
	double snr;
};

/* radiosent.c */
/* It was asked whether it has room; of the channel, as ml_radio_take(). */
void ml_radio_hear_ready(struct ml_radio *r, int room, uint64_t now);
int ml_radio_hear_channel(struct ml_radio *r, const struct ml_rnode_channel *c,
    uint64_t now, struct ml_radio_event *e);
/* It has not been able to send for long, and that was not told yet. */
int ml_radio_tell_held(struct ml_radio *r, uint64_t now,
    struct ml_radio_event *e);
/* The time for its answer, or for what it was given to be sent, is over. */
int ml_radio_sent_due(struct ml_radio *r, uint64_t now,
    struct ml_radio_event *e);

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
/* Its radio was on by now. */
void ml_radio_lives(struct ml_radio *r, uint64_t now);
int ml_radio_down(struct ml_radio *r, struct ml_radio_event *e,
    const char *why);
/* For good; but one that was up before may be so again: only down. */
int ml_radio_refuse(struct ml_radio *r, struct ml_radio_event *e,
    const char *setting, const char *why);
#endif

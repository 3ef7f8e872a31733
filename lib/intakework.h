/*
 * intakework - the inside of an intake: shared by intake.c, which opens groups
 * and ends them, intakeevent.c, which decides on one event, intakehold.c, which
 * keeps what has to wait, intakeseal.c, which lets in what a seal covers, and
 * intakeout.c, which refuses; nobody else's.  Functions return 0, or -1 with
 * errno, where nothing else is said.
 */
#ifndef ML_INTAKEWORK_H
#define ML_INTAKEWORK_H
#include <errno.h>

#include "admit.h"
#include "intake.h"
#include "train.h"

/* What is known of an author, by feed index. */
struct ml_standing {
	struct ml_admit admit;
	uint8_t judged;			/* the above is set */
	uint8_t touched;		/* in this group: it may go on */
};

struct ml_intake {
	struct ml_log *log;
	const struct ml_trust *trust;
	struct ml_slice own;
	struct ml_held *held;
	struct ml_trains *trains;
	const struct ml_event *offered;	/* lasts until the group's end */
	int more;			/* groups are at hand */
	void *arg;
	ml_intake_told *told;
	ml_intake_bad_held *bad_held;
	int64_t ms;			/* now */
	uint64_t dropped;
	int sweeping;			/* .held, not what was offered */
	struct ml_standing *standing;
	size_t standings;
	unsigned generation;		/* of the feeds that they are about */
	struct ml_table outsiders;	/* authors kept out, by hash */
	uint32_t outsiders_known;
	uint8_t key[ML_TABLE_KEY_LEN];
	const char *failed;		/* the file that it was about */
	size_t authors;			/* that the log has */
	struct ml_buf touched;		/* uint32_t: indices of feeds */
	struct ml_buf why, text, other, body;
	struct ml_buf slot, scratch;	/* of an event that was held */
};

static inline int
ml_intake_no_memory(void)
{
	errno = ENOMEM;
	return -1;
}

/* intakeevent.c */
/* What may this author do?  NULL: no memory. */
struct ml_standing *ml_intake_standing(struct ml_intake *in,
    const struct ml_feed *f);
/* Why no author may come in that the log does not have; NULL if one may. */
const char *ml_intake_full(const struct ml_intake *in);
/*
 * Decide on an event, of a feed or, with f NULL, of an author of whom nothing
 * is here yet: he gets a feed only if the event is taken in or held.
 */
int ml_intake_decide(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
/* The same for what was held for one slot, oldest first. */
int ml_intake_decide_slot(struct ml_intake *in, const struct ml_feed *f,
    int64_t seq);
/* A plain feed has grown from seq on: whose turn is it now? */
int ml_intake_settle(struct ml_intake *in, const struct ml_feed *f,
    int64_t seq);

/* intakehold.c */
/* Hold an event until what it follows, or its seal, has come. */
int ml_intake_hold(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
/* The event of an entry in .held, out of buffers of the caller's. */
int ml_intake_held_event(struct ml_intake *in, uint32_t entry,
    struct ml_buf *text, struct ml_buf *scratch, struct ml_event *e);
/* The same of one that was taken out of there. */
int ml_intake_taken_event(struct ml_intake *in, const struct ml_waiting *w,
    struct ml_buf *text, struct ml_buf *scratch, struct ml_event *e);
/*
 * Hold, or couple what comes next where nothing else is known of what follows
 * the feed's head.
 */
int ml_intake_couple(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
/* What was coupled in the train of a feed, to be held as any other. */
int ml_intake_uncouple(struct ml_intake *in, const struct ml_feed *f);
/* The same of all feeds: the log has changed. */
int ml_intake_uncouple_all(struct ml_intake *in);

/* intakeseal.c */
/* Of a feed that needs seals: let in what a seal covers. */
int ml_intake_resolve(struct ml_intake *in, const struct ml_feed *f);

/* intakeout.c; ml_intake_refuse() too */
/* Refuse an event; with keep set it is evidence. */
int ml_intake_refuse_for(struct ml_intake *in, const struct ml_event *e,
    const char *why, int keep);
/*
 * Keep an author out.  Evidence of it once an author, and not of too many: a
 * flood of them must not bury what matters.
 */
int ml_intake_refuse_outsider(struct ml_intake *in, const struct ml_event *e,
    const char *why);
/* Its seq is taken: by itself, or by another one. */
int ml_intake_compare(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
/* It is next, but does not follow the tip. */
int ml_intake_refuse_astray(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
/* The same with a seal that verifies: its author has sealed two histories. */
int ml_intake_refuse_branch(struct ml_intake *in, const struct ml_feed *f,
    const struct ml_event *e);
#endif

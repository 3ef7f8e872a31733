/* radiosent - what an RNode was given, whether it has read it, and sent it */
#include "radiowork.h"

#define READY_AGAIN ML_RADIO_SECOND	/* when it has no room */
#define DIFS_SLOTS 2			/* it waits for these and its window */
#define CARRIER_DB 11			/* above the noise: it does not send */
#define LOAD_GREW 20			/* 30 ms of others, of 15 s */
#define HELD_MAX (60 * ML_RADIO_SECOND)	/* then that is told */
#define OWN_SHORT_US 1500		/* one of its units: 0.01 % of 15 s */
#define QUIET ML_RADIO_SECOND		/* nobody sent, and it could have */
#define CHANNEL_MAX (5 * ML_RADIO_SECOND)	/* between two words of it */

/* Frames that are sent by now, most at the most: one not read cannot be. */
static unsigned
drop_sent(struct ml_radio *r, size_t most)
{
	unsigned n = 0;

	while (n < most && n < r->queued && r->queue[n].read)
		n++;
	if (n > 0)
		r->held_from = 0;
	r->queued -= n;
	memmove(r->queue, r->queue + n, r->queued * sizeof r->queue[0]);
	return n;
}

/*
 * How many frames its airtime has grown by, to the nearest: what came while it
 * was sending the others goes out after them.  One that it can only have told
 * of in part, as the sum loses what falls out of it, is one.
 */
static size_t
grown_by(const struct ml_radio *r, unsigned own_short)
{
	uint64_t grown = own_short > r->own_short ?
	    (uint64_t)(own_short - r->own_short) * OWN_SHORT_US : 0, sum = 0;
	size_t n = 0;

	while (n < r->queued &&
	    (sum += r->queue[n].airtime) - r->queue[n].airtime / 2 <= grown)
		n++;
	return n > 0 ? n : 1;
}

static int
tell_sent(struct ml_radio *r, struct ml_radio_event *e)
{
	e->count = drop_sent(r, r->queued);
	e->what = ML_RADIO_SENT;
	return e->count > 0;
}

static uint64_t
on_air(const struct ml_radio *r)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < r->queued; i++)
		sum += r->queue[i].airtime;
	return sum;
}

/* One that has begun anew and does not say so would take frames for nothing. */
static void
ask_room(struct ml_radio *r, uint64_t now)
{
	ml_rnode_ask(&r->out, ML_RNODE_RADIO_STATE);
	ml_rnode_ask(&r->out, ML_RNODE_READY);
	r->asked++;
	r->due = now + on_air(r) + ML_RADIO_SLACK;
}

/* Those it has read wait for the channel, and then for each other. */
static uint64_t
sent_by(const struct ml_radio *r, uint64_t from)
{
	uint64_t wait = (DIFS_SLOTS + r->window) *
	    ml_lora_slot_us(&r->wish.lora);
	size_t i;

	for (i = 0; i < r->queued && r->queue[i].read; i++)
		from += wait + r->queue[i].airtime;
	return from;
}

/* All that it has was read, and may begin to go out at from.  Who tells of the
 * channel tells of that, too; of who does not, time does. */
static void
expect_sent(struct ml_radio *r, uint64_t from)
{
	r->until = sent_by(r, from);
	r->due = r->queued == 0 ? UINT64_MAX :
	    r->until + (r->has_channel ? QUIET + CHANNEL_MAX : 0);
}

static void
hear_ready(struct ml_radio *r, int room, uint64_t now)
{
	size_t i;

	r->asked = r->asked_again = 0;
	r->has_answer = 0;
	for (i = 0; i < r->queued; i++)
		r->queue[i].read = 1;
	expect_sent(r, now);
	r->full = !room;
	if (r->full)
		r->due = now + READY_AGAIN;
}

/* Where it was asked twice, the answer that still comes must not be taken for
 * one about the next frame. */
void
ml_radio_hear_ready(struct ml_radio *r, int room, uint64_t now)
{
	if (r->asked > 1) {
		r->asked--;
		r->has_answer = 1;
		r->has_room = room;
		r->due = now + on_air(r) + ML_RADIO_SLACK;
	} else
		hear_ready(r, room, now);
}

/* Whether it may not send now, by its own limit or for others on the channel,
 * so that time says nothing of what it has sent.  A strong signal shows by its
 * power, one in the noise by the load. */
static int
is_held(const struct ml_radio *r, const struct ml_rnode_channel *c,
    unsigned others)
{
	int own_short = (int)c->own_short + 1, own_long = (int)c->own_long + 1;

	return (r->wish.short_lock > 0 && own_short >= r->wish.short_lock) ||
	    (r->wish.long_lock > 0 && own_long >= r->wish.long_lock) ||
	    c->interference != 0 || c->rssi >= c->noise + CARRIER_DB ||
	    others > r->others + LOAD_GREW;
}

/* It tells of the channel each second, and right after it has sent: all that
 * it had then, or one frame where it is fast.  That is lost in the sum when an old
 * bin of its falls out at the same time; but with a free channel for so long
 * it must have sent. */
int
ml_radio_hear_channel(struct ml_radio *r, const struct ml_rnode_channel *c,
    uint64_t now, struct ml_radio_event *e)
{
	unsigned others = c->load_short > c->own_short ?
	    c->load_short - c->own_short : 0;
	/* the first that is told may be that of a host before */
	int grew = r->has_own && (c->own_short > r->own_short ||
	    c->own_long > r->own_long);
	int is_held_now = is_held(r, c, others);
	size_t gone = grew ? grown_by(r, c->own_short) : 0;

	r->has_channel = r->has_own = 1;
	r->own_short = c->own_short;
	r->own_long = c->own_long;
	r->others = others;
	e->what = ML_RADIO_CHANNEL;
	e->channel = *c;
	if (r->state != UP)
		return 1;
	if (is_held_now && r->held_from == 0 && r->queued > 0) {
		r->held_from = now;
		r->is_held_told = 0;
	}
	e->count = drop_sent(r, gone);
	if (r->full || (r->queued > 0 && !r->queue[r->queued - 1].read))
		return 1;
	if (grew || is_held_now)
		expect_sent(r, now + (is_held_now ? READY_AGAIN : 0));
	else if (r->queued > 0 && now >= r->until + QUIET) {
		e->count += drop_sent(r, r->queued);
		expect_sent(r, now);
	}
	if (r->queued == 0)
		r->until = 0;
	return 1;
}

/* One frame at a time is on its way to it; a small one is given no more while
 * it may be sending, as its serial buffer is no longer than a frame. */
int
ml_radio_room(const struct ml_radio *r)
{
	size_t ahead = r->info.platform == ML_RNODE_AVR ? 1 : ML_RADIO_AHEAD;

	return r->state == UP && !r->wish.probe && !r->full &&
	    r->out.len == 0 && r->queued < ahead &&
	    (r->queued == 0 || r->queue[r->queued - 1].read);
}

void
ml_radio_send(struct ml_radio *r, uint64_t now, struct ml_slice frame)
{
	r->queue[r->queued++] = (struct outgoing){
	    .airtime = ml_lora_frame_us(&r->wish.lora, frame.len) };
	ml_rnode_send(&r->out, frame);
	r->asked_again = 0;
	ask_room(r, now);
}

uint64_t
ml_radio_until(const struct ml_radio *r)
{
	return r->until;
}

unsigned
ml_radio_outstanding(const struct ml_radio *r, unsigned *unread)
{
	size_t i;

	*unread = 0;
	for (i = 0; i < r->queued; i++)
		*unread += !r->queue[i].read;
	return (unsigned)r->queued;
}

int
ml_radio_tell_held(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	if (r->queued == 0 || r->held_from == 0 || r->is_held_told ||
	    now < r->held_from + HELD_MAX)
		return 0;
	r->is_held_told = 1;
	e->what = ML_RADIO_NOTE;
	e->got = -1;
	e->why = "the channel is busy, or its own limit of airtime is reached: "
	    "frames wait";
	return 1;
}

/* The time for its answer, or for what it was given to be sent, is over. */
int
ml_radio_sent_due(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	if (r->queued > 0 && r->queue[r->queued - 1].read && !r->full &&
	    !r->has_channel)
		return tell_sent(r, e);
	if (r->has_answer) {		/* the other one was lost */
		hear_ready(r, r->has_room, now);
		return 0;
	}
	r->has_channel = 0;		/* it may tell of it no more */
	if (r->asked_again++ > 0)
		return ml_radio_down(r, e, "it has not answered for longer "
		    "than it can have been sending");
	ask_room(r, now);
	return 0;
}

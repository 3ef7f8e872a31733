/* radio - an RNode brought up, fed and shut down */
#include <stdlib.h>

#include "radiowork.h"

#define READY_SLACK (5 * ML_RADIO_SECOND)	/* above what is on the air */
#define READY_AGAIN ML_RADIO_SECOND	/* when it has no room */
#define PARTIAL_MAX ML_RADIO_SECOND	/* between two bytes of one frame */
#define HELD_MAX (60 * ML_RADIO_SECOND)	/* so long its word holds */
#define LEAVE_MAX (2 * ML_RADIO_SECOND)
#define RESTARTS_MAX 5			/* during one bring-up */
#define DIFS_SLOTS 2			/* it waits for these and its window */
#define BURST_BITRATE 14000.0		/* up to it all goes out in one go */
#define BUSY 5000			/* of a channel: it may well have to wait */

struct ml_radio *
ml_radio_new(const struct ml_radio_wish *wish)
{
	struct ml_radio *r = calloc(1, sizeof *r);

	if (r != NULL) {
		r->wish = *wish;
		r->due = UINT64_MAX;
	}
	return r;
}

void
ml_radio_free(struct ml_radio *r)
{
	if (r != NULL)
		ml_buf_free(&r->out);
	free(r);
}

void
ml_radio_begin(struct ml_radio *r, uint64_t now)
{
	ml_kiss_reset(&r->kiss);
	r->nonsense = r->kiss.dropped;
	ml_buf_clear(&r->out);
	r->restarts = 0;
	ml_radio_come(r, now);
}

unsigned
ml_radio_gone(struct ml_radio *r)
{
	unsigned lost = (unsigned)r->queued;

	r->queued = 0;
	r->full = 0;
	r->until = 0;
	r->held_until = 0;
	r->state = CLOSED;
	r->due = UINT64_MAX;
	ml_buf_clear(&r->out);
	return lost;
}

int
ml_radio_down(struct ml_radio *r, struct ml_radio_event *e, const char *why)
{
	r->state = CLOSED;
	r->due = UINT64_MAX;
	e->what = ML_RADIO_DOWN;
	e->why = why;
	return 1;
}

int
ml_radio_refuse(struct ml_radio *r, struct ml_radio_event *e,
    const char *setting, const char *why)
{
	ml_radio_down(r, e, why);
	e->what = ML_RADIO_REFUSED;
	e->setting = setting;
	return 1;
}

/* The device has begun anew: so do we.  Many do when their port is opened. */
static int
start_over(struct ml_radio *r, uint64_t now, struct ml_radio_event *e,
    const char *why)
{
	if (r->state == LEAVING)
		return 0;
	if (r->state == COMING) {
		if (++r->restarts > RESTARTS_MAX)
			return ml_radio_down(r, e, "it reboots again and again");
		ml_buf_clear(&r->out);
		ml_radio_come(r, now);
		return 0;
	}
	e->count = ml_radio_gone(r);
	e->what = ML_RADIO_LOST;
	e->why = why;
	r->restarts = 0;
	ml_radio_come(r, now);
	return 1;
}

/* Keep what it says of itself. */
static void
learn(struct ml_radio_info *info, const struct ml_rnode_said *s)
{
	switch (s->what) {
	case ML_RNODE_FW_VERSION:
		info->major = (int)s->value;
		info->minor = s->more[0];
		break;
	case ML_RNODE_PLATFORM: info->platform = (int)s->value; break;
	case ML_RNODE_MCU: info->mcu = (int)s->value; break;
	case ML_RNODE_BOARD: info->board = (int)s->value; break;
	case ML_RNODE_FREQUENCY: info->frequency = s->value; break;
	case ML_RNODE_BANDWIDTH: info->bandwidth = s->value; break;
	case ML_RNODE_TXPOWER: info->power = (int)s->value; break;
	case ML_RNODE_SF: info->sf = (int)s->value; break;
	case ML_RNODE_CR: info->cr = (int)s->value; break;
	case ML_RNODE_RADIO_STATE: info->state = (int)s->value; break;
	default: break;
	}
}

/* Frames that are sent by now, most at the most: one not read cannot be. */
static unsigned
drop_sent(struct ml_radio *r, size_t most)
{
	unsigned n = 0;

	while (n < most && n < r->queued && r->queue[n].read)
		n++;
	r->queued -= n;
	memmove(r->queue, r->queue + n, r->queued * sizeof r->queue[0]);
	return n;
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

static void
ask_room(struct ml_radio *r, uint64_t now)
{
	ml_rnode_ask(&r->out, ML_RNODE_READY);
	r->due = now + on_air(r) + READY_SLACK;
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

static void
hear_ready(struct ml_radio *r, int room, uint64_t now)
{
	size_t i;

	r->asked_again = 0;
	for (i = 0; i < r->queued; i++)
		r->queue[i].read = 1;
	r->until = sent_by(r, now);
	r->full = !room;
	r->due = r->full ? now + READY_AGAIN : r->queued > 0 ? r->until :
	    UINT64_MAX;
}

/* Whether it may not send now, by its own limit or for others on the channel,
 * so that time says nothing of what it has sent. */
static int
is_held(const struct ml_radio *r, const struct ml_rnode_channel *c)
{
	int own_short = (int)c->own_short + 1, own_long = (int)c->own_long + 1;

	return (r->wish.short_lock > 0 && own_short >= r->wish.short_lock) ||
	    (r->wish.long_lock > 0 && own_long >= r->wish.long_lock) ||
	    c->load_short > c->own_short + BUSY;
}

/* It tells of the channel each second, and right after it has sent: all that
 * it had, or one frame where it is fast. */
static int
hear_channel(struct ml_radio *r, const struct ml_rnode_channel *c,
    uint64_t now, struct ml_radio_event *e)
{
	int grew = c->own_short > r->own_short || c->own_long > r->own_long;
	int is_held_now = is_held(r, c);

	r->own_short = c->own_short;
	r->own_long = c->own_long;
	r->held_until = is_held_now ? now + HELD_MAX : 0;
	e->what = ML_RADIO_CHANNEL;
	e->channel = *c;
	if (r->state != UP)
		return 1;
	if (grew)
		e->count = drop_sent(r,
		    ml_lora_bitrate(&r->wish.lora) > BURST_BITRATE ? 1 : r->queued);
	if (r->full)
		return 1;
	if (r->queued == 0) {
		r->until = 0;
		r->due = UINT64_MAX;
	} else if (r->queue[r->queued - 1].read && (grew || is_held_now))
		r->due = r->until = sent_by(r,
		    now + (is_held_now ? READY_AGAIN : 0));
	return 1;
}

static int
hear_error(struct ml_radio *r, uint32_t code, uint64_t now,
    struct ml_radio_event *e)
{
	e->what = ML_RADIO_NOTE;
	e->got = code;
	switch (code) {
	case ML_RNODE_ERROR_INIT:
		return ml_radio_down(r, e, "its radio does not start: it needs a reset");
	case ML_RNODE_ERROR_TX:
		return start_over(r, now, e, "it could not send");
	case ML_RNODE_ERROR_LOCKED:
		e->why = "its memory is locked";
		return 1;
	case ML_RNODE_ERROR_FULL:
		e->why = "its queue is full";
		return 1;
	case ML_RNODE_ERROR_MEMORY:
		e->why = "it is low on memory";
		return 1;
	case ML_RNODE_ERROR_MODEM:
		e->why = "its modem does not answer it";
		return 1;
	default:
		e->why = "it tells of an error that is not known";
		return 1;
	}
}

static int
hear_frame(struct ml_radio *r, struct ml_slice frame, struct ml_radio_event *e)
{
	e->what = ML_RADIO_FRAME;
	e->frame = frame;
	e->has_signal = r->has_rssi && r->has_snr;
	e->rssi = r->rssi;
	e->snr = r->snr;
	r->has_rssi = r->has_snr = 0;
	return r->state == UP && frame.len > 0;	/* others' packets are empty */
}

static int
hear(struct ml_radio *r, const struct ml_rnode_said *s, uint64_t now,
    struct ml_radio_event *e)
{
	learn(&r->info, s);
	switch (s->what) {
	case ML_RNODE_DATA:
		return hear_frame(r, s->data, e);
	case ML_RNODE_SELECT:
		return ml_radio_refuse(r, e, "device",
		    "it has several radios, which is not spoken here");
	case ML_RNODE_STAT_RSSI:
		r->rssi = (int)s->value - ML_RNODE_RSSI_OFFSET;
		r->has_rssi = 1;
		return 0;
	case ML_RNODE_STAT_SNR:
		r->snr = (int8_t)s->value / 4.0;
		r->has_snr = 1;
		return 0;
	case ML_RNODE_STAT_CHTM:
		return hear_channel(r, &s->channel, now, e);
	case ML_RNODE_STAT_CSMA:
		r->window = s->value & 0xff;	/* slots */
		return 0;
	case ML_RNODE_STAT_BAT:
		e->what = ML_RADIO_BATTERY;
		e->count = s->value;
		e->level = s->more[0];
		return 1;
	case ML_RNODE_STAT_TEMP:
		e->what = ML_RADIO_TEMPERATURE;
		e->level = (int)s->value - ML_RNODE_TEMP_OFFSET;
		return 1;
	case ML_RNODE_ERROR:
		return hear_error(r, s->value, now, e);
	case ML_RNODE_RESET:
		return s->value != ML_RNODE_RESET_NOW || r->state == LEAVING ?
		    0 : start_over(r, now, e, "it has rebooted");
	case ML_RNODE_READY:
		/* what was not written yet was not asked */
		if (r->state == UP && (r->queued > 0 || r->full) &&
		    r->out.len == 0)
			hear_ready(r, s->value != 0, now);
		return 0;
	case ML_RNODE_RADIO_STATE:
		if (r->state == UP && !r->wish.probe && s->value == 0)
			return start_over(r, now, e, "its radio went off");
		if (r->state == LEAVING && s->value == 0)
			r->due = now;
		break;
	default:
		break;
	}
	return r->state == COMING ? ml_radio_hear_coming(r, s, now, e) : 0;
}

/* A port over a network is closed to who says nothing. */
static uint64_t
keep_at(const struct ml_radio *r)
{
	return r->wish.keepalive > 0 && r->state == UP ?
	    r->wrote_at + r->wish.keepalive : UINT64_MAX;
}

static int
pass_time(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	if (r->kiss.len > 0 && now >= r->partial_at + PARTIAL_MAX)
		ml_kiss_reset(&r->kiss);
	if (r->kiss.dropped != r->nonsense) {
		r->nonsense = r->kiss.dropped;
		e->what = ML_RADIO_NONSENSE;
		return 1;
	}
	if (r->state == LEAVING && r->wish.probe && r->out.len == 0)
		r->due = now;
	if (now >= keep_at(r) && r->out.len == 0)
		ml_rnode_ask(&r->out, ML_RNODE_DETECT);
	if (now < r->due)
		return 0;
	r->due = UINT64_MAX;
	switch (r->state) {
	case COMING:
		return ml_radio_try_again(r, now, e);
	case LEAVING:
		e->what = ML_RADIO_OFF;
		r->state = CLOSED;
		return 1;
	case UP:
		if (r->queued > 0 && r->queue[r->queued - 1].read && !r->full) {
			if (now >= r->held_until)
				return tell_sent(r, e);
			r->due = r->held_until;
			return 0;
		}
		if (r->asked_again++ > 0)
			return ml_radio_down(r, e, "it has not answered for longer than "
			    "it can have been sending");
		ask_room(r, now);
		return 0;
	default:
		return 0;
	}
}

int
ml_radio_take(struct ml_radio *r, uint64_t now, struct ml_slice *in,
    struct ml_radio_event *e)
{
	struct ml_kiss_frame f;
	struct ml_rnode_said s;

	memset(e, 0, sizeof *e);
	while (r->state != CLOSED && in->len > 0) {
		r->partial_at = now;
		if (!ml_kiss_next(&r->kiss, in, &f))
			break;
		if (!ml_rnode_hear(&s, &f)) {
			e->what = ML_RADIO_NONSENSE;
			return 1;
		}
		if (hear(r, &s, now, e))
			return 1;
		memset(e, 0, sizeof *e);
	}
	in->len = 0;
	return r->state == CLOSED ? 0 : pass_time(r, now, e);
}

uint64_t
ml_radio_due(const struct ml_radio *r)
{
	uint64_t partial = r->kiss.len > 0 ? r->partial_at + PARTIAL_MAX :
	    UINT64_MAX;

	if (r->state == CLOSED)
		return UINT64_MAX;
	if (keep_at(r) < partial && r->out.len == 0)
		partial = keep_at(r);
	return r->due < partial ? r->due : partial;
}

struct ml_slice
ml_radio_out(const struct ml_radio *r)
{
	return ml_buf_view(&r->out);
}

void
ml_radio_wrote(struct ml_radio *r, uint64_t now, size_t n)
{
	ml_buf_drop(&r->out, n);
	r->wrote_at = now;
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

void
ml_radio_leave(struct ml_radio *r, uint64_t now)
{
	if (!r->wish.probe)
		ml_rnode_tell(&r->out, ML_RNODE_RADIO_STATE, 0);
	ml_rnode_tell(&r->out, ML_RNODE_LEAVE, ML_RNODE_LEAVE_NOW);
	r->state = LEAVING;
	r->due = now + LEAVE_MAX;
}

const struct ml_radio_info *
ml_radio_info(const struct ml_radio *r)
{
	return &r->info;
}

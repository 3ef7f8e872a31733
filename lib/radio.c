/* radio - an RNode brought up, fed and shut down */
#include <stdlib.h>

#include "radiowork.h"

#define PARTIAL_MAX ML_RADIO_SECOND	/* between two bytes of one frame */
#define LEAVE_MAX (2 * ML_RADIO_SECOND)
#define RESTARTS_MAX 5			/* during one bring-up */
#define SILENCE_MAX (30 * ML_RADIO_SECOND)	/* then it is asked if it is on */

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
	r->asked = 0;
	r->has_answer = 0;
	r->held_from = 0;
	r->until = 0;
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
	if (!r->was_up)
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
	/* it is on, as set here, before all is read back; others' packets are
	 * empty */
	return !r->wish.probe && frame.len > 0 && (r->state == UP ||
	    (r->state == COMING && r->info.state == 1));
}

/* What only comes while its radio is on; batteries are told of always. */
static int
is_sign(const struct ml_rnode_said *s)
{
	return s->what == ML_RNODE_DATA || s->what == ML_RNODE_STAT_CHTM ||
	    s->what == ML_RNODE_RADIO_STATE;
}

void
ml_radio_lives(struct ml_radio *r, uint64_t now)
{
	r->check_at = now + SILENCE_MAX;
	r->is_checked = 0;
}

static int
hear(struct ml_radio *r, const struct ml_rnode_said *s, uint64_t now,
    struct ml_radio_event *e)
{
	learn(&r->info, s);
	if (is_sign(s))
		ml_radio_lives(r, now);
	switch (s->what) {
	case ML_RNODE_DATA:
		return hear_frame(r, s->data, e);
	case ML_RNODE_SELECT:
		return r->state == COMING && ml_radio_refuse(r, e, "device",
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
		return ml_radio_hear_channel(r, &s->channel, now, e);
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
			ml_radio_hear_ready(r, s->value != 0, now);
		return 0;
	case ML_RNODE_RADIO_STATE:
		if (r->state == UP && !r->wish.probe && s->value == 0)
			return start_over(r, now, e, "its radio went off");
		if (r->state == LEAVING && s->value == 0 && r->out.len == 0)
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

/* With frames there are other questions, and times for them. */
static uint64_t
check_at(const struct ml_radio *r)
{
	return r->state == UP && !r->wish.probe && r->queued == 0 ?
	    r->check_at : UINT64_MAX;
}

/* 1: it does not answer. */
static int
check(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	if (r->is_checked)
		return ml_radio_down(r, e, "it does not answer any more");
	if (r->out.len == 0)		/* else it takes nothing, either */
		ml_rnode_ask(&r->out, ML_RNODE_RADIO_STATE);
	r->is_checked = 1;
	r->check_at = now + ML_RADIO_SLACK;
	return 0;
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
	if (ml_radio_tell_held(r, now, e))
		return 1;
	if (now >= check_at(r) && check(r, now, e))
		return 1;
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
		return ml_radio_sent_due(r, now, e);
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
	if (check_at(r) < partial)
		partial = check_at(r);
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
	if (n > 0)
		r->wrote_at = now;
}

void
ml_radio_leave(struct ml_radio *r, uint64_t now)
{
	if (!r->wish.probe)
		ml_rnode_tell(&r->out, ML_RNODE_RADIO_STATE, 0);
	ml_rnode_tell(&r->out, ML_RNODE_LEAVE, ML_RNODE_LEAVE_NOW);
	/* what it still has would be sent as soon as it is on again, by
	 * whomever and without being booked: only a reboot forgets that */
	if (!r->wish.probe && r->queued > 0)
		ml_rnode_tell(&r->out, ML_RNODE_RESET, ML_RNODE_RESET_NOW);
	r->state = LEAVING;
	r->due = now + LEAVE_MAX;
}

const struct ml_radio_info *
ml_radio_info(const struct ml_radio *r)
{
	return &r->info;
}

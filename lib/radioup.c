/* radioup - an RNode asked what it is, set, switched on and asked again */
#include <stdlib.h>

#include "radiowork.h"

#define DETECT_EVERY (ML_RADIO_SECOND / 2)
#define DETECT_TRIES 20			/* a board may take 10 s to boot */
#define FIRST_WINDOW 15			/* slots */

/* Bring-up, and asking what is there: a list of questions, one after another. */
struct step {
	enum ml_rnode_cmd cmd;
	enum { ASK, SET, COMPARE } how;
	int tries;
	uint64_t wait;
	const char *name;
};

static const struct step BRING_UP[] = {
	{ ML_RNODE_DETECT, ASK, DETECT_TRIES, DETECT_EVERY, "detection" },
	{ ML_RNODE_FW_VERSION, ASK, 4, ML_RADIO_SECOND, "firmware version" },
	{ ML_RNODE_PLATFORM, ASK, 2, ML_RADIO_SECOND, "platform" },
	{ ML_RNODE_MCU, ASK, 1, ML_RADIO_SECOND, "processor" },
	{ ML_RNODE_BOARD, ASK, 1, ML_RADIO_SECOND, "board" },
	/* what was on before, by itself or by who died, takes no settings */
	{ ML_RNODE_RADIO_STATE, SET, 4, ML_RADIO_SECOND, "radio off" },
	{ ML_RNODE_FREQUENCY, SET, 4, ML_RADIO_SECOND, "frequency" },
	{ ML_RNODE_BANDWIDTH, SET, 4, ML_RADIO_SECOND, "bandwidth" },
	{ ML_RNODE_TXPOWER, SET, 4, ML_RADIO_SECOND, "power" },
	{ ML_RNODE_SF, SET, 4, ML_RADIO_SECOND, "spreading factor" },
	{ ML_RNODE_CR, SET, 4, ML_RADIO_SECOND, "coding rate" },
	{ ML_RNODE_ST_ALOCK, SET, 4, ML_RADIO_SECOND, "short airtime limit" },
	{ ML_RNODE_LT_ALOCK, SET, 4, ML_RADIO_SECOND, "long airtime limit" },
	{ ML_RNODE_RADIO_STATE, SET, 3, 3 * ML_RADIO_SECOND, "radio on" },
	/* an echo of before is what was asked for: this is what is in use */
	{ ML_RNODE_FREQUENCY, COMPARE, 4, ML_RADIO_SECOND, "frequency" },
	{ ML_RNODE_BANDWIDTH, COMPARE, 4, ML_RADIO_SECOND, "bandwidth" },
	{ ML_RNODE_TXPOWER, COMPARE, 4, ML_RADIO_SECOND, "power" },
	{ ML_RNODE_SF, COMPARE, 4, ML_RADIO_SECOND, "spreading factor" },
	{ ML_RNODE_CR, COMPARE, 4, ML_RADIO_SECOND, "coding rate" },
};
enum { STEPS = sizeof BRING_UP / sizeof BRING_UP[0], OFF = 5, ON = 13 };

/* What a step is to come to. */
static int64_t
wanted(const struct ml_radio *r, size_t step)
{
	switch (BRING_UP[step].cmd) {
	case ML_RNODE_FREQUENCY: return r->wish.lora.frequency;
	case ML_RNODE_BANDWIDTH: return r->wish.lora.bandwidth;
	case ML_RNODE_TXPOWER: return r->wish.lora.power;
	case ML_RNODE_SF: return r->wish.lora.sf;
	case ML_RNODE_CR: return r->wish.lora.cr;
	case ML_RNODE_ST_ALOCK:
		return r->wish.short_lock == -1 ? 0 : r->wish.short_lock;
	case ML_RNODE_LT_ALOCK:
		return r->wish.long_lock == -1 ? 0 : r->wish.long_lock;
	case ML_RNODE_RADIO_STATE: return step == ON;
	default: return -1;
	}
}

static int
is_left_out(const struct ml_radio *r, size_t step)
{
	return r->wish.probe && BRING_UP[step].how == SET && step != ON;
}

/* A limit of airtime that nobody wished for: what an earlier host has set is
 * taken back, if the device knows of such a thing. */
static int
is_no_limit(const struct ml_radio *r, size_t step)
{
	enum ml_rnode_cmd cmd = BRING_UP[step].cmd;

	return (cmd == ML_RNODE_ST_ALOCK && r->wish.short_lock == -1) ||
	    (cmd == ML_RNODE_LT_ALOCK && r->wish.long_lock == -1);
}

static void
put_step(struct ml_radio *r, uint64_t now)
{
	const struct step *s = &BRING_UP[r->step];

	if (s->how == SET && !r->wish.probe)
		ml_rnode_tell(&r->out, s->cmd, (uint32_t)wanted(r, r->step));
	else
		ml_rnode_ask(&r->out, s->cmd);
	r->due = now + s->wait;
}

static void
go_to(struct ml_radio *r, size_t step, uint64_t now)
{
	while (step < STEPS && is_left_out(r, step))
		step++;
	r->step = step;
	r->tries = 1;
	r->refusals = 0;
	if (step < STEPS)
		put_step(r, now);
}

void
ml_radio_come(struct ml_radio *r, uint64_t now)
{
	r->state = COMING;
	r->info = (struct ml_radio_info){ -1, -1, -1, -1, -1, -1, -1, -1, -1,
	    -1, -1 };
	r->has_channel = r->has_own = 0;
	r->others = 0;
	r->window = FIRST_WINDOW;
	r->has_rssi = r->has_snr = 0;
	/* ends a frame that was cut off, by us or by who was there before */
	ml_kiss_end(&r->out);
	go_to(r, 0, now);
}

static int
come_up(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	r->state = UP;
	/* soon, if not yet: all but the small ones tell of it */
	if (r->info.platform != ML_RNODE_AVR)
		r->has_channel = 1;
	ml_radio_lives(r, now);
	r->was_up = 1;
	r->due = UINT64_MAX;
	e->what = ML_RADIO_UP;
	return 1;
}

static int
next_step(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	go_to(r, r->step + 1, now);
	return r->step == STEPS ? come_up(r, now, e) : 0;
}

/* Nothing, or something else than it should have been, was said in time. */
int
ml_radio_try_again(struct ml_radio *r, uint64_t now,
    struct ml_radio_event *e)
{
	const struct step *s = &BRING_UP[r->step];

	if (r->tries++ < s->tries) {
		put_step(r, now);
		return 0;
	}
	if (is_no_limit(r, r->step))
		return next_step(r, now, e);
	switch (s->cmd) {
	case ML_RNODE_PLATFORM: case ML_RNODE_MCU: case ML_RNODE_BOARD:
		return next_step(r, now, e);
	case ML_RNODE_DETECT:
		return ml_radio_down(r, e, "no RNode answers there");
	default:
		e->setting = s->name;
		return ml_radio_down(r, e, "no answer");
	}
}

static int
is_as_wanted(const struct ml_radio *r, int64_t want, int64_t got)
{
	switch (BRING_UP[r->step].cmd) {
	case ML_RNODE_FREQUENCY:
		return llabs(got - want) <= ML_RADIO_HZ_OFF;
	case ML_RNODE_ST_ALOCK: case ML_RNODE_LT_ALOCK:
		return got == want || got == want - 1;	/* it was a float */
	default:
		return got == want;
	}
}

/* A setting was told, while we wait for it. */
static int
judge(struct ml_radio *r, int64_t got, uint64_t now, struct ml_radio_event *e)
{
	const struct step *s = &BRING_UP[r->step];
	int64_t want = wanted(r, r->step);

	if (r->wish.probe || is_no_limit(r, r->step) ||
	    is_as_wanted(r, want, got))
		return next_step(r, now, e);
	e->wanted = want;
	e->got = got;
	if (r->step == ON)
		return ++r->refusals < 2 ? 0 : ml_radio_refuse(r, e, s->name,
		    "it stays off: locked, not provisioned, or its "
		    "firmware's hash is wrong");
	/* it may be a late one of before, or noise on the line */
	if (r->tries < s->tries)
		return ml_radio_try_again(r, now, e);
	return ml_radio_refuse(r, e, s->name, s->how == COMPARE ?
	    "another one is in use" : "not what was set");
}

static int
judge_version(struct ml_radio *r, uint64_t now, struct ml_radio_event *e)
{
	int version = r->info.major * 256 + r->info.minor;
	int least = ML_RADIO_FIRMWARE_MAJOR * 256 + ML_RADIO_FIRMWARE_MINOR;

	if (version >= least)
		return next_step(r, now, e);
	if (r->tries < BRING_UP[r->step].tries)
		return ml_radio_try_again(r, now, e);
	e->wanted = least;
	e->got = version;
	return ml_radio_refuse(r, e, BRING_UP[r->step].name, "too old");
}

int
ml_radio_hear_coming(struct ml_radio *r, const struct ml_rnode_said *s,
    uint64_t now, struct ml_radio_event *e)
{
	if (s->what != BRING_UP[r->step].cmd)
		return 0;
	switch (s->what) {
	case ML_RNODE_DETECT:
		return s->value == ML_RNODE_DETECT_ANSWER ?
		    next_step(r, now, e) : 0;
	case ML_RNODE_FW_VERSION:
		return judge_version(r, now, e);
	case ML_RNODE_PLATFORM: case ML_RNODE_MCU: case ML_RNODE_BOARD:
		return next_step(r, now, e);
	default:
		return judge(r, s->value, now, e);
	}
}


/* vnodestat - how much was sent, and what the host is told of it */
#include <math.h>

#include "vnodework.h"

#define FLOOR_US UINT64_C(384000)	/* 128 samples, 3 ms each */
#define UNKNOWN_RAW 0x79		/* before that */
#define WINDOW_SLOTS 15			/* of a band */
#define BANDS 4

static struct bin *
bin_of(struct ml_vnode *v, uint64_t at)
{
	struct bin *b = &v->bin[at / BIN_US % BINS];

	if (b->number != at / BIN_US)
		*b = (struct bin){ .number = at / BIN_US };
	return b;
}

/* As the firmware reckons it: without the whole symbols and the sync word that
 * the modem sends.  It counts when the packet has gone out. */
void
vnode_sent(struct ml_vnode *v, size_t len)
{
	const struct ml_lora *l = &v->used;
	double bits = 8.0 * (double)len - 4 * l->sf + 44;
	double symbols = ml_lora_preamble(l) + 0.25 + 8 + fmax(bits, 0) /
	    (4 * (l->sf - 2 * ml_lora_is_low_rate(l))) * l->cr;

	bin_of(v, v->now)->sent += (uint64_t)(symbols * ml_lora_symbol_us(l));
}

void
vnode_busy(struct ml_vnode *v, uint64_t to)
{
	uint64_t from, end;

	if (!v->is_busy)
		return;
	for (from = v->busy_from; from < to; from = end) {
		end = (from / BIN_US + 1) * BIN_US;
		if (end > to)
			end = to;
		bin_of(v, from)->busy += end - from;
	}
	v->busy_from = to;
}

struct parts {
	double sent_short, sent_long, load_short, load_long;
};

static struct parts
sum_up(const struct ml_vnode *v)
{
	uint64_t now = v->now / BIN_US;
	struct parts p = { 0 };
	const struct bin *b;
	size_t i;

	for (i = 0; i < BINS; i++) {
		b = &v->bin[i];
		if (b->number + BINS <= now)
			continue;
		p.sent_long += (double)b->sent / (BINS * (double)BIN_US);
		p.load_long += (double)(b->sent + b->busy) /
		    (BINS * (double)BIN_US);
		if (b->number + 1 < now)
			continue;
		p.sent_short += (double)b->sent / (2.0 * (double)BIN_US);
		p.load_short += (double)(b->sent + b->busy) /
		    (2.0 * (double)BIN_US);
	}
	return p;
}

/* What its antenna gets now: noise, and what others send on top of it. */
static double
power_now(const struct ml_vnode *v, double noise)
{
	return !v->is_busy ? noise :
	    10 * log10(pow(10, noise / 10) + pow(10, v->busy_rssi / 10));
}

uint8_t
vnode_rssi(double dbm)
{
	return (uint8_t)((int)lround(dbm) + ML_RNODE_RSSI_OFFSET);
}

static void
put16(uint8_t *at, double value)
{
	unsigned n = (unsigned)(uint64_t)fmin(value, 1e9);

	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

void
vnode_tell_channel(struct ml_vnode *v)
{
	uint8_t bytes[11];
	size_t len = sizeof bytes;
	struct parts p;
	double noise;

	if (v->board->platform == ML_RNODE_AVR)
		return;
	vnode_busy(v, v->now);
	p = sum_up(v);
	put16(bytes, p.sent_short * 1e4);
	put16(bytes + 2, p.sent_long * 1e4);
	put16(bytes + 4, fmin(p.load_short, 1) * 1e4);
	put16(bytes + 6, fmin(p.load_long, 1) * 1e4);
	bytes[8] = bytes[9] = UNKNOWN_RAW;
	if (v->now >= v->floor_at && v->is_on) {
		noise = -168 + 10 * log10(v->used.bandwidth);
		bytes[8] = vnode_rssi(power_now(v, noise));
		bytes[9] = vnode_rssi(noise);
	}
	bytes[10] = 0xff;		/* no interference */
	if (vnode_strikes(v, FAULT_SHORTCHTM))
		len = v->fault[FAULT_SHORTCHTM].number;
	vnode_tell(v, ML_RNODE_STAT_CHTM, bytes, len);
}

static void
choose_band(struct ml_vnode *v)
{
	int percent = (int)(v->short_part * 100);
	int band = percent <= 7 ? 1 : 2 + percent * 2 / 78;
	uint8_t bytes[3];

	if (band > BANDS)
		band = BANDS;
	if (band == v->band)
		return;
	v->band = band;
	v->window_min = (band - 1) * WINDOW_SLOTS;
	v->window_max = band * WINDOW_SLOTS - 1;
	bytes[0] = (uint8_t)band;
	bytes[1] = (uint8_t)v->window_min;
	bytes[2] = (uint8_t)v->window_max;
	vnode_tell(v, ML_RNODE_STAT_CSMA, bytes, 3);
}

void
vnode_reckon(struct ml_vnode *v)
{
	struct parts p = sum_up(v);

	if (v->board->platform == ML_RNODE_AVR)
		return;
	if (v->floor_at == ML_VNODE_NEVER)
		v->floor_at = v->now + FLOOR_US;
	v->short_part = p.sent_short;
	v->long_part = p.sent_long;
	choose_band(v);
	vnode_tell_channel(v);
}

int
vnode_is_locked(const struct ml_vnode *v)
{
	return (v->short_limit > 0 && v->short_part >= v->short_limit) ||
	    (v->long_limit > 0 && v->long_part >= v->long_limit);
}

void
vnode_tell_phy(struct ml_vnode *v)
{
	double us = ml_lora_symbol_us(&v->used);
	double preamble = ml_lora_preamble(&v->used);
	double slot = (double)ml_lora_slot_us(&v->used) / 1000;
	uint8_t bytes[12];

	if (v->board->platform == ML_RNODE_AVR)
		return;
	put16(bytes, us);
	put16(bytes + 2, 1e6 / us);
	put16(bytes + 4, preamble);
	put16(bytes + 6, round(preamble * us / 1000));
	put16(bytes + 8, slot);
	put16(bytes + 10, 2 * floor(slot));
	vnode_tell(v, ML_RNODE_STAT_PHYPRM, bytes, sizeof bytes);
}

void
vnode_tell_battery(struct ml_vnode *v)
{
	static const uint8_t battery[] = { 1, 87 };	/* in use, per cent */
	static const uint8_t temperature = 25 + ML_RNODE_TEMP_OFFSET;

	if (v->board->has_battery)
		vnode_tell(v, ML_RNODE_STAT_BAT, battery, sizeof battery);
	if (v->board->has_temperature)
		vnode_tell(v, ML_RNODE_STAT_TEMP, &temperature, 1);
}

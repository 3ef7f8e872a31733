/* air - LoRa packets on one channel that many stations share */
#include <math.h>
#include <stdlib.h>

#include "air.h"
#include "dice.h"

#define CAPTURE_DB 6.0
#define INTERFERENCE_DB 11.0		/* over the noise: a device waits */

struct pair {
	double loss, errors, attenuation;
};

struct station {
	int is_on, is_sending;
	struct ml_lora l;
	unsigned part;
	unsigned busy;			/* packets that keep it from sending */
	struct ml_air_packet packet;	/* being sent */
};

struct ml_air {
	struct ml_air_watch watch;
	uint64_t dice;
	unsigned n;
	struct station *station;
	struct pair *pair;		/* n x n, from x to */
};

struct ml_air *
ml_air_new(unsigned n, uint64_t seed, const struct ml_air_watch *watch)
{
	struct ml_air *a = calloc(1, sizeof *a);
	size_t i;

	if (a == NULL)
		return NULL;
	a->n = n;
	a->dice = seed;
	a->watch = *watch;
	a->station = calloc(n, sizeof *a->station);
	a->pair = calloc((size_t)n * n, sizeof *a->pair);
	if (a->station == NULL || a->pair == NULL) {
		ml_air_free(a);
		return NULL;
	}
	for (i = 0; i < (size_t)n * n; i++)
		a->pair[i].attenuation = ML_AIR_ATTENUATION;
	return a;
}

void
ml_air_free(struct ml_air *a)
{
	if (a == NULL)
		return;
	free(a->station);
	free(a->pair);
	free(a);
}

const char *
ml_air_fate(enum ml_air_fate fate)
{
	static const char *const words[ML_AIR_FATES] = { "heard", "self", "off",
	    "settings", "apart", "weak", "sending", "collision", "loss", "crc",
	    "retuned", "cut" };

	return words[fate];
}

double
ml_air_noise(uint32_t bandwidth)
{
	return -174 + 10 * log10(bandwidth) + 6;
}

static struct pair *
pair_of(const struct ml_air *a, unsigned from, unsigned to)
{
	return &a->pair[(size_t)from * a->n + to];
}

void
ml_air_set_loss(struct ml_air *a, unsigned from, unsigned to, double p)
{
	pair_of(a, from, to)->loss = p;
}

void
ml_air_set_errors(struct ml_air *a, unsigned from, unsigned to, double p)
{
	pair_of(a, from, to)->errors = p;
}

void
ml_air_set_attenuation(struct ml_air *a, unsigned from, unsigned to, double db)
{
	pair_of(a, from, to)->attenuation = db;
}

void
ml_air_set_part(struct ml_air *a, unsigned station, unsigned part)
{
	a->station[station].part = part;
}

/* The SNR that a spreading factor needs: -7.5 dB at SF7, -20 dB at SF12. */
static double
needed_snr(int sf)
{
	return 10 - 2.5 * sf;
}

static double
hz_between(const struct ml_lora *a, const struct ml_lora *b)
{
	return fabs((double)a->frequency - (double)b->frequency);
}

/* A receiver follows a carrier that is off by a quarter of its bandwidth. */
static int
is_same_channel(const struct ml_lora *a, const struct ml_lora *b)
{
	return a->sf == b->sf && a->bandwidth == b->bandwidth &&
	    hz_between(a, b) <= a->bandwidth / 4.0;
}

/* Whether it hears that somebody sends, in its own way or by the power. */
static int
is_sensed(const struct ml_air_packet *p, const struct station *s, double rssi)
{
	double snr = rssi - ml_air_noise(s->l.bandwidth);

	if (is_same_channel(&p->by, &s->l))
		return snr >= needed_snr(s->l.sf);
	return snr >= INTERFERENCE_DB && hz_between(&p->by, &s->l) <
	    (p->by.bandwidth + s->l.bandwidth) / 2.0;
}

/* The strongest of what keeps it from sending. */
static double
strongest(const struct ml_air *a, unsigned station)
{
	const struct ml_air_at *at;
	double rssi = -INFINITY;
	unsigned i;

	for (i = 0; i < a->n; i++) {
		at = &a->station[i].packet.at[station];
		if (at->is_busy && at->rssi > rssi)
			rssi = at->rssi;
	}
	return rssi;
}

static void
set_busy(struct ml_air *a, struct ml_air_packet *p, unsigned station,
    uint64_t now, int is_busy)
{
	struct station *s = &a->station[station];

	if (p->at[station].is_busy == is_busy)
		return;
	p->at[station].is_busy = is_busy;
	s->busy += is_busy ? 1u : -1u;
	a->watch.medium(a->watch.arg, station, now, s->busy > 0,
	    strongest(a, station));
}

/* Two packets on one channel: by what one is lost, or both are. */
static void
collide(struct ml_air_at *p, struct ml_air_at *q)
{
	double more = p->rssi - q->rssi;

	if (more < CAPTURE_DB && p->fate == ML_AIR_HEARD)
		p->fate = ML_AIR_COLLISION;
	if (-more < CAPTURE_DB && q->fate == ML_AIR_HEARD)
		q->fate = ML_AIR_COLLISION;
}

/* What a packet that begins is to a station, as far as can be said now. */
static void
reach(struct ml_air *a, struct ml_air_packet *p, unsigned station)
{
	struct station *s = &a->station[station];
	struct ml_air_at *at = &p->at[station];
	unsigned i;

	at->rssi = p->by.power - pair_of(a, p->from, station)->attenuation;
	if (station == p->from)
		at->fate = ML_AIR_SELF;
	else if (!s->is_on)
		at->fate = ML_AIR_OFF;
	else if (s->part != a->station[p->from].part)
		at->fate = ML_AIR_APART;
	else if (!is_same_channel(&p->by, &s->l))
		at->fate = ML_AIR_SETTINGS;
	else {
		at->is_here = 1;
		at->fate = s->is_sending ? ML_AIR_SENDING :
		    at->rssi - ml_air_noise(s->l.bandwidth) <
		    needed_snr(s->l.sf) ? ML_AIR_WEAK : ML_AIR_HEARD;
	}
	if (!at->is_here)
		return;
	for (i = 0; i < a->n; i++)
		if (i != p->from && a->station[i].is_sending &&
		    a->station[i].packet.at[station].is_here)
			collide(at, &a->station[i].packet.at[station]);
}

static int
disturbs(const struct ml_air *a, const struct ml_air_packet *p, unsigned to)
{
	const struct station *s = &a->station[to];

	return to != p->from && s->is_on &&
	    s->part == a->station[p->from].part &&
	    is_sensed(p, s, p->at[to].rssi);
}

void
ml_air_send(struct ml_air *a, unsigned station, uint64_t now,
    struct ml_slice packet, uint64_t us)
{
	struct station *s = &a->station[station];
	struct ml_air_packet *p = &s->packet;
	unsigned i;

	if (!s->is_on || s->is_sending || packet.len == 0 ||
	    packet.len > ML_AIR_PACKET_MAX)
		return;
	memset(p, 0, sizeof *p);
	p->from = station;
	p->start = now;
	p->end = now + us;
	p->by = s->l;
	p->len = packet.len;
	memcpy(p->bytes, packet.p, packet.len);
	s->is_sending = 1;
	for (i = 0; i < a->n; i++)
		if (i != station && a->station[i].is_sending &&
		    a->station[i].packet.at[station].fate == ML_AIR_HEARD)
			a->station[i].packet.at[station].fate = ML_AIR_SENDING;
	for (i = 0; i < a->n; i++)
		reach(a, p, i);
	for (i = 0; i < a->n; i++)
		set_busy(a, p, i, now, disturbs(a, p, i));
}

/* Chance has its say: the pair's loss, and the CRC of what has wrong bits. */
static enum ml_air_fate
draw(struct ml_air *a, const struct ml_air_packet *p, unsigned to)
{
	const struct pair *pair = pair_of(a, p->from, to);
	double good = pow(1 - pair->errors, 8.0 * (double)p->len);

	if (ml_dice_part(&a->dice) < pair->loss)
		return ML_AIR_LOST;
	return ml_dice_part(&a->dice) >= good ? ML_AIR_CRC : ML_AIR_HEARD;
}

static void
end(struct ml_air *a, struct station *s, uint64_t now)
{
	struct ml_air_packet *p = &s->packet;
	unsigned i;

	s->is_sending = 0;
	for (i = 0; i < a->n; i++)
		if (p->at[i].fate == ML_AIR_HEARD)
			p->at[i].fate = draw(a, p, i);
	for (i = 0; i < a->n; i++)
		set_busy(a, p, i, now, 0);
	a->watch.ended(a->watch.arg, now, p);
	for (i = 0; i < a->n; i++)
		if (p->at[i].fate == ML_AIR_HEARD)
			a->watch.heard(a->watch.arg, i, now, (struct ml_slice){
			    (const char *)p->bytes, p->len }, p->at[i].rssi,
			    p->at[i].rssi - ml_air_noise(p->by.bandwidth));
}

void
ml_air_stop(struct ml_air *a, unsigned station, uint64_t now)
{
	struct station *s = &a->station[station];
	unsigned i;

	if (!s->is_sending)
		return;
	for (i = 0; i < a->n; i++)
		if (s->packet.at[i].fate == ML_AIR_HEARD)
			s->packet.at[i].fate = ML_AIR_CUT;
	s->packet.end = now;
	end(a, s, now);
}

void
ml_air_tune(struct ml_air *a, unsigned station, uint64_t now,
    const struct ml_lora *l)
{
	struct station *s = &a->station[station];
	struct ml_air_packet *p;
	unsigned i;

	ml_air_stop(a, station, now);
	s->is_on = l != NULL;
	if (l != NULL)
		s->l = *l;
	for (i = 0; i < a->n; i++) {
		p = &a->station[i].packet;
		if (!a->station[i].is_sending)
			continue;
		if (p->at[station].fate == ML_AIR_HEARD)
			p->at[station].fate = ML_AIR_RETUNED;
		p->at[station].is_here = s->is_on &&
		    s->part == a->station[i].part &&
		    is_same_channel(&p->by, &s->l);
		set_busy(a, p, station, now, disturbs(a, p, station));
	}
}

uint64_t
ml_air_next(const struct ml_air *a)
{
	uint64_t next = ML_AIR_NEVER;
	unsigned i;

	for (i = 0; i < a->n; i++)
		if (a->station[i].is_sending && a->station[i].packet.end < next)
			next = a->station[i].packet.end;
	return next;
}

void
ml_air_advance(struct ml_air *a, uint64_t now)
{
	uint64_t next;
	unsigned i;

	while ((next = ml_air_next(a)) <= now)
		for (i = 0; i < a->n; i++)
			if (a->station[i].is_sending &&
			    a->station[i].packet.end == next)
				end(a, &a->station[i], next);
}

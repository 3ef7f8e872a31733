/* air - who hears a packet, who does not, and why */
#include <math.h>

#include "air.h"
#include "unit.h"

static struct {
	size_t n;
	unsigned to[64];
	double rssi[64], snr[64];
	char bytes[64][16];
	size_t ended;
	struct ml_air_packet last;
	unsigned busy_told;
	int is_busy[8];
	double busy_rssi[8];
} seen;

static void
on_medium(void *arg, unsigned station, uint64_t now, int is_busy, double rssi)
{
	(void)arg;
	(void)now;
	seen.busy_told++;
	seen.is_busy[station] = is_busy;
	seen.busy_rssi[station] = rssi;
}

static void
on_heard(void *arg, unsigned station, uint64_t now, struct ml_slice packet,
    double rssi, double snr)
{
	(void)arg;
	(void)now;
	if (seen.n == 64)
		return;
	seen.to[seen.n] = station;
	seen.rssi[seen.n] = rssi;
	seen.snr[seen.n] = snr;
	memcpy(seen.bytes[seen.n], packet.p, packet.len < 16 ? packet.len : 16);
	seen.n++;
}

static void
on_ended(void *arg, uint64_t now, const struct ml_air_packet *p)
{
	(void)arg;
	(void)now;
	seen.ended++;
	seen.last = *p;
}

static const struct ml_lora SF8 = { ML_LORA_SX126X, 867200000, 125000, 8, 5, 7 };

/* As many stations, all on SF8. */
static struct ml_air *
begin(unsigned n, uint64_t seed)
{
	struct ml_air_watch watch = { NULL, on_medium, on_heard, on_ended };
	struct ml_air *a = ml_air_new(n, seed, &watch);
	unsigned i;

	memset(&seen, 0, sizeof seen);
	for (i = 0; i < n; i++)
		ml_air_tune(a, i, 0, &SF8);
	return a;
}

static void
sends(struct ml_air *a, unsigned station, uint64_t now, uint64_t us)
{
	ml_air_send(a, station, now, (struct ml_slice){ "packet", 6 }, us);
}

static enum ml_air_fate
fate(unsigned station)
{
	return seen.last.at[station].fate;
}

static void
check_plain(void)
{
	struct ml_air *a = begin(3, 1);

	ok(ml_air_next(a) == ML_AIR_NEVER, "nothing happens by itself");
	sends(a, 0, 100, 5000);
	ok(ml_air_next(a) == 5100, "a packet ends when its airtime is over");
	ok(seen.is_busy[1] && seen.is_busy[2] && !seen.is_busy[0],
	    "others hear that somebody sends, its sender does not");
	ml_air_advance(a, 5099);
	ok(seen.ended == 0 && seen.n == 0, "and not before");
	ml_air_advance(a, 5100);
	ok(seen.ended == 1 && seen.n == 2 && seen.to[0] == 1 && seen.to[1] == 2,
	    "all others hear it");
	ok(memcmp(seen.bytes[0], "packet", 6) == 0 && seen.last.len == 6 &&
	    seen.last.start == 100 && seen.last.end == 5100, "byte for byte");
	ok(seen.rssi[0] == 7 - ML_AIR_ATTENUATION, "as strong as it was sent, "
	    "less what fades");
	ok(fabs(seen.snr[0] - (-93 + 174 - 6 - 10 * log10(125000))) < 1e-9,
	    "above thermal noise");
	ok(!seen.is_busy[1] && seen.busy_told == 4, "and the channel is free");
	ml_air_set_attenuation(a, 1, 2, 80);
	sends(a, 0, 6000, 5000);
	ok(seen.busy_rssi[2] == -93, "how strong it is");
	sends(a, 1, 6500, 4000);
	ok(seen.busy_rssi[2] == -73, "of two the stronger one");
	ml_air_advance(a, 10500);
	ok(seen.is_busy[2] && seen.busy_rssi[2] == -93, "until it ends");
	ml_air_advance(a, 11000);
	sends(a, 0, 11000, 5000);
	sends(a, 0, 12000, 5000);
	ml_air_advance(a, 20000);
	ok(seen.ended == 4, "who sends cannot begin again");
	ml_air_free(a);
}

static void
check_settings(void)
{
	struct ml_air *a = begin(5, 1);
	struct ml_lora l = SF8;

	l.sf = 9;
	ml_air_tune(a, 1, 0, &l);
	l = SF8, l.bandwidth = 250000;
	ml_air_tune(a, 2, 0, &l);
	l = SF8, l.frequency += 200000;
	ml_air_tune(a, 3, 0, &l);
	l = SF8, l.frequency += 100, l.cr = 8;
	ml_air_tune(a, 4, 0, &l);
	sends(a, 0, 0, 5000);
	ok(seen.is_busy[1] && seen.is_busy[2] && !seen.is_busy[3] &&
	    seen.is_busy[4], "power in the band keeps others from sending");
	ml_air_advance(a, 5000);
	ok(fate(1) == ML_AIR_SETTINGS, "another spreading factor: not heard");
	ok(fate(2) == ML_AIR_SETTINGS, "another bandwidth: not heard");
	ok(fate(3) == ML_AIR_SETTINGS, "another frequency: not heard");
	ok(fate(4) == ML_AIR_HEARD, "100 Hz beside it and another coding rate: "
	    "heard");
	ok(seen.n == 1 && seen.to[0] == 4, "by nobody else");
	ml_air_free(a);
}

static void
check_off(void)
{
	struct ml_air *a = begin(3, 1);

	ml_air_tune(a, 1, 0, NULL);
	sends(a, 1, 0, 5000);
	ok(ml_air_next(a) == ML_AIR_NEVER, "who is off does not send");
	sends(a, 0, 0, 5000);
	ml_air_tune(a, 1, 10, &SF8);
	ok(seen.is_busy[1], "who comes on in the middle finds it busy");
	ml_air_tune(a, 2, 20, &SF8);
	ml_air_advance(a, 5000);
	ok(fate(1) == ML_AIR_OFF && seen.n == 0, "and hears nothing of it");
	ok(fate(2) == ML_AIR_RETUNED, "nor does who was set anew");
	sends(a, 0, 6000, 5000);
	ml_air_stop(a, 0, 7000);
	ok(seen.ended == 2 && fate(1) == ML_AIR_CUT && seen.last.end == 7000 &&
	    !seen.is_busy[1], "a packet that was cut is heard by nobody");
	sends(a, 0, 8000, 5000);
	ml_air_tune(a, 0, 9000, NULL);
	ok(seen.ended == 3 && fate(2) == ML_AIR_CUT, "switched off: the same");
	ml_air_free(a);
}

static void
check_half_duplex(void)
{
	struct ml_air *a = begin(3, 1);

	sends(a, 0, 0, 5000);
	sends(a, 1, 4000, 500);
	ml_air_advance(a, 4500);
	ok(fate(0) == ML_AIR_SENDING, "who sends does not hear");
	ml_air_advance(a, 5000);
	ok(fate(1) == ML_AIR_SENDING, "nor who sent for a while of it");
	ml_air_free(a);
}

static void
check_collisions(void)
{
	struct ml_air *a = begin(3, 1);

	sends(a, 0, 0, 5000);
	sends(a, 1, 2500, 5000);
	ml_air_advance(a, 10000);
	ok(seen.ended == 2 && seen.n == 0 && fate(2) == ML_AIR_COLLISION,
	    "two as strong as each other: both are lost");

	ml_air_set_attenuation(a, 1, 2, ML_AIR_ATTENUATION + 6);
	sends(a, 0, 20000, 5000);
	sends(a, 1, 22500, 5000);
	ml_air_advance(a, 25000);
	ok(fate(2) == ML_AIR_HEARD && seen.n == 1, "one 6 dB stronger survives");
	ml_air_advance(a, 30000);
	ok(fate(2) == ML_AIR_COLLISION && seen.n == 1, "and the other does not");

	ml_air_set_attenuation(a, 1, 2, ML_AIR_ATTENUATION - 6);
	sends(a, 0, 40000, 5000);
	sends(a, 1, 42500, 5000);
	ml_air_advance(a, 45000);
	ok(fate(2) == ML_AIR_COLLISION, "the stronger one may come later");
	ml_air_advance(a, 50000);
	ok(fate(2) == ML_AIR_HEARD, "and is heard");

	ml_air_set_attenuation(a, 1, 2, ML_AIR_ATTENUATION - 5.9);
	sends(a, 0, 60000, 5000);
	sends(a, 1, 62500, 5000);
	ml_air_advance(a, 70000);
	ok(fate(2) == ML_AIR_COLLISION, "5.9 dB are too few");
	sends(a, 0, 80000, 5000);
	ml_air_advance(a, 85000);
	sends(a, 1, 85000, 5000);
	ml_air_advance(a, 90000);
	ok(fate(2) == ML_AIR_HEARD, "one right behind the other: no collision");
	ml_air_free(a);
}

static void
check_weak(void)
{
	struct ml_air *a = begin(2, 1);
	double most = 7 - (ml_air_noise(125000) - 10);	/* SNR -10 dB at SF8 */

	ml_air_set_attenuation(a, 0, 1, most);
	sends(a, 0, 0, 5000);
	ml_air_advance(a, 5000);
	ok(fate(1) == ML_AIR_HEARD, "SF8: -10 dB is enough");
	ml_air_set_attenuation(a, 0, 1, most + 0.1);
	sends(a, 0, 6000, 5000);
	ok(!seen.is_busy[1], "less is not noticed");
	ml_air_advance(a, 11000);
	ok(fate(1) == ML_AIR_WEAK, "nor heard");
	sends(a, 1, 12000, 5000);
	ml_air_advance(a, 17000);
	ok(fate(0) == ML_AIR_HEARD, "one way is not the other");
	ml_air_free(a);
}

static void
check_partition(void)
{
	struct ml_air *a = begin(3, 1);

	ml_air_set_part(a, 2, 1);
	sends(a, 0, 0, 5000);
	ok(seen.is_busy[1] && !seen.is_busy[2], "a partition: not noticed there");
	ml_air_advance(a, 5000);
	ok(fate(1) == ML_AIR_HEARD && fate(2) == ML_AIR_APART, "nor heard");
	sends(a, 0, 6000, 5000);
	sends(a, 2, 6000, 5000);
	ml_air_advance(a, 11000);
	ok(seen.n == 2 && seen.to[1] == 1, "nor does it collide");
	ml_air_set_part(a, 2, 0);
	sends(a, 0, 12000, 5000);
	ml_air_advance(a, 17000);
	ok(fate(2) == ML_AIR_HEARD, "healed");
	ml_air_free(a);
}

/* How many of 1000 packets come through, and how they were lost. */
static size_t
through(struct ml_air *a, enum ml_air_fate lost, size_t *n)
{
	size_t i, heard = 0;

	for (*n = i = 0; i < 1000; i++) {
		sends(a, 0, i * 10000, 5000);
		ml_air_advance(a, i * 10000 + 5000);
		heard += fate(1) == ML_AIR_HEARD;
		*n += fate(1) == lost;
	}
	return heard;
}

static void
check_chance(void)
{
	struct ml_air *a = begin(2, 7);
	size_t heard, lost, again;

	ml_air_set_loss(a, 0, 1, 0.3);
	heard = through(a, ML_AIR_LOST, &lost);
	ok(heard + lost == 1000 && lost > 250 && lost < 350,
	    "a loss of 0.3: %zu of 1000", lost);
	ml_air_free(a);
	a = begin(2, 7);
	ml_air_set_loss(a, 0, 1, 0.3);
	ok(through(a, ML_AIR_LOST, &again) == heard, "the same seed, the same");
	ml_air_free(a);
	a = begin(2, 8);
	ml_air_set_loss(a, 0, 1, 0.3);
	ok(through(a, ML_AIR_LOST, &again) != heard, "another seed, another");
	ml_air_set_loss(a, 0, 1, 1);
	ok(through(a, ML_AIR_LOST, &lost) == 0 && lost == 1000, "all lost");
	ml_air_set_loss(a, 0, 1, 0);
	ok(through(a, ML_AIR_LOST, &lost) == 1000, "none lost");
	ml_air_set_errors(a, 0, 1, 0.01);	/* 1 - 0.99^48 = 0.383 */
	heard = through(a, ML_AIR_CRC, &lost);
	ok(heard + lost == 1000 && lost > 333 && lost < 433,
	    "wrong bits: the CRC drops %zu of 1000", lost);
	ml_air_free(a);
}

static void
check_names(void)
{
	int f;

	for (f = 0; f < ML_AIR_FATES; f++)
		ok(strlen(ml_air_fate((enum ml_air_fate)f)) > 2, "fate %d is "
		    "called %s", f, ml_air_fate((enum ml_air_fate)f));
}

int
main(void)
{
	check_plain();
	check_settings();
	check_off();
	check_half_duplex();
	check_collisions();
	check_weak();
	check_partition();
	check_chance();
	check_names();
	return unit_done();
}

/* lora - airtimes of the sheet that was reckoned beside a radio's firmware */
#include <math.h>

#include "lora.h"
#include "unit.h"

#define KHZ(n) ((uint32_t)((n) * 1000))

struct row {
	int sf;
	double symbols, ms[5];		/* preamble; 16, 64, 255, 507, 508 bytes */
	double nominal, slot_ms, net;	/* bit/s, of 507 bytes */
};

static const struct row SX126X[] = {
	{ 7, 24, { 67.8, 139.5, 463.4, 832.0, 874.2 }, 5468, 24, 4875 },
	{ 8, 18, { 113.2, 236.0, 799.7, 1444.9, 1527.3 }, 3125, 24, 2807 },
	{ 9, 18, { 205.8, 431.1, 1435.6, 2582.5, 2726.9 }, 1757, 49, 1570 },
	{ 10, 18, { 411.6, 821.2, 2666.5, 4714.5, 5044.2 }, 976, 98, 860 },
	{ 12, 18, { 1646.6, 3121.2, 10502.1, 18694.1, 19849.2 }, 292, 100, 217 },
};

static int
near(double us, double ms)
{
	return fabs(us / 1000 - ms) < 0.1;
}

static void
check_row(const struct row *r)
{
	static const size_t bytes[] = { 16, 64, 255, 507 };
	struct ml_lora l = { ML_LORA_SX126X, 867200000, KHZ(125), r->sf, 5, 7 };
	size_t i;

	for (i = 0; i < 4; i++)
		ok(near((double)ml_lora_frame_us(&l, bytes[i]), r->ms[i]),
		    "SF%d: %zu bytes in %.1f ms", r->sf, bytes[i], r->ms[i]);
	/* as the device would send them: 254 bytes, 254 and nothing */
	ok(near(2 * ml_lora_packet_us(&l, 255) + ml_lora_packet_us(&l, 1),
	    r->ms[4]), "SF%d: 508 bytes in %.1f ms", r->sf, r->ms[4]);
	ok(floor(ml_lora_bitrate(&l)) == r->nominal, "SF%d: %.0f bit/s",
	    r->sf, r->nominal);
	ok(fabs(507 * 8e6 / (double)ml_lora_frame_us(&l, 507) - r->net) < 1,
	    "SF%d: %.0f bit/s at 507 bytes", r->sf, r->net);
	ok(ml_lora_preamble(&l) == r->symbols, "SF%d: a preamble of %.0f",
	    r->sf, r->symbols);
	ok(floor((double)ml_lora_slot_us(&l) / 1000) == r->slot_ms,
	    "SF%d: a slot of %.0f ms", r->sf, r->slot_ms);
}

static void
check_modems(void)
{
	struct ml_lora l = { ML_LORA_SX127X, 867200000, KHZ(125), 8, 5, 7 };

	ok(near((double)ml_lora_frame_us(&l, 16), 105.0) &&
	    near((double)ml_lora_frame_us(&l, 64), 227.8) &&
	    near((double)ml_lora_frame_us(&l, 255), 783.4) &&
	    near(2 * ml_lora_packet_us(&l, 255) + ml_lora_packet_us(&l, 1),
	    1502.7),
	    "SX127x: four symbols less a packet");
	l.modem = ML_LORA_SX126X;
	ok(near((double)ml_lora_frame_us(&l, 254), 727.6), "SF8: 254 bytes");
	l.sf = 12;
	ok(near((double)ml_lora_frame_us(&l, 254), 9347.1), "SF12: 254 bytes");
}

/* Symbols of a packet's payload: 8 + ceil(...) * 5, by hand. */
static void
check_low_rate(void)
{
	static const struct {
		int sf;
		uint32_t hz;
		double symbols;
		const char *what;
	} given[] = {
		{ 12, KHZ(125), 8 + 4 * 5, "SF12 at 125 kHz is optimised" },
		{ 12, KHZ(250), 8 + 3 * 5, "SF12 at 250 kHz is not" },
		{ 11, KHZ(125), 8 + 4 * 5, "SF11 at 125 kHz is not" },
		{ 10, KHZ(62.5), 8 + 4 * 5, "SF10 at 62.5 kHz is not" },
		{ 6, KHZ(125), 8 + 7 * 5 + 2, "SF6 has two symbols more" },
	};
	struct ml_lora l = { .cr = 5 };
	double symbols;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		l.sf = given[i].sf;
		l.bandwidth = given[i].hz;
		symbols = ml_lora_packet_us(&l, 17) / ml_lora_symbol_us(&l);
		/* less a preamble of 18, or of 24 ms */
		symbols -= 4.25 + fmax(18, ceil(24000 / ml_lora_symbol_us(&l)));
		ok(fabs(symbols - given[i].symbols) < 1e-6, "%s: %.2f symbols",
		    given[i].what, symbols);
	}
}

/* The longest packets that are sent within 20 s, by the sheet. */
static void
check_longest(void)
{
	static const struct {
		double khz;
		int sf;
		size_t len;
	} given[] = { { 41.7, 12, 170 }, { 31.25, 12, 120 }, { 20.8, 11, 153 },
	    { 20.8, 12, 70 }, { 10.4, 10, 135 } };
	struct ml_lora l = { .cr = 5 };
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		l.sf = given[i].sf;
		l.bandwidth = KHZ(given[i].khz);
		/* one byte of a packet is the radio's own */
		ok(ml_lora_check_frame(&l, given[i].len - 1) == NULL &&
		    ml_lora_check_frame(&l, given[i].len) != NULL &&
		    ml_lora_check_frame(&l, ML_LORA_FRAME_MAX) != NULL,
		    "SF%d at %.2f kHz: %zu bytes", l.sf, given[i].khz,
		    given[i].len);
	}
}

static void
check_limits(void)
{
	const struct ml_lora good = { ML_LORA_SX126X, 867200000, KHZ(125), 8, 5,
	    7 };
	struct ml_lora l;

	ok(ml_lora_check(&good) == NULL, "good settings");
	l = good, l.frequency = ML_LORA_HZ_MIN - 1;
	ok(ml_lora_check(&l) != NULL, "a frequency too low");
	l = good, l.frequency = ML_LORA_HZ_MAX + 1;
	ok(ml_lora_check(&l) != NULL, "a frequency too high");
	l = good, l.bandwidth = ML_LORA_BANDWIDTH_MIN - 1;
	ok(ml_lora_check(&l) != NULL, "a bandwidth too low");
	l = good, l.bandwidth = ML_LORA_BANDWIDTH_MAX + 1;
	ok(ml_lora_check(&l) != NULL, "a bandwidth too high");
	l = good, l.sf = 4;
	ok(ml_lora_check(&l) != NULL, "SF4");
	l = good, l.sf = 13;
	ok(ml_lora_check(&l) != NULL, "SF13");
	l = good, l.cr = 4;
	ok(ml_lora_check(&l) != NULL, "coding rate 4");
	l = good, l.cr = 9;
	ok(ml_lora_check(&l) != NULL, "coding rate 9");
	l = good, l.power = -1;
	ok(ml_lora_check(&l) != NULL, "power -1");
	l = good, l.power = 38;
	ok(ml_lora_check(&l) != NULL, "power 38");
	ok(ml_lora_bandwidth(1) == 7800 && ml_lora_bandwidth(7801) == 10400 &&
	    ml_lora_bandwidth(125000) == 125000 &&
	    ml_lora_bandwidth(125001) == 250000 &&
	    ml_lora_bandwidth(900000) == 500000 &&
	    ml_lora_bandwidth(812500) == 812500, "bandwidths are rounded up");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof SX126X / sizeof SX126X[0]; i++)
		check_row(&SX126X[i]);
	check_modems();
	check_low_rate();
	check_longest();
	check_limits();
	return unit_done();
}

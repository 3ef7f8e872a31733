/* lora - what a radio is set to, and how long it sends */
#include <math.h>

#include "lora.h"

#define FAST_BITRATE 30000.0	/* bit/s: above, preambles and slots are short */

const char *
ml_lora_check(const struct ml_lora *l)
{
	if (l->frequency < ML_LORA_HZ_MIN || l->frequency > ML_LORA_HZ_MAX)
		return "frequency: not within 137 MHz and 3000 MHz";
	if (l->bandwidth < ML_LORA_BANDWIDTH_MIN ||
	    l->bandwidth > ML_LORA_BANDWIDTH_MAX)
		return "bandwidth: not within 7.8 kHz and 1625 kHz";
	if (l->sf < ML_LORA_SF_MIN || l->sf > ML_LORA_SF_MAX)
		return "spreading factor: not 5 to 12";
	if (l->cr < ML_LORA_CR_MIN || l->cr > ML_LORA_CR_MAX)
		return "coding rate: not 5 to 8";
	if (l->power < 0 || l->power > ML_LORA_DBM_MAX)
		return "power: not 0 to 37 dBm";
	return NULL;
}

const char *
ml_lora_check_frame(const struct ml_lora *l, size_t len)
{
	if (len > ML_LORA_PACKET_MAX)
		len = ML_LORA_PACKET_MAX;
	return ml_lora_packet_us(l, 1 + len) > ML_LORA_PACKET_US_MAX ?
	    "frame: over 20 s in one packet, which radios give up" : NULL;
}

uint32_t
ml_lora_bandwidth(uint32_t hz)
{
	static const uint32_t all[] = { 7800, 10400, 15600, 20800, 31250,
	    41700, 62500, 125000, 250000, 500000 };
	static const uint32_t fast[] = { 203125, 406250, 812500, 1625000 };
	size_t i;

	for (i = 0; i < sizeof fast / sizeof fast[0]; i++)
		if (hz == fast[i])
			return hz;
	for (i = 0; i < sizeof all / sizeof all[0] - 1; i++)
		if (hz <= all[i])
			return all[i];
	return all[i];
}

double
ml_lora_bitrate(const struct ml_lora *l)
{
	return l->sf * (4.0 / l->cr) * l->bandwidth / exp2(l->sf);
}

double
ml_lora_symbol_us(const struct ml_lora *l)
{
	return exp2(l->sf) * 1e6 / l->bandwidth;
}

int
ml_lora_is_low_rate(const struct ml_lora *l)
{
	if (l->modem == ML_LORA_SX128X)
		return l->sf > 10;
	if (l->sf < 7)
		return 0;
	/* whole numbers, as the firmware reckons: 250 kHz at SF12 is not */
	return (UINT32_C(1) << l->sf) / (l->bandwidth / 1000) > 16;
}

double
ml_lora_preamble(const struct ml_lora *l)
{
	double us = ml_lora_bitrate(l) > FAST_BITRATE ? 6000 : 24000;

	return fmax(18, ceil(us / ml_lora_symbol_us(l)));
}

double
ml_lora_packet_us(const struct ml_lora *l, size_t len)
{
	double sync = l->modem == ML_LORA_SX127X ? 0.25 : 4.25;
	int is_short = l->sf < 7 && l->modem != ML_LORA_SX127X;
	double bits = 8.0 * (double)len - 4 * l->sf + (is_short ? 36 : 44);

	if (is_short)
		sync += 2;
	return (ml_lora_preamble(l) + sync + 8 + ceil(fmax(bits, 0) /
	    (4 * (l->sf - 2 * ml_lora_is_low_rate(l)))) * l->cr) *
	    ml_lora_symbol_us(l);
}

uint64_t
ml_lora_frame_us(const struct ml_lora *l, size_t len)
{
	double us = 0;

	for (; len > ML_LORA_PACKET_MAX; len -= ML_LORA_PACKET_MAX)
		us += ml_lora_packet_us(l, 1 + ML_LORA_PACKET_MAX);
	return (uint64_t)ceil(us + ml_lora_packet_us(l, 1 + len));
}

uint64_t
ml_lora_slot_us(const struct ml_lora *l)
{
	double least = ml_lora_bitrate(l) > FAST_BITRATE ? 6000 : 24000;

	return (uint64_t)fmin(fmax(12 * ml_lora_symbol_us(l), least), 100000);
}

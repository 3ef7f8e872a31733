/*
 * lora - what a radio is set to, and how long it sends.  Pure.
 *
 * An RNode sends each frame as one or two LoRa packets: one byte of its own
 * and up to 254 of the frame in each, with an explicit header and a CRC.
 * Source: SX1261/2 data sheet 6.1.4 and SX1276 data sheet 4.1.1, Semtech;
 * RNode firmware 1.86 for preamble and low data rate optimisation.
 */
#ifndef ML_LORA_H
#define ML_LORA_H
#include <stddef.h>
#include <stdint.h>

#define ML_LORA_FRAME_MAX 507		/* bytes: 508 would take three packets */
#define ML_LORA_PACKET_MAX 254		/* bytes of a frame in one packet */

#define ML_LORA_PACKET_US_MAX 20000000	/* microseconds; an SX126x gives up */

#define ML_LORA_HZ_MIN UINT32_C(137000000)
#define ML_LORA_HZ_MAX UINT32_C(3000000000)
#define ML_LORA_BANDWIDTH_MIN UINT32_C(7800)
#define ML_LORA_BANDWIDTH_MAX UINT32_C(1625000)
#define ML_LORA_SF_MIN 5
#define ML_LORA_SF_MAX 12
#define ML_LORA_CR_MIN 5		/* 4/5 */
#define ML_LORA_CR_MAX 8		/* 4/8 */
#define ML_LORA_DBM_MAX 37		/* devices cap it at what they can */

/* Which differ in their preamble; the first one sends longest. */
enum ml_lora_modem { ML_LORA_SX126X, ML_LORA_SX127X, ML_LORA_SX128X };

struct ml_lora {
	enum ml_lora_modem modem;
	uint32_t frequency;		/* Hz, of the middle of the channel */
	uint32_t bandwidth;		/* Hz */
	int sf;				/* 5 to 12 */
	int cr;				/* 5 to 8: 4/5 to 4/8 */
	int power;			/* dBm */
};

/* NULL, or what is wrong with them: "name: rule". */
const char *ml_lora_check(const struct ml_lora *l);
/* NULL, or why a frame of so many bytes cannot be sent. */
const char *ml_lora_check_frame(const struct ml_lora *l, size_t len);
/* The bandwidth that a device takes for it: the next one up, or the greatest. */
uint32_t ml_lora_bandwidth(uint32_t hz);
/* Nominal, bit/s. */
double ml_lora_bitrate(const struct ml_lora *l);
/* Of one symbol, microseconds. */
double ml_lora_symbol_us(const struct ml_lora *l);
/* Of a preamble, symbols. */
double ml_lora_preamble(const struct ml_lora *l);
/* Whether low data rate optimisation is on: fewer bits in a symbol. */
int ml_lora_is_low_rate(const struct ml_lora *l);
/* Of one packet of len bytes, the device's own byte included; microseconds. */
double ml_lora_packet_us(const struct ml_lora *l, size_t len);
/* Of a frame of 1 to ML_LORA_FRAME_MAX bytes, without what is waited for the
 * channel; microseconds, rounded up. */
uint64_t ml_lora_frame_us(const struct ml_lora *l, size_t len);
/* A slot of the medium access, microseconds. */
uint64_t ml_lora_slot_us(const struct ml_lora *l);
#endif

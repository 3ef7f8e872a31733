/*
 * air - LoRa packets on one channel that many stations share.  Pure: time goes
 * in as microseconds, chance comes from a seed.
 *
 * A station hears a packet if it listens on the sender's frequency, bandwidth
 * and spreading factor from the packet's first moment to its last, sends
 * nothing meanwhile, and no other packet there is as strong: the stronger one
 * of two survives by 6 dB or more (capture).  Signals fade by an attenuation
 * for each pair, noise is thermal.
 * Source: Bor et al., Do LoRa Low-Power Wide-Area Networks Scale?, MSWiM 2016;
 * SX1261/2 data sheet for the SNR that is needed.
 */
#ifndef ML_AIR_H
#define ML_AIR_H
#include "buf.h"
#include "lora.h"

#define ML_AIR_STATIONS_MAX 64
#define ML_AIR_PACKET_MAX 255		/* bytes */
#define ML_AIR_NEVER UINT64_MAX
#define ML_AIR_ATTENUATION 100.0	/* dB, if nothing is said */

/* What became of a packet at one station. */
enum ml_air_fate {
	ML_AIR_HEARD,
	ML_AIR_SELF,			/* its sender */
	ML_AIR_OFF,			/* not listening at all */
	ML_AIR_SETTINGS,		/* listening elsewhere */
	ML_AIR_APART,			/* in another part of a partition */
	ML_AIR_WEAK,
	ML_AIR_SENDING,			/* half duplex: it sent itself */
	ML_AIR_COLLISION,
	ML_AIR_LOST,			/* by the loss of that pair */
	ML_AIR_CRC,			/* bits were wrong */
	ML_AIR_RETUNED,			/* switched off or over meanwhile */
	ML_AIR_CUT,			/* its sender stopped in the middle */
	ML_AIR_FATES
};

struct ml_air_packet {
	unsigned from;
	uint64_t start, end;		/* us */
	size_t len;
	uint8_t bytes[ML_AIR_PACKET_MAX];
	struct ml_lora by;		/* what it was sent with */
	struct ml_air_at {
		enum ml_air_fate fate;
		double rssi;		/* dBm */
		int is_here;		/* it reaches that channel */
		int is_busy;		/* and keeps it from sending */
	} at[ML_AIR_STATIONS_MAX];
};

/* Who is told.  They may look and take notes, and change nothing in here. */
struct ml_air_watch {
	void *arg;
	/* others keep it from sending, the strongest at rssi dBm, or no longer */
	void (*medium)(void *arg, unsigned station, uint64_t now, int is_busy,
	    double rssi);
	void (*heard)(void *arg, unsigned station, uint64_t now,
	    struct ml_slice packet, double rssi, double snr);
	/* comes before what was heard of it */
	void (*ended)(void *arg, uint64_t now, const struct ml_air_packet *p);
};

struct ml_air;

/* n stations, all off.  NULL: no memory. */
struct ml_air *ml_air_new(unsigned n, uint64_t seed,
    const struct ml_air_watch *watch);
void ml_air_free(struct ml_air *a);	/* takes NULL */
const char *ml_air_fate(enum ml_air_fate fate);		/* in one word */

/* From now on it listens so; NULL: it is off. */
void ml_air_tune(struct ml_air *a, unsigned station, uint64_t now,
    const struct ml_lora *l);
/* A packet of 1 to ML_AIR_PACKET_MAX bytes goes out for us microseconds, as
 * the station is tuned; one that is off or still sending sends nothing. */
void ml_air_send(struct ml_air *a, unsigned station, uint64_t now,
    struct ml_slice packet, uint64_t us);
/* It stops in the middle, if it sends. */
void ml_air_stop(struct ml_air *a, unsigned station, uint64_t now);

/* Of packets that are sent from now on, one way: */
void ml_air_set_loss(struct ml_air *a, unsigned from, unsigned to, double p);
/* of a bit */
void ml_air_set_errors(struct ml_air *a, unsigned from, unsigned to, double p);
void ml_air_set_attenuation(struct ml_air *a, unsigned from, unsigned to,
    double db);
/* Only stations of the same part hear each other. */
void ml_air_set_part(struct ml_air *a, unsigned station, unsigned part);

/* Thermal noise of a bandwidth, dBm, with a receiver's own of 6 dB. */
double ml_air_noise(uint32_t bandwidth);
/* When something happens next, or ML_AIR_NEVER. */
uint64_t ml_air_next(const struct ml_air *a);
/* End the packets whose time has come. */
void ml_air_advance(struct ml_air *a, uint64_t now);
#endif

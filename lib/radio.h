/*
 * radio - an RNode brought up, fed and shut down.  Pure: bytes of its port, the
 * time and frames go in; bytes for the port and what has happened come out.
 *
 * A device answers no frame, loses what overruns its queue without a word, and
 * reads nothing while it sends.  So each frame is followed by a question that
 * is answered when the frame was read, no more than ML_RADIO_AHEAD of them are
 * with the device at once, and what lasts longer than their airtimes allow is
 * a device that is gone.  Times are microseconds of a clock that only goes on.
 */
#ifndef ML_RADIO_H
#define ML_RADIO_H
#include "lora.h"
#include "rnode.h"

#define ML_RADIO_AHEAD 3		/* frames handed to a device, not yet sent */
#define ML_RADIO_FIRMWARE_MAJOR 1	/* the oldest that is spoken with: 1.52 */
#define ML_RADIO_FIRMWARE_MINOR 52
#define ML_RADIO_HZ_OFF 100		/* a device's frequency may be off by */

struct ml_radio_wish {
	struct ml_lora lora;
	int short_lock, long_lock;	/* percent x 100 of airtime; -1: none */
	int probe;			/* only ask what is there */
	uint64_t keepalive;		/* say something after so long; 0: never */
};

/* What a device has said of itself and its settings; -1: nothing. */
struct ml_radio_info {
	int major, minor, platform, mcu, board;
	int64_t frequency, bandwidth;
	int power, sf, cr, state;
};

enum ml_radio_what {
	ML_RADIO_UP,		/* it is on, and takes frames; or was asked all */
	ML_RADIO_FRAME,		/* frame, rssi, snr: received */
	ML_RADIO_SENT,		/* count frames went on the air, as far as known */
	ML_RADIO_LOST,		/* count frames may be lost in the device: why */
	ML_RADIO_CHANNEL,	/* channel: its statistics */
	ML_RADIO_BATTERY,	/* count: state, level: percent */
	ML_RADIO_TEMPERATURE,	/* level: degrees */
	ML_RADIO_NOTE,		/* why: trouble, and it goes on; got: the error that it
				 * told of, or -1 */
	ML_RADIO_NONSENSE,	/* what came is nothing a device says */
	/* why, setting and wanted and got where they differ: open the port
	 * again */
	ML_RADIO_DOWN,
	ML_RADIO_REFUSED,	/* why, setting, wanted, got: no use to go on */
	ML_RADIO_OFF		/* after ml_radio_leave(): close the port */
};

struct ml_radio_event {
	enum ml_radio_what what;
	const char *why;
	const char *setting;		/* or NULL */
	int64_t wanted, got;
	unsigned count;
	int level;
	struct ml_slice frame;		/* borrows until the next call */
	int has_signal;			/* rssi and snr were said */
	int rssi;			/* dBm */
	double snr;			/* dB */
	struct ml_rnode_channel channel;
};

struct ml_radio;

/* NULL: no memory. */
struct ml_radio *ml_radio_new(const struct ml_radio_wish *wish);
void ml_radio_free(struct ml_radio *r);		/* takes NULL */
/* Its port was opened: bring it up. */
void ml_radio_begin(struct ml_radio *r, uint64_t now);
/* Take bytes of the port, or the time alone, until something has happened: 1,
 * or 0 when in is used up.  Call again after each 1. */
int ml_radio_take(struct ml_radio *r, uint64_t now, struct ml_slice *in,
    struct ml_radio_event *e);
/* When it is to be called next, whatever comes; UINT64_MAX: never. */
uint64_t ml_radio_due(const struct ml_radio *r);
/* What is to be written to the port; that its first n bytes were. */
struct ml_slice ml_radio_out(const struct ml_radio *r);
void ml_radio_wrote(struct ml_radio *r, uint64_t now, size_t n);
/* Whether a frame may be given to it now. */
int ml_radio_room(const struct ml_radio *r);
/* Give it one, of which ml_lora_check() and its length are good. */
void ml_radio_send(struct ml_radio *r, uint64_t now, struct ml_slice frame);
/* Until when what it has should be on the air, as far as can be told. */
uint64_t ml_radio_until(const struct ml_radio *r);
/* Frames it has that are not known to be sent; how many of them it has not
 * read for sure. */
unsigned ml_radio_outstanding(const struct ml_radio *r, unsigned *unread);
/* Its port is gone: what it had may be lost, count says how many. */
unsigned ml_radio_gone(struct ml_radio *r);
/* Switch it off, and have it forget what it has; ML_RADIO_OFF follows. */
void ml_radio_leave(struct ml_radio *r, uint64_t now);
const struct ml_radio_info *ml_radio_info(const struct ml_radio *r);
#endif

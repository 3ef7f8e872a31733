/*
 * vnode - an RNode that is not there: what firmware 1.86 makes of the bytes of
 * its host and of the packets that its radio hears, its faults included.  Pure:
 * time goes in as microseconds, chance comes from a seed.
 *
 * Bytes of the host go into a buffer that the main loop reads when it is free:
 * it is not while it sends, nor for 600 ms when the radio is switched on.
 * Source: RNode firmware 1.86, observed and described; no code of it is here.
 */
#ifndef ML_VNODE_H
#define ML_VNODE_H
#include "buf.h"
#include "lora.h"

#define ML_VNODE_FRAME_MAX 508		/* bytes of a data frame */
#define ML_VNODE_QUEUE_MAX 6144		/* bytes that wait to be sent */
#define ML_VNODE_FRAMES_MAX 200		/* frames of them */
#define ML_VNODE_UART_MAX 6144		/* bytes of the host, not yet read */
#define ML_VNODE_HEARD_MAX 8		/* frames heard, not yet told */
#define ML_VNODE_OUT_MAX 65536		/* bytes that the host does not take */
#define ML_VNODE_TEXT_MAX 64		/* bytes of a fault's text */
#define ML_VNODE_NEVER UINT64_MAX

struct ml_vnode_board {
	const char *name;
	uint8_t platform, mcu, board;
	enum ml_lora_modem modem;
	int power;			/* dBm at most */
	/* what it does not read makes its host wait, and is not lost */
	int is_usb;
	int has_display, has_battery, has_temperature;
	unsigned queue, frames, uart;	/* its sizes */
};

/* What a host does that it should not. */
enum ml_vnode_violation {
	ML_VNODE_OUTSIDE,		/* bytes that are in no frame */
	ML_VNODE_EMPTY,			/* an empty data frame */
	ML_VNODE_LONG,			/* a data frame over 508 bytes */
	ML_VNODE_OFF,			/* data while the radio is off */
	ML_VNODE_DANGEROUS,		/* a command that damages the device */
	ML_VNODE_UNKNOWN,		/* one that it does not know */
	ML_VNODE_SHORT,			/* a setting cut short */
	ML_VNODE_OVERRUN,		/* the queue is full: bytes are lost */
	ML_VNODE_UNREAD,		/* so is the UART's buffer */
	ML_VNODE_VIOLATIONS
};

enum ml_vnode_news {
	ML_VNODE_BOOT,			/* it runs */
	ML_VNODE_REBOOT,		/* it stops running, to boot */
	ML_VNODE_ON, ML_VNODE_RADIO_OFF,
	ML_VNODE_RECEIVED,		/* a frame goes to the host: which */
	ML_VNODE_DROPPED,		/* a frame is dropped: which */
	ML_VNODE_HANGUP,		/* a fault: the port is to be closed */
	ML_VNODE_VIOLATION		/* number: which; bytes: the command */
};

/* Who is told; all but tune, send and stop only takes notes. */
struct ml_vnode_watch {
	void *arg;
	void (*tune)(void *arg, uint64_t now, const struct ml_lora *l);
	void (*send)(void *arg, uint64_t now, struct ml_slice packet,
	    uint64_t us);
	void (*news)(void *arg, uint64_t now, enum ml_vnode_news what,
	    int number, struct ml_slice bytes);
};

struct ml_vnode;

/* A board by its name (heltec, lora32, rak, avr), or NULL. */
const struct ml_vnode_board *ml_vnode_board(const char *name);
const char *ml_vnode_violation(enum ml_vnode_violation v);

/* A device without power.  NULL: no memory. */
struct ml_vnode *ml_vnode_new(const struct ml_vnode_board *board,
    uint64_t seed, const struct ml_vnode_watch *watch);
void ml_vnode_free(struct ml_vnode *v);		/* takes NULL */
/* The firmware that it says it has; 1.86 if nothing is said. */
void ml_vnode_set_version(struct ml_vnode *v, uint8_t major, uint8_t minor);
/* It has a configuration saved, with which its radio starts at boot and which
 * the host's settings do not change while it is on (TNC mode). */
void ml_vnode_save(struct ml_vnode *v, const struct ml_lora *l);

/* Power comes, it boots; or goes. */
void ml_vnode_plug(struct ml_vnode *v, uint64_t now);
void ml_vnode_unplug(struct ml_vnode *v, uint64_t now);
int ml_vnode_is_plugged(const struct ml_vnode *v);
/* Whether its radio is on, and how it is set. */
int ml_vnode_tuned(const struct ml_vnode *v, struct ml_lora *l);
/* The host has opened the port. */
void ml_vnode_opened(struct ml_vnode *v, uint64_t now);
/* A WiFi host has gone: the radio goes off. */
void ml_vnode_radio_off(struct ml_vnode *v, uint64_t now);

/* Bytes of the host: how many were taken.  Those that are not make it wait. */
size_t ml_vnode_input(struct ml_vnode *v, uint64_t now, struct ml_slice bytes);
/* How many it would take now. */
size_t ml_vnode_room(const struct ml_vnode *v);
/* Bytes for the host that are to be written now, in one write; borrowed. */
struct ml_slice ml_vnode_output(struct ml_vnode *v, uint64_t now);
void ml_vnode_wrote(struct ml_vnode *v, uint64_t now, size_t n);

/* Somebody else is on the channel, at so many dBm, or no longer. */
void ml_vnode_medium(struct ml_vnode *v, uint64_t now, int is_busy,
    double rssi);
/* A packet was received. */
void ml_vnode_heard(struct ml_vnode *v, uint64_t now, struct ml_slice packet,
    double rssi, double snr);

/* When something happens next, or ML_VNODE_NEVER; never what only waits for
 * the host to read. */
uint64_t ml_vnode_next(const struct ml_vnode *v);
void ml_vnode_advance(struct ml_vnode *v, uint64_t now);
/* Whether nothing waits to be sent. */
int ml_vnode_is_idle(const struct ml_vnode *v);

/*
 * A fault by its name: at once, or on so many of the next occasions, or always
 * (times -1), or no more (0).  arg is NULL or its argument.  NULL, or a reason.
 */
const char *ml_vnode_fault(struct ml_vnode *v, uint64_t now, const char *name,
    const char *arg, int times);
/* All of them are over. */
void ml_vnode_mend(struct ml_vnode *v);
#endif

/*
 * bridgework - what a bridge consists of, for the files of bridge only.
 *   bridge.c       its phases, and what it waits for
 *   bridgeport.c   the port, opened as often as it takes; the radio behind it
 *   bridgeframe.c  frames in, their airtime booked; frames out
 */
#ifndef ML_BRIDGEWORK_H
#define ML_BRIDGEWORK_H
#include "bridge.h"
#include "lines.h"
#include "serial.h"

#define BRIDGE_SECOND UINT64_C(1000000)

enum phase {
	RUN,				/* frames are read */
	DRAIN,				/* what the radio has is to be sent */
	LINGER,				/* what comes in is still taken */
	LEAVE,				/* the radio is being switched off */
	DONE
};

struct bridge {
	const struct ml_bridge_options *o;
	void *arg;
	void (*tell)(void *arg, const struct ml_bridge_event *e);
	struct ml_bridge_end *end;
	struct ml_radio *radio;
	struct ml_serial *port;		/* NULL: away */
	enum phase phase;
	int quits;			/* asked to, before the frames ended */
	uint64_t quit_by;		/* then, whatever the radio has */
	int was_open;			/* its port */
	int rc;
	struct ml_lines in;
	struct ml_buf frame;		/* the one at hand, if it is not empty */
	uint64_t frame_line;
	int more_lines;			/* were read, and not looked at */
	int handed;			/* to the radio, but not all to its port */
	struct ml_budget_entry booked[ML_RADIO_AHEAD];	/* of what the radio has */
	size_t bookings;
	uint64_t rebook_at;		/* it may have it for longer */
	uint64_t wait_until;		/* for airtime */
	uint64_t said_until;		/* and so it was told */
	uint64_t left;			/* airtime */
	uint64_t device_used;		/* by its own account of airtime */
	int device_is_over;		/* with the frame at hand, by that */
	int is_over_told;
	struct ml_buf out;
	int out_is_gone;
	unsigned unread;
	uint64_t retry_at, retry_after;
	uint64_t linger_until;
};

/* bridge.c */
void bridge_tell(struct bridge *b, struct ml_bridge_event e);
/* Switch the radio off, and end. */
void bridge_leave(struct bridge *b, uint64_t now);
/* Of the system, with errno, or of a ledger; -1. */
int bridge_fail(struct bridge *b, const char *file, const char *why,
    unsigned long line);
/* Send what the radio has, and leave. */
void bridge_quit(struct bridge *b, uint64_t now);

/* bridgeport.c */
void bridge_open_port(struct bridge *b, uint64_t now);
void bridge_drop_port(struct bridge *b);
/* The port is gone, or was not there: open it again later, or not at all. */
void bridge_retry(struct bridge *b, uint64_t now, const char *why, int error);
/* It can be read, or written. */
void bridge_read_port(struct bridge *b, uint64_t now);
void bridge_write_port(struct bridge *b, uint64_t now);
/* Bytes of the port, or the time alone. */
void bridge_take(struct bridge *b, uint64_t now, struct ml_slice in);

/* bridgeframe.c */
/* Have the next frame at hand: 1, or 0 if there is none now, or only lines
 * that are none for so long that the port is to be seen to. */
int bridge_read_frame(struct bridge *b);
void bridge_send_frames(struct bridge *b, uint64_t now);
/* So many of the first that the radio had are on the air, by time; or have just
 * been sent. */
void bridge_drop_booked(struct bridge *b, unsigned count);
void bridge_settle(struct bridge *b, unsigned count);
/* The device still has what should have been sent by now: a busy channel, or a
 * limit of its own. */
void bridge_rebook(struct bridge *b, uint64_t now);
/* A line of what was received; if nobody takes it, the rest has to wait. */
void bridge_put_frame(struct bridge *b, const struct ml_radio_event *e);
void bridge_write_out(struct bridge *b, uint64_t now);
/* Nobody reads what is received. */
void bridge_lose_output(struct bridge *b, uint64_t now, int error);
/* What was received before the end, to who takes it in time. */
void bridge_flush(struct bridge *b);
#endif

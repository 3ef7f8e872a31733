/*
 * bridge - frames from one descriptor to a radio and from it to another, until
 * there are no more, with the radio lost and found as often as it takes, and
 * its airtime booked before it is used.
 */
#ifndef ML_BRIDGE_H
#define ML_BRIDGE_H
#include "ledger.h"
#include "radio.h"

#define ML_BRIDGE_BACKLOG (1024 * 1024)	/* bytes of lines that nobody reads */
#define ML_BRIDGE_STOP_MAX 30		/* seconds for what the radio has, more than
					 * it should take, when asked to stop */
#define ML_BRIDGE_RETRY_MIN 1.0		/* seconds until a port is opened again */
#define ML_BRIDGE_RETRY_MAX 30.0

struct ml_bridge_options {
	const char *port;
	struct ml_radio_wish wish;
	struct ml_ledger *ledger;	/* NULL: airtime is nobody's concern */
	uint64_t limit;			/* microseconds of airtime in any hour */
	int receive_only;
	int give_up;			/* where it would open the port again */
	double linger;			/* seconds after the end; -1: for ever */
	int in, out;			/* descriptors; lines of frames */
	int stop;			/* one that can be read: leave */
};

enum ml_bridge_what {
	ML_BRIDGE_RADIO,		/* radio: an event of its */
	ML_BRIDGE_RETRY,		/* why, seconds: the port is opened again */
	ML_BRIDGE_BAD_FRAME,		/* line, why: refused */
	ML_BRIDGE_WAITS,		/* seconds: no airtime is left until then */
	ML_BRIDGE_HANDED,		/* bytes, airtime: a frame, to the radio */
	ML_BRIDGE_NEVER,		/* line: more airtime than there ever is */
	ML_BRIDGE_UNREAD,		/* count: nobody took what was received */
	ML_BRIDGE_LOST			/* count: frames, as its port went */
};

struct ml_bridge_event {
	enum ml_bridge_what what;
	const struct ml_radio_event *radio;
	const char *why;
	int error;			/* errno of a port */
	double seconds;
	uint64_t line, airtime;
	uint64_t left;			/* airtime that is left now */
	size_t bytes;
	unsigned count;
};

struct ml_bridge_end {
	const char *file, *why;		/* what failed, or NULL; why, or error */
	int error;			/* errno */
	unsigned long line;		/* of a ledger */
	uint64_t refused;		/* frames */
	int unsent;			/* one was read, and not sent, as far as known */
	int gave_up;
};

/* 0; 1: refused for good, of which an event told; or -1 and *end says why.
 * *info is what the device says of itself, while this runs. */
int ml_bridge_run(const struct ml_bridge_options *o, void *arg,
    void (*tell)(void *arg, const struct ml_bridge_event *e),
    const struct ml_radio_info **info, struct ml_bridge_end *end);
#endif

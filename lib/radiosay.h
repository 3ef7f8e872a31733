/*
 * radiosay - what a radio and its bridge tell, in words for people: lines
 * without the tool's name, nothing where all is well, each trouble of the port
 * once.  Pure.  Source: ml-radio(1).
 */
#ifndef ML_RADIOSAY_H
#define ML_RADIOSAY_H
#include "bridge.h"

/* What was said so far; begin with the port alone. */
struct ml_radiosay {
	const char *port;		/* borrowed */
	int was_up, is_down;
	struct ml_radiosay_trouble {
		const char *why, *setting;	/* static, or NULL */
		int64_t wanted, got;
	} now, said;			/* of the radio; of the port, as last said */
	uint32_t errors;		/* a bit each, that it told of since it is up */
	unsigned unread;		/* frames that nobody took */
};

/* Append what is to be said of an event.  advice: what to do about a port that
 * cannot be opened, or NULL. */
void ml_radiosay_event(struct ml_buf *out, struct ml_radiosay *s,
    const struct ml_bridge_event *e, const char *advice);
/* The same when all is over. */
void ml_radiosay_end(struct ml_buf *out, const struct ml_radiosay *s);
#endif

/*
 * rnode - what an RNode is told, and what it says.  Pure.
 * Source: RNode firmware 1.86; lib/rnodecmd.h.
 */
#ifndef ML_RNODE_H
#define ML_RNODE_H
#include "kiss.h"
#include "rnodecmd.h"

#define ML_RNODE_DATA_MAX 508		/* bytes of a frame that a device hands up */

/* Airtimes and loads are percent x 100, of 15 s and of an hour. */
struct ml_rnode_channel {
	unsigned own_short, own_long, load_short, load_long;
	int rssi, noise;		/* dBm */
	int interference;		/* dBm, or 0: none */
};

struct ml_rnode_said {
	enum ml_rnode_cmd what;
	struct ml_slice data;		/* of DATA; borrows from the frame */
	uint32_t value;			/* of all that is one number */
	uint8_t more[2];		/* bytes behind the first of a few */
	struct ml_rnode_channel channel;	/* of STAT_CHTM */
};

/* Write a command whose payload is one number, as wide as it has to be. */
void ml_rnode_tell(struct ml_buf *out, enum ml_rnode_cmd what, uint32_t value);
/* Ask for the value of a setting, or for a device's answer. */
void ml_rnode_ask(struct ml_buf *out, enum ml_rnode_cmd what);
/* Write a frame for the air, 1 to ML_LORA_FRAME_MAX bytes. */
void ml_rnode_send(struct ml_buf *out, struct ml_slice frame);
/* 1, or 0: its command or its length is nothing that a device says. */
int ml_rnode_hear(struct ml_rnode_said *said, const struct ml_kiss_frame *f);
/* "Heltec v3", or NULL. */
const char *ml_rnode_board(uint32_t board);
const char *ml_rnode_platform(uint32_t platform);
const char *ml_rnode_mcu(uint32_t mcu);
#endif

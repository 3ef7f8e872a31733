/*
 * kiss - frames of commands on a serial line, as an RNode speaks them.  Pure.
 *
 * C0, a command byte that is never escaped, the payload with C0 as DB DC and DB
 * as DB DD, C0.  There is no length, no checksum and no number: who must know
 * that a frame is whole proves it within.
 * Source: Chepponis and Karn, The KISS TNC, 1987; RNode firmware 1.86.
 */
#ifndef ML_KISS_H
#define ML_KISS_H
#include "buf.h"

#define ML_KISS_FEND 0xc0
#define ML_KISS_PAYLOAD_MAX 1024	/* bytes; a longer frame is dropped whole */

struct ml_kiss_frame {
	uint8_t command;
	struct ml_slice payload;	/* unescaped; borrows from the decoder */
};

/* What of a stream has come; zeros at its beginning. */
struct ml_kiss {
	uint64_t dropped;	/* frames that were too long, or not ended */
	size_t len;		/* of the frame so far, its command included */
	int is_open, is_escaped;
	uint8_t bytes[1 + ML_KISS_PAYLOAD_MAX];
};

/* One frame, appended to out. */
void ml_kiss_write(struct ml_buf *out, uint8_t command,
    struct ml_slice payload);
/* Only what ends a frame: of one that was cut off, the receiver has no more. */
void ml_kiss_end(struct ml_buf *out);
/*
 * Take bytes from the front of in until a frame is whole: 1, or 0 when in is
 * used up.  Every C0 ends a frame and begins one, as what a device says may be
 * cut by its reboot; what is no frame is for the caller to tell by its command
 * and its length.  Frames with nothing in them are not told of.
 */
int ml_kiss_next(struct ml_kiss *k, struct ml_slice *in,
    struct ml_kiss_frame *frame);
/* No more of a frame that has begun will come: 1 if there was one. */
int ml_kiss_reset(struct ml_kiss *k);
#endif

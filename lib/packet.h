/*
 * packet - numbered packets as they come, one JSON object a line, and as they
 * are logged, one line of comma-separated fields.  Pure.
 *
 *   {"sequence":42,"timestamp":17.50,"payload":"48656c","checksum":3610311037}
 *   42,17.50,48656c,OK
 *
 * The checksum is CRC-32 (ISO 3309, as zlib has it) of the payload's bytes.  A
 * timestamp passes through digit for digit.  Source: ml-journal(1).
 */
#ifndef ML_PACKET_H
#define ML_PACKET_H
#include <stdint.h>
#include "buf.h"
#include "number.h"

#define ML_PACKET_SEQUENCE_MAX (ML_INT_MAX - 1)
#define ML_PACKET_TIMESTAMP_MAX 64	/* characters */
#define ML_PACKET_PAYLOAD_MAX 65536	/* bytes */

enum ml_packet_status {
	ML_PACKET_OK,
	ML_PACKET_LATE,			/* a later one was written before */
	ML_PACKET_RETRANSMIT		/* it had been requested */
};

struct ml_packet {
	uint64_t sequence;
	struct ml_slice timestamp;	/* a JSON number, as it came */
	struct ml_slice payload;	/* in lower-case hex */
	uint32_t checksum;
	int is_intact;			/* the checksum is the payload's */
	int is_end;			/* no packet: {"end":true} */
};

/*
 * A line, without its newline: NULL, or why it is none.  What is read borrows
 * from the line, or from scratch, which is cleared.
 */
const char *ml_packet_read(struct ml_packet *p, struct ml_slice line,
    struct ml_buf *scratch);
/* Append it as such a line, with its newline. */
void ml_packet_write(struct ml_buf *out, const struct ml_packet *p);

/* What of a packet is logged as it came: timestamp,payload. */
void ml_packet_body(struct ml_buf *out, const struct ml_packet *p);
/*
 * The same of a frame, a line as ml-radio prints it that came ms after 1970, in
 * both buffers, which are cleared: its remarks, safe to print, behind blanks.
 * NULL, or why it is none.
 */
const char *ml_packet_frame(struct ml_slice line, int64_t ms,
    struct ml_buf *body, struct ml_buf *remarks);
/* Whether a text is one. */
int ml_packet_is_body(struct ml_slice text);
/* Append a line of the log; remarks may be empty. */
void ml_packet_log(struct ml_buf *out, uint64_t sequence, struct ml_slice body,
    enum ml_packet_status status, struct ml_slice remarks);
/* Whether a text is a line of the log, without its newline, and what it says. */
int ml_packet_logged(struct ml_slice line, uint64_t *sequence,
    enum ml_packet_status *status);
/* Digits that stand for an integer from 0 to most; 0: they do not. */
int ml_packet_number(struct ml_slice text, uint64_t most, uint64_t *v);
#endif

/* kiss - frames of commands on a serial line, as an RNode speaks them */
#include "kiss.h"

enum { FEND = ML_KISS_FEND, FESC = 0xdb, TFEND = 0xdc, TFESC = 0xdd };

void
ml_kiss_write(struct ml_buf *out, uint8_t command, struct ml_slice payload)
{
	size_t i;

	ml_buf_byte(out, (char)FEND);
	ml_buf_byte(out, (char)command);
	for (i = 0; i < payload.len; i++)
		switch ((uint8_t)payload.p[i]) {
		case FEND:
			ml_buf_byte(out, (char)FESC);
			ml_buf_byte(out, (char)TFEND);
			break;
		case FESC:
			ml_buf_byte(out, (char)FESC);
			ml_buf_byte(out, (char)TFESC);
			break;
		default:
			ml_buf_byte(out, payload.p[i]);
		}
	ml_buf_byte(out, (char)FEND);
}

void
ml_kiss_end(struct ml_buf *out)
{
	ml_buf_byte(out, (char)FEND);
}

/* A byte of a frame.  An escape before anything else means that itself. */
static void
take(struct ml_kiss *k, uint8_t byte)
{
	if (k->len > 0 && byte == FESC && !k->is_escaped) {
		k->is_escaped = 1;
		return;
	}
	if (k->is_escaped)
		byte = byte == TFEND ? FEND : byte == TFESC ? FESC : byte;
	k->is_escaped = 0;
	if (k->len < sizeof k->bytes)
		k->bytes[k->len] = byte;
	if (k->len <= sizeof k->bytes)
		k->len++;
}

int
ml_kiss_next(struct ml_kiss *k, struct ml_slice *in,
    struct ml_kiss_frame *frame)
{
	uint8_t byte;
	size_t len;

	while (in->len > 0) {
		byte = (uint8_t)*in->p++;
		in->len--;
		if (byte != FEND) {
			if (k->is_open)
				take(k, byte);
			continue;
		}
		len = k->len;
		k->is_open = 1;
		k->len = 0;
		k->is_escaped = 0;
		if (len > sizeof k->bytes)
			k->dropped++;
		else if (len > 0) {
			frame->command = k->bytes[0];
			frame->payload = (struct ml_slice){
			    (const char *)k->bytes + 1, len - 1 };
			return 1;
		}
	}
	return 0;
}

int
ml_kiss_reset(struct ml_kiss *k)
{
	int had = k->len > 0;

	k->dropped += (uint64_t)had;
	k->len = 0;
	k->is_open = k->is_escaped = 0;
	return had;
}

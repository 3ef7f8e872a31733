/* packetframe - frames of a radio as what is logged of a packet */
#include <stdio.h>

#include "frameline.h"
#include "packet.h"
#include "text.h"

static void
write_remarks(struct ml_buf *out, struct ml_slice line)
{
	const char *end = line.p + line.len, *to;
	const char *at = memchr(line.p, '\t', line.len);

	for (; at != NULL; at = to) {
		to = memchr(at + 1, '\t', (size_t)(end - at - 1));
		if (out->len > 0)
			ml_buf_byte(out, ' ');
		ml_text_bytes(out, at + 1,
		    (size_t)((to != NULL ? to : end) - at - 1));
	}
}

const char *
ml_packet_frame(struct ml_slice line, int64_t ms, struct ml_buf *body,
    struct ml_buf *remarks)
{
	static const char hex[] = "0123456789abcdef";
	struct ml_buf frame = { 0 };
	const char *why = ml_frameline_read(&frame, line,
	    ML_PACKET_PAYLOAD_MAX);
	char stamp[32];
	size_t i;

	ml_buf_clear(body);
	ml_buf_clear(remarks);
	if (why == NULL) {
		snprintf(stamp, sizeof stamp, "%lld.%03u,",
		    (long long)(ms / 1000), (unsigned)(ms % 1000) % 1000);
		ml_buf_str(body, stamp);
		for (i = 0; i < frame.len; i++) {
			ml_buf_byte(body, hex[(unsigned char)frame.p[i] >> 4]);
			ml_buf_byte(body, hex[(unsigned char)frame.p[i] & 15]);
		}
		write_remarks(remarks, line);
	}
	ml_buf_free(&frame);
	if (why == NULL && (ml_buf_failed(body) || ml_buf_failed(remarks)))
		why = ML_NO_MEMORY;
	return why;
}

/* packet: what is read is written and read again; what is logged is a line of
 * the log */
#include <assert.h>

#include "packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_packet(struct ml_slice line)
{
	struct ml_buf scratch = { 0 }, again = { 0 }, other = { 0 };
	struct ml_packet p, q;
	enum ml_packet_status status;
	uint64_t sequence;

	if (ml_packet_read(&p, line, &scratch) == NULL && !p.is_end) {
		assert(p.sequence <= ML_PACKET_SEQUENCE_MAX);
		assert(p.timestamp.len <= ML_PACKET_TIMESTAMP_MAX);
		ml_packet_write(&again, &p);
		assert(ml_packet_read(&q, (struct ml_slice){ again.p,
		    again.len - 1 }, &other) == NULL);
		assert(p.sequence == q.sequence && p.checksum == q.checksum &&
		    p.is_intact == q.is_intact &&
		    ml_slice_same(p.timestamp, q.timestamp) &&
		    ml_slice_same(p.payload, q.payload));
		ml_buf_clear(&other);
		ml_packet_body(&other, &p);
		assert(ml_packet_is_body(ml_buf_view(&other)));
		ml_buf_clear(&again);
		ml_packet_log(&again, p.sequence, ml_buf_view(&other),
		    ML_PACKET_LATE, (struct ml_slice){ "", 0 });
		assert(ml_packet_logged((struct ml_slice){ again.p,
		    again.len - 1 }, &sequence, &status) &&
		    sequence == p.sequence && status == ML_PACKET_LATE);
	}
	ml_buf_free(&scratch);
	ml_buf_free(&again);
	ml_buf_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice line = { (const char *)data, len };
	enum ml_packet_status status;
	uint64_t sequence;

	check_packet(line);
	if (ml_packet_logged(line, &sequence, &status))
		assert(sequence <= ML_PACKET_SEQUENCE_MAX &&
		    status <= ML_PACKET_RETRANSMIT && len >= 6);
	return 0;
}

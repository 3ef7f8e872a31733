/* replaystate: what is read of a state is written and read again */
#include <assert.h>

#include "packet.h"
#include "replaystate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint64_t request[ML_REPLAY_REQUESTS_MAX],
	    other[ML_REPLAY_REQUESTS_MAX];
	struct ml_replaystate s = { .request = request }, t = {
	    .request = other };
	struct ml_buf out = { 0 };

	if (!ml_replaystate_read(&s, (struct ml_slice){ (const char *)data,
	    len }))
		return 0;
	assert(s.seed <= ML_PACKET_SEQUENCE_MAX && s.requests <= len);
	ml_replaystate_write(&out, &s);
	assert(out.p[out.len - 1] == '\n' && ml_replaystate_read(&t,
	    (struct ml_slice){ out.p, out.len - 1 }));
	assert(t.seed == s.seed && t.run == s.run &&
	    t.position == s.position && t.requests == s.requests);
	assert(s.requests == 0 || memcmp(other, request,
	    s.requests * sizeof *request) == 0);
	ml_buf_free(&out);
	return 0;
}

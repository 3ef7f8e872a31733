/* pending: what is read of a sidecar is written and read again; with any sum */
#include <assert.h>
#include <stdio.h>

#include "pending.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_line(struct ml_slice line)
{
	struct ml_buf again = { 0 };
	struct ml_pending p, q;

	if (!ml_pending_read(&p, line))
		return;
	assert(p.n <= ML_PENDING_NUMBERS && p.kind < ML_PENDING_KINDS);
	ml_pending_write(&again, &p);
	assert(again.len == line.len + 1 &&
	    memcmp(again.p, line.p, line.len) == 0);
	assert(ml_pending_read(&q, (struct ml_slice){ again.p,
	    again.len - 1 }) && p.kind == q.kind && p.n == q.n);
	ml_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice line = { (const char *)data, len };
	struct ml_buf summed = { 0 };
	char sum[16];

	check_line(line);
	/* no fuzzer guesses a sum */
	snprintf(sum, sizeof sum, "%08x ", (unsigned)ml_pending_sum(line));
	ml_buf_str(&summed, sum);
	ml_buf_slice(&summed, line);
	check_line(ml_buf_view(&summed));
	ml_buf_free(&summed);
	return 0;
}

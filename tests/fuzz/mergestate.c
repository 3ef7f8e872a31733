/*
 * mergestate: a state file is refused, or it is one that a worker can go on
 * from, whatever it says.  The sum at its end is made to fit.
 */
#include <assert.h>
#include <stdlib.h>

#include "fixed.h"
#include "merge.h"
#include "mergestate.h"

#define STEPS_MAX 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t count;

static int
own(void *arg, uint64_t i, uint64_t *v)
{
	(void)arg;
	*v = i < UINT64_C(1) << 32 ? i : UINT64_C(1) << 32;
	return i < count ? 0 : -1;
}

static int
receive(void *arg, struct ml_mergemsg *m)
{
	static const struct ml_mergemsg some[] = {
		{ "DATA", 10, { 5, 99999, 77777777, 1, 2, 3, 4, 5, 6, 7 } },
		{ "CUT", 3, { 1234567890, 987654321, 5 } },
		{ "TURN", 2, { 0, 70 } }, { "DONE", 2, { 0, 90 } },
		{ "RANGE", 6, { 0, 20, 0, 5, 0, 90 } },
		{ "PART", 4, { 0, 7, 0, 3 } },
	};
	unsigned *n = arg;

	*m = some[*n];
	*n = (*n + 1) % (sizeof some / sizeof some[0]);
	return 1;
}

static void
go_on(struct ml_merge m, unsigned first)
{
	struct ml_merge_port port = { .arg = &first, .own = own,
	    .receive = receive };
	unsigned i;

	count = m.count;
	for (i = 0; i < STEPS_MAX; i++) {
		if (ml_merge_step(&m, &port) == ML_MERGE_FAILED)
			break;
		ml_buf_clear(&port.out);
	}
	ml_buf_free(&port.out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ml_merge m, same;
	struct ml_slice given = { (const char *)data, len };
	struct ml_buf text = { 0 }, again = { 0 };
	unsigned i;

	(void)ml_mergestate_read(&m, given);
	/* {... without its last bracket */
	ml_buf_slice(&text, given);
	ml_buf_str(&text, ",\"sum\":");
	ml_buf_int(&text, (int64_t)(ml_checksum(given.p, len) >> 11));
	ml_buf_str(&text, "}\n");
	if (ml_mergestate_read(&m, ml_buf_view(&text)) == NULL) {
		ml_mergestate_write(&m, &again);
		assert(ml_mergestate_read(&same, ml_buf_view(&again)) == NULL);
		for (i = 0; i < 6; i++)
			go_on(m, i);
	}
	ml_buf_free(&text);
	ml_buf_free(&again);
	return 0;
}

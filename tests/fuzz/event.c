/* event: the quick way against the slow way, written and read again */
#include <assert.h>
#include <sodium.h>

#include "../unit/given.h"
#include "event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
same(const struct ml_event *a, const struct ml_event *b)
{
	return given_same(a, b) && ml_slice_same(a->seal, b->seal);
}

/*
 * The quick way takes a text just if it is what is written of what the slow way
 * makes of it, and then it comes to the same.
 */
static void
quick_is_slow(struct ml_slice text)
{
	struct ml_buf scratch = { 0 }, wire = { 0 };
	struct ml_event quick, slow;
	int taken = ml_event_read_quick(&quick, text);

	if (ml_event_read_any(&slow, text, &scratch) == NULL) {
		ml_event_write(&slow, &wire);
		assert(taken == ml_slice_same(ml_buf_view(&wire), text));
		if (taken) {
			assert(same(&quick, &slow));
			assert(given_written(quick, text));
		}
		assert(ml_event_read_quick(&quick, ml_buf_view(&wire)));
		assert(same(&quick, &slow));
	} else
		assert(!taken);
	ml_buf_free(&scratch);
	ml_buf_free(&wire);
}

static void
round_trip(struct ml_event *e)
{
	struct ml_buf wire = { 0 }, again = { 0 }, body = { 0 }, other = { 0 };
	struct ml_event f;

	(void)ml_event_verify(e, &body);
	assert(ml_event_mint(e, &body) == NULL);
	ml_event_write(e, &wire);
	assert(ml_event_read_quick(&f, ml_buf_view(&wire)));
	assert(same(e, &f) && ml_event_verify(&f, &other) == NULL);
	assert(ml_slice_same(ml_buf_view(&body), ml_buf_view(&other)));
	assert(given_written(f, ml_buf_view(&wire)));
	f.seal.len = 0;
	ml_event_write(&f, &again);
	f.wire.len = 0;
	assert(given_written(f, ml_buf_view(&again)));
	ml_buf_clear(&again);
	(void)ml_buf_room(&again, wire.len);
	ml_event_copy(&f, e, &again);
	assert(same(e, &f));
	assert(ml_name_len(e->author) <= ML_NAME_MAX &&
	    ml_name_len(e->kind) <= ML_NAME_MAX && e->seq >= 1 &&
	    e->seq <= ML_SEQ_MAX);
	assert(wire.len <= ML_EVENT_MAX + (e->seal.len > 0 ? ML_SEAL_TEXT +
	    sizeof ",\"g\":\"\"" - 1 : 0));
	assert(e->seal.len == 0 || e->seal.len == ML_SEAL_TEXT);
	ml_buf_free(&wire);
	ml_buf_free(&again);
	ml_buf_free(&body);
	ml_buf_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 0 ? (const char *)data : "", len };
	struct ml_buf scratch = { 0 };
	struct ml_event e;

	quick_is_slow(text);
	if (ml_event_read(&e, text, &scratch) == NULL)
		round_trip(&e);
	ml_buf_free(&scratch);
	return 0;
}

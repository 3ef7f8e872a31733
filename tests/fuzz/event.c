/* event: the quick way against the slow way, written and read again */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "../unit/given.h"
#include "canon.h"
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

/* The id by its definition: members in whatever order, made canonical. */
static void
is_plain_id(const struct ml_event *e, const struct ml_buf *body)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct ml_buf text = { 0 }, canonical = { 0 };
	char numbers[128];
	const char *at;

	snprintf(numbers, sizeof numbers, "\"hlc\": [%lld, %lld],\"seq\": %lld",
	    (long long)e->hlc.wall, (long long)e->hlc.counter,
	    (long long)e->seq);
	ml_buf_str(&text, "{\"prev\":\"");
	ml_buf_slice(&text, e->prev);
	ml_buf_str(&text, "\",\"payload\": ");
	ml_buf_slice(&text, e->payload);
	ml_buf_str(&text, ", \"kind\":\"");
	ml_buf_slice(&text, e->kind);
	ml_buf_str(&text, "\",");
	ml_buf_str(&text, numbers);
	ml_buf_str(&text, ",\"author\":\"");
	ml_buf_slice(&text, e->author);
	ml_buf_str(&text, "\"}");
	at = text.p;
	assert(ml_canon_write(&at, text.p + text.len, ML_JSON_DEPTH_MAX,
	    &canonical) == NULL && at == text.p + text.len);
	crypto_hash_sha256(hash, (unsigned char *)canonical.p, canonical.len);
	assert(ml_slice_same(ml_buf_view(body), ml_buf_view(&canonical)) &&
	    memcmp(hash, e->id, ML_ID_LEN) == 0);
	ml_buf_free(&text);
	ml_buf_free(&canonical);
}

static void
round_trip(struct ml_event *e)
{
	struct ml_buf wire = { 0 }, again = { 0 }, body = { 0 }, other = { 0 };
	struct ml_event f;

	(void)ml_event_verify(e, &body);
	assert(ml_event_mint(e, &body) == NULL);
	is_plain_id(e, &body);
	ml_event_write(e, &wire);
	assert(ml_event_read_quick(&f, ml_buf_view(&wire)));
	assert(same(e, &f) && ml_event_verify(&f, &other) == NULL);
	assert(ml_event_begins(ml_buf_view(&wire), e->author, e->seq) &&
	    !ml_event_begins(ml_buf_view(&wire), e->author, e->seq + 1) &&
	    ml_event_wire_sealed(ml_buf_view(&wire)) == (e->seal.len > 0));
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
	struct ml_buf scratch = { 0 }, other = { 0 };
	struct ml_event e, slow;
	const char *why = ml_event_read(&e, text, &scratch);

	quick_is_slow(text);
	assert(ml_event_read_any(&slow, text, &other) == why);
	if (why == NULL) {
		assert(same(&e, &slow));
		round_trip(&e);
	}
	ml_buf_free(&scratch);
	ml_buf_free(&other);
	return 0;
}

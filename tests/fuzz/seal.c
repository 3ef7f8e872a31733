/* seal: an event with a seal, an author.key, public keys */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "canon.h"
#include "event.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t SEED[crypto_sign_SEEDBYTES] = { 7, 7, 7 };

/* An event of anybody's: it verifies when it is signed, and not otherwise. */
static void
as_event(struct ml_event *e)
{
	uint8_t public[ML_PUBLIC_LEN] = { 9 }, named[ML_PUBLIC_LEN];
	uint8_t sign[crypto_sign_SECRETKEYBYTES], signature[ML_SEAL_LEN];
	char seal[ML_SEAL_TEXT + 1], id[ML_AUTHOR_HEX];
	struct ml_buf body = { 0 };
	struct ml_event f = *e;

	crypto_sign_seed_keypair(public + 32, sign, SEED);
	(void)ml_seal_verify(e, public, &body);
	if (ml_author_key(e, named) == NULL) {
		assert(ml_author_is_hash(e->author) &&
		    ml_public_check(named) == NULL);
		ml_author_id(named, id);
		assert(ml_slice_same(e->author,
		    (struct ml_slice){ id, sizeof id }));
		(void)ml_name_len(ml_author_name(e));
		(void)ml_seal_verify(e, named, &body);
	}
	ml_seal_message(e, &body);
	assert(body.len > strlen(ML_SEAL_CONTEXT));
	crypto_sign_detached(signature, NULL, (unsigned char *)body.p,
	    body.len, sign);
	sodium_bin2base64(seal, sizeof seal, signature, sizeof signature,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	f.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	assert(ml_seal_verify(&f, public, &body) == NULL);
	f.seq = f.seq % 9 + 1 + (f.seq < 9);
	assert(f.seq == e->seq || ml_seal_verify(&f, public, &body) != NULL);
	ml_buf_free(&body);
}

/* Bytes as public keys: author.key takes those that are good. */
static void
as_keys(const uint8_t *data, size_t len)
{
	static const char begin[] = "{\"key\":\"", end[] = "\"}";
	uint8_t public[ML_PUBLIC_LEN] = { 0 }, named[ML_PUBLIC_LEN];
	char id[ML_AUTHOR_HEX], hex[ML_PUBLIC_HEX + 1];
	struct ml_buf payload = { 0 };
	struct ml_event e = { .seq = 1, .kind = slice("author.key"),
	    .author = { id, sizeof id }, .prev = { "", 0 } };
	const char *why;

	memcpy(public, data, len < sizeof public ? len : sizeof public);
	ml_author_id(public, id);
	assert(ml_author_is_hash(e.author));
	sodium_bin2hex(hex, sizeof hex, public, sizeof public);
	ml_buf_str(&payload, begin);
	ml_buf_str(&payload, hex);
	ml_buf_str(&payload, end);
	e.payload = ml_buf_view(&payload);
	why = ml_author_key(&e, named);
	assert(why == ml_public_check(public));
	assert(why != NULL || memcmp(named, public, sizeof named) == 0);
	id[0] = id[0] == '0' ? '1' : '0';
	assert(ml_author_key(&e, named) != NULL);
	ml_buf_free(&payload);
}

/* Any JSON as the payload of an author.key, any text as a seal. */
static void
as_parts(const char *p, size_t len)
{
	uint8_t public[ML_PUBLIC_LEN] = { 0 };
	struct ml_buf payload = { 0 }, body = { 0 };
	struct ml_event e = { .seq = 1, .kind = slice("author.key"),
	    .author = { p, len < 32 ? len : 32 }, .prev = { "", 0 },
	    .seal = { p, len } };
	const char *at = p;

	if (ml_canon_write(&at, p + len, ML_EVENT_DEPTH_MAX, &payload) ==
	    NULL) {
		e.payload = ml_buf_view(&payload);
		(void)ml_author_key(&e, public);
		assert(ml_author_name(&e).len <= payload.len);
	} else
		e.payload = slice("null");
	(void)ml_seal_verify(&e, public, &body);
	ml_buf_free(&payload);
	ml_buf_free(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "";
	struct ml_buf scratch = { 0 };
	struct ml_event e;

	if (sodium_init() == -1)
		abort();
	if (ml_event_read(&e, (struct ml_slice){ p, len }, &scratch) == NULL)
		as_event(&e);
	if (len > 0)
		as_keys(data, len);
	as_parts(p, len);
	ml_buf_free(&scratch);
	return 0;
}

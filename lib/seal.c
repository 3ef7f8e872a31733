/* seal - who wrote an event */
#include <sodium.h>
#include <string.h>

#include "json.h"
#include "seal.h"
#include "sha256.h"

#define X25519_LEN 32			/* bytes; the Ed25519 key follows it */

static const char *
ed25519_of(const uint8_t public[static ML_PUBLIC_LEN])
{
	return (const char *)public + X25519_LEN;
}

void
ml_author_id(const uint8_t public[static ML_PUBLIC_LEN],
    char id[static ML_AUTHOR_HEX])
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	char hex[ML_AUTHOR_HEX + 1];

	ml_sha256(hash, public, ML_PUBLIC_LEN);
	sodium_bin2hex(hex, sizeof hex, hash, ML_AUTHOR_HEX / 2);
	memcpy(id, hex, ML_AUTHOR_HEX);
}

static int
is_hex(struct ml_slice s, size_t len)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'f'))
			return 0;
	return s.len == len;
}

int
ml_author_is_hash(struct ml_slice author)
{
	return is_hex(author, ML_AUTHOR_HEX);
}

const char *
ml_public_check(const uint8_t public[static ML_PUBLIC_LEN])
{
	static const uint8_t scalar[crypto_scalarmult_SCALARBYTES] = { 8 };
	uint8_t shared[crypto_scalarmult_BYTES];

	if (!crypto_core_ed25519_is_valid_point(
	    (const uint8_t *)ed25519_of(public)))
		return "a public key that is no point of Ed25519";
	/* what comes out as zero is of small order: no secret can be shared */
	if (crypto_scalarmult(shared, scalar, public) == -1)
		return "a public key of small order in X25519";
	return NULL;
}

const char *
ml_author_key(const struct ml_event *e, uint8_t public[static ML_PUBLIC_LEN])
{
	char id[ML_AUTHOR_HEX];
	struct ml_slice key;

	if (!ml_slice_is(e->kind, "author.key"))
		return "not an author.key";
	if (*e->payload.p != '{' || !ml_json_member(e->payload, "key", &key) ||
	    *key.p != '"')
		return "author.key: without a key";
	key = (struct ml_slice){ key.p + 1, key.len - 2 };
	if (!is_hex(key, ML_PUBLIC_HEX) || sodium_hex2bin(public,
	    ML_PUBLIC_LEN, key.p, key.len, NULL, NULL, NULL) == -1)
		return "author.key: a key that is not 128 lower-case hex digits";
	ml_author_id(public, id);
	if (!ml_slice_same(e->author, (struct ml_slice){ id, sizeof id }))
		return "author.key: the key is not this author's";
	return ml_public_check(public);
}

struct ml_slice
ml_author_name(const struct ml_event *e)
{
	struct ml_slice name;

	if (*e->payload.p != '{' || !ml_json_member(e->payload, "name",
	    &name) || *name.p != '"')
		return (struct ml_slice){ "", 0 };
	return (struct ml_slice){ name.p + 1, name.len - 2 };
}

static int
decode(struct ml_slice text, uint8_t seal[static ML_SEAL_LEN])
{
	size_t len;

	return text.len == ML_SEAL_TEXT && sodium_base642bin(seal, ML_SEAL_LEN,
	    text.p, text.len, NULL, &len, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	    len == ML_SEAL_LEN;
}

void
ml_seal_message(const struct ml_event *e, struct ml_buf *message)
{
	ml_buf_clear(message);
	ml_buf_str(message, ML_SEAL_CONTEXT);
	ml_event_body(e, message);
}

const char *
ml_seal_verify(const struct ml_event *e,
    const uint8_t public[static ML_PUBLIC_LEN], struct ml_buf *body)
{
	uint8_t seal[ML_SEAL_LEN];

	if (!decode(e->seal, seal))
		return "seal: not 86 characters of base64url";
	ml_seal_message(e, body);
	if (ml_buf_failed(body))
		return ML_NO_MEMORY;
	return crypto_sign_verify_detached(seal,
	    (const unsigned char *)body->p, body->len,
	    (const unsigned char *)ed25519_of(public)) == 0 ? NULL :
	    "seal: does not verify";
}

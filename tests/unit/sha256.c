/* sha256 - the hash against that of libsodium, around every edge of a block */
#include <sodium.h>
#include <string.h>

#include "given.h"
#include "sha256.h"
#include "unit.h"

#define LEN_MAX 300		/* bytes: four blocks and more */

int
main(void)
{
	uint8_t text[LEN_MAX], got[SHA256_DIGEST_SIZE], parts[sizeof got];
	uint8_t want[crypto_hash_sha256_BYTES];
	struct sha256_ctx ctx;
	uint64_t state = 1;
	size_t len, i;
	int wrong = 0;

	for (len = 0; len < LEN_MAX; len++) {
		text[len] = (uint8_t)given_random(&state);
		crypto_hash_sha256(want, text, len);
		ml_sha256(got, text, len);
		sha256_init(&ctx);
		for (i = 0; i < len; i++)
			sha256_update(&ctx, 1, text + i);
		ml_sha256_end(&ctx, parts);
		wrong += memcmp(got, want, sizeof got) != 0 ||
		    memcmp(parts, want, sizeof parts) != 0;
	}
	ok(wrong == 0, "%d of %d lengths differ", wrong, LEN_MAX);
	return unit_done();
}

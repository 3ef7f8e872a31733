/*
 * sha256 - SHA-256 by nettle, which uses the instructions that a processor has
 * for it: ids are then hashed four times as fast as by libsodium.  Pure.
 * Source: FIPS 180-4.
 */
#ifndef ML_SHA256_H
#define ML_SHA256_H
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stddef.h>
#include <stdint.h>

/* The hash of what sha256_update() was given. */
static inline void
ml_sha256_end(struct sha256_ctx *ctx, uint8_t hash[static SHA256_DIGEST_SIZE])
{
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(ctx, hash);
#else
	sha256_digest(ctx, SHA256_DIGEST_SIZE, hash);
#endif
}

static inline void
ml_sha256(uint8_t hash[static SHA256_DIGEST_SIZE], const void *p, size_t len)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, p);
	ml_sha256_end(&ctx, hash);
}
#endif

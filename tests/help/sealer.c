/*
 * sealer -k KEY [OPTION ...] FROM TO - print the events FROM to TO of the
 * feed of a key: an author.key, then notes.  A true one, unless told otherwise.
 *   -e N     seal those whose seq N divides, and the last (default 1; 0: none)
 *   -b N     texts of N bytes        -n NAME   of the author.key
 *   -s SALT  other texts, from -f SEQ on (default 2)
 *   -a ID    as this author          -S KEY    seal with another key
 *   -K HEX   name these public keys instead, and be the author whose they are
 *   -2 HEX   event 2 is an author.key with these, if it comes that far
 *   -z       seals that are right for a neutral key: R neutral, S zero
 *   -m       seals with S + L in the place of S
 *   -t N     seals over all but the last N bytes of what is to be signed
 *   -c       seals over the body alone, without what stands before it
 *   -w N     N forged events without a seal, each with the true prev, in the
 *            place of each; -G: with a seal of their own that is wrong
 *   -u       print in the place of each event a copy of it with a wrong seal,
 *            -w N of them, each another
 *   -N N     the same of N authors, one after the other, in the place of KEY's
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "tool.h"

#define EPOCH_MS 1700000000000LL	/* of seq 0 */
#define PRINT_AT (64 * 1024)

struct feed {
	struct ml_identity *id, *sealer;
	const char *name, *salt, *author, *keys, *second;
	long every, forged;
	int64_t to, fork;
	size_t bytes, cut;
	int bare;
	const char *path;
	int neutral, malleate, wrong, copies;
	char *text;
	char own[ML_AUTHOR_HEX + 1];
	struct ml_buf payload, prev, body, out;
};

static void
put_text(struct feed *f, int64_t seq, long forged)
{
	char s[64];

	ml_buf_clear(&f->payload);
	if (seq == 1 && forged == 0) {
		ml_buf_str(&f->payload, "{\"key\":\"");
		ml_buf_str(&f->payload, f->keys);
		if (f->name != NULL) {
			ml_buf_str(&f->payload, "\",\"name\":\"");
			ml_buf_str(&f->payload, f->name);
		}
		ml_buf_str(&f->payload, "\"}");
		return;
	}
	if (seq == 2 && f->second != NULL) {
		ml_buf_str(&f->payload, "{\"key\":\"");
		ml_buf_str(&f->payload, f->second);
		ml_buf_str(&f->payload, "\"}");
		return;
	}
	snprintf(s, sizeof s, "%lld %ld ", (long long)seq, forged);
	ml_buf_str(&f->payload, "{\"record_id\":\"R-1\",\"text\":\"");
	ml_buf_str(&f->payload, s);
	if (seq >= f->fork)
		ml_buf_str(&f->payload, f->salt);
	ml_buf_add(&f->payload, f->text, f->bytes);
	ml_buf_str(&f->payload, "\"}");
}

/* With the key's own seed: a true signature over less than it should be. */
static void
sign_less(struct feed *f, const struct ml_event *e, uint8_t raw[static 64])
{
	uint8_t file[ML_IDENTITY_LEN], public[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	size_t from = f->bare ? strlen(ML_SEAL_CONTEXT) : 0;
	FILE *key = fopen(f->path, "r");

	if (key == NULL || fread(file, sizeof file, 1, key) != 1)
		ml_die(f->path, NULL);
	fclose(key);
	crypto_sign_seed_keypair(public, secret, file + 32);
	ml_seal_message(e, &f->body);
	crypto_sign_detached(raw, NULL, (unsigned char *)f->body.p + from,
	    f->body.len - from - f->cut, secret);
}

/* S is the second half of a signature, little endian. */
static void
add_order(uint8_t s[static 32])
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	    [31] = 0x10 };
	unsigned carry = 0;
	size_t i;

	for (i = 0; i < 32; i++) {
		carry += (unsigned)s[i] + order[i];
		s[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static void
seal(struct feed *f, struct ml_event *e, char text[static ML_SEAL_TEXT + 1])
{
	uint8_t raw[ML_SEAL_LEN] = { 1 };
	size_t len;

	if (ml_identity_seal(f->sealer, e, text, &f->body) == -1)
		ml_no_memory();
	if (f->malleate && sodium_base642bin(raw, sizeof raw, text,
	    ML_SEAL_TEXT, NULL, &len, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
		add_order(raw + 32);
	if (f->wrong || f->copies)
		randombytes_buf(raw, sizeof raw);
	if (f->cut > 0 || f->bare)
		sign_less(f, e, raw);
	if (f->malleate || f->neutral || f->wrong || f->copies || f->cut > 0 ||
	    f->bare)
		sodium_bin2base64(text, ML_SEAL_TEXT + 1, raw, sizeof raw,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	e->seal = (struct ml_slice){ text, ML_SEAL_TEXT };
}

static void
put(struct feed *f, struct ml_event *e)
{
	ml_event_write(e, &f->out);
	ml_buf_byte(&f->out, '\n');
	if (f->out.len >= PRINT_AT)
		ml_print(&f->out);
}

static void
one(struct feed *f, int64_t seq, int64_t from)
{
	char text[ML_SEAL_TEXT + 1];
	struct ml_event e = { .author = { f->author, strlen(f->author) },
	    .seq = seq, .hlc = { EPOCH_MS + seq, 0 },
	    .prev = ml_buf_view(&f->prev) }, bad;
	long i;

	for (i = 0; i <= f->forged; i++) {
		e.kind = seq == 1 || (seq == 2 && f->second != NULL) ?
		    (struct ml_slice){ "author.key", 10 } :
		    (struct ml_slice){ "note.add", 8 };
		put_text(f, seq, i);
		e.payload = ml_buf_view(&f->payload);
		if (ml_event_mint(&e, &f->body) != NULL)
			ml_no_memory();
		e.seal.len = 0;
		if (i == 0)
			bad = e;
		else if (seq >= from && !f->copies) {
			if (f->wrong)
				seal(f, &e, text);
			put(f, &e);
		}
	}
	put_text(f, seq, 0);
	bad.payload = ml_buf_view(&f->payload);
	for (i = 0; seq >= from && f->copies && i < f->forged; i++) {
		seal(f, &bad, text);
		put(f, &bad);
	}
	bad.seal.len = 0;
	if (seq >= from && f->forged == 0) {
		if (f->every > 0 && (seq % f->every == 0 || seq == f->to))
			seal(f, &bad, text);
		put(f, &bad);
	}
	ml_buf_clear(&f->prev);
	ml_id_write(bad.id, &f->prev);
}

static struct ml_identity *
key(const char *path)
{
	struct ml_identity *id;
	const char *why;

	if (ml_identity_read(&id, path, &why) == -1)
		ml_die(path, why);
	return id;
}

/* Each with a key that is made up of its number. */
static void
many(struct feed *f, uint32_t n, int64_t from)
{
	uint8_t private[ML_IDENTITY_LEN] = { 0 };
	char hex[ML_PUBLIC_HEX + 1];
	uint32_t i;
	int64_t seq;

	f->author = f->own;
	f->keys = hex;
	for (i = 1; i <= n; i++) {
		memcpy(private + 32, &i, sizeof i);
		if ((f->sealer = ml_identity_of(private)) == NULL)
			ml_no_memory();
		ml_author_id(ml_identity_public(f->sealer), f->own);
		sodium_bin2hex(hex, sizeof hex, ml_identity_public(f->sealer),
		    ML_PUBLIC_LEN);
		ml_buf_clear(&f->prev);
		for (seq = 1; seq <= f->to; seq++)
			one(f, seq, from);
		ml_identity_free(f->sealer);
	}
	f->sealer = f->id;
}

int
main(int argc, char *argv[])
{
	struct feed f = { .salt = "", .every = 1, .fork = 2, .bytes = 20 };
	uint32_t authors = 0;
	char hex[ML_PUBLIC_HEX + 1];
	uint8_t public[ML_PUBLIC_LEN];
	int64_t from, seq;
	int ch;

	if (sodium_init() == -1)
		ml_no_memory();
	while ((ch = getopt(argc, argv, "k:e:b:n:s:f:a:S:K:2:zmt:cw:GuN:")) != -1)
		switch (ch) {
		case 'k': f.id = key(f.path = optarg); break;
		case 'e': f.every = strtol(optarg, NULL, 10); break;
		case 'b': f.bytes = strtoul(optarg, NULL, 10); break;
		case 'n': f.name = optarg; break;
		case 's': f.salt = optarg; break;
		case 'f': f.fork = strtol(optarg, NULL, 10); break;
		case 'a': f.author = optarg; break;
		case 'S': f.sealer = key(optarg); break;
		case 'K': f.keys = optarg; break;
		case '2': f.second = optarg; break;
		case 'z': f.neutral = 1; break;
		case 'm': f.malleate = 1; break;
		case 't': f.cut = strtoul(optarg, NULL, 10); break;
		case 'c': f.bare = 1; break;
		case 'w': f.forged = strtol(optarg, NULL, 10); break;
		case 'G': f.wrong = 1; break;
		case 'u': f.copies = 1; break;
		case 'N': authors = (uint32_t)strtoul(optarg, NULL, 10); break;
		default: return ML_USAGE;
		}
	if (argc - optind != 2 || f.id == NULL ||
	    (f.text = malloc(f.bytes + 1)) == NULL)
		return ML_USAGE;
	memset(f.text, 'x', f.bytes);
	if (f.sealer == NULL)
		f.sealer = f.id;
	memcpy(public, ml_identity_public(f.id), sizeof public);
	if (f.keys != NULL && sodium_hex2bin(public, sizeof public, f.keys,
	    strlen(f.keys), NULL, NULL, NULL) == -1)
		return ML_USAGE;
	ml_author_id(public, f.own);
	if (f.author == NULL)
		f.author = f.own;
	sodium_bin2hex(hex, sizeof hex, public, sizeof public);
	if (f.keys == NULL)
		f.keys = hex;
	from = strtol(argv[optind], NULL, 10);
	f.to = strtol(argv[optind + 1], NULL, 10);
	for (seq = 1; authors == 0 && seq <= f.to; seq++)
		one(&f, seq, from);
	if (authors > 0)
		many(&f, authors, from);
	ml_print(&f.out);
	ml_identity_free(f.sealer == f.id ? NULL : f.sealer);
	ml_identity_free(f.id);
	free(f.text);
	ml_buf_free(&f.payload);
	ml_buf_free(&f.prev);
	ml_buf_free(&f.body);
	ml_buf_free(&f.out);
	ml_close_stdout();
	return ML_OK;
}

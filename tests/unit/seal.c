/* seal - ids and keys, each refusal of author.key, and forgeries */
#include <sodium.h>

#include "event.h"
#include "given.h"
#include "seal.h"
#include "unit.h"

/* The vectors of meshlog-key(5): private bytes 00..3f and ff..c0. */
static const char A_ID[] = "aca31af0441d81dbec71e82da0b4b5f5";
static const char A_PUBLIC[] =
    "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
    "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7";
static const char B_ID[] = "eb741789c8b5cb3019d8d4d363919a60";
static const char B_PUBLIC[] =
    "3ebcb692149344dc54e58160cf90bed9eea1dd14e81c8e91de557af7d7afd915"
    "414d91063323ba7b23cdf3b4409aeaceb4c928424d14e3b87211ccc807484545";
static const char A_KEY[] =
    "{\"a\":\"aca31af0441d81dbec71e82da0b4b5f5\",\"s\":1,"
    "\"h\":[1700000000000,0],\"k\":\"author.key\",\"p\":{\"key\":\""
    "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
    "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
    "\",\"name\":\"team_a\"},\"v\":\"\","
    "\"i\":\"e4cf73c55ae772e9a62fd2479695376a\",\"g\":\"vV8UNrgPA3uAZJ5t"
    "_igYmXLNpf2zgGP3mpWRqAFGOFby4eRzWyaVx7vq54a2dkIv5Qz1zqPRQLxHWHb-"
    "JoGkBg\"}";
static const char A_NOTE[] =
    "{\"a\":\"aca31af0441d81dbec71e82da0b4b5f5\",\"s\":2,"
    "\"h\":[1700000000000,1],\"k\":\"note.add\","
    "\"p\":{\"record_id\":\"R-1\",\"text\":\"well 7 is dry\"},"
    "\"v\":\"e4cf73c55ae772e9a62fd2479695376a\","
    "\"i\":\"b0661b591850072d721e3290618ff130\",\"g\":\"-rXX0U8KWu50U4sl"
    "ueFpQDBqZ8uOHmBEEBR-XHvcIG5QFcgbiMbf5qL0t_0AlKjWSD5n4om2lH4dykOY"
    "BT2vCg\"}";

static const char WRONG[] = "seal: does not verify";
static const char SPELLING[] = "seal: not 86 characters of base64url";
static const char NO_POINT[] = "a public key that is no point of Ed25519";
static const char SMALL[] = "a public key of small order in X25519";

static void
unhex(const char *hex, uint8_t *out, size_t len)
{
	if (strlen(hex) != 2 * len || sodium_hex2bin(out, len, hex, 2 * len,
	    NULL, NULL, NULL) == -1)
		abort();
}

/* The private bytes of a vector, from their first and the step to the next. */
static void
keys(uint8_t first, int step, uint8_t public[static ML_PUBLIC_LEN],
    uint8_t sign[static crypto_sign_SECRETKEYBYTES])
{
	uint8_t private[64];
	int i;

	for (i = 0; i < 64; i++)
		private[i] = (uint8_t)(first + step * i);
	crypto_scalarmult_base(public, private);
	crypto_sign_seed_keypair(public + 32, sign, private + 32);
}

static void
spell(const uint8_t signature[static ML_SEAL_LEN],
    char seal[static ML_SEAL_TEXT + 1])
{
	sodium_bin2base64(seal, ML_SEAL_TEXT + 1, signature, ML_SEAL_LEN,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
unspell(struct ml_slice seal, uint8_t signature[static ML_SEAL_LEN])
{
	size_t len;

	if (sodium_base642bin(signature, ML_SEAL_LEN, seal.p, seal.len, NULL,
	    &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == -1 ||
	    len != ML_SEAL_LEN)
		abort();
}

static void
check_ids(void)
{
	static const struct {
		const char *what, *public, *id;
	} vector[] = { { "00..3f", A_PUBLIC, A_ID },
	    { "ff..c0", B_PUBLIC, B_ID } };
	uint8_t public[ML_PUBLIC_LEN];
	char id[ML_AUTHOR_HEX];
	size_t i;

	for (i = 0; i < 2; i++) {
		unhex(vector[i].public, public, sizeof public);
		ml_author_id(public, id);
		ok(memcmp(id, vector[i].id, sizeof id) == 0, "the id of %s",
		    vector[i].what);
		ok(ml_public_check(public) == NULL, "good keys: %s",
		    vector[i].what);
		public[63] ^= 1;
		ml_author_id(public, id);
		ok(memcmp(id, vector[i].id, sizeof id) != 0,
		    "the last byte counts: %s", vector[i].what);
	}
}

static void
check_shape(void)
{
	static const struct {
		const char *id;
		int is;
	} table[] = {
		{ "aca31af0441d81dbec71e82da0b4b5f5", 1 },
		{ "00000000000000000000000000000000", 1 },
		{ "99999999999999999999999999999999", 1 },
		{ "ffffffffffffffffffffffffffffffff", 1 },
		{ "aca31af0441d81dbec71e82da0b4b5f", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5f50", 0 },
		{ "Aca31af0441d81dbec71e82da0b4b5f5", 0 },
		{ "ACA31AF0441D81DBEC71E82DA0B4B5F5", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5fg", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5f ", 0 },
		{ " ca31af0441d81dbec71e82da0b4b5f5", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5f/", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5f:", 0 },
		{ "aca31af0441d81dbec71e82da0b4b5f`", 0 },
		/* the inside of a canonical string: 27 and an escape */
		{ "ca31af0441d81dbec71e82da0b4b\\n", 0 },
		{ "aca31af0441d81dbec71e82da0\\u0661", 0 },
		{ "", 0 }, { "base", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		ok(!ml_author_is_hash(slice(table[i].id)) == !table[i].is,
		    "\"%s\" is %s", table[i].id,
		    table[i].is ? "an id" : "no id");
	ok(!ml_author_is_hash((struct ml_slice){ "aca31af0441d81dbec71e82da0"
	    "b4b5f\0", 32 }), "nor is one with a NUL");
}

/* An author.key event from its author and its payload. */
static const char *
author_key(const char *author, const char *payload,
    uint8_t public[static ML_PUBLIC_LEN])
{
	struct ml_event e = { .author = slice(author), .seq = 1,
	    .kind = slice("author.key"), .payload = slice(payload),
	    .prev = { "", 0 } };

	return ml_author_key(&e, public);
}

static void
check_author_key(void)
{
	static const char without[] = "author.key: without a key";
	static const char shape[] = "author.key: a key that is not 128 "
	    "lower-case hex digits";
	static const char other[] = "author.key: the key is not this author's";
	static const struct {
		const char *what, *author, *format, *key, *why;
	} table[] = {
		{ "the key alone", A_ID, "{\"key\":\"%s\"}", A_PUBLIC, NULL },
		{ "with a name", A_ID, "{\"key\":\"%s\",\"name\":\"x\"}",
		    A_PUBLIC, NULL },
		{ "a name that is none", A_ID, "{\"key\":\"%s\",\"name\":7}",
		    A_PUBLIC, NULL },
		{ "with more", B_ID, "{\"key\":\"%s\",\"z\":[]}", B_PUBLIC,
		    NULL },
		{ "no object", A_ID, "null", "", without },
		{ "a string", A_ID, "\"%s\"", A_PUBLIC, without },
		{ "a list", A_ID, "[\"key\",\"%s\"]", A_PUBLIC, without },
		{ "an empty object", A_ID, "{}", "", without },
		{ "another name", A_ID, "{\"Key\":\"%s\"}", A_PUBLIC, without },
		{ "one level down", A_ID, "{\"a\":{\"key\":\"%s\"}}", A_PUBLIC,
		    without },
		{ "null", A_ID, "{\"key\":null}", "", without },
		{ "a number", A_ID, "{\"key\":12}", "", without },
		{ "a list of one", A_ID, "{\"key\":[\"%s\"]}", A_PUBLIC,
		    without },
		{ "empty", A_ID, "{\"key\":\"\"}", "", shape },
		{ "short by one", A_ID, "{\"key\":\"%.127s\"}", A_PUBLIC,
		    shape },
		{ "half of it", A_ID, "{\"key\":\"%.64s\"}", A_PUBLIC, shape },
		{ "long by one", A_ID, "{\"key\":\"%s0\"}", A_PUBLIC, shape },
		{ "long by two", A_ID, "{\"key\":\"%s00\"}", A_PUBLIC, shape },
		{ "a blank behind it", A_ID, "{\"key\":\"%.127s \"}", A_PUBLIC,
		    shape },
		{ "a colon in it", A_ID, "{\"key\":\"%.127s:\"}", A_PUBLIC,
		    shape },
		{ "no hex", A_ID, "{\"key\":\"%.127sg\"}", A_PUBLIC, shape },
		{ "an escape in it", A_ID, "{\"key\":\"%.122s\\u0660\"}",
		    A_PUBLIC, shape },
		{ "B's key", A_ID, "{\"key\":\"%s\"}", B_PUBLIC, other },
		{ "A's key", B_ID, "{\"key\":\"%s\"}", A_PUBLIC, other },
		{ "an author in upper case",
		    "ACA31AF0441D81DBEC71E82DA0B4B5F5", "{\"key\":\"%s\"}",
		    A_PUBLIC, other },
		{ "an author with one digit more",
		    "aca31af0441d81dbec71e82da0b4b5f50", "{\"key\":\"%s\"}",
		    A_PUBLIC, other },
		{ "an author with one digit less",
		    "aca31af0441d81dbec71e82da0b4b5f", "{\"key\":\"%s\"}",
		    A_PUBLIC, other },
		{ "an author with a blank behind",
		    "aca31af0441d81dbec71e82da0b4b5f5 ", "{\"key\":\"%s\"}",
		    A_PUBLIC, other },
		{ "an author with a Cyrillic a",
		    "\\u0430ca31af0441d81dbec71e82da0b4b5f5",
		    "{\"key\":\"%s\"}", A_PUBLIC, other },
		{ "a plain author", "team_a", "{\"key\":\"%s\"}", A_PUBLIC,
		    other },
		{ "an author without a name", "", "{\"key\":\"%s\"}", A_PUBLIC,
		    other },
	};
	uint8_t public[ML_PUBLIC_LEN], want[ML_PUBLIC_LEN];
	char payload[512], upper[sizeof A_PUBLIC];
	const char *why;
	struct ml_event e = { .author = slice(A_ID), .seq = 1 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		snprintf(payload, sizeof payload, table[i].format,
		    table[i].key);
		memset(public, 0, sizeof public);
		why = author_key(table[i].author, payload, public);
		ok(same_reason(why, table[i].why), "%s: %s", table[i].what,
		    why != NULL ? why : "taken");
		if (table[i].why == NULL) {
			unhex(table[i].key, want, sizeof want);
			ok(memcmp(public, want, sizeof want) == 0,
			    "%s: both keys", table[i].what);
		}
	}
	/* any single digit in upper case */
	for (i = 0; i < sizeof A_PUBLIC - 1; i++) {
		memcpy(upper, A_PUBLIC, sizeof upper);
		if (upper[i] < 'a')
			continue;
		upper[i] = (char)(upper[i] - 'a' + 'A');
		snprintf(payload, sizeof payload, "{\"key\":\"%s\"}", upper);
		if (!same_reason(author_key(A_ID, payload, public), shape))
			break;
	}
	ok(i == sizeof A_PUBLIC - 1, "upper case is refused, wherever");
	e.payload = slice(payload);
	snprintf(payload, sizeof payload, "{\"key\":\"%s\"}", A_PUBLIC);
	e.payload = slice(payload);
	e.kind = slice("author.keys");
	ok(same_reason(ml_author_key(&e, public), "not an author.key"),
	    "another kind");
	e.kind = slice("");
	ok(same_reason(ml_author_key(&e, public), "not an author.key"),
	    "no kind");
}

static void
check_author_name(void)
{
	static const struct {
		const char *payload, *name;
	} table[] = {
		{ "{\"key\":\"\",\"name\":\"x\"}", "x" },
		{ "{\"name\":\"Mus\\u00e9e \\\"7\\\"\"}",
		    "Mus\\u00e9e \\\"7\\\"" },
		{ "{\"name\":\"\"}", "" }, { "{\"name\":5}", "" },
		{ "{\"name\":null}", "" }, { "{\"name\":[\"x\"]}", "" },
		{ "{\"Name\":\"x\"}", "" }, { "{}", "" }, { "[]", "" },
		{ "\"name\"", "" }, { "null", "" },
	};
	struct ml_event e = { .kind = slice("author.key") };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		e.payload = slice(table[i].payload);
		ok(ml_slice_is(ml_author_name(&e), table[i].name),
		    "the name in %s", table[i].payload);
	}
}

/* Keys that anybody could sign for, or share a secret with. */
static void
check_public(void)
{
	static const struct {
		const char *what, *key;
	} ed25519[] = {
		/* the eight points of small order */
		{ "order 1", "01000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		{ "order 2", "ecffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "order 4", "00000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		{ "order 4, the other", "00000000000000000000000000000000"
		    "00000000000000000000000000000080" },
		{ "order 8", "26e8958fc2b227b045c3f489f2ef98f0"
		    "d5dfac05d3c63339b13802886d53fc05" },
		{ "order 8, the second", "26e8958fc2b227b045c3f489f2ef98f0"
		    "d5dfac05d3c63339b13802886d53fc85" },
		{ "order 8, the third", "c7176a703d4dd84fba3c0b760d10670f"
		    "2a2053fa2c39ccc64ec7fd7792ac037a" },
		{ "order 8, the fourth", "c7176a703d4dd84fba3c0b760d10670f"
		    "2a2053fa2c39ccc64ec7fd7792ac03fa" },
		/* the same in other spellings */
		{ "y = p", "edffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "y = p, x odd", "edffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff" },
		{ "y = p + 1", "eeffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "y = p + 1, x odd", "eeffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff" },
		{ "order 1, x = -0", "01000000000000000000000000000000"
		    "00000000000000000000000000000080" },
		{ "order 2, x = -0", "ecffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff" },
		/* points of another order, spelled with y + p */
		{ "y = p + 3", "f0ffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "y = p + 4", "f1ffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "y = p + 18", "ffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		/* not on the curve at all */
		{ "y = 2", "02000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		{ "y = 7", "07000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		/* beyond the subgroup: a good point and one of order 2 */
		{ "the base point and order 2",
		    "95999999999999999999999999999999"
		    "99999999999999999999999999999999" },
		{ "A's key and order 2", "c453451ebe43350f4dd1e56b2cb2f438"
		    "c9e1ad92f401ed37686b436cdd699228" },
	}, x25519[] = {
		{ "0", "00000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		{ "1", "01000000000000000000000000000000"
		    "00000000000000000000000000000000" },
		{ "order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46a"
		    "da098deb9c32b1fd866205165f49b800" },
		{ "order 8, the other", "5f9c95bca3508c24b1d0b1559c83ef5b"
		    "04445cc4581c8e86d8224eddd09f1157" },
		{ "p - 1", "ecffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "p", "edffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
		{ "p + 1", "eeffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffff7f" },
	};
	uint8_t public[ML_PUBLIC_LEN], got[ML_PUBLIC_LEN];
	char id[ML_AUTHOR_HEX + 1] = "", payload[256];
	size_t i, top;

	for (i = 0; i < sizeof ed25519 / sizeof ed25519[0]; i++) {
		unhex(A_PUBLIC, public, sizeof public);
		unhex(ed25519[i].key, public + 32, 32);
		ok(same_reason(ml_public_check(public), NO_POINT),
		    "Ed25519, %s", ed25519[i].what);
		ml_author_id(public, id);
		snprintf(payload, sizeof payload, "{\"key\":\"%.64s%s\"}",
		    A_PUBLIC, ed25519[i].key);
		ok(same_reason(author_key(id, payload, got), NO_POINT),
		    "in author.key: Ed25519, %s", ed25519[i].what);
	}
	for (i = 0; i < sizeof x25519 / sizeof x25519[0]; i++)
		for (top = 0; top < 2; top++) {
			unhex(A_PUBLIC, public, sizeof public);
			unhex(x25519[i].key, public, 32);
			public[31] |= (uint8_t)(top << 7);
			ok(same_reason(ml_public_check(public), SMALL),
			    "X25519, %s%s", x25519[i].what,
			    top ? ", the top bit set" : "");
		}
}

/* A seal that anybody can make verifies under a weak key if one is not wary. */
static void
check_weak_key(void)
{
	static const uint8_t order[][32] = { { 1 }, { 0 }, { [31] = 0x80 } };
	struct ml_event e = { .author = slice(A_ID), .kind = slice("k"),
	    .payload = slice("null"), .seq = 1, .prev = { "", 0 } };
	uint8_t public[ML_PUBLIC_LEN], signature[ML_SEAL_LEN];
	char seal[ML_SEAL_TEXT + 1];
	struct ml_buf body = { 0 };
	size_t i, j;

	unhex(A_PUBLIC, public, sizeof public);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			memcpy(public + 32, order[i], 32);
			memset(signature, 0, sizeof signature);
			memcpy(signature, order[j], 32);
			spell(signature, seal);
			e.seal = slice(seal);
			ok(same_reason(ml_seal_verify(&e, public, &body),
			    WRONG), "no seal under weak key %zu, R %zu", i, j);
		}
	ml_buf_free(&body);
}

/* Whether this is the seal of e under A's key. */
static const char *
verify(const struct ml_event *e, struct ml_slice seal)
{
	struct ml_event with = *e;
	struct ml_buf body = { 0 };
	uint8_t public[ML_PUBLIC_LEN];
	const char *why;

	unhex(A_PUBLIC, public, sizeof public);
	with.seal = seal;
	why = ml_seal_verify(&with, public, &body);
	ml_buf_free(&body);
	return why;
}

static const char *
verify_bytes(const struct ml_event *e,
    const uint8_t signature[static ML_SEAL_LEN])
{
	char seal[ML_SEAL_TEXT + 1];

	spell(signature, seal);
	return verify(e, slice(seal));
}

/* The seal over other bytes than what is sealed. */
static const char *
verify_over(const struct ml_event *e, const void *message, size_t len,
    const uint8_t sign[static crypto_sign_SECRETKEYBYTES])
{
	uint8_t signature[ML_SEAL_LEN];

	crypto_sign_detached(signature, NULL, message, len, sign);
	return verify_bytes(e, signature);
}

static void
check_vectors(void)
{
	static const char *const line[] = { A_KEY, A_NOTE };
	struct ml_buf scratch = { 0 }, body = { 0 };
	uint8_t public[ML_PUBLIC_LEN], other[ML_PUBLIC_LEN];
	struct ml_event e;
	size_t i;

	unhex(B_PUBLIC, other, sizeof other);
	for (i = 0; i < 2; i++) {
		ok(ml_event_read(&e, slice(line[i]), &scratch) == NULL &&
		    ml_event_verify(&e, &body) == NULL, "vector %zu", i + 1);
		ok(verify(&e, e.seal) == NULL, "vector %zu: its seal", i + 1);
		ok(same_reason(ml_seal_verify(&e, other, &body), WRONG),
		    "vector %zu: under B's key", i + 1);
	}
	ml_event_read(&e, slice(A_KEY), &scratch);
	ok(ml_author_key(&e, public) == NULL, "vector 1 proves its own key");
	ok(ml_slice_is(ml_author_name(&e), "team_a"), "and gives a name");
	ok(ml_seal_verify(&e, public, &body) == NULL, "which seals it");
	ml_buf_free(&scratch);
	ml_buf_free(&body);
}

/* One part of the event after the other is not what was sealed. */
static void
check_altered(void)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e, first, bad;
	struct ml_buf other = { 0 };
	int i;

	ml_event_read(&e, slice(A_NOTE), &scratch);
	ml_event_read(&first, slice(A_KEY), &other);
	ok(same_reason(verify(&e, first.seal), WRONG),
	    "the seal of another event of the author's");
	ok(same_reason(verify(&first, e.seal), WRONG), "and the other way");
	for (i = 0; i < 9; i++) {
		bad = e;
		switch (i) {
		case 0: bad.author = slice(B_ID); break;
		case 1: bad.seq = 3; break;
		case 2: bad.hlc.wall++; break;
		case 3: bad.hlc.counter++; break;
		case 4: bad.kind = slice("note.added"); break;
		case 5:
			bad.payload = slice("{\"record_id\":\"R-1\","
			    "\"text\":\"well 7 is drY\"}");
			break;
		case 6: bad.payload = slice("null"); break;
		case 7: bad.prev = slice(""); break;
		case 8:
			bad.prev = slice("e4cf73c55ae772e9a62fd2479695376b");
			break;
		}
		ok(same_reason(verify(&bad, e.seal), WRONG),
		    "altered in its part %d", i);
	}
	bad = e;
	bad.id[0] ^= 1;
	ok(verify(&bad, e.seal) == NULL, "the id is not what is sealed");
	ml_buf_free(&scratch);
	ml_buf_free(&other);
}

static void
check_message(void)
{
	static const char want[] = "meshlog-seal-1\n"
	    "{\"author\":\"aca31af0441d81dbec71e82da0b4b5f5\","
	    "\"hlc\":[1700000000000,1],\"kind\":\"note.add\","
	    "\"payload\":{\"record_id\":\"R-1\",\"text\":\"well 7 is dry\"},"
	    "\"prev\":\"e4cf73c55ae772e9a62fd2479695376a\",\"seq\":2}";
	struct ml_buf message = { 0 }, scratch = { 0 }, other = { 0 };
	uint8_t public[ML_PUBLIC_LEN], sign[crypto_sign_SECRETKEYBYTES];
	uint8_t b_public[ML_PUBLIC_LEN], b_sign[crypto_sign_SECRETKEYBYTES];
	const size_t context = strlen(ML_SEAL_CONTEXT);
	struct ml_event e;

	keys(0, 1, public, sign);
	keys(0xff, -1, b_public, b_sign);
	ml_event_read(&e, slice(A_NOTE), &scratch);
	ml_buf_str(&message, "what was here before");
	ml_seal_message(&e, &message);
	ok(holds(&message, want), "what is signed");
	ok(verify_over(&e, message.p, message.len, sign) == NULL,
	    "signed by A");
	ok(same_reason(verify_over(&e, message.p, message.len, b_sign), WRONG),
	    "signed by B");
	ok(same_reason(verify_over(&e, message.p, message.len - 1, sign),
	    WRONG), "a body cut by its last byte");
	ok(same_reason(verify_over(&e, message.p, context, sign), WRONG),
	    "the context alone");
	ok(same_reason(verify_over(&e, message.p, 0, sign), WRONG),
	    "nothing at all");
	ok(same_reason(verify_over(&e, message.p + context,
	    message.len - context, sign), WRONG), "without the context");
	ok(same_reason(verify_over(&e, e.id, sizeof e.id, sign), WRONG),
	    "the id instead");
	ml_buf_slice(&other, ml_buf_view(&message));
	ml_buf_byte(&other, '\n');
	ok(same_reason(verify_over(&e, other.p, other.len, sign), WRONG),
	    "a newline too many");
	other.len--;
	other.p[context - 2] = '2';
	ok(same_reason(verify_over(&e, other.p, other.len, sign), WRONG),
	    "the context of another version");
	ml_buf_clear(&other);
	ml_buf_str(&other, "meshlog-seal-1");
	ml_buf_add(&other, message.p + context, message.len - context);
	ok(same_reason(verify_over(&e, other.p, other.len, sign), WRONG),
	    "the context without its newline");
	ml_buf_free(&message);
	ml_buf_free(&scratch);
	ml_buf_free(&other);
}

/* Add n times L, the order of the group, to S: the equation still holds. */
static int
malleate(uint8_t signature[static ML_SEAL_LEN], int n)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	    [31] = 0x10 };
	unsigned carry = 0, i;

	while (n-- > 0) {
		carry = 0;
		for (i = 0; i < 32; i++) {
			carry += (unsigned)signature[32 + i] + order[i];
			signature[32 + i] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	return carry == 0;
}

static void
check_forged(void)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	uint8_t right[ML_SEAL_LEN], bad[ML_SEAL_LEN];
	size_t i, taken = 0;
	int n;

	ml_event_read(&e, slice(A_NOTE), &scratch);
	unspell(e.seal, right);
	ok(verify_bytes(&e, right) == NULL, "the seal, spelled anew");
	for (i = 0; i < 8 * sizeof bad; i++) {
		memcpy(bad, right, sizeof bad);
		bad[i / 8] ^= (uint8_t)(1 << i % 8);
		taken += !same_reason(verify_bytes(&e, bad), WRONG);
	}
	ok(taken == 0, "%zu of 512 flipped bits are taken", taken);
	for (n = 1; n <= 14; n++) {
		memcpy(bad, right, sizeof bad);
		ok(malleate(bad, n) && same_reason(verify_bytes(&e, bad),
		    WRONG), "S + %d L", n);
	}
	memset(bad, 0, sizeof bad);
	ok(same_reason(verify_bytes(&e, bad), WRONG), "zeros");
	memset(bad, 0xff, sizeof bad);
	ok(same_reason(verify_bytes(&e, bad), WRONG), "ones");
	memcpy(bad, right + 32, 32);
	memcpy(bad + 32, right, 32);
	ok(same_reason(verify_bytes(&e, bad), WRONG), "S before R");
	memcpy(bad, right, sizeof bad);
	memset(bad, 0, 32);
	ok(same_reason(verify_bytes(&e, bad), WRONG), "R of small order");
	ml_buf_free(&scratch);
}

/* ml_event_read() lets none of these through; they are refused here too. */
static void
check_spelling(void)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	char seal[ML_SEAL_TEXT + 3];
	struct ml_slice s = { seal, ML_SEAL_TEXT };
	static const char last[] = "BCDEFGHIJKLMNOPRSTUVWXYZabcdefhijklmnopqr"
	    "stuvxyz0123456789-_";
	static const char wrong[] = "+/=. \n%";
	size_t i, taken = 0;

	ml_event_read(&e, slice(A_NOTE), &scratch);
	ok(same_reason(verify(&e, (struct ml_slice){ "", 0 }), SPELLING),
	    "no seal");
	memcpy(seal, e.seal.p, ML_SEAL_TEXT);
	s.len = ML_SEAL_TEXT - 1;
	ok(same_reason(verify(&e, s), SPELLING), "one character less");
	memcpy(seal + ML_SEAL_TEXT, "==", 3);
	s.len = ML_SEAL_TEXT + 2;
	ok(same_reason(verify(&e, s), SPELLING), "padding");
	seal[ML_SEAL_TEXT] = 'A';
	s.len = ML_SEAL_TEXT + 1;
	ok(same_reason(verify(&e, s), SPELLING), "one character more");
	s.len = ML_SEAL_TEXT;
	for (i = 0; i < sizeof last - 1; i++) {
		seal[ML_SEAL_TEXT - 1] = last[i];
		taken += !same_reason(verify(&e, s), SPELLING);
	}
	ok(taken == 0, "%zu spellings with spare bits are taken", taken);
	for (i = 0; i < sizeof wrong - 1; i++) {
		memcpy(seal, e.seal.p, ML_SEAL_TEXT);
		seal[20] = wrong[i];
		ok(same_reason(verify(&e, s), SPELLING),
		    "character 0x%02x", (unsigned char)wrong[i]);
	}
	ml_buf_free(&scratch);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_ids();
	check_shape();
	check_author_key();
	check_author_name();
	check_public();
	check_weak_key();
	check_vectors();
	check_altered();
	check_message();
	check_forged();
	check_spelling();
	return unit_done();
}

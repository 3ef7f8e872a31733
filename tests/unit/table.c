/* table - newest first through every growth, removal, and the hash itself */
#include <sodium.h>

#include "given.h"
#include "table.h"
#include "unit.h"

enum { MANY = 20000, HASHES = 300 };

/* Hashes that are alike in their low bits, where buckets are told apart. */
static uint64_t
hash_of(uint32_t index)
{
	return (uint64_t)(index % HASHES) << 10;
}

/* Are exactly those below n that are not gone found, newest first? */
static int
finds(const struct ml_table *t, uint32_t n, const char *gone)
{
	uint32_t hash, i, at;

	for (hash = 0; hash < HASHES; hash++) {
		at = ml_table_first(t, hash_of(hash));
		for (i = n; i-- > 0;) {
			if (i % HASHES != hash || gone[i])
				continue;
			if (at != i)
				return 0;
			at = ml_table_next(t, at);
		}
		if (at != ML_TABLE_NONE)
			return 0;
	}
	return 1;
}

static void
check_growth(void)
{
	static char gone[MANY];
	struct ml_table t = { 0 };
	uint32_t i;
	int right = 1;

	ok(ml_table_first(&t, 5) == ML_TABLE_NONE &&
	    ml_table_expect(&t, 5) == ML_TABLE_NONE, "an empty table");
	for (i = 0; i < MANY; i++) {
		right &= ml_table_add(&t, hash_of(i), i) == 0 &&
		    ml_table_first(&t, hash_of(i)) == i;
		/* around each growth and now and then */
		if ((i & (i + 1)) == 0 || (i & (i - 1)) == 0 || i % 4999 == 0)
			right &= finds(&t, i + 1, gone);
	}
	ok(right, "newest first, through every growth");
	ok(ml_table_first(&t, hash_of(1) + 1) == ML_TABLE_NONE,
	    "a hash that nobody has");
	for (i = 0; i < MANY; i += 3) {
		ml_table_remove(&t, i);
		gone[i] = 1;
	}
	ok(finds(&t, MANY, gone), "a third is removed, the order stays");
	for (i = 0; i < MANY; i++)
		if (!gone[i]) {
			ml_table_remove(&t, i);
			gone[i] = 1;
		}
	ok(finds(&t, MANY, gone) && t.used == 0, "all are removed");
	for (i = 0; i < MANY; i += 2) {
		ml_table_add(&t, hash_of(i), i);
		gone[i] = 0;
	}
	ok(finds(&t, MANY, gone), "and some are back");
	ml_table_free(&t);
	ok(ml_table_first(&t, hash_of(0)) == ML_TABLE_NONE,
	    "freed, it is an empty one");
}

/* Indices need not come in order: holes are filled. */
static void
check_reuse(void)
{
	struct ml_table t = { 0 };

	ml_table_add(&t, 7, 1000);
	ml_table_add(&t, 7, 3);
	ml_table_add(&t, 7, 500);
	ok(ml_table_first(&t, 7) == 500 && ml_table_next(&t, 500) == 3 &&
	    ml_table_next(&t, 3) == 1000 &&
	    ml_table_next(&t, 1000) == ML_TABLE_NONE,
	    "newest is by coming, not by index");
	ok(ml_table_expect(&t, 7) == 500 &&
	    ml_table_expect(&t, 8) == ML_TABLE_NONE, "what is expected");
	ml_table_remove(&t, 3);
	ok(ml_table_next(&t, 500) == 1000, "taken out of the middle");
	ml_table_add(&t, 7 + 64, 3);
	ok(ml_table_first(&t, 7) == 500 && ml_table_first(&t, 7 + 64) == 3 &&
	    ml_table_next(&t, 3) == ML_TABLE_NONE,
	    "an index comes back with another hash of its bucket");
	ml_table_free(&t);
}

/* SipHash-2-4's own example: key 00..0f, message 00..0e. */
static void
check_hash(void)
{
	uint8_t key[ML_TABLE_KEY_LEN], message[15];
	uint64_t hash;
	size_t i;

	for (i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	memcpy(message, key, sizeof message);
	hash = ml_table_hash(key, message, sizeof message);
	ok(hash == UINT64_C(0xa129ca6149be45e5), "SipHash-2-4");
	key[0] = 1;
	ok(ml_table_hash(key, message, sizeof message) != hash,
	    "another key, another hash");
	ok(ml_table_hash(key, "", 0) == ml_table_hash(key, message, 0),
	    "nothing has a hash too");
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_growth();
	check_reuse();
	check_hash();
	return unit_done();
}

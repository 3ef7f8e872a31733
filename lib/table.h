/*
 * table - find small numbers (indices into an array of the caller's) by hash.
 * Several may share a hash: the caller compares.  Pure; the hash should be
 * keyed where a peer chooses what is hashed.
 */
#ifndef ML_TABLE_H
#define ML_TABLE_H
#include <stddef.h>
#include <stdint.h>

#define ML_TABLE_NONE UINT32_MAX
#define ML_TABLE_KEY_LEN 16		/* bytes */

struct ml_table {
	uint32_t *bucket;
	struct ml_table_link {
		uint64_t hash;
		uint32_t next;
	} *link;			/* by index */
	size_t buckets;			/* a power of two, or 0 */
	size_t links, used;
};

/* SipHash-2-4 of bytes under a key. */
uint64_t ml_table_hash(const uint8_t key[static ML_TABLE_KEY_LEN],
    const void *p, size_t len);
/* 0, or -1 with errno ENOMEM and the table as it was. */
int ml_table_add(struct ml_table *t, uint64_t hash, uint32_t index);
/* The newest index of that hash, and the next older; ML_TABLE_NONE at the end. */
uint32_t ml_table_first(const struct ml_table *t, uint64_t hash);
uint32_t ml_table_next(const struct ml_table *t, uint32_t index);
/*
 * That hash will soon be asked for: fetch from memory what that takes.  What is
 * likely to be the answer, for the caller to do the same, or ML_TABLE_NONE.
 */
uint32_t ml_table_expect(const struct ml_table *t, uint64_t hash);
/* Time: the entries of its bucket that are newer. */
void ml_table_remove(struct ml_table *t, uint32_t index);
void ml_table_free(struct ml_table *t);
#endif

/*
 * words - texts that come again and again: each is kept once and known by its
 * number, 0, 1, 2, ...  Before each stand the bytes of what it is the name of.
 * Pure.
 */
#ifndef ML_WORDS_H
#define ML_WORDS_H
#include "buf.h"
#include "pool.h"
#include "table.h"

#define ML_WORDS_NONE UINT32_MAX
#define ML_WORDS_GUESSES 256

struct ml_word {
	uint32_t len;
	char text[];
};

struct ml_words {
	const uint8_t *key;		/* of the table; borrowed */
	struct ml_pool *pool;		/* borrowed: the texts are there */
	size_t front;			/* bytes before each, aligned */
	struct ml_word **word;
	size_t n, room;
	struct ml_table by_text;
	uint32_t guess[ML_WORDS_GUESSES];	/* what was asked for last */
};

/* front is a multiple of the size of a pointer; its bytes begin as zeros. */
void ml_words_init(struct ml_words *w,
    const uint8_t key[static ML_TABLE_KEY_LEN], struct ml_pool *pool,
    size_t front);
void ml_words_free(struct ml_words *w);	/* the texts go with the pool */
/* The number of a text, or ML_WORDS_NONE. */
uint32_t ml_words_find(const struct ml_words *w, struct ml_slice text);
/* The same, a new one if need be; ML_WORDS_NONE: no memory. */
uint32_t ml_words_number(struct ml_words *w, struct ml_slice text);

static inline struct ml_slice
ml_word_text(const struct ml_word *w)
{
	return (struct ml_slice){ w->text, w->len };
}
#endif

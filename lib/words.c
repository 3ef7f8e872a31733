/* words - texts that come again and again, by number */
#include <stdlib.h>
#include <string.h>

#include "words.h"

void
ml_words_init(struct ml_words *w, const uint8_t key[static ML_TABLE_KEY_LEN],
    struct ml_pool *pool, size_t front)
{
	*w = (struct ml_words){ .key = key, .pool = pool, .front = front };
}

void
ml_words_free(struct ml_words *w)
{
	free(w->word);
	ml_table_free(&w->by_text);
}

static int
is(const struct ml_words *w, uint32_t i, struct ml_slice text)
{
	return ml_slice_same(ml_word_text(w->word[i]), text);
}

/* A place among the guesses: mostly another one for another text. */
static size_t
guess_of(struct ml_slice text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t n = text.len;

	return n < 2 ? n : (n + 5 * p[0] + 3 * p[n / 2] + 31 * p[n - 2] +
	    7 * p[n - 1]) % ML_WORDS_GUESSES;
}

static uint64_t
hash_of(const struct ml_words *w, struct ml_slice text)
{
	return ml_table_hash(w->key, text.p, text.len);
}

static uint32_t
find_hash(const struct ml_words *w, struct ml_slice text, uint64_t hash)
{
	uint32_t i = ml_table_first(&w->by_text, hash);

	while (i != ML_TABLE_NONE && !is(w, i, text))
		i = ml_table_next(&w->by_text, i);
	return i == ML_TABLE_NONE ? ML_WORDS_NONE : i;
}

uint32_t
ml_words_find(const struct ml_words *w, struct ml_slice text)
{
	return find_hash(w, text, hash_of(w, text));
}

static int
grow(struct ml_words *w)
{
	size_t room = w->room != 0 ? w->room * 2 : 16;
	struct ml_word **more = realloc(w->word, room * sizeof *more);

	if (more == NULL)
		return -1;
	w->word = more;
	w->room = room;
	return 0;
}

static uint32_t
add(struct ml_words *w, struct ml_slice text, uint64_t hash)
{
	struct ml_word *new;
	char *piece;

	if (w->n >= ML_WORDS_NONE || text.len > UINT32_MAX ||
	    (w->n == w->room && grow(w) == -1) ||
	    (piece = ml_pool_keep(w->pool, w->front + sizeof *new +
	    text.len)) == NULL ||
	    ml_table_add(&w->by_text, hash, (uint32_t)w->n) == -1)
		return ML_WORDS_NONE;
	memset(piece, 0, w->front);
	new = (struct ml_word *)(void *)(piece + w->front);
	new->len = (uint32_t)text.len;
	memcpy(new->text, text.p, text.len);
	w->word[w->n] = new;
	return (uint32_t)w->n++;
}

uint32_t
ml_words_number(struct ml_words *w, struct ml_slice text)
{
	uint32_t *guess = &w->guess[guess_of(text)], i = *guess;
	uint64_t hash;

	if (i < w->n && is(w, i, text))
		return i;
	hash = hash_of(w, text);
	if ((i = find_hash(w, text, hash)) == ML_WORDS_NONE &&
	    (i = add(w, text, hash)) == ML_WORDS_NONE)
		return ML_WORDS_NONE;
	return *guess = i;
}

/* keywords - which of a few words a stream of bytes holds */
#include "keywords.h"

void
ml_keywords_begin(struct ml_keywords *k, const char *const *word, size_t n)
{
	*k = (struct ml_keywords){ .word = word, .n = n };
}

static int
contains(const char *p, size_t len, const char *word, size_t n)
{
	const char *end = p + len;

	while ((size_t)(end - p) >= n) {
		p = memchr(p, *word, (size_t)(end - p) - n + 1);
		if (p == NULL)
			return 0;
		if (memcmp(p, word, n) == 0)
			return 1;
		p++;
	}
	return 0;
}

static void
look(struct ml_keywords *k, const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (!(k->found >> i & 1) &&
		    contains(p, len, k->word[i], strlen(k->word[i])))
			k->found |= UINT64_C(1) << i;
}

void
ml_keywords_feed(struct ml_keywords *k, const char *p, size_t len)
{
	char seam[2 * ML_KEYWORDS_LEN_MAX];
	size_t head = len < sizeof k->tail ? len : sizeof k->tail;

	if (k->n == 0 || len == 0)
		return;
	memcpy(seam, k->tail, k->tail_len);
	memcpy(seam + k->tail_len, p, head);
	look(k, seam, k->tail_len + head);
	look(k, p, len);
	/* what may be the beginning of a word that goes on */
	if (len >= sizeof k->tail) {
		memcpy(k->tail, p + len - sizeof k->tail, sizeof k->tail);
		k->tail_len = sizeof k->tail;
		return;
	}
	len += k->tail_len;
	k->tail_len = len < sizeof k->tail ? len : sizeof k->tail;
	memcpy(k->tail, seam + len - k->tail_len, k->tail_len);
}

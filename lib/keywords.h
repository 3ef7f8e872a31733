/*
 * keywords - which of a few words a stream of bytes holds, wherever it is cut
 * into pieces.  Pure.
 */
#ifndef ML_KEYWORDS_H
#define ML_KEYWORDS_H
#include <stdint.h>
#include "buf.h"

#define ML_KEYWORDS_MAX 64		/* words */
#define ML_KEYWORDS_LEN_MAX 256		/* bytes of one */

struct ml_keywords {
	const char *const *word;	/* borrowed; each of 1 byte or more */
	size_t n;
	uint64_t found;			/* a bit for each */
	char tail[ML_KEYWORDS_LEN_MAX];	/* the stream's last bytes */
	size_t tail_len;
};

/* The stream begins. */
void ml_keywords_begin(struct ml_keywords *k, const char *const *word,
    size_t n);
/* Its next bytes. */
void ml_keywords_feed(struct ml_keywords *k, const char *p, size_t len);
#endif

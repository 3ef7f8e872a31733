/*
 * integers - a text of whole numbers, in pieces as they come: one a line, with
 * blanks around it, or a JSON list of them.  Pure.
 */
#ifndef ML_INTEGERS_H
#define ML_INTEGERS_H
#include "buf.h"

#define ML_INTEGERS_LEAST (-INT64_C(2147483648))	/* -2^31 */
#define ML_INTEGERS_MOST INT64_C(2147483648)
#define ML_INTEGERS_DIGITS_MAX 32	/* with leading zeros */

struct ml_integers {
	uint64_t line;			/* of what was read last, from 1 */
	int64_t value;			/* of the digits so far, without a sign */
	unsigned digits;
	int minus;
	/* 0: no byte that is no blank so far; '\n': lines; ',': a list, where a
	 * comma or its end is due; '[', 'v': where a number may, or must be due;
	 * ']': behind its end */
	char place;
	int has_one;			/* of this line */
};

/*
 * Take bytes from the front of text, up to the end of a number: 1 and the
 * number; 0: the text is used up; -1: *why says what is wrong with line.
 */
int ml_integers_next(struct ml_integers *s, struct ml_slice *text, int64_t *v,
    const char **why);
/* The text has ended: the same, for what stands last. */
int ml_integers_end(struct ml_integers *s, int64_t *v, const char **why);
#endif

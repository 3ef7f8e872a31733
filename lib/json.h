/*
 * json - step through a value that ml_canon_skip() has accepted: the members
 * of an object, the elements of an array, as slices of the text.  Pure.
 */
#ifndef ML_JSON_H
#define ML_JSON_H
#include "buf.h"

struct ml_json {
	const char *p, *end;
};

/* The first byte from p on that is no blank, or end. */
const char *ml_json_skip_blanks(const char *p, const char *end);
/* The object or array that text is.  Its text is borrowed. */
struct ml_json ml_json_enter(struct ml_slice text);
/*
 * The next member or element: 1, or 0 at the end.  key is a string's inside as
 * it stands in the text (escapes and all), empty in an array; value has no
 * blanks around it.
 */
int ml_json_next(struct ml_json *j, struct ml_slice *key,
    struct ml_slice *value);
/* Whether a key means this name, which is of ASCII letters and digits. */
int ml_json_key_is(struct ml_slice key, const char *name);
/* The member of that name, the last if there are several; 0 if none. */
int ml_json_member(struct ml_slice object, const char *name,
    struct ml_slice *value);
#endif

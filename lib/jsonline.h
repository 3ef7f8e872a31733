/*
 * jsonline - a value of jansson's as a line of text.  Pure.
 */
#ifndef ML_JSONLINE_H
#define ML_JSONLINE_H
#include <jansson.h>

#include "buf.h"

/* Appended, and freed; flags are those of json_dumps().  No memory, or no value:
 * ml_buf_failed(). */
void ml_jsonline_put(struct ml_buf *out, json_t *value, size_t flags);
#endif

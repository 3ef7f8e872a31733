/*
 * frameline - a frame as a line of text: base64url without padding, then
 * remarks, each behind a tab.  Pure.  Source: meshlog-radio(7); RFC 4648, 5.
 */
#ifndef ML_FRAMELINE_H
#define ML_FRAMELINE_H
#include "buf.h"

/*
 * The frame of a line that has no newline, appended to out: NULL, or why it is
 * none.  max: bytes that a frame may have.  Remarks are for people; an empty
 * line is no frame either.
 */
const char *ml_frameline_read(struct ml_buf *out, struct ml_slice line,
    size_t max);
/* Append the frame, without a newline. */
void ml_frameline_write(struct ml_buf *out, struct ml_slice frame);
#endif

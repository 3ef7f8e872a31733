/*
 * outlet - lines written to a pipe as far as its reader takes them, so that two
 * programs which write to each other do not both wait for ever.
 */
#ifndef ML_OUTLET_H
#define ML_OUTLET_H
#include "buf.h"

/*
 * Write what can be without waiting, and take it from b; wait while more than
 * so many bytes are left.  0, or -1 with errno.
 */
int ml_outlet_write(int fd, struct ml_buf *b, size_t left);
#endif

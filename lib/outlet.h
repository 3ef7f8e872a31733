/*
 * outlet - what is said to a peer, written as far as it reads, and never waited
 * for: who says it has other things to do.
 */
#ifndef ML_OUTLET_H
#define ML_OUTLET_H
#include <sys/types.h>

#include "buf.h"

struct ml_outlet {
	int fd;				/* borrowed, but for stdout opened anew */
	int is_socket;
	int blocks;			/* a pipe that waits where it is full */
	int is_lost;			/* nobody reads any more */
	struct ml_buf text;		/* to be written; who has more adds it */
	size_t written;			/* of that */
};

/* To a descriptor that does not block. */
struct ml_outlet ml_outlet_of(int fd);
/* To stdout, whatever that is; what others share of it stays as it is. */
struct ml_outlet ml_outlet_stdout(void);
void ml_outlet_free(struct ml_outlet *o);
/* Bytes that are not written yet. */
size_t ml_outlet_len(const struct ml_outlet *o);
/* Write some, when poll() says so: how many, or -1 with errno.  Where nobody
 * reads any more that is 0, and is_lost is set. */
ssize_t ml_outlet_write(struct ml_outlet *o);
/* Write the rest: 1; 0 if nothing was read for so many ms; -1 with errno. */
int ml_outlet_flush(struct ml_outlet *o, int ms);
#endif

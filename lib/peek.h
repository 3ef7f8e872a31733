/*
 * peek - a stream that is read and not taken away before that is said: who is
 * killed in between, leaves it in the pipe or the file for who reads on there.
 *
 * That is so of files, and of pipes where there is tee(2), as on Linux; what is
 * read of anything else is taken away at once.
 */
#ifndef ML_PEEK_H
#define ML_PEEK_H
#include <stdint.h>
#include <sys/types.h>

struct ml_peek {
	int fd;				/* borrowed */
	int is_file;
	uint64_t at;			/* of a file: its offset */
	int copy[2];			/* of a pipe, what is read; or -1 */
	size_t ahead;			/* bytes read, and not taken away */
};

struct ml_peek ml_peek_of(int fd);
void ml_peek_close(struct ml_peek *p);
/* As ml_file_read(), when nothing is ahead. */
ssize_t ml_peek_read(struct ml_peek *p, void *to, size_t len);
/* Take away what was read, but for the last bytes of it.  0, or -1 with errno. */
int ml_peek_take(struct ml_peek *p, size_t but);
#endif

/*
 * sorted - the numbers of a file, sorted into another one that can be asked for
 * the i-th: in bounded memory, without comparing any two.
 */
#ifndef ML_SORTED_H
#define ML_SORTED_H
#include <stddef.h>
#include <stdint.h>

#define ML_SORTED_BATCH 65536		/* numbers in memory at a time */

struct ml_sorted {
	int fd;
	uint64_t count;
	uint64_t *batch;		/* owned: numbers of the file */
	uint64_t first;			/* the first of them */
	size_t n;
};

/*
 * Read data (as integers.h says), sort, and put the file in place of what path
 * is.  0, or -1: *why and *line of data say what is wrong with it, or, with *why
 * NULL, errno does, of data if *line is not 0, else of path.
 */
int ml_sorted_make(const char *data, const char *path, uint64_t *line,
    const char **why);
/* What was made.  0, or -1 with errno. */
int ml_sorted_open(struct ml_sorted *s, const char *path);
/* The i-th, from 0, of which there are count: its distance from -2^31.  0, or
 * -1 with errno. */
int ml_sorted_get(struct ml_sorted *s, uint64_t i, uint64_t *v);
void ml_sorted_close(struct ml_sorted *s);
#endif

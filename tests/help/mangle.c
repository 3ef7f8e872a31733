/*
 * mangle FILE SEED [FROM] - damage a file in place, behind FROM bytes, as the
 * seed says: bits flipped, bytes zeroed, copied from elsewhere in it, made up,
 * cut off, added.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/given.h"

#define RUN_MAX 600			/* bytes in a row */

int
main(int argc, char *argv[])
{
	uint64_t state;
	struct stat st;
	size_t from, size, at, to, n, i, k, times;
	char *p;
	FILE *f;

	if (argc < 3 || (f = fopen(argv[1], "r+")) == NULL ||
	    fstat(fileno(f), &st) == -1)
		return 2;
	state = strtoul(argv[2], NULL, 10);
	from = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	size = (size_t)st.st_size;
	if (size <= from || (p = malloc(size)) == NULL ||
	    fread(p, 1, size, f) != size)
		err(111, "%s", argv[1]);
	times = 1 + given_below(&state, 4) % 3;
	for (i = 0; i < times; i++) {
		at = from + given_below(&state, size - from);
		to = from + given_below(&state, size - from);
		n = 1 + given_below(&state, RUN_MAX);
		n = at + n > size ? size - at : n;
		n = to + n > size ? size - to : n;
		switch (given_below(&state, 12)) {
		case 0: memset(p + at, 0, n); break;
		case 1: memmove(p + to, p + at, n); break;
		case 2:
			for (k = 0; k < n; k++)
				p[at + k] = (char)given_random(&state);
			break;
		case 3:
			if (given_below(&state, 4) == 0 && at > from)
				size = at;
			break;
		case 4:		/* a number, one more or less */
			p[at] = (char)(p[at] + (given_below(&state, 2) ? 1 :
			    -1));
			break;
		default:
			p[at] ^= (char)(1 << given_below(&state, 8));
		}
	}
	rewind(f);
	if (fwrite(p, 1, size, f) != size ||
	    (given_below(&state, 20) == 0 && fputs("more", f) == EOF) ||
	    fflush(f) == EOF ||
	    (size < (size_t)st.st_size && ftruncate(fileno(f), (off_t)size) == -1))
		err(111, "%s", argv[1]);
	fclose(f);
	free(p);
	return 0;
}

/*
 * sorted - the numbers of a file, sorted into another one
 *
 * What fits into one batch is sorted in memory.  Of more, all digits are
 * counted while they are read; then they are copied from one file to another
 * and back, once for each digit, each number to where its digit's come next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "integers.h"
#include "radix.h"
#include "sorted.h"

#define SIZE sizeof(uint64_t)
#define GATHERED 64			/* numbers with a digit, then written */
#define CHUNK (64 * 1024)		/* bytes of the data read at a time */
#define BEFORE 1024			/* numbers kept before one asked for */

struct sorter {
	struct ml_integers text;
	struct ml_radix radix;
	uint64_t total;			/* numbers so far */
	size_t n;			/* of them, those in the batch */
	uint64_t batch[ML_SORTED_BATCH];
	union {
		uint64_t batch[ML_SORTED_BATCH];
		uint64_t digit[ML_RADIX_SIZE][GATHERED];
	} other;
	unsigned gathered[ML_RADIX_SIZE];
	char *name[2];			/* of the files between which they go */
	int fd[2];
	int has_read;			/* what fails now is not the data */
};

static int
make_files(struct sorter *s)
{
	int i;

	for (i = 0; i < 2; i++)
		if ((s->fd[i] = open(s->name[i], O_RDWR | O_CREAT | O_TRUNC |
		    O_CLOEXEC | O_NOFOLLOW, 0600)) == -1)
			return -1;
	return 0;
}

/* The batch is full, or the last one of several. */
static int
put_batch(struct sorter *s)
{
	if (s->fd[0] == -1 && make_files(s) == -1)
		return -1;
	ml_radix_count(&s->radix, s->batch, s->n);
	if (ml_file_write(s->fd[0], s->batch, s->n * SIZE) == -1)
		return -1;
	s->n = 0;
	return 0;
}

static int
take(struct sorter *s, int64_t v)
{
	if (s->n == ML_SORTED_BATCH && put_batch(s) == -1) {
		s->has_read = 1;
		return -1;
	}
	s->batch[s->n++] = (uint64_t)(v - ML_INTEGERS_LEAST);
	s->total++;
	return 0;
}

static int
read_data(struct sorter *s, int fd, const char **why)
{
	char bytes[CHUNK];
	struct ml_slice text;
	int64_t v;
	ssize_t n;
	int rc;

	while ((n = ml_file_read(fd, bytes, sizeof bytes)) > 0) {
		text = (struct ml_slice){ bytes, (size_t)n };
		while ((rc = ml_integers_next(&s->text, &text, &v, why)) == 1)
			if (take(s, v) == -1)
				return -1;
		if (rc == -1)
			return -1;
	}
	if (n == -1)
		return -1;
	rc = ml_integers_end(&s->text, &v, why);
	return rc == 1 ? take(s, v) : rc;
}

/* Those that were gathered with a digit. */
static int
put_digit(struct sorter *s, int fd, unsigned place, unsigned digit)
{
	unsigned n = s->gathered[digit];

	if (n > 0 && ml_file_write_at(fd, s->other.digit[digit], n * SIZE,
	    s->radix.count[place][digit] * SIZE) == -1)
		return -1;
	s->radix.count[place][digit] += n;
	s->gathered[digit] = 0;
	return 0;
}

/* Copy all from the first file to the second, in the order of a digit. */
static int
pass(struct sorter *s, unsigned place)
{
	uint64_t at;
	unsigned digit;
	ssize_t n;
	size_t i;

	for (at = 0; at < s->total; at += s->n) {
		n = ml_file_read_at(s->fd[0], s->batch, sizeof s->batch,
		    at * SIZE);
		if (n <= 0)
			return -1;
		s->n = (size_t)n / SIZE;
		for (i = 0; i < s->n; i++) {
			digit = ml_radix_digit(s->batch[i], place);
			s->other.digit[digit][s->gathered[digit]++] =
			    s->batch[i];
			if (s->gathered[digit] == GATHERED &&
			    put_digit(s, s->fd[1], place, digit) == -1)
				return -1;
		}
	}
	for (digit = 0; digit < ML_RADIX_SIZE; digit++)
		if (put_digit(s, s->fd[1], place, digit) == -1)
			return -1;
	return 0;
}

static void
swap_files(struct sorter *s)
{
	char *name = s->name[0];
	int fd = s->fd[0];

	s->name[0] = s->name[1], s->fd[0] = s->fd[1];
	s->name[1] = name, s->fd[1] = fd;
}

/* All that was read lies in the first file, but for the last batch. */
static int
sort_files(struct sorter *s, const char *path)
{
	unsigned place;

	if (put_batch(s) == -1)
		return -1;
	for (place = 0; place < ML_RADIX_DIGITS; place++) {
		if (!ml_radix_places(&s->radix, place))
			continue;
		if (pass(s, place) == -1)
			return -1;
		swap_files(s);
	}
	if (ml_file_sync(s->fd[0]) == -1 || rename(s->name[0], path) == -1)
		return -1;
	return unlink(s->name[1]) == -1 ? -1 : ml_file_sync_dir(path);
}

static int
sort_batch(struct sorter *s, const char *path)
{
	ml_radix_sort(&s->radix, s->batch, s->other.batch, s->n);
	return ml_file_put(path, s->batch, s->n * SIZE);
}

/* The disk may be full: what is of no use is not left there. */
static void
remove_files(struct sorter *s)
{
	int error = errno, i;

	for (i = 0; i < 2; i++)
		if (s->fd[i] != -1)
			unlink(s->name[i]);
	errno = error;
}

static void
free_sorter(struct sorter *s)
{
	int error = errno, i;

	for (i = 0; i < 2; i++) {
		if (s->fd[i] != -1)
			close(s->fd[i]);
		free(s->name[i]);
	}
	free(s);
	errno = error;
}

int
ml_sorted_make(const char *data, const char *path, uint64_t *line,
    const char **why)
{
	struct sorter *s = calloc(1, sizeof *s);
	int fd = -1, rc = -1;

	*why = NULL;
	*line = 0;
	if (s == NULL)
		return -1;
	s->fd[0] = s->fd[1] = -1;
	s->name[0] = ml_file_beside(path, ".1");
	s->name[1] = ml_file_beside(path, ".2");
	if (s->name[0] == NULL || s->name[1] == NULL) {
		free_sorter(s);
		return -1;
	}
	s->text.line = *line = 1;
	if ((fd = open(data, O_RDONLY | O_CLOEXEC)) == -1 ||
	    read_data(s, fd, why) == -1)
		*line = s->has_read ? 0 : s->text.line;
	else {
		*line = 0;
		rc = s->fd[0] != -1 ? sort_files(s, path) : sort_batch(s, path);
	}
	if (fd != -1)
		close(fd);
	if (rc == -1)
		remove_files(s);
	free_sorter(s);
	return rc;
}

int
ml_sorted_open(struct ml_sorted *s, const char *path)
{
	struct stat st;

	*s = (struct ml_sorted){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (s->fd == -1)
		return -1;
	if (fstat(s->fd, &st) == -1 || (s->batch = malloc(ML_SORTED_BATCH *
	    SIZE)) == NULL) {
		ml_sorted_close(s);
		return -1;
	}
	s->count = (uint64_t)st.st_size / SIZE;
	return 0;
}

/* Who asks goes forward, now and then a little back. */
static int
read_around(struct ml_sorted *s, uint64_t i)
{
	ssize_t n;

	s->first = i > BEFORE ? i - BEFORE : 0;
	s->n = 0;
	n = ml_file_read_at(s->fd, s->batch, ML_SORTED_BATCH * SIZE,
	    s->first * SIZE);
	if (n == -1)
		return -1;
	s->n = (size_t)n / SIZE;
	if (i - s->first < s->n)
		return 0;
	errno = EIO;
	return -1;
}

int
ml_sorted_get(struct ml_sorted *s, uint64_t i, uint64_t *v)
{
	if ((i < s->first || i - s->first >= s->n) && read_around(s, i) == -1)
		return -1;
	*v = s->batch[i - s->first];
	return 0;
}

void
ml_sorted_close(struct ml_sorted *s)
{
	if (s->fd != -1)
		close(s->fd);
	free(s->batch);
	*s = (struct ml_sorted){ .fd = -1 };
}

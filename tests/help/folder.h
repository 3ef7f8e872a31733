/*
 * folder - the files of a small folder in memory, and the lines of a text: for
 * programs that put one there, let a tool at it, and look at what has become of
 * it.  What fails here ends the program.
 */
#ifndef FOLDER_H
#define FOLDER_H
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"

#define FILES_MAX 16
#define SYSTEM_FAILED 111		/* a tool's status */

struct folder {
	struct {
		char name[256];
		struct ml_buf text;
	} file[FILES_MAX];
	size_t n;
};

static int
says(const struct ml_buf *text, const char *what)
{
	return text->len > 0 &&
	    memmem(text->p, text->len, what, strlen(what)) != NULL;
}

static int
same_text(const struct ml_buf *a, const struct ml_buf *b)
{
	return ml_slice_same(ml_buf_view(a), ml_buf_view(b));
}

static size_t
count_lines(const struct ml_buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->len; i++)
		n += b->p[i] == '\n';
	return n;
}

static int
compare_lines(const void *a, const void *b)
{
	const struct ml_slice *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The lines of a text, sorted; to be freed. */
static struct ml_slice *
sorted(const struct ml_buf *b, size_t *n)
{
	struct ml_slice *line = calloc(count_lines(b) + 1, sizeof *line);
	const char *p = b->p, *end = b->p + b->len, *newline;

	if (line == NULL)
		err(SYSTEM_FAILED, NULL);
	for (*n = 0; p < end; p = newline + 1) {
		if ((newline = memchr(p, '\n', (size_t)(end - p))) == NULL)
			newline = end;
		line[(*n)++] = (struct ml_slice){ p, (size_t)(newline - p) };
	}
	qsort(line, *n, sizeof *line, compare_lines);
	return line;
}

static int
same_lines(const struct ml_buf *a, const struct ml_buf *b)
{
	size_t n, m, i;
	struct ml_slice *x = sorted(a, &n), *y = sorted(b, &m);
	int same = n == m;

	for (i = 0; same && i < n; i++)
		same = ml_slice_same(x[i], y[i]);
	free(x);
	free(y);
	return same;
}

static void
read_file(int dir, const char *file, struct ml_buf *text)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	char *to;

	ml_buf_clear(text);
	while (fd != -1 && (to = ml_buf_room(text, 65536)) != NULL &&
	    (n = ml_file_read(fd, to, 65536)) > 0)
		text->len += (size_t)n;
	if (n == -1)
		err(SYSTEM_FAILED, "%s", file);
	close(fd);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_file(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void
read_folder(struct folder *f, const char *path)
{
	struct dirent **entry;
	int n = scandir(path, &entry, is_file, by_name), i;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (n < 0 || n > FILES_MAX || dir == -1)
		err(SYSTEM_FAILED, "%s", path);
	for (i = 0; i < n; i++) {
		snprintf(f->file[i].name, sizeof f->file[i].name, "%s",
		    entry[i]->d_name);
		read_file(dir, entry[i]->d_name, &f->file[i].text);
		free(entry[i]);
	}
	f->n = (size_t)n;
	free(entry);
	close(dir);
}

/* The folder that we are in becomes like this one. */
static void
write_folder(const struct folder *f)
{
	static struct folder old;
	size_t i;
	int fd;

	read_folder(&old, ".");
	for (i = 0; i < old.n; i++)
		if (unlink(old.file[i].name) == -1)
			err(SYSTEM_FAILED, "%s", old.file[i].name);
	for (i = 0; i < f->n; i++) {
		fd = open(f->file[i].name, O_WRONLY | O_CREAT | O_EXCL |
		    O_CLOEXEC, 0600);
		if (fd == -1 || ml_file_write(fd, f->file[i].text.p,
		    f->file[i].text.len) == -1 || close(fd) == -1)
			err(SYSTEM_FAILED, "%s", f->file[i].name);
	}
}

static const struct ml_buf *
file_in(const struct folder *f, const char *file)
{
	static const struct ml_buf none;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->file[i].name, file) == 0)
			return &f->file[i].text;
	return &none;
}
#endif

/*
 * folder - a place for files that a target needs: a folder of its own below
 * $TMPDIR, or in memory, removed when the program ends.
 */
#ifndef FOLDER_H
#define FOLDER_H
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"

#define FOLDER_PATH 4400

static char folder_name[4096];

/* Where a file of that name lies, in a buffer of FOLDER_PATH bytes. */
static inline char *
folder_path(char *path, const char *name)
{
	snprintf(path, FOLDER_PATH, "%s/%s", folder_name, name);
	return path;
}

/* Remove all files in it. */
static inline void
folder_empty(void)
{
	DIR *d = opendir(folder_name);
	struct dirent *entry;
	char path[FOLDER_PATH];

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(folder_path(path, entry->d_name));
	if (d != NULL)
		closedir(d);
}

static inline void
folder_leave(void)
{
	folder_empty();
	rmdir(folder_name);
}

static inline void
folder_make(void)
{
	const char *in = getenv("TMPDIR");

	if (*folder_name != '\0')
		return;
	if (in == NULL)
		in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(folder_name, sizeof folder_name, "%s/fuzz.XXXXXX", in);
	if (mkdtemp(folder_name) == NULL)
		abort();
	atexit(folder_leave);
}

/* A file of that name with that content, open to read. */
static inline int
folder_file(const char *name, struct ml_slice content)
{
	char path[FOLDER_PATH];
	int fd;

	folder_make();
	fd = open(folder_path(path, name), O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || ml_file_write(fd, content.p, content.len) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)
		abort();
	return fd;
}
#endif

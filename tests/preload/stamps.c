/*
 * stamps.so - preloaded into a program, lets files that were made a moment ago
 * seem to be the ones that they are copies of, by inode and times, so that what
 * is kept about those is believed of these: the file STAMPS names tells which.
 * Who writes to one of them sees its own times from then on.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "disk.h"
#include "next.h"

#define GUISES 64

static struct disk_guise guise[GUISES];
static size_t guises;

/* These are defined here under names that the headers may give to others. */
int seem_fstat(int fd, struct stat *st) __asm__("fstat64");
int seem_fstat_plain(int fd, struct stat *st) __asm__("fstat")
    __attribute__((alias("fstat64")));
int seem_stat(const char *path, struct stat *st) __asm__("stat64");
int seem_stat_plain(const char *path, struct stat *st) __asm__("stat")
    __attribute__((alias("stat64")));

__attribute__((constructor)) static void
read_guises(void)
{
	const char *path = getenv("STAMPS");
	FILE *file = path != NULL ? fopen(path, "re") : NULL;

	if (file == NULL)
		return;
	guises = fread(guise, sizeof guise[0], GUISES, file);
	fclose(file);
}

static void
disguise(struct stat *st)
{
	struct disk_stamp is = disk_stamp_of(st);
	const struct disk_guise *g;

	for (g = guise; g < guise + guises; g++) {
		if (g->is.inode != is.inode)
			continue;
		st->st_ino = g->seems.inode;
		if (g->is.ctime != is.ctime || g->is.ctime_ns != is.ctime_ns)
			return;
		st->st_mtim = (struct timespec){ g->seems.mtime,
		    g->seems.mtime_ns };
		st->st_ctim = (struct timespec){ g->seems.ctime,
		    g->seems.ctime_ns };
		return;
	}
}

int
seem_fstat(int fd, struct stat *st)
{
	int (*f)(int, struct stat *), rc;

	NEXT(f, "fstat64");
	if ((rc = f(fd, st)) == 0)
		disguise(st);
	return rc;
}

int
seem_stat(const char *path, struct stat *st)
{
	int (*f)(const char *, struct stat *), rc;

	NEXT(f, "stat64");
	if ((rc = f(path, st)) == 0)
		disguise(st);
	return rc;
}

/*
 * replay - from what disk.so has written down (tests/preload/disk.h) back to
 * the files, all of it or as much as is said: for tests/help/powercut.c.
 */
#ifndef REPLAY_H
#define REPLAY_H
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../preload/disk.h"
#include "buf.h"
#include "file.h"

#define PAGE 4096			/* a hole in a write */
#define NAMES 32			/* in the folder at one time */
#define NOBODY UINT32_MAX
#define NEVER UINT32_MAX

/* What follows an operation's record in the trace is borrowed from that. */
struct op {
	struct disk_record r;
	const char *name, *to, *data;
	uint32_t file;			/* which, or NOBODY */
	uint32_t safe;			/* it is, behind the op of this number */
};

/* What there is behind the part of a write that is there. */
enum fill { NOTHING, ZEROS, GARBAGE, HOLE, FILLS };

struct file {
	struct ml_buf data;
	struct disk_stamp stamp;
};

struct cut {
	struct ml_buf trace, ops;
	uint32_t n, files;
	struct file *file;
	struct { const char *name; size_t len; uint32_t file; } at[NAMES];
	uint64_t seed;
};

static struct op *
op_at(const struct cut *c, uint32_t i)
{
	return (struct op *)(void *)c->ops.p + i;
}

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static void
append(const char *trace, struct disk_record r, const char *name,
    const void *data)
{
	int fd = open(trace, O_WRONLY | O_APPEND | O_CREAT, 0600);

	r.name_len = (uint32_t)strlen(name);
	if (fd == -1 || ml_file_write(fd, &r, sizeof r) == -1 ||
	    ml_file_write(fd, name, r.name_len) == -1 ||
	    ml_file_write(fd, data, r.data_len) == -1 || close(fd) == -1)
		err(111, "%s", trace);
}

static void
read_all(int dir, const char *name, struct ml_buf *to, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY);
	char *room;

	if (fd == -1 || fstat(fd, st) == -1 ||
	    (room = ml_buf_room(to, (size_t)st->st_size + 1)) == NULL ||
	    ml_file_read_at(fd, room, (size_t)st->st_size, 0) != st->st_size)
		err(111, "%s", name);
	to->len += (size_t)st->st_size;
	close(fd);
}

/* Every file of a folder: noted in the trace, or with none removed. */
static void
each_file(const char *path, const char *trace)
{
	DIR *dir = opendir(path);
	struct ml_buf data = { 0 };
	struct dirent *d;
	struct stat st;

	if (dir == NULL)
		err(111, "%s", path);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (trace == NULL) {
			if (unlinkat(dirfd(dir), d->d_name, 0) == -1)
				err(111, "%s/%s", path, d->d_name);
			continue;
		}
		ml_buf_clear(&data);
		read_all(dirfd(dir), d->d_name, &data, &st);
		append(trace, (struct disk_record){ .op = DISK_BASE,
		    .data_len = (uint32_t)data.len,
		    .file = disk_stamp_of(&st) }, d->d_name, data.p);
	}
	closedir(dir);
	ml_buf_free(&data);
}

static int
is_name_op(uint32_t op)
{
	return op == DISK_MAKE || op == DISK_RENAME || op == DISK_UNLINK;
}

static int
is_data_op(uint32_t op)
{
	return op == DISK_TRUNCATE || op == DISK_WRITE || op == DISK_TOUCH;
}

/* All before that which an op at i has made safe. */
static void
make_safe(struct cut *c, uint32_t i, const struct op *sync)
{
	struct op *o = op_at(c, 0);

	for (; o < op_at(c, i); o++)
		if (o->safe == NEVER && (sync->r.op == DISK_SYNC_DIR ?
		    is_name_op(o->r.op) : is_data_op(o->r.op) &&
		    o->file == sync->file))
			o->safe = i;
}

/* Which file an inode's number stands for now. */
static uint32_t
file_of(struct cut *c, uint64_t *inode, const struct op *o)
{
	uint32_t i;

	if (o->r.op == DISK_MAKE || o->r.op == DISK_BASE) {
		inode[c->files] = o->r.file.inode;
		return c->files++;
	}
	for (i = c->files; i-- > 0;)
		if (inode[i] == o->r.file.inode)
			return i;
	return NOBODY;
}

static void
read_trace(struct cut *c, const char *path)
{
	struct ml_buf inodes = { 0 };
	struct stat st;
	struct op o;
	size_t at;

	read_all(AT_FDCWD, path, &c->trace, &st);
	for (at = 0; at < c->trace.len; c->n++) {
		memcpy(&o.r, c->trace.p + at, sizeof o.r);
		o.name = c->trace.p + at + sizeof o.r;
		o.to = o.name + o.r.name_len;
		o.data = o.to + o.r.to_len;
		at += sizeof o.r + o.r.name_len + o.r.to_len + o.r.data_len;
		if (at > c->trace.len || o.r.op >= DISK_OPS)
			errx(111, "%s: not a trace", path);
		if (ml_buf_room(&inodes, (c->files + 1) * 8) == NULL)
			err(111, NULL);
		o.file = file_of(c, (uint64_t *)(void *)inodes.p, &o);
		o.safe = o.r.op == DISK_BASE ? 0 : NEVER;
		ml_buf_add(&c->ops, &o, sizeof o);
		if (o.r.op == DISK_SYNC || o.r.op == DISK_SYNC_DIR)
			make_safe(c, c->n, &o);
	}
	ml_buf_free(&inodes);
	if ((c->file = calloc(c->files + 1, sizeof *c->file)) == NULL)
		err(111, NULL);
}

static void
set_name(struct cut *c, const char *name, size_t len, uint32_t file)
{
	uint32_t i, empty = NAMES;

	for (i = 0; i < NAMES; i++)
		if (c->at[i].name == NULL)
			empty = i;
		else if (c->at[i].len == len &&
		    memcmp(c->at[i].name, name, len) == 0)
			break;
	if (i == NAMES && file == NOBODY)
		return;
	if (i == NAMES && (i = empty) == NAMES)
		errx(111, "over %d files", NAMES);
	c->at[i].name = file != NOBODY ? name : NULL;
	c->at[i].len = len;
	c->at[i].file = file;
}

static void
set_len(struct file *f, size_t len, enum fill fill, uint64_t seed)
{
	size_t old = f->data.len;
	char *room;

	if (len > old) {
		if ((room = ml_buf_room(&f->data, len - old)) == NULL)
			err(111, NULL);
		memset(room, 0, len - old);
		for (; fill == GARBAGE && old < len; old++)
			*room++ = (char)mix(seed + old);
	}
	f->data.len = len;
}

/* An op takes place: a write up to so many bytes, and then so. */
static void
apply(struct cut *c, const struct op *o, size_t upto, enum fill fill)
{
	struct file *f = o->file != NOBODY ? &c->file[o->file] : NULL;
	size_t at = (size_t)o->r.at;

	if (o->r.op == DISK_UNLINK)
		set_name(c, o->name, o->r.name_len, NOBODY);
	if (f == NULL || o->r.op == DISK_UNLINK)
		return;
	if (o->r.op == DISK_RENAME)
		set_name(c, o->name, o->r.name_len, NOBODY);
	if (o->r.op == DISK_MAKE || o->r.op == DISK_BASE)
		set_name(c, o->name, o->r.name_len, o->file);
	else if (o->r.op == DISK_RENAME)
		set_name(c, o->to, o->r.to_len, o->file);
	else if (o->r.op == DISK_TRUNCATE)
		set_len(f, at, ZEROS, 0);
	if (o->r.op == DISK_WRITE || o->r.op == DISK_BASE) {
		if (f->data.len < at + upto)
			set_len(f, at + upto, ZEROS, 0);
		if (upto > 0)
			memcpy(f->data.p + at, o->data, upto);
		if (fill != NOTHING && f->data.len < at + o->r.data_len)
			set_len(f, at + o->r.data_len, fill, c->seed);
		upto += PAGE;
		if (fill == HOLE && upto < o->r.data_len)
			memcpy(f->data.p + at + upto, o->data + upto,
			    o->r.data_len - upto);
	}
	if (o->r.op != DISK_RENAME)
		f->stamp = o->r.file;
}

static int
write_file(const char *dir, const char *name, int len, struct ml_slice data,
    struct stat *st)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/%.*s", dir, len, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || ml_file_write(fd, data.p, data.len) == -1 ||
	    (st != NULL && fstat(fd, st) == -1))
		err(111, "%s", path);
	return close(fd);
}

static void
write_disk(const struct cut *c, const char *dir, struct ml_buf *guises)
{
	struct disk_guise g;
	struct stat st;
	uint32_t i;

	each_file(dir, NULL);
	for (i = 0; i < NAMES; i++) {
		if (c->at[i].name == NULL)
			continue;
		write_file(dir, c->at[i].name, (int)c->at[i].len,
		    ml_buf_view(&c->file[c->at[i].file].data), &st);
		g = (struct disk_guise){ disk_stamp_of(&st),
		    c->file[c->at[i].file].stamp };
		if (guises != NULL)
			ml_buf_add(guises, &g, sizeof g);
	}
}

/* What was told up to a point, each line with who told it. */
static void
write_told(const struct cut *c, uint32_t point, struct ml_buf *told)
{
	const struct op *o;
	const char *p, *end, *next;

	for (o = op_at(c, 0); o < op_at(c, point); o++)
		for (p = o->data, end = p + o->r.data_len; p < end &&
		    (o->r.op == DISK_PRINT || o->r.op == DISK_SAID); p = next) {
			next = memchr(p, '\n', (size_t)(end - p));
			next = next != NULL ? next + 1 : end;
			ml_buf_add(told, o->name, o->r.name_len);
			ml_buf_byte(told, '\t');
			ml_buf_add(told, p, (size_t)(next - p));
		}
}
#endif

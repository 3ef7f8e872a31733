/*
 * disk - what programs do to the files of one folder, as tests/preload/disk.c
 * writes it down and tests/help/powercut.c reads it: one record after another
 * in the file that DISK_TRACE names, in the order in which they were done.
 */
#ifndef DISK_H
#define DISK_H
#include <stdint.h>
#include <sys/stat.h>

enum disk_op {
	DISK_BASE,		/* a file that is there and safe: name, data */
	DISK_MAKE,		/* an open that creates: name */
	DISK_TRUNCATE,		/* to the length at */
	DISK_WRITE,		/* data, at */
	DISK_TOUCH,		/* other times alone */
	DISK_RENAME,		/* name becomes to */
	DISK_UNLINK,		/* name */
	DISK_SYNC,		/* of the file, done */
	DISK_SYNC_DIR,		/* of the folder, done */
	DISK_PRINT,		/* data, by the program name, on stdout */
	DISK_SAID,		/* data: what whoever runs them has to say */
	DISK_OPS
};

/* How a file looks: what an index compares with what it remembers. */
struct disk_stamp {
	uint64_t inode, size;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
};

/* name, to and data follow. */
struct disk_record {
	uint32_t op, name_len, to_len, data_len;
	int64_t at;
	struct disk_stamp file;		/* as it was afterwards */
};

static inline struct disk_stamp
disk_stamp_of(const struct stat *st)
{
	return (struct disk_stamp){ st->st_ino, (uint64_t)st->st_size,
	    st->st_mtim.tv_sec, st->st_mtim.tv_nsec, st->st_ctim.tv_sec,
	    st->st_ctim.tv_nsec };
}

/* A file that stands for another: as it is, and as it shall seem to be for as
 * long as its ctime is that.  tests/preload/stamps.c reads these. */
struct disk_guise {
	struct disk_stamp is, seems;
};
#endif

/*
 * file - the few ways in which files are written here.  Functions return 0, or
 * -1 with errno, and go on after EINTR and short counts.
 */
#ifndef ML_FILE_H
#define ML_FILE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

int ml_file_write(int fd, const void *p, size_t len);
int ml_file_write_at(int fd, const void *p, size_t len, uint64_t offset);
/* As read(2), but waits where there is nothing yet. */
ssize_t ml_file_read(int fd, void *p, size_t len);
/* Up to len bytes at an offset: how many, fewer only at the end of file. */
ssize_t ml_file_read_at(int fd, void *p, size_t len, uint64_t offset);
int ml_file_sync(int fd);
/* End a line that a crash has cut: the fd reads, and writes at the end. */
int ml_file_end_line(int fd);
/* The folder of a file: an fd to sync, or -1 with errno. */
int ml_file_open_dir(const char *path);
/* Make the name of a new, renamed or removed file last.  A folder that may not
 * be read cannot be synced: that is no error here. */
int ml_file_sync_dir(const char *path);
/*
 * The path that a name stands for, symbolic links followed, of a file that
 * need not exist; for the caller to free.  NULL with errno.
 */
char *ml_file_resolve(const char *path);
/* PATH with a suffix, for the caller to free; NULL: no memory. */
char *ml_file_beside(const char *path, const char *suffix);
/*
 * Replace a file: write to what ml_file_replace() opened, then let
 * ml_file_replaced() sync it and rename it into place, or give up with
 * ml_file_replace_undo().  One at a time for each path: the caller has a lock.
 * Each of the last two closes fd.
 */
int ml_file_replace(const char *path);
int ml_file_replaced(int fd, const char *path);
void ml_file_replace_undo(int fd, const char *path);
/* Whether a name is one to write into, and not of a file to replace: that of a
 * device or a FIFO, or of what is open already, as /dev/stdout, file or not. */
int ml_file_is_stream(const char *path);
/* Open one to write; what is open already is gone on with.  fd, or -1 with errno. */
int ml_file_open_stream(const char *path);
/* Replace a file by these bytes, or write them into a stream. */
int ml_file_put(const char *path, const void *p, size_t len);
/* The lock of an open file: waits up to seconds, then errno is EAGAIN. */
int ml_file_lock(int fd, double seconds);
int ml_file_unlock(int fd);
/* Remove a file if it is there, for good. */
int ml_file_remove(const char *path);
/* Whether a file is another one than it was, and how it is now: all zero, if
 * there is none. */
int ml_file_has_changed(struct stat *was, const char *path);
#endif

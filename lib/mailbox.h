/*
 * mailbox - messages in a file, one line each, that one writes and another
 * reads, who may be elsewhere: in a folder that somebody keeps in step, or on a
 * stick.
 *
 * The file only grows, and the reader keeps how far he has got.  So a line that
 * comes twice is read once; a file that is not there yet, is an older one again
 * or has come in part is one in which nothing is new.  A line without newline is
 * not there yet, nor is one with a zero byte: that is a hole, as where a file has
 * its length before its bytes; it may lie where lines were read before.
 *
 * The writer keeps how far he has got, too, and says the same again after a
 * crash: what stands in the file beyond that is what he said, or what a lost
 * power has left of it, which is written anew.
 *
 * Who keeps how far he has read makes that last first: a file that lost what
 * was read of it would not be the one that he knows.
 */
#ifndef ML_MAILBOX_H
#define ML_MAILBOX_H
#include "buf.h"
#include "lines.h"

/* Why an inbox is not read: what was read of it is not there any more. */
extern const char ML_INBOX_CHANGED[];

struct ml_inbox {
	const char *path;		/* borrowed */
	uint64_t at;			/* bytes that were read, for the caller to
					 * keep, with the next two */
	uint64_t tail, sum;		/* of them, those of the last line, of a
					 * long one its newline: how many, and
					 * their checksum in 53 bits */
	uint64_t number;		/* of the line that was read, from 1 */
	int is_long;			/* it is over ML_LINE_MAX: only its
					 * beginning was given */
	int is_open;
	struct ml_lines lines;
};

/*
 * The next line, without its newline, borrowed until the next call: 1; 0 when
 * there is none yet; -1: *why, or errno where that is NULL.
 */
int ml_inbox_next(struct ml_inbox *in, struct ml_slice *line,
    const char **why);
/* Make last what was read.  0, or -1 with errno. */
int ml_inbox_sync(const struct ml_inbox *in);
void ml_inbox_close(struct ml_inbox *in);

struct ml_outbox {
	const char *path;		/* borrowed */
	uint64_t at;			/* bytes that were written, for the caller
					 * to keep; 0 at first */
	uint64_t size;			/* of the file */
	int fd;
};

/* Open the file, make it if it is not there, and lock it: one writer at a time.
 * 0, or -1: *why, or errno where that is NULL. */
int ml_outbox_open(struct ml_outbox *out, const char *path, const char **why);
/* Nothing was said so far: NULL, or a static reason, as something is there. */
const char *ml_outbox_begin(struct ml_outbox *out);
/* Go on where at says: NULL, or a static reason. */
const char *ml_outbox_resume(struct ml_outbox *out, uint64_t at);
/* The same behind the last whole line, for who need not say the same again: but
 * before a hole beyond from, which is where all was on the disk once.  0, or -1
 * with errno. */
int ml_outbox_resume_end(struct ml_outbox *out, uint64_t from);
/* Write a line, its newline with it, unless it stands there; what else stands
 * there is cut.  0, or -1 with errno: then the box is to be closed. */
int ml_outbox_write(struct ml_outbox *out, struct ml_slice line);
/* 0, or -1 with errno. */
int ml_outbox_sync(struct ml_outbox *out);
void ml_outbox_close(struct ml_outbox *out);
#endif

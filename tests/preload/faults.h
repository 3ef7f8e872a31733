/*
 * faults - the calls that tests/preload/faults.c can make fail, how each of
 * them may, and what tests/help/faults.c is told of a run: in the file that
 * FAULT_MET names.
 */
#ifndef FAULTS_H
#define FAULTS_H
#include <stdatomic.h>
#include <stdint.h>

#define FAULTS_CALLS (1 << 17)	/* of a run, that are told one by one */

enum fault_how { FAULT_NONE, FAULT_EIO, FAULT_ENOSPC, FAULT_EDQUOT,
    FAULT_EINTR, FAULT_ENOMEM, FAULT_SHORT, FAULT_HOWS };

#define HOW(how) (1U << FAULT_##how)
#define DISK HOW(EIO)
#define SPACE (HOW(EIO) | HOW(ENOSPC) | HOW(EDQUOT))

/* Name, and how it may fail.  An fsync that does not fail does nothing: what a
 * crash would leave is not asked here. */
#define FAULT_CALLS(X) \
	X(open, SPACE | HOW(EINTR)) \
	X(read, DISK | HOW(EINTR) | HOW(SHORT)) \
	X(write, SPACE | HOW(EINTR) | HOW(SHORT)) \
	X(flush, SPACE | HOW(EINTR)) \
	X(fsync, SPACE | HOW(EINTR)) \
	X(ftruncate, DISK | HOW(EINTR)) \
	X(rename, SPACE) \
	X(close, SPACE | HOW(EINTR)) \
	X(flock, DISK | HOW(EINTR)) \
	X(unlink, DISK) \
	X(stat, DISK) \
	X(path, DISK | HOW(ENOMEM)) \
	X(attr, SPACE | HOW(EINTR)) \
	X(seek, DISK) \
	X(poll, HOW(EINTR) | HOW(ENOMEM)) \
	X(mmap, HOW(ENOMEM)) \
	X(malloc, HOW(ENOMEM))

#define AS_ENUM(name, how) CALL_##name,
enum fault_call { FAULT_CALLS(AS_ENUM) CALL_KINDS };
#undef AS_ENUM

static const struct {
	const char *name;
	unsigned how;
} fault_call[] = {
#define AS_ROW(name, how) { #name, how },
	FAULT_CALLS(AS_ROW)
#undef AS_ROW
};

static const char *const fault_how[] = { "none", "EIO", "ENOSPC", "EDQUOT",
    "EINTR", "ENOMEM", "short" };

struct faults_met {
	_Atomic uint32_t calls;		/* that were counted */
	_Atomic uint32_t met;		/* the number of the first that failed */
	_Atomic uint8_t call[FAULTS_CALLS];	/* which they were, from 1 */
};
#endif

/*
 * sandbox - what a tool gives up before it reads other people's bytes, so that
 * a mistake in a parser gives them no more than the tool has: files apart from
 * those it works on, other programs, the network.  Each layer that this system
 * has not, or does not allow, is left out, and nothing fails for it.
 *
 * Linux: no_new_privs, Landlock, seccomp.  OpenBSD: unveil, pledge.
 * Built with -DML_SANDBOX_OFF there is none: gcov writes where it was built.
 * Source: landlock(7), Documentation/userspace-api/landlock.rst; pledge(2).
 */
#ifndef ML_SANDBOX_H
#define ML_SANDBOX_H
#include "buf.h"

struct ml_sandbox {
	int ruleset, abi;		/* of Landlock; ruleset -1: none */
	int online;			/* as ml_seccomp_enter() has it */
	int has_devices;		/* it may set them */
	int privileges, files, calls;	/* the layers: 0, or why not, an errno */
	struct ml_buf folders;		/* as text that is safe to print */
};

/* First this, then what is to be allowed still, in any order. */
void ml_sandbox_begin(struct ml_sandbox *s);
/* The same for a tool that calls others over the network. */
void ml_sandbox_begin_online(struct ml_sandbox *s);
/* The same for one that others call at ports that it listens on by now. */
void ml_sandbox_begin_called(struct ml_sandbox *s);
/* To read the file that has this name now; or to list it, if it is a folder. */
void ml_sandbox_read(struct ml_sandbox *s, const char *path);
/* To read what is in a folder, and below. */
void ml_sandbox_read_below(struct ml_sandbox *s, const char *folder);
/* To open, read, write and set devices: this one, or all in a folder and below. */
void ml_sandbox_devices(struct ml_sandbox *s, const char *path);
/* To make and remove links in a folder, and, empty, the folder itself. */
void ml_sandbox_links(struct ml_sandbox *s, const char *folder);
/* To read, write, make, replace and remove files in the folder that the file
 * of this path, symbolic links followed, is or will be in, and below. */
void ml_sandbox_beside(struct ml_sandbox *s, const char *path);
/* The same for a log, and for what its sidecars lead to if they are links. */
void ml_sandbox_log(struct ml_sandbox *s, const char *log);
/*
 * Give up the rest, for good: before there are threads, as it holds for this
 * one and those it starts.  What is open stays so.  said may be NULL; what is
 * in force, and why the rest is not, is appended to it, safe to print.
 */
void ml_sandbox_enter(struct ml_sandbox *s, struct ml_buf *said);
#endif

/*
 * next - for a library that is preloaded into a program and stands before
 * functions of the C library: the one it stands before.
 */
#ifndef NEXT_H
#define NEXT_H
#include <dlfcn.h>
#include <string.h>

/* NEXT(f, "read"): f is the function that would be called if this one were not
 * here.  Looked up once, and again by no harm if two threads come at once. */
#define NEXT(f, name) \
	static void *next; \
	if (next == NULL) \
		next = dlsym(RTLD_NEXT, name); \
	memcpy(&(f), &next, sizeof (f))
#endif

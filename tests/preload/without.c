/*
 * without.so - preloaded into a program, makes the kernel one that lacks, or a
 * container one that forbids, what WITHOUT names of no_new_privs, landlock
 * (all of it), restrict (its last step) and seccomp: they fail with the error of
 * the number WITHOUT_ERRNO.  ABI is the Landlock ABI that the kernel tells of.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "next.h"

#define CREATE_RULESET 444
#define RESTRICT_SELF 446

long forbidding_syscall(long number, ...) __asm__("syscall");
int forbidding_prctl(int option, ...) __asm__("prctl");

static int
is_without(const char *what)
{
	const char *named = getenv("WITHOUT"), *number = getenv("WITHOUT_ERRNO");

	if (named == NULL || number == NULL || strstr(named, what) == NULL)
		return 0;
	errno = atoi(number);
	return 1;
}

long
forbidding_syscall(long number, ...)
{
	long (*f)(long, ...), a[6], abi;
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	NEXT(f, "syscall");
	if ((number >= CREATE_RULESET && number <= RESTRICT_SELF &&
	    is_without("landlock")) ||
	    (number == RESTRICT_SELF && is_without("restrict")))
		return -1;
	abi = number == CREATE_RULESET && a[2] == 1 && getenv("ABI") != NULL ?
	    atol(getenv("ABI")) : 0;
	return abi > 0 ? abi : f(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int
forbidding_prctl(int option, ...)
{
	int (*f)(int, ...);
	unsigned long a[4];
	va_list args;
	int i;

	va_start(args, option);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	NEXT(f, "prctl");
	if ((option == PR_SET_NO_NEW_PRIVS && is_without("no_new_privs")) ||
	    (option == PR_SET_SECCOMP && is_without("seccomp")))
		return -1;
	return f(option, a[0], a[1], a[2], a[3]);
}

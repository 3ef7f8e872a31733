/*
 * serialport.so - preloaded into a program, has libserialport take a
 * pseudo-terminal for a serial port: there is a device of its name, and it has
 * modem lines.  Each of libserialport's questions is noted in the file that
 * ASKED names.
 */
#define _GNU_SOURCE			/* RTLD_NEXT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "next.h"

#define DEVICES "/sys/class/tty/pts/"
#define LINK "../../devices/platform/serial8250/tty/pts"

int linked_lstat(const char *path, struct stat *st) __asm__("lstat");
int linked_lxstat(int version, const char *path, struct stat *st)
    __asm__("__lxstat");

static void
note(const char *what)
{
	const char *name = getenv("ASKED");
	int error = errno, fd = -1;

	if (name != NULL)
		fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd != -1) {
		(void)!write(fd, what, strlen(what));
		close(fd);
	}
	errno = error;
}

static int
is_ours(const char *path)
{
	return strncmp(path, DEVICES, sizeof DEVICES - 1) == 0;
}

static int
tell_link(struct stat *st)
{
	note("device\n");
	memset(st, 0, sizeof *st);
	st->st_mode = S_IFLNK | 0777;
	st->st_size = sizeof LINK - 1;
	return 0;
}

int
linked_lstat(const char *path, struct stat *st)
{
	int (*f)(const char *, struct stat *);

	NEXT(f, "lstat");
	return is_ours(path) ? tell_link(st) : f(path, st);
}

int
linked_lxstat(int version, const char *path, struct stat *st)
{
	int (*f)(int, const char *, struct stat *);

	NEXT(f, "__lxstat");
	return is_ours(path) ? tell_link(st) : f(version, path, st);
}

ssize_t
readlink(const char *path, char *to, size_t len)
{
	ssize_t (*f)(const char *, char *, size_t);

	NEXT(f, "readlink");
	if (!is_ours(path))
		return f(path, to, len);
	note("link\n");
	len = len < sizeof LINK - 1 ? len : sizeof LINK - 1;
	memcpy(to, LINK, len);
	return (ssize_t)len;
}

/* The modem's lines are on, whatever is set. */
int
ioctl(int fd, unsigned long what, ...)
{
	int (*f)(int, unsigned long, ...), rc;
	va_list ap;
	void *arg;

	va_start(ap, what);
	arg = va_arg(ap, void *);
	va_end(ap);
	NEXT(f, "ioctl");
	if ((rc = f(fd, what, arg)) != -1 || errno != ENOTTY)
		return rc;
	switch (what) {
	case TIOCMGET:
		*(int *)arg = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_DSR;
		note("lines read\n");
		return 0;
	case TIOCMSET: case TIOCMBIS: case TIOCMBIC:
		note("lines set\n");
		return 0;
	default:
		return rc;
	}
}

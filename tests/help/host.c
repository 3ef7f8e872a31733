/*
 * host PORT STEP ... - talk to an RNode as its host does: PORT is a tty, or
 * tcp:NUMBER on 127.0.0.1.  The steps, one after the other:
 *
 *   send HEX    bytes as they are
 *   data HEX    a data frame
 *   want HEX    read until a frame of these bytes comes, its command first
 *   bytes HEX   read: these bytes and no others come next
 *   flood       write until no more is taken for now
 *   end         read until the other end has hung up
 *   touch FILE  make a file, to tell a script
 *   file FILE   wait until there is one
 *
 * 0: all was as wanted; 1: the port ended too early, or what came was wrong.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "kiss.h"

#define PATIENCE 120			/* seconds, then it has hung */

static struct ml_kiss kiss;
static char in[4096];
static struct ml_slice unread;

static int
open_port(const char *name)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct termios t;
	int fd;

	if (strncmp(name, "tcp:", 4) != 0) {
		fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (fd == -1 || tcgetattr(fd, &t) == -1)
			err(1, "%s", name);
		cfmakeraw(&t);
		if (tcsetattr(fd, TCSANOW, &t) == -1)
			err(1, "%s", name);
		return fd;
	}
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)atoi(name + 4));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof a) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		err(1, "%s", name);
	return fd;
}

static size_t
from_hex(const char *hex, char *to, size_t max)
{
	char byte[3] = "";
	size_t n;

	for (n = 0; n < max && hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		memcpy(byte, hex, 2);
		to[n++] = (char)strtoul(byte, NULL, 16);
	}
	return n;
}

/* Wait until it can be written or read. */
static void
ready(int fd, short what)
{
	struct pollfd p = { fd, what, 0 };

	if (poll(&p, 1, -1) == -1)
		err(1, "poll");
}

static void
put(int fd, const char *p, size_t n)
{
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done)
		if ((done = write(fd, p, n)) == -1) {
			if (errno != EAGAIN)
				err(1, "write");
			ready(fd, POLLOUT);
			done = 0;
		}
}

/* More bytes: 1, or 0 at the end. */
static int
more(int fd)
{
	ssize_t n;

	while ((n = read(fd, in, sizeof in)) == -1 && errno == EAGAIN)
		ready(fd, POLLIN);
	unread = (struct ml_slice){ in, n > 0 ? (size_t)n : 0 };
	return n > 0;
}

static void
want(int fd, struct ml_slice frame)
{
	struct ml_kiss_frame f;

	for (;;) {
		while (ml_kiss_next(&kiss, &unread, &f))
			if (f.command == (uint8_t)frame.p[0] &&
			    f.payload.len == frame.len - 1 &&
			    memcmp(f.payload.p, frame.p + 1, f.payload.len) == 0)
				return;
		if (!more(fd))
			errx(1, "the port has ended");
	}
}

static void
want_bytes(int fd, struct ml_slice bytes)
{
	for (; bytes.len > 0; bytes.p++, bytes.len--) {
		if (unread.len == 0 && !more(fd))
			errx(1, "the port has ended");
		if (*unread.p != *bytes.p)
			errx(1, "got %02x, wanted %02x", (uint8_t)*unread.p,
			    (uint8_t)*bytes.p);
		unread.p++;
		unread.len--;
	}
}

static void
step(int fd, const char *what, const char *arg)
{
	static char bytes[4096];
	struct ml_buf b = { 0 };
	struct ml_slice given = { bytes, 0 };
	int file;

	given.len = from_hex(arg, bytes, sizeof bytes);
	if (strcmp(what, "send") == 0)
		put(fd, bytes, given.len);
	else if (strcmp(what, "data") == 0) {
		ml_kiss_write(&b, 0, given);
		put(fd, b.p, b.len);
		ml_buf_free(&b);
	} else if (strcmp(what, "want") == 0)
		want(fd, given);
	else if (strcmp(what, "bytes") == 0)
		want_bytes(fd, given);
	else if (strcmp(what, "touch") == 0) {
		if ((file = open(arg, O_WRONLY | O_CREAT, 0666)) == -1)
			err(1, "%s", arg);
		close(file);
	} else if (strcmp(what, "file") == 0) {
		while (access(arg, F_OK) == -1)
			poll(NULL, 0, 10);
	} else
		errx(2, "no such step: %s", what);
}

int
main(int argc, char *argv[])
{
	char zeros[512] = "";
	int fd, i;

	if (argc < 2)
		return 2;
	alarm(PATIENCE);
	fd = open_port(argv[1]);
	for (i = 2; i < argc; i++)
		if (strcmp(argv[i], "end") == 0)
			while (more(fd))
				continue;
		else if (strcmp(argv[i], "flood") == 0)
			while (write(fd, zeros, sizeof zeros) > 0)
				continue;
		else if (i + 1 < argc) {
			step(fd, argv[i], argv[i + 1]);
			i++;
		}
	return 0;
}

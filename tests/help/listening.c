/*
 * listening [-p PORT] COMMAND [ARG ...] - run a server that takes the socket it
 * listens on as systemd gives it: descriptor 3, LISTEN_FDS and LISTEN_PID.  The
 * socket is on 127.0.0.1, the port (the system's choice, unless a server comes
 * back to where it was) is printed before the server begins, so that clients
 * need not wait for it: their calls queue.  CAMP_HOST and CAMP_PORT say where, for
 * examples/base-camp.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3		/* sd_listen_fds(3) */

/* A socket that listens on FIRST_FD: its port. */
static unsigned short
bind_first(unsigned short port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    bind(fd, (struct sockaddr *)&at, sizeof at) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) == -1)
		err(111, "127.0.0.1:%u", port);
	if (fd != FIRST_FD && (dup2(fd, FIRST_FD) == -1 || close(fd) == -1))
		err(111, "descriptor %d", FIRST_FD);
	return ntohs(at.sin_port);
}

int
main(int argc, char *argv[])
{
	unsigned short port = 0;
	char pid[24], text[24];
	int at = 1;

	if (argc > 3 && strcmp(argv[1], "-p") == 0) {
		port = (unsigned short)strtoul(argv[2], NULL, 10);
		at = 3;
	}
	if (argc <= at)
		return 2;
	port = bind_first(port);
	printf("%u\n", port);
	fflush(stdout);
	snprintf(text, sizeof text, "%u", port);
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	if (setenv("LISTEN_PID", pid, 1) == -1 ||
	    setenv("LISTEN_FDS", "1", 1) == -1 ||
	    setenv("CAMP_HOST", "127.0.0.1", 1) == -1 ||
	    setenv("CAMP_PORT", text, 1) == -1)
		err(111, "the environment");
	execvp(argv[at], argv + at);
	err(111, "%s", argv[at]);
}

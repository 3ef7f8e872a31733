/* serial - a stream of bytes to and from a radio */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "quantity.h"
#include "serial.h"

static const char TCP[] = "tcp://";
static const char BUSY[] = "another program has it open";

struct ml_serial {
	struct sp_port *port;		/* or NULL: fd is ours */
	int fd;
	int is_tcp;
	int is_locked;			/* by us */
};

int
ml_serial_is_host(const char *port)
{
	return strncmp(port, TCP, sizeof TCP - 1) == 0;
}

/* Two programs on one port would each get some of the bytes. */
static int
lock(struct ml_serial *s)
{
	if (flock(s->fd, LOCK_EX | LOCK_NB) == -1)
		return -1;
	s->is_locked = 1;
	(void)ioctl(s->fd, TIOCEXCL);	/* what is no terminal has none */
	return 0;
}

static int
configure(struct sp_port *port)
{
	return sp_set_baudrate(port, ML_SERIAL_BAUD) != SP_OK ||
	    sp_set_bits(port, 8) != SP_OK ||
	    sp_set_parity(port, SP_PARITY_NONE) != SP_OK ||
	    sp_set_stopbits(port, 1) != SP_OK ||
	    sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) != SP_OK ||
	    sp_set_rts(port, SP_RTS_ON) != SP_OK ||
	    sp_set_dtr(port, SP_DTR_ON) != SP_OK ? -1 : 0;
}

/* 0, 1: it is none of libserialport's, or -1. */
static int
open_port(struct ml_serial *s, const char *path, const char **why)
{
	int fd;

	if (sp_get_port_by_name(path, &s->port) != SP_OK) {
		s->port = NULL;
		return 1;
	}
	errno = 0;
	if (sp_open(s->port, SP_MODE_READ_WRITE) != SP_OK) {
		sp_free_port(s->port);
		s->port = NULL;
		return errno == ENOTTY || errno == EINVAL ? 1 : -1;
	}
	if (sp_get_port_handle(s->port, &fd) != SP_OK) {
		*why = "no descriptor";
		return -1;
	}
	s->fd = fd;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || lock(s) == -1)
		return -1;
	(void)sp_flush(s->port, SP_BUF_INPUT);	/* what was before us */
	if (configure(s->port) == -1) {
		*why = "takes no settings";
		return -1;
	}
	return 0;
}

static int
open_tty(struct ml_serial *s, const char *path, const char **why)
{
	const int lines = TIOCM_DTR | TIOCM_RTS;
	struct termios t;

	s->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->fd == -1)
		return -1;
	if (tcgetattr(s->fd, &t) == -1) {
		*why = errno == ENOTTY ? "not a serial device" : NULL;
		return -1;
	}
	if (lock(s) == -1)
		return -1;
	t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
	    IGNCR | ICRNL | IXON | IXOFF | IXANY);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | CSTOPB);
	t.c_cflag |= CS8 | CREAD | CLOCAL;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (cfsetispeed(&t, B115200) == -1 || cfsetospeed(&t, B115200) == -1 ||
	    tcsetattr(s->fd, TCSANOW, &t) == -1)
		return -1;
	(void)ioctl(s->fd, TIOCMBIS, &lines);	/* a pty has no such lines */
	(void)tcflush(s->fd, TCIFLUSH);		/* what was before us */
	return 0;
}

static int
finish_connect(int fd, int stop)
{
	struct pollfd p[] = { { fd, POLLOUT, 0 }, { stop, POLLIN, 0 } };
	int error = 0, n;
	socklen_t len = sizeof error;

	while ((n = poll(p, 2, ML_SERIAL_CONNECT_MS)) == -1 && errno == EINTR)
		continue;
	if (n == 0)
		error = ETIMEDOUT;
	else if (n > 0 && p[0].revents == 0)
		error = ECANCELED;
	else if (n == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
connect_to(struct ml_serial *s, const struct addrinfo *a, int stop)
{
	static const int on = 1;
	int error;

	s->fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
	if (s->fd == -1)
		return -1;
	if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    fcntl(s->fd, F_SETFL, O_NONBLOCK) != -1 &&
	    (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0 ||
	    (errno == EINPROGRESS && finish_connect(s->fd, stop) == 0))) {
		(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof on);
		return 0;
	}
	error = errno;
	close(s->fd);
	s->fd = -1;
	errno = error;
	return -1;
}

/* HOST, HOST:PORT, [ADDRESS], [ADDRESS]:PORT, split in place: 0, or -1. */
static int
split(char *text, char **host, const char **port)
{
	char *colon;
	int number;

	*host = text;
	*port = ML_SERIAL_TCP_PORT;
	if (*text == '[') {
		*host = text + 1;
		if ((text = strchr(text, ']')) == NULL)
			return -1;
		*text++ = '\0';
		colon = *text == ':' ? text : NULL;
		if (*text != '\0' && colon == NULL)
			return -1;
	} else
		colon = strchr(text, ':');
	if (colon != NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	/* a resolver takes 99999 for what is left of it in 16 bits */
	return **host == '\0' || !ml_quantity_int(*port, 1, 65535, &number) ?
	    -1 : 0;
}

static int
open_tcp(struct ml_serial *s, const char *address, int stop, const char **why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_family = AF_UNSPEC };
	struct addrinfo *all, *a;
	char *text = strdup(address), *host;
	const char *port;
	int rc = -1, error;

	s->is_tcp = 1;
	if (text == NULL)
		return -1;
	if (split(text, &host, &port) == -1) {
		*why = "not tcp://HOST or tcp://HOST:PORT";
		errno = EINVAL;
	} else if ((error = getaddrinfo(host, port, &hints, &all)) != 0) {
		*why = gai_strerror(error);
		errno = EHOSTUNREACH;
	} else {
		errno = 0;
		for (a = all; rc == -1 && a != NULL && errno != ECANCELED;
		    a = a->ai_next)
			rc = connect_to(s, a, stop);
		error = errno;
		freeaddrinfo(all);
		errno = error;
	}
	error = errno;
	free(text);
	errno = error;
	return rc;
}

static int
open_device(struct ml_serial *s, const char *path, const char **why)
{
	char *real = realpath(path, NULL);	/* a link in by-id */
	int rc, error;

	if (real == NULL)
		return -1;
	if ((rc = open_port(s, real, why)) == 1)
		rc = open_tty(s, real, why);
	error = errno;
	free(real);
	errno = error;
	return rc;
}

int
ml_serial_open(struct ml_serial **out, const char *port, int stop,
    const char **why)
{
	struct ml_serial *s = calloc(1, sizeof *s);
	int error;

	*why = NULL;
	if (s == NULL) {
		*why = strerror(errno);
		return -1;
	}
	s->fd = -1;
	if ((ml_serial_is_host(port) ?
	    open_tcp(s, port + sizeof TCP - 1, stop, why) :
	    open_device(s, port, why)) == 0) {
		*out = s;
		return 0;
	}
	error = errno;
	ml_serial_close(s);
	errno = error;
	if (*why == NULL)
		*why = error == EBUSY || error == EWOULDBLOCK ? BUSY :
		    strerror(error);
	return -1;
}

void
ml_serial_close(struct ml_serial *s)
{
	if (s == NULL)
		return;
	if (s->is_locked)		/* else it is another's */
		(void)ioctl(s->fd, TIOCNXCL);
	if (s->port != NULL) {
		sp_close(s->port);
		sp_free_port(s->port);
	} else if (s->fd != -1)
		close(s->fd);
	free(s);
}

int
ml_serial_fd(const struct ml_serial *s)
{
	return s->fd;
}

/* What the system says of a descriptor that does not block. */
static ssize_t
result(ssize_t n, int is_end)
{
	if (n > 0 || (n == 0 && !is_end))
		return n;
	if (n == 0)
		errno = EIO;		/* it hung up */
	else if (errno == EAGAIN || errno == EINTR)
		return 0;
	return -1;
}

ssize_t
ml_serial_read(struct ml_serial *s, void *to, size_t len)
{
	return result(read(s->fd, to, len), 1);
}

ssize_t
ml_serial_write(struct ml_serial *s, const void *p, size_t len)
{
	return result(s->is_tcp ? send(s->fd, p, len, MSG_NOSIGNAL) :
	    write(s->fd, p, len), 0);
}

int
ml_serial_each(void *arg, void (*each)(void *arg, const char *name,
    const char *description, const char *maker, const char *number))
{
	struct sp_port **list, **p;

	if (sp_list_ports(&list) != SP_OK)
		return -1;
	for (p = list; *p != NULL; p++)
		each(arg, sp_get_port_name(*p), sp_get_port_description(*p),
		    sp_get_port_usb_manufacturer(*p),
		    sp_get_port_usb_serial(*p));
	sp_free_port_list(list);
	return 0;
}

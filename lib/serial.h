/*
 * serial - a stream of bytes to and from a radio: a serial device by
 * libserialport, a terminal that this refuses (a pty), or TCP.
 *
 * Reads and writes do not block; poll() on the descriptor first, as a line that
 * hangs up shows there alone.
 */
#ifndef ML_SERIAL_H
#define ML_SERIAL_H
#include <sys/types.h>

#define ML_SERIAL_BAUD 115200		/* 8N1, no flow control: nothing else */
#define ML_SERIAL_TCP_PORT "7633"	/* of an RNode on WiFi */
#define ML_SERIAL_CONNECT_MS 5000

struct ml_serial;

/* Whether a port is a host, and no device. */
int ml_serial_is_host(const char *port);
/*
 * port: a device, a link to one, or tcp://HOST[:PORT].  It is locked against
 * others.  0, or -1: *why says why (static, or errno's text), and errno is set:
 * ECANCELED if stop could be read before a host had answered.
 */
int ml_serial_open(struct ml_serial **out, const char *port, int stop,
    const char **why);
void ml_serial_close(struct ml_serial *s);	/* takes NULL */
int ml_serial_fd(const struct ml_serial *s);
/* Bytes, 0: none now, -1: it is gone, or errno. */
ssize_t ml_serial_read(struct ml_serial *s, void *to, size_t len);
ssize_t ml_serial_write(struct ml_serial *s, const void *p, size_t len);
/* Each port that this machine has; all but name may be NULL.  0, or -1. */
int ml_serial_each(void *arg, void (*each)(void *arg, const char *name,
    const char *description, const char *maker, const char *number));
#endif

/* outlet - a reader that never has all does not make it grow; one that goes is
 * noticed, and one that stops is not waited for */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "outlet.h"
#include "unit.h"

#define PIECE 1000

static int
is_ready(const struct ml_outlet *o)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1;
}

static void
check_bound(void)
{
	char piece[PIECE], got[PIECE];
	struct ml_outlet o;
	size_t most = 0, i, bad = 0;
	int fd[2];

	if (pipe(fd) == -1 || fcntl(fd[1], F_SETFL, O_NONBLOCK) == -1)
		abort();
	o = ml_outlet_of(fd[1]);
	for (i = 0; i < 50000; i++) {
		memset(piece, 'a' + (int)(i % 26), sizeof piece);
		ml_buf_add(&o.text, piece, sizeof piece);
		if (i < 100)
			continue;	/* so much is always ahead */
		while (is_ready(&o) && ml_outlet_write(&o) > 0)
			continue;
		bad += read(fd[0], got, sizeof got) != PIECE ||
		    got[0] != 'a' + (int)((i - 100) % 26) ||
		    got[PIECE - 1] != got[0];
		most = o.text.cap > most ? o.text.cap : most;
	}
	ok(bad == 0, "all comes as it was said");
	ok(most < 1000000, "and is not kept: %zu bytes at the most", most);
	ok(ml_outlet_flush(&o, 1) == 0, "who does not read is not waited for");
	close(fd[0]);
	ok(ml_outlet_write(&o) == 0 && o.is_lost && ml_outlet_len(&o) == 0,
	    "who is gone is noticed");
	ok(ml_outlet_flush(&o, 1) == 1, "and nothing is left to be said");
	ml_outlet_free(&o);
	close(fd[1]);
}

static void
check_error(void)
{
	struct ml_outlet o = ml_outlet_of(-1);

	ml_buf_byte(&o.text, 'x');
	ok(ml_outlet_write(&o) == -1 && errno == EBADF && !o.is_lost,
	    "any other failure is one");
	ml_outlet_free(&o);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	check_bound();
	check_error();
	return unit_done();
}

/* bridge - frames from one descriptor to a radio and from it to another */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "bridgework.h"
#include "steady.h"

#define KEEPALIVE (7 * BRIDGE_SECOND / 2)	/* a device drops who is silent for 6.5 s */

static uint64_t
now_us(void)
{
	return (uint64_t)ml_steady_us();
}

void
bridge_tell(struct bridge *b, struct ml_bridge_event e)
{
	b->tell(b->arg, &e);
}

void
bridge_leave(struct bridge *b, uint64_t now)
{
	b->phase = LEAVE;
	if (b->port == NULL)
		b->phase = DONE;
	else
		ml_radio_leave(b->radio, now);
}

/* The radio is switched off then, too, unless it is even that which fails. */
int
bridge_fail(struct bridge *b, const char *file, const char *why, unsigned long line)
{
	b->end->file = file;
	b->end->why = why;
	b->end->error = errno;
	b->end->line = line;
	b->rc = -1;
	if (b->phase == LEAVE)
		b->phase = DONE;
	else
		bridge_leave(b, now_us());
	return -1;
}

/* Asked twice, it leaves at once; a third time changes nothing. */
void
bridge_quit(struct bridge *b, uint64_t now)
{
	uint64_t until = ml_radio_until(b->radio);

	if (b->phase == LEAVE || b->phase == DONE)
		return;
	if (b->quits || b->port == NULL)
		bridge_leave(b, now);
	else
		b->phase = DRAIN;
	b->quits = 1;
	b->quit_by = (until > now ? until : now) +
	    ML_BRIDGE_STOP_MAX * BRIDGE_SECOND;
}

static void
stop(struct bridge *b, uint64_t now)
{
	char byte;

	if (read(b->o->stop, &byte, 1) == -1)
		return;
	bridge_quit(b, now);
}

static void
listen_on(struct bridge *b, uint64_t now)
{
	b->phase = LINGER;
	b->linger_until = b->o->linger < 0 ? UINT64_MAX :
	    now + (uint64_t)(b->o->linger * BRIDGE_SECOND);
}

/* What comes after what: the end of the frames, of their sending, of waiting. */
static void
go_on(struct bridge *b, uint64_t now)
{
	unsigned unread;

	if (b->port == NULL && b->phase != DONE && now >= b->retry_at)
		bridge_open_port(b, now);
	bridge_rebook(b, now);
	if ((b->phase == RUN || b->phase == DRAIN) && !b->quits && !b->o->wish.probe)
		bridge_send_frames(b, now);
	if (b->phase == DRAIN && !b->handed &&
	    (b->frame.len == 0 || b->quits) &&
	    ml_radio_outstanding(b->radio, &unread) == 0)
		listen_on(b, now);
	if ((b->phase == LINGER && (now >= b->linger_until || b->quits)) ||
	    (b->phase == DRAIN && b->quits && now >= b->quit_by))
		bridge_leave(b, now);
}

static uint64_t
soonest(const struct bridge *b)
{
	uint64_t due = UINT64_MAX, t;

	if (b->port == NULL)
		due = b->retry_at;
	else if ((t = ml_radio_due(b->radio)) < due)
		due = t;
	if (b->frame.len > 0 && !b->handed && !b->quits && b->port != NULL &&
	    b->wait_until < due && ml_radio_room(b->radio) &&
	    !b->device_is_over)
		due = b->wait_until;
	if (b->bookings > 0 && b->rebook_at < due)
		due = b->rebook_at;
	if (b->phase == LINGER && b->linger_until < due)
		due = b->linger_until;
	if (b->phase == DRAIN && b->quits && b->quit_by < due)
		due = b->quit_by;
	if (b->phase == RUN && b->more_lines && !b->quits)
		due = 0;
	return due;
}

static int
timeout_ms(uint64_t due, uint64_t now)
{
	uint64_t ms = due <= now ? 0 : (due - now + 999) / 1000;

	return due == UINT64_MAX ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

enum { IN, OUT, STOP, PORT, FDS };

static void
wait_for(struct bridge *b)
{
	struct pollfd p[FDS] = { { -1, POLLIN, 0 }, { -1, 0, 0 },
	    { b->o->stop, POLLIN, 0 }, { -1, POLLIN, 0 } };
	uint64_t now = now_us();

	if (b->phase == RUN && !b->o->wish.probe && b->frame.len == 0)
		p[IN].fd = b->o->in;
	if (!b->out_is_gone)
		p[OUT].fd = b->o->out;	/* that nobody reads it shows by itself */
	if (b->out.len > 0)
		p[OUT].events = POLLOUT;
	if (b->port != NULL) {
		p[PORT].fd = ml_serial_fd(b->port);
		if (ml_radio_out(b->radio).len > 0)
			p[PORT].events |= POLLOUT;
	}
	if (poll(p, FDS, timeout_ms(soonest(b), now)) == -1 && errno != EINTR) {
		bridge_fail(b, "poll", NULL, 0);
		return;
	}
	now = now_us();
	if (p[STOP].revents != 0)
		stop(b, now);
	if (p[OUT].revents & POLLOUT)
		bridge_write_out(b, now);
	else if (p[OUT].revents != 0) {
		bridge_lose_output(b, now, EPIPE);
	}
	if (b->port != NULL && p[PORT].revents & POLLIN)
		bridge_read_port(b, now);
	else if (b->port != NULL && p[PORT].revents & (POLLHUP | POLLERR | POLLNVAL))
		bridge_retry(b, now, "the port is gone", EIO);
	if (b->port != NULL && p[PORT].revents & POLLOUT)
		bridge_write_port(b, now);
	bridge_take(b, now, (struct ml_slice){ NULL, 0 });
}

int
ml_bridge_run(const struct ml_bridge_options *o, void *arg,
    void (*tell_it)(void *arg, const struct ml_bridge_event *e),
    const struct ml_radio_info **info, struct ml_bridge_end *end)
{
	struct bridge b = { .o = o, .arg = arg, .tell = tell_it, .end = end,
	    .linger_until = UINT64_MAX, .phase = RUN,
	    .in = ml_lines_stream(o->in),
	    .retry_after = (uint64_t)(ML_BRIDGE_RETRY_MIN * BRIDGE_SECOND) };
	struct ml_radio_wish wish = o->wish;
	unsigned unread;

	*end = (struct ml_bridge_end){ 0 };
	if (ml_serial_is_host(o->port))
		wish.keepalive = KEEPALIVE;
	if ((b.radio = ml_radio_new(&wish)) == NULL)
		return bridge_fail(&b, "memory", NULL, 0);
	*info = ml_radio_info(b.radio);
	if (o->receive_only)
		listen_on(&b, now_us());
	while (b.phase != DONE) {
		go_on(&b, now_us());
		if (b.phase != DONE)
			wait_for(&b);
	}
	bridge_flush(&b);
	end->unsent = b.frame.len > 0 ||
	    ml_radio_outstanding(b.radio, &unread) > 0;
	if (b.port != NULL)
		bridge_drop_port(&b);
	*info = NULL;
	ml_radio_free(b.radio);
	ml_lines_free(&b.in);
	ml_buf_free(&b.frame);
	ml_buf_free(&b.out);
	return b.rc;
}

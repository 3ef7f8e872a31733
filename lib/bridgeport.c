/* bridgeport - a bridge's port, opened as often as it takes */
#include <errno.h>

#include "bridgework.h"

#define READ_LEN 4096			/* bytes of the port at once */

/* What the radio had is with a device that is gone, or has begun anew, and with
 * it its account of airtime.  One frame that was not written as a whole is still
 * at hand. */
static void
forget(struct bridge *b)
{
	b->bookings = 0;
	b->handed = 0;
	b->device_used = 0;
	b->device_is_over = 0;
}

void
bridge_drop_port(struct bridge *b)
{
	unsigned lost = ml_radio_gone(b->radio);

	ml_serial_close(b->port);
	b->port = NULL;
	lost -= b->handed && lost > 0;
	forget(b);
	if (lost > 0)
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_LOST,
		    .count = lost });
}

/* No use to try again, where nothing has been yet. */
static int
is_final(int error)
{
	return error == EACCES || error == EPERM || error == ENOTTY ||
	    error == EINVAL || error == EISDIR;
}

/* Whether a port would be of use: to frames that have come meanwhile, too. */
static int
has_use(struct bridge *b)
{
	if (b->phase == RUN && !b->o->wish.probe)
		bridge_read_frame(b);
	return b->phase == RUN || b->phase == LINGER ||
	    (b->phase == DRAIN && (b->frame.len > 0 || b->o->linger != 0));
}

/* A device that is still there may be on. */
static void
stop_trying(struct bridge *b, uint64_t now, int is_there)
{
	if (b->port != NULL && is_there && b->phase != LEAVE &&
	    ml_radio_info(b->radio)->major != -1) {
		bridge_leave(b, now);
		return;
	}
	if (b->port != NULL)
		bridge_drop_port(b);
	b->phase = DONE;
}

/* Who is ended before it is opened again would leave it on: it is told, without
 * waiting for it.  Half a frame before that would become one. */
static void
switch_off(struct bridge *b, uint64_t now)
{
	struct ml_slice s;

	if (ml_radio_info(b->radio)->major == -1 || ml_radio_out(b->radio).len > 0)
		return;
	ml_radio_leave(b->radio, now);
	s = ml_radio_out(b->radio);
	(void)ml_serial_write(b->port, s.p, s.len);
}

void
bridge_retry(struct bridge *b, uint64_t now, const char *why, int error)
{
	struct ml_bridge_event e = { .what = ML_BRIDGE_RETRY, .why = why,
	    .error = error, .seconds = -1 };

	if (b->o->give_up || b->quits || b->phase == LEAVE || !has_use(b)) {
		b->end->gave_up = b->o->give_up && b->phase != LEAVE;
		stop_trying(b, now, why == NULL);
	} else {
		if (b->port != NULL && why == NULL)
			switch_off(b, now);
		if (b->port != NULL)
			bridge_drop_port(b);
		e.seconds = (double)b->retry_after / BRIDGE_SECOND;
		b->retry_at = now + b->retry_after;
		b->retry_after *= 2;
		if (b->retry_after > (uint64_t)(ML_BRIDGE_RETRY_MAX * BRIDGE_SECOND))
			b->retry_after = (uint64_t)(ML_BRIDGE_RETRY_MAX * BRIDGE_SECOND);
	}
	bridge_tell(b, e);
}

void
bridge_open_port(struct bridge *b, uint64_t now)
{
	const char *why;

	if (ml_serial_open(&b->port, b->o->port, b->o->stop, &why) == -1) {
		b->port = NULL;
		if (errno == ECANCELED)		/* that comes next */
			return;
		if (is_final(errno) && !b->was_open) {
			b->rc = 1;
			b->quits = 1;
		}
		bridge_retry(b, now, why, errno);
		return;
	}
	b->was_open = 1;
	ml_radio_begin(b->radio, now);
}

static void
note_channel(struct bridge *b, const struct ml_radio_event *e)
{
	b->device_used = e->channel.own_long * (ML_BUDGET_WINDOW / 10000);
	b->device_is_over = 0;		/* it is seen again */
	bridge_settle(b, e->count);
}

static void
happen(struct bridge *b, uint64_t now, struct ml_radio_event *e)
{
	struct ml_bridge_event told = { .what = ML_BRIDGE_RADIO, .radio = e };

	if (e->what == ML_RADIO_LOST) {
		e->count -= b->handed && e->count > 0;
		forget(b);
	}
	bridge_tell(b, told);
	switch (e->what) {
	case ML_RADIO_UP:
		b->retry_after = (uint64_t)(ML_BRIDGE_RETRY_MIN * BRIDGE_SECOND);
		if (b->o->wish.probe)
			bridge_leave(b, now);
		break;
	case ML_RADIO_FRAME:
		bridge_put_frame(b, e);
		break;
	case ML_RADIO_SENT:
		bridge_drop_booked(b, e->count);
		break;
	case ML_RADIO_CHANNEL:
		note_channel(b, e);
		break;
	case ML_RADIO_DOWN:
		bridge_retry(b, now, NULL, 0);
		break;
	case ML_RADIO_REFUSED:
		b->rc = 1;
		bridge_leave(b, now);
		break;
	case ML_RADIO_OFF:
		b->phase = DONE;
		break;
	default:
		break;
	}
}

/* Bytes of the port, or the time alone. */
void
bridge_take(struct bridge *b, uint64_t now, struct ml_slice in)
{
	struct ml_radio_event e;

	while (b->phase != DONE && b->port != NULL &&
	    ml_radio_take(b->radio, now, &in, &e))
		happen(b, now, &e);
}

void
bridge_read_port(struct bridge *b, uint64_t now)
{
	char bytes[READ_LEN];
	ssize_t n = ml_serial_read(b->port, bytes, sizeof bytes);

	if (n == -1)
		bridge_retry(b, now, "the port is gone", errno);
	else
		bridge_take(b, now, (struct ml_slice){ bytes, (size_t)n });
}

void
bridge_write_port(struct bridge *b, uint64_t now)
{
	struct ml_slice s = ml_radio_out(b->radio);
	ssize_t n = ml_serial_write(b->port, s.p, s.len);

	if (n == -1) {
		bridge_retry(b, now, "the port is gone", errno);
		return;
	}
	ml_radio_wrote(b->radio, now, (size_t)n);
	if (b->handed && (size_t)n == s.len) {
		b->handed = 0;
		ml_buf_clear(&b->frame);
	}
}

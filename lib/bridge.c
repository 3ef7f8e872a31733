/* bridge - frames from one descriptor to a radio and from it to another */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bridge.h"
#include "frameline.h"
#include "lines.h"
#include "serial.h"

#define SECOND UINT64_C(1000000)
#define READ_LEN 4096			/* bytes of the port at once */
#define WRITE_LEN 512			/* bytes that a ready pipe has room for */
#define LINES_AT_ONCE 256		/* that are no frames */
#define FLUSH_MS 2000			/* for who reads what we say, at the end */
#define KEEPALIVE (7 * SECOND / 2)	/* a device drops who is silent for 6.5 s */
#define BOOKED_SLACK (60 * SECOND)	/* a busy channel, when airtime is booked */

enum phase {
	RUN,				/* frames are read */
	DRAIN,				/* what the radio has is to be sent */
	LINGER,				/* what comes in is still taken */
	LEAVE,				/* the radio is being switched off */
	DONE
};

struct bridge {
	const struct ml_bridge_options *o;
	void *arg;
	void (*tell)(void *arg, const struct ml_bridge_event *e);
	struct ml_bridge_end *end;
	struct ml_radio *radio;
	struct ml_serial *port;		/* NULL: away */
	enum phase phase;
	int quits;			/* asked to, before the frames ended */
	int was_open;			/* its port */
	int rc;
	struct ml_lines in;
	struct ml_buf frame;		/* the one at hand, if it is not empty */
	uint64_t frame_line;
	int more_lines;			/* were read, and not looked at */
	int handed;			/* to the radio, but not all to its port */
	struct ml_budget_entry booked[ML_RADIO_AHEAD];	/* of what the radio has */
	size_t bookings;
	uint64_t rebook_at;		/* it may have it for longer */
	uint64_t wait_until;		/* for airtime */
	uint64_t said_until;		/* and so it was told */
	uint64_t left;			/* airtime */
	int device_is_over;		/* by its own account of airtime */
	struct ml_buf out;
	int out_is_gone;
	unsigned unread;
	uint64_t retry_at, retry_after;
	uint64_t linger_until;
};

static uint64_t
now_us(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec / 1000;
}

static void
tell(struct bridge *b, struct ml_bridge_event e)
{
	b->tell(b->arg, &e);
}

static void
leave(struct bridge *b, uint64_t now)
{
	b->phase = LEAVE;
	if (b->port == NULL)
		b->phase = DONE;
	else
		ml_radio_leave(b->radio, now);
}

/* The radio is switched off then, too, unless it is even that which fails. */
static int
fail(struct bridge *b, const char *file, const char *why, unsigned long line)
{
	b->end->file = file;
	b->end->why = why;
	b->end->error = errno;
	b->end->line = line;
	b->rc = -1;
	if (b->phase == LEAVE)
		b->phase = DONE;
	else
		leave(b, now_us());
	return -1;
}

/* What the radio had is with a device that is gone, or has begun anew.  One
 * that was not written as a whole is still at hand. */
static void
forget_booked(struct bridge *b)
{
	b->bookings = 0;
	b->handed = 0;
}

static void
drop_port(struct bridge *b)
{
	unsigned lost = ml_radio_gone(b->radio);

	ml_serial_close(b->port);
	b->port = NULL;
	lost -= b->handed && lost > 0;
	forget_booked(b);
	if (lost > 0)
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_LOST,
		    .count = lost });
}

/* The port is gone, or was not there: open it again later, or not at all. */
static void
retry(struct bridge *b, uint64_t now, const char *why, int error)
{
	struct ml_bridge_event e = { .what = ML_BRIDGE_RETRY, .why = why,
	    .error = error };

	if (b->port != NULL)
		drop_port(b);
	if (b->o->give_up || b->quits || b->phase == LEAVE) {
		b->end->gave_up = b->o->give_up && b->phase != LEAVE;
		b->phase = DONE;
		e.seconds = -1;
	} else {
		e.seconds = (double)b->retry_after / SECOND;
		b->retry_at = now + b->retry_after;
		b->retry_after *= 2;
		if (b->retry_after > (uint64_t)(ML_BRIDGE_RETRY_MAX * SECOND))
			b->retry_after = (uint64_t)(ML_BRIDGE_RETRY_MAX * SECOND);
	}
	tell(b, e);
}

/* No use to try again, where nothing has been yet. */
static int
is_final(int error)
{
	return error == EACCES || error == EPERM || error == ENOTTY ||
	    error == EINVAL || error == EISDIR;
}

static void
open_port(struct bridge *b, uint64_t now)
{
	const char *why;

	if (ml_serial_open(&b->port, b->o->port, &why) == -1) {
		b->port = NULL;
		if (is_final(errno) && !b->was_open) {
			b->rc = 1;
			b->quits = 1;
		}
		retry(b, now, why, errno);
		return;
	}
	b->was_open = 1;
	ml_radio_begin(b->radio, now);
}

/* A line of what was received; if nobody takes it, the rest has to wait. */
static void
put_frame(struct bridge *b, const struct ml_radio_event *e)
{
	char remarks[96];
	struct timespec t = { 0 };
	int n = 0;

	if (b->out.len >= ML_BRIDGE_BACKLOG) {
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_UNREAD,
		    .count = ++b->unread });
		return;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	ml_frameline_write(&b->out, e->frame);
	if (e->has_signal)
		n = snprintf(remarks, sizeof remarks, "\trssi=%d\tsnr=%g",
		    e->rssi, e->snr);
	n += snprintf(remarks + n, sizeof remarks - (size_t)n, "\tt=%lld\n",
	    (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	ml_buf_add(&b->out, remarks, (size_t)n);
}

/* The first of what the radio had is on the air, or will be by what is booked. */
static void
drop_booked(struct bridge *b, unsigned count)
{
	if (count > b->bookings)
		count = (unsigned)b->bookings;
	b->bookings -= count;
	memmove(b->booked, b->booked + count,
	    b->bookings * sizeof b->booked[0]);
}

/* The first of what is booked ends so long after now. */
static void
move_booked(struct bridge *b, unsigned count, uint64_t after)
{
	struct ml_ledger_clock clock;
	const char *why = NULL;
	unsigned long line = 0;
	unsigned i;

	for (i = 0; i < count && i < b->bookings; i++) {
		if (ml_ledger_read_clock(&clock) == 0) {
			b->booked[i].until = clock.since_boot + after;
			if (ml_ledger_move(b->o->ledger, &clock, &b->booked[i],
			    &why, &line) == 0)
				continue;
		}
		fail(b, ml_ledger_path(b->o->ledger), why, line);
		return;
	}
}

/* The device still has what should have been sent by now: a busy channel, or a
 * limit of its own. */
static void
rebook(struct bridge *b, uint64_t now)
{
	uint64_t until = ml_radio_until(b->radio);

	if (b->bookings == 0 || now < b->rebook_at)
		return;
	move_booked(b, (unsigned)b->bookings,
	    (until > now ? until - now : 0) + BOOKED_SLACK);
	b->rebook_at = now + BOOKED_SLACK / 2;
}

static void
note_channel(struct bridge *b, const struct ml_radio_event *e)
{
	int was = b->device_is_over;

	b->device_is_over = b->o->ledger != NULL && b->o->limit > 0 &&
	    e->channel.own_long * (ML_BUDGET_WINDOW / 10000) >= b->o->limit;
	if (b->device_is_over && !was && b->frame.len > 0)
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_WAITS,
		    .seconds = -1 });
	move_booked(b, e->count, 0);	/* it has just been sending */
	if (e->count > 0)
		b->wait_until = 0;	/* perhaps that is sooner now */
	drop_booked(b, e->count);
}

static void
happen(struct bridge *b, uint64_t now, struct ml_radio_event *e)
{
	struct ml_bridge_event told = { .what = ML_BRIDGE_RADIO, .radio = e };

	if (e->what == ML_RADIO_LOST) {
		e->count -= b->handed && e->count > 0;
		forget_booked(b);
	}
	tell(b, told);
	switch (e->what) {
	case ML_RADIO_UP:
		b->retry_after = (uint64_t)(ML_BRIDGE_RETRY_MIN * SECOND);
		if (b->o->wish.probe)
			leave(b, now);
		break;
	case ML_RADIO_FRAME:
		put_frame(b, e);
		break;
	case ML_RADIO_SENT:
		drop_booked(b, e->count);
		break;
	case ML_RADIO_CHANNEL:
		note_channel(b, e);
		break;
	case ML_RADIO_DOWN:
		retry(b, now, NULL, 0);
		break;
	case ML_RADIO_REFUSED:
		b->rc = 1;
		leave(b, now);
		break;
	case ML_RADIO_OFF:
		b->phase = DONE;
		break;
	default:
		break;
	}
}

/* Bytes of the port, or the time alone. */
static void
take(struct bridge *b, uint64_t now, struct ml_slice in)
{
	struct ml_radio_event e;

	while (b->phase != DONE && b->port != NULL &&
	    ml_radio_take(b->radio, now, &in, &e))
		happen(b, now, &e);
}

static void
read_port(struct bridge *b, uint64_t now)
{
	char bytes[READ_LEN];
	ssize_t n = ml_serial_read(b->port, bytes, sizeof bytes);

	if (n == -1)
		retry(b, now, "the port is gone", errno);
	else
		take(b, now, (struct ml_slice){ bytes, (size_t)n });
}

static void
write_port(struct bridge *b, uint64_t now)
{
	struct ml_slice s = ml_radio_out(b->radio);
	ssize_t n = ml_serial_write(b->port, s.p, s.len);

	if (n == -1) {
		retry(b, now, "the port is gone", errno);
		return;
	}
	ml_radio_wrote(b->radio, now, (size_t)n);
	if (b->handed && (size_t)n == s.len) {
		b->handed = 0;
		ml_buf_clear(&b->frame);
	}
}

/* Have the next frame at hand: 1, or 0 if there is none now, or only lines
 * that are none for so long that the port is to be seen to. */
static int
read_frame(struct bridge *b)
{
	struct ml_slice line;
	const char *why;
	int lines;

	b->more_lines = 0;
	for (lines = 0; b->phase == RUN && b->frame.len == 0 && !b->handed;
	    lines++) {
		if (lines == LINES_AT_ONCE) {
			b->more_lines = 1;
			return 0;
		}
		switch (ml_lines_next(&b->in, 0, &line)) {
		case ML_LINE_AGAIN:
			return 0;
		case ML_LINE_END:
			b->phase = DRAIN;
			break;
		case ML_LINE_ERROR:
			fail(b, "standard input", NULL, 0);
			break;
		case ML_LINE_LONG:
			b->end->refused++;
			tell(b, (struct ml_bridge_event){ .line = b->in.number,
			    .what = ML_BRIDGE_BAD_FRAME,
			    .why = "frame: too long" });
			break;
		default:
			if (line.len == 0)
				break;
			why = ml_frameline_read(&b->frame, line,
			    ML_LORA_FRAME_MAX);
			b->frame_line = b->in.number;
			if (why == NULL)
				why = ml_lora_check_frame(&b->o->wish.lora,
				    b->frame.len);
			if (why == NULL)
				break;
			ml_buf_clear(&b->frame);
			b->end->refused++;
			tell(b, (struct ml_bridge_event){ .why = why,
			    .what = ML_BRIDGE_BAD_FRAME, .line = b->in.number });
		}
	}
	return b->frame.len > 0 && !b->handed;
}

/* Book the airtime of the frame at hand: 1, or 0: not now, or never. */
static int
book(struct bridge *b, uint64_t now, uint64_t airtime)
{
	uint64_t until = ml_radio_until(b->radio), when;
	struct ml_budget_entry e = { .airtime = airtime };
	struct ml_ledger_clock clock;
	const char *why = NULL;
	unsigned long line = 0;
	int rc = -1;

	if (b->o->ledger == NULL)
		return 1;
	if (now < b->wait_until || b->device_is_over)
		return 0;
	until = (until > now ? until - now : 0) + BOOKED_SLACK + airtime;
	if (ml_ledger_read_clock(&clock) == 0) {
		e.until = clock.since_boot + until;
		rc = ml_ledger_book(b->o->ledger, &clock, b->o->limit, &e, &when,
		    &why, &line);
	}
	if (rc == -1) {
		fail(b, ml_ledger_path(b->o->ledger), why, line);
		return 0;
	}
	if (when == clock.since_boot) {
		if (b->bookings == 0)
			b->rebook_at = now + BOOKED_SLACK / 2;
		b->booked[b->bookings++] = e;
		b->left = b->o->limit - ml_budget_used(
		    ml_ledger_budget(b->o->ledger), clock.since_boot);
		return 1;
	}
	if (when == UINT64_MAX) {
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_NEVER,
		    .line = b->frame_line, .airtime = airtime });
		ml_buf_clear(&b->frame);
		b->end->refused++;
		return 0;
	}
	b->wait_until = now + (when - clock.since_boot);
	if (b->wait_until <= b->said_until)
		return 0;
	b->said_until = b->wait_until;
	tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_WAITS,
	    .seconds = (double)(when - clock.since_boot) / SECOND });
	return 0;
}

static void
send_frames(struct bridge *b, uint64_t now)
{
	uint64_t airtime;

	while (read_frame(b) && b->port != NULL && ml_radio_room(b->radio)) {
		airtime = ml_lora_frame_us(&b->o->wish.lora, b->frame.len);
		if (!book(b, now, airtime))
			return;
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_HANDED,
		    .bytes = b->frame.len, .airtime = airtime,
		    .left = b->left });
		ml_radio_send(b->radio, now, ml_buf_view(&b->frame));
		b->handed = 1;
	}
}

/* Send what the radio has, and leave; asked twice, leave. */
static void
quit(struct bridge *b, uint64_t now)
{
	if (b->quits || b->port == NULL)
		leave(b, now);
	else if (b->phase != LEAVE)
		b->phase = DRAIN;
	b->quits = 1;
}

static void
stop(struct bridge *b, uint64_t now)
{
	char byte;

	if (read(b->o->stop, &byte, 1) == -1)
		return;
	quit(b, now);
}

static void
lose_output(struct bridge *b, uint64_t now, int error)
{
	b->end->file = "standard output";
	b->end->error = error;
	b->out_is_gone = 1;
	ml_buf_clear(&b->out);
	quit(b, now);
}

static void
write_out(struct bridge *b, uint64_t now)
{
	size_t len = b->out.len < WRITE_LEN ? b->out.len : WRITE_LEN;
	ssize_t n = write(b->o->out, b->out.p, len);

	if (n > 0)
		ml_buf_drop(&b->out, (size_t)n);
	else if (n == -1 && errno != EINTR && errno != EAGAIN) {
		lose_output(b, now, errno);
	}
}

static void
listen_on(struct bridge *b, uint64_t now)
{
	b->phase = LINGER;
	b->linger_until = b->o->linger < 0 ? UINT64_MAX :
	    now + (uint64_t)(b->o->linger * SECOND);
}

/* What comes after what: the end of the frames, of their sending, of waiting. */
static void
go_on(struct bridge *b, uint64_t now)
{
	unsigned unread;

	if (b->port == NULL && b->phase != DONE && now >= b->retry_at)
		open_port(b, now);
	rebook(b, now);
	if ((b->phase == RUN || b->phase == DRAIN) && !b->quits && !b->o->wish.probe)
		send_frames(b, now);
	if (b->phase == DRAIN && !b->handed &&
	    (b->frame.len == 0 || b->quits) &&
	    ml_radio_outstanding(b->radio, &unread) == 0)
		listen_on(b, now);
	if (b->phase == LINGER && (now >= b->linger_until || b->quits))
		leave(b, now);
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
		fail(b, "poll", NULL, 0);
		return;
	}
	now = now_us();
	if (p[STOP].revents != 0)
		stop(b, now);
	if (p[OUT].revents & POLLOUT)
		write_out(b, now);
	else if (p[OUT].revents != 0) {
		lose_output(b, now, EPIPE);
	}
	if (b->port != NULL && p[PORT].revents & POLLIN)
		read_port(b, now);
	else if (b->port != NULL && p[PORT].revents & (POLLHUP | POLLERR | POLLNVAL))
		retry(b, now, "the port is gone", EIO);
	else if (b->port != NULL && p[PORT].revents & POLLOUT)
		write_port(b, now);
	take(b, now, (struct ml_slice){ NULL, 0 });
}

/* What was received before the end, to who takes it in time. */
static void
flush(struct bridge *b)
{
	struct pollfd p = { b->o->out, POLLOUT, 0 };

	while (b->out.len > 0 && !b->out_is_gone &&
	    poll(&p, 1, FLUSH_MS) == 1)
		write_out(b, 0);
	if (b->out.len > 0)
		tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_UNREAD,
		    .count = ++b->unread });
}

int
ml_bridge_run(const struct ml_bridge_options *o, void *arg,
    void (*tell_it)(void *arg, const struct ml_bridge_event *e),
    const struct ml_radio_info **info, struct ml_bridge_end *end)
{
	struct bridge b = { .o = o, .arg = arg, .tell = tell_it, .end = end,
	    .linger_until = UINT64_MAX, .phase = RUN,
	    .in = ml_lines_stream(o->in),
	    .retry_after = (uint64_t)(ML_BRIDGE_RETRY_MIN * SECOND) };
	struct ml_radio_wish wish = o->wish;

	*end = (struct ml_bridge_end){ 0 };
	if (strncmp(o->port, "tcp://", 6) == 0)
		wish.keepalive = KEEPALIVE;
	if ((b.radio = ml_radio_new(&wish)) == NULL)
		return fail(&b, "memory", NULL, 0);
	*info = ml_radio_info(b.radio);
	if (o->receive_only)
		listen_on(&b, now_us());
	while (b.phase != DONE) {
		go_on(&b, now_us());
		if (b.phase != DONE)
			wait_for(&b);
	}
	flush(&b);
	if (b.port != NULL)
		drop_port(&b);
	end->unsent = b.frame.len > 0;
	*info = NULL;
	ml_radio_free(b.radio);
	ml_lines_free(&b.in);
	ml_buf_free(&b.frame);
	ml_buf_free(&b.out);
	return b.rc;
}

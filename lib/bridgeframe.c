/* bridgeframe - a bridge's frames, in and out */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bridgework.h"
#include "frameline.h"

#define WRITE_LEN 512			/* bytes that a ready pipe has room for */
#define LINES_AT_ONCE 256		/* that are no frames */
#define FLUSH_MS 2000			/* for who reads what we say, at the end */
#define BOOKED_SLACK (60 * BRIDGE_SECOND)	/* a busy channel, when airtime is booked */

/* Have the next frame at hand: 1, or 0 if there is none now, or only lines
 * that are none for so long that the port is to be seen to. */
int
bridge_read_frame(struct bridge *b)
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
			bridge_fail(b, "standard input", NULL, 0);
			break;
		case ML_LINE_LONG:
			b->end->refused++;
			bridge_tell(b, (struct ml_bridge_event){ .line = b->in.number,
			    .what = ML_BRIDGE_BAD_FRAME,
			    .why = "frame: too long" });
			break;
		default:
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
			bridge_tell(b, (struct ml_bridge_event){ .why = why,
			    .what = ML_BRIDGE_BAD_FRAME, .line = b->in.number });
		}
	}
	return b->frame.len > 0 && !b->handed;
}

/* What others have sent with the device, or it has sent late for one that was
 * killed, is in no ledger, but in its own account. */
static int
is_over(struct bridge *b, uint64_t airtime)
{
	b->device_is_over = airtime <= b->o->limit &&
	    b->device_used > b->o->limit - airtime;
	if (b->device_is_over && !b->is_over_told)
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_WAITS,
		    .seconds = -1 });
	b->is_over_told = b->device_is_over;
	return b->device_is_over;
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
	if (now < b->wait_until || b->device_is_over || is_over(b, airtime))
		return 0;
	until = (until > now ? until - now : 0) + BOOKED_SLACK + airtime;
	if (ml_ledger_read_clock(&clock) == 0) {
		e.until = clock.since_boot + until;
		rc = ml_ledger_book(b->o->ledger, &clock, b->o->limit, &e, &when,
		    &why, &line);
	}
	if (rc == -1) {
		bridge_fail(b, ml_ledger_path(b->o->ledger), why, line);
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
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_NEVER,
		    .line = b->frame_line, .airtime = airtime });
		ml_buf_clear(&b->frame);
		b->end->refused++;
		return 0;
	}
	b->wait_until = now + (when - clock.since_boot);
	if (b->wait_until <= b->said_until + BRIDGE_SECOND)	/* the same, about */
		return 0;
	b->said_until = b->wait_until;
	bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_WAITS,
	    .seconds = (double)(when - clock.since_boot) / BRIDGE_SECOND });
	return 0;
}

void
bridge_send_frames(struct bridge *b, uint64_t now)
{
	uint64_t airtime;

	while (bridge_read_frame(b) && b->port != NULL && ml_radio_room(b->radio)) {
		airtime = ml_lora_frame_us(&b->o->wish.lora, b->frame.len);
		if (!book(b, now, airtime))
			return;
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_HANDED,
		    .bytes = b->frame.len, .airtime = airtime,
		    .left = b->left });
		ml_radio_send(b->radio, now, ml_buf_view(&b->frame));
		b->handed = 1;
	}
}

void
bridge_drop_booked(struct bridge *b, unsigned count)
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
		bridge_fail(b, ml_ledger_path(b->o->ledger), why, line);
		return;
	}
}

void
bridge_settle(struct bridge *b, unsigned count)
{
	if (count == 0)
		return;
	move_booked(b, count, 0);
	b->wait_until = 0;		/* perhaps that is sooner now */
	bridge_drop_booked(b, count);
}

void
bridge_rebook(struct bridge *b, uint64_t now)
{
	uint64_t until = ml_radio_until(b->radio);

	if (b->bookings == 0 || now < b->rebook_at)
		return;
	move_booked(b, (unsigned)b->bookings,
	    (until > now ? until - now : 0) + BOOKED_SLACK);
	b->rebook_at = now + BOOKED_SLACK / 2;
}

/* A line of what was received; if nobody takes it, the rest has to wait. */
void
bridge_put_frame(struct bridge *b, const struct ml_radio_event *e)
{
	char remarks[96];
	struct timespec t = { 0 };
	int n = 0;

	if (b->out.len >= ML_BRIDGE_BACKLOG) {
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_UNREAD,
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

void
bridge_lose_output(struct bridge *b, uint64_t now, int error)
{
	b->end->file = "standard output";
	b->end->error = error;
	b->out_is_gone = 1;
	ml_buf_clear(&b->out);
	bridge_quit(b, now);
}

void
bridge_write_out(struct bridge *b, uint64_t now)
{
	size_t len = b->out.len < WRITE_LEN ? b->out.len : WRITE_LEN;
	ssize_t n = write(b->o->out, b->out.p, len);

	if (n > 0)
		ml_buf_drop(&b->out, (size_t)n);
	else if (n == -1 && errno != EINTR && errno != EAGAIN) {
		bridge_lose_output(b, now, errno);
	}
}

/* What was received before the end, to who takes it in time. */
void
bridge_flush(struct bridge *b)
{
	struct pollfd p = { b->o->out, POLLOUT, 0 };

	while (b->out.len > 0 && !b->out_is_gone &&
	    poll(&p, 1, FLUSH_MS) == 1)
		bridge_write_out(b, 0);
	if (b->out.len > 0)
		bridge_tell(b, (struct ml_bridge_event){ .what = ML_BRIDGE_UNREAD,
		    .count = ++b->unread });
}

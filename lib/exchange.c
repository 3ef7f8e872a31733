/* exchange - with one peer, over two descriptors */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "exchangework.h"
#include "gossipline.h"

#define SAY_AT (64 * 1024)		/* bytes said before they are written */
#define HEAR_AT_ONCE (256 * 1024)	/* bytes heard before it is our turn */
#define LINGER_MS 20			/* for more, before a group is closed */
#define GROUP_MS 500			/* at most */
#define PEER "peer"			/* its name in messages */

struct ml_exchange *
ml_exchange_new(const struct ml_exchange_options *o,
    const uint8_t key[static ML_TABLE_KEY_LEN])
{
	struct ml_exchange *x = calloc(1, sizeof *x);
	struct ml_inlet_options inlet = o->inlet;

	if (x == NULL)
		return NULL;
	x->o = *o;
	x->log = inlet.log;
	ml_exchange_listen(x, &inlet);
	x->generation = ml_log_generation(x->log);
	x->lines = ml_lines_stream(o->in);
	x->look_ms = INT64_MAX;
	if ((x->g = ml_gossip_new(&o->gossip, key, ml_exchange_now())) == NULL ||
	    (x->follow = ml_follow_new(ml_log_path(x->log))) == NULL ||
	    (x->inlet = ml_inlet_new(&inlet)) == NULL) {
		ml_exchange_free(x);
		return NULL;
	}
	return x;
}

void
ml_exchange_free(struct ml_exchange *x)
{
	if (x == NULL)
		return;
	ml_inlet_free(x->inlet);
	ml_gossip_free(x->g);
	ml_follow_free(x->follow);
	ml_lines_free(&x->lines);
	free(x);
}

int
ml_exchange_begin(struct ml_exchange *x)
{
	return ml_inlet_catch_up(x->inlet, x->o.inlet.wait) == -1 ?
	    ml_exchange_fail_inlet(x) : 0;
}

/* Take in what others have appended; who holds the lock is not waited for. */
static int
catch_up(struct ml_exchange *x, int64_t now)
{
	x->look_ms = INT64_MAX;
	/* of what we append ourselves we are told too: no group ends for it */
	if (ml_log_has_changed(x->log)) {
		if (ml_exchange_commit(x) == -1)
			return -1;
		if (ml_inlet_catch_up(x->inlet, 0) == -1) {
			if (errno != EAGAIN || ml_inlet_why(x->inlet) != NULL)
				return ml_exchange_fail_inlet(x);
			x->look_ms = now + LINGER_MS;
		}
	}
	if (ml_follow_fd(x->follow) == -1 && x->look_ms == INT64_MAX)
		x->look_ms = now + ML_FOLLOW_LOOK_MS;
	return 0;
}

/* A peer that is gone, of a socket, and of a terminal. */
static int
is_hangup(const struct ml_exchange *x, int error)
{
	struct stat st;

	return error == ECONNRESET || (error == EIO &&
	    fstat(x->o.in, &st) == 0 && S_ISCHR(st.st_mode));
}

/* What of the peer's lines is there by now, or enough of it. */
static int
hear(struct ml_exchange *x)
{
	const struct ml_lines *l = &x->lines;
	uint64_t from = l->next, bytes;
	struct ml_slice line;
	enum ml_line got = ML_LINE_AGAIN;

	x->more = 0;
	x->stale = 0;
	while (l->next - from < HEAR_AT_ONCE &&
	    (got = ml_lines_next(&x->lines, 0, &line)) > ML_LINE_END &&
	    got != ML_LINE_AGAIN)
		if (ml_exchange_line(x, l, got, line) == -1)
			return -1;
	x->more = got != ML_LINE_AGAIN;
	x->heard_ms = ml_exchange_now();
	bytes = l->next + l->skipped + (l->buf.len - l->at);
	ml_gossip_heard(x->g, (size_t)(bytes - x->heard), (size_t)x->stale,
	    x->heard_ms);
	x->heard = bytes;
	if (got == ML_LINE_ERROR && !is_hangup(x, errno))
		return ml_exchange_fail(x, PEER, NULL);
	if (got != ML_LINE_END && got != ML_LINE_ERROR)
		return 0;
	x->more = 0;
	x->ended = 1;
	if (ml_exchange_commit(x) == -1)
		return -1;
	ml_gossip_end(x->g);
	return 0;
}

static int
write_some(struct ml_exchange *x)
{
	ssize_t n = ml_outlet_write(x->o.out);

	if (n == -1)
		return ml_exchange_fail(x, "standard output", NULL);
	if (x->o.out->is_lost)
		ml_gossip_unread(x->g);	/* what comes in is still taken */
	ml_gossip_drained(x->g, (size_t)n, ml_exchange_now());
	return 0;
}

/* Say what is to be said, as far as there is room.  What else to do: wait, or
 * be over. */
static int
go_on(struct ml_exchange *x, struct ml_gossip_wish *wish)
{
	int64_t now;

	for (;;) {
		now = ml_exchange_now();
		ml_gossip_next(x->g, ml_outlet_len(x->o.out) < SAY_AT, now,
		    wish);
		if (wish->what == ML_GOSSIP_WAIT ||
		    wish->what == ML_GOSSIP_OVER)
			return 0;
		if (wish->what == ML_GOSSIP_FRONTIER &&
		    !x->o.gossip.once && catch_up(x, now) == -1)
			return -1;
		if (ml_gossipline_say(x->g, wish, x->log, now,
		    &x->o.out->text) == -1)
			return ml_exchange_fail(x, ml_log_path(x->log), NULL);
		x->o.said(x->o.arg);
	}
}

static int
timeout_ms(const struct ml_exchange *x, int64_t until)
{
	int64_t now = ml_exchange_now(), due = until;

	if (x->more)
		return 0;
	if (x->group_ms > 0 && x->heard_ms + LINGER_MS < due)
		due = x->heard_ms + LINGER_MS;
	if (x->look_ms < due)
		due = x->look_ms;
	return due == INT64_MAX ? -1 : due <= now ? 0 :
	    due - now > INT_MAX ? INT_MAX : (int)(due - now);
}

enum { IN, OUT, STOP, FOLLOW, FDS };

/* Wait for what comes first, and see to it: 0, -1, or 1: to be stopped. */
static int
wait_for(struct ml_exchange *x, int64_t until)
{
	int once = x->o.gossip.once;
	struct pollfd p[FDS] = { { x->ended ? -1 : x->o.in, POLLIN, 0 },
	    { ml_outlet_len(x->o.out) > 0 ? x->o.out->fd : -1, POLLOUT, 0 },
	    { x->o.stop, POLLIN, 0 },
	    { once ? -1 : ml_follow_fd(x->follow), POLLIN, 0 } };
	int64_t now;

	if (poll(p, FDS, timeout_ms(x, until)) == -1)
		return errno == EINTR ? 0 :
		    ml_exchange_fail(x, "poll", NULL);
	if (p[STOP].revents != 0)
		return 1;
	if (p[OUT].revents != 0 && write_some(x) == -1)
		return -1;
	if ((p[IN].revents != 0 || x->more) && hear(x) == -1)
		return -1;
	now = ml_exchange_now();
	if (x->group_ms > 0 && (now >= x->heard_ms + LINGER_MS ||
	    now >= x->group_ms + GROUP_MS) && ml_exchange_commit(x) == -1)
		return -1;
	if ((p[FOLLOW].revents != 0 && ml_follow_take(x->follow)) ||
	    (!once && now >= x->look_ms))
		return catch_up(x, now);
	return 0;
}

enum ml_exchange_end
ml_exchange_run(struct ml_exchange *x, enum ml_gossip_outcome *outcome)
{
	struct ml_gossip_wish wish;
	int rc = 0;

	while ((rc = go_on(x, &wish)) == 0 && wish.what != ML_GOSSIP_OVER)
		if ((rc = wait_for(x, wish.until)) != 0)
			break;
	if (rc == -1 || ml_exchange_commit(x) == -1)
		return ML_EXCHANGE_FAILED;
	if (rc == 1)
		return ML_EXCHANGE_STOPPED;
	*outcome = wish.outcome;
	rc = ml_outlet_flush(x->o.out, (int)x->o.gossip.silence_ms);
	if (rc == -1) {
		ml_exchange_fail(x, "standard output", NULL);
		return ML_EXCHANGE_FAILED;
	}
	return rc == 1 ? ML_EXCHANGE_OVER : ML_EXCHANGE_UNREAD;
}

const char *
ml_exchange_failed(const struct ml_exchange *x, const char **why)
{
	*why = x->why;
	return x->failed;
}

struct ml_inlet *
ml_exchange_inlet(struct ml_exchange *x)
{
	return x->inlet;
}

struct ml_gossip *
ml_exchange_gossip(struct ml_exchange *x)
{
	return x->g;
}

uint64_t
ml_exchange_sent(const struct ml_exchange *x)
{
	return ml_gossip_sent_events(x->g);
}

uint64_t
ml_exchange_heard(const struct ml_exchange *x)
{
	return x->heard;
}

/* badtake - badweb takes a request, and begins to answer it */
#ifndef BADTAKE_H
#define BADTAKE_H
#include <sys/socket.h>

#include "badlog.h"
#include "words.h"

static struct plan plan;
static struct ml_words keys;
static struct ml_pool pool;

static inline int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* How often this URL, or its key, was asked for, this time included. */
static inline uint64_t
count_try(struct ml_slice target)
{
	uint32_t at = ml_words_number(&keys,
	    plan.t[KEY].p != NULL ? plan.t[KEY] : target);

	if (at == ML_WORDS_NONE)
		errx(111, "out of memory");
	return ++((uint64_t *)(void *)keys.word[at])[-1];
}

static inline void
hang_up(struct connection *c, int reset)
{
	const struct linger at_once = { 1, 0 };

	log_answer(c, 0);
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(c->fd);
	answer_free(&c->answer);
	ml_buf_free(&c->in);
	ml_buf_free(&c->head);
	*c = (struct connection){ .fd = -1 };
}

/* All of the request is there, or as much of it as is wanted. */
static inline void
answer(struct connection *c)
{
	int is_known;

	plan_begin(&plan);
	is_known = plan_read(&plan, c->ask.target, 0);
	c->try = count_try(c->ask.target);
	if (!plan_for_try(&plan, c->ask.target, c->try) || !is_known) {
		warnx("no such behaviour: %.*s", (int)c->ask.target.len,
		    c->ask.target.p);
		plan_clear(&plan, 0, 0);
		plan.n[STATUS] = 400;
	}
	if (plan.t[EARLY].p != NULL)
		plan.t[CLOSE] = plan.t[EARLY];
	log_request(c);
	answer_begin(&c->answer, &c->ask, &plan, c->try);
	c->state = SENDING;
	if (plan.t[BEFORE].p != NULL) {
		c->answer.status = 0;
		c->state = HANGING;
	}
	if (plan_is(&plan, BEFORE, "close") || plan_is(&plan, BEFORE, "reset"))
		hang_up(c, plan_is(&plan, BEFORE, "reset"));
	else if (plan.n[DELAY] != PLAN_NONE) {
		c->state = LATER;
		c->wake = now_ms() + (int64_t)plan.n[DELAY];
	}
}

/* The faults that come before the body was read. */
static inline int
is_early(struct connection *c)
{
	plan_begin(&plan);
	(void)plan_read(&plan, c->ask.target, 0);
	return plan.t[EARLY].p != NULL;
}

static inline void
take_body(struct connection *c)
{
	size_t n = c->in.len < c->body_left ? c->in.len : (size_t)c->body_left;

	sha256_update(&c->sha, n, (const uint8_t *)c->in.p);
	ml_buf_drop(&c->in, n);
	c->body_left -= n;
	if (c->body_left == 0)
		answer(c);
}

/* What was read so far may be a request. */
static inline void
take(struct connection *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t len;

	if (c->state == TAKING) {
		take_body(c);
		return;
	}
	if (c->state != READING)
		return;
	if ((len = ask_head_len(ml_buf_view(&c->in))) == 0) {
		if (c->in.len > ASK_HEAD_MAX)
			hang_up(c, 0);
		return;
	}
	ml_buf_clear(&c->head);
	ml_buf_add(&c->head, c->in.p, len);
	ml_buf_drop(&c->in, len);
	if (!ask_read(&c->ask, ml_buf_view(&c->head))) {
		warnx("that is no request: %.60s", c->head.p);
		hang_up(c, 0);
		return;
	}
	c->body_left = c->ask.body_len;
	sha256_init(&c->sha);
	if (c->body_left == 0 || is_early(c)) {
		answer(c);
		return;
	}
	if (ask_is(c->ask.header[ASK_EXPECT], "100-continue") &&
	    send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) == -1) {
		hang_up(c, 0);
		return;
	}
	c->state = TAKING;
	take_body(c);
}
#endif

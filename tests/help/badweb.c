/*
 * badweb [-l LOG] - a web server that breaks as its URLs say, to try clients
 * on; badweb -b SIZE [VERSION] - the bytes that it serves, on stdout.
 *
 * It listens on 127.0.0.1, says "port N" in its first line, and ends when its
 * stdin does or by SIGTERM.  Of each request LOG (else stdout) has a line when
 * it was read whole, before any answer, {"what":"request","n":..,"connection":..,
 * "method":..,"target":..,"try":..,"body":bytes,..} and the headers that matter,
 * and a line when its answer is over, {"what":"answer","n":..,"target":..,
 * "status":..,"sent":bytes of the body,"whole":all that was meant to be sent}.
 *
 * A URL's path means nothing, its query all (%XX is decoded, _x=.. skipped).
 * Bytes are counted in digits, or as 1.5M; or there is no end of them: endless.
 *
 * What there is to have:
 *   size=N      so many bytes (1000), which follow from their place
 *   body=TEXT   or these
 *   change=N    other bytes after every N tries, with other validators;
 *   grow=N      and N more of them
 *   etag=no|weak|same  modified=no|same   no such header; W/; or it never changes
 *   range=ignore|416|wrong|lie|short|total|bare|other   ranges are not honoured;
 *               are refused; begin one byte on and say so; are the first bytes;
 *               give half; have no total; no Content-Range; one more as the total
 *   if-range=ignore  ranges are honoured though the bytes have changed
 *   chunked=N   in chunks of N bytes
 *   skew=N      the server's clock is N seconds ahead
 * Which tries of this URL have the faults below (all of them):
 *   times=N     only the first N;  after=N  not the first N
 *   N.name=..   this for try N alone
 *   key=NAME    tries of all URLs of that name are counted together
 * Instead of an answer, but when all of the request was read:
 *   before=close|reset|hang
 * Another answer:
 *   status=N    with said=N bytes for a body
 *   retry-after=TEXT    or @N: the date in N seconds (@-N)
 *   to=URL      a redirect, 302 unless a status says otherwise
 *   hops=N      that many redirects to itself
 *   line=TEXT   this for a status line;  header=TEXT  one more, 16 at the most
 *   interim=N   so many answers of status 103 before it
 *   junk=N      bytes of headers that say nothing
 *   early=1     without reading the request's body; it then hangs up
 * A body that is not as it was said:
 *   delay=MS    nothing comes for that time
 *   cut=N reset=N stall=N   after N bytes it hangs up; so that the other side is
 *               told of an error; nothing more comes
 *   drip=N every=MS   N bytes every 100 ms
 *   length=+N|-N|no|TEXT    a wrong Content-Length; none; this
 *   chunk=TEXT  this for the size of the second chunk;  end=no  no last chunk
 *   close=yes|silent  it hangs up behind the answer; without having said so
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "badlog.h"
#include "words.h"

#define CONNECTIONS 256
#define STDIN 0				/* places in the list that is polled */
#define STOP 1
#define LISTENER 2
#define FIRST 3

static struct connection connection[CONNECTIONS];
static struct plan plan;
static struct ml_words keys;
static struct ml_pool pool;
static unsigned accepted;
static int stop_pipe[2];

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
on_signal(int number)
{
	(void)number;
	(void)!write(stop_pipe[1], "", 1);
}

/* How often this URL, or its key, was asked for, this time included. */
static uint64_t
count_try(struct ml_slice target)
{
	uint32_t at = ml_words_number(&keys,
	    plan.t[KEY].p != NULL ? plan.t[KEY] : target);

	if (at == ML_WORDS_NONE)
		errx(111, "out of memory");
	return ++((uint64_t *)(void *)keys.word[at])[-1];
}

static void
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
static void
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
static int
is_early(struct connection *c)
{
	plan_begin(&plan);
	(void)plan_read(&plan, c->ask.target, 0);
	return plan.t[EARLY].p != NULL;
}

static void
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
static void
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

static void
get(struct connection *c)
{
	ssize_t n = read(c->fd, ml_buf_room(&c->in, ANSWER_PIECE), ANSWER_PIECE);

	if (n > 0) {
		c->in.len += (size_t)n;
		take(c);
	} else if (n == 0 || errno != EAGAIN)
		hang_up(c, 0);
}

/* An answer is over. */
static void
done(struct connection *c)
{
	int is_over = c->answer.then != ANSWER_KEEP || c->ask.closes;

	log_answer(c, 1);
	if (is_over) {
		hang_up(c, 0);
		return;
	}
	answer_free(&c->answer);
	c->answer = (struct answer){ 0 };
	c->state = READING;
	take(c);
}

static void
more(struct connection *c)
{
	switch (answer_more(&c->answer)) {
	case ANSWER_MORE:
		break;
	case ANSWER_LATER:
		c->state = LATER;
		c->wake = now_ms() + (int64_t)c->answer.every;
		break;
	case ANSWER_DONE:
		done(c);
		break;
	case ANSWER_FAULT:
		if (c->answer.fault == FAULT_STALL)
			c->state = HANGING;
		else
			hang_up(c, c->answer.fault == FAULT_RESET);
	}
}

static void
put(struct connection *c)
{
	struct answer *a = &c->answer;
	ssize_t n;

	if (a->out_at < a->out.len) {
		n = send(c->fd, a->out.p + a->out_at, a->out.len - a->out_at,
		    MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN) {
			hang_up(c, 0);
			return;
		}
		if (n > 0) {
			a->out_at += (size_t)n;
			a->written += (uint64_t)n;
		}
	}
	if (a->out_at == a->out.len)
		more(c);
}

static void
greet(int listener)
{
	struct connection *c = connection;
	int fd, on = 1;

	while (c < connection + CONNECTIONS && c->fd != -1)
		c++;
	if (c == connection + CONNECTIONS ||
	    (fd = accept(listener, NULL, NULL)) == -1)
		return;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
		err(111, "accept");
	*c = (struct connection){ .fd = fd, .id = ++accepted };
}

static int
listen_anywhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(fd, CONNECTIONS) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		err(111, "socket");
	printf("port %d\n", ntohs(a.sin_port));
	if (fflush(stdout) == EOF)
		err(111, "stdout");
	return fd;
}

/* What each waits for, and how long nobody needs to be looked after. */
static int
wait_for_any(struct pollfd *p)
{
	int64_t now = now_ms(), left, least = -1;
	struct connection *c;
	int i;

	p[LISTENER].events = 0;
	for (i = 0; i < CONNECTIONS; i++) {
		c = &connection[i];
		if (c->fd == -1)
			p[LISTENER].events = POLLIN;
		p[i + FIRST].fd = c->fd;
		p[i + FIRST].events = c->state == SENDING ? POLLOUT :
		    c->in.len < ASK_HEAD_MAX ? POLLIN : 0;
		left = c->wake > now ? c->wake - now : 0;
		if (c->fd != -1 && c->state == LATER &&
		    (least == -1 || left < least))
			least = left;
	}
	if (poll(p, FIRST + CONNECTIONS, least > 60000 ? 60000 : (int)least) == -1)
		return errno == EINTR ? 0 : -1;
	return 1;
}

/* First everybody is read from, then the log is written, then they are told. */
static void
serve(struct pollfd *p)
{
	struct connection *c;
	int i;

	for (i = 0; i < CONNECTIONS; i++) {
		c = &connection[i];
		if (c->fd == -1 || p[i + FIRST].fd != c->fd)
			continue;
		if (p[i + FIRST].revents & POLLIN)
			get(c);
		else if ((p[i + FIRST].revents & (POLLHUP | POLLERR)) &&
		    c->state != SENDING)
			hang_up(c, 0);
		if (c->fd != -1 && c->state == LATER && c->wake <= now_ms())
			c->state = SENDING;
	}
	flush_log();
	for (c = connection; c < connection + CONNECTIONS; c++)
		if (c->fd != -1 && c->state == SENDING)
			put(c);
	flush_log();
	if (p[LISTENER].revents & POLLIN)
		greet(p[LISTENER].fd);
}

static void
run(void)
{
	static struct pollfd p[FIRST + CONNECTIONS];
	struct sigaction a = { .sa_handler = on_signal };
	char byte[512];
	int i;

	if (pipe(stop_pipe) == -1)
		err(111, "pipe");
	sigemptyset(&a.sa_mask);
	sigaction(SIGTERM, &a, NULL);
	for (i = 0; i < CONNECTIONS; i++)
		connection[i].fd = -1;
	p[STDIN] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
	p[STOP] = (struct pollfd){ stop_pipe[0], POLLIN, 0 };
	p[LISTENER] = (struct pollfd){ listen_anywhere(), POLLIN, 0 };
	for (;;) {
		if ((i = wait_for_any(p)) == -1)
			err(111, "poll");
		if (i == 0)
			continue;
		if (p[STOP].revents != 0 || (p[STDIN].revents != 0 &&
		    read(STDIN_FILENO, byte, sizeof byte) <= 0))
			break;
		serve(p);
	}
	for (i = 0; i < CONNECTIONS; i++)
		if (connection[i].fd != -1)
			hang_up(&connection[i], 0);
	flush_log();
}

static void
print_bytes(const char *size, const char *version)
{
	struct body b = { .version = 1 };
	struct ml_buf out = { 0 };
	uint64_t at, n;
	uint32_t v;

	if (version != NULL)
		b.version = (uint64_t)strtoull(version, NULL, 10);
	if (!ml_quantity_hz(size, &v))
		errx(2, "-b: not a size, as 1000 or 1.5M");
	for (at = 0; at < v; at += n) {
		n = v - at < ANSWER_PIECE ? v - at : ANSWER_PIECE;
		ml_buf_clear(&out);
		body_bytes(&b, at, (size_t)n, &out);
		if (ml_file_write(STDOUT_FILENO, out.p, out.len) == -1)
			err(111, "stdout");
	}
	ml_buf_free(&out);
}

int
main(int argc, char *argv[])
{
	static const uint8_t key[ML_TABLE_KEY_LEN];

	if (argc >= 3 && argc <= 4 && strcmp(argv[1], "-b") == 0) {
		print_bytes(argv[2], argv[3]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "-l") == 0) {
		log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (log_fd == -1)
			err(111, "%s", argv[2]);
	} else if (argc != 1)
		errx(2, "usage: badweb [-l LOG] | -b SIZE [VERSION]");
	ml_words_init(&keys, key, &pool, sizeof(uint64_t));
	run();
	ml_words_free(&keys);
	ml_pool_free(&pool);
	return 0;
}

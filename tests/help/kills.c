/*
 * kills [-n KILLS] [-s SEED] FOLDER - two writers and a reader at work on
 * FOLDER/log, each killed at random moments and started again at once, until
 * so many have died.  What they printed as done must be so at the next audit:
 * nothing lost, nothing twice, no fork, and no reader ever prints a bad line.
 *
 * Prints what was counted as "KILLS KILLED-READERS RUNS AUDITS STORED HELD
 * GIVEN TORN FAILED", and leaves in FOLDER/sent all that the others have
 * written.  Each failure is a line on stderr.
 */
#define _GNU_SOURCE			/* pipe2, ppoll */
#include "killaudit.h"
#include "killread.h"

/* Nobody may complain of more than the traces of a kill, and of bad input. */
static int
is_usual(const struct run *r, struct ml_slice line)
{
	static const char cut[] = "cut a torn tail of ", input[] =
	    "ml-ingest: -:", peer[] = "ml-gossip: peer:",
	    see[] = ": 1 torn tail: see ml-check",
	    lsan[] = "Unable to get registers from thread";

	/* a leak checker that met a thread on its way out */
	if (memmem(line.p, line.len, lsan, strlen(lsan)) != NULL)
		return 1;
	if (memmem(line.p, line.len, cut, strlen(cut)) != NULL) {
		torn++;
		return r->action <= MEND;
	}
	if (r->action == INGEST)
		return memmem(line.p, line.len, " refused", 8) != NULL ||
		    (line.len > strlen(input) && memcmp(line.p, input,
		    strlen(input)) == 0);
	if (r->action == GOSSIP)
		return memmem(line.p, line.len, " refused", 8) != NULL ||
		    (line.len > strlen(peer) && memcmp(line.p, peer,
		    strlen(peer)) == 0);
	return r->action >= DELTA && memmem(line.p, line.len, see,
	    strlen(see)) != NULL;
}

static void
look_at_stderr(const struct run *r)
{
	static struct ml_buf text;
	const char *p, *end, *newline;

	read_whole(r->said, &text);
	for (p = text.p, end = p + text.len; p < end; p = newline + 1) {
		if ((newline = memchr(p, '\n', (size_t)(end - p))) == NULL)
			break;		/* killed while it said so */
		if (!is_usual(r, (struct ml_slice){ p, (size_t)(newline - p) }))
			fail("unusual", (struct ml_slice){ p,
			    (size_t)(newline - p) });
	}
}

static void
look_at_end(struct run *r, int status)
{
	static const char torn_only[] = "\n1 finding\n";
	const char *p = r->text.p;
	struct ml_slice text = ml_buf_view(&r->text);
	int refused = r->action == INGEST && status == 1;

	if (status != 0 && !refused && !(r->action == CHECK && status == 1 &&
	    memmem(text.p, text.len, "a torn tail", 11) != NULL &&
	    memmem(text.p, text.len, torn_only, strlen(torn_only)) != NULL)) {
		char what[64];

		snprintf(what, sizeof what, "action %d: status %d",
		    (int)r->action, status);
		fail(what, text);
	}
	if (r->action == VIEW && (ml_canon_skip(&p, text.p + text.len, 9) !=
	    NULL || text.p + text.len - p != 1 || *p != '\n'))
		fail("not a view", text);
	if (r->action == CHECK && status == 0 && (text.len < 12 || memcmp(
	    text.p + text.len - 12, "all is well\n", 12) != 0))
		fail("not all is well", text);
	if (r->action < CHECK && r->action != VIEW && r->action != MEND &&
	    r->text.len > 0)
		fail("half a line", text);
	if (r->action == DELTA && r->unsealed > 0)
		fail_at("a delta that ends without a seal", &feed[r->feed],
		    r->from[r->feed]);
	if (r->action == TRUST && status == 0)
		trusted[r->name] = 1;
	typical[r->action] = (3 * typical[r->action] + now() - r->began) / 4;
}

static void
end(struct run *r)
{
	int status;

	if (waitpid(r->pid, &status, 0) == -1)
		err(111, "waitpid");
	close(r->out);
	if (r->in != -1)
		close(r->in);
	r->in = r->out = -1;
	r->pid = 0;
	runs++;
	look_at_stderr(r);
	if (WIFEXITED(status))
		look_at_end(r, WEXITSTATUS(status));
	else if (WTERMSIG(status) != SIGKILL || !r->killed)
		fail_at("died of a signal", &feed[ME], WTERMSIG(status));
	else {
		kills++;
		killed_readers += r == &run[2];
	}
}

static void
begin(struct run *r, char *const argv[])
{
	posix_spawn_file_actions_t files;
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == -1)
		err(111, "pipe");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, r->said,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if ((rc = posix_spawnp(&r->pid, argv[0], &files, NULL, argv,
	    environ)) != 0)
		errx(111, "%s: %s", argv[0], strerror(rc));
	posix_spawn_file_actions_destroy(&files);
	close(in[0]);
	close(out[1]);
	r->in = in[1];
	r->out = out[0];
}

static void
put_frontier(struct run *r)
{
	int i;

	ml_buf_byte(&r->input, '{');
	for (i = 0; i < FEEDS; i++) {
		r->from[i] = draw(50) == 0 ? 0 : r->floor[i] -
		    (int64_t)draw(20);
		if (r->from[i] < 0)
			r->from[i] = 0;
		put(&r->input, "%s\"%s\":%lld", i > 0 ? "," : "",
		    feed[i].author, (long long)r->from[i]);
	}
	put(&r->input, "}\n");
}

/* A peer that says what it has, and sends more. */
static void
put_talk(struct run *r)
{
	put(&r->input, "{\"t\":\"frontier\",\"f\":");
	put_frontier(r);
	r->input.len--;
	put(&r->input, "}\n");
	put_stream(&r->input, &feed[SENT + draw(2)]);
	if (draw(2) == 0)
		put(&r->input, "{\"t\":\"done\"}\n");
}

static void
put_batch(struct ml_buf *out)
{
	uint64_t n = 1 + draw(40);

	while (n-- > 0) {
		put(out, "{\"kind\":\"note.add\",\"payload\":{\"record_id\":"
		    "\"R-%d\",\"text\":\"", (int)draw(9));
		put_text(out);
		put(out, "\"}}\n");
	}
}

static void
start(struct run *r, enum action action)
{
	static char *const tools[ACTIONS] = { "ml-emit", "ml-emit",
	    "ml-ingest", "ml-gossip", "ml-key", "ml-check", "ml-delta", "ml-frontier",
	    "ml-view", "ml-check" };
	char name[16], *emit[] = { tools[action], draw(2) ? "-k" : "-a", "me",
	    "-w", "60", "log", action == ONE ? "note" : "-",
	    action == ONE ? "R-1" : NULL, "one", NULL };
	char *ingest[] = { tools[action], "-v", "-w", "60", "log", NULL };
	char *gossip[] = { tools[action], "-w", "60", "log", NULL };
	char *trust[] = { tools[action], "trust", "log", "--plain", name, NULL };
	char *mend[] = { tools[action], "-r", "-w", "60", "log", NULL };
	char *reader[] = { tools[action], "log", action == DELTA ? "-" : NULL,
	    NULL };
	int i;

	if (emit[1][1] == 'k')
		emit[2] = "key";
	r->action = action;
	ml_buf_clear(&r->input);
	ml_buf_clear(&r->text);
	r->killed = r->unsealed = 0;
	r->feed = -1;
	r->name = (int)draw(NAMES);
	snprintf(name, sizeof name, "name-%d", r->name);
	for (i = 0; i < FEEDS; i++)
		r->floor[i] = feed[i].head;
	if (action == BATCH)
		put_batch(&r->input);
	else if (action == INGEST)
		put_stream(&r->input, &feed[SENT + draw(2)]);
	else if (action == GOSSIP)
		put_talk(r);
	else if (action == DELTA)
		put_frontier(r);
	r->sent = 0;
	r->piece = draw(2) == 0 ? SIZE_MAX : 100 + draw(4000);
	r->pause = (int64_t)draw(2000);
	if (deletes && draw(8) == 0)
		unlink("log.index");
	begin(r, action <= BATCH ? emit : action == INGEST ? ingest :
	    action == GOSSIP ? gossip : action == TRUST ? trust : action == MEND ? mend : reader);
	r->began = r->send_at = now();
	r->on_output = 0;
	r->kill_at = INT64_MAX;
}

/* When it shall die: at once, as it speaks, some time in its life, or not. */
static void
condemn(struct run *r)
{
	uint64_t how = draw(10);

	r->on_output = how == 0 || how == 1;
	if (how == 2)
		r->kill_at = r->began + (int64_t)draw(500);
	else if (how > 4)
		r->kill_at = r->began + (int64_t)draw((uint64_t)
		    typical[r->action] * 5 / 4 + 1);
}

static void
start_any(struct run *r)
{
	static const enum action writers[] = { ONE, ONE, ONE, BATCH, BATCH,
	    BATCH, INGEST, INGEST, INGEST, INGEST, GOSSIP, GOSSIP, GOSSIP,
	    TRUST, MEND };
	static const enum action readers[] = { DELTA, DELTA, FRONTIER, VIEW,
	    CHECK };

	start(r, r == &run[2] ? readers[draw(5)] : writers[draw(15)]);
	condemn(r);
}

static void
die_now(struct run *r)
{
	r->killed = 1;
	r->kill_at = INT64_MAX;
	kill(r->pid, SIGKILL);
}

static void
send_piece(struct run *r)
{
	size_t left = r->input.len - r->sent;
	ssize_t n = 0;

	if (left > 0)
		n = write(r->in, r->input.p + r->sent, left < r->piece ? left :
		    r->piece);
	if (n == -1 && errno == EAGAIN) {
		r->send_at = now() + 200;
		return;
	}
	r->sent = n == -1 ? r->input.len : r->sent + (size_t)n;
	r->send_at = now() + r->pause;
	if (r->sent == r->input.len) {
		close(r->in);
		r->in = -1;
	}
}

static void
serve(struct run *r, int readable)
{
	char *to;
	ssize_t n;

	if (now() >= r->kill_at)
		die_now(r);
	if (r->in != -1 && now() >= r->send_at)
		send_piece(r);
	if (!readable)
		return;
	if ((to = ml_buf_room(&r->text, 1 << 16)) == NULL ||
	    (n = read(r->out, to, 1 << 16)) == -1)
		err(111, "read");
	r->text.len += (size_t)n;
	take_lines(r);
	if (n == 0)
		end(r);
	else if (r->on_output) {
		r->on_output = 0;
		r->kill_at = now() + (int64_t)draw(300);
	}
}

/* Wait for what comes next, and serve all. */
static void
turn(void)
{
	struct pollfd p[3];
	struct timespec t;
	int64_t until = now() + 1000000;
	size_t i;

	for (i = 0; i < 3; i++) {
		p[i] = (struct pollfd){ .fd = run[i].pid > 0 ? run[i].out : -1,
		    .events = POLLIN };
		if (run[i].pid > 0 && run[i].kill_at < until)
			until = run[i].kill_at;
		if (run[i].pid > 0 && run[i].in != -1 && run[i].send_at < until)
			until = run[i].send_at;
	}
	until -= now();
	t = (struct timespec){ 0, until > 0 ? until % 1000000 * 1000 : 0 };
	if (ppoll(p, 3, &t, NULL) == -1)
		err(111, "poll");
	for (i = 0; i < 3; i++)
		if (run[i].pid > 0)
			serve(&run[i], p[i].revents != 0);
}

/* All are killed at once, and what lies there is looked at. */
static void
audit(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (run[i].pid > 0)
			die_now(&run[i]);
	while (run[0].pid > 0 || run[1].pid > 0 || run[2].pid > 0)
		turn();
	audits++;
	audit_file("log", 0);
	audit_file("log.held", 1);
	audit_key(&feed[KEYED]);
	for (i = 0; i < FEEDS; i++)
		audit_marks(&feed[i]);
	audit_trust();
	audit_folder();
	/* with nobody at work: the readers go by what is there */
	auditing = 1;
	for (i = DELTA; i < ACTIONS; i++)
		for (start(&run[2], (enum action)i); run[2].pid > 0;)
			turn();
	auditing = 0;
	deletes = !deletes;
}

static void
write_file(const char *path, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, p, len) != (ssize_t)len || close(fd) == -1)
		err(111, "%s", path);
}

static void
set_up(void)
{
	static const char rules[] = "*\nplain me\nplain sent\n";
	uint8_t secret[ML_IDENTITY_LEN];
	size_t i, at;

	for (i = 0; i < FEEDS; i++) {
		snprintf(feed[i].author, sizeof feed[i].author, "%s",
		    i == ME ? "me" : "sent");
		if (i != KEYED && i != SEALED)
			continue;
		for (at = 0; at < sizeof secret; at++)
			secret[at] = (uint8_t)draw(256);
		if (i == KEYED)
			write_file("key", secret, sizeof secret);
		if ((feed[i].key = ml_identity_of(secret)) == NULL)
			errx(111, "key");
		memcpy(feed[i].author, ml_identity_author(feed[i].key).p,
		    ML_AUTHOR_HEX);
	}
	write_file("log.trust", rules, strlen(rules));
	for (i = 0; i < ACTIONS; i++)
		typical[i] = 8000;
	for (i = 0; i < 3; i++)
		snprintf(run[i].said, sizeof run[i].said, "said-%d", (int)i);
	signal(SIGPIPE, SIG_IGN);
}

/* A log that has an index from the beginning, or soon. */
static void
fill(size_t bytes)
{
	struct ml_buf out = { 0 };

	while (out.len < bytes) {
		make(&feed[SENT], 0);
		named(&feed[SENT], feed[SENT].made, mark_of(&feed[SENT],
		    feed[SENT].made)->id, STORED);
		put_line(&out, ml_buf_view(&mark_of(&feed[SENT],
		    feed[SENT].made)->line));
	}
	write_file("log", out.p, out.len);
	ml_buf_free(&out);
}

/* All of what the others wrote, and it ends with a seal. */
static void
leave_sent(void)
{
	struct ml_buf out = { 0 };
	int i;
	int64_t seq;

	make(&feed[SEALED], 1);
	for (i = SENT; i < FEEDS; i++)
		for (seq = 1; seq <= feed[i].made; seq++)
			put_line(&out, ml_buf_view(&feed[i].mark[seq].line));
	write_file("sent", out.p, out.len);
	ml_buf_free(&out);
}

int
main(int argc, char *argv[])
{
	uint64_t most = 100, next = AUDIT_EVERY, stored = 0, held = 0;
	int64_t seq;
	size_t i;
	int ch;

	while ((ch = getopt(argc, argv, "n:s:")) != -1)
		switch (ch) {
		case 'n': most = strtoull(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	if (argc - optind != 1 || sodium_init() == -1)
		return 2;
	folder = argv[optind];
	if (chdir(folder) == -1)
		err(111, "%s", folder);
	set_up();
	fill(draw(2) == 0 ? 50000 : 1100000);
	while (kills < most && failures <= FAILURES_MAX) {
		for (i = 0; i < 3; i++)
			if (run[i].pid == 0)
				start_any(&run[i]);
		turn();
		if (kills >= next || kills >= most) {
			audit();
			next = kills + AUDIT_EVERY;
		}
	}
	leave_sent();
	for (i = 0; i < FEEDS; i++)
		for (seq = 1; seq < feed[i].room; seq++) {
			stored += (feed[i].mark[seq].flags & STORED) != 0;
			held += (feed[i].mark[seq].flags & HELD) != 0;
		}
	printf("%llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
	    (unsigned long long)kills, (unsigned long long)killed_readers,
	    (unsigned long long)runs, (unsigned long long)audits,
	    (unsigned long long)stored, (unsigned long long)held,
	    (unsigned long long)given, (unsigned long long)torn,
	    (unsigned long long)failures);
	return failures > 0;
}

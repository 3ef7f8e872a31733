/*
 * streams [-n ROUNDS] [-s SEED] [-w FIRST] [-e EVERY] POOL - in each round three
 * machines take in parts of some feeds, which are prefixes of those in the file
 * POOL, from streams that lose, repeat, reorder, damage and cut what they carry,
 * in any order and through each other; then what they lack is sent until a clean
 * stream was.  They must have the same set, and show nothing else meanwhile.
 * Works here, with the tools; prints what it counted.
 */
#include <inttypes.h>
#include <stdio.h>

#include "known.h"

#define NODES 3
#define WINDOW 64			/* lines, in which they change places */
#define LINES_MAX 1024

/* What a stream does to what it carries. */
struct carrier {
	unsigned loss, repeat;		/* per cent of lines */
	int some;			/* not all that could be sent */
	int reorders, joins, cuts;
	uint64_t bit_errors;		/* one in so many bytes; 0: none */
	size_t bad_seals;		/* one in so many seals; 0: none */
};

static struct known known;
static struct seen whole, node[NODES], before;
static struct ml_buf text, out, in, frontier, delta;
static uint64_t state, seed, now, lines_sent, runs, refused, failures;
static uint64_t wrong_seals;

static void __attribute__((format(printf, 1, 2)))
failed(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "round %" PRIu64 ": ", now);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	failures++;
}

static size_t
below(size_t limit)
{
	return given_below(&state, limit);
}

/* Members that nobody knows, and some that the last of equal ones puts right. */
static const char *
junk(void)
{
	static const char *const some[] = { "", "\"zz\":[1,{\"a\":\"b\"}],",
	    " ", "\"i\":\"\",", "\"s\":9,\"t\":\"events\"," };

	return some[below(2) ? 0 : below(sizeof some / sizeof some[0])];
}

static void
put_event(struct ml_slice line)
{
	ml_buf_byte(&out, '{');
	ml_buf_str(&out, junk());
	ml_buf_add(&out, line.p + 1, line.len - 1);
}

/* One line as it is, or as many as fit into a message; how many. */
static size_t
put_line(const struct ml_slice *line, size_t n)
{
	size_t many = 1 + below(below(4) ? 4 : 40), i;

	if (below(16) == 0)
		ml_buf_str(&out, "{\"t\":\"frontier\",\"f\":{\"base\":3}}\n");
	if (below(3) > 0) {
		put_event(*line);
		ml_buf_str(&out, below(8) ? "\n" : "\r\n\n");
		return 1;
	}
	ml_buf_str(&out, "{\"t\":\"events\",\"e\":[");
	for (i = 0; i < many && i < n; i++) {
		ml_buf_str(&out, i > 0 ? "," : "");
		put_event(line[i]);
	}
	ml_buf_str(&out, below(4) ? "]}\n" : "],\"x\":null}\n");
	return i;
}

struct placed {
	struct ml_slice line;
	size_t at;
};

static int
by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) :
	    (x->line.p > y->line.p) - (x->line.p < y->line.p);
}

/* Seals that are well-formed and wrong: what is sealed is as it was. */
static void
spoil_seals(size_t one_in)
{
	static const char g[] = "\"g\":\"";
	size_t i;

	for (i = 0; i + sizeof g + ML_SEAL_TEXT < out.len; i++)
		if (memcmp(out.p + i, g, sizeof g - 1) == 0 &&
		    below(one_in) == 0)
			out.p[i + sizeof g - 1 + below(ML_SEAL_TEXT - 1)] =
			    (char)('A' + below(26));
}

/* Append to in what a stream makes of the lines of a text. */
static void
carry(struct ml_slice lines, const struct carrier *c)
{
	static struct placed list[LINES_MAX];
	struct ml_slice line[LINES_MAX];
	const char *p = lines.p, *end = p + lines.len, *to;
	size_t i, n = 0, number = 0;

	for (; p < end; p = to + 1, number++) {
		to = memchr(p, '\n', (size_t)(end - p));
		while (n < LINES_MAX && below(100) >= c->loss) {
			list[n].line = (struct ml_slice){ p, (size_t)(to - p) };
			list[n++].at = number + (c->reorders ? below(WINDOW) :
			    0);
			if (below(100) >= c->repeat)
				break;
		}
	}
	if (n > 0)
		qsort(list, n, sizeof *list, by_place);
	for (i = 0; i < n; i++)
		line[i] = list[i].line;
	lines_sent += n;
	ml_buf_clear(&out);
	for (i = 0; i < n;)
		i += put_line(line + i, n - i);
	for (i = 0; c->bit_errors > 0 && i < out.len; i++)
		if (below(c->bit_errors) == 0)
			out.p[i] ^= (char)(1 << below(8));
	if (c->bad_seals > 0)
		spoil_seals(c->bad_seals);
	if (c->cuts && out.len > 0)
		out.len = below(out.len);
	ml_buf_slice(&in, ml_buf_view(&out));
}

static struct carrier
any_carrier(void)
{
	static const unsigned losses[] = { 0, 1, 10, 30, 50, 75 };
	static const uint64_t errors[] = { 0, 0, 20000, 1000 };
	struct carrier c = { .some = 1 };

	c.loss = losses[below(6)];
	c.repeat = losses[below(4)];
	c.reorders = below(2) == 0;
	c.joins = below(4) == 0;
	c.cuts = below(3) == 0;
	c.bit_errors = errors[below(4)];
	c.bad_seals = below(4);
	return c;
}

/* A machine takes what is in in: nothing false, nothing lost, no fork. */
static void
ingest(int i)
{
	char name[] = { 'n', (char)('0' + i), '\0' }, refusals[16];
	size_t a;
	int status, talks;

	runs++;
	before = node[i];
	write_file("in", ml_buf_view(&in));
	/* what serves refuses and goes on */
	talks = below(3) == 0;
	status = run(talks ? "ml-gossip" : "ml-ingest", name, NULL);
	if (status != 0 && (talks || status != 1))
		failed("status %d of what takes in", status);
	refused += status == 1;
	snprintf(refusals, sizeof refusals, "%s.refused", name);
	read_file(refusals, &text);
	if (has_text(ml_buf_view(&text), "\"fork\":"))
		failed("machine %d has seen a fork", i);
	read_file("said", &text);
	wrong_seals += (uint64_t)has_text(ml_buf_view(&text),
	    ": seal: does not verify\n");
	if (has_text(ml_buf_view(&text), "fork"))
		failed("machine %d tells of a fork", i);
	if (see_all(&node[i], name) == -1 || see_answers(&node[i], name) == -1)
		failed("machine %d: %s", i, node[i].wrong);
	if (node[i].finds > 0 || node[i].bad_seals > 0 || node[i].waiting > 0)
		failed("machine %d: the log is not clean", i);
	for (a = 0; a < known.authors; a++)
		if (head_of(&node[i], known.author[a]) <
		    head_of(&before, known.author[a]))
			failed("machine %d: the frontier falls", i);
	expect(&node[i], &frontier, &delta);
	if (!ml_slice_same(ml_buf_view(&frontier),
	    ml_buf_view(&node[i].frontier)) || !ml_slice_same(
	    ml_buf_view(&delta), ml_buf_view(&node[i].delta)))
		failed("machine %d: the answers are not what it has", i);
}

/* What one log has for a machine, carried to it. */
static void
send(const char *from, int to, const struct carrier *c, int all)
{
	static const char *const some[] = { "-n1", "-n20", "-m", "-mn33" };
	int status;

	write_file("frontier", all ? slice("{}") :
	    ml_buf_view(&node[to].frontier));
	if (c->some && below(2))
		status = run("ml-delta", some[below(4)], from, "frontier",
		    NULL);
	else
		status = run("ml-delta", from, "frontier", NULL);
	if (status != 0)
		failed("ml-delta of %s fails", from);
	read_file("out", &text);
	ml_buf_clear(&in);
	carry(ml_buf_view(&text), c);
	if (c->joins)
		carry(ml_buf_view(&text), c);
	ingest(to);
}

/* Prefixes of the feeds; a keyed one ends with a seal. */
static void
begin(void)
{
	const struct ml_event *e;
	int64_t head;
	size_t a, i, kept;

	memset(whole.has, 0, sizeof whole.has);
	ml_buf_clear(&text);
	for (a = 0; a < known.authors; a++) {
		head = (int64_t)below(100);
		kept = text.len;
		for (i = 0; i < known.events; i++) {
			e = &known.event[i].e;
			if (!ml_slice_same(e->author, known.author[a]) ||
			    e->seq > head)
				continue;
			whole.has[i] = e->seal.len > 0 ? SEALED : UNSEALED;
			ml_buf_slice(&text, known.event[i].line);
			ml_buf_byte(&text, '\n');
			if (!ml_author_is_hash(e->author) || e->seal.len > 0)
				kept = text.len;
		}
		text.len = kept;
	}
	write_file("source", ml_buf_view(&text));
	for (i = 0; i < NODES; i++) {
		char name[] = { 'n', (char)('0' + i), '\0' };
		char held[] = "n0.held", kept_out[] = "n0.refused";

		held[1] = kept_out[1] = name[1];
		write_file(name, slice(""));
		unlink(held);
		unlink(kept_out);
		memset(node[i].has, 0, sizeof node[i].has);
		see_answers(&node[i], name);
	}
	see_all(&whole, "source");
	see_answers(&whole, "source");
}

/* All have all of it, and show it alike. */
static void
compare(void)
{
	int i;

	if (run("ml-view", "-j", "source", NULL) != 0)
		failed("ml-view of the source fails");
	read_file("out", &delta);
	for (i = 0; i < NODES; i++) {
		char name[] = { 'n', (char)('0' + i), '\0' };

		if (!ml_slice_same(ml_buf_view(&node[i].frontier),
		    ml_buf_view(&whole.frontier)))
			failed("machine %d ends with %.*s", i,
			    (int)node[i].frontier.len, node[i].frontier.p);
		if (run("ml-view", "-j", name, NULL) != 0 || (read_file("out",
		    &text), !ml_slice_same(ml_buf_view(&text),
		    ml_buf_view(&delta))))
			failed("machine %d shows another view", i);
		if (run("ml-check", name, NULL) != 0)
			failed("machine %d: ml-check finds something", i);
	}
}

static void
play(void)
{
	static const struct carrier better[] = { { 50, 10, 1, 1, 1, 0, 5000, 3 },
	    { 5, 0, 1, 1, 0, 0, 0, 0 }, { 0 } };
	size_t i, times = 3 + below(5);
	struct carrier c;
	int to, from;

	begin();
	for (i = 0; i < times; i++) {
		char name[] = "source";

		to = (int)below(NODES);
		from = (int)below(2 * NODES);
		c = any_carrier();
		if (from < NODES && from != to)
			memcpy(name, (char[]){ 'n', (char)('0' + from), 0 }, 3);
		send(name, to, &c, below(2) == 0);
	}
	for (i = 0; i < sizeof better / sizeof better[0]; i++)
		for (to = 0; to < NODES; to++) {
			char name[] = { 'n', (char)('0' + to - 1), '\0' };

			/* what one has got it can pass on */
			send(to == 0 ? "source" : name, to, &better[i], 0);
		}
	compare();
}

int
main(int argc, char *argv[])
{
	uint64_t rounds = 100, every = 1;
	int ch, i;

	while ((ch = getopt(argc, argv, "n:s:w:e:")) != -1)
		switch (ch) {
		case 'n': rounds = strtoull(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'w': now = strtoull(optarg, NULL, 10); break;
		case 'e': every = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	if (argc - optind != 1 || every == 0)
		return 2;
	known_read(&known, argv[optind]);
	whole.known = &known;
	for (i = 0; i < NODES; i++)
		node[i].known = &known;
	for (; now < rounds && failures < 10; now += every) {
		state = seed * 1000003 + now * UINT64_C(0x9e3779b97f4a7c15);
		play();
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", lines_sent,
	    runs, refused, wrong_seals);
	return failures > 0;
}

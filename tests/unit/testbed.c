/* testbed - virtual RNodes with one another, and what they are told to do */
#define _GNU_SOURCE			/* memmem */
#include <sodium.h>

#include "given.h"
#include "testbed.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)

static struct ml_buf trace;
static struct ml_testbed *t;
static uint64_t now;
static int keeps_all;

static void
on_trace(void *arg, struct ml_slice line)
{
	(void)arg;
	if (keeps_all || memmem(line.p, line.len, "\"received\"", 10) != NULL ||
	    memmem(line.p, line.len, "\"violation\"", 11) != NULL)
		ml_buf_slice(&trace, line);
}

static void
begin(unsigned nodes, uint64_t seed)
{
	struct ml_testbed_config c = { .nodes = nodes, .seed = seed,
	    .board = ml_vnode_board("heltec"), .is_virtual = 1,
	    .trace = on_trace };

	ml_testbed_free(t);
	t = ml_testbed_new(&c);
	ml_buf_clear(&trace);
	now = 0;
	keeps_all = 1;
}

static void
later(uint64_t us)
{
	now += us;
	ml_testbed_advance(t, now);
}

static const char *
say(const char *line)
{
	const char *why = ml_testbed_command(t, now, slice(line));

	later(0);
	return why;
}

static void
up(unsigned nodes)
{
	char line[32];
	unsigned i;

	later(SECOND);
	for (i = 0; i < nodes; i++) {
		snprintf(line, sizeof line, "up %u", i);
		ok(say(line) == NULL, "%s", line);
	}
	later(SECOND);
	ml_buf_clear(&trace);
}

/* How often a text comes in the trace. */
static size_t
count(const char *text)
{
	const char *p = trace.p, *end = trace.p + trace.len;
	size_t n = 0;

	while (p != NULL && p < end && (p = memmem(p, (size_t)(end - p), text,
	    strlen(text))) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

static void
check_frames(void)
{
	static const size_t lengths[] = { 1, 254, 255, 507, 508 };
	uint8_t bytes[508];
	char line[1200], base64[800];
	size_t i, k;

	begin(2, 1);
	up(2);
	for (i = 0; i < 5; i++)
		for (k = 0; k < 2; k++) {
			memset(bytes, "\xc0\xdb"[k], sizeof bytes);
			bytes[0] = 0xdc;
			sodium_bin2base64(base64, sizeof base64, bytes,
			    lengths[i],
			    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
			snprintf(line, sizeof line, "send %zu %s", k, base64);
			ml_buf_clear(&trace);
			ok(say(line) == NULL, "%zu bytes", lengths[i]);
			later(5 * SECOND);
			ok(count(base64) == 1 && count("\"received\"") == 1 &&
			    count(k ? "\"received\",\"node\":0" :
			    "\"received\",\"node\":1") == 1, "arrive");
		}
	ok(count("violation") == 0, "no violation");
}

/* As a host does who counts: never more than the queue holds. */
static void
check_many(void)
{
	static char seen[10000];
	char line[64], want[32];
	const char *p;
	unsigned i, wrong = 0;

	begin(2, 3);
	up(2);
	keeps_all = 0;
	for (i = 0; i < 10000; i++) {
		snprintf(line, sizeof line, "send 0 %08u", i);
		wrong += say(line) != NULL;
		if (i % 100 == 99)
			later(30 * SECOND);
	}
	ok(wrong == 0 && ml_testbed_is_idle(t), "10,000 frames are sent");
	ok(count("\"received\"") == 10000, "and arrive, %zu of them",
	    count("\"received\""));
	for (i = 0, p = trace.p; i < 10000 && p != NULL; i++) {
		snprintf(want, sizeof want, "\"data\":\"%08u\"", i);
		p = memmem(p, (size_t)(trace.p + trace.len - p), want,
		    strlen(want));
		seen[i] = p != NULL;
	}
	ok(i == 10000 && p != NULL && seen[9999], "in their order");
}

/* Two at once: one waits, or both collide, now and then. */
static void
check_contention(void)
{
	unsigned i;

	begin(3, 5);
	up(3);
	for (i = 0; i < 100; i++) {
		say("send 0 AAAA");
		say("send 1 BBBB");
		later(20 * SECOND);
	}
	ok(count("\"event\":\"packet\"") == 200, "200 packets");
	ok(count("\"collision\"") >= 2 && count("\"collision\"") < 40,
	    "of two that begin at once few collide: %zu",
	    count("\"collision\""));
	ok(count("\"received\",\"node\":2") == 200 - count("\"collision\""),
	    "the others all arrive");
}

/* A lost second half, and the first of another frame with the same number. */
static void
check_joined(void)
{
	char line[800], big[600];
	unsigned i;

	begin(2, 9);
	up(2);
	say("loss 0>1 0.3");
	for (i = 0; i < 500; i++) {
		memset(big, i % 2 ? 'B' : 'A', 400);
		big[400] = '\0';
		snprintf(line, sizeof line, "send 0 %s", big);
		say(line);
		later(3 * SECOND);
	}
	/* 254 bytes are 338 characters and two thirds of one */
	i = (unsigned)(count("AAAAAABBBBBB") + count("BBBBBBAAAAAA") +
	    count("AAAAABBBBB") + count("BBBBBAAAAA"));
	ok(i > 0, "halves of two frames are joined, with luck");
	ok(count("\"received\"") > 230 && count("\"received\"") < 270,
	    "0.49 of the frames arrive: %zu of 500", count("\"received\""));
}

static void
run(uint64_t seed, struct ml_buf *out)
{
	unsigned i;

	begin(4, seed);
	up(4);
	say("loss 0 1 0.2");
	say("errors 2 3 0.001");
	say("fault 1 noise");
	for (i = 0; i < 50; i++) {
		say("send 0 AAECAwQF");
		say("send 1 BBECAwQF");
		say("send 2 CBECAwQF");
		later(i * 100000);
	}
	say("once 3 reboot");
	later(10 * SECOND);
	ml_buf_clear(out);
	ml_buf_slice(out, ml_buf_view(&trace));
}

static void
quiet(uint64_t seed, struct ml_buf *out)
{
	unsigned i;

	begin(2, seed);
	up(2);
	for (i = 0; i < 5; i++) {
		say("send 0 AAECAwQF");
		later(SECOND);
	}
	ml_buf_clear(out);
	ml_buf_slice(out, ml_buf_view(&trace));
}

static void
check_same(void)
{
	struct ml_buf first = { 0 }, again = { 0 };

	run(1, &first);
	run(1, &again);
	ok(first.len > 10000 && ml_slice_same(ml_buf_view(&first),
	    ml_buf_view(&again)), "the same seed, the same trace: %zu bytes",
	    first.len);
	run(2, &again);
	ok(!ml_slice_same(ml_buf_view(&first), ml_buf_view(&again)),
	    "another seed, another one");
	quiet(1, &first);
	quiet(2, &again);
	ok(!ml_slice_same(ml_buf_view(&first), ml_buf_view(&again)),
	    "also in when devices send");
	ml_buf_free(&first);
	ml_buf_free(&again);
}

static void
check_plugs(void)
{
	char line[512] = "send 0 ";

	memset(line + 7, 'A', 400);
	begin(3, 1);
	up(3);
	say(line);
	later(600000);			/* into the middle of its first packet */
	say("unplug 0");
	later(SECOND);
	ok(count("\"cut\"") == 2 && count("\"received\"") == 0 &&
	    count("\"unplug\",\"node\":0") == 1, "unplugged");
	say("send 1 AAAA");
	later(2 * SECOND);
	ok(count("\"0\":\"off\"") == 1 && count("\"received\",\"node\":2") == 1,
	    "the others go on");
	ok(say("unplug 0") != NULL, "it is unplugged already");
	ok(say("replug 0") == NULL && say("replug 0") != NULL, "plugged in");
	later(SECOND);
	say("up 0");
	later(SECOND);
	ml_buf_clear(&trace);
	say("send 0 AAAA");
	later(2 * SECOND);
	ok(count("\"received\",\"node\":1") == 1, "and is back");
	say("once 1 hangup");
	say("send 0 AAAA");
	later(2 * SECOND);
	ok(count("\"unplug\",\"node\":1") == 1, "hung up in mid-frame");
}

static void
check_commands(void)
{
	static const struct {
		const char *line, *why;
	} given[] = {
		{ "", NULL }, { "  \t", NULL }, { "# nothing", NULL },
		{ "loss 0 1 0.3 # both ways", NULL }, { "loss 0>1 1", NULL },
		{ "jump", "no such command" },
		{ "loss 0 1", "too few or too many words" },
		{ "loss 0 1 0 0", "too few or too many words" },
		{ "loss 0 3 0.3", "no such node" },
		{ "loss 0 0 0.3", "no such node" },
		{ "loss -1 0 0.3", "no such node" },
		{ "loss 0 1 1.1", "its number is out of range" },
		{ "loss 0 1 x", "its number is out of range" },
		{ "loss 0 1 nan", "its number is out of range" },
		{ "errors 0 1 2", "its number is out of range" },
		{ "attenuation 0 1 -1", "its number is out of range" },
		{ "attenuation 0 1 400", NULL },
		{ "place 0 0", "too few or too many words" },
		{ "place 0 0 x", "its number is out of range" },
		{ "partition", "partition: it needs two parts, such as 0,1 | 2" },
		{ "partition 0,1",
		    "partition: it needs two parts, such as 0,1 | 2" },
		{ "partition 0,1 | 3", "no such node" },
		{ "partition 0,x | 1", "no such node" },
		{ "partition 0 , 1|2", NULL }, { "heal", NULL },
		{ "heal 1", "too few or too many words" },
		{ "fault 0", "too few or too many words" },
		{ "fault 0 nothing", "fault: no such name" },
		{ "fault 9 mute", "no such node" },
		{ "fault 0 slow 1 2", "too few or too many words" },
		{ "fault 0 slow x", "fault: its number is out of range" },
		{ "fault 0 noecho", "fault: it needs the name of a setting" },
		{ "fault 0 version x", "fault: it needs a version such as 1.51" },
		{ "fault 0 mute 1", "fault: it takes no argument" },
		{ "once 0 ascii", "fault: it needs a text of up to 63 bytes" },
		{ "clear 0 mute", NULL }, { "clear 0", NULL },
		{ "send 0", "too few or too many words" },
		{ "send 0 A", "not base64url" }, { "send 0 A+A/", "not base64url" },
		{ "foreign 0 AAAA", "its radio is off" },
		{ "foreign 0 A", "not base64url of 1 to 255 bytes" },
		{ "up 0 1 2 3 4 5 6", "too few or too many words" },
		{ "up 0 9e9", "its number is out of range" },
		{ "up 0 867200000 125000 4", "spreading factor: not 5 to 12" },
		{ "up 0 867200000 125000 8 4e9", "coding rate: not 5 to 8" },
		{ "quit now", "too few or too many words" },
	};
	char line[ML_TESTBED_LINE_MAX + 2];
	size_t i;

	begin(3, 1);
	for (i = 0; i < sizeof given / sizeof given[0]; i++)
		ok(same_reason(say(given[i].line), given[i].why), "'%s': %s",
		    given[i].line, given[i].why != NULL ? given[i].why : "done");
	memset(line, 'x', sizeof line);
	ok(same_reason(ml_testbed_command(t, now, (struct ml_slice){ line,
	    ML_TESTBED_LINE_MAX }), "no such command"), "a line of the most");
	ok(same_reason(ml_testbed_command(t, now, (struct ml_slice){ line,
	    ML_TESTBED_LINE_MAX + 1 }), "too long, or not text"), "of one more");
	ok(same_reason(ml_testbed_command(t, now, (struct ml_slice){ "heal\0",
	    5 }), "too long, or not text"), "with a NUL");
	ok(!ml_testbed_has_quit(t) && say("quit") == NULL &&
	    ml_testbed_has_quit(t), "quit");
}

static void
check_when(void)
{
	static const struct {
		const char *line, *rest, *why;
		double due;
	} given[] = {
		{ "heal", "heal", NULL, 1 },
		{ "wait 2", "", NULL, 3 },
		{ " wait 0.5  loss 0 1 0", "loss 0 1 0", NULL, 1.5 },
		{ "at 2.5 heal", "heal", NULL, 2.5 },
		{ "at 0.5 heal", "at 0.5 heal", "that time is over", 1 },
		{ "wait", "wait", "not a number of seconds", 1 },
		{ "wait x heal", "wait x heal", "not a number of seconds", 1 },
		{ "wait -1", "wait -1", "not a number of seconds", 1 },
		{ "wait 1000001", "wait 1000001", "not a number of seconds", 1 },
	};
	struct ml_slice line;
	uint64_t due;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		line = slice(given[i].line);
		due = SECOND;
		why = ml_testbed_when(&line, &due);
		ok(same_reason(why, given[i].why) &&
		    ml_slice_is(line, given[i].rest) &&
		    due == (uint64_t)(given[i].due * 1e6), "'%s'",
		    given[i].line);
	}
}

static void
check_world(void)
{
	begin(3, 1);
	up(3);
	say("loss 0 1 1");
	say("send 0 AAAA");
	later(2 * SECOND);
	say("send 1 AAAA");
	later(2 * SECOND);
	ok(count("{\"1\":\"loss\"}") == 1 && count("{\"0\":\"loss\"}") == 1,
	    "a loss is both ways");
	say("loss 0>1 0");
	say("send 0 AAAA");
	later(2 * SECOND);
	say("send 1 AAAA");
	later(2 * SECOND);
	ok(count("{\"1\":\"loss\"}") == 1 && count("{\"0\":\"loss\"}") == 2,
	    "or one way");
	say("loss 0 1 0");
	ml_buf_clear(&trace);
	say("partition 0 | 1,2");
	say("send 1 AAAA");
	later(2 * SECOND);
	ok(count("\"heard\":[2]") == 1 && count("\"0\":\"apart\"") == 1,
	    "partition");
	say("heal");
	say("place 0 0 0");
	say("place 1 1000 0");
	say("place 2 100000 0");
	say("send 0 AAAA");
	later(2 * SECOND);
	ok(count("\"heard\":[1],\"lost\":{\"2\":\"weak\"}") == 1,
	    "a kilometre is heard, a hundred are not");
	ok(count("\"rssi\":-105") == 1, "with 7 - 31.2 - 81 dBm");
	ml_buf_clear(&trace);
	say("foreign 1 QEJD");
	later(2 * SECOND);
	ok(count("\"from\":\"foreign\"") == 1 && count("\"data\":\"QkM\"") > 0,
	    "a foreign packet comes without its first byte");
	ml_buf_clear(&trace);
	say("foreign 1 QA");
	later(2 * SECOND);
	ok(count("\"len\":0,\"data\":\"\"") > 0, "one of one byte is empty");
	say("host 0 bm9pc2U");
	ok(count("\"what\":\"outside\"") == 1, "bytes of a host");
	ml_testbed_summary(t);
	ok(count("\"event\":\"end\"") == 1 && count("\"violations\":1}") == 1,
	    "what it came to");
}

/* Ten minutes of whatever can go wrong: then all is well again. */
static void
check_storm(void)
{
	static const char *const faults[] = { "nodetect", "version 1.51",
	    "noecho sf", "wrongecho bw", "stuck", "mute", "trickle", "slow",
	    "deaf", "full", "double", "chatter", "shortchtm", "noise", "cut",
	    "hangup", "modem", "dtr", "boottext", "slowboot", "noreset",
	    "error 1", "error 2", "error 5", "error 6", "reboot", "garbage",
	    "ascii text", "empty", "long", "hang" };
	uint64_t dice = 11;
	char line[64];
	unsigned i, k, n = sizeof faults / sizeof faults[0], refused = 0;

	begin(3, 2);
	keeps_all = 0;
	for (i = 0; i < 600; i++) {
		later(SECOND);
		for (k = 0; k < 3; k++) {
			snprintf(line, sizeof line, "%s %u %s",
			    given_below(&dice, 4) ? "once" : "fault", k,
			    faults[given_below(&dice, n)]);
			refused += say(line) != NULL;
			snprintf(line, sizeof line, "up %u", k);
			say(line);
			snprintf(line, sizeof line, "send %u AAAA", k);
			say(line);
			if (given_below(&dice, 5) > 0)
				continue;
			snprintf(line, sizeof line, "clear %u", k);
			refused += say(line) != NULL;
			snprintf(line, sizeof line, "unplug %u", k);
			say(line);
			snprintf(line, sizeof line, "replug %u", k);
			say(line);
		}
	}
	ok(refused == 0, "ten minutes of faults");
	ok(count("\"received\"") > 0, "some frames came through: %zu",
	    count("\"received\""));
	for (k = 0; k < 3; k++) {
		snprintf(line, sizeof line, "clear %u", k);
		say(line);
		snprintf(line, sizeof line, "unplug %u", k);
		say(line);
		snprintf(line, sizeof line, "replug %u", k);
		say(line);
	}
	up(3);
	say("send 2 BBBB");
	later(2 * SECOND);
	ok(count("\"data\":\"BBBB\"") == 2 && count("violation") == 0,
	    "and all is well again");
}

int
main(void)
{
	check_frames();
	check_many();
	check_contention();
	check_joined();
	check_same();
	check_plugs();
	check_commands();
	check_when();
	check_world();
	check_storm();
	ml_testbed_free(t);
	ml_buf_free(&trace);
	return unit_done();
}

/* radio - brought up, fed and shut down against an RNode that is not there, in
 * its own time */
#include "given.h"
#include "kiss.h"
#include "radio.h"
#include "rnodecmd.h"
#include "unit.h"
#include "vnode.h"

#define SECOND UINT64_C(1000000)
#define FRAMES_MAX 4096

/* A host and its device, and what became of both. */
struct bench {
	struct ml_vnode *device;
	struct ml_radio *radio;
	uint64_t now;
	struct ml_buf air;		/* what was sent: frames, one after another */
	size_t packets;
	unsigned up, sent, lost, resets, notes, nonsense, received;
	unsigned violations;
	enum ml_radio_what end;		/* DOWN, REFUSED or OFF; UP: none of it */
	char why[128], setting[64];
	int64_t wanted, got;
	struct ml_buf last;		/* frame received */
	int rssi;
	double snr;
	int slow;			/* one byte at a time reaches the device */
};

static const struct ml_radio_wish WISH = { .lora = { ML_LORA_SX126X, 867200000,
    125000, 8, 5, 7 }, .short_lock = -1, .long_lock = -1 };

static void
tune(void *arg, uint64_t now, const struct ml_lora *l)
{
	(void)arg, (void)now, (void)l;
}

static void
on_send(void *arg, uint64_t now, struct ml_slice packet, uint64_t us)
{
	struct bench *b = arg;

	(void)now, (void)us;
	b->packets++;
	ml_buf_add(&b->air, packet.p + 1, packet.len - 1);
}

static void
on_news(void *arg, uint64_t now, enum ml_vnode_news what, int number,
    struct ml_slice bytes)
{
	struct bench *b = arg;

	(void)now, (void)bytes;
	if (what == ML_VNODE_VIOLATION) {
		b->violations++;
		printf("# violation: %s\n", ml_vnode_violation(
		    (enum ml_vnode_violation)number));
	}
}

static struct bench *
bench(const char *board, const struct ml_radio_wish *wish)
{
	static struct bench b;
	struct ml_vnode_watch watch = { &b, tune, on_send, on_news };

	ml_vnode_free(b.device);
	ml_radio_free(b.radio);
	ml_buf_free(&b.air);
	ml_buf_free(&b.last);
	memset(&b, 0, sizeof b);
	b.device = ml_vnode_new(ml_vnode_board(board), 1, &watch);
	b.radio = ml_radio_new(wish);
	if (b.device == NULL || b.radio == NULL)
		abort();
	ml_vnode_plug(b.device, b.now);
	b.now += 3 * SECOND;
	return &b;
}

static void
note(struct bench *b, const struct ml_radio_event *e)
{
	switch (e->what) {
	case ML_RADIO_UP: b->up++; break;
	case ML_RADIO_SENT: case ML_RADIO_CHANNEL: b->sent += e->count; break;
	case ML_RADIO_NOTE: b->notes++; break;
	case ML_RADIO_NONSENSE: b->nonsense++; break;
	case ML_RADIO_LOST:
		b->lost += e->count;
		b->resets++;
		break;
	case ML_RADIO_FRAME:
		b->received++;
		b->rssi = e->rssi;
		b->snr = e->snr;
		ml_buf_clear(&b->last);
		ml_buf_slice(&b->last, e->frame);
		break;
	case ML_RADIO_DOWN: case ML_RADIO_REFUSED: case ML_RADIO_OFF:
		b->end = e->what;
		snprintf(b->why, sizeof b->why, "%s", e->why ? e->why : "");
		snprintf(b->setting, sizeof b->setting, "%s",
		    e->setting ? e->setting : "");
		b->wanted = e->wanted;
		b->got = e->got;
		break;
	default: break;
	}
}

static void
take(struct bench *b, struct ml_slice in)
{
	struct ml_radio_event e;

	while (ml_radio_take(b->radio, b->now, &in, &e))
		note(b, &e);
}

/* Bytes go both ways until nobody has any more to say now. */
static void
talk(struct bench *b)
{
	struct ml_slice s;
	struct ml_buf copy = { 0 };
	size_t n;
	int moved = 1;

	while (moved) {
		moved = 0;
		s = ml_radio_out(b->radio);
		if (b->slow && s.len > 1)
			s.len = 1;
		if (s.len > 0 && (n = ml_vnode_input(b->device, b->now, s)) > 0) {
			ml_radio_wrote(b->radio, b->now, n);
			moved = 1;
		}
		ml_vnode_advance(b->device, b->now);
		if ((s = ml_vnode_output(b->device, b->now)).len > 0) {
			ml_buf_clear(&copy);
			ml_buf_slice(&copy, s);
			ml_vnode_wrote(b->device, b->now, s.len);
			take(b, ml_buf_view(&copy));
			moved = 1;
		}
	}
	ml_buf_free(&copy);
	take(b, (struct ml_slice){ NULL, 0 });
}

/* Let time pass until a condition holds, or so long. */
static int
wait_until(struct bench *b, uint64_t us, int (*done)(const struct bench *b))
{
	uint64_t end = b->now + us, next;

	for (;;) {
		talk(b);
		if (done != NULL && done(b))
			return 1;
		next = ml_vnode_next(b->device);
		if (ml_radio_due(b->radio) < next)
			next = ml_radio_due(b->radio);
		if (next <= b->now)
			next = b->now + 1;
		if (next > end) {
			b->now = end;
			talk(b);
			return done != NULL && done(b);
		}
		b->now = next;
	}
}

static int
is_up(const struct bench *b)
{
	return b->up > 0 || b->end != ML_RADIO_UP;
}

static int
has_ended(const struct bench *b)
{
	return b->end != ML_RADIO_UP;
}

static int
has_room(const struct bench *b)
{
	return ml_radio_room(b->radio) || b->end != ML_RADIO_UP;
}

static int
is_empty(const struct bench *b)
{
	unsigned unread;

	return ml_radio_outstanding(b->radio, &unread) == 0 ||
	    b->end != ML_RADIO_UP;
}

static unsigned
unread(struct bench *b)
{
	unsigned n;

	ml_radio_outstanding(b->radio, &n);
	return n;
}

static int
bring_up(struct bench *b)
{
	ml_radio_begin(b->radio, b->now);
	return wait_until(b, 60 * SECOND, is_up) && b->end == ML_RADIO_UP;
}

static void
check_bring_up(void)
{
	static const char *const boards[] = { "heltec", "lora32", "rak", "avr" };
	struct bench *b;
	struct ml_lora l;
	size_t i;

	for (i = 0; i < 4; i++) {
		b = bench(boards[i], &WISH);
		ok(bring_up(b), "%s comes up in %.2f s", boards[i],
		    (double)(b->now - 3 * SECOND) / SECOND);
		ok(ml_vnode_tuned(b->device, &l) && l.frequency > 867199900 &&
		    l.frequency < 867200100 && l.bandwidth == 125000 &&
		    l.sf == 8 && l.cr == 5 && l.power == 7, "and is set so");
		ok(ml_radio_info(b->radio)->major == 1 &&
		    ml_radio_info(b->radio)->minor == 0x56, "its firmware");
		ml_radio_leave(b->radio, b->now);
		ok(wait_until(b, 5 * SECOND, has_ended) &&
		    b->end == ML_RADIO_OFF && !ml_vnode_tuned(b->device, &l),
		    "and is switched off");
		ok(b->violations == 0, "no violation");
	}
	b = bench("heltec", &WISH);
	b->slow = 1;
	ok(bring_up(b), "byte by byte");
}

/* A fault during bring-up, and what comes of it. */
static void
check_faults(void)
{
	static const struct {
		const char *name, *arg;
		int times;
		enum ml_radio_what end;		/* UP: it comes up */
		const char *setting, *why;
	} given[] = {
		{ "nodetect", NULL, 3, ML_RADIO_UP, "", "" },
		{ "nodetect", NULL, -1, ML_RADIO_DOWN, "",
		    "no RNode answers there" },
		{ "mute", NULL, -1, ML_RADIO_DOWN, "",
		    "no RNode answers there" },
		{ "version", "1.51", -1, ML_RADIO_REFUSED, "firmware version",
		    "too old" },
		{ "version", "1.52", -1, ML_RADIO_UP, "", "" },
		{ "noecho", "sf", 1, ML_RADIO_UP, "", "" },
		{ "noecho", "bw", 3, ML_RADIO_UP, "", "" },
		{ "noecho", "cr", -1, ML_RADIO_DOWN, "coding rate", "no answer" },
		{ "wrongecho", "freq", 1, ML_RADIO_UP, "", "" },
		{ "wrongecho", "txpower", -1, ML_RADIO_REFUSED, "power",
		    "not what was set" },
		{ "slow", NULL, -1, ML_RADIO_UP, "", "" },
		{ "trickle", NULL, -1, ML_RADIO_UP, "", "" },
		{ "double", NULL, -1, ML_RADIO_UP, "", "" },
		{ "chatter", NULL, -1, ML_RADIO_UP, "", "" },
		{ "noise", NULL, -1, ML_RADIO_UP, "", "" },
		{ "shortchtm", "8", -1, ML_RADIO_UP, "", "" },
		{ "garbage", "300", 1, ML_RADIO_UP, "", "" },
		{ "ascii", "boot: rst", 1, ML_RADIO_UP, "", "" },
		{ "error", "6", 1, ML_RADIO_UP, "", "" },
		{ "reboot", NULL, 1, ML_RADIO_UP, "", "" },
		{ "stuck", NULL, -1, ML_RADIO_REFUSED, "radio on",
		    "it stays off: locked, not provisioned, or its "
		    "firmware's hash is wrong" },
	};
	struct bench *b;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		b = bench("heltec", &WISH);
		why = ml_vnode_fault(b->device, b->now, given[i].name,
		    given[i].arg, given[i].times);
		ok(why == NULL, "fault %s%s%s", given[i].name,
		    why ? ": " : "", why ? why : "");
		bring_up(b);
		ok(b->end == given[i].end && strcmp(b->why, given[i].why) == 0 &&
		    strcmp(b->setting, given[i].setting) == 0,
		    "comes to %d %s: %s", (int)b->end, b->setting, b->why);
	}
}

/* A frame that says which one it is, full of what must be escaped. */
static struct ml_slice
frame(char *bytes, size_t number, size_t len)
{
	static const char special[] = "\xc0\xdb\xdc\xdd";
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (char)(i < 4 ? number >> 8 * i :
		    (size_t)special[(i + number) % 4]);
	return (struct ml_slice){ bytes, len };
}

static void
check_sizes(void)
{
	static const size_t sizes[] = { 1, 2, 254, 255, 507 };
	struct bench *b = bench("heltec", &WISH);
	char bytes[ML_LORA_FRAME_MAX];
	struct ml_slice s;
	size_t i;

	bring_up(b);
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		ml_buf_clear(&b->air);
		b->packets = 0;
		s = frame(bytes, i, sizes[i]);
		ml_radio_send(b->radio, b->now, s);
		ok(wait_until(b, 20 * SECOND, is_empty) &&
		    ml_slice_same(ml_buf_view(&b->air), s) &&
		    b->packets == (sizes[i] > ML_LORA_PACKET_MAX ? 2 : 1),
		    "%zu bytes go out in %zu packets", sizes[i], b->packets);
	}
	ok(b->sent == 5 && b->violations == 0 && b->lost == 0, "all five sent");
}

/* Many frames at full speed: complete, in order, and the queue never full. */
static void
check_flow(const char *board, size_t n, const char *fault,
    const struct ml_radio_wish *wish)
{
	struct bench *b = bench(board, wish);
	struct ml_buf all = { 0 };
	char bytes[ML_LORA_FRAME_MAX];
	uint64_t state = 5, from, air = 0;
	struct ml_slice s;
	size_t i;

	bring_up(b);
	if (fault != NULL)
		ml_vnode_fault(b->device, b->now, fault, NULL, -1);
	from = b->now;
	for (i = 0; i < n; i++) {
		if (!wait_until(b, 6000 * SECOND, has_room) || has_ended(b))
			break;
		s = frame(bytes, i, 4 + given_below(&state, 504));
		ml_buf_slice(&all, s);
		air += ml_lora_frame_us(&wish->lora, s.len);
		ml_radio_send(b->radio, b->now, s);
	}
	wait_until(b, 6000 * SECOND, is_empty);
	ok(i == n && b->sent == n && b->lost == 0, "%s%s%s: %u of %zu sent",
	    board, fault ? ", " : "", fault ? fault : "", b->sent, n);
	ok(ml_slice_same(ml_buf_view(&b->air), ml_buf_view(&all)),
	    "complete and in order");
	ok(b->violations == 0, "and nothing overrun");
	printf("# %.1f s for %.1f s on the air\n",
	    (double)(b->now - from) / SECOND, (double)air / SECOND);
	ml_buf_free(&all);
}

/* A word of the channel: such an airtime of its own, and nobody else's. */
static void
tell_airtime(struct bench *b, unsigned own_short)
{
	const uint8_t high = (uint8_t)(own_short >> 8), low = (uint8_t)own_short;
	const uint8_t chtm[11] = { high, low, 0, 0, high, low, 0, 0, 57, 57, 0xff };
	struct ml_buf text = { 0 };

	ml_kiss_write(&text, ML_RNODE_STAT_CHTM,
	    (struct ml_slice){ (const char *)chtm, sizeof chtm });
	take(b, ml_buf_view(&text));
	ml_buf_free(&text);
}

/* A frame that came while two were being sent is not told of with them. */
static void
check_told(void)
{
	struct bench *b = bench("heltec", &WISH);
	char bytes[ML_LORA_FRAME_MAX];
	unsigned one = (unsigned)(ml_lora_frame_us(&WISH.lora, 60) / 1500);
	size_t i;

	bring_up(b);
	ml_vnode_fault(b->device, b->now, "shortchtm", "7", -1);
	ml_vnode_medium(b->device, b->now, 1, -80);
	tell_airtime(b, 0);
	for (i = 0; i < 3; i++) {
		ml_radio_send(b->radio, b->now, frame(bytes, i, 60));
		wait_until(b, SECOND, has_room);
	}
	tell_airtime(b, 2 * one);
	ok(b->sent == 2, "two were sent while the third came (%u)", b->sent);
	tell_airtime(b, 2 * one + 1);
	ok(b->sent == 3, "what is hidden in the sum is one (%u)", b->sent);
}

static void
check_received(void)
{
	struct bench *b = bench("heltec", &WISH);
	char packet[255];

	bring_up(b);
	memcpy(packet, "\x20" "A\xc0\xdb", 4);
	ml_vnode_heard(b->device, b->now, (struct ml_slice){ packet, 4 }, -87, 7.5);
	wait_until(b, SECOND, NULL);
	ok(b->received == 1 && holds(&b->last, "A\xc0\xdb") && b->rssi == -87 &&
	    b->snr > 7.49 && b->snr < 7.51, "a frame with its signal");
	ml_vnode_heard(b->device, b->now, (struct ml_slice){ packet, 4 }, -90,
	    -7.25);
	wait_until(b, SECOND, NULL);
	ok(b->received == 2 && b->rssi == -90 && b->snr < -7.24 &&
	    b->snr > -7.26, "below the noise");
	ml_vnode_heard(b->device, b->now, (struct ml_slice){ packet, 1 }, -90, 1);
	wait_until(b, SECOND, NULL);
	ok(b->received == 2, "one with nothing in it is none");
	ml_vnode_fault(b->device, b->now, "long", "600", 1);
	wait_until(b, SECOND, NULL);
	ok(b->received == 2 && b->nonsense > 0, "nor one of 600 bytes");
	ml_vnode_fault(b->device, b->now, "garbage", "500", 1);
	ml_vnode_heard(b->device, b->now, (struct ml_slice){ packet, 4 }, -87, 7);
	wait_until(b, SECOND, NULL);
	ml_vnode_heard(b->device, b->now, (struct ml_slice){ packet, 4 }, -86, 7);
	wait_until(b, SECOND, NULL);
	ok(b->received >= 3 && b->rssi == -86 && b->end == ML_RADIO_UP,
	    "after garbage it goes on");
}

static void
check_trouble(void)
{
	struct bench *b;
	char bytes[64];
	unsigned up;

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	wait_until(b, SECOND / 100, NULL);
	ml_vnode_fault(b->device, b->now, "reboot", NULL, 1);
	up = b->up;
	wait_until(b, 30 * SECOND, NULL);
	ok(b->up == up + 1 && b->resets == 1 && b->lost == 1 &&
	    b->end == ML_RADIO_UP, "a reboot: up again, one frame may be lost");

	b = bench("heltec", &WISH);
	bring_up(b);
	/* who was there before has died in the middle of a frame */
	ml_vnode_input(b->device, b->now, (struct ml_slice){ "\xc0\0AB", 4 });
	ml_radio_gone(b->radio);
	ml_radio_begin(b->radio, b->now);
	wait_until(b, 2 * SECOND, NULL);
	ok(b->up == 2 && b->violations == 0, "half a frame is ended first");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "error", "2", 1);
	wait_until(b, 30 * SECOND, NULL);
	ok(b->up == 2 && b->resets == 1, "error 2: set anew");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "error", "5", 1);
	ml_vnode_fault(b->device, b->now, "error", "6", 1);
	wait_until(b, 30 * SECOND, NULL);
	ok(b->notes == 2 && b->up == 1 && b->resets == 0, "5 and 6: told");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "error", "1", 1);
	wait_until(b, 30 * SECOND, has_ended);
	ok(b->end == ML_RADIO_DOWN, "1: down");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "hang", NULL, 1);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	ok(wait_until(b, 60 * SECOND, has_ended) && b->end == ML_RADIO_DOWN &&
	    ml_radio_gone(b->radio) == 1,
	    "one that hangs is given up, with its frame");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "full", NULL, 3);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	ok(wait_until(b, 60 * SECOND, is_empty) && b->end == ML_RADIO_UP &&
	    b->sent == 1, "one that is full is asked again");

	b = bench("heltec", &WISH);
	bring_up(b);
	ml_vnode_fault(b->device, b->now, "full", NULL, -1);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	ok(!wait_until(b, 60 * SECOND, has_room) && b->sent == 1,
	    "while it is full it is given no more, though it has sent all");
	ml_vnode_fault(b->device, b->now, "full", NULL, 0);
	ok(wait_until(b, 5 * SECOND, has_room) && b->end == ML_RADIO_UP,
	    "then it is");
}

/* Others keep the device from sending for a long time: what it has is not told
 * as sent, and is as soon as it is. */
static void
check_held(const char *board, const char *short_channel, double rssi)
{
	struct bench *b = bench(board, &WISH);
	char bytes[64];
	size_t i;

	bring_up(b);
	if (short_channel != NULL)
		ml_vnode_fault(b->device, b->now, "shortchtm", short_channel, -1);
	wait_until(b, 3 * SECOND, NULL);
	ml_vnode_medium(b->device, b->now, 1, rssi);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	wait_until(b, 10 * SECOND, NULL);
	ok(b->sent == 0 && b->packets == 0 && !is_empty(b),
	    "%s, %s bytes, %g dBm: held for 10 s, and not told as sent", board,
	    short_channel ? short_channel : "all", rssi);
	/* others again and again, and no moment for it in between */
	for (i = 0; i < 40; i++) {
		ml_vnode_medium(b->device, b->now, 0, 0);
		wait_until(b, 10000, NULL);
		ml_vnode_medium(b->device, b->now, 1, rssi);
		wait_until(b, 490000, NULL);
	}
	ok(b->sent == 0 && b->packets == 0, "nor for 20 s of short ones");
	ok(b->notes == 0, "which is nothing special");
	wait_until(b, 300 * SECOND, NULL);
	ok(b->notes == 1 && b->sent == 0, "after a minute that is told, once");
	ml_vnode_medium(b->device, b->now, 0, 0);
	ok(wait_until(b, 2 * SECOND, is_empty) && b->sent == 1 &&
	    b->packets == 1, "when it is free: sent, and told");
}

/* It tells of the channel, and then does not: what it has read is sent some
 * time after. */
static void
check_silent(void)
{
	struct bench *b = bench("heltec", &WISH);
	char bytes[64];

	bring_up(b);
	wait_until(b, 3 * SECOND, NULL);
	ml_vnode_fault(b->device, b->now, "shortchtm", "7", -1);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	ok(wait_until(b, 20 * SECOND, is_empty) && b->sent == 1 &&
	    b->end == ML_RADIO_UP, "one that tells of the channel no more");
}

/* What it has sent for a host before is not what it was given now. */
static void
check_before(void)
{
	struct bench *b = bench("heltec", &WISH);
	char bytes[64];

	bring_up(b);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	wait_until(b, 20 * SECOND, is_empty);
	ml_radio_leave(b->radio, b->now);
	wait_until(b, 5 * SECOND, has_ended);
	ml_vnode_fault(b->device, b->now, "shortchtm", "7", -1);
	b->end = ML_RADIO_UP;
	b->sent = b->up = 0;
	bring_up(b);
	ml_vnode_medium(b->device, b->now, 1, -80);
	ml_vnode_fault(b->device, b->now, "shortchtm", "7", 0);
	ml_radio_send(b->radio, b->now, frame(bytes, 2, 20));
	wait_until(b, 5 * SECOND, NULL);
	ok(b->sent == 0 && b->packets == 1, "held, and not told as sent");
	ml_vnode_medium(b->device, b->now, 0, 0);
	ok(wait_until(b, 3 * SECOND, is_empty) && b->sent == 1 &&
	    b->packets == 2, "when it is free: sent, and told");
}

/* What it has when it is left is not sent when it is on again. */
static void
check_left(void)
{
	struct bench *b = bench("heltec", &WISH);
	char bytes[64];

	bring_up(b);
	ml_vnode_medium(b->device, b->now, 1, -80);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	wait_until(b, SECOND, NULL);
	ok(unread(b) == 0 && !is_empty(b), "it has a frame");
	ml_radio_leave(b->radio, b->now);
	ok(wait_until(b, 3 * SECOND, has_ended) && b->end == ML_RADIO_OFF,
	    "and is left");
	ml_vnode_medium(b->device, b->now, 0, 0);
	ml_radio_gone(b->radio);
	b->end = ML_RADIO_UP;
	b->up = 0;
	ok(bring_up(b), "on again");
	wait_until(b, 30 * SECOND, NULL);
	ok(b->packets == 0 && b->violations == 0, "nothing is sent");
}

/* It begins anew, and does not say so: with the radio off it would be deaf, and
 * take frames for nothing. */
static void
check_unsaid(const char *board, int with_frame)
{
	struct bench *b = bench(board, &WISH);
	struct ml_lora l;
	char bytes[64];

	bring_up(b);
	wait_until(b, 3600 * SECOND, NULL);
	ok(b->up == 1 && b->end == ML_RADIO_UP, "%s: an hour with nothing to do",
	    board);
	ml_vnode_fault(b->device, b->now, "noreset", NULL, -1);
	ml_vnode_fault(b->device, b->now, "reboot", NULL, 1);
	wait_until(b, SECOND, NULL);
	ok(!ml_vnode_tuned(b->device, &l), "it reboots, and is off");
	b->up = 0;
	if (with_frame)
		ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	ok(wait_until(b, 60 * SECOND, is_up) && b->end == ML_RADIO_UP &&
	    ml_vnode_tuned(b->device, &l), "it is set anew");
	ok(b->sent == 0 && b->lost == (unsigned)with_frame,
	    "%u frames may be lost", b->lost);
	ml_vnode_fault(b->device, b->now, "hang", NULL, 1);
	ok(wait_until(b, 60 * SECOND, has_ended) && b->end == ML_RADIO_DOWN,
	    "one that hangs: %s", b->why);
}

static int
is_on(const struct bench *b)
{
	struct ml_lora l;

	return ml_vnode_tuned(b->device, &l);
}

/* A frame that comes between the radio's going on and its last answer. */
static void
check_early(int probe)
{
	struct ml_radio_wish wish = WISH;
	struct bench *b = bench("heltec", &WISH);

	if (probe) {
		bring_up(b);
		b->up = 0;
		wish.probe = 1;
		ml_radio_free(b->radio);
		b->radio = ml_radio_new(&wish);
	}
	ml_radio_begin(b->radio, b->now);
	if (!probe)
		wait_until(b, 30 * SECOND, is_on);
	take(b, (struct ml_slice){ "\xc0\x06\x01\xc0\xc0\x23\x46\xc0\xc0\x24\x1e"
	    "\xc0\xc0\0A\xc0", 16 });
	ok(b->up == 0 && b->received == !probe, "%s", probe ?
	    "who only asks hears nothing" : "heard before all is read back");
	ok(wait_until(b, 10 * SECOND, is_up) && b->end == ML_RADIO_UP, "up");
}

/* What it says is in use is not what was set, so many times. */
static void
check_read_back(const char *setting, int times, enum ml_radio_what end)
{
	struct bench *b = bench("heltec", &WISH);

	ml_radio_begin(b->radio, b->now);
	wait_until(b, 30 * SECOND, is_on);
	ml_vnode_fault(b->device, b->now, "wrongecho", setting, times);
	wait_until(b, 60 * SECOND, is_up);
	ok(b->end == end && (end == ML_RADIO_UP ||
	    strcmp(b->why, "another one is in use") == 0),
	    "%s read back wrongly %d times: %d %s", setting, times,
	    (int)b->end, b->why);
}

/* One that was up before is not refused for good. */
static void
check_recovery(void)
{
	struct bench *b = bench("heltec", &WISH);

	bring_up(b);
	take(b, (struct ml_slice){ "\xc0\x1f\0\xc0", 4 });
	ok(b->end == ML_RADIO_UP, "up, it has no other radio all of a sudden");
	ml_vnode_fault(b->device, b->now, "wrongecho", "bw", -1);
	ml_vnode_fault(b->device, b->now, "reboot", NULL, 1);
	wait_until(b, 60 * SECOND, has_ended);
	ok(b->end == ML_RADIO_DOWN && strcmp(b->setting, "bandwidth") == 0 &&
	    b->wanted == 125000 && b->got == 125001, "%s: %s, for now",
	    b->setting, b->why);
	ml_vnode_fault(b->device, b->now, "wrongecho", "bw", 0);
	b->end = ML_RADIO_UP;
	b->up = 0;
	ml_radio_gone(b->radio);
	ok(bring_up(b), "and then up again");

	b = bench("heltec", &WISH);
	ml_radio_begin(b->radio, b->now);
	take(b, (struct ml_slice){ "\xc0\x1f\0\xc0", 4 });
	ok(b->end == ML_RADIO_REFUSED, "one with several radios");
}

/* What it is given goes nowhere. */
static void
swallow(struct bench *b)
{
	ml_radio_wrote(b->radio, b->now, ml_radio_out(b->radio).len);
}

/* Asked twice, it answers twice, or once: no answer is for the next frame. */
static void
check_stale(int answers)
{
	static const struct ml_slice room = { "\xc0\x0f\x01\xc0", 4 };
	struct bench *b = bench("heltec", &WISH);
	char bytes[64];

	bring_up(b);
	ml_radio_send(b->radio, b->now, frame(bytes, 1, 20));
	swallow(b);
	b->now = ml_radio_due(b->radio);
	take(b, (struct ml_slice){ NULL, 0 });
	ok(ml_radio_out(b->radio).len > 0, "it is asked once more");
	swallow(b);
	take(b, room);
	ok(unread(b) == 1 && !ml_radio_room(b->radio), "one answer of two");
	if (answers == 2)
		take(b, room);
	else {
		b->now = ml_radio_due(b->radio);
		take(b, (struct ml_slice){ NULL, 0 });
	}
	ok(unread(b) == 0 && ml_radio_room(b->radio), "%s",
	    answers == 2 ? "both" : "the other one was lost");
	ml_radio_send(b->radio, b->now, frame(bytes, 2, 20));
	swallow(b);
	ok(unread(b) == 1, "the next frame is not yet read");
	take(b, room);
	ok(unread(b) == 0, "then it is");
}

static void
check_saved(void)
{
	struct ml_radio_wish wish = WISH;
	struct ml_lora saved = WISH.lora, l;
	struct bench *b = bench("heltec", &wish);

	saved.frequency = 915000000;
	saved.sf = 11;
	ml_vnode_unplug(b->device, b->now);
	ml_vnode_save(b->device, &saved);
	ml_vnode_plug(b->device, b->now);
	wait_until(b, 5 * SECOND, NULL);
	ok(ml_vnode_tuned(b->device, &l) && l.sf == 11, "it starts by itself");
	ok(bring_up(b) && ml_vnode_tuned(b->device, &l) && l.sf == 8 &&
	    l.frequency == 867200000, "and is set as is wished");

	wish.lora.bandwidth = 100000;
	b = bench("heltec", &wish);
	ok(!bring_up(b) && b->end == ML_RADIO_REFUSED && b->wanted == 100000 &&
	    b->got == 125000, "a bandwidth that it rounds up is refused: %s",
	    b->why);
	wish.lora.bandwidth = 125000;
	wish.lora.power = 30;
	b = bench("heltec", &wish);
	ok(!bring_up(b) && b->end == ML_RADIO_REFUSED && b->wanted == 30 &&
	    b->got == 22, "so is more power than it has: %s", b->setting);

	wish = WISH;
	wish.short_lock = 3300;
	wish.long_lock = 53;		/* one that comes back as 52 */
	b = bench("heltec", &wish);
	ok(bring_up(b), "airtime limits of its own");

	wish = WISH;
	wish.probe = 1;
	b = bench("heltec", &wish);
	ok(bring_up(b) && !ml_vnode_tuned(b->device, &l) &&
	    ml_radio_info(b->radio)->board == 0x3a, "asked, and not switched on");
	ml_radio_leave(b->radio, b->now);
	ok(wait_until(b, SECOND, has_ended) && b->end == ML_RADIO_OFF &&
	    b->violations == 0, "and left");
}

int
main(void)
{
	struct ml_radio_wish wish = WISH;

	check_bring_up();
	check_faults();
	check_sizes();
	check_flow("heltec", 300, NULL, &WISH);
	check_flow("rak", 100, "trickle", &WISH);
	check_flow("lora32", 100, "noise", &WISH);
	check_flow("avr", 100, NULL, &WISH);
	check_flow("heltec", 100, "slow", &WISH);
	wish.lora.sf = 7;		/* one frame for each wait */
	wish.lora.bandwidth = 500000;
	check_flow("heltec", 10000, NULL, &wish);
	wish = WISH;
	wish.short_lock = 500;
	check_flow("heltec", 100, NULL, &wish);
	wish.lora.bandwidth = 500000;
	check_flow("heltec", 100, NULL, &wish);
	check_told();
	check_received();
	check_trouble();
	check_held("heltec", NULL, -80);
	check_held("heltec", NULL, -125);
	check_held("rak", "8", -80);
	check_silent();
	check_before();
	check_early(0);
	check_early(1);
	check_left();
	check_read_back("bw", 1, ML_RADIO_UP);
	check_read_back("cr", 3, ML_RADIO_UP);
	check_read_back("bw", -1, ML_RADIO_REFUSED);
	check_recovery();
	check_stale(2);
	check_stale(1);
	check_unsaid("heltec", 0);
	check_unsaid("avr", 0);
	check_unsaid("rak", 1);
	check_unsaid("avr", 1);
	check_saved();
	return unit_done();
}

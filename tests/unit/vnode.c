/* vnode - a virtual RNode, byte for byte and microsecond for microsecond */
#include "given.h"
#include "kiss.h"
#include "rnodecmd.h"
#include "unit.h"
#include "vnode.h"

#define SECOND UINT64_C(1000000)
#define AIR(bytes) ((uint64_t)ml_lora_packet_us(&v_tuned, bytes) + 1)

static struct ml_vnode *v;
static uint64_t now;
static struct ml_buf out;		/* all that it said */
static struct ml_lora v_tuned;
static int is_tuned;
static struct {
	size_t n;
	uint64_t at[400], us[400];
	uint8_t first[400];
	size_t len[400];
	uint8_t bytes[400][255];
} sent;
static unsigned violations[ML_VNODE_VIOLATIONS], boots, reboots, dropped,
    hangups, received;

static void
on_tune(void *arg, uint64_t at, const struct ml_lora *l)
{
	(void)arg;
	(void)at;
	is_tuned = l != NULL;
	if (l != NULL)
		v_tuned = *l;
}

static void
on_send(void *arg, uint64_t at, struct ml_slice packet, uint64_t us)
{
	(void)arg;
	if (sent.n == 400)
		return;
	sent.at[sent.n] = at;
	sent.us[sent.n] = us;
	sent.len[sent.n] = packet.len;
	memcpy(sent.bytes[sent.n], packet.p, packet.len);
	sent.first[sent.n++] = (uint8_t)packet.p[0];
}

static void
on_news(void *arg, uint64_t at, enum ml_vnode_news what, int number,
    struct ml_slice bytes)
{
	(void)arg;
	(void)at;
	(void)bytes;
	if (what == ML_VNODE_VIOLATION)
		violations[number]++;
	boots += what == ML_VNODE_BOOT;
	reboots += what == ML_VNODE_REBOOT;
	dropped += what == ML_VNODE_DROPPED;
	hangups += what == ML_VNODE_HANGUP;
	received += what == ML_VNODE_RECEIVED;
}

/* Let time go on, a host reading all there is. */
static void
until(uint64_t at)
{
	struct ml_slice s;
	uint64_t next;

	for (;;) {
		next = ml_vnode_next(v);
		now = next < at ? (next > now ? next : now) : at;
		ml_vnode_advance(v, now);
		while ((s = ml_vnode_output(v, now)).len > 0) {
			ml_buf_slice(&out, s);
			ml_vnode_wrote(v, now, s.len);
		}
		if (next >= at)
			return;
	}
}

static void
later(uint64_t us)
{
	until(now + us);
}

static void
begin(const char *board)
{
	struct ml_vnode_watch watch = { NULL, on_tune, on_send, on_news };

	ml_vnode_free(v);
	v = ml_vnode_new(ml_vnode_board(board), 1, &watch);
	ml_buf_clear(&out);
	memset(&sent, 0, sizeof sent);
	memset(violations, 0, sizeof violations);
	boots = reboots = dropped = hangups = received = 0;
	is_tuned = 0;
	now = 0;
	ml_vnode_plug(v, 0);
}

static void
ready(const char *board)
{
	begin(board);
	until(SECOND);
	ml_buf_clear(&out);
}

static void
give(const void *p, size_t len)
{
	ml_vnode_input(v, now, (struct ml_slice){ p, len });
	later(0);
}
#define GIVE(literal) give(literal, sizeof (literal) - 1)

static int
said(const void *p, size_t len)
{
	int same = out.len == len && (len == 0 || memcmp(out.p, p, len) == 0);
	size_t i;

	for (i = 0; !same && i < out.len && i < 200; i++)
		printf("%s%02x%s", i == 0 ? "# said " : " ", (uint8_t)out.p[i],
		    i + 1 == out.len || i == 199 ? "\n" : "");
	ml_buf_clear(&out);
	return same;
}
#define SAID(literal) said(literal, sizeof (literal) - 1)
/* Given that, it says this. */
#define ANSWERS(given, wanted, what) do { \
	GIVE(given); \
	ok(SAID(wanted), what); \
} while (0)

#define UP "\xc0\x01\x33\xb0\x6c\x00\xc0\xc0\x02\x00\x01\xe8\x48\xc0" \
    "\xc0\x03\x07\xc0\xc0\x04\x08\xc0"
#define PHY "\xc0\x26\x08\x00\x01\xe8\x00\x12\x00\x25\x00\x18\x00\x30\xc0"

/* A board whose radio is on, with nothing to say. */
static void
on(const char *board)
{
	ready(board);
	GIVE(UP "\xc0\x06\x01\xc0");
	later(700000);
	ml_buf_clear(&out);
}

/* The payload of the nth frame with that command that it said, or none. */
static struct ml_kiss_frame
frame(uint8_t command, size_t nth)
{
	static struct ml_kiss k;
	struct ml_kiss_frame f;
	struct ml_slice in = ml_buf_view(&out);

	memset(&k, 0, sizeof k);
	while (ml_kiss_next(&k, &in, &f))
		if (f.command == command && nth-- == 0)
			return f;
	return (struct ml_kiss_frame){ 0xff, { NULL, 0 } };
}

static size_t
frames(uint8_t command)
{
	size_t n = 0;

	while (frame(command, n).command == command)
		n++;
	return n;
}

static void
data(size_t len, char byte)
{
	struct ml_buf b = { 0 }, payload = { 0 };

	while (payload.len < len)
		ml_buf_byte(&payload, byte);
	ml_kiss_write(&b, ML_RNODE_DATA, ml_buf_view(&payload));
	give(b.p, b.len);
	ml_buf_free(&b);
	ml_buf_free(&payload);
}

static unsigned
all_violations(void)
{
	unsigned i, n = 0;

	for (i = 0; i < ML_VNODE_VIOLATIONS; i++)
		n += violations[i];
	return n;
}

/* A1 */
static void
check_parser(void)
{
	ready("heltec");
	ANSWERS("noise\xc0\x50\x00\xc0", "\xc0\x50\x01\x56\xc0",
	    "bytes before the first C0 are ignored");
	ANSWERS("\x48\x00\xc0", "\xc0\x48\x80\xc0",
	    "the C0 that ends a command opens a frame");
	ANSWERS("\xc0\xc0\xc0\x47\x00\xc0", "\xc0\x47\x3a\xc0",
	    "several C0 in a row");
	ANSWERS("\xc0\x50\x00\x00\xc0",
	    "\xc0\x50\x01\x56\xc0\xc0\x50\x01\x56\xc0",
	    "each byte of a query counts");
	ANSWERS("\xc0\x50\xc0", "", "an empty command does nothing");
	ANSWERS("\xc0\xfe\x50\x00\xc0", "\xc0\x50\x01\x56\xc0",
	    "FE is transparent");
	ANSWERS("\xc0\x01\x36\x89\xca\xdb\xdc\xc0",
	    "\xc0\x01\x36\x89\xca\xdb\xdc\xc0", "an escape in a setting");
	ANSWERS("\xc0\x01\x33\xb0\x6c\x00", "\xc0\x01\x33\xb0\x6c\x00\xc0",
	    "a setting acts when its last byte comes, before the C0");
	ANSWERS("\x11\x22\xc0", "", "surplus bytes are ignored");
	ANSWERS("\xc0\x03\xdb\xc0", "\xc0\x03\x16\xc0",
	    "settings of one byte are taken raw");
	ok(violations[ML_VNODE_SHORT] == 0, "none of these was short");
	GIVE("\xc0\x01\x33\xb0\xc0");
	ok(SAID("") && violations[ML_VNODE_SHORT] == 1, "a short one is ignored");
	GIVE("\xc0\x99\x01\x02\xc0");
	ok(SAID("") && violations[ML_VNODE_UNKNOWN] == 1,
	    "an unknown command is swallowed");
}

/* What went on the air, without its header bytes. */
static int
sends(size_t n, const char *text)
{
	return sent.n > n && sent.len[n] == 1 + strlen(text) &&
	    memcmp(sent.bytes[n] + 1, text, strlen(text)) == 0;
}

static void
check_data_parser(void)
{
	on("heltec");
	GIVE("\xc0\x00" "a\xc0\x00" "b\xc0");
	later(2 * SECOND);
	ok(sent.n == 1 && sends(0, "a"), "a data frame's C0 opens nothing");
	ok(violations[ML_VNODE_OUTSIDE] == 1, "and what follows is outside");
	GIVE("\xc0\x00" "c\xc0\xc0\x00" "d\xc0");
	later(2 * SECOND);
	ok(sent.n == 3 && sends(1, "c") && sends(2, "d"), "two with both C0");
	GIVE("\xc0\x00\xdb\xdc\xdb\xdd\xdb" "x\xc0");
	later(2 * SECOND);
	ok(sends(3, "\xc0\xdbx"), "escapes, one of another byte too");
	GIVE("\xc0\x00y\xdb\xc0\xc0\x00\xdc" "z\xc0");
	later(2 * SECOND);
	ok(sends(4, "y") && sends(5, "\xc0z"),
	    "an escape that was cut spoils the next frame");
	ok(all_violations() == 1, "no violation but that one");
}

/* A2, A3 */
static void
check_identity(void)
{
	ready("heltec");
	GIVE("\xc0\x08\x73\xc0\x50\x00\xc0\x48\x00\xc0\x49\x00\xc0");
	ok(SAID("\xc0\x08\x46\xc0\xc0\x50\x01\x56\xc0\xc0\x48\x80\xc0"
	    "\xc0\x49\x81\xc0"), "four questions in one write, at once");
	ANSWERS("\xc0\x08\x72\xc0", "", "detect with another byte: silence");
	ml_vnode_set_version(v, 1, 51);
	ANSWERS("\xc0\x50\x00\xc0", "\xc0\x50\x01\x33\xc0", "another version");
	GIVE("\xc0\x40\x00\xc0");
	ok(out.len == 4 && out.p[1] == 0x40, "one random byte");
	ml_buf_clear(&out);
	GIVE("\xc0\x56\x01\xc0\xc0\x60\x02\xc0\xc0\x51\x00\xc0");
	ok(frame(0x56, 0).payload.len == 32 && frame(0x60, 0).payload.len == 33 &&
	    frame(0x60, 0).payload.p[0] == 2 && frame(0x51, 0).payload.len == 200,
	    "hashes and memory");
	ml_buf_clear(&out);
	ANSWERS("\xc0\x41\x01\xc0\xc0\x0a\xff\xc0", "\xc0\x41\x01\xc0",
	    "a display answers, leaving is silent");
	GIVE("\xc0\x21\x00\xc0\xc0\x22\x00\xc0\xc0\x23\x00\xc0");
	ok(SAID("\xc0\x21\x00\x00\x00\x00\xc0\xc0\x22\x00\x00\x00\x00\xc0"
	    "\xc0\x23\x79\xc0"), "counters are 0, no packet has an RSSI yet");
	ready("avr");
	ANSWERS("\xc0\x41\x01\xc0\xc0\x48\x00\xc0\xc0\x49\x00\xc0\xc0\x56\x01\xc0",
	    "\xc0\x48\x90\xc0\xc0\x49\x92\xc0", "AVR: no display, no hash");
	ready("rak");
	ANSWERS("\xc0\x41\x01\xc0\xc0\x48\x00\xc0\xc0\x49\x00\xc0\xc0\x47\x00\xc0",
	    "\xc0\x48\x70\xc0\xc0\x49\x71\xc0\xc0\x47\x51\xc0", "nRF52");
}

static void
check_settings(void)
{
	ready("heltec");
	GIVE("\xc0\x07\x00\xc0\xc0\x01\x33\xb0\x6c\x00\xc0"
	    "\xc0\x02\x00\x01\xe8\x48\xc0\xc0\x03\x07\xc0\xc0\x07\x00\xc0");
	ok(SAID("\xc0\x07\x01\xc0\xc0\x01\x33\xb0\x6c\x00\xc0"
	    "\xc0\x02\x00\x01\xe8\x48\xc0\xc0\x03\x07\xc0\xc0\x07\x01\xc0"),
	    "each is echoed, and it stays locked");
	ANSWERS("\xc0\x04\xff\xc0\xc0\x07\x00\xc0",
	    "\xc0\x04\x00\xc0\xc0\x07\x01\xc0", "asking sets nothing");
	ANSWERS("\xc0\x04\x08\xc0\xc0\x07\x00\xc0",
	    "\xc0\x04\x08\xc0\xc0\x07\x00\xc0", "the fourth unlocks");
	GIVE("\xc0\x04\x01\xc0\xc0\x04\x63\xc0\xc0\x05\x01\xc0\xc0\x05\x09\xc0"
	    "\xc0\x03\x25\xc0");
	ok(SAID("\xc0\x04\x05\xc0\xc0\x04\x0c\xc0\xc0\x05\x05\xc0\xc0\x05\x08\xc0"
	    "\xc0\x03\x16\xc0"), "what is out of range is clamped");
	GIVE("\xc0\x01\x00\x00\x00\x00\xc0\xc0\x02\x00\x00\x00\x00\xc0"
	    "\xc0\x03\xff\xc0\xc0\x04\xff\xc0\xc0\x05\xff\xc0\xc0\x06\xff\xc0");
	ok(SAID("\xc0\x01\x33\xb0\x6c\x00\xc0\xc0\x02\x00\x01\xe8\x48\xc0"
	    "\xc0\x03\x16\xc0\xc0\x04\x0c\xc0\xc0\x05\x08\xc0\xc0\x06\x00\xc0"),
	    "asking answers what is held");
	ready("lora32");
	ANSWERS("\xc0\x03\x16\xc0", "\xc0\x03\x11\xc0",
	    "an SX127x sends with 17 dBm at most");
}

static void
check_locks(void)
{
	unsigned i, lower = 0, wrong = 0, got;
	char set[] = "\xc0\x0b\x00\x00\xc0";
	struct ml_buf b = { 0 };

	ready("heltec");
	ANSWERS("\xc0\x0b\x0c\xe4\xc0\xc0\x0c\x00\x96\xc0",
	    "\xc0\x0b\x0c\xe4\xc0\xc0\x0c\x00\x96\xc0", "airtime locks");
	ANSWERS("\xc0\x0c\x00\x35\xc0\xc0\x0c\x27\x10\xc0",
	    "\xc0\x0c\x00\x34\xc0\xc0\x0c\x00\x00\xc0",
	    "0.53 per cent come back as 0.52, all the time as none");
	for (i = 1; i < 10000; i++) {
		set[2] = (char)(i >> 8);
		set[3] = (char)i;
		ml_buf_clear(&b);
		ml_kiss_write(&b, 0x0b, (struct ml_slice){ set + 2, 2 });
		give(b.p, b.len);
		got = (unsigned)((uint8_t)frame(0x0b, 0).payload.p[0] << 8 |
		    (uint8_t)frame(0x0b, 0).payload.p[1]);
		lower += got + 1 == i;
		wrong += got != i && got + 1 != i;
		ml_buf_clear(&out);
	}
	ok(lower == 1144 && wrong == 0, "1144 values come back one lower");
	ml_buf_free(&b);
}

/* A4 */
static void
check_start(void)
{
	ready("heltec");
	GIVE("\xc0\x06\x01\xc0");
	ok(SAID("\xc0\x06\x00\xc0") && !is_tuned, "locked: it refuses");
	later(599000);
	ok(SAID(""), "and shows it by its LED");
	later(1000);
	ok(SAID("\xc0\x06\x00\xc0"), "then says so again");
	GIVE(UP);
	ml_buf_clear(&out);
	GIVE("\xc0\x06\x01\xc0\xc0\x50\x00\xc0");
	ok(SAID(PHY PHY PHY "\xc0\x06\x01\xc0") && is_tuned &&
	    v_tuned.frequency == 867200000 && v_tuned.bandwidth == 125000 &&
	    v_tuned.sf == 8 && v_tuned.cr == 5 && v_tuned.power == 7,
	    "on: three PHYPRM, STATE 01");
	later(599000);
	ok(SAID(""), "it is deaf for 600 ms");
	later(1000);
	ok(frame(6, 0).payload.len == 1 && frames(6) == 1 &&
	    frames(0x50) == 1 && (uint8_t)out.p[1] == 6,
	    "then says STATE 01 again, and answers");
	ml_buf_clear(&out);
	ANSWERS("\xc0\x06\x01\xc0", "\xc0\x06\x01\xc0", "on again: one answer");
	GIVE("\xc0\x04\x09\xc0");
	ok(frames(0x26) == 1 && frames(4) == 1 && v_tuned.sf == 9,
	    "a change while it is on is in force, and told");
	ml_buf_clear(&out);
	GIVE("\xc0\x06\x00\xc0");
	ok(SAID("\xc0\x06\x00\xc0") && !is_tuned, "off: one answer");

	ANSWERS("\xc0\x02\x00\x01\xe8\x49\xc0", "\xc0\x02\x00\x01\xe8\x49\xc0",
	    "off: any bandwidth is echoed");
	GIVE("\xc0\x06\x01\xc0");
	later(700000);
	ml_buf_clear(&out);
	GIVE("\xc0\x02\x00\x00\x00\x00\xc0");
	ok(SAID("\xc0\x02\x00\x03\xd0\x90\xc0") && v_tuned.bandwidth == 250000,
	    "on: it is the next one up");
	GIVE("\xc0\x02\x00\x00\x00\x01\xc0");
	ok(frame(2, 0).payload.len == 4 && frame(2, 0).payload.p[2] == 0x1e,
	    "as is what is set then");
	on("lora32");
	GIVE("\xc0\x01\x33\xc5\xc9\x00\xc0");
	ok(frame(1, 0).payload.len == 4 && v_tuned.frequency != 868600064 &&
	    868600064 - v_tuned.frequency <= 61, "an SX127x has steps of 61 Hz");
	on("avr");
	GIVE("\xc0\x06\x00\xc0\xc0\x06\x01\xc0");
	later(700000);
	ok(SAID("\xc0\x06\x00\xc0\xc0\x06\x01\xc0\xc0\x06\x01\xc0"),
	    "AVR: no PHYPRM");
}

/* A5 */
static void
check_clockwork(void)
{
	begin("heltec");
	GIVE("\xc0\x50\x00\xc0");
	until(299999);
	ok(SAID("") && boots == 0, "it boots, and does not listen");
	until(300000);
	ok(SAID("\xc0\x55\xf8\xc0") && boots == 1, "RESET F8 when it has booted");
	until(5300000 - 1);
	ok(SAID(""), "silence, its radio being off");
	until(5300000);
	ok(SAID("\xc0\x27\x01\x57\xc0\xc0\x29\x91\xc0"),
	    "battery and temperature after 5 s");
	until(10300000);
	ok(SAID("\xc0\x27\x01\x57\xc0\xc0\x29\x91\xc0"), "and again");
	GIVE(UP "\xc0\x06\x01\xc0");
	ml_buf_clear(&out);
	until(now + 600000);
	ok(frames(0x25) == 1, "the channel's state when it is on");
	ok(frame(0x25, 0).payload.len == 11 &&
	    memcmp(frame(0x25, 0).payload.p, "\0\0\0\0\0\0\0\0\x79\x79\xff", 11)
	    == 0, "its noise is not known yet");
	ml_buf_clear(&out);
	later(4 * SECOND);
	ok(frames(0x25) == 4, "then each second");
	ok((uint8_t)frame(0x25, 0).payload.p[9] == 157 - 117, "with the noise");
	GIVE("\xc0\x06\x00\xc0");
	ml_buf_clear(&out);
	later(4 * SECOND);
	ok(frames(0x25) == 0, "not while it is off");

	ready("avr");
	until(20 * SECOND);
	ok(SAID("") && boots == 1, "AVR: no RESET, no battery");
	ready("rak");
	later(5 * SECOND);
	ok(SAID("\xc0\x27\x01\x57\xc0"), "nRF52: no temperature");
	GIVE("\xc0\x55\xf8\xc0");
	ok(reboots == 1 && !is_tuned, "RESET F8 of the host");
	later(SECOND);
	ok(SAID("\xc0\x55\xf8\xc0") && boots == 2, "reboots");
	ANSWERS("\xc0\x07\x00\xc0\xc0\x01\x00\x00\x00\x00\xc0",
	    "\xc0\x07\x01\xc0\xc0\x01\x00\x00\x00\x00\xc0", "all is forgotten");
	ml_vnode_unplug(v, now);
	ok(ml_vnode_next(v) == ML_VNODE_NEVER && !ml_vnode_is_plugged(v),
	    "unplugged: nothing happens");
}

static void
check_tnc(void)
{
	const struct ml_lora saved = { ML_LORA_SX126X, 868100000, 125000, 9, 5,
	    10 };

	begin("heltec");
	ml_vnode_save(v, &saved);
	until(2 * SECOND);
	ok(is_tuned && v_tuned.sf == 9 && frames(6) == 1,
	    "a saved configuration is in force after boot");
	ml_buf_clear(&out);
	GIVE("\xc0\x04\x07\xc0\xc0\x06\x01\xc0");
	ok(SAID("\xc0\x04\x07\xc0\xc0\x06\x01\xc0") && v_tuned.sf == 9,
	    "what is set is echoed, and not in force");
	GIVE("\xc0\x06\x00\xc0\xc0\x06\x01\xc0");
	ok(is_tuned && v_tuned.sf == 7, "off and on: now it is");
}

static void
hear(const void *p, size_t len)
{
	ml_vnode_heard(v, now, (struct ml_slice){ p, len }, -87, 7.5);
	later(0);
}
#define HEAR(literal) hear(literal, sizeof (literal) - 1)

/* A packet with that header and n bytes. */
static void
hear_part(uint8_t header, size_t n, char byte)
{
	char packet[255];

	memset(packet, byte, sizeof packet);
	packet[0] = (char)header;
	hear(packet, 1 + n);
}

/* A6 */
static void
check_receive(void)
{
	static const char special[] = "\x50\xc0\xdb\xdc\xdd";
	struct ml_slice got;

	on("heltec");
	HEAR("\x50" "A");
	ok(SAID("\xc0\x23\x46\xc0\xc0\x24\x1e\xc0\xc0\x00" "A\xc0"),
	    "RSSI, SNR, data: as in the sheet");
	hear(special, sizeof special - 1);
	ok(SAID("\xc0\x23\x46\xc0\xc0\x24\x1e\xc0"
	    "\xc0\x00\xdb\xdc\xdb\xdd\xdc\xdd\xc0"), "with escapes");
	ANSWERS("\xc0\x23\x00\xc0", "\xc0\x23\x46\xc0",
	    "the last RSSI can be asked for");
	HEAR("\x50");
	ok(frame(0, 0).command == 0 && frame(0, 0).payload.len == 0,
	    "a packet of one byte is an empty frame");
	ml_buf_clear(&out);

	hear_part(0x31, 254, 'a');
	ok(SAID(""), "half a frame is not told");
	hear_part(0x31, 253, 'b');
	got = frame(0, 0).payload;
	ok(got.len == 507 && got.p[253] == 'a' && got.p[254] == 'b' &&
	    frames(0x23) == 1, "two halves of one number are a frame");
	ml_buf_clear(&out);
	hear_part(0x31, 254, 'a');
	hear_part(0x41, 254, 'b');
	hear_part(0x41, 10, 'c');
	got = frame(0, 0).payload;
	ok(got.len == 264 && got.p[0] == 'b' && frames(0) == 1,
	    "another number begins anew");
	ml_buf_clear(&out);
	hear_part(0x31, 254, 'a');
	HEAR("\x20" "whole");
	hear_part(0x31, 10, 'c');
	ok(frames(0) == 1 && ml_slice_is(frame(0, 0).payload, "whole"),
	    "a whole frame between throws the half away");
	ml_buf_clear(&out);
	later(10 * SECOND);
	ml_buf_clear(&out);
	hear_part(0x31, 10, 'd');
	ok(frames(0) == 1 && frame(0, 0).payload.len == 20,
	    "there is no timer: halves of two frames are joined");
	ml_buf_clear(&out);

	GIVE("\xc0\x30\x05\xc0");	/* blinks for a second */
	for (int i = 0; i < 10; i++)
		HEAR("\x20x");
	ok(SAID("") && dropped == 2, "a busy loop keeps eight frames");
	later(SECOND);
	ok(frames(0) == 8 && frames(0x23) == 8 && frames(0x24) == 8,
	    "and tells of them");
	ml_buf_clear(&out);
	GIVE("\xc0\x06\x00\xc0");
	HEAR("\x20x");
	ok(SAID("\xc0\x06\x00\xc0"), "off: it hears nothing");
	on("avr");
	ml_vnode_heard(v, now, (struct ml_slice){ "\x31" "a", 2 }, -80, 4);
	ml_vnode_heard(v, now, (struct ml_slice){ "\x31" "b", 2 }, -90, 8);
	later(0);
	ok(SAID("\xc0\x23\x48\xc0\xc0\x24\x18\xc0\xc0\x00" "ab\xc0"),
	    "AVR: the average of both halves");
	on("heltec");
	GIVE("\xc0\x0e\x01\xc0");
	HEAR("\x20x");
	ok(SAID("\xc0\x0e\x01\xc0"), "promiscuous: it tells of nothing");
}

/* 4.1 */
static void
check_split(void)
{
	static const struct {
		size_t len, packets, last;
	} given[] = { { 1, 1, 2 }, { 254, 1, 255 }, { 255, 2, 2 },
	    { 507, 2, 254 }, { 508, 3, 1 } };
	size_t i, k;

	on("heltec");
	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		memset(&sent, 0, sizeof sent);
		data(given[i].len, '\xc0');
		later(10 * SECOND);
		ok(sent.n == given[i].packets &&
		    sent.len[sent.n - 1] == given[i].last,
		    "%zu bytes: %zu packets", given[i].len, given[i].packets);
		ok((sent.first[0] & 0x0f) == (given[i].packets > 1),
		    "and a flag that says so");
		for (k = 1; k < sent.n; k++)
			ok(sent.first[k] == sent.first[0] && sent.at[k] ==
			    sent.at[k - 1] + sent.us[k - 1],
			    "the same header, back to back");
	}
	ok(all_violations() == 0, "no violation");
	data(509, 'x');
	later(10 * SECOND);
	ok(violations[ML_VNODE_LONG] == 1 && dropped == 1, "509 are dropped");
	memset(&sent, 0, sizeof sent);
	GIVE("\xc0\x0e\x01\xc0");
	data(300, 'x');
	later(10 * SECOND);
	ok(sent.n == 1 && sent.len[0] == 255 && sent.first[0] == 'x',
	    "promiscuous: no header, cut at 255");
}

/* A7 and 4.2 */
static void
check_queue(void)
{
	size_t i;

	ready("heltec");
	GIVE(UP "\xc0\x0f\x00\xc0");
	ml_buf_clear(&out);
	for (i = 0; i < 12; i++)
		data(508, (char)('a' + i));
	ok(SAID(""), "data is never acknowledged");
	ANSWERS("\xc0\x0f\x00\xc0", "\xc0\x0f\x01\xc0",
	    "48 bytes are free: room");
	data(100, 'm');
	ANSWERS("\xc0\x0f\x00\xc0", "\xc0\x0f\x00\xc0",
	    "none: full, when asked");
	ok(violations[ML_VNODE_OVERRUN] == 1, "what is lost is noted");
	ok(violations[ML_VNODE_OFF] == 13, "as is data while it is off");
	data(20, 'n');
	GIVE("\xc0\x06\x01\xc0");
	later(60 * SECOND);
	ok(sent.n == 36, "switched on, it sends what it has: 12 frames");
	data(20, 'o');
	later(10 * SECOND);
	ok(sent.n == 37 && sent.len[36] == 69 && sent.bytes[36][48] == 'm' &&
	    sent.bytes[36][49] == 'o', "48 stale bytes go before the next 20");

	on("heltec");
	GIVE("\xc0\x06\x00\xc0");
	for (i = 0; i < 201; i++)
		data(1, 'x');
	ok(violations[ML_VNODE_OVERRUN] == 1, "200 frames, and no more");
	ml_buf_clear(&out);
	ANSWERS("\xc0\x0f\x00\xc0", "\xc0\x0f\x00\xc0", "then it is full");

	on("heltec");
	data(6144, 'x');
	later(10 * SECOND);
	data(10, 'y');
	later(10 * SECOND);
	ok(sent.n == 0, "a frame of 6144 bytes jams it");
	ml_buf_clear(&out);
	ANSWERS("\xc0\x0f\x00\xc0", "\xc0\x0f\x00\xc0", "for good");

	on("heltec");
	GIVE("\xc0\x00\xc0");
	later(2 * SECOND);
	data(10, 'y');
	later(2 * SECOND);
	ok(sent.n == 1 && violations[ML_VNODE_EMPTY] == 1 && dropped == 1,
	    "an empty frame takes a place, and is dropped");
	GIVE("\xc0\x02\x00\x03\xd0\x90\xc0\xc0\x04\x05\xc0");
	later(SECOND);
	GIVE("\xc0\x00\xc0");
	later(2 * SECOND);
	data(10, 'z');
	later(2 * SECOND);
	ok(sent.n == 1, "at a high rate nothing is sent any more");
	ready("avr");
	GIVE(UP);
	for (i = 0; i < 25; i++)
		data(1, 'x');
	ok(violations[ML_VNODE_OVERRUN] == 1, "AVR: 24 frames");
}

static void
check_uart(void)
{
	struct ml_buf b = { 0 };
	size_t i;

	on("heltec");
	data(507, 'x');
	later(SECOND / 2);
	ok(sent.n == 1, "it sends");
	for (i = 0; i < 13; i++) {
		ml_buf_clear(&b);
		ml_buf_str(&b, "\xc0");
		ml_buf_add(&b, "\0", 1);
		while (b.len < 508)
			ml_buf_byte(&b, 'y');
		ml_buf_str(&b, "\xc0");
		give(b.p, b.len);
	}
	ok(violations[ML_VNODE_UNREAD] == 1,
	    "and reads nothing: what is over 6144 bytes is lost");
	ml_buf_clear(&out);
	GIVE("\xc0\x50\x00\xc0");
	later(300000);
	ok(frames(0x50) == 0, "nor does it answer");
	later(60 * SECOND);
	ok(sent.n == 26 && ml_vnode_is_idle(v), "the rest is sent");

	on("rak");
	data(507, 'x');
	later(SECOND);
	ok(ml_vnode_room(v) == 6144, "native USB: it takes what fits");
	ml_buf_clear(&b);
	while (b.len < 7000)
		ml_buf_byte(&b, '\xc0');
	ok(ml_vnode_input(v, now, ml_buf_view(&b)) == 6144 &&
	    ml_vnode_room(v) == 0, "and makes its host wait");
	ok(all_violations() == 0, "nothing is lost");
	ml_buf_free(&b);
}

/* 4.3 */
static void
check_medium(void)
{
	uint64_t began, least = UINT64_MAX, most = 0, wait;
	size_t i;

	on("heltec");
	for (i = 0; i < 300; i++) {
		sent.n = 0;
		began = now;
		data(1, 'x');
		later(SECOND);
		wait = sent.at[0] - began;
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		later(20 * SECOND);
		ml_buf_clear(&out);
	}
	/* a slot is 24.576 ms: 12 symbols of 2.048 ms */
	ok(least == 49152 && most == 49152 + 14 * 24576, "a free channel: 2 "
	    "slots, and 0 to 14 more (%u to %u us)", (unsigned)least,
	    (unsigned)most);

	on("heltec");
	ml_vnode_medium(v, now, 1, -80);
	data(1, 'x');
	later(5 * SECOND);
	ok(sent.n == 0, "a busy channel: it waits");
	ml_vnode_medium(v, now, 0, 0);
	later(40000);
	ml_vnode_medium(v, now, 1, -80);
	later(SECOND);
	ok(sent.n == 0, "and begins anew when it is busy again");
	began = now;
	ml_vnode_medium(v, now, 0, 0);
	later(SECOND);
	ok(sent.n == 1 && sent.at[0] >= began + 49152, "two slots in full");

	on("heltec");
	for (i = 0; i < 5; i++)
		data(20, 'x');
	later(5 * SECOND);
	for (i = 1; i < sent.n; i++)
		if (sent.at[i] != sent.at[i - 1] + sent.us[i - 1])
			break;
	ok(sent.n == 5 && i == 5, "at a low rate all goes out back to back");
	ok(frames(0x25) > 0, "and the channel's state is told");

	on("heltec");
	GIVE("\xc0\x02\x00\x03\xd0\x90\xc0\xc0\x04\x05\xc0");
	for (i = 0; i < 5; i++)
		data(20, 'x');
	later(5 * SECOND);
	for (i = 1; i < sent.n; i++)
		if (sent.at[i] < sent.at[i - 1] + sent.us[i - 1] + 12000)
			break;
	ok(sent.n == 5 && i == 5, "at a high rate it contends for each");

}

/* Two whose turn comes in the same moment both send. */
static void
check_turn(void)
{
	uint64_t turn;

	on("heltec");
	data(1, 'x');
	later(SECOND);
	turn = sent.at[0];
	on("heltec");			/* the same once more */
	data(1, 'x');
	until(turn - 1);
	ml_vnode_medium(v, turn, 1, -80);
	until(turn);
	ok(sent.n == 1 && sent.at[0] == turn, "its turn, and another's");
	on("heltec");
	data(1, 'x');
	until(turn - 1);
	ml_vnode_medium(v, turn - 1, 1, -80);
	until(turn + SECOND);
	ok(sent.n == 0, "a microsecond earlier it waits");
}

/* A device that has sent n frames, and is given one more. */
static void
after(size_t n)
{
	on("heltec");
	for (; n > 0; n--) {
		data(1, 'x');
		later(2 * SECOND);
	}
	sent.n = 0;
	data(1, 'x');
}

/* What it has waited of its window counts when it is disturbed. */
static void
check_window(void)
{
	uint64_t began, wait = 0;
	size_t n;

	/* until a window is not empty */
	for (n = 0; wait <= 49152 + 20000 && n < 20; n++) {
		after(n);
		began = now;
		later(SECOND);
		wait = sent.at[0] - began;
	}
	after(n - 1);			/* the same once more */
	later(49152 + 10000);
	ml_vnode_medium(v, now, 1, -80);
	later(3 * SECOND);
	began = now;
	ml_vnode_medium(v, now, 0, 0);
	later(SECOND);
	ok(sent.n == 1 && sent.at[0] == began + wait - 10000,
	    "10 ms of the window were waited before");
}

static unsigned
u16(struct ml_slice s, size_t at)
{
	return (unsigned)((uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]);
}

static void
check_airtime(void)
{
	struct ml_slice c;
	unsigned i;

	on("heltec");
	later(6 * SECOND);		/* the bins are of 7.5 s */
	data(254, 'x');
	ml_buf_clear(&out);
	later(1500000);
	c = frame(0x25, frames(0x25) - 1).payload;
	/* 18 + 0.25 + 8 + 2052 / 32 * 5 symbols: 710.4 ms of 15 s */
	ok(c.len == 11 && u16(c, 0) == 473 && u16(c, 2) == 1,
	    "own airtime: %u of 15 s, %u of an hour", u16(c, 0), u16(c, 2));
	ok(u16(c, 4) == 473, "it is load, too");
	later(20 * SECOND);
	c = frame(0x25, frames(0x25) - 1).payload;
	ok(u16(c, 0) == 0 && u16(c, 2) == 1, "15 s later it is over");
	for (i = 0; i < 3700; i++) {
		later(SECOND);
		c = frame(0x25, frames(0x25) - 1).payload;
		if (i == 3500)
			ok(u16(c, 2) == 1, "the hour still has it");
		if (i < 3699)
			ml_buf_clear(&out);
	}
	ok(u16(c, 2) == 0, "then it is over too");
	ml_vnode_medium(v, now, 1, -80);
	later(2 * SECOND);
	c = frame(0x25, frames(0x25) - 1).payload;
	ok(u16(c, 4) > 600 && (uint8_t)c.p[8] == 157 - 80 &&
	    (uint8_t)c.p[9] == 157 - 117, "while another sends: load, %d dBm",
	    (uint8_t)c.p[8] - 157);
	ml_vnode_medium(v, now, 0, 0);
	ml_buf_clear(&out);
	later(SECOND);
	c = frame(0x25, 0).payload;
	ok(u16(c, 4) > 1300 && u16(c, 4) < 1400 && u16(c, 0) == 0,
	    "what others send is load: %u", u16(c, 4));
	ok(c.p[8] == c.p[9], "and then there is but noise");

	on("heltec");
	GIVE("\xc0\x0b\x01\x90\xc0");	/* 4 per cent of 15 s */
	data(254, 'x');
	later(3 * SECOND);
	sent.n = 0;
	data(254, 'x');
	data(254, 'x');
	later(3 * SECOND);
	ok(sent.n == 0, "the airtime lock holds frames back");
	later(20 * SECOND);
	ok(sent.n == 2, "until it falls: then all goes out");
	on("avr");
	GIVE("\xc0\x0b\x01\x90\xc0");
	data(254, 'x');
	later(3 * SECOND);
	data(254, 'x');
	later(3 * SECOND);
	ok(sent.n == 2, "AVR: it is not enforced");

	on("heltec");
	for (i = 0; i < 3; i++)
		data(254, 'x');
	later(3 * SECOND);
	c = frame(0x28, 0).payload;
	ok(c.len == 3 && c.p[0] == 2 && c.p[1] == 15 && c.p[2] == 29,
	    "over 7 per cent: the second band");
	later(30 * SECOND);
	c = frame(0x28, 1).payload;
	ok(c.len == 3 && c.p[0] == 1 && c.p[1] == 0, "and the first again");
}

static void
check_stuck_modem(void)
{
	on("heltec");
	GIVE("\xc0\x02\x00\x00\x28\xa0\xc0\xc0\x04\x0a\xc0");	/* 10.4 kHz */
	data(140, 'x');
	ml_buf_clear(&out);
	later(30 * SECOND);
	ok(frame(0x90, 0).payload.len == 1 && frame(0x90, 0).payload.p[0] == 6 &&
	    frame(0x90, 1).payload.p[0] == 2 && frames(0x55) == 1 &&
	    reboots == 1, "a packet over 20 s: errors 06, 02, and a reboot");
	on("heltec");
	GIVE("\xc0\x02\x00\x00\x28\xa0\xc0\xc0\x04\x0a\xc0");
	data(134, 'x');
	later(30 * SECOND);
	ok(sent.n == 1 && reboots == 0, "one that is not goes out");
}

/* A9 */
static void
check_violations(void)
{
	static const char never[] = "\x59\x52\x53\x54\x57\x58\x61\x67\x69\x46"
	    "\x70\x6a\x6b\x6c\x6d\x6e\x84\x85";
	char f[] = "\xc0\x00\xf8\xc0";
	size_t i;

	ready("heltec");
	for (i = 0; i < sizeof never - 1; i++) {
		f[1] = never[i];
		give(f, 4);
		ok(violations[ML_VNODE_DANGEROUS] == i + 1,
		    "%02x is dangerous", (uint8_t)never[i]);
	}
	ok(SAID("") && all_violations() == i, "and not answered");
	GIVE("\xc0\x30\x00\xc0");
	ok(violations[ML_VNODE_DANGEROUS] == i + 1, "as is to blink for ever");
	GIVE("\xc0\x50\x00\xc0");
	later(100 * SECOND);
	ok(SAID(""), "which hangs it");

	begin("heltec");
	until(300000);
	GIVE("st of a frame\xc0\xc0\x00" "data\xc0");
	ok(all_violations() == 0, "what was on its way when it booted is none");
	GIVE("\xc0\x08\x73\xc0\xc0\x00" "data\xc0");
	ok(violations[ML_VNODE_OFF] == 1, "the same of one that knows is");
	for (i = 0; i < ML_VNODE_VIOLATIONS; i++)
		ok(strlen(ml_vnode_violation((enum ml_vnode_violation)i)) > 2,
		    "it is called %s",
		    ml_vnode_violation((enum ml_vnode_violation)i));
}

static const char *
fault(const char *name, const char *arg, int times)
{
	const char *why = ml_vnode_fault(v, now, name, arg, times);

	later(0);
	return why;
}

/* A8 */
static void
check_faults(void)
{
	ready("heltec");
	ok(fault("nodetect", NULL, 1) == NULL, "a fault that strikes once");
	ANSWERS("\xc0\x08\x73\xc0", "", "nodetect: silence");
	ANSWERS("\xc0\x08\x73\xc0", "\xc0\x08\x46\xc0", "and then an answer");
	fault("version", "1.51", -1);
	ANSWERS("\xc0\x50\x00\xc0\xc0\x50\x00\xc0",
	    "\xc0\x50\x01\x33\xc0\xc0\x50\x01\x33\xc0", "version, lasting");
	fault("version", NULL, 0);
	ANSWERS("\xc0\x50\x00\xc0", "\xc0\x50\x01\x56\xc0", "no more");
	fault("noecho", "sf", 1);
	ANSWERS("\xc0\x05\x05\xc0\xc0\x04\x08\xc0\xc0\x04\x08\xc0",
	    "\xc0\x05\x05\xc0\xc0\x04\x08\xc0", "noecho, of one setting");
	fault("wrongecho", "bw", 1);
	ANSWERS("\xc0\x02\x00\x01\xe8\x48\xc0", "\xc0\x02\x00\x01\xe8\x49\xc0",
	    "wrongecho");
	fault("chatter", NULL, 1);
	GIVE("\xc0\x04\x08\xc0");
	ok(frames(0x25) == 1 && frames(4) == 1, "chatter: CHTM before an echo");
	ml_buf_clear(&out);
	fault("full", NULL, 1);
	ANSWERS("\xc0\x0f\x00\xc0", "\xc0\x0f\x00\xc0", "full");
	fault("stuck", NULL, 1);
	GIVE(UP);
	ml_buf_clear(&out);
	GIVE("\xc0\x06\x01\xc0");
	later(700000);
	ok(SAID("\xc0\x06\x00\xc0\xc0\x06\x00\xc0"), "stuck");
	fault("double", NULL, 1);
	ANSWERS("\xc0\x06\xff\xc0", "\xc0\x06\x00\xc0\xc0\x06\x00\xc0",
	    "double");
	fault("mute", NULL, -1);
	ANSWERS("\xc0\x08\x73\xc0", "", "mute");
	ml_vnode_mend(v);
	fault("slow", "400", -1);
	GIVE("\xc0\x08\x73\xc0");
	later(399000);
	ok(SAID(""), "slow: not yet");
	later(1000);
	ok(SAID("\xc0\x08\x46\xc0"), "now");
	ml_vnode_mend(v);
}

static void
check_faults_out(void)
{
	struct ml_slice s;
	size_t i;

	ready("heltec");
	fault("trickle", NULL, -1);
	ml_vnode_input(v, now, (struct ml_slice){ "\xc0\x08\x73\xc0", 4 });
	ml_vnode_advance(v, now);
	for (i = 0; i < 4; i++) {
		s = ml_vnode_output(v, now);
		ok(s.len == 1, "trickle: one byte a write");
		ml_vnode_wrote(v, now, s.len);
		ok(ml_vnode_output(v, now).len == 0, "the next one later");
		now += 1000;
		ml_vnode_advance(v, now);
	}
	ready("heltec");
	fault("deaf", NULL, -1);
	ok(ml_vnode_room(v) == 0 && ml_vnode_input(v, now,
	    (struct ml_slice){ "\xc0", 1 }) == 0, "deaf: it does not read");
	ml_vnode_mend(v);
	ok(ml_vnode_room(v) > 0, "mended");
	fault("error", "5", 1);
	ok(SAID("\xc0\x90\x05\xc0"), "error 05");
	fault("error", "1", 1);
	GIVE("\xc0\x08\x73\xc0");
	later(10 * SECOND);
	ok(SAID("\xc0\x90\x01\xc0"), "error 01, then nothing");
	fault("reboot", NULL, 1);
	later(SECOND);
	ok(SAID("\xc0\x55\xf8\xc0") && reboots == 1, "reboot");
	fault("ascii", "Invalid", 1);
	ok(SAID("Invalid\r\n"), "ascii");
	fault("garbage", "50", 1);
	ok(out.len == 50 && memchr(out.p, 0xc0, 50) == NULL, "garbage");
	ml_buf_clear(&out);
	fault("noise", NULL, 1);
	GIVE("\xc0\x08\x73\xc0");
	ok(out.len > 4 && out.len <= 24 && memcmp(out.p + out.len - 4,
	    "\xc0\x08\x46\xc0", 4) == 0, "noise before a frame");
	ml_buf_clear(&out);
	fault("empty", NULL, 1);
	ok(SAID("\xc0\x00\xc0"), "empty: a data frame of nothing");
	fault("long", NULL, 1);
	ok(out.len == 603 && frame(0, 0).payload.len == 600, "long: of 600 bytes");
	ml_buf_clear(&out);
	fault("hang", NULL, 1);
	GIVE("\xc0\x08\x73\xc0");
	later(100 * SECOND);
	ok(SAID("") && ml_vnode_next(v) == ML_VNODE_NEVER, "hang");
}

static void
check_faults_radio(void)
{
	on("heltec");
	fault("cut", NULL, 1);
	HEAR("\x20" "0123456789");
	later(SECOND);
	ok(SAID("\xc0\x23\x46\xc0\xc0\x24\x1e\xc0\xc0\x00" "0123\xc0\x55\xf8\xc0")
	    && reboots == 1, "cut: half a frame, and a reboot");
	on("heltec");
	fault("hangup", NULL, 1);
	GIVE("\xc0\x50\x00\xc0");
	ok(SAID("\xc0\x50") && hangups == 1, "hangup in the middle of a frame");
	on("heltec");
	fault("modem", NULL, 1);
	data(5, 'x');
	later(5 * SECOND);
	ok(frame(0x90, 0).payload.p[0] == 6 && frame(0x90, 1).payload.p[0] == 2 &&
	    frames(0x55) == 1, "modem: errors 06, 02, and a reboot");
	on("heltec");
	fault("shortchtm", "10", -1);
	later(SECOND);
	ok(frame(0x25, 0).payload.len == 10, "shortchtm");
	fault("boottext", NULL, 1);
	fault("noreset", NULL, 1);
	fault("slowboot", "2000", 1);
	ml_buf_clear(&out);
	fault("dtr", NULL, 1);
	ml_vnode_opened(v, now);
	ok(reboots == 1, "dtr: opening the port reboots it");
	later(1999000);
	ok(SAID(""), "slowboot");
	later(1000);
	ok(out.len > 20 && memcmp(out.p, "rst:", 4) == 0 && frames(0x55) == 0,
	    "boottext, noreset");
	ml_vnode_opened(v, now);
	ok(reboots == 1, "the next time not");
}

static void
check_fault_args(void)
{
	ready("heltec");
	ok(fault("no such", NULL, 1) != NULL, "no such fault");
	ok(fault("mute", "x", 1) != NULL, "an argument too many");
	ok(fault("slow", "0", 1) != NULL && fault("slow", "60001", 1) != NULL &&
	    fault("slow", "9x", 1) != NULL && fault("slow", "-1", 1) != NULL,
	    "numbers out of range");
	ok(fault("noecho", NULL, 1) != NULL && fault("noecho", "x", 1) != NULL,
	    "no such setting");
	ok(fault("version", "1", 1) != NULL && fault("version", NULL, 1) != NULL &&
	    fault("version", "1.256", 1) != NULL, "no version");
	ok(fault("ascii", NULL, 1) != NULL && fault("ascii", "01234567890123456"
	    "78901234567890123456789012345678901234567890123", 1) != NULL,
	    "a text of 64 bytes");
	ok(fault("slow", NULL, -1) == NULL, "what is usual");
}

static void
check_unread_output(void)
{
	struct ml_slice s;
	size_t i, n = 0;

	ready("heltec");
	for (i = 0; i < 40000; i++) {
		ml_vnode_input(v, now, (struct ml_slice){ "\xc0\x50\0\xc0", 4 });
		ml_vnode_advance(v, now);
	}
	while ((s = ml_vnode_output(v, now)).len > 0) {
		n += s.len;
		ml_vnode_wrote(v, now, s.len);
	}
	ok(n <= ML_VNODE_OUT_MAX && n > ML_VNODE_OUT_MAX - 5 && n % 5 == 0,
	    "a host that does not read: whole frames are dropped");
}

int
main(void)
{
	check_parser();
	check_data_parser();
	check_identity();
	check_settings();
	check_locks();
	check_start();
	check_clockwork();
	check_tnc();
	check_receive();
	check_split();
	check_queue();
	check_uart();
	check_medium();
	check_turn();
	check_window();
	check_airtime();
	check_stuck_modem();
	check_violations();
	check_faults();
	check_faults_out();
	check_faults_radio();
	check_fault_args();
	check_unread_output();
	ml_vnode_free(v);
	ml_buf_free(&out);
	return unit_done();
}

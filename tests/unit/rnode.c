/* rnode - the sheet's vectors, and what a device does not say */
#include "given.h"
#include "rnode.h"
#include "unit.h"

#define SAID(literal) (struct ml_slice){ literal, sizeof (literal) - 1 }

static void
check_told(void)
{
	static const struct {
		enum ml_rnode_cmd cmd;
		uint32_t value;
		struct ml_slice wire;
	} given[] = {
		{ ML_RNODE_FREQUENCY, 867200000, { "\xc0\x01\x33\xb0\x6c\x00\xc0", 7 } },
		{ ML_RNODE_FREQUENCY, 868600000, { "\xc0\x01\x33\xc5\xc8\xdb\xdc\xc0", 8 } },
		{ ML_RNODE_BANDWIDTH, 125000, { "\xc0\x02\x00\x01\xe8\x48\xc0", 7 } },
		{ ML_RNODE_TXPOWER, 7, { "\xc0\x03\x07\xc0", 4 } },
		{ ML_RNODE_SF, 8, { "\xc0\x04\x08\xc0", 4 } },
		{ ML_RNODE_CR, 5, { "\xc0\x05\x05\xc0", 4 } },
		{ ML_RNODE_ST_ALOCK, 3300, { "\xc0\x0b\x0c\xe4\xc0", 5 } },
		{ ML_RNODE_LT_ALOCK, 150, { "\xc0\x0c\x00\x96\xc0", 5 } },
		{ ML_RNODE_RADIO_STATE, 1, { "\xc0\x06\x01\xc0", 4 } },
		{ ML_RNODE_LEAVE, ML_RNODE_LEAVE_NOW, { "\xc0\x0a\xff\xc0", 4 } },
	};
	struct ml_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		ml_buf_clear(&out);
		ml_rnode_tell(&out, given[i].cmd, given[i].value);
		ok(ml_slice_same(ml_buf_view(&out), given[i].wire),
		    "%02x is told %u", given[i].cmd, given[i].value);
	}
	ml_buf_clear(&out);
	ml_rnode_ask(&out, ML_RNODE_DETECT);
	ml_rnode_ask(&out, ML_RNODE_FREQUENCY);
	ml_rnode_ask(&out, ML_RNODE_SF);
	ml_rnode_ask(&out, ML_RNODE_READY);
	ok(ml_slice_same(ml_buf_view(&out), SAID("\xc0\x08\x73\xc0"
	    "\xc0\x01\x00\x00\x00\x00\xc0" "\xc0\x04\xff\xc0"
	    "\xc0\x0f\x00\xc0")), "what asks, and sets nothing");
	ml_buf_free(&out);
}

static int
hear(struct ml_rnode_said *said, uint8_t command, struct ml_slice payload)
{
	struct ml_kiss_frame f = { command, payload };

	return ml_rnode_hear(said, &f);
}

static void
check_heard(void)
{
	static const char chtm[] = "\x00\x64\x00\x0a\x13\x88\x00\x01\x46\x2f\x30";
	struct ml_rnode_said s;

	ok(hear(&s, 0x50, SAID("\x01\x56")) && s.value == 1 && s.more[0] == 0x56,
	    "firmware 1.86");
	ok(hear(&s, 0x01, SAID("\x33\xb0\x6c\x00")) && s.value == 867200000,
	    "867.2 MHz");
	ok(hear(&s, 0x23, SAID("\x46")) &&
	    (int)s.value - ML_RNODE_RSSI_OFFSET == -87, "-87 dBm");
	ok(hear(&s, 0x27, SAID("\x02\x63")) && s.value == 2 && s.more[0] == 99,
	    "charging, 99 %%");
	ok(hear(&s, 0x00, SAID("A")) && ml_slice_is(s.data, "A"), "a frame");
	ok(hear(&s, 0x00, SAID("")) && s.data.len == 0, "an empty one");
	ok(hear(&s, 0x25, (struct ml_slice){ chtm, 11 }) &&
	    s.channel.own_short == 100 && s.channel.own_long == 10 &&
	    s.channel.load_short == 5000 && s.channel.load_long == 1 &&
	    s.channel.rssi == -87 && s.channel.noise == -110 &&
	    s.channel.interference == -109, "the channel");
	ok(hear(&s, 0x25, (struct ml_slice){ chtm, 10 }) &&
	    s.channel.noise == -110 && s.channel.interference == 0,
	    "of firmware 1.80");
	ok(hear(&s, 0x25, (struct ml_slice){ chtm, 8 }) &&
	    s.channel.load_long == 1 && s.channel.noise == 0, "and of 1.79");
	ok(hear(&s, 0x26, SAID("\x08\x00\x01\xe8\x00\x12\x00\x25\x00\x18")) &&
	    hear(&s, 0x26, SAID("\x08\x00\x01\xe8\x00\x12\x00\x25\x00\x18\x00\x30")),
	    "the modem, of two firmwares");
}

static void
check_nonsense(void)
{
	static const char text[] = "rst:0x1 (POWERON_RESET),boot:0x8";
	char bytes[1 + ML_RNODE_DATA_MAX] = { 0 };
	struct ml_rnode_said s;

	ok(!hear(&s, 'e', SAID(text)), "a boot ROM's text");
	ok(!hear(&s, 0x01, SAID("\x33\xb0\x6c")) &&
	    !hear(&s, 0x01, SAID("\x33\xb0\x6c\x00\x00")), "a frequency's length");
	ok(!hear(&s, 0x06, SAID("")) && !hear(&s, 0x06, SAID("\x01\x01")),
	    "a state's length");
	ok(!hear(&s, 0x25, (struct ml_slice){ bytes, 7 }), "a channel too short");
	ok(hear(&s, 0x00, (struct ml_slice){ bytes, ML_RNODE_DATA_MAX }) &&
	    !hear(&s, 0x00, (struct ml_slice){ bytes, sizeof bytes }),
	    "508 bytes of a frame, not 509");
	ok(!hear(&s, 0x99, SAID("")), "a command that nobody knows");
	ok(ml_rnode_board(0x3a) != NULL && ml_rnode_board(0x99) == NULL &&
	    ml_rnode_platform(0x80) != NULL && ml_rnode_mcu(0x71) != NULL,
	    "names");
}

int
main(void)
{
	check_told();
	check_heard();
	check_nonsense();
	return unit_done();
}

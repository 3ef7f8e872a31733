/* rnode - what an RNode is told, and what it says */
#include "rnode.h"

enum { NUMBER = 4, ANY = ML_RNODE_DATA_MAX };	/* bytes */

/* Commands that a device says, and how long what it says is.  Older firmware
 * says less of the channel and of the modem, a newer one may say more. */
static const struct {
	uint8_t command;
	uint16_t least, most;
} HEARD[] = {
	{ ML_RNODE_DATA, 0, ANY },
	{ ML_RNODE_FREQUENCY, 4, 4 },
	{ ML_RNODE_BANDWIDTH, 4, 4 },
	{ ML_RNODE_TXPOWER, 1, 1 },
	{ ML_RNODE_SF, 1, 1 },
	{ ML_RNODE_CR, 1, 1 },
	{ ML_RNODE_RADIO_STATE, 1, 1 },
	{ ML_RNODE_RADIO_LOCK, 1, 1 },
	{ ML_RNODE_DETECT, 1, 1 },
	{ ML_RNODE_ST_ALOCK, 2, 2 },
	{ ML_RNODE_LT_ALOCK, 2, 2 },
	{ ML_RNODE_READY, 1, 1 },
	{ ML_RNODE_SELECT, 1, 1 },
	{ ML_RNODE_STAT_RX, 4, 4 },
	{ ML_RNODE_STAT_TX, 4, 4 },
	{ ML_RNODE_STAT_RSSI, 1, 1 },
	{ ML_RNODE_STAT_SNR, 1, 1 },
	{ ML_RNODE_STAT_CHTM, 8, 32 },
	{ ML_RNODE_STAT_PHYPRM, 10, 32 },
	{ ML_RNODE_STAT_BAT, 2, 2 },
	{ ML_RNODE_STAT_CSMA, 3, 3 },
	{ ML_RNODE_STAT_TEMP, 1, 1 },
	{ ML_RNODE_FB_EXT, 1, 1 },
	{ ML_RNODE_BOARD, 1, 1 },
	{ ML_RNODE_PLATFORM, 1, 1 },
	{ ML_RNODE_MCU, 1, 1 },
	{ ML_RNODE_FW_VERSION, 2, 2 },
	{ ML_RNODE_RESET, 1, 1 },
	{ ML_RNODE_BT_PIN, 4, 4 },
	{ ML_RNODE_ERROR, 1, 1 },
};

void
ml_rnode_tell(struct ml_buf *out, enum ml_rnode_cmd what, uint32_t value)
{
	size_t width = what == ML_RNODE_FREQUENCY ||
	    what == ML_RNODE_BANDWIDTH ? 4 :
	    what == ML_RNODE_ST_ALOCK || what == ML_RNODE_LT_ALOCK ? 2 : 1, i;
	char bytes[4];

	for (i = 0; i < width; i++)
		bytes[i] = (char)(value >> 8 * (width - 1 - i));
	ml_kiss_write(out, (uint8_t)what, (struct ml_slice){ bytes, width });
}

void
ml_rnode_ask(struct ml_buf *out, enum ml_rnode_cmd what)
{
	switch (what) {
	case ML_RNODE_TXPOWER: case ML_RNODE_SF: case ML_RNODE_CR:
	case ML_RNODE_RADIO_STATE:
		ml_rnode_tell(out, what, ML_RNODE_ASK);
		break;
	case ML_RNODE_DETECT:
		ml_rnode_tell(out, what, ML_RNODE_DETECT_ASK);
		break;
	default:
		ml_rnode_tell(out, what, 0);
	}
}

void
ml_rnode_send(struct ml_buf *out, struct ml_slice frame)
{
	ml_kiss_write(out, ML_RNODE_DATA, frame);
}

static uint32_t
number(struct ml_slice s, size_t at, size_t width)
{
	uint32_t v = 0;

	for (; width > 0; width--)
		v = v << 8 | (uint8_t)s.p[at++];
	return v;
}

static void
hear_channel(struct ml_rnode_channel *c, struct ml_slice s)
{
	uint32_t interference;

	c->own_short = number(s, 0, 2);
	c->own_long = number(s, 2, 2);
	c->load_short = number(s, 4, 2);
	c->load_long = number(s, 6, 2);
	if (s.len < 10)
		return;
	c->rssi = (int)number(s, 8, 1) - ML_RNODE_RSSI_OFFSET;
	c->noise = (int)number(s, 9, 1) - ML_RNODE_RSSI_OFFSET;
	if (s.len > 10 && (interference = number(s, 10, 1)) != 0xff)
		c->interference = (int)interference - ML_RNODE_RSSI_OFFSET;
}

int
ml_rnode_hear(struct ml_rnode_said *said, const struct ml_kiss_frame *f)
{
	struct ml_slice s = f->payload;
	size_t i;

	for (i = 0; i < sizeof HEARD / sizeof HEARD[0]; i++)
		if (HEARD[i].command == f->command)
			break;
	if (i == sizeof HEARD / sizeof HEARD[0] || s.len < HEARD[i].least ||
	    s.len > HEARD[i].most)
		return 0;
	*said = (struct ml_rnode_said){ .what = HEARD[i].command };
	if (said->what == ML_RNODE_DATA)
		said->data = s;
	else if (said->what == ML_RNODE_STAT_CHTM)
		hear_channel(&said->channel, s);
	else if (s.len == 2 && (said->what == ML_RNODE_STAT_BAT ||
	    said->what == ML_RNODE_FW_VERSION)) {
		said->value = number(s, 0, 1);
		said->more[0] = (uint8_t)s.p[1];
	} else if (s.len <= NUMBER)
		said->value = number(s, 0, s.len);
	return 1;
}

struct name {
	uint32_t code;
	const char *name;
};

static const char *
find(const struct name *list, uint32_t code)
{
	for (; list->name != NULL; list++)
		if (list->code == code)
			return list->name;
	return NULL;
}

const char *
ml_rnode_board(uint32_t board)
{
	static const struct name all[] = {
		{ 0x31, "RNode 1" }, { 0x32, "homebrew" },
		{ 0x33, "T-Beam" }, { 0x34, "Huzzah32" },
		{ 0x35, "generic ESP32" }, { 0x36, "LoRa32 2.0" },
		{ 0x37, "LoRa32 2.1" }, { 0x38, "Heltec v2" },
		{ 0x39, "LoRa32 1.0" }, { 0x3a, "Heltec v3" },
		{ 0x3b, "T-Deck" }, { 0x3c, "T114" },
		{ 0x3d, "T-Beam Supreme" }, { 0x3e, "XIAO S3" },
		{ 0x3f, "Heltec v4" }, { 0x40, "RNode 2" },
		{ 0x41, "RNode 2" }, { 0x42, "T3S3" }, { 0x44, "T-Echo" },
		{ 0x50, "generic nRF52" }, { 0x51, "RAK4631" }, { 0, NULL }
	};

	return find(all, board);
}

const char *
ml_rnode_platform(uint32_t platform)
{
	static const struct name all[] = { { ML_RNODE_AVR, "AVR" },
	    { ML_RNODE_ESP32, "ESP32" }, { ML_RNODE_NRF52, "nRF52" },
	    { 0, NULL } };

	return find(all, platform);
}

const char *
ml_rnode_mcu(uint32_t mcu)
{
	static const struct name all[] = { { 0x91, "ATmega1284P" },
	    { 0x92, "ATmega2560" }, { 0x81, "ESP32" }, { 0x71, "nRF52" },
	    { 0, NULL } };

	return find(all, mcu);
}

/* vnodecmd - the commands of the host, and the answers */
#include "dice.h"
#include "kiss.h"
#include "vnodework.h"

#define PATTERN_US UINT64_C(600000)	/* what the LED takes to say "on" */
#define BLINK_US UINT64_C(200000)

static void
tell_u8(struct ml_vnode *v, uint8_t command, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	vnode_tell(v, command, &byte, 1);
}

/* The answer to a setting, as far as faults let it be. */
static void
echo(struct ml_vnode *v, uint8_t command, uint32_t value, size_t len)
{
	uint8_t bytes[4];
	size_t i;
	int twice = 0;

	if (vnode_strikes(v, FAULT_CHATTER))
		vnode_tell_channel(v);
	if (v->fault[FAULT_NOECHO].number == command &&
	    vnode_strikes(v, FAULT_NOECHO))
		return;
	if (v->fault[FAULT_WRONGECHO].number == command &&
	    vnode_strikes(v, FAULT_WRONGECHO))
		value ^= 1;
	if (command == ML_RNODE_RADIO_STATE)
		twice = vnode_strikes(v, FAULT_DOUBLE);
	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> 8 * (len - 1 - i));
	vnode_tell(v, command, bytes, len);
	if (twice)
		vnode_tell(v, command, bytes, len);
}

void
vnode_tell_state(struct ml_vnode *v)
{
	echo(v, ML_RNODE_RADIO_STATE, (uint32_t)v->is_on, 1);
}

static int
is_locked(const struct ml_vnode *v)
{
	return !v->has_frequency || !v->has_bandwidth || !v->has_power ||
	    !v->has_sf;
}

/* What is asked for is put in force, as the modem can. */
static void
apply(struct ml_vnode *v)
{
	const double step = 32e6 / (1 << 19);	/* Hz, of an SX127x */
	struct ml_lora *l = &v->held;

	l->bandwidth = ml_lora_bandwidth(l->bandwidth);
	if (l->modem == ML_LORA_SX127X)
		l->frequency = (uint32_t)((uint32_t)(l->frequency / step) *
		    step);
	v->used = *l;
	if (l->modem == ML_LORA_SX127X && l->sf < 6)
		v->used.sf = 6;
	v->watch.tune(v->watch.arg, v->now, &v->used);
}

void
vnode_start(struct ml_vnode *v)
{
	int i;

	if (v->is_on)
		return;
	if (is_locked(v) || vnode_strikes(v, FAULT_STUCK)) {
		vnode_tell_state(v);
		vnode_block(v, PATTERN_US, THEN_GO_ON);
		return;
	}
	v->is_on = 1;
	v->floor_at = ML_VNODE_NEVER;
	apply(v);
	v->stat_at = v->now + PATTERN_US;
	vnode_news(v, ML_VNODE_ON, 0, (struct ml_slice){ NULL, 0 });
	for (i = 0; i < 3; i++)
		vnode_tell_phy(v);
	vnode_tell_state(v);
	vnode_block(v, PATTERN_US, THEN_GO_ON);
}

void
vnode_stop(struct ml_vnode *v)
{
	if (v->is_on)
		vnode_news(v, ML_VNODE_RADIO_OFF, 0,
		    (struct ml_slice){ NULL, 0 });
	v->is_on = v->is_tnc = 0;
	v->is_busy = 0;
	v->stat_at = ML_VNODE_NEVER;
	v->contend_from = ML_VNODE_NEVER;
	v->sequence = -1;
	v->heard_n = 0;
	v->watch.tune(v->watch.arg, v->now, NULL);
}

static void
radio_state(struct ml_vnode *v, uint8_t byte)
{
	int was_on = v->is_on;

	if (byte == 0) {
		vnode_stop(v);
		vnode_tell_state(v);
	} else if (byte == 1) {
		vnode_start(v);
		if (was_on)
			vnode_tell_state(v);
		else
			v->then = THEN_STATE;
	} else if (byte == ML_RNODE_ASK)
		vnode_tell_state(v);
}

/* A setting was written.  A saved configuration that is on stays in force. */
static void
changed(struct ml_vnode *v, int is_phy)
{
	if (!v->is_on || v->is_tnc)
		return;
	apply(v);
	if (is_phy)
		vnode_tell_phy(v);
}

static int
clamp(int value, int from, int to)
{
	return value < from ? from : value > to ? to : value;
}

void
vnode_setting(struct ml_vnode *v, uint8_t byte)
{
	if (v->command == ML_RNODE_TXPOWER) {
		if (byte != ML_RNODE_ASK) {
			v->held.power = clamp(byte, 0, v->board->power);
			v->has_power = 1;
			changed(v, 0);
		}
		echo(v, v->command, (uint32_t)v->held.power, 1);
	} else if (v->command == ML_RNODE_SF) {
		if (byte != ML_RNODE_ASK) {
			v->held.sf = clamp(byte, ML_LORA_SF_MIN,
			    ML_LORA_SF_MAX);
			v->has_sf = 1;
			changed(v, 1);
		}
		echo(v, v->command, (uint32_t)v->held.sf, 1);
	} else {
		if (byte != ML_RNODE_ASK) {
			v->held.cr = clamp(byte, ML_LORA_CR_MIN,
			    ML_LORA_CR_MAX);
			changed(v, 1);
		}
		echo(v, v->command, (uint32_t)v->held.cr, 1);
	}
}

/* The limit goes through a float, and so may come back one lower. */
static void
airtime_limit(struct ml_vnode *v, float *limit, uint32_t value)
{
	*limit = (float)value / 10000.0f;
	if (*limit >= 1)
		*limit = 0;
	/* in two steps, or it would not */
	value = (uint32_t)(*limit * 100.0f * 100.0f);
	echo(v, v->command, value, 2);
}

void
vnode_wide_setting(struct ml_vnode *v, uint32_t value)
{
	switch (v->command) {
	case ML_RNODE_FREQUENCY:
		if (value != 0) {
			v->held.frequency = value;
			v->has_frequency = 1;
			changed(v, 0);
		}
		echo(v, v->command, v->held.frequency, 4);
		break;
	case ML_RNODE_BANDWIDTH:
		if (value != 0) {
			v->held.bandwidth = value;
			v->has_bandwidth = 1;
			changed(v, 1);
		}
		echo(v, v->command, v->held.bandwidth, 4);
		break;
	case ML_RNODE_ST_ALOCK:
		airtime_limit(v, &v->short_limit, value);
		break;
	case ML_RNODE_LT_ALOCK:
		airtime_limit(v, &v->long_limit, value);
		break;
	}
}

static void
detect(struct ml_vnode *v, uint8_t byte)
{
	if (byte == ML_RNODE_DETECT_ASK && !vnode_strikes(v, FAULT_NODETECT))
		tell_u8(v, ML_RNODE_DETECT, ML_RNODE_DETECT_ANSWER);
}

static void
version(struct ml_vnode *v)
{
	uint8_t bytes[2] = { v->major, v->minor };
	unsigned number;

	if (vnode_strikes(v, FAULT_VERSION)) {
		number = v->fault[FAULT_VERSION].number;
		bytes[0] = (uint8_t)(number >> 8);
		bytes[1] = (uint8_t)number;
	}
	vnode_tell(v, ML_RNODE_FW_VERSION, bytes, 2);
}

/* One byte from 00 to fe, unescaped: the firmware's own mistake. */
static void
random_byte(struct ml_vnode *v)
{
	char frame[] = { (char)ML_KISS_FEND, ML_RNODE_RANDOM,
	    (char)ml_dice_below(&v->dice, 0xff), (char)ML_KISS_FEND };

	vnode_put(v, (struct ml_slice){ frame, sizeof frame });
}

/* As many bytes of a memory that the device has; the same ones each time. */
static void
memory(struct ml_vnode *v, size_t len, int selector)
{
	uint8_t bytes[201];
	size_t i, at = selector >= 0;

	bytes[0] = (uint8_t)selector;
	for (i = 0; i < len; i++)
		bytes[at + i] = (uint8_t)(i * 29 + v->command +
		    (size_t)(at ? selector : 0));
	vnode_tell(v, v->command, bytes, at + len);
}

static void
blink(struct ml_vnode *v, uint8_t times)
{
	if (times == 0)
		vnode_violation(v, ML_VNODE_DANGEROUS);
	vnode_block(v, times > 0 ? times * BLINK_US : UINT64_MAX, THEN_GO_ON);
}

static int
is_dangerous(uint8_t command)
{
	static const uint8_t all[] = { 0x46, 0x52, 0x53, 0x54, 0x57, 0x58, 0x59,
	    0x61, 0x67, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x70, 0x84, 0x85 };

	return memchr(all, command, sizeof all) != NULL;
}

static void
identity(struct ml_vnode *v, uint8_t byte)
{
	int is_avr = v->board->platform == ML_RNODE_AVR;

	switch (v->command) {
	case ML_RNODE_FW_VERSION: version(v); break;
	case ML_RNODE_PLATFORM: tell_u8(v, v->command, v->board->platform);
		break;
	case ML_RNODE_MCU: tell_u8(v, v->command, v->board->mcu); break;
	case ML_RNODE_BOARD: tell_u8(v, v->command, v->board->board); break;
	case ML_RNODE_RANDOM: random_byte(v); break;
	case ML_RNODE_ROM_READ: memory(v, 200, -1); break;
	case ML_RNODE_DEV_HASH:
		if (byte == 1 && !is_avr)
			memory(v, 32, -1);
		break;
	case ML_RNODE_HASHES:
		if (byte >= 1 && byte <= 4 && !is_avr)
			memory(v, 32, byte);
		break;
	case ML_RNODE_FB_EXT:
		if (v->board->has_display)
			tell_u8(v, v->command, byte == ML_RNODE_ASK ? 0 : byte);
		break;
	}
}

void
vnode_command(struct ml_vnode *v, uint8_t byte)
{
	static const uint8_t none[4];
	int is_full;

	switch (v->command) {
	case ML_RNODE_DETECT: detect(v, byte); break;
	case ML_RNODE_RADIO_STATE: radio_state(v, byte); break;
	case ML_RNODE_RADIO_LOCK:
		echo(v, v->command, (uint32_t)is_locked(v), 1);
		break;
	case ML_RNODE_LEAVE: break;		/* only the display's matter */
	case ML_RNODE_IMPLICIT:
		v->implicit = byte;
		tell_u8(v, v->command, byte);
		break;
	case ML_RNODE_PROMISC:
		if (byte <= 1)
			v->promiscuous = byte;
		tell_u8(v, v->command, (unsigned)v->promiscuous);
		break;
	case ML_RNODE_READY:
		is_full = vnode_strikes(v, FAULT_FULL) ||
		    vnode_queue_is_full(&v->queue);
		tell_u8(v, v->command, !is_full);
		break;
	case ML_RNODE_STAT_RX: case ML_RNODE_STAT_TX:
		vnode_tell(v, v->command, none, 4);
		break;
	case ML_RNODE_STAT_RSSI:
		tell_u8(v, v->command, vnode_rssi(v->last_rssi));
		break;
	case ML_RNODE_BLINK: blink(v, byte); break;
	case ML_RNODE_RESET:
		if (byte == ML_RNODE_RESET_NOW)
			vnode_block(v, 0, THEN_REBOOT);
		break;
	case ML_RNODE_FW_VERSION: case ML_RNODE_PLATFORM: case ML_RNODE_MCU:
	case ML_RNODE_BOARD: case ML_RNODE_RANDOM: case ML_RNODE_ROM_READ:
	case ML_RNODE_DEV_HASH: case ML_RNODE_HASHES: case ML_RNODE_FB_EXT:
		identity(v, byte);
		break;
	default:
		if (!v->is_noted)
			vnode_violation(v, is_dangerous(v->command) ?
			    ML_VNODE_DANGEROUS : ML_VNODE_UNKNOWN);
		v->is_noted = 1;
	}
}

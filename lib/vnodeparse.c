/* vnodeparse - the host's bytes, one by one, by the firmware's rules */
#include "kiss.h"
#include "vnodework.h"

enum { FESC = 0xdb, TFEND = 0xdc, TFESC = 0xdd };

/* After so long a host that has said no command must have seen the boot. */
#define KNOWN_US UINT64_C(5000000)

/* How many bytes a setting of several has. */
static size_t
width(uint8_t command)
{
	switch (command) {
	case ML_RNODE_FREQUENCY: case ML_RNODE_BANDWIDTH:
		return 4;
	case ML_RNODE_ST_ALOCK: case ML_RNODE_LT_ALOCK:
		return 2;
	default:
		return 0;
	}
}

/* A byte behind an escape or not; the escape itself is 0.  What was escaped
 * stays so across the end of a frame: the firmware forgets to forget it. */
static int
unescape(struct ml_vnode *v, uint8_t *byte)
{
	if (*byte == FESC) {
		v->is_escaped = 1;
		return 0;
	}
	if (v->is_escaped && *byte == TFEND)
		*byte = ML_KISS_FEND;
	else if (v->is_escaped && *byte == TFESC)
		*byte = FESC;
	v->is_escaped = 0;
	return 1;
}

static void
data_byte(struct ml_vnode *v, uint8_t byte)
{
	if (!unescape(v, &byte))
		return;
	v->data_len++;
	if (!vnode_queue_byte(&v->queue, byte) && !v->is_noted) {
		v->is_noted = 1;
		vnode_violation(v, ML_VNODE_OVERRUN);
	}
}

static void
data_end(struct ml_vnode *v)
{
	if (v->data_len == 0)
		vnode_violation(v, ML_VNODE_EMPTY);
	else if (v->data_len > ML_VNODE_FRAME_MAX)
		vnode_violation(v, ML_VNODE_LONG);
	if (!v->is_on && (v->has_command || v->now - v->ran_at >= KNOWN_US))
		vnode_violation(v, ML_VNODE_OFF);
	vnode_queue_end(&v->queue);
}

static void
frame_end(struct ml_vnode *v)
{
	if (v->in_frame && v->command == ML_RNODE_DATA) {
		v->in_frame = 0;	/* this one opens nothing */
		data_end(v);
		v->is_noted = 0;
		return;
	}
	if (v->in_frame && width(v->command) > 0 &&
	    v->arg_len < width(v->command))
		vnode_violation(v, ML_VNODE_SHORT);
	v->in_frame = 1;
	v->command = ML_RNODE_TRANSPARENT;
	v->arg_len = v->data_len = 0;
	v->is_noted = 0;
}

static void
wide_byte(struct ml_vnode *v, uint8_t byte)
{
	uint32_t value = 0;
	size_t i;

	if (!unescape(v, &byte) || v->arg_len == width(v->command))
		return;
	v->arg[v->arg_len++] = byte;
	if (v->arg_len < width(v->command))
		return;
	for (i = 0; i < v->arg_len; i++)
		value = value << 8 | v->arg[i];
	vnode_wide_setting(v, value);
}

void
vnode_byte(struct ml_vnode *v, uint8_t byte)
{
	if (byte == ML_KISS_FEND)
		frame_end(v);
	else if (!v->in_frame) {
		if (!v->is_noted)
			vnode_violation(v, ML_VNODE_OUTSIDE);
		v->is_noted = 1;
	} else if (v->command == ML_RNODE_TRANSPARENT) {
		v->command = byte;
		v->has_command |= byte != ML_RNODE_DATA;
	} else if (v->command == ML_RNODE_DATA)
		data_byte(v, byte);
	else if (width(v->command) > 0)
		wide_byte(v, byte);
	else if (v->command == ML_RNODE_TXPOWER || v->command == ML_RNODE_SF ||
	    v->command == ML_RNODE_CR)
		vnode_setting(v, byte);
	else
		vnode_command(v, byte);
}

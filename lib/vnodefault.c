/* vnodefault - faults by their names */
#include <stdlib.h>

#include "vnodework.h"

enum arg { NONE, NUMBER, SETTING, FIRMWARE, TEXT };

static const struct {
	const char *name;
	enum arg arg;
	unsigned usual, from, to;	/* of a number */
} KINDS[FAULTS] = {
	[FAULT_NODETECT] = { "nodetect", NONE, 0, 0, 0 },
	[FAULT_VERSION] = { "version", FIRMWARE, 0, 0, 0 },
	[FAULT_WRONGECHO] = { "wrongecho", SETTING, 0, 0, 0 },
	[FAULT_NOECHO] = { "noecho", SETTING, 0, 0, 0 },
	[FAULT_STUCK] = { "stuck", NONE, 0, 0, 0 },
	[FAULT_MUTE] = { "mute", NONE, 0, 0, 0 },
	[FAULT_TRICKLE] = { "trickle", NONE, 0, 0, 0 },
	[FAULT_SLOW] = { "slow", NUMBER, 500, 1, 60000 },
	[FAULT_DEAF] = { "deaf", NONE, 0, 0, 0 },
	[FAULT_FULL] = { "full", NONE, 0, 0, 0 },
	[FAULT_DOUBLE] = { "double", NONE, 0, 0, 0 },
	[FAULT_CHATTER] = { "chatter", NONE, 0, 0, 0 },
	[FAULT_SHORTCHTM] = { "shortchtm", NUMBER, 8, 0, 10 },
	[FAULT_NOISE] = { "noise", NONE, 0, 0, 0 },
	[FAULT_CUT] = { "cut", NONE, 0, 0, 0 },
	[FAULT_HANGUP] = { "hangup", NONE, 0, 0, 0 },
	[FAULT_MODEM] = { "modem", NONE, 0, 0, 0 },
	[FAULT_DTR] = { "dtr", NONE, 0, 0, 0 },
	[FAULT_BOOTTEXT] = { "boottext", NONE, 0, 0, 0 },
	[FAULT_SLOWBOOT] = { "slowboot", NUMBER, 3000, 1, 60000 },
	[FAULT_NORESET] = { "noreset", NONE, 0, 0, 0 },
	[FAULT_ERROR] = { "error", NUMBER, 2, 1, 255 },
	[FAULT_REBOOT] = { "reboot", NONE, 0, 0, 0 },
	[FAULT_GARBAGE] = { "garbage", NUMBER, 64, 1, 4096 },
	[FAULT_ASCII] = { "ascii", TEXT, 0, 0, 0 },
	[FAULT_EMPTY] = { "empty", NONE, 0, 0, 0 },
	[FAULT_LONG] = { "long", NUMBER, 600, 509, 4096 },
	[FAULT_HANG] = { "hang", NONE, 0, 0, 0 },
};

int
vnode_has_fault(const struct ml_vnode *v, enum fault f)
{
	return v->fault[f].times != 0;
}

int
vnode_strikes(struct ml_vnode *v, enum fault f)
{
	if (v->fault[f].times > 0) {
		v->fault[f].times--;
		return 1;
	}
	return v->fault[f].times < 0;
}

void
ml_vnode_mend(struct ml_vnode *v)
{
	memset(v->fault, 0, sizeof v->fault);
}

static int
setting(const char *name, unsigned *command)
{
	static const struct {
		const char *name;
		uint8_t command;
	} all[] = {
		{ "freq", ML_RNODE_FREQUENCY }, { "bw", ML_RNODE_BANDWIDTH },
		{ "txpower", ML_RNODE_TXPOWER }, { "sf", ML_RNODE_SF },
		{ "cr", ML_RNODE_CR }, { "state", ML_RNODE_RADIO_STATE },
		{ "lock", ML_RNODE_RADIO_LOCK },
		{ "stlock", ML_RNODE_ST_ALOCK },
		{ "ltlock", ML_RNODE_LT_ALOCK },
	};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i].name, name) == 0) {
			*command = all[i].command;
			return 1;
		}
	return 0;
}

static int
number(const char **s, unsigned from, unsigned to, unsigned *value)
{
	char *end;
	unsigned long n;

	if (**s < '0' || **s > '9')
		return 0;
	n = strtoul(*s, &end, 10);
	*s = end;
	*value = (unsigned)n;
	return n >= from && n <= to;
}

static const char *
read_arg(enum fault f, const char *arg, unsigned *n)
{
	unsigned minor;

	switch (KINDS[f].arg) {
	case NONE:
		return arg != NULL ? "fault: it takes no argument" : NULL;
	case NUMBER:
		*n = KINDS[f].usual;
		return arg != NULL && (!number(&arg, KINDS[f].from, KINDS[f].to,
		    n) || *arg != '\0') ? "fault: its number is out of range" :
		    NULL;
	case SETTING:
		return arg == NULL || !setting(arg, n) ?
		    "fault: it needs the name of a setting" : NULL;
	case FIRMWARE:
		if (arg == NULL || !number(&arg, 0, 255, n) || *arg++ != '.' ||
		    !number(&arg, 0, 255, &minor) || *arg != '\0')
			return "fault: it needs a version such as 1.51";
		*n = *n << 8 | minor;
		return NULL;
	case TEXT:
		return arg == NULL || strlen(arg) >= ML_VNODE_TEXT_MAX ?
		    "fault: it needs a text of up to 63 bytes" : NULL;
	}
	return NULL;
}

static void
garbled_frame(struct ml_vnode *v, size_t len)
{
	char bytes[4096];

	memset(bytes, 'x', sizeof bytes);
	vnode_tell(v, ML_RNODE_DATA, bytes, len);
}

/* One that happens now; the device must run to have it. */
static void
strike(struct ml_vnode *v, enum fault f, unsigned n, const char *text)
{
	uint8_t code = (uint8_t)n;

	switch (f) {
	case FAULT_ERROR:
		vnode_tell(v, ML_RNODE_ERROR, &code, 1);
		if (code == ML_RNODE_ERROR_INIT)
			vnode_block(v, UINT64_MAX, THEN_GO_ON);
		break;
	case FAULT_REBOOT: vnode_reboot(v); break;
	case FAULT_GARBAGE: vnode_garbage(v, n); break;
	case FAULT_ASCII:
		vnode_put(v, (struct ml_slice){ text, strlen(text) });
		vnode_put(v, (struct ml_slice){ "\r\n", 2 });
		break;
	case FAULT_EMPTY: garbled_frame(v, 0); break;
	case FAULT_LONG: garbled_frame(v, n); break;
	case FAULT_HANG: vnode_block(v, UINT64_MAX, THEN_GO_ON); break;
	default: break;
	}
}

const char *
ml_vnode_fault(struct ml_vnode *v, uint64_t now, const char *name,
    const char *arg, int times)
{
	const char *why;
	unsigned n = 0;
	enum fault f;

	for (f = 0; f < FAULTS && strcmp(KINDS[f].name, name) != 0; f++)
		continue;
	if (f == FAULTS)
		return "fault: no such name";
	if (times != 0 && (why = read_arg(f, arg, &n)) != NULL)
		return why;
	v->now = now;
	if (f >= FAULT_ERROR) {
		if (v->is_running && times != 0)
			strike(v, f, n, arg);
		return NULL;
	}
	v->fault[f].times = times;
	v->fault[f].number = n;
	return NULL;
}

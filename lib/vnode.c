/* vnode - an RNode that is not there: power, boot, main loop, bytes in */
#include <stdlib.h>

#include "vnodework.h"

#define BOOT_US UINT64_C(300000)
#define BATTERY_US UINT64_C(5000000)
#define STAT_US UINT64_C(1000000)

static const struct ml_vnode_board BOARDS[] = {
	{ "heltec", ML_RNODE_ESP32, 0x81, 0x3a, ML_LORA_SX126X, 22, 0, 1, 1, 1,
	    ML_VNODE_QUEUE_MAX, ML_VNODE_FRAMES_MAX, ML_VNODE_UART_MAX },
	{ "lora32", ML_RNODE_ESP32, 0x81, 0x37, ML_LORA_SX127X, 17, 0, 1, 1, 0,
	    ML_VNODE_QUEUE_MAX, ML_VNODE_FRAMES_MAX, ML_VNODE_UART_MAX },
	{ "rak", ML_RNODE_NRF52, 0x71, 0x51, ML_LORA_SX126X, 22, 1, 0, 1, 0,
	    ML_VNODE_QUEUE_MAX, ML_VNODE_FRAMES_MAX, ML_VNODE_UART_MAX },
	{ "avr", ML_RNODE_AVR, 0x92, 0x32, ML_LORA_SX127X, 17, 0, 0, 0, 0,
	    5120, 24, 768 },
};

const struct ml_vnode_board *
ml_vnode_board(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof BOARDS / sizeof BOARDS[0]; i++)
		if (strcmp(BOARDS[i].name, name) == 0)
			return &BOARDS[i];
	return NULL;
}

const char *
ml_vnode_violation(enum ml_vnode_violation what)
{
	static const char *const words[ML_VNODE_VIOLATIONS] = { "outside",
	    "empty", "long", "off", "dangerous", "unknown", "short", "overrun",
	    "unread" };

	return words[what];
}

struct ml_vnode *
ml_vnode_new(const struct ml_vnode_board *board, uint64_t seed,
    const struct ml_vnode_watch *watch)
{
	struct ml_vnode *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->board = board;
	v->watch = *watch;
	v->dice = seed;
	v->major = 1;
	v->minor = 86;
	return v;
}

void
ml_vnode_free(struct ml_vnode *v)
{
	if (v == NULL)
		return;
	ml_buf_free(&v->out);
	free(v);
}

void
ml_vnode_set_version(struct ml_vnode *v, uint8_t major, uint8_t minor)
{
	v->major = major;
	v->minor = minor;
}

void
ml_vnode_save(struct ml_vnode *v, const struct ml_lora *l)
{
	v->is_saved = 1;
	v->saved = *l;
}

void
vnode_news(struct ml_vnode *v, enum ml_vnode_news what, int number,
    struct ml_slice bytes)
{
	v->watch.news(v->watch.arg, v->now, what, number, bytes);
}

void
vnode_violation(struct ml_vnode *v, enum ml_vnode_violation what)
{
	vnode_news(v, ML_VNODE_VIOLATION, (int)what,
	    (struct ml_slice){ (const char *)&v->command, 1 });
}

int
vnode_is_free(const struct ml_vnode *v)
{
	return v->is_running && !v->is_sending && v->loop_at <= v->now &&
	    v->then != THEN_REBOOT;
}

void
vnode_block(struct ml_vnode *v, uint64_t us, enum then then)
{
	v->loop_at = us == UINT64_MAX ? us : v->now + us;
	v->then = then;
	v->contend_from = ML_VNODE_NEVER;
}

/* All that a reset forgets: everything but what the flash holds. */
static void
forget(struct ml_vnode *v)
{
	v->is_running = 0;
	v->boot_at = v->stat_at = v->battery_at = ML_VNODE_NEVER;
	v->loop_at = 0;
	v->then = THEN_GO_ON;
	v->uart_len = 0;
	v->in_frame = v->is_escaped = v->is_noted = 0;
	v->command = ML_RNODE_TRANSPARENT;
	v->held = (struct ml_lora){ .modem = v->board->modem, .cr = 5 };
	v->has_frequency = v->has_bandwidth = v->has_power = v->has_sf = 0;
	v->is_tnc = v->is_on = v->promiscuous = 0;
	v->implicit = 0;
	v->short_limit = v->long_limit = 0;
	v->contend_from = ML_VNODE_NEVER;
	v->has_window = 0;
	v->band = 1;
	v->window_min = 0;
	v->window_max = 15;
	vnode_queue_clear(&v->queue, v->board);
	v->is_sending = 0;
	v->sequence = -1;
	v->heard_n = 0;
	v->last_rssi = -292;		/* as the firmware begins with */
	memset(v->bin, 0, sizeof v->bin);
	v->busy_from = v->now;
	v->short_part = v->long_part = 0;
}

static void
begin_boot(struct ml_vnode *v)
{
	uint64_t us = BOOT_US;

	forget(v);
	if (vnode_strikes(v, FAULT_SLOWBOOT))
		us = v->fault[FAULT_SLOWBOOT].number * UINT64_C(1000);
	v->boot_at = v->now + us;
	v->watch.tune(v->watch.arg, v->now, NULL);
}

void
vnode_reboot(struct ml_vnode *v)
{
	vnode_news(v, ML_VNODE_REBOOT, 0, (struct ml_slice){ NULL, 0 });
	begin_boot(v);
}

static void
boot(struct ml_vnode *v)
{
	static const char rom[] = "rst:0xc,boot:0x13\r\n"
	    "load:0x3fff0030,len:1344\r\n";
	static const uint8_t reset = ML_RNODE_RESET_NOW;

	v->is_running = 1;
	v->boot_at = ML_VNODE_NEVER;
	v->ran_at = v->now;
	v->is_noted = 1;	/* what comes may be the rest of a frame */
	v->has_command = 0;
	v->battery_at = v->now + BATTERY_US;
	vnode_news(v, ML_VNODE_BOOT, 0, (struct ml_slice){ NULL, 0 });
	if (vnode_strikes(v, FAULT_BOOTTEXT))
		vnode_put(v, (struct ml_slice){ rom, sizeof rom - 1 });
	if (v->board->platform != ML_RNODE_AVR &&
	    !vnode_strikes(v, FAULT_NORESET))
		vnode_tell(v, ML_RNODE_RESET, &reset, 1);
	if (v->is_saved) {
		v->held = v->saved;
		v->held.modem = v->board->modem;
		v->has_frequency = v->has_bandwidth = v->has_power = 1;
		v->has_sf = v->is_tnc = 1;
		vnode_start(v);
	}
}

void
ml_vnode_plug(struct ml_vnode *v, uint64_t now)
{
	v->now = now;
	v->is_plugged = 1;
	ml_buf_clear(&v->out);
	v->chunks = 0;
	begin_boot(v);
}

void
ml_vnode_unplug(struct ml_vnode *v, uint64_t now)
{
	v->now = now;
	v->is_plugged = 0;
	forget(v);
	ml_buf_clear(&v->out);
	v->chunks = 0;
	v->watch.tune(v->watch.arg, now, NULL);
}

int
ml_vnode_is_plugged(const struct ml_vnode *v)
{
	return v->is_plugged;
}

int
ml_vnode_tuned(const struct ml_vnode *v, struct ml_lora *l)
{
	*l = v->used;
	return v->is_on;
}

void
ml_vnode_opened(struct ml_vnode *v, uint64_t now)
{
	v->now = now;
	if (v->is_plugged && vnode_strikes(v, FAULT_DTR))
		vnode_reboot(v);
}

void
ml_vnode_radio_off(struct ml_vnode *v, uint64_t now)
{
	v->now = now;
	if (v->is_on)
		vnode_stop(v);
}

/* The loop reads bytes until there are no more, or one keeps it busy. */
static void
read_bytes(struct ml_vnode *v)
{
	uint8_t byte;

	while (v->uart_len > 0 && vnode_is_free(v)) {
		byte = v->uart[v->uart_first];
		v->uart_first = (v->uart_first + 1) % v->board->uart;
		v->uart_len--;
		vnode_byte(v, byte);
	}
}

size_t
ml_vnode_room(const struct ml_vnode *v)
{
	if (vnode_has_fault(v, FAULT_DEAF))
		return 0;
	if (!v->is_running || !v->board->is_usb)
		return SIZE_MAX;
	return vnode_is_free(v) ? SIZE_MAX : v->board->uart - v->uart_len;
}

size_t
ml_vnode_input(struct ml_vnode *v, uint64_t now, struct ml_slice bytes)
{
	size_t taken = 0;
	int is_lost = 0;

	v->now = now;
	if (vnode_has_fault(v, FAULT_DEAF))
		return 0;
	for (; taken < bytes.len; taken++) {
		if (!v->is_running)	/* nobody listens yet */
			return bytes.len;
		if (v->uart_len == v->board->uart)
			read_bytes(v);
		if (v->uart_len < v->board->uart)
			v->uart[(v->uart_first + v->uart_len++) %
			    v->board->uart] = (uint8_t)bytes.p[taken];
		else if (v->board->is_usb)
			break;
		else
			is_lost = 1;
	}
	if (is_lost)
		vnode_violation(v, ML_VNODE_UNREAD);
	return taken;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
ml_vnode_next(const struct ml_vnode *v)
{
	uint64_t next = ML_VNODE_NEVER;

	if (!v->is_plugged)
		return next;
	if (v->chunks > 0) {
		if (v->chunk[0].at > v->now)
			next = v->chunk[0].at;
		else if (v->trickle_at > v->now)
			next = v->trickle_at;
	}
	if (!v->is_running)
		return least(next, v->boot_at);
	if (v->is_sending)
		return least(next, v->packet_end);
	if (v->loop_at > v->now || v->then != THEN_GO_ON)
		return least(next, v->loop_at);
	if (v->uart_len > 0 || v->heard_n > 0)
		return v->now;
	next = least(next, least(v->stat_at, v->battery_at));
	return least(next, vnode_contend_at(v));
}

/* One round of the main loop. */
static void
step(struct ml_vnode *v)
{
	enum then then = v->then;

	if (!v->is_running) {
		if (v->boot_at <= v->now)
			boot(v);
		return;
	}
	if (v->is_sending && v->packet_end <= v->now)
		vnode_packet_done(v);
	if (v->is_sending || v->loop_at > v->now)
		return;
	v->then = THEN_GO_ON;
	if (then == THEN_REBOOT) {
		vnode_reboot(v);
		return;
	}
	if (then == THEN_STATE)
		vnode_tell_state(v);
	vnode_tell_heard(v);
	if (v->stat_at <= v->now) {
		v->stat_at = v->now + STAT_US;
		vnode_reckon(v);
	}
	if (v->battery_at <= v->now) {
		v->battery_at = v->now + BATTERY_US;
		vnode_tell_battery(v);
	}
	read_bytes(v);
	if (vnode_is_free(v))
		vnode_contend(v);
}

void
ml_vnode_advance(struct ml_vnode *v, uint64_t now)
{
	uint64_t next;

	while ((next = ml_vnode_next(v)) <= now) {
		if (next > v->now)
			v->now = next;
		step(v);
	}
	if (now > v->now)
		v->now = now;
}

int
ml_vnode_is_idle(const struct ml_vnode *v)
{
	return !v->is_sending && v->queue.n == 0 && v->uart_len == 0;
}

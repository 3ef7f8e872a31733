/* vnoderadio - medium access, sending, receiving */
#include <math.h>

#include "dice.h"
#include "vnodework.h"

#define SPLIT 0x01			/* in a packet's first byte */
#define BURST_BITRATE 14000.0		/* up to it all goes out in one go */
#define PACKET_US_MAX UINT64_C(20000000)	/* an SX126x gives up */
#define ERROR_US UINT64_C(1000000)	/* of the LED, then it reboots */

static int
is_burst(const struct ml_vnode *v)
{
	return ml_lora_bitrate(&v->used) <= BURST_BITRATE;
}

static int
wants_to_send(const struct ml_vnode *v)
{
	return v->is_on && v->queue.height > 0 && !vnode_is_locked(v);
}

uint64_t
vnode_contend_at(const struct ml_vnode *v)
{
	if (!wants_to_send(v))
		return ML_VNODE_NEVER;
	if (v->contend_from == ML_VNODE_NEVER)
		return v->is_busy ? ML_VNODE_NEVER : v->now;
	return v->contend_from + 2 * ml_lora_slot_us(&v->used) + v->window;
}

void
ml_vnode_medium(struct ml_vnode *v, uint64_t now, int is_busy, double rssi)
{
	uint64_t difs, at = vnode_contend_at(v);

	vnode_busy(v, now);
	v->busy_from = now;
	v->busy_rssi = rssi;
	v->is_busy = is_busy;
	/* one whose turn is this very moment goes on: both will collide */
	if (!is_busy || v->contend_from == ML_VNODE_NEVER || at <= now)
		return;
	difs = v->contend_from + 2 * ml_lora_slot_us(&v->used);
	if (now > difs)
		v->window -= now - difs;
	v->contend_from = ML_VNODE_NEVER;
}

static void
fail(struct ml_vnode *v)
{
	static const uint8_t errors[] = { ML_RNODE_ERROR_MODEM,
	    ML_RNODE_ERROR_TX };

	v->is_sending = 0;
	v->watch.tune(v->watch.arg, v->now, NULL);
	vnode_tell(v, ML_RNODE_ERROR, &errors[0], 1);
	vnode_tell(v, ML_RNODE_ERROR, &errors[1], 1);
	vnode_block(v, ERROR_US, THEN_REBOOT);
}

static uint64_t
packet_us(const struct ml_vnode *v)
{
	return (uint64_t)ceil(ml_lora_packet_us(&v->used, v->packet_len));
}

static int
is_stuck(const struct ml_vnode *v)
{
	return v->used.modem == ML_LORA_SX126X &&
	    packet_us(v) > PACKET_US_MAX;
}

static void
send_packet(struct ml_vnode *v)
{
	uint8_t packet[1 + ML_LORA_PACKET_MAX];
	size_t at = !v->promiscuous, n = v->frame_len - v->frame_at;
	uint64_t us;

	packet[0] = v->header;
	if (n > sizeof packet - at)
		n = sizeof packet - at;
	memcpy(packet + at, v->frame + v->frame_at, n);
	v->frame_at += n;
	v->packet_len = at + n;
	us = packet_us(v);
	v->packet_end = v->now + us;
	v->watch.send(v->watch.arg, v->now, (struct ml_slice){
	    (const char *)packet, v->packet_len }, us);
	/* another one follows each that is full, be it of nothing */
	v->is_split_done = !(v->header & SPLIT) ||
	    n < ML_LORA_PACKET_MAX;
	if (is_stuck(v))
		v->packet_end = v->now + PACKET_US_MAX;
}

static void
finish(struct ml_vnode *v)
{
	v->is_sending = 0;
	v->has_window = 0;
	v->contend_from = ML_VNODE_NEVER;
	if (is_burst(v))
		vnode_queue_flushed(&v->queue);
	vnode_reckon(v);
}

/* The next frame that can be sent: 1, or 0 when there is none. */
static int
next_frame(struct ml_vnode *v)
{
	size_t len;

	while ((len = vnode_queue_take(&v->queue, v->frame)) > 0) {
		if (!is_burst(v))
			vnode_queue_popped(&v->queue, len);
		if (len > ML_VNODE_FRAME_MAX) {
			vnode_news(v, ML_VNODE_DROPPED, (int)len,
			    (struct ml_slice){ NULL, 0 });
			if (!is_burst(v))
				return 0;
			continue;
		}
		v->frame_len = len;
		if (v->promiscuous && len > 1 + ML_LORA_PACKET_MAX)
			v->frame_len = 1 + ML_LORA_PACKET_MAX;
		v->frame_at = 0;
		v->header = (uint8_t)(ml_dice(&v->dice) & 0xf0);
		if (len > ML_LORA_PACKET_MAX && !v->promiscuous)
			v->header |= SPLIT;
		return 1;
	}
	return 0;
}

void
vnode_packet_done(struct ml_vnode *v)
{
	if (is_stuck(v) || vnode_strikes(v, FAULT_MODEM)) {
		fail(v);
		return;
	}
	vnode_sent(v, v->packet_len);
	if (!v->is_split_done)
		send_packet(v);
	else if (is_burst(v) && next_frame(v))
		send_packet(v);
	else
		finish(v);
}

void
vnode_contend(struct ml_vnode *v)
{
	if (!wants_to_send(v))
		return;
	if (!v->has_window) {
		v->has_window = 1;
		v->window = ((uint64_t)v->window_min +
		    ml_dice_below(&v->dice, (uint64_t)(v->window_max -
		    v->window_min))) * ml_lora_slot_us(&v->used);
	}
	if (v->contend_from == ML_VNODE_NEVER && !v->is_busy)
		v->contend_from = v->now;
	if (v->contend_from == ML_VNODE_NEVER || vnode_contend_at(v) > v->now)
		return;
	v->is_sending = 1;
	if (next_frame(v))
		send_packet(v);
	else
		finish(v);
}

/* A frame is whole.  The loop has only so many places for those it has not
 * yet told of; nothing of promiscuous ones reaches the host. */
static void
whole(struct ml_vnode *v, double rssi, double snr)
{
	struct heard *h;

	if (v->promiscuous)
		return;
	if (v->heard_n == ML_VNODE_HEARD_MAX) {
		vnode_news(v, ML_VNODE_DROPPED, (int)v->half.len,
		    (struct ml_slice){ NULL, 0 });
		return;
	}
	h = &v->heard[v->heard_n++];
	*h = v->half;
	h->rssi = rssi;
	h->snr = snr;
}

static void
add(struct heard *half, struct ml_slice part)
{
	size_t n = sizeof half->bytes - half->len;

	if (n > part.len)
		n = part.len;
	if (n > 0)
		memcpy(half->bytes + half->len, part.p, n);
	half->len += n;
}

void
ml_vnode_heard(struct ml_vnode *v, uint64_t now, struct ml_slice packet,
    double rssi, double snr)
{
	struct ml_slice rest = { packet.p + 1, packet.len - 1 };
	int header, is_second;

	v->now = now;
	if (!v->is_running || !v->is_on || packet.len == 0)
		return;
	v->last_rssi = rssi;
	header = (uint8_t)packet.p[0];
	is_second = (header & SPLIT) && v->sequence == header >> 4;
	if (!is_second)
		v->half.len = 0;
	add(&v->half, rest);
	if (is_second && v->board->platform == ML_RNODE_AVR) {
		rssi = (v->half.rssi + rssi) / 2;
		snr = (v->half.snr + snr) / 2;
	}
	v->half.rssi = rssi;
	v->half.snr = snr;
	v->sequence = (header & SPLIT) && !is_second ? header >> 4 : -1;
	if (v->sequence == -1)
		whole(v, rssi, snr);
}

void
vnode_tell_heard(struct ml_vnode *v)
{
	struct heard *h;
	uint8_t byte;
	size_t i;

	for (i = 0; i < v->heard_n; i++) {
		h = &v->heard[i];
		byte = vnode_rssi(h->rssi);
		vnode_tell(v, ML_RNODE_STAT_RSSI, &byte, 1);
		byte = (uint8_t)(int8_t)lround(fmax(-32, fmin(h->snr, 12)) * 4);
		vnode_tell(v, ML_RNODE_STAT_SNR, &byte, 1);
		vnode_news(v, ML_VNODE_RECEIVED, (int)lround(h->rssi),
		    (struct ml_slice){ (const char *)h->bytes, h->len });
		vnode_tell(v, ML_RNODE_DATA, h->bytes, h->len);
	}
	v->heard_n = 0;
}

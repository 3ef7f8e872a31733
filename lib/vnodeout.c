/* vnodeout - what the host is told, when, and in how many writes */
#include "dice.h"
#include "kiss.h"
#include "vnodework.h"

#define TRICKLE_US 1000			/* between two bytes */

void
vnode_put(struct ml_vnode *v, struct ml_slice bytes)
{
	struct chunk *last;
	uint64_t at = v->now;

	if (vnode_has_fault(v, FAULT_MUTE) || !v->is_plugged ||
	    v->then == THEN_REBOOT ||
	    v->out.len + bytes.len > ML_VNODE_OUT_MAX)
		return;
	if (vnode_has_fault(v, FAULT_SLOW))
		at += v->fault[FAULT_SLOW].number * UINT64_C(1000);
	last = v->chunks > 0 ? &v->chunk[v->chunks - 1] : NULL;
	if (last != NULL && (last->at >= at || v->chunks == CHUNKS))
		last->len += bytes.len;	/* in their order */
	else
		v->chunk[v->chunks++] = (struct chunk){ at, bytes.len };
	ml_buf_slice(&v->out, bytes);
}

void
vnode_garbage(struct ml_vnode *v, size_t n)
{
	char byte;

	for (; n > 0; n--) {
		/* what could be read as a frame would be no garbage */
		do
			byte = (char)ml_dice(&v->dice);
		while ((uint8_t)byte == ML_KISS_FEND);
		vnode_put(v, (struct ml_slice){ &byte, 1 });
	}
}

void
vnode_tell(struct ml_vnode *v, uint8_t command, const void *payload, size_t len)
{
	struct ml_buf b = { 0 };
	int is_cut = command == ML_RNODE_DATA && vnode_strikes(v, FAULT_CUT);
	int hangs_up = vnode_strikes(v, FAULT_HANGUP);

	if (vnode_strikes(v, FAULT_NOISE))
		vnode_garbage(v, 1 + ml_dice_below(&v->dice, 20));
	ml_kiss_write(&b, command, (struct ml_slice){ payload, len });
	if (!ml_buf_failed(&b)) {
		if (is_cut || hangs_up)
			b.len /= 2;
		vnode_put(v, ml_buf_view(&b));
	}
	ml_buf_free(&b);
	if (hangs_up)
		vnode_news(v, ML_VNODE_HANGUP, 0, (struct ml_slice){ NULL, 0 });
	if (is_cut)
		vnode_block(v, 0, THEN_REBOOT);
}

struct ml_slice
ml_vnode_output(struct ml_vnode *v, uint64_t now)
{
	struct ml_slice due = { v->out.p, 0 };

	v->now = now;
	if (v->chunks == 0 || v->chunk[0].at > now || v->trickle_at > now)
		return due;
	due.len = v->chunk[0].len;
	if (due.len > 1 && vnode_has_fault(v, FAULT_TRICKLE))
		due.len = 1;
	return due;
}

void
ml_vnode_wrote(struct ml_vnode *v, uint64_t now, size_t n)
{
	v->now = now;
	if (n == 0 || v->chunks == 0)
		return;
	ml_buf_drop(&v->out, n);
	v->chunk[0].len -= n;
	if (v->chunk[0].len == 0)
		memmove(v->chunk, v->chunk + 1,
		    --v->chunks * sizeof v->chunk[0]);
	v->trickle_at = vnode_has_fault(v, FAULT_TRICKLE) ?
	    now + TRICKLE_US : 0;
}

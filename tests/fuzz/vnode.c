/* vnode: bytes of a host, in one go and one by one: the same answers, and all
 * that is sent has a length that a packet may have */
#include <assert.h>
#include <string.h>

#include "vnode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ROUNDS 4

static void
on_tune(void *arg, uint64_t now, const struct ml_lora *l)
{
	(void)arg;
	(void)now;
	if (l != NULL)
		assert(l->bandwidth >= ML_LORA_BANDWIDTH_MIN &&
		    l->sf >= ML_LORA_SF_MIN && l->sf <= ML_LORA_SF_MAX &&
		    l->cr >= ML_LORA_CR_MIN && l->cr <= ML_LORA_CR_MAX);
}

static void
on_send(void *arg, uint64_t now, struct ml_slice packet, uint64_t us)
{
	(void)arg;
	(void)now;
	assert(packet.len >= 1 && packet.len <= 255 && us > 0);
}

static void
on_news(void *arg, uint64_t now, enum ml_vnode_news what, int number,
    struct ml_slice bytes)
{
	(void)arg;
	(void)now;
	if (what == ML_VNODE_VIOLATION)
		assert(number >= 0 && number < ML_VNODE_VIOLATIONS);
	assert(bytes.len <= ML_VNODE_FRAME_MAX);
}

static void
advance(struct ml_vnode *v, uint64_t *now, uint64_t to, struct ml_buf *out)
{
	struct ml_slice s;
	uint64_t next;
	int ends;

	do {
		next = ml_vnode_next(v);
		ends = next > to;
		*now = ends ? to : next > *now ? next : *now;
		ml_vnode_advance(v, *now);
		while ((s = ml_vnode_output(v, *now)).len > 0) {
			ml_buf_slice(out, s);
			ml_vnode_wrote(v, *now, s.len);
		}
	} while (!ends);
}

/* What it says when the bytes come in pieces of that size. */
static void
run(const char *board, struct ml_slice in, size_t piece, struct ml_buf *out)
{
	struct ml_vnode_watch watch = { NULL, on_tune, on_send, on_news };
	struct ml_vnode *v = ml_vnode_new(ml_vnode_board(board), 1, &watch);
	struct ml_slice part;
	uint64_t now = 0;
	size_t i, at, n;

	assert(v != NULL);
	ml_vnode_plug(v, 0);
	for (i = 0; i < ROUNDS; i++) {
		advance(v, &now, (i + 1) * UINT64_C(7000000), out);
		/* a round of it each, a packet between two of them */
		part.p = in.p + in.len * i / ROUNDS;
		part.len = in.len * (i + 1) / ROUNDS - in.len * i / ROUNDS;
		if (part.len > 0 && part.len < 256)
			ml_vnode_heard(v, now, part, -90, 5);
		for (at = 0; at < part.len; at += n) {
			n = part.len - at < piece ? part.len - at : piece;
			ml_vnode_input(v, now, (struct ml_slice){ part.p + at,
			    n });
		}
	}
	advance(v, &now, UINT64_C(60000000), out);
	ml_vnode_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const boards[] = { "heltec", "lora32", "rak", "avr" };
	struct ml_buf whole = { 0 }, bytes = { 0 };
	struct ml_slice in;
	const char *board;

	if (len == 0)
		return 0;
	board = boards[*data % 4];
	in = (struct ml_slice){ (const char *)data + 1, len - 1 };
	run(board, in, SIZE_MAX, &whole);
	run(board, in, 1, &bytes);
	assert(ml_slice_same(ml_buf_view(&whole), ml_buf_view(&bytes)));
	ml_buf_free(&whole);
	ml_buf_free(&bytes);
	return 0;
}

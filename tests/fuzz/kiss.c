/* kiss: any bytes, in one piece and in pieces of any size, are the same frames;
 * a frame that is written is read again, also behind what was cut */
#include <assert.h>
#include <string.h>

#include "kiss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All frames of in, told as lengths, commands and payloads, when it comes in
 * pieces whose sizes are the bytes of in, or in one. */
static void
read_all(struct ml_slice in, int in_pieces, struct ml_kiss *k,
    struct ml_buf *out)
{
	struct ml_kiss_frame f;
	struct ml_slice piece;
	size_t at, n;

	for (at = 0; at < in.len; at += n) {
		n = in_pieces ? (size_t)(uint8_t)in.p[at] % 7 + 1 : in.len;
		if (n > in.len - at)
			n = in.len - at;
		piece = (struct ml_slice){ in.p + at, n };
		while (ml_kiss_next(k, &piece, &f)) {
			assert(f.payload.len <= ML_KISS_PAYLOAD_MAX);
			assert(f.command != ML_KISS_FEND);
			ml_buf_add(out, (const char *)&f.payload.len,
			    sizeof f.payload.len);
			ml_buf_byte(out, (char)f.command);
			ml_buf_slice(out, f.payload);
		}
		assert(piece.len == 0);
	}
}

/* Behind whatever was there before, k reads what is written. */
static void
write_and_read(struct ml_kiss *k, uint8_t command, struct ml_slice payload)
{
	struct ml_buf wire = { 0 };
	struct ml_slice in;
	struct ml_kiss_frame f;
	size_t i;
	int last = 0;

	ml_kiss_write(&wire, command, payload);
	assert(!ml_buf_failed(&wire));
	for (i = 1; i + 1 < wire.len; i++)
		assert((uint8_t)wire.p[i] != ML_KISS_FEND);
	in = ml_buf_view(&wire);
	/* its first C0 may end something */
	while (ml_kiss_next(k, &in, &f))
		last = f.command == command &&
		    ml_slice_same(f.payload, payload) && in.len == 0;
	assert(last);
	ml_buf_free(&wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice in = { (const char *)data, len };
	struct ml_kiss one = { 0 }, two = { 0 };
	struct ml_buf whole = { 0 }, pieces = { 0 };

	read_all(in, 0, &one, &whole);
	read_all(in, 1, &two, &pieces);
	assert(ml_slice_same(ml_buf_view(&whole), ml_buf_view(&pieces)));
	assert(one.dropped == two.dropped && one.len == two.len &&
	    one.is_open == two.is_open && one.is_escaped == two.is_escaped);
	if (len > 0 && len - 1 <= ML_KISS_PAYLOAD_MAX && *data != ML_KISS_FEND)
		write_and_read(&one, *data,
		    (struct ml_slice){ in.p + 1, in.len - 1 });
	ml_kiss_reset(&two);
	assert(two.len == 0 && !two.is_open && !ml_kiss_reset(&two));
	ml_buf_free(&whole);
	ml_buf_free(&pieces);
	return 0;
}

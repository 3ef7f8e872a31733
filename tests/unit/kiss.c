/* kiss - golden frames both ways, and what is cut, too long or no frame */
#include "given.h"
#include "kiss.h"
#include "unit.h"

static struct ml_slice
bytes(const char *p, size_t len)
{
	return (struct ml_slice){ p, len };
}
#define BYTES(literal) bytes(literal, sizeof (literal) - 1)

static void
check_golden(void)
{
	static const struct {
		uint8_t command;
		struct ml_slice payload, wire;
	} given[] = {
		{ 0x01, { "\x36\x89\xca\xc0", 4 },
		    { "\xc0\x01\x36\x89\xca\xdb\xdc\xc0", 8 } },
		{ 0x01, { "\x19\xdb\x43\x40", 4 },
		    { "\xc0\x01\x19\xdb\xdd\x43\x40\xc0", 8 } },
		{ 0x08, { "\x73", 1 }, { "\xc0\x08\x73\xc0", 4 } },
		{ 0x00, { "", 0 }, { "\xc0\x00\xc0", 3 } },
		{ 0x00, { "\xc0\xc0\xdb\xdb\xdc\xdd", 6 },
		    { "\xc0\x00\xdb\xdc\xdb\xdc\xdb\xdd\xdb\xdd\xdc\xdd\xc0", 13 } },
	};
	struct ml_buf out = { 0 };
	struct ml_kiss k = { 0 };
	struct ml_kiss_frame f;
	struct ml_slice in;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		ml_buf_clear(&out);
		ml_kiss_write(&out, given[i].command, given[i].payload);
		ok(ml_slice_same(ml_buf_view(&out), given[i].wire),
		    "command %02x is written", given[i].command);
		in = given[i].wire;
		ok(ml_kiss_next(&k, &in, &f) && f.command == given[i].command &&
		    ml_slice_same(f.payload, given[i].payload) && in.len == 0,
		    "and read");
	}
	ml_buf_free(&out);
}

/* How many frames a stream has, given whole and byte by byte; the last one's
 * command and length. */
static size_t
count(struct ml_slice text, struct ml_kiss_frame *last, uint64_t *dropped)
{
	static struct ml_kiss k;	/* whose bytes the last frame has */
	struct ml_kiss slow = { 0 };
	struct ml_slice in = text, one;
	struct ml_kiss_frame f;
	size_t n = 0, again = 0, i;

	memset(&k, 0, sizeof k);
	while (ml_kiss_next(&k, &in, &f)) {
		n++;
		*last = f;
	}
	for (i = 0; i < text.len; i++) {
		one = bytes(text.p + i, 1);
		while (ml_kiss_next(&slow, &one, &f))
			again++;
	}
	*dropped = k.dropped;
	return n == again && k.dropped == slow.dropped ? n : SIZE_MAX;
}

static void
check_streams(void)
{
	struct ml_buf long_one = { 0 };
	struct ml_kiss k = { 0 };
	struct ml_kiss_frame f;
	struct ml_slice in;
	uint64_t dropped;
	size_t i;

	ok(count(BYTES("noise\x08\x46"), &f, &dropped) == 0, "no C0, no frame");
	ok(count(BYTES("\xc0\xc0\xc0\xc0"), &f, &dropped) == 0,
	    "several C0 in a row");
	ok(count(BYTES("x\xc0\x08\x46\xc0\x50\x01\x56\xc0"), &f, &dropped) == 2 &&
	    f.command == 0x50 && f.payload.len == 2, "a C0 that two frames share");
	ok(count(BYTES("\xc0\x00" "cut\xc0\x55\xf8\xc0"), &f, &dropped) == 2 &&
	    f.command == 0x55, "a reset after a frame that was cut is heard");
	ok(count(BYTES("\xc0\x00\xdb\xc0\x00\xdc\xc0"), &f, &dropped) == 2 &&
	    ml_slice_is(f.payload, "\xdc"),
	    "an escape that was cut spoils nothing");
	ok(count(BYTES("\xc0\x00\xdb" "A\xc0"), &f, &dropped) == 1 &&
	    ml_slice_is(f.payload, "A"), "an escape of another byte is that byte");
	ok(count(BYTES("\xc0\xdb\xdc\xc0"), &f, &dropped) == 1 &&
	    f.command == 0xdb && f.payload.len == 1,
	    "a command is never escaped");

	for (i = 0; i <= 1; i++) {
		ml_buf_clear(&long_one);
		ml_buf_str(&long_one, "\xc0\x01");
		while (long_one.len < 2 + ML_KISS_PAYLOAD_MAX + i)
			ml_buf_byte(&long_one, 'x');
		ml_buf_str(&long_one, "\xc0\x02y\xc0");
		ok(count(ml_buf_view(&long_one), &f, &dropped) == 2 - i &&
		    f.command == 2 && dropped == i,
		    i ? "one byte over the limit: dropped, the next is read" :
		    "as long as the limit");
	}
	in = BYTES("\xc0\x01" "abc");
	ok(!ml_kiss_next(&k, &in, &f) && ml_kiss_reset(&k) == 1 &&
	    ml_kiss_reset(&k) == 0 && k.dropped == 1, "what does not end goes");
	in = BYTES("def\xc0");
	ok(!ml_kiss_next(&k, &in, &f), "and its end is none");
	ml_buf_free(&long_one);
}

static void
check_random(void)
{
	static const char special[] = "\xc0\xdb\xdc\xdd";
	struct ml_buf out = { 0 };
	struct ml_kiss k = { 0 };
	struct ml_kiss_frame f;
	struct ml_slice in;
	char payload[600];
	uint64_t state = 7;
	size_t round, i, len, wrong = 0;

	for (round = 0; round < 3000; round++) {
		len = given_below(&state, sizeof payload);
		for (i = 0; i < len; i++)
			payload[i] = given_below(&state, 2) ?
			    special[given_below(&state, 4)] :
			    (char)given_random(&state);
		ml_buf_clear(&out);
		ml_kiss_write(&out, 0, bytes(payload, len));
		in = ml_buf_view(&out);
		wrong += out.len > 2 * len + 3 || !ml_kiss_next(&k, &in, &f) ||
		    f.command != 0 || !ml_slice_same(f.payload,
		    bytes(payload, len)) || in.len > 0;
	}
	ok(wrong == 0, "3000 random payloads come back, %zu wrong", wrong);
	ml_buf_free(&out);
}

int
main(void)
{
	check_golden();
	check_streams();
	check_random();
	return unit_done();
}

/* rnode: any frame of a device is heard or is not, and any bytes of it at any
 * time leave a radio within its limits */
#include <assert.h>
#include <string.h>

#include "radio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define OUT_MAX 4096		/* bytes for a port that takes none */
#define ROUNDS_MAX 400

struct given {
	const uint8_t *p;
	size_t len;
};

struct play {
	struct ml_radio *radio;
	struct ml_radio_wish wish;
	uint64_t now;
	int leaving;
};

static uint8_t
byte_of(struct given *g)
{
	if (g->len == 0)
		return 0;
	g->len--;
	return *g->p++;
}

static void
check_event(const struct ml_radio_event *e)
{
	switch (e->what) {
	case ML_RADIO_FRAME:
		assert(e->frame.len >= 1 && e->frame.len <= ML_RNODE_DATA_MAX);
		break;
	case ML_RADIO_SENT:
		assert(e->count >= 1 && e->count <= ML_RADIO_AHEAD);
		break;
	case ML_RADIO_LOST:
	case ML_RADIO_DOWN:
	case ML_RADIO_REFUSED:
		assert(e->why != NULL && e->count <= ML_RADIO_AHEAD);
		break;
	case ML_RADIO_NOTE:
		assert(e->why != NULL);
		break;
	default:
		break;
	}
}

static void
take(struct play *p, struct ml_slice in)
{
	struct ml_radio_event e;
	size_t turns = in.len + 16;	/* what happens takes a byte, or is due */
	unsigned n, unread;

	while (ml_radio_take(p->radio, p->now, &in, &e)) {
		assert(turns-- > 0);
		check_event(&e);
	}
	n = ml_radio_outstanding(p->radio, &unread);
	assert(in.len == 0 && n <= ML_RADIO_AHEAD && unread <= n);
	assert(ml_radio_out(p->radio).len <= OUT_MAX);
}

/* What a device answers to what it is told, if all goes well. */
static void
answer(struct ml_buf *out, const struct ml_kiss_frame *f,
    const struct ml_lora *is)
{
	switch (f->command) {
	case ML_RNODE_DATA: case ML_RNODE_LEAVE:
		break;
	case ML_RNODE_DETECT:
		ml_rnode_tell(out, ML_RNODE_DETECT, ML_RNODE_DETECT_ANSWER);
		break;
	case ML_RNODE_FW_VERSION:
		ml_kiss_write(out, f->command, (struct ml_slice){ "\1\126", 2 });
		break;
	case ML_RNODE_PLATFORM: case ML_RNODE_MCU: case ML_RNODE_BOARD:
		ml_rnode_tell(out, f->command, ML_RNODE_ESP32);
		break;
	case ML_RNODE_READY:
		ml_rnode_tell(out, ML_RNODE_READY, 1);
		break;
	case ML_RNODE_FREQUENCY:
		ml_rnode_tell(out, f->command, is->frequency);
		break;
	case ML_RNODE_BANDWIDTH:
		ml_rnode_tell(out, f->command, is->bandwidth);
		break;
	case ML_RNODE_TXPOWER:
		ml_rnode_tell(out, f->command, (uint32_t)is->power);
		break;
	case ML_RNODE_SF:
		ml_rnode_tell(out, f->command, (uint32_t)is->sf);
		break;
	case ML_RNODE_CR:
		ml_rnode_tell(out, f->command, (uint32_t)is->cr);
		break;
	default:
		ml_kiss_write(out, f->command, f->payload);
	}
}

/* The port takes n bytes; a good device answers what is whole of them. */
static void
write_port(struct play *p, size_t n, int is_good)
{
	struct ml_slice out = ml_radio_out(p->radio);
	struct ml_kiss kiss = { 0 };
	struct ml_kiss_frame f;
	struct ml_buf answers = { 0 };

	if (n < out.len)
		out.len = n;
	n = out.len;
	while (is_good && ml_kiss_next(&kiss, &out, &f))
		answer(&answers, &f, &p->wish.lora);
	ml_radio_wrote(p->radio, p->now, n);
	take(p, ml_buf_view(&answers));
	ml_buf_free(&answers);
}

/* All its questions are answered until it has none: it is up, mostly. */
static void
come_up(struct play *p)
{
	int round;

	for (round = 0; round < 24 && ml_radio_out(p->radio).len > 0; round++)
		write_port(p, SIZE_MAX, 1);
}

static void
send_frame(struct play *p, size_t len)
{
	static const char zeros[ML_LORA_FRAME_MAX];

	if (!ml_radio_room(p->radio))
		return;
	ml_radio_send(p->radio, p->now, (struct ml_slice){ zeros,
	    len % ML_LORA_FRAME_MAX + 1 });
	take(p, (struct ml_slice){ NULL, 0 });
}

static void
let_time_pass(struct play *p, uint8_t how)
{
	uint64_t due = ml_radio_due(p->radio);

	if (how % 2 == 0 && due != UINT64_MAX && due > p->now)
		p->now = due;
	else
		p->now += (uint64_t)how * how * 1000;
	take(p, (struct ml_slice){ NULL, 0 });
}

static void
begin(struct play *p)
{
	p->leaving = 0;
	ml_radio_gone(p->radio);
	ml_radio_begin(p->radio, p->now);
}

static void
step(struct play *p, struct given *g)
{
	uint8_t what = byte_of(g);
	size_t n;

	switch (what % 8) {
	case 0: let_time_pass(p, byte_of(g)); break;
	case 1: write_port(p, SIZE_MAX, 1); break;
	case 2: write_port(p, byte_of(g), what / 8 % 2); break;
	case 3: come_up(p); break;
	case 4: send_frame(p, (size_t)byte_of(g) * 2); break;
	case 5:
		if (what < 32)
			begin(p);
		else if (!p->leaving) {
			p->leaving = 1;
			ml_radio_leave(p->radio, p->now);
		}
		break;
	default:
		n = byte_of(g);
		if (n > g->len)
			n = g->len;
		take(p, (struct ml_slice){ (const char *)g->p, n });
		g->p += n;
		g->len -= n;
	}
}

/* Any command with any payload. */
static void
hear(const uint8_t *data, size_t len)
{
	struct ml_kiss_frame f = { *data, { (const char *)data + 1, len - 1 } };
	struct ml_rnode_said s;

	if (ml_rnode_hear(&s, &f)) {
		assert(s.what == f.command);
		assert(s.data.len <= ML_RNODE_DATA_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct play p = { .now = 1000000, .wish = { .lora = { ML_LORA_SX126X,
	    867200000, 125000, 8, 5, 7 }, .short_lock = -1, .long_lock = -1 } };
	struct given g = { data, len };
	int rounds;
	uint8_t how;

	if (len == 0)
		return 0;
	hear(data, len);
	how = byte_of(&g);
	p.wish.probe = how % 4 == 3;
	p.wish.keepalive = how & 4 ? 3500000 : 0;
	p.wish.long_lock = how & 8 ? 100 : -1;
	p.wish.lora.sf = how & 16 ? 12 : 7;
	if ((p.radio = ml_radio_new(&p.wish)) == NULL)
		return 0;
	begin(&p);
	for (rounds = 0; rounds < ROUNDS_MAX && g.len > 0; rounds++)
		step(&p, &g);
	ml_radio_free(p.radio);
	return 0;
}

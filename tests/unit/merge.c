/* merge - two workers in memory: the output is right, the work is shared */
#include "given.h"
#include "merge.h"
#include "radix.h"
#include "unit.h"

#define SPAN (UINT64_C(1) << 31)
#define VALUES 20000
#define MESSAGES 4000

struct side {
	struct ml_merge m;
	struct ml_merge_port port;
	uint64_t v[VALUES];
	struct ml_mergemsg inbox[MESSAGES];
	size_t came, read;
	struct side *other;
};

static struct side side[2];
static uint64_t dice = 1;
static struct ml_buf output;
static unsigned messages;

static int
own(void *arg, uint64_t i, uint64_t *v)
{
	*v = ((struct side *)arg)->v[i];
	return 0;
}

static int
receive(void *arg, struct ml_mergemsg *m)
{
	struct side *s = arg;

	if (s->read == s->came)
		return 0;
	*m = s->inbox[s->read++];
	return 1;
}

static void
begin(int who, size_t n)
{
	struct side *s = &side[who];
	static struct ml_radix radix;
	static uint64_t scratch[VALUES];

	ml_radix_sort(&radix, s->v, scratch, n);
	ml_merge_begin(&s->m, who, n, n > 0 ? s->v[0] : 0,
	    n > 0 ? s->v[n - 1] : 0);
	ml_buf_free(&s->port.out);
	s->port = (struct ml_merge_port){ .arg = s, .own = own,
	    .receive = receive };
	s->came = s->read = 0;
	s->other = &side[!who];
}

/* One step: 0 when it is the last one, -1 when it failed. */
static int
step(struct side *s)
{
	int turn = (int)s->m.turn;
	struct ml_buf line = { 0 };
	enum ml_merge_did did = ml_merge_step(&s->m, &s->port);

	if (s->port.out.len > 0) {
		if (!turn || s->m.output_len != output.len + s->port.out.len)
			return -1;
		ml_buf_slice(&output, ml_buf_view(&s->port.out));
		ml_buf_clear(&s->port.out);
	}
	if (did == ML_MERGE_SAID) {
		/* as it would come through a file */
		ml_mergemsg_write(&s->port.message, &line);
		if (s->other->came == MESSAGES || ml_mergemsg_read(
		    &s->other->inbox[s->other->came++], ml_buf_view(&line)) !=
		    NULL)
			return -1;
		messages++;
	}
	ml_buf_free(&line);
	return did == ML_MERGE_FAILED ? -1 : did != ML_MERGE_ENDED;
}

/* Merge: whether the output is what it must be. */
static int
merged(size_t a, size_t b)
{
	static struct ml_radix radix;
	static uint64_t all[2 * VALUES], scratch[2 * VALUES];
	struct ml_buf wanted = { 0 };
	int rc[2] = { 1, 1 }, same;
	size_t i, n;

	ml_buf_clear(&output);
	messages = 0;
	begin(0, a);
	begin(1, b);
	for (n = 0; n < 100000 && (rc[0] == 1 || rc[1] == 1) &&
	    rc[0] >= 0 && rc[1] >= 0; n++)
		for (i = 0; i < 2; i++)
			if (rc[i] == 1)
				rc[i] = step(&side[i]);
	memcpy(all, side[0].v, a * sizeof *all);
	memcpy(all + a, side[1].v, b * sizeof *all);
	ml_radix_sort(&radix, all, scratch, a + b);
	for (i = 0; i < a + b; i++) {
		ml_buf_int(&wanted, (int64_t)all[i] - INT64_C(2147483648));
		ml_buf_byte(&wanted, '\n');
	}
	same = rc[0] == 0 && rc[1] == 0 && wanted.len == output.len &&
	    (wanted.len == 0 || memcmp(wanted.p, output.p, wanted.len) == 0) &&
	    side[0].m.output_len == output.len &&
	    side[1].m.output_len == output.len &&
	    side[0].m.written + side[1].m.written == a + b &&
	    side[0].m.sent == side[1].m.received &&
	    side[1].m.sent == side[0].m.received &&
	    side[0].m.sent + side[1].m.sent == messages;
	ml_buf_free(&wanted);
	return same;
}

static void
draw(int who, size_t n, uint64_t from, uint64_t span)
{
	size_t i;

	for (i = 0; i < n; i++)
		side[who].v[i] = from + ml_dice_below(&dice, span);
}

static double
balance(void)
{
	double a = (double)side[0].m.comparisons,
	    b = (double)side[1].m.comparisons;

	return a < b ? a / b : b / a;
}

static void
check_targets(void)
{
	double least = 1, sum = 0;
	unsigned i, most = 0, right = 0, long_is_a;
	uint64_t all = 0;

	for (long_is_a = 0; long_is_a < 2; long_is_a++)
		for (i = 0; i < 200; i++) {
			draw(!long_is_a, 5000, SPAN, SPAN);
			draw((int)long_is_a, 1000, SPAN, SPAN);
			right += (unsigned)merged(long_is_a ? 5000 : 1000,
			    long_is_a ? 1000 : 5000);
			if (balance() < least)
				least = balance();
			sum += balance();
			all += messages;
			if (messages > most)
				most = messages;
		}
	ok(right == 400, "5,000 and 1,000 random values, %u of 400 right", right);
	ok(least >= 0.95, "balance %.4f at the worst, %.4f in the mean", least,
	    sum / 400);
	ok(most <= 82, "%u messages at the most, %.2f in the mean", most,
	    (double)all / 400);
}

/* Small sides, of values from few: every way in which they can lie. */
static void
check_small(void)
{
	unsigned i, right = 0;
	size_t a, b;

	for (i = 0; i < 20000; i++) {
		a = given_below(&dice, 9);
		b = given_below(&dice, 9);
		draw(0, a, given_below(&dice, 12), 1 + given_below(&dice, 12));
		draw(1, b, given_below(&dice, 12), 1 + given_below(&dice, 12));
		right += (unsigned)merged(a, b);
	}
	ok(right == 20000, "%u of 20,000 small ones right", right);
}

/* From evenly to in one heap, over all there may be. */
static void
check_skewed(void)
{
	static const size_t sizes[][2] = { { 1, 5000 }, { 5000, 1 },
	    { 20000, 10 }, { 300, 20000 }, { 4000, 4000 }, { 2, 2 } };
	unsigned i, k, shift, right = 0;
	size_t n;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (shift = 0; shift < 32; shift += 4) {
			for (k = 0; k < 2; k++)
				for (n = 0; n < sizes[i][k]; n++)
					side[k].v[n] = given_random(&dice) >>
					    (32 + given_below(&dice, 1 + shift));
			right += (unsigned)merged(sizes[i][0], sizes[i][1]);
		}
	ok(right == i * 8, "%u of %u skewed ones right", right, i * 8);
}

static void
check_disjoint(void)
{
	draw(0, 5000, 0, 1000);
	draw(1, 1000, 2000, 1000);
	ok(merged(5000, 1000) && messages == 4, "disjoint: 4 messages");
	draw(0, 5000, 5000, 1000);
	ok(merged(5000, 1000) && messages == 4, "the other way round");
}

int
main(void)
{
	check_small();
	check_skewed();
	check_disjoint();
	check_targets();
	return unit_done();
}

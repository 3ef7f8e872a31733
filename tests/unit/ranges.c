/* ranges - a set of numbers, against a plain one */
#include "dice.h"
#include "ranges.h"
#include "unit.h"

#define MOST 4000

struct seen {
	const uint8_t *in;
	uint64_t next, wrong, n;
};

static void
see(void *arg, uint64_t low, uint64_t high)
{
	struct seen *s = arg;
	uint64_t v;

	s->n++;
	s->wrong += low > high || low < s->next;
	for (v = s->next; v < low; v++)
		s->wrong += s->in[v] != 0;
	for (v = low; v <= high; v++)
		s->wrong += s->in[v] == 0;
	s->wrong += s->in[high + 1] != 0;
	s->next = high + 2;
}

static void
check_random(uint64_t limit, unsigned adds, uint64_t seed)
{
	static uint8_t in[MOST + 2];
	struct ml_ranges *r = ml_ranges_new();
	struct seen s = { in, 0, 0, 0 };
	uint64_t v, wrong = 0;
	unsigned i;

	memset(in, 0, sizeof in);
	for (i = 0; i < adds; i++) {
		v = ml_dice_below(&seed, limit);
		wrong += ml_ranges_has(r, v) != in[v];
		wrong += ml_ranges_add(r, v) != !in[v];
		in[v] = 1;
	}
	ml_ranges_each(r, &s, see);
	for (v = s.next; v < MOST; v++)
		s.wrong += in[v] != 0;
	ok(wrong == 0 && s.wrong == 0 && s.n == ml_ranges_count(r),
	    "%u numbers below %u", adds, (unsigned)limit);
	ml_ranges_free(r);
}

static void
check_append(void)
{
	struct ml_ranges *r = ml_ranges_new();

	ok(ml_ranges_append(r, 0, 4) == 0, "0 to 4");
	ok(ml_ranges_append(r, 0, 0) == -1, "what is there is refused");
	ok(ml_ranges_append(r, 5, 6) == -1, "what touches is refused");
	ok(ml_ranges_append(r, 3, 9) == -1, "what overlaps is refused");
	ok(ml_ranges_append(r, 9, 8) == -1, "what is upside down is refused");
	ok(ml_ranges_append(r, 6, 8) == 0, "6 to 8");
	ok(ml_ranges_add(r, 5) == 1 && ml_ranges_count(r) == 1, "5 joins them");
	ok(ml_ranges_has(r, 8) && !ml_ranges_has(r, 9), "up to 8");
	ml_ranges_free(r);
}

static void
check_max(void)
{
	struct ml_ranges *r = ml_ranges_new();
	uint64_t v;

	for (v = 0; v <= ML_RANGES_MAX; v++)
		ml_ranges_add(r, 2 * v);
	ok(ml_ranges_count(r) == ML_RANGES_MAX, "never more than may be");
	ok(!ml_ranges_has(r, 0), "the lowest is forgotten");
	ok(ml_ranges_has(r, 2) && ml_ranges_has(r, 2 * ML_RANGES_MAX),
	    "the others are there");
	ml_ranges_free(r);
}

int
main(void)
{
	check_random(20, 30, 1);
	check_random(700, 300, 2);
	check_random(MOST, 2000, 3);
	check_random(MOST, 8000, 4);
	check_append();
	check_max();
	return unit_done();
}

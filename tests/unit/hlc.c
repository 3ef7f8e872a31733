/* hlc - the golden clocks step by step, order, and the counter's limit */
#include "given.h"
#include "hlc.h"
#include "number.h"
#include "unit.h"
#include "vectors.h"

/* Of any size: a clock's counter may pass what events may carry. */
static int64_t
number(struct ml_slice text)
{
	return strtoll(text.p, NULL, 10);
}

static int64_t
integer(struct ml_slice object, const char *name)
{
	struct ml_slice s;

	if (!ml_json_member(object, name, &s)) {
		fprintf(stderr, "hlc.jsonl: no %s\n", name);
		exit(1);
	}
	return number(s);
}

static struct ml_hlc
stamp(struct ml_slice object, const char *name)
{
	struct ml_slice s, key, wall, counter;
	struct ml_json j;

	if (ml_json_member(object, name, &s)) {
		j = ml_json_enter(s);
		if (ml_json_next(&j, &key, &wall) &&
		    ml_json_next(&j, &key, &counter))
			return (struct ml_hlc){ number(wall), number(counter) };
	}
	fprintf(stderr, "hlc.jsonl: no stamp %s\n", name);
	exit(1);
}

static void
check_clock(struct ml_slice line, unsigned long at)
{
	struct ml_hlc clock, got, want;
	struct ml_slice steps, key, step, op;
	struct ml_json j;
	unsigned long n = 0;

	clock = (struct ml_hlc){ integer(line, "wall"),
	    integer(line, "counter") };
	ml_json_member(line, "steps", &steps);
	for (j = ml_json_enter(steps); ml_json_next(&j, &key, &step);) {
		n++;
		want = stamp(step, "out");
		ml_json_member(step, "op", &op);
		got = ml_slice_is(op, "\"now\"") ?
		    ml_hlc_now(&clock, integer(step, "phys")) :
		    ml_hlc_update(&clock, stamp(step, "remote"),
		    integer(step, "phys"));
		ok(ml_hlc_compare(got, want) == 0 &&
		    ml_hlc_compare(clock, want) == 0,
		    "line %lu, step %lu: [%lld,%lld]", at, n,
		    (long long)want.wall, (long long)want.counter);
	}
	ok(n > 0, "line %lu has steps", at);
}

static void
check_order(void)
{
	static const struct ml_hlc ascending[] = {
	    { -ML_INT_MAX, -ML_INT_MAX }, { -ML_INT_MAX, ML_INT_MAX },
	    { -1, -1 }, { -1, 0 }, { 0, -1 }, { 0, 0 }, { 0, 1 },
	    { 1, -ML_INT_MAX }, { ML_INT_MAX, 0 },
	    { ML_INT_MAX, ML_INT_MAX } };
	size_t i, j, n = sizeof ascending / sizeof ascending[0];
	int got, right = 1;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			got = ml_hlc_compare(ascending[i], ascending[j]);
			right &= (got > 0) == (i > j) && (got < 0) == (i < j);
		}
	ok(right, "stamps are ordered by wall, then counter");
}

static void
check_mint(void)
{
	static const int64_t wall = INT64_C(1700000000000);
	static const struct {
		const char *what;
		struct ml_hlc clock;
		int64_t phys;
		struct ml_hlc want;
	} table[] = {
		{ "time went on", { 1700000000000, 7 }, 1700000000001,
		    { 1700000000001, 0 } },
		{ "time stands still", { 1700000000000, 7 }, 1700000000000,
		    { 1700000000000, 8 } },
		{ "time went back", { 1700000000000, 7 }, 5,
		    { 1700000000000, 8 } },
		{ "up to the limit", { 1700000000000, ML_HLC_COUNTER_MAX - 1 },
		    1700000000000, { 1700000000000, ML_HLC_COUNTER_MAX } },
		{ "beyond the limit", { 1700000000000, ML_HLC_COUNTER_MAX },
		    1700000000000, { 1700000000001, 0 } },
		{ "far beyond", { 1700000000000, ML_INT_MAX }, 0,
		    { 1700000000001, 0 } },
		{ "beyond, and time went on", { 1700000000000, ML_INT_MAX },
		    1700000000009, { 1700000000009, 0 } },
		{ "before 1970", { -5, ML_HLC_COUNTER_MAX }, -5, { -4, 0 } },
	};
	struct ml_hlc clock, got, last;
	size_t i;
	int later = 1;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		clock = table[i].clock;
		got = ml_hlc_mint(&clock, table[i].phys);
		ok(ml_hlc_compare(got, table[i].want) == 0 &&
		    ml_hlc_compare(clock, got) == 0, "minting: %s",
		    table[i].what);
		ok(ml_hlc_compare(got, table[i].clock) > 0,
		    "minting: %s, and it lies after", table[i].what);
	}
	clock = last = (struct ml_hlc){ wall, ML_HLC_COUNTER_MAX - 3 };
	for (i = 0; i < 8; i++, last = got) {
		got = ml_hlc_mint(&clock, wall);
		later &= ml_hlc_compare(got, last) > 0;
	}
	ok(later && last.wall == wall + 1 && last.counter == 4,
	    "stamps grow across the limit");
}

int
main(void)
{
	struct ml_lines lines = vectors_open("hlc.jsonl");
	struct ml_slice line;

	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END)
		check_clock(line, (unsigned long)lines.number);
	ok(lines.number == 26, "all of the golden clocks");
	vectors_close(&lines);
	check_order();
	check_mint();
	return unit_done();
}

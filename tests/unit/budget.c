/* budget - no hour holds more than was granted, whatever is booked when */
#include "budget.h"
#include "given.h"
#include "radioplan.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)
#define HOUR ML_BUDGET_WINDOW

static void
check_by_hand(void)
{
	struct ml_budget b = { 0 };

	ok(ml_budget_used(&b, 5) == 0 && ml_budget_when(&b, 5, 10, 10) == 5,
	    "an empty account grants all at once");
	ok(ml_budget_when(&b, 5, 10, 11) == UINT64_MAX,
	    "and never more than it has");
	ok(ml_budget_set(&b, (struct ml_budget_entry){ 1, 100, 6 }) == 0 &&
	    ml_budget_set(&b, (struct ml_budget_entry){ 2, 200, 4 }) == 0,
	    "two entries");
	ok(ml_budget_used(&b, 100) == 10 && ml_budget_used(&b, 0) == 10,
	    "what is booked for later counts");
	ok(ml_budget_when(&b, 150, 10, 1) == 100 + HOUR,
	    "the first one ends an hour after its end");
	ok(ml_budget_when(&b, 150, 10, 7) == 200 + HOUR, "or the second one");
	ok(ml_budget_used(&b, 100 + HOUR - 1) == 10 &&
	    ml_budget_used(&b, 100 + HOUR) == 4, "to the microsecond");
	ml_budget_set(&b, (struct ml_budget_entry){ 2, 90, 0 });
	ok(b.n == 2 && ml_budget_used(&b, 90 + HOUR) == 6,
	    "an end that is another");
	ml_budget_expire(&b, 100 + HOUR);
	ok(b.n == 0, "all is over");
	ml_budget_free(&b);
}

static void
check_merge(void)
{
	struct ml_budget b = { 0 };
	uint64_t until;
	size_t i;

	for (i = 0; i < 10; i++)
		ml_budget_add(&b, (struct ml_budget_entry){ i,
		    100 * (i + 1), 1 });
	/* ends 100 to 1000; of those before 800, each three are one */
	ml_budget_merge(&b, 800, 300);
	ok(b.n == 6 && ml_budget_used(&b, 0) == 10, "ten are six: %zu", b.n);
	ok(ml_budget_used(&b, 299 + HOUR) == 10 &&
	    ml_budget_used(&b, 300 + HOUR) == 7 &&
	    ml_budget_used(&b, 599 + HOUR) == 7 &&
	    ml_budget_used(&b, 600 + HOUR) == 4 &&
	    ml_budget_used(&b, 700 + HOUR) == 3, "none counts for less long");
	ok(ml_budget_end(&b, 7, &until) && until == 800 &&
	    !ml_budget_end(&b, 0, &until), "who has not ended keeps the key");
	ml_budget_set(&b, (struct ml_budget_entry){ 9, 850, 1 });
	ok(b.n == 6 && ml_budget_used(&b, 900 + HOUR) == 0,
	    "and can be given another end");
	ml_budget_add(&b, (struct ml_budget_entry){ 20, 1, UINT64_MAX });
	ok(ml_budget_used(&b, 0) == UINT64_MAX &&
	    ml_budget_when(&b, 1, 10, 1) == 300 + HOUR, "too much is too much");
	ml_budget_free(&b);
}

/* Sendings as they came about: the most in any hour, by brute force. */
struct sent {
	uint64_t from, to;
};

static uint64_t
most_in_an_hour(const struct sent *s, size_t n)
{
	uint64_t most = 0, sum, from, to, begin;
	size_t i, j;

	for (i = 0; i < n; i++) {
		begin = s[i].from;
		for (sum = 0, j = 0; j < n; j++) {
			from = s[j].from > begin ? s[j].from : begin;
			to = s[j].to < begin + HOUR ? s[j].to : begin + HOUR;
			if (to > from)
				sum += to - from;
		}
		if (sum > most)
			most = sum;
	}
	return most;
}

static void
check_at_random(void)
{
	static struct sent sent[2000];
	struct ml_budget b = { 0 };
	uint64_t state = 3, now = 0, when, airtime, limit = 36 * SECOND, most;
	size_t n, waits = 0;

	for (n = 0; n < sizeof sent / sizeof sent[0]; n++) {
		now += given_below(&state, 30 * SECOND);
		airtime = 1 + given_below(&state, 3 * SECOND);
		when = ml_budget_when(&b, now, limit, airtime);
		if (when > now) {
			waits++;
			/* not a moment sooner */
			if (ml_budget_when(&b, when - 1, limit, airtime) != when)
				break;
			now = when;
		}
		if (ml_budget_when(&b, now, limit, airtime) != now)
			break;
		sent[n] = (struct sent){ now, now + airtime };
		ml_budget_set(&b, (struct ml_budget_entry){ n,
		    now + airtime, airtime });
		ml_budget_expire(&b, now);
	}
	most = most_in_an_hour(sent, n);
	ok(n == sizeof sent / sizeof sent[0], "2000 sendings");
	ok(waits > 100, "that had to wait %zu times", waits);
	ok(most <= limit && most > limit * 9 / 10,
	    "%.3f s in the fullest hour, of %.0f", (double)most / SECOND,
	    (double)limit / SECOND);
	ok(b.n < 200, "no more is kept than counts: %zu", b.n);
	ml_budget_free(&b);
}

/* A plan comes to what would be, had each frame asked when it could go. */
static void
check_plan(uint64_t limit)
{
	struct ml_radioplan p = { .lora = { ML_LORA_SX126X, 867200000, 125000,
	    8, 5, 14 }, .limit = limit };
	struct ml_budget b = { 0 };
	uint64_t state = 5, now = 2 * HOUR, us, wrong = 0;
	size_t i, len;

	for (i = 0; i < 200; i++)	/* some are over, some yet to end */
		ml_budget_add(&b, (struct ml_budget_entry){ i, HOUR / 2 +
		    given_below(&state, 2 * HOUR), given_below(&state, SECOND) });
	ml_radioplan_begin(&p, &b, now);
	for (i = 0; i < 5000; i++) {
		len = 1 + given_below(&state, ML_LORA_FRAME_MAX);
		us = ml_lora_frame_us(&p.lora, len);
		now = ml_budget_when(&b, now, limit, us) + us;
		ml_budget_add(&b, (struct ml_budget_entry){ i, now, us });
		ml_budget_expire(&b, now);
		wrong += ml_radioplan_add(&p, len) != NULL || p.at != now;
	}
	ok(wrong == 0 && p.frames == 5000, "5000 frames, %.0f s of each hour: "
	    "all planned as they would go", (double)limit / SECOND);
	ok(limit == HOUR || p.budget.n < 2500, "no more is kept than counts: %zu", p.budget.n);
	ml_budget_free(&p.budget);
	ml_budget_free(&b);
}

int
main(void)
{
	check_plan(36 * SECOND);
	check_plan(720 * SECOND);
	check_plan(HOUR);
	check_by_hand();
	check_merge();
	check_at_random();
	return unit_done();
}

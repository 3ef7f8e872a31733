/* wait - slots, their order, copies, seals, and a slot that somebody floods */
#include <sodium.h>

#include "given.h"
#include "unit.h"
#include "wait.h"

static const uint8_t KEY[ML_TABLE_KEY_LEN] = { 4, 5, 6 };

enum { FEEDS = 5, SEQS = 20, SLOTS = FEEDS * SEQS, IDS = 4 * SLOTS };

/* An event that is told by a number. */
static struct ml_event
numbered(uint64_t number, int64_t seq)
{
	struct ml_event e = { .seq = seq };

	memcpy(e.id, &number, sizeof number);
	return e;
}

static uint64_t
number_of(const struct ml_waiting *w)
{
	uint64_t number;

	memcpy(&number, w->id, sizeof number);
	return number;
}

static int64_t
seq_of(size_t slot)
{
	return 1 + (int64_t)(slot / FEEDS);
}

static void
check_slots(void)
{
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_waiting *list = NULL;
	struct ml_event e[6];
	size_t n, i;

	/* two candidates for (0,2), one each for (0,3), (1,2), (1,3), (0,9) */
	for (i = 0; i < 6; i++)
		e[i] = numbered(i, i < 2 || i == 3 ? 2 : i == 5 ? 9 : 3);
	ok(ml_wait_add(w, 0, &e[1], 50, 11) == 1 &&
	    ml_wait_add(w, 0, &e[0], 20, 12) == 1 &&
	    ml_wait_add(w, 0, &e[2], 30, 13) == 1 &&
	    ml_wait_add(w, 1, &e[3], 40, 14) == 1 &&
	    ml_wait_add(w, 1, &e[4], 10, 15) == 1 &&
	    ml_wait_add(w, 0, &e[5], 60, 16) == 1, "six are added");
	ok(ml_wait_count(w) == 6, "and wait");
	ok(ml_wait_add(w, 0, &e[0], 70, 17) == 0 &&
	    ml_wait_add(w, 1, &e[4], 71, 18) == 0 && ml_wait_count(w) == 6,
	    "a copy is not added");
	ok(ml_wait_take(w, 0, 4, &list, &n) == 0 && n == 0 && list == NULL &&
	    ml_wait_take(w, 2, 2, &list, &n) == 0 && n == 0 && list == NULL,
	    "nothing waits for another slot");
	ok(ml_wait_take(w, 0, 2, &list, &n) == 0 && n == 2, "two of a slot");
	ok(number_of(&list[0]) == 0 && list[0].place == 20 &&
	    list[0].line == 12 && list[0].feed == 0 && list[0].seq == 2 &&
	    number_of(&list[1]) == 1 && list[1].place == 50 &&
	    list[1].line == 11, "by their places");
	free(list);
	ok(ml_wait_count(w) == 4 && !ml_wait_has(w, 0, &e[0]) &&
	    !ml_wait_has(w, 0, &e[1]) && ml_wait_has(w, 1, &e[3]),
	    "they wait no more, others do");
	ok(ml_wait_take(w, 0, 2, &list, &n) == 0 && n == 0 && list == NULL,
	    "they are taken once");
	ok(ml_wait_add(w, 0, &e[0], 80, 19) == 1 && ml_wait_has(w, 0, &e[0]) &&
	    ml_wait_count(w) == 5, "and may come again");
	ok(ml_wait_take(w, 1, 2, &list, &n) == 0 && n == 1 &&
	    number_of(&list[0]) == 3, "another feed's slot of that seq");
	free(list);
	ml_wait_free(w);
	ml_wait_free(NULL);
}

static void
check_drop(void)
{
	struct ml_wait *w = ml_wait_new(KEY);
	const struct ml_waiting *all;
	struct ml_waiting *list = NULL;
	struct ml_event e;
	size_t i, n, seen = 0, holes = 0;

	for (i = 0; i < 300; i++) {
		e = numbered(i, 2 + (int64_t)i % 3);
		ml_wait_add(w, (uint32_t)i % 7, &e, i, (uint32_t)i);
	}
	all = ml_wait_all(w, &n);
	for (i = 0; i < n; i++)
		if (all[i].seq == 3)
			ml_wait_drop(w, i);
	all = ml_wait_all(w, &n);
	for (i = 0; i < n; i++) {
		seen += all[i].seq == 2 || all[i].seq == 4;
		holes += all[i].seq == 0;
	}
	ok(ml_wait_count(w) == 200 && seen == 200 && seen + holes == n,
	    "dropped while walking");
	ok(ml_wait_take(w, 1, 3, &list, &n) == 0 && n == 0,
	    "what was dropped is not taken");
	for (i = 1000; i < 1100; i++) {
		e = numbered(i, 5);
		ml_wait_add(w, 3, &e, 5000 - i, 0);
	}
	ml_wait_all(w, &n);
	ok(n == 300 && ml_wait_count(w) == 300, "holes are used again");
	ok(ml_wait_take(w, 3, 5, &list, &n) == 0 && n == 100,
	    "what came into holes is found");
	for (seen = 0, i = 0; i < n; i++)
		seen += number_of(&list[i]) == 1099 - i;
	ok(seen == 100, "and comes by place");
	free(list);
	for (seen = 0, i = 0; i < 7; i++) {
		ml_wait_take(w, (uint32_t)i, 2, &list, &n);
		seen += n;
		free(list);
		ml_wait_take(w, (uint32_t)i, 4, &list, &n);
		seen += n;
		free(list);
	}
	ok(seen == 200 && ml_wait_count(w) == 0, "nothing is left");
	ml_wait_free(w);
}

/* Anyone may send any number of candidates for one slot. */
static void
check_flood(void)
{
	enum { FLOOD = 100000 };
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_waiting *list = NULL;
	struct ml_event e;
	size_t n = 0, i;
	int right = 1;

	for (i = 0; i < FLOOD; i++) {
		e = numbered(i, 2);
		right &= ml_wait_add(w, 0, &e, FLOOD - i, 0) == 1;
	}
	for (i = 0; i < FLOOD; i++) {
		e = numbered(i, 2);
		right &= ml_wait_add(w, 0, &e, 0, 0) == 0;
	}
	ok(right && ml_wait_count(w) == FLOOD, "100000 for one slot");
	e = numbered(FLOOD, 3);
	ml_wait_add(w, 0, &e, 7, 0);
	ok(ml_wait_take(w, 0, 2, &list, &n) == 0 && n == FLOOD,
	    "all are taken");
	for (i = 0; i < n; i++)
		right &= list[i].place == i + 1 &&
		    number_of(&list[i]) == FLOOD - 1 - i;
	ok(right, "by place");
	free(list);
	ok(ml_wait_count(w) == 1 && ml_wait_has(w, 0, &e),
	    "the slot beside it keeps its own");
	ml_wait_free(w);
}

/* Those of a slot that waits[] has come, by place, and wait no more. */
static int
takes_slot(struct ml_wait *w, size_t slot, int *waits, size_t *count)
{
	struct ml_waiting *list;
	size_t n, j, want = 0;
	int right;

	ml_wait_take(w, (uint32_t)(slot % FEEDS), seq_of(slot), &list, &n);
	right = 1;
	for (j = slot; j < IDS; j += SLOTS)
		if (waits[j]) {
			right &= want < n && list[want].place == j;
			want++;
			waits[j] = 0;
		}
	*count -= want;
	free(list);
	return right && want == n;
}

/*
 * The same against a plain list, at random: what shares its slot and what is
 * alone there, as others come and go.
 */
static void
check_random(void)
{
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_event e;
	static int waits[IDS];
	uint64_t state = 6;
	size_t i, count = 0;
	uint32_t entry, feed;
	int step, right = 1;

	for (step = 0; step < 200000; step++) {
		i = given_below(&state, IDS);
		feed = (uint32_t)(i % SLOTS % FEEDS);
		e = numbered(i, seq_of(i % SLOTS));
		entry = ml_wait_find(w, feed, e.seq, e.id);
		right &= ml_wait_has(w, feed, &e) == waits[i] &&
		    (entry != ML_WAIT_NONE) == waits[i];
		switch (given_below(&state, 16)) {
		case 0:
			right &= takes_slot(w, i % SLOTS, waits, &count);
			break;
		case 1: case 2: case 3: case 4: case 5: case 6: case 7:
			if (entry == ML_WAIT_NONE)
				break;
			right &= number_of(ml_wait_at(w, entry)) == i;
			ml_wait_drop(w, entry);
			waits[i] = 0;
			count--;
			break;
		default:
			right &= ml_wait_add(w, feed, &e, i, 0) == !waits[i];
			count += (size_t)!waits[i];
			waits[i] = 1;
		}
		ml_wait_expect(w, feed, e.seq + 1);
		right &= ml_wait_count(w) == count;
	}
	ok(right, "as a plain list would have it");
	ml_wait_free(w);
}

/* The same event, with a seal of this text. */
static struct ml_event
sealed(uint64_t number, int64_t seq, const char *seal)
{
	struct ml_event e = numbered(number, seq);

	e.seal = slice(seal);
	return e;
}

static void
check_seals(void)
{
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_waiting *list = NULL;
	struct ml_event e;
	char seal[2] = "a";
	uint32_t entry;
	size_t n = 0, i;

	e = numbered(1, 2);
	ok(ml_wait_add(w, 0, &e, 10, 1) == 1, "a copy without a seal");
	e = sealed(1, 2, "a");
	ok(!ml_wait_has(w, 0, &e) && ml_wait_add(w, 0, &e, 11, 2) == 1 &&
	    ml_wait_has(w, 0, &e) && ml_wait_count(w) == 2,
	    "a sealed copy of it waits beside it");
	ok(ml_wait_add(w, 0, &e, 12, 3) == 0 && ml_wait_count(w) == 2,
	    "once");
	e = numbered(1, 2);
	ok(ml_wait_has(w, 0, &e) && ml_wait_add(w, 0, &e, 13, 4) == 0,
	    "one without a seal is not added again");
	ok(ml_wait_take(w, 0, 2, &list, &n) == 0 && n == 2 &&
	    list[0].place == 10 && list[0].seal == 0 &&
	    list[1].place == 11 && list[1].seal != 0,
	    "an entry says whether it has a seal");
	free(list);

	/* the sealed copy first: then the other says nothing new */
	e = sealed(1, 2, "a");
	ok(ml_wait_add(w, 0, &e, 20, 1) == 1, "a sealed copy");
	e = numbered(1, 2);
	ok(ml_wait_has(w, 0, &e) && ml_wait_add(w, 0, &e, 21, 2) == 0 &&
	    ml_wait_count(w) == 1, "stands for one without");
	e = sealed(2, 2, "a");
	ok(!ml_wait_has(w, 0, &e) && ml_wait_add(w, 0, &e, 22, 3) == 1,
	    "another event under that seal is another event");
	ml_wait_take(w, 0, 2, &list, &n);
	ok(n == 2, "two candidates");
	free(list);

	/* as many as may be, and one more: of each event on its own */
	for (i = 0; i < ML_WAIT_SEALS_MAX; i++) {
		seal[0] = (char)('a' + i);
		e = sealed(3, 4, seal);
		ok(!ml_wait_has(w, 1, &e) &&
		    ml_wait_add(w, 1, &e, 30 + i, 0) == 1, "seal %zu", i + 1);
	}
	seal[0]++;
	e = sealed(3, 4, seal);
	ok(ml_wait_has(w, 1, &e) && ml_wait_add(w, 1, &e, 99, 0) == 0 &&
	    ml_wait_count(w) == ML_WAIT_SEALS_MAX, "no seal more than %d",
	    ML_WAIT_SEALS_MAX);
	e = numbered(3, 4);
	ok(ml_wait_add(w, 1, &e, 99, 0) == 0, "nor a copy without one");
	e = sealed(4, 4, seal);
	ok(ml_wait_add(w, 1, &e, 40, 0) == 1,
	    "another event of that slot has room of its own");
	entry = ml_wait_find(w, 1, 4, e.id);
	ok(entry != ML_WAIT_NONE && ml_wait_at(w, entry)->place == 40 &&
	    (ml_wait_drop(w, entry), 1), "it is found, and dropped");
	e = sealed(3, 4, seal);
	entry = ml_wait_find(w, 1, 4, e.id);
	ml_wait_drop(w, entry);
	ok(!ml_wait_has(w, 1, &e) && ml_wait_add(w, 1, &e, 41, 0) == 1 &&
	    ml_wait_count(w) == ML_WAIT_SEALS_MAX,
	    "one dropped makes room for one");
	ml_wait_take(w, 1, 4, &list, &n);
	ok(n == ML_WAIT_SEALS_MAX && list[n - 1].place == 41 &&
	    ml_wait_count(w) == 0, "all copies are taken together");
	free(list);

	/* without a seal counts as one of them */
	e = numbered(5, 6);
	ml_wait_add(w, 0, &e, 50, 0);
	for (i = n = 0; i < 2 * ML_WAIT_SEALS_MAX; i++) {
		seal[0] = (char)('a' + i);
		e = sealed(5, 6, seal);
		n += ml_wait_add(w, 0, &e, 51 + i, 0) == 1;
	}
	ok(n == ML_WAIT_SEALS_MAX - 1 &&
	    ml_wait_count(w) == ML_WAIT_SEALS_MAX,
	    "and %d copies are all", ML_WAIT_SEALS_MAX);
	ml_wait_free(w);
}

static void
check_walk(void)
{
	enum { SLOT = 50, OTHERS = 5000 };
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_event e = numbered(0, 2);
	uint32_t entry, i;
	size_t seen = 0;
	int right = 1;

	ok(ml_wait_first(w, 0, 2) == ML_WAIT_NONE &&
	    ml_wait_find(w, 0, 2, e.id) == ML_WAIT_NONE, "nothing waits at first");
	for (i = 0; i < OTHERS; i++) {
		e = numbered(1000 + i, 2 + i % 7);
		ml_wait_add(w, 1 + i % 3, &e, i, i);
		if (i % (OTHERS / SLOT) == 0) {
			e = numbered(i / (OTHERS / SLOT), 2);
			ml_wait_add(w, 0, &e, 7000 + i, i);
		}
	}
	for (entry = ml_wait_first(w, 0, 2); entry != ML_WAIT_NONE;
	    entry = ml_wait_next(w, entry), seen++)
		right &= number_of(ml_wait_at(w, entry)) == SLOT - 1 - seen &&
		    ml_wait_at(w, entry)->feed == 0 &&
		    ml_wait_at(w, entry)->seq == 2;
	ok(right && seen == SLOT, "the entries of a slot, newest first");
	ok(ml_wait_first(w, 0, 3) == ML_WAIT_NONE &&
	    ml_wait_first(w, 4, 2) == ML_WAIT_NONE,
	    "none in the slots beside it");
	for (i = 0; i < SLOT; i++) {
		e = numbered(i, 2);
		entry = ml_wait_find(w, 0, 2, e.id);
		right &= entry != ML_WAIT_NONE &&
		    number_of(ml_wait_at(w, entry)) == i;
	}
	ok(right, "each is found by its id");
	/* dropping the newest leaves the next older one first */
	for (i = 0; i < SLOT; i++) {
		entry = ml_wait_first(w, 0, 2);
		e = numbered(SLOT - 1 - i, 2);
		right &= entry != ML_WAIT_NONE &&
		    ml_wait_find(w, 0, 2, e.id) == entry;
		if (right)
			ml_wait_drop(w, entry);
		right &= ml_wait_find(w, 0, 2, e.id) == ML_WAIT_NONE;
	}
	ok(right && ml_wait_first(w, 0, 2) == ML_WAIT_NONE &&
	    ml_wait_count(w) == OTHERS, "until none is left");
	ml_wait_free(w);
}

/* What it follows is remembered too; no id is like zeros. */
static void
check_prev(void)
{
	struct ml_wait *w = ml_wait_new(KEY);
	struct ml_event e = numbered(1, 2);
	static const uint8_t zeros[ML_ID_LEN], want[ML_ID_LEN] = { 0xe4,
	    0xcf, 0x73, 0xc5, 0x5a, 0xe7, 0x72, 0xe9, 0xa6, 0x2f, 0xd2, 0x47,
	    0x96, 0x95, 0x37, 0x6a };

	e.prev = slice("e4cf73c55ae772e9a62fd2479695376a");
	ml_wait_add(w, 0, &e, 1, 1);
	ok(memcmp(ml_wait_at(w, ml_wait_find(w, 0, 2, e.id))->prev, want,
	    ML_ID_LEN) == 0, "the id that an entry follows");
	e = numbered(2, 2);
	e.prev = slice("no id");
	ml_wait_add(w, 0, &e, 2, 2);
	ok(memcmp(ml_wait_at(w, ml_wait_find(w, 0, 2, e.id))->prev, zeros,
	    ML_ID_LEN) == 0, "none");
	ml_wait_free(w);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_slots();
	check_drop();
	check_flood();
	check_random();
	check_seals();
	check_walk();
	check_prev();
	return unit_done();
}

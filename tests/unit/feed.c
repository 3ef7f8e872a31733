/* feed - what extends a feed, the clock's horizon, order of authors */
#include <sodium.h>

#include "feed.h"
#include "given.h"
#include "number.h"
#include "unit.h"

static const uint8_t KEY[ML_TABLE_KEY_LEN] = { 1, 2, 3 };

/* The event behind another (NULL: the first); prev is where its hex goes. */
static struct ml_event
behind(const struct ml_event *before, const char *author, struct ml_hlc hlc,
    char prev[static ML_ID_HEX])
{
	struct ml_event e = { .author = slice(author), .kind = slice("k"),
	    .payload = slice("null"), .seq = 1, .hlc = hlc,
	    .prev = { prev, 0 } };
	struct ml_buf hex = { 0 }, body = { 0 };

	if (before != NULL) {
		e.seq = before->seq + 1;
		ml_id_write(before->id, &hex);
		memcpy(prev, hex.p, ML_ID_HEX);
		e.prev.len = ML_ID_HEX;
		ml_buf_free(&hex);
	}
	ml_event_mint(&e, &body);
	ml_buf_free(&body);
	return e;
}

static void
check_judge(void)
{
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed *f;
	struct ml_event e[4], fork, bad;
	char prev[5][ML_ID_HEX];
	size_t i;

	for (i = 0; i < 4; i++)
		e[i] = behind(i > 0 ? &e[i - 1] : NULL, "x",
		    (struct ml_hlc){ (int64_t)i, 0 }, prev[i]);
	f = ml_feeds_get(all, slice("x"));
	ok(f != NULL && f->seq == 0 && ml_slice_is(f->author, "x"),
	    "a feed begins empty");
	ok(ml_feed_judge(f, &e[1]) == ML_FIT_AHEAD &&
	    ml_feed_judge(f, &e[3]) == ML_FIT_AHEAD, "no head: 2 is ahead");
	bad = e[0];
	bad.prev = e[1].prev;
	ok(ml_feed_judge(f, &bad) == ML_FIT_ASTRAY,
	    "a first event that follows something is astray");
	ok(ml_feed_judge(f, &e[0]) == ML_FIT_NEXT, "the first event is next");
	ok(f->seq == 0, "judging changes nothing");
	ok(ml_feed_extend(all, f, &e[0], 100) == 0 && f->seq == 1 &&
	    memcmp(f->id, e[0].id, ML_ID_LEN) == 0 && f->place[0] == 100,
	    "and becomes the head");
	ok(ml_feed_judge(f, &e[0]) == ML_FIT_BEHIND, "a copy is behind");
	fork = behind(NULL, "x", (struct ml_hlc){ 9, 9 }, prev[4]);
	ok(ml_feed_judge(f, &fork) == ML_FIT_BEHIND, "so is a fork");
	ok(ml_feed_judge(f, &e[2]) == ML_FIT_AHEAD, "3 is ahead of 1");
	bad = e[1];
	bad.prev = slice("00000000000000000000000000000000");
	ok(ml_feed_judge(f, &bad) == ML_FIT_ASTRAY, "2 of another 1 is astray");
	bad.prev = slice("");
	ok(ml_feed_judge(f, &bad) == ML_FIT_ASTRAY, "2 of nothing is astray");
	bad = e[1];
	bad.seq = ML_SEQ_MAX;
	ok(ml_feed_judge(f, &bad) == ML_FIT_AHEAD, "2^53 is ahead");
	for (i = 1; i < 4; i++)
		ok(ml_feed_judge(f, &e[i]) == ML_FIT_NEXT &&
		    ml_feed_extend(all, f, &e[i], 100 + i) == 0,
		    "%zu is next", i + 1);
	ok(f->seq == 4 && f->place[3] == 103, "four in a row");
	ml_feeds_free(all);
}

static void
check_long_feed(void)
{
	enum { LENGTH = 2000 };
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed *f = ml_feeds_get(all, slice("x"));
	static struct ml_event e[2];
	char prev[2][ML_ID_HEX];
	int i, right = 1;

	for (i = 0; i < LENGTH; i++) {
		e[i % 2] = behind(i > 0 ? &e[(i + 1) % 2] : NULL, "x",
		    (struct ml_hlc){ LENGTH - i, i }, prev[i % 2]);
		right &= ml_feed_judge(f, &e[i % 2]) == ML_FIT_NEXT &&
		    ml_feed_extend(all, f, &e[i % 2], (uint64_t)i * 7) == 0;
	}
	for (i = 0; i < LENGTH; i++)
		right &= f->place[i] == (uint64_t)i * 7;
	ok(right && f->seq == LENGTH, "each place is remembered");
	ok(f->newest.wall == LENGTH && f->first.wall == 1,
	    "newest and first are by time, not by seq");
	ml_feeds_free(all);
}

static void
check_clock(void)
{
	static const struct {
		const char *what;
		struct ml_hlc stamp, clock;
	} step[] = {
		{ "a stamp", { 1000, 5 }, { 1000, 5 } },
		{ "a newer counter", { 1000, 6 }, { 1000, 6 } },
		{ "an older wall", { 999, 900 }, { 1000, 6 } },
		{ "the horizon", { ML_HLC_HORIZON, 0 }, { 1000, 6 } },
		{ "beyond it", { ML_INT_MAX, ML_INT_MAX }, { 1000, 6 } },
		{ "right before it", { ML_HLC_HORIZON - 1, ML_INT_MAX },
		    { ML_HLC_HORIZON - 1, ML_INT_MAX } },
	};
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed *f;
	struct ml_event e;
	char prev[ML_ID_HEX], name[2] = "a";
	size_t i;

	ok(ml_hlc_compare(ml_feeds_clock(all), (struct ml_hlc){ 0, 0 }) == 0,
	    "no stamp, no clock");
	for (i = 0; i < sizeof step / sizeof step[0]; i++, name[0]++) {
		e = behind(NULL, name, step[i].stamp, prev);
		f = ml_feeds_get(all, slice(name));
		ml_feed_extend(all, f, &e, 0);
		ok(ml_hlc_compare(ml_feeds_clock(all), step[i].clock) == 0,
		    "the clock after %s", step[i].what);
		ok(ml_hlc_compare(f->newest, step[i].stamp) == 0,
		    "the feed has it all the same: %s", step[i].what);
	}
	ml_feeds_free(all);
}

static void
check_sorted(void)
{
	static const char *const ascending[] = { "", "\\n", "10", "9", "B", "a",
	    "aa", "\\u00e9", "\\ud800", "\\ue000", "\\uffff",
	    "\\ud800\\udc00", "\\ud83d\\ude00" };
	enum { AUTHORS = sizeof ascending / sizeof ascending[0] };
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed **list;
	struct ml_event e;
	char prev[ML_ID_HEX];
	size_t i, n = 99;
	int right = 1;

	list = ml_feeds_sorted(all, &n);
	ok(list != NULL && n == 0, "no feeds");
	free(list);
	for (i = 0; i < AUTHORS; i++) {
		const char *name = ascending[(i * 5 + 3) % AUTHORS];

		e = behind(NULL, name, (struct ml_hlc){ 0, 0 }, prev);
		ml_feed_extend(all, ml_feeds_get(all, slice(name)), &e, i);
	}
	ml_feeds_get(all, slice("nothing but a name"));
	list = ml_feeds_sorted(all, &n);
	ok(n == AUTHORS && ml_feeds_count(all) == AUTHORS + 1,
	    "those with a head");
	for (i = 0; i < n; i++)
		right &= ml_slice_is(list[i]->author, ascending[i]);
	ok(right, "sorted by code point");
	free(list);
	ml_feeds_free(all);
}

static void
check_many(void)
{
	enum { MANY = 20000 };
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed *f, *first = ml_feeds_get(all, slice("author-0"));
	char name[32];
	int i, right = 1;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "author-%d", i);
		right &= (ml_feeds_find(all, slice(name)) == NULL) == (i > 0);
		f = ml_feeds_get(all, slice(name));
		right &= f != NULL && f->index == (uint32_t)i &&
		    ml_feeds_at(all, (size_t)i) == f;
	}
	ok(right, "each author has a feed of its own");
	memset(name, 0, sizeof name);
	ok(ml_feeds_find(all, slice("author-0")) == first &&
	    ml_slice_is(first->author, "author-0") &&
	    ml_feeds_get(all, slice("author-0")) == first,
	    "a feed stays where it is, with a name of its own");
	ok(ml_feeds_find(all, slice("author-")) == NULL &&
	    ml_feeds_find(all, slice("")) == NULL, "no feed, none found");
	ok(ml_feeds_count(all) == MANY, "looking adds none");
	ml_feeds_free(all);
	ml_feeds_free(NULL);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_judge();
	check_long_feed();
	check_clock();
	check_sorted();
	check_many();
	return unit_done();
}

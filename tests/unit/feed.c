/* feed - what extends a feed, keyed or not, the clock's horizon, order */
#include <sodium.h>

#include "feed.h"
#include "given.h"
#include "number.h"
#include "unit.h"

static const uint8_t KEY[ML_TABLE_KEY_LEN] = { 1, 2, 3 };

/* A keyed author: the first vector of meshlog-key(5). */
#define A_ID "aca31af0441d81dbec71e82da0b4b5f5"
#define A_HEX \
    "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f" \
    "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
#define A_KEY "{\"key\":\"" A_HEX "\",\"name\":\"team_a\"}"

static struct ml_spot
spot(uint64_t place)
{
	return (struct ml_spot){ place, 0 };
}

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
	ok(ml_feed_extend(all, f, &e[0], spot(100)) == 0 && f->seq == 1 &&
	    memcmp(f->id, e[0].id, ML_ID_LEN) == 0 && ml_feed_spot(f, 1)->place == 100,
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
		    ml_feed_extend(all, f, &e[i], spot(100 + i)) == 0,
		    "%zu is next", i + 1);
	ok(f->seq == 4 && ml_feed_spot(f, 4)->place == 103, "four in a row");
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
		    ml_feed_extend(all, f, &e[i % 2], spot((uint64_t)i * 7)) == 0;
	}
	for (i = 0; i < LENGTH; i++)
		right &= f->spot[i].place == (uint64_t)i * 7;
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
		ml_feed_extend(all, f, &e, spot(0));
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
		ml_feed_extend(all, ml_feeds_get(all, slice(name)), &e, spot(i));
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

/* The event behind another, of A; sealed or not, which here is but a text. */
static struct ml_event
keyed(const struct ml_event *before, const char *payload, int sealed,
    char prev[static ML_ID_HEX])
{
	static const char seal[ML_SEAL_TEXT + 1] = "AAAA";
	struct ml_buf body = { 0 };
	struct ml_event e = behind(before, A_ID, (struct ml_hlc){ 5, 5 },
	    prev);

	e.kind = slice(before == NULL ? "author.key" : "k");
	e.payload = slice(payload);
	e.seal = (struct ml_slice){ seal, sealed ? ML_SEAL_TEXT : 0 };
	ml_event_mint(&e, &body);
	ml_buf_free(&body);
	return e;
}

static int
at(const struct ml_feed *f, int64_t seq, const struct ml_event *head,
    int64_t tip, const struct ml_event *last)
{
	return f->seq == seq && f->tip == tip && (head == NULL ||
	    memcmp(f->id, head->id, ML_ID_LEN) == 0) &&
	    memcmp(f->tip_id, last->id, ML_ID_LEN) == 0;
}

static void
check_keyed(void)
{
	enum { LENGTH = 40 };
	struct ml_feeds *all = ml_feeds_new(KEY);
	struct ml_feed *f = ml_feeds_get(all, slice(A_ID)), **list;
	static struct ml_event e[LENGTH], fork;
	static char prev[LENGTH + 1][ML_ID_HEX];
	size_t i, n;
	int right = 1;

	/* sealed: 3, 4 and 20 */
	for (i = 0; i < LENGTH; i++)
		e[i] = keyed(i > 0 ? &e[i - 1] : NULL,
		    i > 0 ? "null" : A_KEY, i == 2 || i == 3 || i == 19,
		    prev[i]);
	ok(ml_feed_extend(all, f, &e[0], spot(100)) == 0 && f->keyed,
	    "author.key makes a keyed feed");
	ok(f->public[0] == 0x8f && f->public[63] == 0xd7, "with its keys");
	ok(ml_slice_is(f->name, "team_a"), "and its name");
	ok(at(f, 0, NULL, 1, &e[0]), "without a seal it is tip, not head");
	list = ml_feeds_sorted(all, &n);
	ok(n == 0, "and in no list of feeds with a head");
	free(list);
	ok(ml_feed_judge(f, &e[0]) == ML_FIT_BEHIND &&
	    ml_feed_judge(f, &e[1]) == ML_FIT_NEXT &&
	    ml_feed_judge(f, &e[2]) == ML_FIT_AHEAD,
	    "what comes is judged by the tip");
	fork = behind(NULL, A_ID, (struct ml_hlc){ 9, 9 }, prev[LENGTH]);
	ok(ml_feed_judge(f, &fork) == ML_FIT_BEHIND,
	    "also another event at the tip's seq");
	ml_feed_extend(all, f, &e[1], spot(101));
	ok(at(f, 0, NULL, 2, &e[1]), "two unsealed ones");
	ml_feed_extend(all, f, &e[2], spot(102));
	ok(at(f, 3, &e[2], 3, &e[2]), "a sealed one moves the head to it");
	ml_feed_extend(all, f, &e[3], spot(103));
	ok(at(f, 4, &e[3], 4, &e[3]), "and so does the next");
	list = ml_feeds_sorted(all, &n);
	ok(n == 1 && list[0] == f, "it has a head now");
	free(list);
	for (i = 4; i < 18; i++)
		right &= ml_feed_judge(f, &e[i]) == ML_FIT_NEXT &&
		    ml_feed_extend(all, f, &e[i], spot(100 + i)) == 0;
	ok(right && at(f, 4, &e[3], 18, &e[17]), "the tip runs ahead");

	/* a sealed copy of 10: the head moves there, the tip stays */
	e[9].seal = e[2].seal;
	ml_feed_cover(f, &e[9], spot(900));
	ok(at(f, 10, &e[9], 18, &e[17]), "covered up to 10");
	for (i = 0; i < 18; i++)
		right &= f->spot[i].place == (i == 9 ? 900 : 100 + i);
	ok(right, "the sealed copy's place is the event's, no other moves");
	ok(ml_feed_judge(f, &e[18]) == ML_FIT_NEXT &&
	    ml_feed_judge(f, &e[10]) == ML_FIT_BEHIND,
	    "judged by the tip still");
	e[17].seal = e[2].seal;
	ml_feed_cover(f, &e[17], spot(917));
	ok(at(f, 18, &e[17], 18, &e[17]), "covered up to the tip");
	ml_feed_extend(all, f, &e[18], spot(118));
	ok(at(f, 18, &e[17], 19, &e[18]), "one more without a seal");
	ml_feed_extend(all, f, &e[19], spot(119));
	ok(at(f, 20, &e[19], 20, &e[19]), "20 is sealed");
	for (i = 20; i < LENGTH; i++)
		ml_feed_extend(all, f, &e[i], spot(100 + i));
	ok(at(f, 20, &e[19], LENGTH, &e[LENGTH - 1]) &&
	    f->spot[LENGTH - 1].place == 100 + LENGTH - 1,
	    "as far as the tip goes, the head is where the last seal is");
	ml_feeds_free(all);
}

/* What event 1 says, and what it makes of the feed. */
static void
check_recognised(void)
{
	static const struct {
		const char *what, *author, *kind, *payload;
		int keyed;
		const char *name;
	} table[] = {
		{ "its key", A_ID, "author.key", A_KEY, 1, "team_a" },
		{ "its key, no name", A_ID, "author.key", "{\"key\":\""
		    A_HEX "\"}", 1, "" },
		{ "its key, a name of another type", A_ID, "author.key",
		    "{\"key\":\"" A_HEX "\",\"name\":[]}", 1, "" },
		{ "another kind", A_ID, "note.add", A_KEY, 0, "" },
		{ "another kind, nearly", A_ID, "Author.key", A_KEY, 0, "" },
		{ "a key that is not the author's",
		    "aca31af0441d81dbec71e82da0b4b5f6", "author.key", A_KEY,
		    0, "" },
		{ "a plain author's", "team_a", "author.key", A_KEY, 0, "" },
		{ "an author in upper case",
		    "ACA31AF0441D81DBEC71E82DA0B4B5F5", "author.key", A_KEY,
		    0, "" },
		{ "no key", A_ID, "author.key", "{\"name\":\"team_a\"}", 0,
		    "" },
		{ "nothing", A_ID, "author.key", "null", 0, "" },
	};
	struct ml_feeds *all;
	struct ml_feed *f;
	struct ml_event e, second;
	char prev[2][ML_ID_HEX];
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		all = ml_feeds_new(KEY);
		f = ml_feeds_get(all, slice(table[i].author));
		e = keyed(NULL, table[i].payload, 0, prev[0]);
		e.author = slice(table[i].author);
		e.kind = slice(table[i].kind);
		ml_feed_extend(all, f, &e, spot(0));
		ok(!f->keyed == !table[i].keyed, "%s: %s", table[i].what,
		    table[i].keyed ? "keyed" : "not keyed");
		ok(f->name.len == strlen(table[i].name) && (f->name.len == 0 ||
		    ml_slice_is(f->name, table[i].name)), "%s: the name",
		    table[i].what);
		ok(f->tip == 1 && f->seq == !table[i].keyed,
		    "%s: only a keyed feed needs a seal", table[i].what);
		ml_feeds_free(all);
	}
	/* one that is not first binds nothing */
	all = ml_feeds_new(KEY);
	f = ml_feeds_get(all, slice(A_ID));
	e = keyed(NULL, "null", 0, prev[0]);
	e.kind = slice("k");
	ml_feed_extend(all, f, &e, spot(0));
	second = keyed(&e, A_KEY, 1, prev[1]);
	second.kind = slice("author.key");
	ml_feed_extend(all, f, &second, spot(1));
	ok(!f->keyed && f->name.len == 0 && f->seq == 2,
	    "author.key at seq 2 binds nothing");
	ml_feeds_free(all);
	all = ml_feeds_new(KEY);
	f = ml_feeds_get(all, slice(A_ID));
	e = keyed(NULL, A_KEY, 1, prev[0]);
	ml_feed_extend(all, f, &e, spot(0));
	second = keyed(&e, "{\"key\":\"" A_HEX "\",\"name\":\"base\"}", 1,
	    prev[1]);
	second.kind = slice("author.key");
	ml_feed_extend(all, f, &second, spot(1));
	ok(f->keyed && f->seq == 2 && ml_slice_is(f->name, "team_a"),
	    "a second one renames nobody");
	ml_feeds_free(all);
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
	check_keyed();
	check_recognised();
	return unit_done();
}

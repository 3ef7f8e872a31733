/* train - what is coupled, which runs its seals let in, what may wait */
#include "sealed.h"
#include "train.h"
#include "unit.h"

static const uint8_t KEY[ML_TABLE_KEY_LEN] = { 7 };

/* Of an author from..to, a seal at each multiple of every (0: at none). */
static void
give(struct ml_event *list, size_t a, int64_t from, int64_t to, int64_t every)
{
	int64_t seq;

	for (seq = from; seq <= to; seq++, list++) {
		*list = event[a][seq];
		if (every == 0 || seq % every != 0)
			list->seal.len = 0;
	}
}

static int
add_all(struct ml_trains *t, const struct ml_feed *f,
    const struct ml_event *list, size_t n)
{
	while (n-- > 0)
		if (ml_trains_add(t, f, list++) != 1)
			return 0;
	return 1;
}

/* Take the runs of a feed into it: their lengths, as text. */
static const char *
runs(struct ml_trains *t, struct ml_feeds *feeds, struct ml_feed *f)
{
	static char all[256];
	const struct ml_event *e;
	struct ml_event bare;
	size_t n, len = 0;

	all[0] = '\0';
	ml_trains_verify(t, feeds);
	while ((n = ml_trains_run(t, f)) > 0) {
		len += (size_t)snprintf(all + len, sizeof all - len, "%zu ", n);
		while (n-- > 0) {
			if ((e = ml_trains_next(t, f)) == NULL ||
			    ml_feed_judge(f, e) != ML_FIT_NEXT)
				return "not what comes next";
			bare = *e;
			if (n > 0)
				bare.seal.len = 0;
			ml_feed_extend(feeds, f, &bare,
			    (struct ml_spot){ 0, 0 });
		}
	}
	return all;
}

static size_t
left(struct ml_trains *t, const struct ml_feed *f)
{
	size_t n = 0;

	while (ml_trains_next(t, f) != NULL)
		n++;
	return n;
}

static void
check_coupling(void)
{
	struct ml_trains *t = ml_trains_new();
	struct ml_feeds *feeds = ml_feeds_new(KEY);
	struct ml_feed *f = ml_feeds_get(feeds, event[0][1].author);
	struct ml_feed *plain = ml_feeds_get(feeds, slice("base"));
	struct ml_event other = event[1][3], p = event[0][2];

	ok(ml_trains_next(t, f) == NULL && ml_trains_run(t, f) == 0 &&
	    !ml_trains_has(t, f) && ml_trains_any(t) == NULL, "no train yet");
	ok(ml_trains_add(t, f, &event[0][2]) == 0, "not the first");
	ok(ml_trains_add(t, f, &event[0][1]) == 1, "the first");
	ok(ml_trains_add(t, f, &event[0][1]) == 0, "it came already");
	ok(ml_trains_add(t, f, &event[0][3]) == 0, "one is left out");
	ok(ml_trains_add(t, f, &event[0][2]) == 1, "the next");
	ok(ml_trains_add(t, f, &other) == 0, "it follows another");
	ok(strcmp(runs(t, feeds, f), "2 ") == 0 && f->seq == 2, "let in");
	ok(ml_trains_add(t, f, &event[0][2]) == 0 &&
	    ml_trains_add(t, f, &event[0][3]) == 1 && left(t, f) == 1,
	    "and on from there");
	p.seal.len = 0;
	plain->tip = plain->seq = 1;
	memcpy(plain->tip_id, event[0][1].id, ML_ID_LEN);
	ok(ml_trains_add(t, plain, &p) == 0, "a plain feed has no train");
	f->tip++;
	ok(ml_trains_add(t, f, &event[0][4]) == 0,
	    "nor one whose tip waits for a seal");
	ml_trains_free(t);
	ml_feeds_free(feeds);
	ml_trains_free(NULL);
}

static void
check_runs(void)
{
	static const struct {
		int64_t every;
		const char *runs;
		size_t left;
	} kind[] = {
		{ 1, "32 32 32 4 ", 0 }, { 32, "32 32 32 ", 4 },
		{ 5, "30 30 30 10 ", 0 }, { 31, "31 31 31 ", 7 },
		{ 33, "", LEN }, { 0, "", LEN },
	};
	struct ml_event list[LEN];
	size_t i;

	for (i = 0; i < sizeof kind / sizeof kind[0]; i++) {
		struct ml_trains *t = ml_trains_new();
		struct ml_feeds *feeds = ml_feeds_new(KEY);
		struct ml_feed *f = ml_feeds_get(feeds, event[0][1].author);
		const char *got;

		give(list, 0, 1, LEN, kind[i].every);
		add_all(t, f, list, LEN);
		got = runs(t, feeds, f);
		ok(strcmp(got, kind[i].runs) == 0 &&
		    left(t, f) == kind[i].left,
		    "a seal at each %d: runs of %s", (int)kind[i].every, got);
		ml_trains_free(t);
		ml_feeds_free(feeds);
	}
}

/* A seal that is not its event's: nothing behind it is let in. */
static void
check_bad(void)
{
	struct ml_trains *t = ml_trains_new();
	struct ml_feeds *feeds = ml_feeds_new(KEY);
	struct ml_feed *f = ml_feeds_get(feeds, event[0][1].author);
	struct ml_event list[LEN];

	give(list, 0, 1, LEN, 1);
	list[31 + 32].seal = list[5].seal;
	add_all(t, f, list, LEN);
	ok(strcmp(runs(t, feeds, f), "32 ") == 0 &&
	    !ml_trains_may_wait(t, f) && left(t, f) == LEN - 32,
	    "what is behind a seal that is no good is left");
	ml_trains_free(t);
	ml_feeds_free(feeds);
}

/* Three feeds, each with so many more events than a seal covers. */
static void
check_keeping(void)
{
	struct ml_trains *t = ml_trains_new();
	struct ml_feeds *feeds = ml_feeds_new(KEY);
	struct ml_feed *f[AUTHORS];
	struct ml_event list[AUTHORS][LEN];
	struct ml_buf copy = { 0 };
	const struct ml_event *e;
	size_t a, i, n;
	int good = 1;

	for (a = 0; a < AUTHORS; a++)
		f[a] = ml_feeds_get(feeds, event[a][1].author);
	/* in groups of ten: three at a time are left by the first of them */
	for (i = 0; i + 10 <= LEN; i += 10) {
		ml_buf_clear(&copy);
		ml_buf_room(&copy, 100000);
		for (a = 0; a < AUTHORS; a++)
			for (n = i; n < i + 10; n++) {
				ml_event_copy(&list[a][n], &event[a][n + 1],
				    &copy);
				if ((n + 1) % (a + 7) != 0)
					list[a][n].seal.len = 0;
				good &= ml_trains_add(t, f[a],
				    &list[a][n]) == 1;
			}
		for (a = 0; a < AUTHORS; a++) {
			runs(t, feeds, f[a]);
			good &= ml_trains_may_wait(t, f[a]) ==
			    ml_trains_has(t, f[a]);
		}
		good &= ml_trains_keep(t) == 0;
		memset(copy.p, '#', copy.len);
		memset(list, 0, sizeof list);
	}
	ok(good && f[0]->seq == 98 && f[1]->seq == 96 && f[2]->seq == 99,
	    "what waited from group to group was let in");
	for (n = 0; (e = ml_trains_any(t)) != NULL; n++)
		good &= given_same(e, &event[ml_slice_same(e->author,
		    event[0][1].author) ? 0 : ml_slice_same(e->author,
		    event[1][1].author) ? 1 : 2][e->seq]);
	ok(good && n == 2 + 4 + 1, "what waits still is as it was");
	ml_trains_free(t);
	ml_feeds_free(feeds);
	ml_buf_free(&copy);
}

static void
check_waiting(void)
{
	struct ml_trains *t = ml_trains_new();
	struct ml_feeds *feeds = ml_feeds_new(KEY);
	struct ml_feed *f = ml_feeds_get(feeds, event[0][1].author);
	struct ml_event list[LEN], large;
	struct ml_buf payload = { 0 };

	give(list, 0, 1, LEN, 0);
	add_all(t, f, list, ML_SEAL_RUN - 1);
	ok(ml_trains_may_wait(t, f), "31 lack but a seal");
	ml_trains_add(t, f, &list[ML_SEAL_RUN - 1]);
	ok(!ml_trains_may_wait(t, f), "32 lack more than that");
	left(t, f);
	ml_buf_room(&payload, 1 << 20);
	memset(payload.p, ' ', 1 << 20);
	large = list[0];
	large.payload = (struct ml_slice){ payload.p, 1 << 20 };
	ml_trains_add(t, f, &large);
	ok(!ml_trains_may_wait(t, f), "too large to wait");
	ml_trains_free(t);
	ml_feeds_free(feeds);
	ml_buf_free(&payload);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	make_sealed();
	check_coupling();
	check_runs();
	check_bad();
	check_keeping();
	check_waiting();
	ml_buf_free(&text);
	return unit_done();
}

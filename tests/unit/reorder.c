/* reorder - packets put in order, what is requested, what is given up */
#include "given.h"
#include "reorder.h"
#include "unit.h"

static struct ml_buf told;		/* "5 OK", "?7": written, requested */

static void
on_write(void *arg, uint64_t seq, struct ml_slice text,
    enum ml_packet_status status)
{
	(void)arg;
	(void)text;
	ml_buf_int(&told, (int64_t)seq);
	ml_buf_str(&told, status == ML_PACKET_OK ? " " :
	    status == ML_PACKET_LATE ? "L " : "R ");
}

static void
on_ask(void *arg, uint64_t seq)
{
	(void)arg;
	ml_buf_byte(&told, '?');
	ml_buf_int(&told, (int64_t)seq);
	ml_buf_byte(&told, ' ');
}

static const struct ml_reorder_sink sink = { NULL, on_write, on_ask };

/*
 * What is told of a text such as "0 2 !3 1 . ;": packets, corrupt ones, "." all
 * was sent, ";" drained.
 */
static const char *
tell(const struct ml_reorder_config *config, const char *text,
    struct ml_reorder_counts *count)
{
	struct ml_reorder *r = ml_reorder_new(config, &sink);
	char *end;
	uint64_t seq;
	int corrupt;

	ml_buf_clear(&told);
	for (; *text != '\0'; text++) {
		if (*text == '.')
			ml_reorder_ask_all(r);
		else if (*text == ';')
			ml_reorder_drain(r);
		else if (*text != ' ') {
			corrupt = *text == '!';
			seq = strtoull(text + corrupt, &end, 10);
			text = end - 1;
			if (corrupt)
				ml_reorder_corrupt(r, seq);
			else
				ml_reorder_take(r, seq, slice("1,00"));
		}
	}
	if (count != NULL)
		*count = *ml_reorder_counts(r);
	ml_reorder_free(r);
	ml_buf_byte(&told, '\0');
	return told.p;
}

static void
check_told(void)
{
	static const struct ml_reorder_config first = { 3, 30, 1, 0 },
	    any = { 3, 30, 0, 0 }, small = { 2, 2, 1, 0 },
	    adapts = { 0, 30, 1, 0 };
	static const struct {
		const struct ml_reorder_config *config;
		const char *name, *text, *told;
	} given[] = {
		{ &first, "in order", "0 1 2", "0 1 2 " },
		{ &first, "reordered", "2 0 1 4 3", "0 1 2 3 4 " },
		{ &first, "copies", "0 0 2 2 1 1 2 0", "0 1 2 " },
		{ &first, "a gap, requested behind the window",
		    "0 2 3 4 5", "0 ?1 " },
		{ &first, "and answered", "0 2 3 4 5 1", "0 ?1 1R 2 3 4 5 " },
		{ &first, "or given up, and come late",
		    "0 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 1",
		    "0 ?1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 "
		    "22 1R " },
		{ &first, "corrupt, requested at once", "0 !1 2 1",
		    "0 ?1 1R 2 " },
		{ &first, "corrupt: waited for while there is room",
		    "0 !1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 "
		    "22 23 24 25 26 27 28 29 30 31 1",
		    "0 ?1 1R 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
		    "21 22 23 24 25 26 27 28 29 30 31 " },
		{ &first, "and given up if there is none",
		    "0 !1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 "
		    "22 23 24 25 26 27 28 29 30 31 32 1",
		    "0 ?1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 "
		    "22 23 24 25 26 27 28 29 30 31 32 1R " },
		{ &first, "the answer corrupt as well: later",
		    "0 !1 !1 2 3 4 1", "0 ?1 ?1 1R 2 3 4 " },
		{ &first, "a corrupt copy of what is here", "0 2 !0 !2 1",
		    "0 1 2 " },
		{ &first, "all sent", "0 2 4 .", "0 ?1 ?3 " },
		{ &first, "all sent, and given up", "0 2 4 . ;",
		    "0 ?1 ?3 2 4 " },
		{ &first, "all sent: what was corrupt twice is due",
		    "0 !1 !1 . 1", "0 ?1 ?1 1R " },
		{ &first, "one wrong number moves nothing",
		    "0 1 900000 2 4 3 5 ;", "0 1 2 3 4 5 900000 " },
		{ &first, "two of them are a leap, that is not requested",
		    "0 900000 900001 900002 900003 1",
		    "0 900000 900001 900002 900003 1L " },
		{ &any, "the lowest of the first window is the first",
		    "8 7 6 9 10 5", "6 7 8 9 10 5L " },
		{ &any, "the lowest may be corrupt", "8 !6 7 9 6",
		    "?6 6R 7 8 9 " },
		{ &any, "a short stream", "8 7 . ;", "7 8 " },
		{ &any, "nothing at all", ". ;", "" },
		{ &small, "a full buffer gives up, but requests",
		    "1 2 3", "?0 1 2 3 " },
		{ &adapts, "as far as was seen: not requested",
		    "0 9 2 3 4 5 6 7 8 1", "0 1 2 3 4 5 6 7 8 9 " },
	};
	size_t i;
	const char *got;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		got = tell(given[i].config, given[i].text, NULL);
		ok(strcmp(got, given[i].told) == 0, "%s: %s", given[i].name,
		    got);
	}
}

static void
check_counts(void)
{
	static const struct ml_reorder_config config = { 3, 30, 1, 0 };
	struct ml_reorder_counts c;

	tell(&config, "0 2 1 !3 3 4 4 !4 6 7 8 9 10 11 12 13 14 15 16 17 18 "
	    "19 20 21 22 23 24 25 26 27 28 5 30 31 . ;", &c);
	ok(c.received == 34 && c.written == 31, "received, written");
	ok(c.duplicates == 1 && c.corrupt == 2, "duplicates, corrupt");
	ok(c.requests == 3 && c.recovered == 2, "requests, recovered");
	ok(c.inversions == 1 && c.late == 0, "inversions");
	ok(c.flushes == 3, "flushes: %u", (unsigned)c.flushes);
}

static void
check_tries(void)
{
	static const struct ml_reorder_config config = { 3, 30, 1, 0 };
	struct ml_reorder_counts c;
	struct ml_buf text = { 0 };
	unsigned i;

	for (i = 0; i < 2000; i++)
		ml_buf_str(&text, "!0 ");
	ml_buf_byte(&text, '\0');
	tell(&config, text.p, &c);
	ok(c.requests == ML_REORDER_TRIES_MAX, "no more than 8 requests");
	ml_buf_free(&text);
}

/* Numbers from 0, each delayed by less than the window: shuffled. */
static void
check_random(unsigned n, unsigned delay, uint64_t seed)
{
	static const struct ml_reorder_config config = { 0, 4000, 1, 0 };
	struct ml_reorder *r = ml_reorder_new(&config, &sink);
	uint64_t *due = calloc(n, sizeof *due), i, now;
	struct ml_reorder_counts c;

	for (i = 0; i < n; i++)
		due[i] = i + ml_dice_below(&seed, delay + 1);
	ml_buf_clear(&told);
	for (now = 0; now < n + delay; now++)
		for (i = now < delay ? 0 : now - delay; i <= now && i < n; i++)
			if (due[i] == now)
				ml_reorder_take(r, i, slice("1,00"));
	c = *ml_reorder_counts(r);
	ok(c.written == n && c.inversions == 0 && c.late == 0,
	    "%u packets delayed by up to %u: in order, %u requests", n, delay,
	    (unsigned)c.requests);
	ok(delay > 10 || c.requests == 0, "no request");
	ml_reorder_free(r);
	free(due);
}

static void
count_item(void *arg, const struct ml_reorder_item *i)
{
	(void)i;
	++*(unsigned *)arg;
}

static void
count_ask(void *arg, const struct ml_reorder_ask *a)
{
	(void)a;
	*(unsigned *)arg += 100;
}

static void
restore_ask(struct ml_reorder *r, uint64_t seq, uint64_t again)
{
	ml_reorder_restore_ask(r, &(struct ml_reorder_ask){ .seq = seq,
	    .again = again, .tries = 1 });
}

/* The answer was corrupt, and the run ended before it was asked again. */
static void
check_again(void)
{
	static const struct ml_reorder_config config = { 3, 30, 1, 0 };
	struct ml_reorder *r = ml_reorder_new(&config, &sink);

	ml_buf_clear(&told);
	ml_reorder_counts(r)->received = 100;
	ml_reorder_restore_range(r, 0, 4);
	restore_ask(r, 5, 102);
	restore_ask(r, 6, 0);
	ml_reorder_resume(r, 0);
	ok(told.len == 0, "nothing yet");
	ml_reorder_take(r, 7, slice("1,00"));
	ml_reorder_take(r, 8, slice("1,00"));
	ok(holds(&told, "?5 "), "then it is due");
	ml_reorder_free(r);
}

/* What waits is bounded in bytes, and what is requested in number. */
static void
check_limits(void)
{
	static const struct ml_reorder_config config = { 3, 1000, 1, 0 };
	static const char text[1024 * 1024] = "1,";
	struct ml_reorder *r = ml_reorder_new(&config, &sink);
	uint64_t i, most = ML_REORDER_BYTES_MAX / sizeof text;

	ml_buf_clear(&told);
	for (i = 1; i <= most; i++)
		ml_reorder_restore_item(r, i, 0, (struct ml_slice){ text,
		    sizeof text });
	ok(ml_reorder_waiting(r) == most, "64 MiB wait");
	ml_reorder_take(r, most + 1, (struct ml_slice){ text, 1 });
	ok(ml_reorder_waiting(r) == 0 && ml_reorder_counts(r)->written ==
	    most + 1, "no byte more: the gap is given up");
	ml_reorder_free(r);
	r = ml_reorder_new(&config, &sink);
	for (i = 0; i <= ML_REORDER_ASKS_MAX; i++)
		ml_reorder_corrupt(r, i);
	ok(ml_reorder_open(r) == ML_REORDER_ASKS_MAX,
	    "16384 requests are remembered: %zu", ml_reorder_open(r));
	ml_buf_clear(&told);
	ml_reorder_corrupt(r, 1);
	ok(told.len == 0, "the second is: requested again later");
	ml_reorder_corrupt(r, 0);
	ok(holds(&told, "?0 "), "the first is not");
	ml_reorder_free(r);
}

/* Requests that may not have been heard, before what waits is given up. */
static void
check_repeated(void)
{
	static const struct ml_reorder_config config = { 3, 30, 1, 0 };
	static const struct {
		const char *name;
		struct ml_reorder_ask ask;
		int all;
		const char *told;
	} given[] = {
		{ "a gap that something came behind", { .seq = 7, .at = 99,
		    .tries = 1 }, 1, "" },
		{ "a gap that nothing came behind", { .seq = 7, .at = 100,
		    .tries = 1 }, 0, "?7 " },
		{ "that was given up", { .seq = 3, .at = 100, .tries = 1 },
		    1, "" },
		{ "known to exist", { .seq = 7, .at = 9, .tries = 1,
		    .exists = 1 }, 1, "?7 " },
		{ "that was heard", { .seq = 7, .at = 9, .tries = 1,
		    .exists = 1 }, 0, "" },
		{ "that was given up, but exists", { .seq = 3, .at = 9,
		    .tries = 1, .exists = 1 }, 1, "?3 " },
		{ "too often", { .seq = 7, .at = 9, .tries = 8, .exists = 1 },
		    1, "" },
		{ "too often, but for nothing", { .seq = 7, .at = 100,
		    .tries = 8, .exists = 1 }, 1, "?7 " },
	};
	struct ml_reorder *r;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		r = ml_reorder_new(&config, &sink);
		ml_buf_clear(&told);
		ml_reorder_counts(r)->received = 100;
		ml_reorder_restore_range(r, 0, 2);
		ml_reorder_restore_range(r, 4, 6);
		ml_reorder_restore_ask(r, &given[i].ask);
		ml_reorder_resume(r, given[i].all);
		ml_buf_byte(&told, '\0');
		ok(strcmp(told.p, given[i].told) == 0, "%s: %s",
		    given[i].name, told.p);
		ml_reorder_free(r);
	}
}

static void
check_restored(void)
{
	static const struct ml_reorder_config config = { 3, 30, 0, 0 };
	struct ml_reorder *r = ml_reorder_new(&config, &sink);
	unsigned kept = 0;

	ml_buf_clear(&told);
	ok(ml_reorder_restore_range(r, 0, 4) == 0 &&
	    ml_reorder_restore_range(r, 6, 7) == 0, "ranges");
	ok(ml_reorder_restore_range(r, 2, 9) == -1, "not twice");
	ml_reorder_restore_item(r, 12, 1, slice("1,00"));
	ml_reorder_restore_item(r, 10, 0, slice("1,00"));
	ml_reorder_restore_item(r, 6, 0, slice("1,00"));
	restore_ask(r, 5, 0);
	restore_ask(r, 9, 0);
	restore_ask(r, 10, 0);
	ml_reorder_restore_written(r, 8, ML_PACKET_OK);
	ml_reorder_resume(r, 1);
	ml_buf_byte(&told, '\0');
	ok(strcmp(told.p, "?9 ") == 0, "what is open is repeated: %s", told.p);
	ml_reorder_keep(r, 0, &kept, count_item, count_ask);
	ok(kept == 100, "that is new");
	kept = 0;
	ml_reorder_keep(r, 0, &kept, count_item, count_ask);
	ok(kept == 0, "then not");
	ml_reorder_keep(r, 1, &kept, count_item, count_ask);
	ok(kept == 202, "all: %u", kept);
	ml_buf_clear(&told);
	ml_reorder_take(r, 3, slice("1,00"));
	ml_reorder_take(r, 9, slice("1,00"));
	ml_reorder_take(r, 11, slice("1,00"));
	ml_reorder_take(r, 5, slice("1,00"));
	ml_buf_byte(&told, '\0');
	ok(strcmp(told.p, "9R 10 11 12R 5R ") == 0, "it goes on: %s", told.p);
	ok(ml_reorder_waiting(r) == 0 && ml_reorder_open(r) == 0,
	    "all is there");
	ml_reorder_free(r);
}

int
main(void)
{
	check_told();
	check_counts();
	check_tries();
	check_random(5000, 10, 1);
	check_random(5000, 60, 2);
	check_restored();
	check_again();
	check_repeated();
	check_limits();
	ml_buf_free(&told);
	return unit_done();
}

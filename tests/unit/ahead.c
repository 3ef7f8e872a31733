/* ahead - texts in the order announced, those that are not, and a short file */
#include <unistd.h>

#include "ahead.h"
#include "given.h"
#include "place.h"
#include "unit.h"

#define TEXTS 5000

/* A file of numbers as text, each in ten bytes. */
static int
numbers(void)
{
	char name[] = "/tmp/ahead.XXXXXX";
	struct ml_buf all = { 0 };
	char text[16];
	int fd = mkstemp(name), i;

	unlink(name);
	for (i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof text, "%010d", i);
		ml_buf_str(&all, text);
	}
	if (write(fd, all.p, all.len) != (ssize_t)all.len)
		exit(1);
	ml_buf_free(&all);
	return fd;
}

static uint64_t
place_of(size_t number)
{
	return ml_place(number * 10, 10);
}

static int
is_number(struct ml_slice text, size_t number)
{
	char want[16];

	snprintf(want, sizeof want, "%010zu", number);
	return ml_slice_is(text, want);
}

/* Ask for all in an order of theirs: how many were read ahead, none wrongly. */
static size_t
ask(struct ml_ahead *a, int fd, const size_t *order, size_t n, size_t skip)
{
	struct ml_slice text;
	size_t said = 0, asked, got = 0;

	for (asked = 0; asked < n; asked++) {
		for (; said < n && ml_ahead_wants(a); said++)
			if (skip == 0 || said % skip != 0)
				ml_ahead_announce(a, fd, place_of(order[said]));
		if (!ml_ahead_get(a, place_of(order[asked]), &text))
			continue;
		if (!is_number(text, order[asked]))
			return 0;
		got++;
	}
	ml_ahead_end(a);
	return got;
}

int
main(void)
{
	struct ml_ahead *a = ml_ahead_new();
	size_t order[TEXTS], i, j, swap, got;
	struct ml_slice text;
	uint64_t state = 1;
	int fd = numbers();

	for (i = 0; i < TEXTS; i++)
		order[i] = i;
	for (i = TEXTS; i-- > 1;) {
		j = given_below(&state, i + 1);
		swap = order[i], order[i] = order[j], order[j] = swap;
	}
	ok(!ml_ahead_get(a, place_of(1), &text), "nothing was announced");
	got = ask(a, fd, order, TEXTS, 0);
	ok(got > TEXTS - 64 && got <= TEXTS,
	    "all but the last few are read ahead: %zu", got);
	ok(!ml_ahead_get(a, place_of(order[0]), &text), "it has ended");
	ok(ask(a, fd, order, 10, 0) == 0, "a few are not worth it");
	got = ask(a, fd, order, TEXTS, 3);
	ok(got > TEXTS - TEXTS / 3 - 66 && got < TEXTS,
	    "those that are not announced are the caller's to read: %zu", got);
	if (ftruncate(fd, TEXTS * 5) == -1)
		return 1;
	got = ask(a, fd, order, TEXTS, 0);
	ok(got < TEXTS / 2, "so are those that are not there: %zu", got);
	for (i = 0; i < 1000; i++)
		if (ml_ahead_wants(a))
			ml_ahead_announce(a, fd, place_of(i));
	ml_ahead_free(a);
	ml_ahead_free(NULL);
	ok(1, "freed with some announced");
	close(fd);
	return unit_done();
}

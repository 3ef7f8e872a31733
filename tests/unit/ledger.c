/* ledger - booked by many, over boots and clocks that jump, and after a crash */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "given.h"
#include "steady.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)
#define HOUR ML_BUDGET_WINDOW
#define LIMIT (10 * SECOND)
#define DAY INT64_C(86400000000)

static char folder[4096], path[5000];

static struct ml_ledger_clock
at(char boot, uint64_t since_boot, int64_t wall, int is_synced)
{
	struct ml_ledger_clock c = { .since_boot = since_boot, .wall = wall,
	    .is_synced = is_synced };

	memset(c.boot, boot, ML_LEDGER_BOOT_LEN);
	return c;
}

static struct ml_ledger *
opened(void)
{
	struct ml_ledger *l;

	if (ml_ledger_open(&l, path) == -1)
		abort();
	return l;
}

static struct ml_ledger *
reopened(struct ml_ledger *l)
{
	ml_ledger_free(l);
	return opened();
}

/* When airtime may be sent; booked if that is now. */
static uint64_t
book(struct ml_ledger *l, struct ml_ledger_clock c, uint64_t airtime)
{
	struct ml_budget_entry e = { .until = c.since_boot + airtime,
	    .airtime = airtime };
	uint64_t when;
	const char *why;
	unsigned long line;

	return ml_ledger_book(l, &c, LIMIT, &e, &when, &why, &line) == -1 ? 1 :
	    when;
}

static void
anew(void)
{
	unlink(path);
}

/* One that all of an hour was booked in, on the day, since another boot. */
static struct ml_ledger *
used_up(int is_synced)
{
	struct ml_ledger *l;

	anew();
	l = opened();
	book(l, at('a', 5000 * SECOND, DAY, is_synced), LIMIT);
	return reopened(l);
}

static void
check_shared(void)
{
	struct ml_ledger *a, *b;
	struct ml_ledger_clock c = at('a', 100 * SECOND, 0, 0);

	anew();
	a = opened();
	b = opened();
	ok(book(a, c, 6 * SECOND) == c.since_boot, "one books");
	ok(book(b, c, 5 * SECOND) == 106 * SECOND + HOUR,
	    "and the other waits for it");
	ok(book(b, c, 4 * SECOND) == c.since_boot, "what is left is granted");
	ok(book(a, c, 1) == 104 * SECOND + HOUR, "then nothing is");
	ok(book(a, c, LIMIT + 1) == UINT64_MAX, "too much is never granted");
	c.since_boot = 104 * SECOND + HOUR;
	ok(book(b, c, 1) == c.since_boot, "an hour later it is");
	ml_ledger_free(a);
	ml_ledger_free(b);
}

/* Each books a tenth of an hour's part until no more is granted. */
static _Noreturn void
book_all(struct ml_ledger_clock c)
{
	struct ml_ledger *l = opened();

	while (book(l, c, LIMIT / 10) == c.since_boot)
		continue;
	_exit(0);
}

static void
check_crowd(void)
{
	struct ml_ledger_clock c = at('a', 100 * SECOND, 0, 0);
	struct ml_ledger *l;
	const char *why;
	unsigned long line;
	int round, i, wrong = 0;

	for (round = 0; round < 10; round++) {
		anew();
		for (i = 0; i < 6; i++)
			if (fork() == 0)
				book_all(c);
		while (wait(NULL) != -1)
			continue;
		l = opened();
		wrong += ml_ledger_look(l, &c, &why, &line) == -1 ||
		    ml_budget_used(ml_ledger_budget(l), c.since_boot) != LIMIT;
		ml_ledger_free(l);
	}
	ok(wrong == 0, "six at once: all is granted, and no more");
}

static void
check_moved(void)
{
	struct ml_ledger *l;
	struct ml_ledger_clock c = at('a', 100 * SECOND, 0, 0);
	struct ml_budget_entry e = { .until = 900 * SECOND, .airtime = LIMIT };
	uint64_t when;
	const char *why;
	unsigned long line;

	anew();
	l = opened();
	ok(ml_ledger_book(l, &c, LIMIT, &e, &when, &why, &line) == 0 &&
	    when == c.since_boot, "booked until much later");
	c.since_boot = e.until = 110 * SECOND;
	ok(ml_ledger_move(l, &c, &e, &why, &line) == 0, "it has ended");
	l = reopened(l);
	ok(book(l, c, 1) == 110 * SECOND + HOUR,
	    "an hour from then, for who opens it later too");
	c.since_boot = e.until = 500 * SECOND;
	ok(ml_ledger_move(l, &c, &e, &why, &line) == 0 &&
	    book(l, c, 1) == 500 * SECOND + HOUR,
	    "it ended later than was booked: an hour from then");
	c.since_boot = 600 * SECOND + HOUR;
	ok(book(l, c, 1) == c.since_boot, "that is over");
	e.until = c.since_boot - SECOND;
	ok(ml_ledger_move(l, &c, &e, &why, &line) == 0 &&
	    book(l, c, 1) == e.until + HOUR,
	    "it was not, and is booked again when it was forgotten");
	ml_ledger_free(l);
}

/* The wall clock is no matter within a boot. */
static void
check_jumps(void)
{
	static const int64_t walls[] = { 0, INT64_C(4000000000000000),
	    -INT64_C(4000000000000000), 1, INT64_C(9000000000000000) };
	struct ml_ledger *l;
	size_t i, wrong = 0;

	anew();
	for (i = 0; i < sizeof walls / sizeof walls[0]; i++) {
		l = opened();
		wrong += book(l, at('a', (100 + i) * SECOND, walls[i], 1),
		    2 * SECOND) != (100 + i) * SECOND;
		ml_ledger_free(l);
	}
	ok(wrong == 0, "five bookings while the time is set back and forth");
	l = opened();
	ok(book(l, at('a', 106 * SECOND, 55, 1), 1) == 102 * SECOND + HOUR,
	    "the sixth waits, whatever the time of day");
	ml_ledger_free(l);
}

static void
check_boots(void)
{
	struct ml_ledger *l;

	anew();
	l = opened();
	ok(book(l, at('a', 5000 * SECOND, DAY, 1), LIMIT) == 5000 * SECOND,
	    "all is booked before a reboot");
	l = reopened(l);
	ok(book(l, at('b', 60 * SECOND, 0, 0), 1) == HOUR,
	    "without a clock it counts as sent at the boot");
	ok(book(l, at('b', HOUR, 0, 0), 1) == HOUR, "and an hour later no more");
	ml_ledger_free(l);
	l = used_up(1);
	/* it ended 10 s of airtime after the day; now it is 70 s later */
	ok(book(l, at('b', 60 * SECOND, DAY + 80 * (int64_t)SECOND, 1), 1) ==
	    HOUR, "with one too, if that was before the boot");
	l = reopened(l);
	ok(book(l, at('b', 60 * SECOND, DAY + 2 * (int64_t)HOUR, 1), 1) ==
	    60 * SECOND, "two hours later by the clock: it is over");
	ml_ledger_free(l);
	l = used_up(1);
	ok(book(l, at('b', 60 * SECOND, 1, 1), 1) == HOUR,
	    "in the far future by the clock, which cannot be: as sent at the boot");
	l = reopened(l);
	ok(book(l, at('b', 60 * SECOND, DAY - 20 * (int64_t)SECOND, 1), 1) ==
	    90 * SECOND + HOUR, "in the near one, as it was booked: it will end then");
	ml_ledger_free(l);
	l = used_up(0);
	ok(book(l, at('b', 60 * SECOND, 30 * DAY, 1), 1) == HOUR,
	    "by a clock that was not synchronised then: as sent at the boot");
	ml_ledger_free(l);
}

static void
put(const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void
check_damage(void)
{
	struct ml_ledger *l;
	struct ml_ledger_clock c = at('a', 100 * SECOND, 0, 0);
	struct ml_budget_entry e = { .until = 1, .airtime = 1 };
	uint64_t when;
	const char *why;
	unsigned long line;

	anew();
	l = opened();
	book(l, c, 4 * SECOND);
	ml_ledger_free(l);
	put("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000000");
	l = opened();
	ok(book(l, c, 6 * SECOND) == c.since_boot,
	    "a line that a crash has cut was never sent");
	l = reopened(l);
	ok(book(l, c, 1) == 104 * SECOND + HOUR, "and is gone");
	put("no ledger's");
	ok(ml_ledger_book(l, &c, LIMIT, &e, &when, &why, &line) == -1 &&
	    why != NULL && line == 3, "what no crash can have left is an error");
	ml_ledger_free(l);
	l = opened();
	ok(ml_ledger_look(l, &c, &why, &line) == -1, "and stays");
	put("\n");
	ok(ml_ledger_book(l, &c, LIMIT, &e, &when, &why, &line) == -1 &&
	    why != NULL && line == 3, "another line is an error: line 3");
	ml_ledger_free(l);
}

static void
check_tidy(void)
{
	struct ml_ledger *a, *b;
	struct ml_ledger_clock c = at('a', 100 * SECOND, 0, 0);
	struct stat st;
	off_t most = 0;
	size_t i, wrong = 0;

	anew();
	a = opened();
	b = opened();
	for (i = 0; i < 3000; i++, c.since_boot += 10 * SECOND) {
		wrong += book(i % 3 ? a : b, c, SECOND / 50) != c.since_boot;
		if (stat(path, &st) == 0 && st.st_size > most)
			most = st.st_size;
	}
	ok(wrong == 0, "3000 bookings within the limit by two");
	ok(most < 3 * ML_LEDGER_KEEP / 2, "the file stays small: %lld bytes",
	    (long long)most);
	ok(book(a, c, LIMIT) > c.since_boot, "what counts still was kept");
	ml_ledger_free(a);
	ml_ledger_free(b);
}

/* More lines than any hour has, by who keeps no file small. */
static void
put_many(size_t lines, uint64_t since_boot, uint64_t step)
{
	FILE *f = fopen(path, "we");
	uint64_t state = 7;
	size_t i;

	if (f == NULL)
		abort();
	for (i = 0; i < lines; i++, since_boot += step)
		fprintf(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa %016llx 10 %llu 0\n",
		    (unsigned long long)given_below(&state, UINT64_MAX),
		    (unsigned long long)since_boot);
	fclose(f);
}

static void
check_many(void)
{
	struct ml_ledger *l = opened();
	struct ml_ledger_clock c = at('a', 2 * HOUR, 0, 0);
	struct stat st;
	const char *why;
	unsigned long line;

	anew();
	put_many(100000, HOUR + SECOND, HOUR / 200000);
	ok(ml_ledger_look(l, &c, &why, &line) == 0 && ml_budget_used(
	    ml_ledger_budget(l), c.since_boot) == 100000 * 10,
	    "100000 lines that count");
	ok(book(l, c, LIMIT - 100000 * 10) == c.since_boot &&
	    book(l, c, 1) > c.since_boot, "count when some are made one, too");
	ok(stat(path, &st) == 0 && st.st_size < 1800 * 100,
	    "and the file is small: %lld bytes", (long long)st.st_size);
	l = reopened(l);
	ok(book(l, c, 1) >= HOUR + SECOND + HOUR &&
	    book(l, c, 1) <= HOUR + 2 * SECOND + HOUR,
	    "they are forgotten a second late at the most");
	ml_ledger_free(l);
	anew();
	put_many(100000, 1, HOUR / 200000);
	l = opened();
	ok(book(l, c, 1) == c.since_boot && stat(path, &st) == 0 &&
	    st.st_size < 200, "and 100000 that no longer do");
	ml_ledger_free(l);
}

/* The ledger is where a link points to, and who may use it still may. */
static void
check_link(void)
{
	struct ml_ledger *l;
	struct ml_ledger_clock c = at('a', 2 * HOUR, 0, 0);
	char link[5100];
	struct stat st;

	anew();
	put_many(2000, 1, 1);
	if (chmod(path, 0664) == -1)
		abort();
	snprintf(link, sizeof link, "%s.link", path);
	if (symlink("airtime", link) == -1)
		abort();
	l = NULL;
	ok(ml_ledger_open(&l, link) == 0 &&
	    strcmp(ml_ledger_path(l), link) == 0 &&
	    book(l, c, 1) == c.since_boot, "booked by a link's name");
	ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "it is one still");
	ok(stat(path, &st) == 0 && st.st_size < 200 &&
	    (st.st_mode & 0777) == 0664, "and its file was made small");
	ml_ledger_free(l);
	unlink(path);
	ok(ml_ledger_open(&l, link) == 0 && book(l, c, 1) == c.since_boot &&
	    lstat(link, &st) == 0 && S_ISLNK(st.st_mode) &&
	    stat(path, &st) == 0, "where it points to nothing, that is made");
	ml_ledger_free(l);
	unlink(link);
}

/* An hour lasts a fifth of a second here. */
static struct ml_ledger_clock
hasty(void)
{
	return at('a', (uint64_t)ml_steady_us() * 18000, 0, 0);
}

/* Book as often as may be, and tell what was sent from when on. */
static _Noreturn void
book_on(int told)
{
	const struct timespec nap = { 0, 300000 };
	struct ml_ledger *l = opened();
	struct ml_budget_entry e;
	struct ml_ledger_clock c;
	uint64_t when;
	const char *why;
	unsigned long line;

	for (;;) {
		c = hasty();
		e = (struct ml_budget_entry){ .airtime = LIMIT / 20,
		    .until = c.since_boot + LIMIT / 20 + 60 * SECOND };
		if (ml_ledger_book(l, &c, LIMIT, &e, &when, &why, &line) == -1)
			_exit(1);
		if (when != c.since_boot) {
			nanosleep(&nap, NULL);
			continue;
		}
		if (write(told, &c.since_boot, sizeof c.since_boot) == -1)
			_exit(1);
		e.until -= 60 * SECOND;
		if (ml_ledger_move(l, &c, &e, &why, &line) == -1)
			_exit(1);
	}
}

/* The most that was sent in any hour, of sendings told in whatever order. */
static uint64_t
fullest(const uint64_t *from, size_t n)
{
	uint64_t most = 0, sum;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (sum = 0, j = 0; j < n; j++)
			if (from[j] >= from[i] &&
			    from[j] + LIMIT / 20 <= from[i] + HOUR)
				sum += LIMIT / 20;
		if (sum > most)
			most = sum;
	}
	return most;
}

/* Three book, each is killed now and then: how many of them died by it. */
static int
kill_some(int told, int kills, uint64_t *state)
{
	pid_t pid[3] = { 0 };
	int i, k, status, killed = 0;

	for (k = 0; k < kills + 3; k++) {
		struct timespec nap = { 0, (long)given_below(state, 4000000) };

		for (i = 0; k < kills && i < 3; i++)
			if (pid[i] == 0 && (pid[i] = fork()) == 0)
				book_on(told);
		nanosleep(&nap, NULL);
		i = k < kills ? (int)given_below(state, 3) : k - kills;
		if (pid[i] == 0)
			continue;
		kill(pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
		killed += WIFSIGNALED(status);
		pid[i] = 0;
	}
	return killed;
}

static void
check_kills(void)
{
	static uint64_t from[20000];
	char name[5100];
	uint64_t state = 5, most = 0, sum;
	struct stat st;
	int fd, round, killed = 0, tidied = 0;
	ssize_t n, all = 0;

	snprintf(name, sizeof name, "%s.told", path);
	for (round = 0; round < 6; round++) {
		anew();
		put_many(1030, 1, 1);	/* soon to be written anew */
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND |
		    O_CLOEXEC, 0600);
		killed += kill_some(fd, 50, &state);
		n = pread(fd, from, sizeof from, 0) / (ssize_t)sizeof from[0];
		close(fd);
		all += n;
		if ((sum = fullest(from, n > 0 ? (size_t)n : 0)) > most)
			most = sum;
		tidied += stat(path, &st) == 0 && st.st_size < ML_LEDGER_KEEP / 2;
	}
	unlink(name);
	snprintf(name, sizeof name, "%s.new", path);
	unlink(name);			/* where one died while it wrote that */
	ok(killed == 6 * 52, "killed in the middle: %d", killed);
	ok(most <= LIMIT && most > LIMIT / 2,
	    "%zd sendings, %.1f s in the fullest hour", all,
	    (double)most / SECOND);
	ok(tidied > 0, "the file was written anew meanwhile: %d times", tidied);
}

static void
check_clock(void)
{
	struct ml_ledger_clock c, d;

	ok(ml_ledger_read_clock(&c) == 0 && ml_ledger_read_clock(&d) == 0 &&
	    strcmp(c.boot, d.boot) == 0 && c.since_boot <= d.since_boot &&
	    strlen(c.boot) > 0, "the system's clock: boot %s", c.boot);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/ledger.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/a/b/airtime", folder);
	check_shared();
	check_crowd();
	check_moved();
	check_jumps();
	check_boots();
	check_damage();
	check_tidy();
	check_many();
	check_link();
	check_kills();
	check_clock();
	anew();
	snprintf(path, sizeof path, "%s/a/b", folder);
	rmdir(path);
	path[strlen(path) - 2] = '\0';
	rmdir(path);
	ok(rmdir(folder) == 0, "nothing else was left");
	return unit_done();
}

/* verify - seals good and bad, in their order, whatever thread has them */
#include "sealed.h"
#include "unit.h"
#include "verify.h"

#define ROUNDS 20		/* of all events: many jobs at once */

struct seen {
	uint64_t n, wrong;
};

/* Every seventh seal was taken from another event. */
static int
is_bad(uint64_t nth)
{
	return nth % 7 == 3;
}

static void
told(void *arg, const struct ml_feed *f, int64_t seq,
    const struct ml_log_place *at, const char *why)
{
	struct seen *s = arg;
	size_t a = s->n / LEN % AUTHORS;

	s->wrong += at->line != s->n || seq != (int64_t)(s->n % LEN) + 1 ||
	    !ml_slice_same(f->author, event[a][1].author) ||
	    (why != NULL) != is_bad(s->n);
	s->n++;
}

static struct ml_feed *
feed_of(struct ml_feeds *feeds, size_t a)
{
	struct ml_feed *f = ml_feeds_get(feeds, event[a][1].author);

	ml_feed_extend(feeds, f, &event[a][1], (struct ml_spot){ 0, 0 });
	return f;
}

static int
add(struct ml_verify *v, const struct ml_feed *f, size_t a, int64_t seq,
    uint64_t nth)
{
	struct ml_log_place at = { .line = nth };
	struct ml_event e = event[a][seq];

	if (is_bad(nth))
		e.seal = event[a][seq % LEN + 1].seal;
	return ml_verify_add(v, f, &e, &at);
}

static void
check_order(uint64_t want)
{
	static const uint8_t key[ML_TABLE_KEY_LEN];
	struct ml_feeds *feeds = ml_feeds_new(key);
	struct ml_feed *f[AUTHORS];
	struct seen seen = { 0, 0 };
	struct ml_verify *v = ml_verify_new(&seen, told);
	uint64_t n;
	size_t a;
	int rc = 0;

	for (a = 0; a < AUTHORS; a++)
		f[a] = feed_of(feeds, a);
	for (n = 0; rc == 0 && n < want; n++) {
		a = n / LEN % AUTHORS;
		rc = add(v, f[a], a, (int64_t)(n % LEN) + 1, n);
	}
	ok(rc == 0 && ml_verify_end(v) == 0 && seen.n == want &&
	    seen.wrong == 0, "%llu seals are told in order",
	    (unsigned long long)want);
	ml_verify_free(v);
	ml_feeds_free(feeds);
}

int
main(void)
{
	struct seen seen = { 0, 0 };
	struct ml_verify *v;

	if (sodium_init() == -1)
		return 1;
	make_sealed();
	check_order(0);
	check_order(1);
	check_order(64);
	check_order(65);
	check_order((uint64_t)ROUNDS * AUTHORS * LEN);
	v = ml_verify_new(&seen, told);
	ml_verify_free(v);
	ok(seen.n == 0, "who gives up is told nothing");
	ml_verify_free(NULL);
	ml_buf_free(&text);
	return unit_done();
}

/* segment - what was put is got, and hostile bytes are refused within bounds */
#include "given.h"
#include "place.h"
#include "segment.h"
#include "unit.h"
#include "varint.h"

enum { POSTINGS = 20000 };

static const uint64_t EDGES[] = { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff,
    0x200000, UINT64_C(0xfffffff), UINT64_C(0x10000000), UINT32_MAX,
    UINT64_C(1) << 53, UINT64_C(1) << 56, (UINT64_C(1) << 63) - 1,
    UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
#define N_EDGES (sizeof EDGES / sizeof EDGES[0])

/* The bytes of a slice alone in memory, so that a sanitizer sees their end. */
static struct ml_slice
alone(struct ml_slice s)
{
	char *p = malloc(s.len > 0 ? s.len : 1);

	if (p == NULL)
		abort();
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return (struct ml_slice){ p, s.len };
}

static void
leave(struct ml_slice s)
{
	free((void *)(uintptr_t)s.p);
}

/* Call with every beginning of a text, and with each of its bits flipped. */
static void
spoil(struct ml_slice text, void *arg,
    void (*each)(void *arg, struct ml_slice text))
{
	struct ml_slice s;
	size_t i;

	for (i = 0; i < text.len; i++) {
		s = alone((struct ml_slice){ text.p, i });
		each(arg, s);
		leave(s);
	}
	for (i = 0; i < 8 * text.len; i++) {
		s = alone(text);
		((char *)(uintptr_t)s.p)[i / 8] ^= (char)(1 << i % 8);
		each(arg, s);
		leave(s);
	}
}

static void
check_varints(void)
{
	static const char *const none[] = { "", "\x80", "\xff\xff\xff",
	    "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" };
	struct ml_buf b = { 0 };
	struct ml_slice from;
	uint64_t got, state = 1;
	int64_t got_signed;
	size_t i, n, wrong = 0, len;

	for (i = 0; i < 20000; i++) {
		uint64_t v = i < N_EDGES ? EDGES[i] :
		    given_random(&state) >> given_below(&state, 64);

		for (len = 1; len < ML_VARINT_LEN && v >> 7 * len != 0;)
			len++;
		ml_buf_clear(&b);
		ml_varint_put(&b, v);
		from = ml_buf_view(&b);
		wrong += b.len != len || !ml_varint_get(&from, &got) || got != v ||
		    from.len != 0 || from.p != b.p + b.len;
		for (n = 0; n < b.len; n++) {
			struct ml_slice cut = alone(
			    (struct ml_slice){ b.p, n }), rest = cut;

			if (ml_varint_get(&rest, &got))
				wrong++;
			leave(cut);
		}
		ml_buf_clear(&b);
		ml_varint_put_signed(&b, (int64_t)v);
		from = ml_buf_view(&b);
		wrong += !ml_varint_get_signed(&from, &got_signed) ||
		    got_signed != (int64_t)v || from.len != 0;
		wrong += ml_varint_unfold(ml_varint_fold((int64_t)v)) !=
		    (int64_t)v;
	}
	ok(wrong == 0, "varints: at their edges and at random, %zu wrong",
	    wrong);
	ok(ml_varint_fold(0) == 0 && ml_varint_fold(-1) == 1 &&
	    ml_varint_fold(1) == 2 && ml_varint_fold(-2) == 3 &&
	    ml_varint_fold(INT64_MAX) == UINT64_MAX - 1 &&
	    ml_varint_fold(INT64_MIN) == UINT64_MAX, "signed ones alternate");
	for (i = 0; i < sizeof none / sizeof none[0]; i++) {
		from = slice(none[i]);
		ok(!ml_varint_get(&from, &got), "no varint: %zu bytes",
		    strlen(none[i]));
		from = slice(none[i]);
		ok(!ml_varint_get_signed(&from, &got_signed) &&
		    got_signed == 0, "nor a signed one");
	}
	ml_buf_free(&b);
}

static int
same_feed(const struct ml_segment_feed *a, const struct ml_segment_feed *b)
{
	return ml_slice_same(a->author, b->author) && a->keyed == b->keyed &&
	    a->forked == b->forked &&
	    memcmp(a->public, b->public, sizeof a->public) == 0 &&
	    a->name.len == b->name.len &&
	    (a->name.len == 0 || ml_slice_same(a->name, b->name)) &&
	    a->first == b->first && a->count == b->count &&
	    a->block == b->block && memcmp(a->id, b->id, ML_ID_LEN) == 0 &&
	    ml_hlc_compare(a->oldest, b->oldest) == 0 &&
	    ml_hlc_compare(a->newest, b->newest) == 0;
}

static struct ml_segment_feed
some_feed(uint64_t *state, const char *author)
{
	static const int64_t seq[] = { 1, 2, 127, 128, ML_SEQ_MAX - 1,
	    ML_SEQ_MAX, ML_SEQ_MAX + 1 };
	static const int64_t stamp[] = { 0, -1, 1, 1700000000000,
	    -(INT64_C(1) << 53), INT64_C(1) << 53 };
	struct ml_segment_feed f = { .author = slice(author) };
	size_t i;

	f.keyed = given_below(state, 2) == 0;
	f.forked = given_below(state, 2) == 0;
	if (f.keyed) {
		for (i = 0; i < sizeof f.public; i++)
			f.public[i] = (uint8_t)given_random(state);
		f.name = slice(given_below(state, 2) == 0 ? "" : "a name");
	}
	f.first = seq[given_below(state, sizeof seq / sizeof seq[0])];
	f.count = ML_SEQ_MAX - f.first + 1;
	if (f.count > 0 && given_below(state, 3) > 0)
		f.count = (int64_t)given_below(state, f.count < INT32_MAX ?
		    (size_t)f.count : INT32_MAX);
	f.block = EDGES[given_below(state, N_EDGES)];
	for (i = 0; i < sizeof f.id; i++)
		f.id[i] = (uint8_t)given_random(state);
	f.oldest.wall = stamp[given_below(state, 6)];
	f.oldest.counter = stamp[given_below(state, 6)];
	f.newest.wall = stamp[given_below(state, 6)];
	f.newest.counter = stamp[given_below(state, 6)];
	return f;
}

/* What is got of whatever lies within it, and within the limits. */
static void
get_feeds(void *arg, struct ml_slice text)
{
	const char *p = text.p, *end = text.p + text.len;
	struct ml_segment_feed f;
	size_t *wrong = arg;

	while (ml_segment_get_feed(&text, &f))
		*wrong += f.author.p < p || f.author.p > text.p ||
		    f.author.len > (size_t)(text.p - f.author.p) ||
		    f.first < 1 || f.count < 0 ||
		    f.first + f.count - 1 > ML_SEQ_MAX ||
		    text.p + text.len != end ||
		    (f.name.len > 0 && (f.name.p < p || f.name.p > text.p));
}

static void
check_feeds(void)
{
	static const char *const author[] = { "", "a", "team_a",
	    "\\u00e9\\ud83d\\ude00", "0123456789abcdef0123456789abcdef", "a rather long name, longer "
	    "than what one byte of length can say if it were but 7 bits: so "
	    "it goes on, and on, until it is long enough for two of them" };
	struct ml_segment_feed f[300], got;
	struct ml_buf b = { 0 };
	struct ml_slice from;
	uint64_t state = 2;
	size_t i, wrong = 0;

	for (i = 0; i < 300; i++) {
		f[i] = some_feed(&state, author[given_below(&state, 6)]);
		ml_segment_put_feed(&b, &f[i]);
	}
	from = ml_buf_view(&b);
	for (i = 0; i < 300; i++)
		wrong += !ml_segment_get_feed(&from, &got) ||
		    !same_feed(&got, &f[i]);
	ok(wrong == 0 && from.len == 0, "feeds: %zu wrong", wrong);
	ok(!ml_segment_get_feed(&from, &got), "and no more");
	for (wrong = 0, i = 0; i < 40; i++) {
		ml_buf_clear(&b);
		ml_segment_put_feed(&b, &f[i]);
		ml_segment_put_feed(&b, &f[i + 1]);
		spoil(ml_buf_view(&b), &wrong, get_feeds);
	}
	ok(wrong == 0, "feeds that were spoilt: %zu out of bounds", wrong);
	f[0].first = 0;
	f[0].count = 1;
	f[1] = f[2] = f[0];
	f[1].first = ML_SEQ_MAX + 2;
	f[2].first = 2;
	f[2].count = ML_SEQ_MAX;
	for (i = 0; i < 3; i++) {
		ml_buf_clear(&b);
		ml_segment_put_feed(&b, &f[i]);
		from = ml_buf_view(&b);
		ok(!ml_segment_get_feed(&from, &got), "no seq: %zu", i);
	}
	ml_buf_free(&b);
}

static void
get_places(void *arg, struct ml_slice text)
{
	uint64_t place[ML_SEGMENT_BLOCK], len;
	size_t *wrong = arg, n, i;

	for (n = 0; n <= 6; n++)
		if (ml_segment_get_places(text, place, n))
			for (i = 0; i < n; i++) {
				len = ml_place_len(place[i]);
				*wrong += len < 1 ||
				    len > UINT64_C(1) << ML_PLACE_LEN_BITS;
			}
}

static void
check_places(void)
{
	uint64_t place[ML_SEGMENT_BLOCK], got[ML_SEGMENT_BLOCK + 1], state = 3;
	struct ml_buf b = { 0 };
	struct ml_slice from;
	size_t round, n, i, wrong = 0, taken = 0;

	for (round = 0; round < 2000; round++) {
		n = round < 4 ? round : given_below(&state,
		    ML_SEGMENT_BLOCK) + 1;
		for (i = 0; i < n; i++)
			place[i] = ml_place(given_random(&state) >> 24 >>
			    given_below(&state, 40), (given_random(&state) &
			    ((1U << ML_PLACE_LEN_BITS) - 1)) + 1);
		if (n > 1) {
			place[0] = ml_place(0, 1);
			place[1] = ml_place((UINT64_C(1) << 40) - 1,
			    UINT64_C(1) << ML_PLACE_LEN_BITS);
		}
		ml_buf_clear(&b);
		ml_segment_put_places(&b, place, n);
		from = alone(ml_buf_view(&b));
		wrong += !ml_segment_get_places(from, got, n) ||
		    memcmp(got, place, n * sizeof *got) != 0;
		taken += ml_segment_get_places(from, got, n + 1) ||
		    (n > 0 && ml_segment_get_places(from, got, n - 1));
		leave(from);
	}
	ok(wrong == 0, "places: %zu wrong", wrong);
	ok(taken == 0, "one more or one less is none: %zu", taken);
	for (i = 0; i < 6; i++)
		place[i] = ml_place(i * 300, 299);
	ml_buf_clear(&b);
	ml_segment_put_places(&b, place, 6);
	ok(b.len == 18, "lines in a row take %zu bytes", b.len);
	spoil(ml_buf_view(&b), &wrong, get_places);
	place[3] = ml_place(0, UINT64_C(1) << ML_PLACE_LEN_BITS);
	ml_buf_clear(&b);
	ml_segment_put_places(&b, place, 6);
	spoil(ml_buf_view(&b), &wrong, get_places);
	ok(wrong == 0, "places that were spoilt: %zu out of bounds", wrong);
	ml_buf_free(&b);
}

static int
by_hash(const void *a, const void *b)
{
	const struct ml_posting *p = a, *q = b;

	if (p->hash != q->hash)
		return p->hash < q->hash ? -1 : 1;
	return (p->seq > q->seq) - (p->seq < q->seq);	/* as they came */
}

/* Hashes at random, few, alike in all digits but one, all the same. */
static uint64_t
some_hash(uint64_t *state, unsigned kind)
{
	uint64_t h = given_random(state) >> (64 - ML_POSTING_BITS);

	switch (kind) {
	case 0: return h;
	case 1: return h % 7;
	case 2: return h & UINT64_C(0xfff000000);
	case 3: return h | UINT64_C(0xfff);
	default: return (UINT64_C(1) << ML_POSTING_BITS) - 1;
	}
}

static void
check_sorting(void)
{
	static struct ml_posting p[POSTINGS], spare[POSTINGS], want[POSTINGS];
	static const size_t many[] = { 0, 1, 2, 3, 100, 4096, POSTINGS };
	uint64_t state = 4;
	size_t i, k, n, wrong;
	unsigned kind;

	for (k = 0; k < sizeof many / sizeof many[0]; k++) {
		n = many[k];
		for (wrong = 0, kind = 0; kind < 5; kind++) {
			memset(p, 0, sizeof p);
			for (i = 0; i < n; i++) {
				p[i].hash = some_hash(&state, kind);
				p[i].seq = (int64_t)i;
				p[i].feed = (uint32_t)given_random(&state);
			}
			memcpy(want, p, sizeof p);
			qsort(want, n, sizeof *want, by_hash);
			ml_postings_sort(p, spare, n);
			for (i = 0; i < n; i++)
				wrong += p[i].hash != want[i].hash ||
				    p[i].seq != want[i].seq ||
				    p[i].feed != want[i].feed;
		}
		ok(wrong == 0, "%zu postings sorted as by qsort: %zu differ",
		    n, wrong);
	}
}

static void
get_bucket(void *arg, struct ml_slice text)
{
	const char *end = text.p + text.len, *was;
	struct ml_bucket b = { .open = 0 };
	size_t *wrong = arg;
	uint64_t hash;
	int got;

	do {
		was = text.p;
		hash = b.last.hash;
		got = ml_bucket_get(&b, &text);
		*wrong += text.p + text.len != end || (got == 1 &&
		    (text.p == was || b.last.hash >> ML_POSTING_BITS != 0 ||
		    b.last.hash < hash || b.last.seq < 0 ||
		    b.last.seq > ML_SEQ_MAX));
	} while (got == 1);
	*wrong += got == 0 && text.len != 0;
}

/* Feeds and seqs of a record in the order in which they are found. */
static size_t
some_postings(struct ml_posting *p, size_t n, uint64_t *state)
{
	uint64_t hash = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (given_below(state, 3) == 0)
			hash += given_below(state, 2) == 0 ? 1 :
			    given_random(state) >> 20;
		if (hash >> ML_POSTING_BITS != 0)
			break;
		p[i] = (struct ml_posting){ hash,
		    (int64_t)(given_random(state) >> (11 +
		    given_below(state, 50))), given_below(state, 2) == 0 ? 3 :
		    (uint32_t)(given_random(state) >> (32 +
		    given_below(state, 32))) };
		if (p[i].feed == UINT32_MAX)
			p[i].feed--;
	}
	return i;
}

static void
check_buckets(void)
{
	static struct ml_posting p[3000];
	struct ml_bucket in, out;
	struct ml_buf b = { 0 };
	struct ml_slice from, text;
	uint64_t state = 5;
	size_t round, i, n, wrong = 0;

	for (round = 0; round < 500; round++) {
		n = some_postings(p, round < 5 ? round : given_below(&state,
		    3000), &state);
		ml_buf_clear(&b);
		in = out = (struct ml_bucket){ .open = 0 };
		for (i = 0; i < n; i++)
			ml_bucket_put(&in, &b, &p[i]);
		ml_bucket_end(&in, &b);
		text = from = alone(ml_buf_view(&b));
		for (i = 0; i < n; i++)
			wrong += ml_bucket_get(&out, &from) != 1 ||
			    out.last.hash != p[i].hash ||
			    out.last.feed != p[i].feed ||
			    out.last.seq != p[i].seq;
		wrong += ml_bucket_get(&out, &from) != 0 || from.len != 0;
		leave(text);
	}
	ok(wrong == 0, "buckets: %zu wrong", wrong);
	for (round = 0; round < 40; round++) {
		n = some_postings(p, 8, &state);
		ml_buf_clear(&b);
		in = (struct ml_bucket){ .open = 0 };
		for (i = 0; i < n; i++)
			ml_bucket_put(&in, &b, &p[i]);
		ml_bucket_end(&in, &b);
		spoil(ml_buf_view(&b), &wrong, get_bucket);
	}
	ok(wrong == 0, "buckets that were spoilt: %zu out of bounds", wrong);
	ml_buf_free(&b);
}

/* Numbers that would wrap around. */
static void
check_limits(void)
{
	static const struct {
		uint64_t hash;
		int64_t seq, next;
		int good;
	} p[] = {
		{ (UINT64_C(1) << ML_POSTING_BITS) - 1, 0, 0, 1 },
		{ UINT64_C(1) << ML_POSTING_BITS, 0, 0, 0 },
		{ UINT64_MAX, 0, 0, 0 }, { 1, ML_SEQ_MAX, -ML_SEQ_MAX, 1 },
		{ 1, ML_SEQ_MAX + 1, 0, 0 }, { 1, ML_SEQ_MAX, 1, 0 },
		{ 1, -1, 1, 0 }, { 1, 0, -1, 0 }, { 1, INT64_MAX, 1, 0 },
		{ 1, INT64_MIN, 1, 0 }, { 1, 0, INT64_MIN, 0 },
	};
	struct ml_buf text = { 0 };
	struct ml_bucket b;
	struct ml_slice from;
	size_t i;
	int got;

	for (i = 0; i < sizeof p / sizeof p[0]; i++) {
		b = (struct ml_bucket){ .open = 0 };
		ml_buf_clear(&text);
		ml_varint_put(&text, p[i].hash);
		ml_varint_put(&text, 1);
		ml_varint_put_signed(&text, p[i].seq);
		ml_varint_put(&text, 1);
		ml_varint_put_signed(&text, p[i].next);
		ml_varint_put(&text, 0);
		from = ml_buf_view(&text);
		while ((got = ml_bucket_get(&b, &from)) == 1)
			continue;
		ok((got == 0) == p[i].good, "hash %llx, seq %lld and %lld",
		    (unsigned long long)p[i].hash, (long long)p[i].seq,
		    (long long)p[i].next);
	}
	b = (struct ml_bucket){ .open = 0 };
	from = slice("\x05\x01\x01" "\x01\x01" "\x00\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\x01\x01\x00\x00");
	from.len = 19;			/* slice() ends at a NUL */
	while ((got = ml_bucket_get(&b, &from)) == 1)
		continue;
	ok(got == -1, "a hash below the one before");
	ml_buf_free(&text);
}

/* Buckets stay small, and no more of them are made than that takes. */
static void
check_bits(void)
{
	uint64_t n;
	unsigned bits, last = 0;
	int right = ml_bucket_bits(0) == 0 && ml_bucket_bits(1) == 0;

	for (n = 1; n < UINT64_C(1) << 50; n += n / 7 + 1) {
		bits = ml_bucket_bits(n);
		right &= bits >= last && bits <= 24 &&
		    (bits == 24 || n >> bits <= 256) &&
		    (bits == 0 || n >> (bits - 1) > 256);
		last = bits;
	}
	ok(right && ml_bucket_bits(UINT64_MAX) == 24, "as many as it takes");
}

int
main(void)
{
	check_varints();
	check_feeds();
	check_places();
	check_sorting();
	check_buckets();
	check_limits();
	check_bits();
	return unit_done();
}

/* golomb - what goes in comes out, in as few bits as it may */
#include "given.h"
#include "golomb.h"
#include "unit.h"

#define COUNT 20000

static void
check_all_means(void)
{
	static const uint64_t means[] = { 0, 1, 2, 3, 5, 100, 12345,
	    UINT64_C(1) << 20, UINT64_C(1) << 32, UINT64_C(1) << 37 };
	uint64_t state = 1, v, got;
	unsigned i, k, same = 0, longest = 0;
	struct ml_golomb q;

	for (i = 0; i < sizeof means / sizeof means[0]; i++)
		for (k = 0; k < 33 * 20; k++) {
			v = k < 40 ? k : given_random(&state) >> (31 + k / 20);
			q = (struct ml_golomb){ .from = 0 };
			ml_golomb_put(&q, v, means[i]);
			if (ml_golomb_bits(&q) > longest)
				longest = ml_golomb_bits(&q);
			same += ml_golomb_get(&q, means[i], &got) && got == v &&
			    ml_golomb_bits(&q) == 0;
		}
	ok(same == i * k, "%u of %u codes read as written", same, i * k);
	ok(longest <= ML_GOLOMB_CODE, "none is longer than %d bits: %u",
	    ML_GOLOMB_CODE, longest);
}

/* Through messages of ten words, a code at a time. */
static void
check_stream(void)
{
	static uint64_t v[COUNT];
	struct ml_golomb out = { .from = 0 }, in = { .from = 0 };
	struct ml_golomb_mean mean = ml_golomb_mean(1000), heard = mean;
	uint64_t state = 2, got, bits = 0;
	uint32_t word[10];
	unsigned i, told = 0, same = 0, n;

	for (i = 0; i < COUNT; i++)
		v[i] = given_below(&state, 3000);
	for (i = 0; i < COUNT; ) {
		if (!ml_golomb_get(&in, ml_golomb_mean_of(&heard), &got)) {
			while (told < COUNT && ml_golomb_bits(&out) < 310) {
				ml_golomb_put(&out, v[told],
				    ml_golomb_mean_of(&mean));
				ml_golomb_follow(&mean, v[told++]);
			}
			n = ml_golomb_take(&out, told == COUNT, 10, word);
			bits += n * ML_GOLOMB_WORD;
			if (!ml_golomb_add(&in, word, n))
				break;
			continue;
		}
		ml_golomb_follow(&heard, got);
		same += got == v[i++];
	}
	ok(same == COUNT, "%u of %u numbers through messages", same, COUNT);
	ok((double)bits < COUNT * 12.1, "%.2f bits each, of log2(3000) = 11.55",
	    (double)bits / COUNT);
}

static void
check_refused(void)
{
	struct ml_golomb q = { .from = 0 };
	uint32_t words[ML_GOLOMB_WORDS + 1] = { 0 };
	uint64_t v;

	ok(!ml_golomb_get(&q, 5, &v), "nothing comes out of nothing");
	words[3] = UINT32_C(1) << 31;
	ok(!ml_golomb_add(&q, words, 4) && ml_golomb_bits(&q) == 0,
	    "a word of 32 bits is none");
	ok(!ml_golomb_add(&q, words, ML_GOLOMB_WORDS + 1), "there is no room");
	words[3] = 0;
	ok(ml_golomb_add(&q, words, ML_GOLOMB_WORDS), "there is just room");
	q = (struct ml_golomb){ .from = 0 };
	ml_golomb_put(&q, 1000000, 100);
	q.to -= 1;
	ok(!ml_golomb_get(&q, 100, &v) && q.from == 0, "a bit is missing");
}

int
main(void)
{
	check_all_means();
	check_stream();
	check_refused();
	return unit_done();
}

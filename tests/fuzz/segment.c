/* segment: feeds, places and a bucket; what is read is written and read again */
#include <assert.h>
#include <string.h>

#include "place.h"
#include "segment.h"
#include "varint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
as_feeds(struct ml_slice text)
{
	const char *p = text.p, *end = text.p + text.len;
	struct ml_segment_feed f, g;
	struct ml_buf again = { 0 };
	struct ml_slice from;

	while (ml_segment_get_feed(&text, &f)) {
		assert(f.author.p >= p && f.author.p + f.author.len <= text.p &&
		    text.p + text.len == end);
		assert(f.first >= 1 && f.count >= 0 &&
		    f.first + f.count - 1 <= ML_SEQ_MAX);
		ml_buf_clear(&again);
		ml_segment_put_feed(&again, &f);
		from = ml_buf_view(&again);
		assert(ml_segment_get_feed(&from, &g) && from.len == 0 &&
		    ml_slice_same(f.author, g.author) && f.keyed == g.keyed &&
		    f.forked == g.forked && f.name.len == g.name.len &&
		    memcmp(f.public, g.public, sizeof f.public) == 0 &&
		    f.first == g.first && f.count == g.count &&
		    f.block == g.block &&
		    memcmp(f.id, g.id, sizeof f.id) == 0 &&
		    ml_hlc_compare(f.oldest, g.oldest) == 0 &&
		    ml_hlc_compare(f.newest, g.newest) == 0);
	}
	ml_buf_free(&again);
}

static void
as_places(struct ml_slice text, size_t n)
{
	uint64_t place[ML_SEGMENT_BLOCK], same[ML_SEGMENT_BLOCK];
	struct ml_buf again = { 0 };

	n %= ML_SEGMENT_BLOCK + 1;
	if (!ml_segment_get_places(text, place, n))
		return;
	ml_segment_put_places(&again, place, n);
	assert(ml_segment_get_places(ml_buf_view(&again), same, n) &&
	    memcmp(place, same, n * sizeof *same) == 0);
	ml_buf_free(&again);
}

static void
as_bucket(struct ml_slice text)
{
	const char *end = text.p + text.len;
	struct ml_bucket b = { .open = 0 }, in = b, c = b;
	struct ml_slice from = text, same;
	struct ml_buf again = { 0 };
	uint64_t hash = 0;
	int got;

	while ((got = ml_bucket_get(&b, &from)) == 1) {
		assert(from.p + from.len == end && b.last.hash >= hash &&
		    b.last.hash >> ML_POSTING_BITS == 0 &&
		    b.last.seq >= 0 && b.last.seq <= ML_SEQ_MAX);
		hash = b.last.hash;
		ml_bucket_put(&in, &again, &b.last);
	}
	assert(got == -1 || from.len == 0);
	ml_bucket_end(&in, &again);
	same = ml_buf_view(&again);
	b = (struct ml_bucket){ .open = 0 };
	from = text;
	while (ml_bucket_get(&b, &from) == 1)
		assert(ml_bucket_get(&c, &same) == 1 &&
		    b.last.hash == c.last.hash && b.last.seq == c.last.seq &&
		    b.last.feed == c.last.feed);
	assert(ml_bucket_get(&c, &same) == 0 && same.len == 0);
	ml_buf_free(&again);
}

static void
as_postings(const uint8_t *data, size_t len)
{
	struct ml_posting p[300], spare[300];
	size_t i, n = 0;

	memset(p, 0, sizeof p);
	for (; n < 300 && len >= 6; data += 6, len -= 6, n++) {
		for (i = 0; i < 6; i++)
			p[n].hash = p[n].hash << 8 | data[i];
		p[n].seq = (int64_t)n;
	}
	ml_postings_sort(p, spare, n);
	for (i = 1; i < n; i++)
		assert(p[i - 1].hash < p[i].hash ||
		    (p[i - 1].hash == p[i].hash && p[i - 1].seq < p[i].seq));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 1 ? (const char *)data + 1 : "",
	    len > 1 ? len - 1 : 0 };
	struct ml_slice rest;
	uint64_t v;

	if (len == 0)
		return 0;
	switch (*data % 5) {
	case 0: as_feeds(text); break;
	case 1: as_places(text, *data / 5); break;
	case 2: as_bucket(text); break;
	case 3: as_postings(data + 1, len - 1); break;
	case 4:
		for (rest = text; ml_varint_get(&rest, &v);)
			assert(ml_varint_fold(ml_varint_unfold(v)) == v);
		break;
	}
	return 0;
}

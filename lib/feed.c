/* feed - the unbroken run of each author's events */
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "jstring.h"

#define RECENT_BITS 8			/* feeds that are found by a glance */

struct ml_feeds {
	struct ml_feed **feed;
	size_t n, room;
	struct ml_table by_author;
	struct ml_feed *recent[1 << RECENT_BITS];
	struct ml_hlc clock;
	uint8_t key[ML_TABLE_KEY_LEN];
};

struct ml_feeds *
ml_feeds_new(const uint8_t key[static ML_TABLE_KEY_LEN])
{
	struct ml_feeds *f = calloc(1, sizeof *f);

	if (f != NULL)
		memcpy(f->key, key, sizeof f->key);
	return f;
}

static void
feed_free(struct ml_feed *f)
{
	if (f == NULL)
		return;
	free((void *)(uintptr_t)f->author.p);
	free((void *)(uintptr_t)f->name.p);
	free(f->spot);
	free(f->span);
	free(f);
}

void
ml_feeds_free(struct ml_feeds *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->n; i++)
		feed_free(f->feed[i]);
	free(f->feed);
	ml_table_free(&f->by_author);
	free(f);
}

static uint64_t
hash_of(const struct ml_feeds *f, struct ml_slice author)
{
	return ml_table_hash(f->key, author.p, author.len);
}

/*
 * Where a feed lies if it was the last of its like to be asked for: by the ends
 * of its name.  Whoever makes up names that are alike gains no more than that
 * theirs are hashed.
 */
static struct ml_feed **
recent_of(struct ml_feeds *f, struct ml_slice author)
{
	uint32_t head = 0, tail = 0;

	if (author.len >= 4) {
		memcpy(&head, author.p, 4);
		memcpy(&tail, author.p + author.len - 4, 4);
	} else if (author.len > 0) {
		head = (unsigned char)author.p[0];
		tail = (unsigned char)author.p[author.len - 1];
	}
	return &f->recent[((head * UINT32_C(0x9e3779b1)) ^ tail) *
	    UINT32_C(0x85ebca6b) >> (32 - RECENT_BITS)];
}

struct ml_feed *
ml_feeds_find(struct ml_feeds *f, struct ml_slice author)
{
	struct ml_feed **recent = recent_of(f, author);
	uint32_t i;

	if (*recent != NULL && ml_slice_same((*recent)->author, author))
		return *recent;
	i = ml_table_first(&f->by_author, hash_of(f, author));
	while (i != ML_TABLE_NONE &&
	    !ml_slice_same(f->feed[i]->author, author))
		i = ml_table_next(&f->by_author, i);
	return i == ML_TABLE_NONE ? NULL : (*recent = f->feed[i]);
}

static struct ml_feed *
feed_new(struct ml_slice author, size_t index)
{
	struct ml_feed *feed = calloc(1, sizeof *feed);
	char *name = malloc(author.len + 1);

	if (feed == NULL || name == NULL) {
		free(feed);
		free(name);
		return NULL;
	}
	memcpy(name, author.p, author.len);
	feed->author = (struct ml_slice){ name, author.len };
	feed->index = (uint32_t)index;
	return feed;
}

struct ml_feed *
ml_feeds_get(struct ml_feeds *f, struct ml_slice author)
{
	struct ml_feed *feed = ml_feeds_find(f, author), **more;
	size_t room;

	if (feed != NULL)
		return feed;
	if (f->n == f->room) {
		room = f->room != 0 ? f->room * 2 : 16;
		if ((more = realloc(f->feed, room * sizeof *more)) == NULL)
			return NULL;
		f->feed = more;
		f->room = room;
	}
	if ((feed = feed_new(author, f->n)) == NULL ||
	    ml_table_add(&f->by_author, hash_of(f, author),
	    feed->index) == -1) {
		feed_free(feed);
		return NULL;
	}
	return f->feed[f->n++] = feed;
}

struct ml_feed *
ml_feeds_at(const struct ml_feeds *f, size_t index)
{
	return f->feed[index];
}

size_t
ml_feeds_count(const struct ml_feeds *f)
{
	return f->n;
}

static int
by_author(const void *a, const void *b)
{
	return ml_jstring_compare((*(struct ml_feed *const *)a)->author,
	    (*(struct ml_feed *const *)b)->author);
}

struct ml_feed **
ml_feeds_sorted(const struct ml_feeds *f, size_t *n)
{
	struct ml_feed **list = calloc(f->n + 1, sizeof *list);
	size_t i;

	*n = 0;
	if (list == NULL)
		return NULL;
	for (i = 0; i < f->n; i++)
		if (f->feed[i]->seq > 0)
			list[(*n)++] = f->feed[i];
	qsort(list, *n, sizeof *list, by_author);
	return list;
}

struct ml_hlc
ml_feeds_clock(const struct ml_feeds *f)
{
	return f->clock;
}

void
ml_feeds_set_clock(struct ml_feeds *f, struct ml_hlc clock)
{
	if (ml_hlc_compare(clock, f->clock) > 0)
		f->clock = clock;
}

enum ml_fit
ml_feed_judge(const struct ml_feed *f, const struct ml_event *e)
{
	if (e->seq <= f->tip)
		return ML_FIT_BEHIND;
	if (e->seq > f->tip + 1)
		return ML_FIT_AHEAD;
	return ml_event_follows(e, f->tip_id) ? ML_FIT_NEXT : ML_FIT_ASTRAY;
}

/* What event 1 says about the whole feed. */
static int
begin(struct ml_feed *f, const struct ml_event *e)
{
	struct ml_slice name;
	char *copy;

	f->first = f->newest = e->hlc;
	f->keyed = ml_author_key(e, f->public) == NULL;
	if (!f->keyed || (name = ml_author_name(e)).len == 0)
		return 0;
	if ((copy = malloc(name.len)) == NULL)
		return -1;
	memcpy(copy, name.p, name.len);
	f->name = (struct ml_slice){ copy, name.len };
	return 0;
}

int
ml_feed_extend(struct ml_feeds *all, struct ml_feed *f,
    const struct ml_event *e, struct ml_spot spot)
{
	size_t room;
	struct ml_spot *more;

	if ((size_t)(f->tip - f->base) == f->spots) {
		room = f->spots != 0 ? f->spots * 2 : 16;
		if ((more = realloc(f->spot, room * sizeof *more)) == NULL)
			return -1;
		f->spot = more;
		f->spots = room;
	}
	if (e->seq == 1 && begin(f, e) == -1)
		return -1;
	f->tip++;
	*ml_feed_spot(f, f->tip) = spot;
	memcpy(f->tip_id, e->id, sizeof f->tip_id);
	if (ml_hlc_compare(e->hlc, f->first) < 0)
		f->first = e->hlc;
	if (ml_hlc_compare(e->hlc, f->newest) > 0)
		f->newest = e->hlc;
	if (e->hlc.wall < ML_HLC_HORIZON)
		ml_feeds_set_clock(all, e->hlc);
	if (!f->keyed || e->seal.len > 0)
		ml_feed_cover(f, e, spot);
	return 0;
}

void
ml_feed_cover(struct ml_feed *f, const struct ml_event *e,
    struct ml_spot spot)
{
	*ml_feed_spot(f, e->seq) = spot;
	f->seq = e->seq;
	memcpy(f->id, e->id, sizeof f->id);
}

struct ml_spot *
ml_feed_spot(const struct ml_feed *f, int64_t seq)
{
	return &f->spot[seq - 1 - f->base];
}

int
ml_feed_add_span(struct ml_feed *f, struct ml_span span)
{
	struct ml_span *more = realloc(f->span,
	    (f->spans + 1) * sizeof *more);
	int64_t left = f->tip > span.last ? f->tip - span.last : 0;

	if (more == NULL)
		return -1;
	f->span = more;
	f->span[f->spans++] = span;
	if (span.last <= f->base)
		return 0;		/* as it was before */
	if (left > 0)
		memmove(f->spot, ml_feed_spot(f, span.last + 1),
		    (size_t)left * sizeof *f->spot);
	else {
		free(f->spot);
		f->spot = NULL;
		f->spots = 0;
	}
	f->base = span.last;
	return 0;
}

void
ml_feed_swap_spots(struct ml_feed *f, struct ml_feed *g)
{
	struct ml_feed was = *f;

	f->base = g->base, f->spot = g->spot, f->spots = g->spots;
	f->span = g->span, f->spans = g->spans;
	g->base = was.base, g->spot = was.spot, g->spots = was.spots;
	g->span = was.span, g->spans = was.spans;
	/* what one has beyond the other's tip is nothing to that */
	if (f->base > f->tip)
		f->base = f->tip;
	if (g->base > g->tip)
		g->base = g->tip;
}

void
ml_feed_drop_spans(struct ml_feed *f)
{
	free(f->span);
	f->span = NULL;
	f->spans = 0;
}

const struct ml_span *
ml_feed_span(const struct ml_feed *f, int64_t seq)
{
	size_t low = 0, high = f->spans, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (f->span[mid].last < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->spans && f->span[low].first <= seq ? &f->span[low] :
	    NULL;
}

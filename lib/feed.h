/*
 * feed - the unbroken run of each author's events, and what may extend it.
 * Pure: it knows where events lie only as numbers of the caller's.
 *
 * Of a keyed feed (its event 1 is its author's key) only what a seal covers
 * belongs to the set: the head is the last sealed event, and the tip, which
 * the next event must follow, may lie beyond it until the seal comes.
 */
#ifndef ML_FEED_H
#define ML_FEED_H
#include "buf.h"
#include "event.h"
#include "seal.h"
#include "table.h"

/* What is remembered of an event; numbers of the caller's. */
struct ml_spot {
	uint64_t place;			/* where it lies */
	uint64_t record;		/* what it is about */
};

/* Events whose spots somebody else keeps. */
struct ml_span {
	int64_t first, last;		/* seq */
	uint64_t at;			/* of its spots, within a part */
	uint32_t part;
};

struct ml_feed {
	struct ml_slice author;		/* owned: inside of a canonical string */
	uint32_t index;			/* among all feeds, in order of coming */
	int64_t seq;			/* of the head, 0 if there is none */
	uint8_t id[ML_ID_LEN];		/* of the head */
	int64_t tip;			/* seq of the tip, the head's or more */
	uint8_t tip_id[ML_ID_LEN];
	int keyed;
	int forked;			/* another event of one of its seqs was met */
	uint8_t public[ML_PUBLIC_LEN];	/* of a keyed feed */
	struct ml_slice name;		/* that it gives itself; owned, or empty */
	struct ml_hlc first, newest;	/* stamps, by time */
	int64_t base;			/* spots from here on, up to the tip: */
	struct ml_spot *spot;		/* by seq - 1 - base */
	size_t spots;			/* room */
	struct ml_span *span;		/* the others, from seq 1 up to base */
	size_t spans;
};

struct ml_feeds;

enum ml_fit {
	ML_FIT_NEXT,			/* it extends the run */
	ML_FIT_BEHIND,			/* its seq is taken: a copy or a fork */
	ML_FIT_AHEAD,			/* what it follows is not here yet */
	ML_FIT_ASTRAY			/* next, but not what it follows */
};

/* NULL when memory ran out.  key: random, see table.h. */
struct ml_feeds *ml_feeds_new(const uint8_t key[static ML_TABLE_KEY_LEN]);
void ml_feeds_free(struct ml_feeds *f);		/* takes NULL */
/* The feed of an author, NULL if there was none before. */
struct ml_feed *ml_feeds_find(struct ml_feeds *f, struct ml_slice author);
/* The same, made if there is none: it lives as long as f.  NULL: no memory. */
struct ml_feed *ml_feeds_get(struct ml_feeds *f, struct ml_slice author);
/* By index, below ml_feeds_count(). */
struct ml_feed *ml_feeds_at(const struct ml_feeds *f, size_t index);
size_t ml_feeds_count(const struct ml_feeds *f);
/* Those with a head, sorted by author, in an array for the caller to free;
 * NULL when memory ran out. */
struct ml_feed **ml_feeds_sorted(const struct ml_feeds *f, size_t *n);
/* The newest stamp of all that lies before ML_HLC_HORIZON; zeros if none of
 * them is later than that. */
struct ml_hlc ml_feeds_clock(const struct ml_feeds *f);
/* It was at least this. */
void ml_feeds_set_clock(struct ml_feeds *f, struct ml_hlc clock);

enum ml_fit ml_feed_judge(const struct ml_feed *f, const struct ml_event *e);
/*
 * Extend the run by e, which ML_FIT_NEXT was said of: the tip moves, and the
 * head with it unless a seal is lacking.  0, or -1: no memory.
 */
int ml_feed_extend(struct ml_feeds *all, struct ml_feed *f,
    const struct ml_event *e, struct ml_spot spot);
/* A sealed copy of an event beyond the head, up to the tip: the head moves. */
void ml_feed_cover(struct ml_feed *f, const struct ml_event *e,
    struct ml_spot spot);
/* Its spots at these seqs, which follow its spans, are kept elsewhere from now
 * on.  0, or -1: no memory. */
int ml_feed_add_span(struct ml_feed *f, struct ml_span span);
/* Each has what the other had of spans and spots. */
void ml_feed_swap_spots(struct ml_feed *f, struct ml_feed *g);
/* Forget all spans: the spots of what they held are lost. */
void ml_feed_drop_spans(struct ml_feed *f);
/* The spot of an event from base + 1 to the tip. */
struct ml_spot *ml_feed_spot(const struct ml_feed *f, int64_t seq);
/* The span that holds an event up to base. */
const struct ml_span *ml_feed_span(const struct ml_feed *f, int64_t seq);
#endif

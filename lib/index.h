/*
 * index - what is known of a log, kept beside it, so that opening it costs the
 * same however long it is: heads, where each event lies, and which events are
 * about a record.
 *
 * It may be deleted at any time.  It is believed only if the log is the file
 * that it was when the index was written, or has grown since and ends, where
 * the index does, in the same bytes; each part of it carries a checksum, and
 * whoever follows it to a line looks whether that is the line.  Nothing that
 * fails here is an error: the log is read instead.
 *
 * Parts are written once and never change, so readers need no lock; who adds
 * to the file has its lock.  Source: meshlog-index(5).
 */
#ifndef ML_INDEX_H
#define ML_INDEX_H
#include "feed.h"

struct stat;

#define ML_INDEX_FOUND 5	/* kinds of findings, as log.h has them */

/* A file's content is the same as long as this is. */
struct ml_stamp {
	uint64_t size, inode;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
};

/* A log, as far as it is indexed. */
struct ml_index_state {
	struct ml_stamp stamp;		/* of its file then */
	int synced;			/* all of that is on the disk for sure */
	uint64_t size, lines;		/* read so far: whole lines */
	uint64_t found[ML_INDEX_FOUND];
	uint64_t loose;			/* events that waited for others */
	struct ml_hlc clock;		/* newest stamp below the horizon */
};

struct ml_index;

struct ml_stamp ml_stamp_of(const struct stat *st);
/* Of the log at this path, open as fd (borrowed).  NULL: no memory. */
struct ml_index *ml_index_new(const char *log_path, int fd);
void ml_index_free(struct ml_index *x);		/* takes NULL */
/* The log is open as another fd now. */
void ml_index_of(struct ml_index *x, int fd);
/* The feeds that it was loaded or added to with are others now, who are not in
 * the same order.  0, or -1: no memory. */
int ml_index_renumber(struct ml_index *x, const struct ml_feeds *was,
    struct ml_feeds *now);
/*
 * Take in what the file says, if there is one and it may be believed of a log
 * that is now as the stamp says: 1, and feeds and state are filled; else 0, and
 * feeds may have been, so that they are good for nothing but to be freed.
 */
int ml_index_load(struct ml_index *x, const struct ml_stamp *now,
    struct ml_feeds *feeds, struct ml_index_state *state);
/* Nothing more is written: the file is ahead of what the caller has read. */
void ml_index_freeze(struct ml_index *x);
/*
 * All that feeds has up to its heads, which is what the log comes to up to
 * state->size: their spots are taken away.  loose: places (uint64_t) of events
 * that wait, of those that lie behind what was indexed before.
 */
void ml_index_add(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state, struct ml_slice loose);
/* Nobody but us has changed the log's file: what is indexed holds on. */
void ml_index_restamp(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state);
/* Whether the log, as the stamp says, is on the disk for sure; that it is. */
int ml_index_is_synced(const struct ml_index *x, const struct ml_stamp *now);
void ml_index_set_synced(struct ml_index *x, struct ml_feeds *feeds,
    const struct ml_index_state *state);
/* A new file that was added to takes the place of the old one. */
void ml_index_publish(struct ml_index *x);
/* Bytes of the log that are indexed. */
uint64_t ml_index_size(const struct ml_index *x);
/* Where an event lies that is in a span of its feed: 1, or 0: who knows. */
int ml_index_place(struct ml_index *x, const struct ml_feed *f, int64_t seq,
    uint64_t *place);
/* Append the places of what may wait still, a uint64_t each: 1, or 0. */
int ml_index_loose(struct ml_index *x, struct ml_buf *out);
/*
 * The events that may be about a record, of which ml_change_hash() is the
 * hash, call by call (others may share it): 1, or 0 if the index is damaged.
 */
int ml_index_record(struct ml_index *x, uint64_t hash, void *arg,
    int (*each)(void *arg, uint32_t feed, int64_t seq));
#endif

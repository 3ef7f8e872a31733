/*
 * log - the append-only file of events and the feeds that stand in it.
 *
 * A log that was opened knows for each author the head, and for each event
 * where it lies.  How that came about (from the index beside it and what was
 * written since, or by reading the file once) is nobody else's business.  Only
 * this module walks the file.
 *
 * Readers take no lock and see whole lines only.  A writer appends between
 * ml_log_lock() and ml_log_unlock(), and what it appended is promised to last
 * once ml_log_commit() returned 0.  After a failed commit the log is good for
 * nothing but ml_log_free(): what is on the disk is in doubt.
 * Source: meshlog-log(5).
 */
#ifndef ML_LOG_H
#define ML_LOG_H
#include "buf.h"
#include "event.h"
#include "feed.h"
#include "refused.h"
#include "wait.h"

struct ml_log;

/* Where in the file something stands. */
struct ml_log_place {
	uint64_t line;			/* from 1; 0 when it is not known */
	uint64_t offset, len;		/* bytes */
};

enum ml_log_finding {
	ML_LOG_DAMAGED,			/* no event, or its id is wrong */
	ML_LOG_FORK,			/* another event holds its seq */
	ML_LOG_ASTRAY,			/* it follows an event that is not here */
	ML_LOG_COPY,			/* a second copy: harmless */
	ML_LOG_TORN,			/* a tail that a crash has cut */
	ML_LOG_FINDINGS			/* how many kinds there are */
};

/*
 * What its opener may want to see of the file while it is read.  With event or
 * finding set all of it is read, whatever its index says.
 */
struct ml_log_watch {
	void *arg;
	/* An event joined the set: each once, by author in order of seq. */
	void (*event)(void *arg, const struct ml_feed *f,
	    const struct ml_event *e, const struct ml_log_place *at);
	/* e is NULL where there is none; held is the id that holds e's seq. */
	void (*finding)(void *arg, enum ml_log_finding what, const char *why,
	    const struct ml_log_place *at, const struct ml_event *e,
	    const uint8_t *held);
	/* Now and then: bytes read so far, of how many. */
	void (*progress)(void *arg, uint64_t bytes, uint64_t of);
};

/*
 * Open to read.  0; or -1 with a reason in *why, or with *why NULL and errno.
 * watch may be NULL, as may its members.
 */
int ml_log_read(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why);
/* Open to append; made (0600) if there is none.  Likewise. */
int ml_log_write(struct ml_log **log, const char *path,
    const struct ml_log_watch *watch, const char **why);
void ml_log_free(struct ml_log *log);		/* takes NULL; unlocks */

/*
 * Be the one who writes: waits up to seconds for another (errno EAGAIN when
 * they ran out), takes in what others have appended, and mends a torn tail:
 * what was torn goes to .refused (at ms) and is cut off.
 */
int ml_log_lock(struct ml_log *log, double seconds, int64_t ms,
    const char **why);
int ml_log_unlock(struct ml_log *log);
/*
 * Append e, which extends its feed (ML_FIT_NEXT), or is a sealed copy of an
 * event between its head and its tip.  It may be in the file before the commit,
 * never promised.  0, or -1 with errno.
 */
int ml_log_append(struct ml_log *log, const struct ml_event *e);
/* All that was appended, on the disk and synced.  0, or -1 with errno. */
int ml_log_commit(struct ml_log *log);
/* Make sure that what was read lasts, before it is told to anybody. */
int ml_log_sync(struct ml_log *log);

struct ml_feeds *ml_log_feeds(struct ml_log *log);
/*
 * The event of a feed at seq (1 .. its tip's); it borrows until the next call
 * on this log.  0, or -1 with errno (EIO: the file was changed under us).
 */
int ml_log_event(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_event *e);
/* The same as the text of its line, blanks around it apart; likewise. */
int ml_log_line(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_slice *text);
/* Append its wire form to out, and say if it has its seal; likewise. */
int ml_log_wire(struct ml_log *log, const struct ml_feed *f, int64_t seq,
    struct ml_buf *out, int *sealed);
/*
 * Call with the wire forms of all events of a feed from a seq on, many lines at
 * a time, on this thread; they are copied on all cores, and what is asked for
 * may be told by a later call, of the next feed or ml_log_copied(), but all in
 * order.  Nothing may have been appended since the last commit.  Likewise.
 */
int ml_log_copy(struct ml_log *log, const struct ml_feed *f, int64_t from,
    void *arg, void (*each)(void *arg, struct ml_slice lines));
int ml_log_copied(struct ml_log *log);
/*
 * Call with each event of the set that is about a record (a canonical string's
 * inside), in any order; e borrows during the call.  0, or -1 with errno.  Its
 * cost is that of these events.
 */
int ml_log_record(struct ml_log *log, struct ml_slice id, void *arg,
    void (*each)(void *arg, const struct ml_feed *f,
    const struct ml_event *e));
/* What lies in the file behind a gap, by feed index: so no part of the set. */
const struct ml_wait *ml_log_waiting(const struct ml_log *log);
/* How many of them are of a feed (which may be NULL). */
uint64_t ml_log_behind_gap(const struct ml_log *log, const struct ml_feed *f);
/* Where one of them lies. */
struct ml_log_place ml_log_place_of(const struct ml_waiting *w);
/* How often something was found in the file. */
uint64_t ml_log_found(const struct ml_log *log, enum ml_log_finding what);
/* Whether ml_log_lock() found lines that are not ours. */
int ml_log_others_wrote(const struct ml_log *log);
/* Whether the file holds more by now than was read, or is another one. */
int ml_log_has_changed(const struct ml_log *log);
/* Changes when the feeds were read anew: indices mean others then. */
unsigned ml_log_generation(const struct ml_log *log);
/* Bytes that ml_log_lock() cut off. */
uint64_t ml_log_cut(const struct ml_log *log);
const char *ml_log_path(const struct ml_log *log);	/* resolved */
struct ml_refused *ml_log_refused(struct ml_log *log);
#endif

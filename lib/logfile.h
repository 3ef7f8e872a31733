/*
 * logfile - the inside of a log: shared by log.c, which opens it, logwrite.c,
 * which appends to it, logscan.c, which reads what stands in its file,
 * logindex.c, which keeps its index, and logfind.c, which finds things in it
 * again; nobody else's.
 */
#ifndef ML_LOGFILE_H
#define ML_LOGFILE_H
#include "change.h"
#include "gather.h"
#include "index.h"
#include "lines.h"
#include "log.h"
#include "place.h"
#include "window.h"

#define ML_LOGFILE_UNINDEXED (64 * 1024) /* bytes that are rather read again */
#define ML_LOGFILE_STEP (32 * 1024 * 1024) /* bytes, then they are indexed */

/* What is being copied, for ml_log_copy(). */
struct ml_log_copying {
	struct ml_gather *gather;	/* NULL: nothing is */
	void *arg;
	void (*each)(void *arg, struct ml_slice lines);
	struct ml_buf text;
	int rc;
};

struct ml_log {
	char *path;
	int fd;
	int writable, locked;
	int dir_fd;			/* -1: not opened, or it may not be */
	int dir_synced;
	int others_wrote;		/* since the lock was held last */
	unsigned generation;		/* of the feeds */
	struct ml_feeds *feeds;
	struct ml_wait *wait;
	struct ml_refused *refused;
	struct ml_log_watch watch;
	int all;			/* the file is read, the index is not */
	int begun;			/* reading it */
	struct ml_index *index;
	struct ml_stamp stamp;		/* of the file, when it was read last */
	int unstamped;			/* that does not tell if it changes */
	int in_doubt;			/* writing, or syncing, has failed */
	int recovered;			/* from an index that was wrong */
	struct ml_log_copying copying;
	uint64_t size;			/* bytes taken in: whole lines */
	int synced;			/* nothing was written since */
	int wrote;			/* we have */
	uint64_t safe;			/* where that began, if we have */
	uint64_t lines;
	uint64_t found[ML_LOG_FINDINGS], cut;
	struct ml_buf out;		/* appended behind size, unwritten */
	struct ml_window window;
	struct ml_buf again, body;	/* of an event that is fetched */
};

/* What is remembered of an event at a place, exact or not. */
static inline struct ml_spot
ml_logfile_spot(uint64_t offset, uint64_t len, int exact, uint64_t record)
{
	return (struct ml_spot){ ml_place(offset, len) |
	    (exact ? ML_PLACE_EXACT : 0), record };
}

static inline uint64_t
ml_logfile_record(const struct ml_event *e)
{
	return e->record != 0 ? e->record :
	    ml_change_hash(ml_change_record(e));
}

static inline struct ml_log_place
ml_logfile_unpack(uint64_t place, uint64_t line)
{
	return (struct ml_log_place){ line, ml_place_offset(place),
	    ml_place_len(place) };
}

/* log.c.  Functions return 0, or -1 with errno. */
/* As ml_log_read(); with all set the index is not asked. */
int ml_logfile_open(struct ml_log **out, const char *path, int writable,
    int all, const struct ml_log_watch *watch, const char **why);
/* The bytes of a place, borrowed until the next call. */
int ml_logfile_fetch(struct ml_log *log, uint64_t place,
    struct ml_slice *text);
/* An event that was read before: if it cannot be now, the file was changed. */
int ml_logfile_read_again(struct ml_event *e, struct ml_slice text,
    struct ml_buf *scratch);
/* The file as it is now is as we know it: we have changed it ourselves. */
void ml_logfile_stamp(struct ml_log *log);
/* Nothing is known of the file any more. */
int ml_logfile_forget(struct ml_log *log);

/* logwrite.c */
/* What was appended, into the file; nothing is promised yet. */
int ml_logfile_write_out(struct ml_log *log);
/* What the file holds, onto the disk: 0, or -1 with errno, from then on. */
int ml_logfile_sync(struct ml_log *log);

/* logscan.c */
/* An event that stands in the file: into its feed. */
int ml_logfile_take(struct ml_log *log, const struct ml_event *e,
    const struct ml_log_place *at, struct ml_spot spot);
/* The feed's tip has moved: what waited in the file for that. */
int ml_logfile_settle(struct ml_log *log, struct ml_feed *feed);
/*
 * Take in whole lines up to end.  *tail is what follows the last of them, its
 * beginning if it is long: its text is in l until that is freed.
 */
int ml_logfile_take_lines(struct ml_log *log, uint64_t end,
    struct ml_lines *l, struct ml_slice *tail);
/* Whether there is a whole event in a tail, be it spelled as it may. */
int ml_logfile_tail_has_event(struct ml_slice tail);
/* A writer's way with a tail: whole events in it stay and get their newline,
 * the rest goes to .refused (at ms) and is cut off. */
int ml_logfile_mend_tail(struct ml_log *log, struct ml_slice tail,
    uint64_t end, int64_t ms);
/* A reader's way: what a crash has left is looked at, and nothing changed. */
int ml_logfile_read_tail(struct ml_log *log, struct ml_slice tail,
    uint64_t end);

/* logindex.c */
/* Begin where the index ends, if it may be believed. */
int ml_logfile_begin_at_index(struct ml_log *log);
/* What was read so far, into the index: that it fails is no matter. */
void ml_logfile_index(struct ml_log *log);
/* The same for what is more than is read again in no time, at the end. */
void ml_logfile_finish_index(struct ml_log *log);
/* The log's file was changed by us alone, and synced. */
void ml_logfile_restamp(struct ml_log *log);
/* Whether all that was read is on the disk for sure; that it is. */
int ml_logfile_is_synced(const struct ml_log *log);
void ml_logfile_set_synced(struct ml_log *log);

/* logfind.c */
/* Nothing is being copied any more; what was is not told. */
void ml_logfile_forget_copies(struct ml_log *log);
#endif

/*
 * reorder - numbered packets put in order again: what came too early waits
 * until what is missing before it has come, or will not.
 *
 * A number is missing when a higher one was seen.  It is requested once when
 * the highest seen is more than the window beyond it, and given up when as many
 * packets have come since as answers take; then what waited is written.  What
 * exists, as it came damaged, is given up only when no more may wait.  How
 * far packets are displaced and how long answers take is learnt, as the most
 * of the last thousand or two.  A corrupt packet is known to exist: it is
 * requested at once, again and later each time if the answer is corrupt too.
 * A packet far ahead of all moves nothing until a second one bears it out, so
 * that one wrong number asks for nothing and makes nothing late.
 *
 * Displacement is counted in numbers (RFC 5236), that of answers in packets;
 * the second witness is RTP's (RFC 3550, A.1).  Nothing here knows of files or
 * clocks, so a run can be taken up where it ended.  Pure.
 */
#ifndef ML_REORDER_H
#define ML_REORDER_H
#include "buf.h"
#include "packet.h"
#include "ranges.h"

#define ML_REORDER_BUFFER 30		/* packets that wait, if not said */
#define ML_REORDER_BUFFER_MAX 65536
#define ML_REORDER_BYTES_MAX (64 * 1024 * 1024)	/* of what waits */
#define ML_REORDER_JUMP_MAX 64		/* numbers ahead, or a second witness */
#define ML_REORDER_GAP_MAX 4096		/* numbers in a row that are requested */
#define ML_REORDER_ASKS_MAX 16384	/* requests that are remembered */
#define ML_REORDER_TRIES_MAX 8		/* requests for one packet */

struct ml_reorder_config {
	unsigned window;		/* numbers; 0: it adapts */
	size_t buffer;			/* packets that may wait, 1 or more */
	int has_first;			/* the stream begins with first, else */
	uint64_t first;			/* with the lowest of the first window */
};

/* What is told while packets are taken, and in which order. */
struct ml_reorder_sink {
	void *arg;
	void (*write)(void *arg, uint64_t seq, struct ml_slice text,
	    enum ml_packet_status status);
	void (*ask)(void *arg, uint64_t seq);
};

struct ml_reorder_counts {
	uint64_t written, late, recovered;	/* late: by status */
	uint64_t inversions;		/* written after a later one */
	uint64_t received;		/* all, whatever became of them */
	uint64_t duplicates, corrupt;
	uint64_t requests;
	uint64_t flushes;		/* times that packets which waited were
					 * written */
};

/* A packet that waits. */
struct ml_reorder_item {
	uint64_t seq;
	int is_recovered;		/* it had been requested */
	int is_kept;			/* the caller has it in a file */
	size_t len;
	char text[];
};

/* A request without an answer so far. */
struct ml_reorder_ask {
	uint64_t seq;
	uint64_t at;			/* packets received when it was made */
	uint64_t again;			/* when it is due again; 0: it is not */
	unsigned tries;
	int exists;			/* it came, but corrupt */
	int is_kept;
};

struct ml_reorder;

/* NULL: no memory.  The config is copied. */
struct ml_reorder *ml_reorder_new(const struct ml_reorder_config *config,
    const struct ml_reorder_sink *sink);
void ml_reorder_free(struct ml_reorder *r);	/* takes NULL */

/* An intact packet, its text copied if it waits.  0, or -1: no memory. */
int ml_reorder_take(struct ml_reorder *r, uint64_t seq, struct ml_slice text);
/* A corrupt one.  Likewise. */
int ml_reorder_corrupt(struct ml_reorder *r, uint64_t seq);
/* All was sent: what is missing and was not requested yet, or whose answer was
 * corrupt, is requested.  How many were; or -1. */
int ml_reorder_ask_all(struct ml_reorder *r);
/* The same, and nothing will come any more: give up what is missing and write
 * what waits.  0 or -1. */
int ml_reorder_drain(struct ml_reorder *r);

/*
 * Take up where a run ended: ranges that were written, what waited, requests
 * and what was written since, the counts, and at last ml_reorder_resume(), which
 * repeats the requests that are open after which no packet came, which is no
 * try that failed, and with all set those for packets that are known to exist.
 * 0, or -1: no memory, or of ranges that they do not ascend.
 */
int ml_reorder_restore_range(struct ml_reorder *r, uint64_t low, uint64_t high);
int ml_reorder_restore_item(struct ml_reorder *r, uint64_t seq,
    int is_recovered, struct ml_slice text);
int ml_reorder_restore_ask(struct ml_reorder *r,
    const struct ml_reorder_ask *ask);
/* It stands in the log: counted, unless it did before. */
int ml_reorder_restore_written(struct ml_reorder *r, uint64_t seq,
    enum ml_packet_status status);
int ml_reorder_resume(struct ml_reorder *r, int all);

/* The counts, which may be set. */
struct ml_reorder_counts *ml_reorder_counts(struct ml_reorder *r);
/* Call with each range of numbers that were written, from the lowest up. */
void ml_reorder_each_written(const struct ml_reorder *r, void *arg,
    void (*each)(void *arg, uint64_t low, uint64_t high));
/* The number that is due. */
uint64_t ml_reorder_next(const struct ml_reorder *r);
/* Packets that wait. */
size_t ml_reorder_waiting(const struct ml_reorder *r);
/* Requests for packets that are known to exist and may be had, given up or not;
 * the same, and those for gaps that are not given up. */
size_t ml_reorder_owed(const struct ml_reorder *r);
size_t ml_reorder_open(const struct ml_reorder *r);
/* Append the counts as JSON: the ten of the document that ml-journal(1) is
 * about, by their names there, and more. */
void ml_reorder_stats(const struct ml_reorder *r, struct ml_buf *out);
/* The window as it is now. */
unsigned ml_reorder_window(const struct ml_reorder *r);
/* What was learnt, numbers and packets: the most of late, which may be set. */
struct ml_reorder_learnt {
	unsigned displacement[2], answer[2];	/* now, and the time before */
};
struct ml_reorder_learnt *ml_reorder_learnt(struct ml_reorder *r);
/* Call with what is not kept yet; then it is.  With all set, with all. */
void ml_reorder_keep(struct ml_reorder *r, int all, void *arg,
    void (*item)(void *arg, const struct ml_reorder_item *i),
    void (*ask)(void *arg, const struct ml_reorder_ask *a));
#endif

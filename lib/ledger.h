/*
 * ledger - the file in which all who send on a band book their airtime, before
 * they send.
 *
 * Within one boot ends are told by the clock that begins with it, so nobody who
 * sets the time gains airtime.  What was booked before the boot is dated by the
 * time of day if the system says that it is synchronised, and counts as sent at
 * the boot if not.  Source: meshlog-radio(7).
 */
#ifndef ML_LEDGER_H
#define ML_LEDGER_H
#include "budget.h"

#define ML_LEDGER_BOOT_LEN 36		/* bytes of a boot's name */
#define ML_LEDGER_KEEP (256 * 1024)	/* bytes before it is written anew */
#define ML_LEDGER_MAX (64 * 1024 * 1024)	/* bytes; longer is none */

struct ml_ledger_clock {
	char boot[ML_LEDGER_BOOT_LEN + 1];
	uint64_t since_boot;		/* microseconds */
	int64_t wall;			/* microseconds since 1970 */
	int is_synced;			/* wall may be believed */
};

struct ml_ledger;

/* What the system says: 0, or -1 with errno. */
int ml_ledger_read_clock(struct ml_ledger_clock *now);
/* The file need not exist; its folders are made.  0, or -1 with errno. */
int ml_ledger_open(struct ml_ledger **out, const char *path);
void ml_ledger_free(struct ml_ledger *l);	/* takes NULL */
/*
 * Book airtime that will have been sent by until (microseconds since boot), if
 * no more than limit is sent in any hour: *when is now and *key names it; else
 * *when says from when on it may be asked again, UINT64_MAX: never.  It is on
 * the disk before 0 is returned.  -1 with errno, or *why and the line.
 */
int ml_ledger_book(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t limit, uint64_t airtime, uint64_t until, uint64_t *key,
    uint64_t *when, const char **why, unsigned long *line);
/* It has ended, before it was expected to.  0, or -1 as above. */
int ml_ledger_ended(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t key, const char **why, unsigned long *line);
/* Read what all have booked: 0, or -1 as above. */
int ml_ledger_look(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line);
/* That, as far as it was read. */
const struct ml_budget *ml_ledger_budget(const struct ml_ledger *l);
const char *ml_ledger_path(const struct ml_ledger *l);
#endif

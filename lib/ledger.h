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
#include "ledgerclock.h"
#include "ledgerline.h"

#define ML_LEDGER_KEEP (64 * 1024)	/* bytes before it is written anew */
#define ML_LEDGER_GRAIN UINT64_C(1000000)	/* microseconds: one entry of many */
#define ML_LEDGER_MAX (64 * 1024 * 1024)	/* bytes; longer is none */

struct ml_ledger;

/* The file need not exist; its folders are made, links are followed.  0, or -1
 * with errno. */
int ml_ledger_open(struct ml_ledger **out, const char *path);
/* Only to look: nothing is made or changed, and a file that is not there has
 * nothing booked.  As above. */
int ml_ledger_open_reader(struct ml_ledger **out, const char *path);
void ml_ledger_free(struct ml_ledger *l);	/* takes NULL */
/*
 * Book e's airtime, that will have been sent by its end, if no more than limit
 * is sent in any hour: *when is now, and e is given its key; else *when says
 * from when on it may be asked again, UINT64_MAX: never.  It is on the disk
 * before 0 is returned.  -1 with errno, or *why and the line, 0 for the file.
 */
int ml_ledger_book(struct ml_ledger *l, const struct ml_ledger_clock *now,
    uint64_t limit, struct ml_budget_entry *e, uint64_t *when,
    const char **why, unsigned long *line);
/* What was booked as e ends at another time, which e has now.  A later one is
 * on the disk before 0 is returned.  -1 as above. */
int ml_ledger_move(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const struct ml_budget_entry *e, const char **why, unsigned long *line);
/* Read what all have booked: 0, or -1 as above. */
int ml_ledger_look(struct ml_ledger *l, const struct ml_ledger_clock *now,
    const char **why, unsigned long *line);
/* That, as far as it was read. */
const struct ml_budget *ml_ledger_budget(const struct ml_ledger *l);
/* As it was given. */
const char *ml_ledger_path(const struct ml_ledger *l);
#endif

/*
 * ledgerline - one line of a ledger of airtime: the boot, a key in hexadecimal
 * digits, the airtime, the end since that boot, the end by the time of day;
 * times in microseconds.  Pure.  Source: meshlog-radio(7).
 */
#ifndef ML_LEDGERLINE_H
#define ML_LEDGERLINE_H
#include "buf.h"
#include "budget.h"

#define ML_LEDGER_BOOT_LEN 36		/* bytes of a boot's name */

struct ml_ledger_clock {
	char boot[ML_LEDGER_BOOT_LEN + 1];
	uint64_t since_boot;		/* microseconds */
	int64_t wall;			/* microseconds since 1970 */
	int is_synced;			/* wall may be believed */
};

/*
 * Read a line without its newline.  What was booked under another boot ends, by
 * this one's clock, when its date says, or at the boot if that is not known.
 * 1; 0: over for more than an hour by its date; -1: it is none.
 */
int ml_ledgerline_read(struct ml_budget_entry *e, struct ml_slice line,
    const struct ml_ledger_clock *now);
/* Whether a text without a newline may be what a crash has left of a line. */
int ml_ledgerline_may_be_cut(struct ml_slice text);
/* Add the line of an entry, with its newline. */
void ml_ledgerline_write(struct ml_buf *out, const struct ml_budget_entry *e,
    const struct ml_ledger_clock *now);
#endif

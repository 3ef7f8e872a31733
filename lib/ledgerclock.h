/*
 * ledgerclock - what time it is, for a ledger of airtime: since which boot, and
 * of the day, if that may be believed.
 */
#ifndef ML_LEDGERCLOCK_H
#define ML_LEDGERCLOCK_H
#include "ledgerline.h"

/* What is read for the name of the boot: a sandbox has to let it be. */
#define ML_LEDGER_BOOT_FILE "/proc/sys/kernel/random/boot_id"

/* What the system says: 0, or -1 with errno. */
int ml_ledger_read_clock(struct ml_ledger_clock *now);
#endif

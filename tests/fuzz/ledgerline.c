/* ledgerline: a line is an entry, over, or none; written, it is that entry */
#include <assert.h>
#include <string.h>

#include "ledgerline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(struct ml_slice line, const struct ml_ledger_clock *now)
{
	struct ml_budget_entry e = { 0 }, again = { 0 };
	struct ml_buf out = { 0 };

	if (ml_ledgerline_read(&e, line, now) == 1) {
		ml_ledgerline_write(&out, &e, now);
		assert(out.len > 0 && out.p[out.len - 1] == '\n');
		assert(ml_ledgerline_read(&again, (struct ml_slice){ out.p,
		    out.len - 1 }, now) == 1);
		assert(again.key == e.key && again.airtime == e.airtime &&
		    again.until == e.until);
	}
	ml_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice line = { (const char *)data, len };
	struct ml_ledger_clock now = { .since_boot = 7200000000,
	    .wall = 1800000000000000 };

	memset(now.boot, 'a', ML_LEDGER_BOOT_LEN);
	check(line, &now);
	now.is_synced = 1;
	check(line, &now);
	return 0;
}

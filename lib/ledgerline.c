/* ledgerline - one line of a ledger of airtime */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledgerline.h"

#define UNDATED INT64_C(0)		/* by a clock that was not synchronised */
#define LINE_MAX_LEN 160		/* bytes */
#define TIME_MAX ((uint64_t)INT64_MAX / 4)	/* two may be added */

/* What stands before the next blank, or the end; *p is left behind that. */
static struct ml_slice
word(const char **p, const char *end)
{
	const char *blank = memchr(*p, ' ', (size_t)(end - *p));
	struct ml_slice w = { *p, (size_t)((blank != NULL ? blank : end) - *p) };

	*p = blank != NULL ? blank + 1 : end;
	return w;
}

static int
digits(struct ml_slice w, unsigned base, uint64_t *v)
{
	static const char ALL[] = "0123456789abcdef";
	const char *digit;
	size_t i;

	*v = 0;
	for (i = 0; i < w.len; i++) {
		digit = memchr(ALL, w.p[i], base);
		if (digit == NULL || *v > (UINT64_MAX - 15) / base)
			return 0;
		*v = *v * base + (uint64_t)(digit - ALL);
	}
	return w.len > 0;
}

static int
duration(struct ml_slice w, uint64_t *v)
{
	return digits(w, 10, v) && *v <= TIME_MAX;
}

static int
date(struct ml_slice w, int64_t *v)
{
	int minus = w.len > 0 && w.p[0] == '-';
	uint64_t n;

	if (!digits((struct ml_slice){ w.p + minus, w.len - (size_t)minus }, 10,
	    &n) || n > INT64_MAX)
		return 0;
	*v = minus ? -(int64_t)n : (int64_t)n;
	return 1;
}

/* When that was, or will be: it was booked with some time for a busy channel.
 * By a date that cannot be it would count for ever: it was before the boot. */
static uint64_t
end_of(int64_t wall, const struct ml_ledger_clock *now)
{
	uint64_t age = (uint64_t)now->wall - (uint64_t)wall;
	uint64_t ahead = (uint64_t)wall - (uint64_t)now->wall;

	if (wall < now->wall)
		return age < now->since_boot ? now->since_boot - age : 0;
	return ahead < ML_BUDGET_WINDOW ? now->since_boot + ahead : 0;
}

int
ml_ledgerline_read(struct ml_budget_entry *e, struct ml_slice line,
    const struct ml_ledger_clock *now)
{
	const char *p = line.p, *end = line.p + line.len;
	struct ml_slice boot;
	int64_t wall;

	if (line.len > LINE_MAX_LEN)
		return -1;
	boot = word(&p, end);
	if (boot.len == 0 || boot.len > ML_LEDGER_BOOT_LEN ||
	    !digits(word(&p, end), 16, &e->key) ||
	    !duration(word(&p, end), &e->airtime) ||
	    !duration(word(&p, end), &e->until) ||
	    !date((struct ml_slice){ p, (size_t)(end - p) }, &wall))
		return -1;
	if (ml_slice_is(boot, now->boot))
		return 1;
	if (!now->is_synced || wall == UNDATED) {
		e->until = 0;
		return 1;
	}
	e->until = end_of(wall, now);
	return wall >= now->wall || (uint64_t)now->wall - (uint64_t)wall <=
	    ML_BUDGET_WINDOW;
}

/* What was not written yet may read as zeros. */
int
ml_ledgerline_may_be_cut(struct ml_slice text)
{
	static const char OF_LINES[] = "0123456789abcdef -";	/* and a NUL */
	size_t i;

	for (i = 0; i < text.len; i++)
		if (memchr(OF_LINES, text.p[i], sizeof OF_LINES) == NULL)
			return 0;
	return text.len <= LINE_MAX_LEN;
}

void
ml_ledgerline_write(struct ml_buf *out, const struct ml_budget_entry *e,
    const struct ml_ledger_clock *now)
{
	char text[LINE_MAX_LEN];
	int64_t ahead = (int64_t)(e->until - now->since_boot);

	ml_buf_add(out, text, (size_t)snprintf(text, sizeof text, "%s %016"
	    PRIx64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", now->boot, e->key,
	    e->airtime, e->until, now->is_synced ? now->wall + ahead : UNDATED));
}

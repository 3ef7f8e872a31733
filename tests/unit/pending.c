/* pending - lines of a sidecar, written and read, and damaged ones */
#include "given.h"
#include "pending.h"
#include "unit.h"

static void
check_line(const char *name, const struct ml_pending *p)
{
	struct ml_buf out = { 0 };
	struct ml_slice line;
	struct ml_pending q;
	size_t i, wrong = 0;

	ml_pending_write(&out, p);
	line = (struct ml_slice){ out.p, out.len - 1 };
	ok(out.p[out.len - 1] == '\n' && ml_pending_read(&q, line) &&
	    q.kind == p->kind && q.n == p->n && memcmp(q.number, p->number,
	    p->n * sizeof *p->number) == 0 && (p->text.len == 0 ||
	    ml_slice_same(q.text, p->text)), "%s: %.*s", name, (int)line.len,
	    line.p);
	for (i = 0; i < line.len; i++) {
		out.p[i] ^= 1;
		wrong += ml_pending_read(&q, line) != 0;
		out.p[i] ^= 1;
		wrong += ml_pending_read(&q, (struct ml_slice){ line.p, i }) !=
		    0;
	}
	ok(wrong == 0, "%s: a wrong bit, or cut, and it is none", name);
	ml_buf_free(&out);
}

int
main(void)
{
	static const struct {
		const char *name;
		struct ml_pending p;
	} given[] = {
		{ "log", { ML_PENDING_LOG, 2, { 560, 4294967295 }, { "", 0 } } },
		{ "logged", { ML_PENDING_LOGGED, 4, { 1, 2, 3, 4 },
		    { "", 0 } } },
		{ "seen", { ML_PENDING_SEEN, 4, { 0, 7, 9, 9007199254740991 },
		    { "", 0 } } },
		{ "end", { ML_PENDING_END, 0, { 0 }, { "", 0 } } },
		{ "run", { ML_PENDING_RUN, 9, { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		    { "", 0 } } },
		{ "wait", { ML_PENDING_WAIT, 2, { 7, 1 },
		    { "1.50,48656c", 11 } } },
		{ "wait for nothing", { ML_PENDING_WAIT, 2, { 7, 1 },
		    { "-1e3,", 5 } } },
		{ "part", { ML_PENDING_PART, 1, { 20 },
		    { "{\"seq \377|", 8 } } },
		{ "part, of nothing", { ML_PENDING_PART, 1, { 0 },
		    { "|", 1 } } },
		{ "ask", { ML_PENDING_ASK, 5, { 8, 100, 102, 2, 1 }, { "", 0 } } },
	};
	static const struct ml_pending bad[] = {
		{ ML_PENDING_SEEN, 3, { 0, 7, 9 }, { "", 0 } },
		{ ML_PENDING_ASK, 2, { 8, 100 }, { "", 0 } },
		{ ML_PENDING_WAIT, 2, { 7, 1 }, { "1.50", 4 } },
		{ ML_PENDING_PART, 1, { 0 }, { "{\"s", 3 } },
		{ ML_PENDING_WAIT, 2, { 7, 1 }, { "1.50,4g", 7 } },
		{ ML_PENDING_LOG, 3, { 1, 2, 3 }, { "", 0 } },
	};
	struct ml_buf out = { 0 };
	struct ml_pending q;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++)
		check_line(given[i].name, &given[i].p);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ml_buf_clear(&out);
		ml_pending_write(&out, &bad[i]);
		ok(!ml_pending_read(&q, (struct ml_slice){ out.p,
		    out.len - 1 }), "none: %.*s", (int)out.len - 1, out.p);
	}
	ml_buf_free(&out);
	return unit_done();
}

/* root - what is written is read, of the newer page that is whole */
#include "buf.h"
#include "fixed.h"
#include "root.h"
#include "unit.h"

static struct ml_root
some(uint64_t generation)
{
	struct ml_root r = { .generation = generation, .tail = 77,
	    .end = ML_ROOT_BOTH + 900, .parts = 2 };

	r.state.stamp.size = 5000;
	r.state.stamp.mtime = -3;
	r.state.size = 4000 + generation;
	r.state.lines = 12;
	r.state.synced = 1;
	r.state.found[ML_INDEX_FOUND - 1] = 4;
	r.state.clock.wall = -1;
	r.part[0] = (struct ml_extent){ ML_ROOT_BOTH, ML_ROOT_BOTH + 10,
	    ML_ROOT_BOTH + 20 };
	r.part[1] = (struct ml_extent){ ML_ROOT_BOTH + 20, ML_ROOT_BOTH + 20,
	    ML_ROOT_BOTH + 900 };
	return r;
}

/* Put a page where it belongs. */
static void
put(char both[static ML_ROOT_BOTH], const struct ml_root *r)
{
	struct ml_buf out = { 0 };

	ml_root_put(&out, r);
	if (ml_buf_failed(&out) || out.len != ML_ROOT_LEN)
		abort();
	memcpy(both + ml_root_place(r->generation), out.p, out.len);
	ml_buf_free(&out);
}

static void
check_pages(void)
{
	char both[ML_ROOT_BOTH] = { 0 };
	struct ml_root r, was = some(6), is = some(7);

	ok(!ml_root_take(&r, both), "no page: none");
	put(both, &was);
	ok(ml_root_take(&r, both) && memcmp(&r, &was, sizeof r) == 0,
	    "the first page comes back as it was");
	put(both, &is);
	ok(ml_root_newest(both) == 7 && ml_root_take(&r, both) &&
	    memcmp(&r, &is, sizeof r) == 0, "the newer of two counts");
	both[ml_root_place(7) + 100] ^= 1;
	ok(ml_root_take(&r, both) && memcmp(&r, &was, sizeof r) == 0,
	    "a torn page leaves the one before");
	both[ml_root_place(6)] ^= 1;
	ok(!ml_root_take(&r, both), "both damaged: none");
}

/* What nobody writes, under a good checksum. */
static void
check_refused(const char *what, struct ml_root r)
{
	char both[ML_ROOT_BOTH] = { 0 };
	struct ml_root taken;

	put(both, &r);
	ok(!ml_root_take(&taken, both), "%s", what);
}

int
main(void)
{
	struct ml_root r;

	check_pages();
	r = some(1), r.part[0].at = ML_ROOT_BOTH - 1;
	check_refused("a part within the roots", r);
	r = some(1), r.part[0].footer = r.part[0].end + 1;
	check_refused("a footer behind its part", r);
	r = some(1), r.part[1].end = r.end + 1;
	check_refused("a part behind the last", r);
	r = some(1), r.state.size = r.state.stamp.size + 1;
	check_refused("more indexed than the log had", r);
	r = some(1), r.end = r.part[1].end = UINT64_C(1) << 40;
	check_refused("a part that is too long", r);
	return unit_done();
}

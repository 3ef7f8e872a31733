/* root - the page of an index that says what of its file counts */
#include <string.h>

#include "fixed.h"
#include "part.h"
#include "root.h"

#define MAGIC UINT64_C(0x316e692d676f6c6d)	/* "mlog-in1" */

void
ml_root_put(struct ml_buf *out, const struct ml_root *r)
{
	const struct ml_index_state *s = &r->state;
	const struct ml_stamp *m = &s->stamp;
	size_t i, from = out->len;

	ml_fixed_put64(out, MAGIC);
	ml_fixed_put64(out, r->generation);
	ml_fixed_put64(out, m->size), ml_fixed_put64(out, m->inode);
	ml_fixed_put64(out, (uint64_t)m->mtime);
	ml_fixed_put64(out, (uint64_t)m->mtime_ns);
	ml_fixed_put64(out, (uint64_t)m->ctime);
	ml_fixed_put64(out, (uint64_t)m->ctime_ns);
	ml_fixed_put64(out, s->size), ml_fixed_put64(out, s->lines);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		ml_fixed_put64(out, s->found[i]);
	ml_fixed_put64(out, s->loose);
	ml_fixed_put64(out, (uint64_t)s->clock.wall);
	ml_fixed_put64(out, (uint64_t)s->clock.counter);
	ml_fixed_put64(out, s->synced != 0);
	ml_fixed_put64(out, r->tail);
	ml_fixed_put64(out, r->end);
	ml_fixed_put64(out, r->parts);
	for (i = 0; i < r->parts; i++) {
		ml_fixed_put64(out, r->part[i].at);
		ml_fixed_put64(out, r->part[i].footer);
		ml_fixed_put64(out, r->part[i].end);
	}
	while (out->len - from < ML_ROOT_LEN - 8 && !ml_buf_failed(out))
		ml_fixed_put64(out, 0);
	if (!ml_buf_failed(out))
		ml_fixed_put64(out, ml_checksum(out->p + from,
		    out->len - from));
}

uint64_t
ml_root_place(uint64_t generation)
{
	return generation % 2 * ML_ROOT_LEN;
}

/* The generation of a page, 0 if it is none. */
static uint64_t
generation_of(const char *p)
{
	struct ml_slice from = { p, ML_ROOT_LEN };
	struct ml_slice last = { p + ML_ROOT_LEN - 8, 8 };

	if (ml_fixed_take64(&from) != MAGIC ||
	    ml_fixed_take64(&last) != ml_checksum(p, ML_ROOT_LEN - 8))
		return 0;
	return ml_fixed_take64(&from);
}

uint64_t
ml_root_newest(const char both[static ML_ROOT_BOTH])
{
	uint64_t first = generation_of(both);
	uint64_t second = generation_of(both + ML_ROOT_LEN);

	return first > second ? first : second;
}

static void
take_state(struct ml_index_state *s, struct ml_slice *from)
{
	struct ml_stamp *m = &s->stamp;
	size_t i;

	m->size = ml_fixed_take64(from), m->inode = ml_fixed_take64(from);
	m->mtime = (int64_t)ml_fixed_take64(from);
	m->mtime_ns = (int64_t)ml_fixed_take64(from);
	m->ctime = (int64_t)ml_fixed_take64(from);
	m->ctime_ns = (int64_t)ml_fixed_take64(from);
	s->size = ml_fixed_take64(from), s->lines = ml_fixed_take64(from);
	for (i = 0; i < ML_INDEX_FOUND; i++)
		s->found[i] = ml_fixed_take64(from);
	s->loose = ml_fixed_take64(from);
	s->clock.wall = (int64_t)ml_fixed_take64(from);
	s->clock.counter = (int64_t)ml_fixed_take64(from);
	s->synced = ml_fixed_take64(from) == 1;
}

int
ml_root_take(struct ml_root *r, const char both[static ML_ROOT_BOTH])
{
	struct ml_slice from = { both, ML_ROOT_LEN };
	struct ml_extent *e;
	size_t i;

	memset(r, 0, sizeof *r);
	if ((r->generation = ml_root_newest(both)) == 0)
		return 0;
	if (generation_of(both) != r->generation)
		from.p += ML_ROOT_LEN;
	ml_fixed_take64(&from);
	ml_fixed_take64(&from);
	take_state(&r->state, &from);
	r->tail = ml_fixed_take64(&from);
	r->end = ml_fixed_take64(&from);
	r->parts = (size_t)ml_fixed_take64(&from);
	if (r->parts > ML_ROOT_PARTS || r->state.size > r->state.stamp.size)
		return 0;
	for (i = 0; i < r->parts; i++) {
		e = &r->part[i];
		e->at = ml_fixed_take64(&from);
		e->footer = ml_fixed_take64(&from);
		e->end = ml_fixed_take64(&from);
		if (e->at < ML_ROOT_BOTH || e->at > e->footer ||
		    e->footer > e->end || e->end > r->end ||
		    e->end - e->at > ML_PART_BYTES)
			return 0;
	}
	return 1;
}

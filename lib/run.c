/* run - events of a keyed feed that one seal covers */
#include <string.h>

#include "run.h"

int
ml_run_walk(struct ml_run *run, const struct ml_feed *f,
    const struct ml_wait *held, const struct ml_wait *filed, uint32_t entry)
{
	const struct ml_waiting *w = ml_wait_at(held, entry);
	uint32_t there;

	for (run->n = 0; run->n < ML_SEAL_RUN;) {
		run->at[run->n].held = entry;
		run->at[run->n++].seq = w->seq;
		if (w->seq == f->tip + 1)
			return f->tip == 0 || memcmp(w->prev, f->tip_id,
			    sizeof w->prev) == 0;
		if ((entry = ml_wait_find(held, f->index, w->seq - 1,
		    w->prev)) != ML_WAIT_NONE)
			w = ml_wait_at(held, entry);
		else if ((there = ml_wait_find(filed, f->index, w->seq - 1,
		    w->prev)) != ML_WAIT_NONE)
			w = ml_wait_at(filed, there);
		else
			return 0;
	}
	return 0;
}

/* radioplan - what sending frames would take, sending none */
#include "buf.h"
#include "radioplan.h"

#define KEEP 1024			/* entries that are over, before they go */

const char *
ml_radioplan_begin(struct ml_radioplan *p, const struct ml_budget *booked,
    uint64_t now)
{
	struct ml_budget_entry e;
	size_t i;

	p->at = now;
	for (i = 0; i < booked->n; i++) {
		e = booked->entry[i];
		/* more than there is of an hour is as good as much more */
		if (e.airtime > 2 * ML_BUDGET_WINDOW)
			e.airtime = 2 * ML_BUDGET_WINDOW;
		if (ml_budget_add(&p->budget, e) == -1)
			return ML_NO_MEMORY;
		p->counted += e.airtime;
	}
	ml_budget_sort(&p->budget);
	return NULL;
}

/* The first that counts counts no more: when. */
static uint64_t
drop_first(struct ml_radioplan *p)
{
	const struct ml_budget_entry *e = &p->budget.entry[p->first++];

	p->counted -= e->airtime;
	return e->until + ML_BUDGET_WINDOW;
}

/* Those that are over go, many at a time. */
static void
forget(struct ml_radioplan *p)
{
	struct ml_budget *b = &p->budget;

	while (p->first < b->n &&
	    b->entry[p->first].until + ML_BUDGET_WINDOW <= p->at)
		drop_first(p);
	if (p->first < KEEP || p->first < b->n / 2)
		return;
	b->n -= p->first;
	memmove(b->entry, b->entry + p->first, b->n * sizeof *b->entry);
	p->first = 0;
}

/* In its place: what is booked by others may end later. */
static int
count(struct ml_radioplan *p, struct ml_budget_entry e)
{
	struct ml_budget *b = &p->budget;
	size_t i;

	if (ml_budget_add(b, e) == -1)
		return -1;
	for (i = b->n - 1; i > p->first && b->entry[i - 1].until > e.until; i--)
		b->entry[i] = b->entry[i - 1];
	b->entry[i] = e;
	p->counted += e.airtime;
	return 0;
}

const char *
ml_radioplan_add(struct ml_radioplan *p, size_t len)
{
	const char *why = ml_lora_check_frame(&p->lora, len);
	uint64_t us = ml_lora_frame_us(&p->lora, len), free_at;

	if (why != NULL)
		return why;
	if (us > p->limit)
		return "frame: more airtime than any hour has";
	while (p->counted > p->limit - us) {
		free_at = drop_first(p);
		if (free_at > p->at)
			p->at = free_at;
	}
	p->at += us;
	if (count(p, (struct ml_budget_entry){ .until = p->at,
	    .airtime = us }) == -1)
		return ML_NO_MEMORY;
	forget(p);
	p->frames++;
	p->packets += len > ML_LORA_PACKET_MAX ? 2 : 1;
	p->airtime += us;
	return NULL;
}

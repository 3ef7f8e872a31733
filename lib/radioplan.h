/*
 * radioplan - what sending frames would take, sending none.  Pure.
 */
#ifndef ML_RADIOPLAN_H
#define ML_RADIOPLAN_H
#include "budget.h"
#include "lora.h"

/* Begin with lora and limit; microseconds. */
struct ml_radioplan {
	struct ml_lora lora;
	uint64_t limit;			/* of airtime in any hour */
	struct ml_budget budget;	/* by their ends; to be freed */
	size_t first;			/* of those that count */
	uint64_t counted;		/* their airtime */
	uint64_t at;			/* the last frame is over */
	uint64_t frames, packets, airtime;
};

/* What is booked now already is copied.  NULL, or no memory. */
const char *ml_radioplan_begin(struct ml_radioplan *p,
    const struct ml_budget *booked, uint64_t now);
/* One more frame of len bytes.  NULL, or why it can never be sent. */
const char *ml_radioplan_add(struct ml_radioplan *p, size_t len);
#endif

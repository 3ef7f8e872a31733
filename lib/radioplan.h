/*
 * radioplan - what sending frames would take, sending none.  Pure.
 */
#ifndef ML_RADIOPLAN_H
#define ML_RADIOPLAN_H
#include "budget.h"
#include "lora.h"

/* Begin with lora, limit and what is booked already (a copy, to be freed), and
 * with at as the time; microseconds. */
struct ml_radioplan {
	struct ml_lora lora;
	uint64_t limit;			/* of airtime in any hour */
	struct ml_budget budget;
	uint64_t at;			/* the last frame is over */
	uint64_t frames, packets, airtime;
};

/* One more frame of len bytes.  NULL, or why it can never be sent. */
const char *ml_radioplan_add(struct ml_radioplan *p, size_t len);
#endif

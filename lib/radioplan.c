/* radioplan - what sending frames would take, sending none */
#include "buf.h"
#include "radioplan.h"

const char *
ml_radioplan_add(struct ml_radioplan *p, size_t len)
{
	const char *why = ml_lora_check_frame(&p->lora, len);
	uint64_t us = ml_lora_frame_us(&p->lora, len);
	uint64_t when = ml_budget_when(&p->budget, p->at, p->limit, us);

	if (why != NULL)
		return why;
	if (when == UINT64_MAX)
		return "frame: more airtime than any hour has";
	p->at = when + us;
	/* a key that nobody has drawn: from the end downwards */
	if (ml_budget_set(&p->budget, (struct ml_budget_entry){ ~p->frames,
	    p->at, us }) == -1)
		return ML_NO_MEMORY;
	ml_budget_expire(&p->budget, p->at);
	p->frames++;
	p->packets += len > ML_LORA_PACKET_MAX ? 2 : 1;
	p->airtime += us;
	return NULL;
}

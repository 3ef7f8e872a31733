/* hlc - hybrid logical clock */
#include "hlc.h"

int
ml_hlc_compare(struct ml_hlc a, struct ml_hlc b)
{
	if (a.wall != b.wall)
		return a.wall < b.wall ? -1 : 1;
	return (a.counter > b.counter) - (a.counter < b.counter);
}

struct ml_hlc
ml_hlc_now(struct ml_hlc *clock, int64_t phys)
{
	if (phys > clock->wall)
		*clock = (struct ml_hlc){ phys, 0 };
	else
		clock->counter++;
	return *clock;
}

struct ml_hlc
ml_hlc_update(struct ml_hlc *clock, struct ml_hlc remote, int64_t phys)
{
	struct ml_hlc seen = ml_hlc_compare(*clock, remote) > 0 ? *clock : remote;

	if (phys > seen.wall)
		seen = (struct ml_hlc){ phys, 0 };
	else
		seen.counter++;
	return *clock = seen;
}

struct ml_hlc
ml_hlc_mint(struct ml_hlc *clock, int64_t phys)
{
	ml_hlc_now(clock, phys);
	if (clock->counter > ML_HLC_COUNTER_MAX)
		*clock = (struct ml_hlc){ clock->wall + 1, 0 };
	return *clock;
}

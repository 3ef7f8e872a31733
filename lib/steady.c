/* steady - the time since some moment, by a clock that nobody sets */
#include <time.h>

#include "steady.h"

int64_t
ml_steady_us(void)
{
	struct timespec t = { 0 };

	/* it is there wherever programs are: no caller has to look */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
ml_steady_ms(void)
{
	return ml_steady_us() / 1000;
}

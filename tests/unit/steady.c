/* steady - a clock that only goes on */
#include "steady.h"
#include "unit.h"

int
main(void)
{
	int64_t from = ml_steady_us(), ms = ml_steady_ms(), to = ml_steady_us();
	int i, goes_on = 1;

	ok(from >= 0 && from <= to, "it goes on, from 0 or more");
	ok(ms >= from / 1000 && ms <= to / 1000,
	    "milliseconds are those of the microseconds");
	for (i = 0; i < 100000 && goes_on; i++, from = to) {
		to = ml_steady_us();
		goes_on = to >= from;
	}
	ok(goes_on, "it never goes back");
	return unit_done();
}

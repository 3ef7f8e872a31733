/* band - each sub-band up to its edges, and what lies in none */
#include "band.h"
#include "unit.h"

int
main(void)
{
	static const struct {
		uint32_t hz, bandwidth;
		unsigned duty;			/* 0: no band */
	} given[] = {
		{ 433920000, 125000, 1000 }, { 433050000, 125000, 0 },
		{ 433112500, 125000, 1000 }, { 433112499, 125000, 0 },
		{ 434727500, 125000, 1000 }, { 434727501, 125000, 0 },
		{ 863500000, 125000, 10 }, { 864999999, 125000, 0 },
		{ 867200000, 125000, 100 }, { 867937500, 125000, 100 },
		{ 867937501, 125000, 0 }, { 868100000, 125000, 100 },
		{ 868300000, 500000, 100 }, { 868300000, 600001, 0 },
		{ 868650000, 62500, 0 }, { 869000000, 250000, 10 },
		{ 869300000, 125000, 0 }, { 869525000, 125000, 1000 },
		{ 869525000, 250000, 1000 }, { 869525000, 250001, 0 },
		{ 869850000, 125000, 100 }, { 870000000, 125000, 0 },
		{ 915000000, 125000, 0 }, { 2400000000, 812500, 0 },
		{ 0, 125000, 0 }, { UINT32_MAX, UINT32_MAX, 0 },
	};
	const struct ml_band *b;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		b = ml_band_of(given[i].hz, given[i].bandwidth);
		ok((b != NULL ? b->duty : 0) == given[i].duty,
		    "%.4f MHz, %u Hz wide: %.2f %%", given[i].hz / 1e6,
		    given[i].bandwidth, given[i].duty / 100.0);
	}
	b = ml_band_of(433920000, 125000);
	ok(b != NULL && b->power == 10, "433 MHz: 10 mW");
	b = ml_band_of(869525000, 125000);
	ok(b != NULL && b->power == 27, "869.525 MHz: 500 mW");
	return unit_done();
}

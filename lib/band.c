/* band - where nobody needs a licence */
#include <stddef.h>

#include "band.h"

#define MHZ(n) ((uint32_t)((n) * 1e6 + 0.5))

static const struct ml_band BANDS[] = {
	{ "433.05-434.79", MHZ(433.05), MHZ(434.79), 1000, 10 },
	{ "863-865", MHZ(863), MHZ(865), 10, 14 },
	{ "865-868", MHZ(865), MHZ(868), 100, 14 },
	{ "868-868.6", MHZ(868), MHZ(868.6), 100, 14 },
	{ "868.7-869.2", MHZ(868.7), MHZ(869.2), 10, 14 },
	{ "869.4-869.65", MHZ(869.4), MHZ(869.65), 1000, 27 },
	{ "869.7-870", MHZ(869.7), MHZ(870), 100, 14 },
};

const struct ml_band *
ml_band_of(uint32_t frequency, uint32_t bandwidth)
{
	uint32_t half = bandwidth / 2 + bandwidth % 2;
	size_t i;

	for (i = 0; i < sizeof BANDS / sizeof BANDS[0]; i++)
		if (frequency >= BANDS[i].from && frequency - BANDS[i].from >=
		    half && frequency <= BANDS[i].to &&
		    BANDS[i].to - frequency >= half)
			return &BANDS[i];
	return NULL;
}

/* frameline: a line is a frame that is written as it stood, or is refused; so
 * are quantities, and a channel in a band lies within it */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "band.h"
#include "frameline.h"
#include "lora.h"
#include "quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_line(struct ml_slice line, size_t max)
{
	struct ml_buf frame = { 0 }, again = { 0 };

	ml_buf_str(&frame, "x");
	if (ml_frameline_read(&frame, line, max) != NULL) {
		assert(frame.len == 1);
		ml_buf_free(&frame);
		return;
	}
	assert(frame.len >= 2 && frame.len - 1 <= max);
	ml_frameline_write(&again, (struct ml_slice){ frame.p + 1,
	    frame.len - 1 });
	assert(again.len <= line.len &&
	    memcmp(again.p, line.p, again.len) == 0);
	assert(again.len == line.len || line.p[again.len] == '\t' ||
	    line.p[again.len] == '\r');
	ml_buf_free(&frame);
	ml_buf_free(&again);
}

static void
check_quantities(const char *text)
{
	const struct ml_band *band;
	char again[32];
	unsigned percent;
	uint32_t hz, same;
	int n;

	if (ml_quantity_hz(text, &hz)) {
		snprintf(again, sizeof again, "%u", hz);
		assert(ml_quantity_hz(again, &same) && same == hz);
		if ((band = ml_band_of(hz, 125000)) != NULL)
			assert(hz - 62500 >= band->from &&
			    hz + 62500 <= band->to && band->duty > 0);
	}
	if (ml_quantity_percent(text, &percent))
		assert(percent >= 1 && percent <= 10000);
	if (ml_quantity_int(text, -5, 300, &n)) {
		assert(n >= -5 && n <= 300);
		assert(n == atoi(text));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice line = { (const char *)data, len };
	char *text = malloc(len + 1);

	if (text == NULL)
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	check_line(line, ML_LORA_FRAME_MAX);
	check_line(line, 3);
	check_quantities(text);
	free(text);
	return 0;
}

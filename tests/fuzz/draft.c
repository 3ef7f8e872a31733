/* draft: what a line says is kept in canonical form behind what was there, and
 * says the same again; or it is refused, and nothing is kept */
#include <assert.h>
#include <string.h>

#include "canon.h"
#include "draft.h"
#include "event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_again(struct ml_slice kind, struct ml_slice payload)
{
	struct ml_buf line = { 0 }, text = { 0 };
	struct ml_draft d;

	ml_buf_str(&line, "{\"kind\":\"");
	ml_buf_slice(&line, kind);
	ml_buf_str(&line, "\",\"payload\":");
	ml_buf_slice(&line, payload);
	ml_buf_byte(&line, '}');
	assert(ml_draft_read(&d, ml_buf_view(&line), &text) == NULL);
	assert(ml_slice_same(ml_draft_kind(&d, &text), kind));
	assert(ml_slice_same(ml_draft_payload(&d, &text), payload));
	ml_buf_free(&line);
	ml_buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice line = { (const char *)data, len }, payload;
	struct ml_buf text = { 0 };
	struct ml_draft d;

	if (len == 0)
		return 0;
	ml_buf_str(&text, "before");
	if (ml_draft_read(&d, line, &text) == NULL) {
		payload = ml_draft_payload(&d, &text);
		assert(payload.len <= ML_MINT_MAX &&
		    ml_canon_span(payload.p, payload.p + payload.len,
		    ML_MINT_DEPTH_MAX) == payload.len);
		check_again(ml_draft_kind(&d, &text), payload);
		text.len = strlen("before");
	}
	assert(text.len == strlen("before") &&
	    memcmp(text.p, "before", text.len) == 0);
	ml_buf_free(&text);
	return 0;
}

/* frontier: each author's seq is found, in this and in the canonical text */
#include <assert.h>

#include "canon.h"
#include "frontier.h"
#include "json.h"
#include "number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All authors of a canonical frontier, or frontier message. */
static void
look_up(struct ml_slice object, const struct ml_frontier *f)
{
	struct ml_slice t, key, value;
	struct ml_json j;
	int64_t seq;

	if (ml_json_member(object, "t", &t) && *t.p == '"')
		assert(ml_slice_is(t, "\"frontier\"") &&
		    ml_json_member(object, "f", &object));
	for (j = ml_json_enter(object); ml_json_next(&j, &key, &value);)
		assert(ml_number_int(value, &seq) && seq >= 0 &&
		    seq <= ML_INT_MAX && ml_frontier_seq(f, key) == seq);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "", *at = p, *why;
	struct ml_frontier *f = NULL, *again = NULL;
	struct ml_buf text = { 0 };

	why = ml_frontier_read(&f, (struct ml_slice){ p, len });
	assert((why == NULL) == (f != NULL));
	if (ml_canon_write(&at, p + len, ML_JSON_DEPTH_MAX, &text) == NULL &&
	    ml_json_skip_blanks(at, p + len) == p + len) {
		assert(ml_frontier_read(&again, ml_buf_view(&text)) == why);
		if (why == NULL) {
			look_up(ml_buf_view(&text), f);
			look_up(ml_buf_view(&text), again);
			assert(ml_frontier_seq(f, (struct ml_slice){
			    "no such author \\udfff", 21 }) >= 0);
		}
	} else
		assert(why != NULL);
	ml_frontier_free(f);
	ml_frontier_free(again);
	ml_buf_free(&text);
	return 0;
}

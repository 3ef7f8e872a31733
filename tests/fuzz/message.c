/* message: items end, lie within the line, and are whole values */
#include <assert.h>

#include "canon.h"
#include "json.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
whole(struct ml_slice value)
{
	const char *at = value.p;

	assert(value.len > 0 && *value.p != ' ' &&
	    ml_canon_skip(&at, value.p + value.len, ML_JSON_DEPTH_MAX) ==
	    NULL && at == value.p + value.len);
}

/* A message of values has these values in it, in this order. */
static void
read_again(const struct ml_buf *message, const struct ml_slice *value,
    size_t n)
{
	struct ml_items it = ml_items_of(ml_buf_view(message));
	struct ml_item item;
	size_t i;

	for (i = 0; i < n; i++)
		assert(ml_items_next(&it, &item) == ML_ITEM_EVENT &&
		    item.in_message == i + 1 &&
		    ml_slice_same(item.text, value[i]));
	assert(ml_items_next(&it, &item) == ML_ITEM_END);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = len > 0 ? (const char *)data : "", *end = p + len, *at;
	struct ml_items it = ml_items_of((struct ml_slice){ p, len });
	struct ml_slice value[ML_MESSAGE_EVENTS];
	struct ml_buf message = { 0 };
	struct ml_item item;
	enum ml_item_kind kind;
	size_t items = 0, n = 0, i;
	int broken = 0;

	while ((kind = ml_items_next(&it, &item)) != ML_ITEM_END) {
		assert(kind == item.kind && ++items <= len);
		assert(item.text.p >= p && item.text.p <= end &&
		    item.text.len <= (size_t)(end - item.text.p));
		if (kind == ML_ITEM_BROKEN) {
			assert(item.why != NULL && item.in_message == 0);
			broken = 1;
			continue;
		}
		whole(item.text);
		assert(item.in_message == 0 || !broken || items > 1);
		if (n < ML_MESSAGE_EVENTS)
			value[n++] = item.text;
	}
	assert(ml_items_next(&it, &item) == ML_ITEM_END);
	assert(it.wasted <= ML_SALVAGE_MAX + len);

	ml_message_begin(&message);
	for (i = 0; i < n; i++) {
		if (i > 0)
			ml_buf_byte(&message, ',');
		ml_buf_slice(&message, value[i]);
	}
	ml_message_end(&message);
	at = message.p;
	if (ml_canon_skip(&at, message.p + message.len, ML_JSON_DEPTH_MAX) ==
	    NULL)
		read_again(&message, value, n);
	ml_buf_free(&message);
	return 0;
}

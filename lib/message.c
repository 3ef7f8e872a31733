/* message - what stands on a line: events, bare or in messages */
#include <string.h>

#include "canon.h"
#include "json.h"
#include "message.h"
#include "number.h"

#define EVENT_MEMBERS 7		/* that every event has: a s h k p v i */

static const char EVENT_BEGINS[] = "{\"a\":";	/* as we and the seed write it */

struct ml_items
ml_items_of(struct ml_slice line)
{
	return (struct ml_items){ .p = line.p, .end = line.p + line.len };
}

static enum ml_item_kind
give(struct ml_item *item, enum ml_item_kind kind, const char *p,
    const char *end, const char *why)
{
	item->kind = kind;
	item->text = (struct ml_slice){ p, (size_t)(end - p) };
	item->why = why;
	return kind;
}

static int
begins(const char *p, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - p) >= n && memcmp(p, what, n) == 0;
}

static const char *
find(const char *p, const char *end, const char *what)
{
	size_t n = strlen(what);

	for (; (size_t)(end - p) >= n; p++) {
		if ((p = memchr(p, *what, (size_t)(end - p) - n + 1)) == NULL)
			return NULL;
		if (memcmp(p, what, n) == 0)
			return p;
	}
	return NULL;
}

/* Behind a break: the next whole event, if there is one. */
static enum ml_item_kind
salvage(struct ml_items *it, struct ml_item *item)
{
	const char *p = it->p, *at;

	for (; it->wasted < ML_SALVAGE_MAX; p++) {
		if ((p = find(p, it->end, EVENT_BEGINS)) == NULL)
			break;
		at = p;
		if (ml_canon_skip(&at, it->end, ML_JSON_DEPTH_MAX) == NULL) {
			it->p = at;
			return give(item, ML_ITEM_EVENT, p, at, NULL);
		}
		it->wasted += (size_t)(at - p);
	}
	it->p = it->end;
	return item->kind = ML_ITEM_END;
}

/* The value at it->p is broken, and with it all that is not salvaged. */
static enum ml_item_kind
broken(struct ml_items *it, struct ml_item *item, const char *why)
{
	const char *from = it->p;

	it->broken = 1;
	it->p++;
	return give(item, ML_ITEM_BROKEN, from, it->end, why);
}

/* The next element of the message that is open. */
static int
element(struct ml_items *it, struct ml_item *item)
{
	struct ml_slice key, value;
	struct ml_json j;

	if (it->rest.p == NULL)
		return 0;
	j = (struct ml_json){ it->rest.p, it->rest.p + it->rest.len };
	if (!ml_json_next(&j, &key, &value)) {
		it->rest = (struct ml_slice){ NULL, 0 };
		it->in_message = 0;
		return 0;
	}
	it->rest = (struct ml_slice){ j.p, (size_t)(j.end - j.p) };
	item->in_message = ++it->in_message;
	give(item, ML_ITEM_EVENT, value.p, value.p + value.len, NULL);
	return 1;
}

/*
 * A message has "t", but so may an event, among what we do not know of it.  Of
 * a kind of message that we know only what has all that an event has is one; of
 * any other what has more than half of that, to be told what it lacks.
 */
static int
is_message(struct ml_slice object, struct ml_slice *t)
{
	struct ml_json j = ml_json_enter(object);
	struct ml_slice key, value;
	const char *members = "ashkpvi", *at;
	unsigned has = 0, most = 0;
	int has_t = 0, known;

	while (ml_json_next(&j, &key, &value)) {
		if (ml_json_key_is(key, "t")) {
			*t = value;
			has_t = 1;
		}
		for (at = members; *at != '\0'; at++)
			if (ml_json_key_is(key, (const char[]){ *at, '\0' }))
				has |= 1U << (at - members);
	}
	for (; has != 0; has &= has - 1)
		most++;
	known = ml_slice_is(*t, "\"events\"") ||
	    ml_slice_is(*t, "\"frontier\"");
	return has_t && most < (known ? EVENT_MEMBERS : EVENT_MEMBERS / 2 + 1);
}

/* A whole object: is it a message, and what is in it? */
static enum ml_item_kind
judge(struct ml_items *it, struct ml_item *item, struct ml_slice text)
{
	struct ml_slice t = { "", 0 }, list;
	const char *end = text.p + text.len;

	if (*text.p != '{' || !is_message(text, &t))
		return give(item, ML_ITEM_EVENT, text.p, end, NULL);
	if (*t.p != '"')
		return give(item, ML_ITEM_BROKEN, text.p, end,
		    "not a message: t is no string");
	if (!ml_json_key_is((struct ml_slice){ t.p + 1, t.len - 2 }, "events"))
		return ML_ITEM_END;	/* nothing in it for us */
	if (!ml_json_member(text, "e", &list) || *list.p != '[')
		return give(item, ML_ITEM_BROKEN, text.p, end,
		    "not a message: e is no list");
	it->rest = (struct ml_slice){ list.p + 1, list.len - 1 };
	return element(it, item) ? ML_ITEM_EVENT : ML_ITEM_END;
}

enum ml_item_kind
ml_items_next(struct ml_items *it, struct ml_item *item)
{
	const char *at, *why;
	enum ml_item_kind kind;

	item->in_message = 0;
	if (element(it, item))
		return ML_ITEM_EVENT;
	if (it->broken)
		return salvage(it, item);
	for (;;) {
		it->p = ml_json_skip_blanks(it->p, it->end);
		if (it->p == it->end)
			return item->kind = ML_ITEM_END;
		at = it->p;
		if ((why = ml_canon_skip(&at, it->end,
		    ML_JSON_DEPTH_MAX)) != NULL)
			return broken(it, item, why);
		kind = judge(it, item, (struct ml_slice){ it->p,
		    (size_t)(at - it->p) });
		it->p = at;
		if (kind != ML_ITEM_END)
			return kind;
	}
}

enum ml_message_kind
ml_message_kind(struct ml_slice line, int64_t *taken)
{
	const char *end = line.p + line.len, *p, *at;
	struct ml_slice t = { "", 0 }, value;

	*taken = -1;
	p = at = ml_json_skip_blanks(line.p, end);
	if (p == end)
		return ML_MESSAGE_OTHER;
	/* most lines are events, as we and the seed write them */
	if (begins(p, end, EVENT_BEGINS) || begins(p, end, ML_MESSAGE_BEGIN) ||
	    *p != '{' || ml_canon_skip(&at, end, ML_JSON_DEPTH_MAX) != NULL)
		return ML_MESSAGE_ITEMS;
	value = (struct ml_slice){ p, (size_t)(at - p) };
	if (!is_message(value, &t) || *t.p != '"')
		return ML_MESSAGE_ITEMS;
	t = (struct ml_slice){ t.p + 1, t.len - 2 };
	if (ml_json_key_is(t, "frontier"))
		return ML_MESSAGE_FRONTIER;
	if (ml_json_skip_blanks(at, end) < end || ml_json_key_is(t, "events"))
		return ML_MESSAGE_ITEMS;
	if (!ml_json_key_is(t, "done"))
		return ML_MESSAGE_OTHER;
	if (ml_json_member(value, "c", &value) &&
	    (!ml_number_int(value, taken) || *taken < 0))
		*taken = -1;
	return ML_MESSAGE_DONE;
}

void
ml_message_done(struct ml_buf *out, int64_t taken)
{
	ml_buf_str(out, "{\"t\":\"done\",\"c\":");
	ml_buf_int(out, taken);
	ml_buf_byte(out, '}');
}

void
ml_message_begin(struct ml_buf *out)
{
	ml_buf_str(out, ML_MESSAGE_BEGIN);
}

void
ml_message_end(struct ml_buf *out)
{
	ml_buf_str(out, ML_MESSAGE_END);
}

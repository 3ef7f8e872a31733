/* batch - every kind of line, and the same as line by line on all we have */
#include <dirent.h>
#include <sodium.h>

#include "batch.h"
#include "given.h"
#include "json.h"
#include "message.h"
#include "unit.h"
#include "vectors.h"

static const char GOOD[] = "{\"a\":\"base\",\"s\":1,\"h\":[1000,0],"
    "\"k\":\"note.add\",\"p\":{\"rid\":\"A\",\"text\":\"x\"},\"v\":\"\","
    "\"i\":\"";
static const char SPELLED[] = "{\"a\": \"base\", \"s\": 1, \"h\": [1000, 0], "
    "\"k\": \"note.add\", \"p\": {\"text\": \"x\", \"rid\": \"A\"}, "
    "\"v\": \"\", \"i\": \"";

#define MESSAGES 20000

static char id[ML_ID_HEX + 1];

/* Text with an event put in for each G (good), S (in another spelling) and T
 * (altered). */
static struct ml_slice
made(struct ml_buf *out, const char *format)
{
	size_t from = out->len;

	for (; *format != '\0'; format++)
		if (*format == 'G') {
			ml_buf_str(out, GOOD);
			ml_buf_str(out, id);
			ml_buf_str(out, "\"}");
		} else if (*format == 'S') {
			ml_buf_str(out, SPELLED);
			ml_buf_str(out, id);
			ml_buf_str(out, "\"}");
		} else if (*format == 'T') {
			ml_buf_str(out, GOOD);
			ml_buf_str(out, "00000000000000000000000000000000\"}");
		} else
			ml_buf_byte(out, *format);
	return (struct ml_slice){ out->p + from, out->len - from };
}

static void
find_id(void)
{
	struct ml_buf text = { 0 }, body = { 0 }, hex = { 0 };
	struct ml_event e;

	if (ml_event_read_quick(&e, made(&text, "T")))
		ml_event_mint(&e, &body);
	ml_id_write(e.id, &hex);
	memcpy(id, hex.p, ML_ID_HEX);
	ml_buf_free(&text);
	ml_buf_free(&body);
	ml_buf_free(&hex);
}

/* What became of one line, a letter an item: event, altered, broken, known;
 * a digit behind it is its place in a message. */
static const char *
letters(const struct ml_batch *b)
{
	static char all[64];
	const struct ml_batch_item *item = b->item;
	size_t n = 0;

	for (; item < b->item + b->items && n < sizeof all - 2; item++) {
		all[n++] = item->kind == ML_BATCH_KNOWN ? 'k' :
		    item->kind == ML_BATCH_BROKEN ? 'b' :
		    item->why != NULL ? 'a' : 'e';
		if (item->in_message > 0)
			all[n++] = (char)('0' + item->in_message);
	}
	all[n] = '\0';
	return all;
}

static void
check_kinds(void)
{
	static const struct {
		const char *line, *want;
	} kind[] = {
		{ "G", "e" }, { "S", "e" }, { "T", "a" }, { "", "" },
		{ "  \t ", "" }, { "G\r", "e" }, { "\r", "" }, { " G ", "e" },
		{ "GG", "ee" }, { "GSTG", "eeae" }, { "nonsense", "b" },
		{ "{\"a\":\"ba", "b" }, { "{\"a\":\"baG", "be" },
		{ "GX", "eb" }, { "7", "b" }, { "{}", "b" },
		{ "{\"t\":\"events\",\"e\":[G,S,T]}", "e1e2a3" },
		{ "{\"t\":\"events\",\"e\":[7,G]}", "b1e2" },
		{ "{\"t\":\"events\",\"e\":[]}", "" },
		{ "{\"t\":\"events\",\"e\":[G,T,G]}", "e1a2e3" },
		{ "{\"t\":\"events\",\"e\":[G,G,]}", "bee" },
		{ "{\"t\":\"events\",\"e\":[,G]}", "be" },
		{ "{\"t\":\"events\",\"e\":[G,G]", "bee" },
		{ "{\"t\":\"events\",\"e\":[G,G", "bee" },
		{ "{\"t\":\"events\",\"e\":[", "b" },
		{ "{\"t\":\"events\",\"e\":[G,G]}\r", "e1e2" },
		{ "{\"t\":\"events\",\"e\":[G],\"e\":[T,G]}", "a1e2" },
		{ "{\"t\":\"events\",\"e\":[G],\"t\":7}", "b" },
		{ "{\"t\":\"events\",\"e\":[G]}{\"t\":\"events\",\"e\":[T]}",
		    "e1a1" },
		{ "{\"t\":\"events\",\"e\":[G]}S", "e1e" },
		{ "{\"t\":\"events\",\"e\":7}", "b" },
		{ "{\"t\":\"frontier\",\"f\":{}}", "" },
	};
	struct ml_batch b = { 0 };
	struct ml_buf text = { 0 };
	size_t i;

	for (i = 0; i < sizeof kind / sizeof kind[0]; i++) {
		ml_buf_clear(&text);
		ml_batch_clear(&b);
		ml_batch_add(&b, made(&text, kind[i].line), 1, 0);
		ml_batch_work(&b);
		ok(!b.failed && strcmp(letters(&b), kind[i].want) == 0,
		    "'%s' comes to '%s'", kind[i].line, letters(&b));
	}
	ml_buf_free(&text);
	ml_batch_free(&b);
}

static void
check_places(void)
{
	struct ml_batch b = { 0 };
	struct ml_buf text = { 0 };
	const struct ml_batch_item *item;
	size_t one = sizeof GOOD - 1 + ML_ID_HEX + 2;

	ml_batch_add(&b, made(&text, "G"), 7, 1000);
	ml_batch_add_broken(&b, "a line over 16 MiB", 8, 2000, 99999999);
	ml_batch_add_known(&b, made(&text, "T"), 9, 3000);
	ml_batch_add(&b, made(&text, "{\"t\":\"events\",\"e\":[G,T]}  GX"), 10,
	    4000);
	ml_batch_add(&b, made(&text, "G \r"), 11, 5000);
	/* what they were made of is ours no more */
	ml_buf_free(&text);
	ml_batch_work(&b);
	item = b.item;
	ok(b.items == 8 && strcmp(letters(&b), "ebke1a2ebe") == 0, "in order");
	ok(item[0].line == 7 && item[0].offset == 1000 && item[0].len == one &&
	    item[0].end == 1000 + one && item[0].text.len == one,
	    "where a bare event stands");
	ok(item[1].line == 8 && item[1].offset == 2000 &&
	    item[1].len == 99999999 && item[1].text.len == 0 &&
	    strcmp(item[1].why, "a line over 16 MiB") == 0,
	    "where a line too long stands");
	ok(item[2].line == 9 && item[2].text.len == one &&
	    item[2].offset == 3000, "where a known line stands");
	ok(item[3].line == 10 && item[3].offset == 4019 &&
	    item[3].len == one && item[3].end == 4000 + 19 + 2 * one + 3 &&
	    item[4].offset == 4020 + one && item[4].end == item[3].end,
	    "where events of a message stand, and the message ends");
	ok(item[5].offset == item[4].end + 2 &&
	    item[5].end == item[5].offset + one, "where a glued one stands");
	ok(item[7].offset == 5000 && item[7].len == one &&
	    item[7].end == 5000 + one + 2, "blanks behind it count as its");
	ok(given_same(&item[0].e, &item[3].e) &&
	    given_same(&item[0].e, &item[7].e), "the same event each time");
	ml_batch_free(&b);
}

static void
check_many(void)
{
	struct ml_batch b = { 0 };
	struct ml_buf text = { 0 };
	struct ml_slice line = made(&text, "S");
	size_t i, n = 0;
	int same = 1;

	while (!ml_batch_full(&b, line.len))
		ml_batch_add(&b, line, ++n, 0);
	ml_batch_work(&b);
	for (i = 0; i < b.items; i++)
		same &= b.item[i].why == NULL && b.item[i].line == i + 1 &&
		    given_same(&b.item[0].e, &b.item[i].e);
	ok(n == ML_BATCH_BYTES / line.len && b.items == n && same,
	    "%zu events in another spelling, each of them kept", n);
	ml_batch_clear(&b);
	ml_buf_room(&text, ML_LINE_MAX);
	memset(text.p, ' ', ML_LINE_MAX);
	ok(!ml_batch_full(&b, ML_LINE_MAX), "the longest line has room");
	ml_batch_add(&b, (struct ml_slice){ text.p, ML_LINE_MAX }, 1, 0);
	ok(ml_batch_full(&b, 1), "alone");
	ml_batch_work(&b);
	ok(!b.failed && b.items == 0, "and is blank");
	ml_batch_clear(&b);
	ok(b.text.cap <= 2 * ML_BATCH_BYTES, "its memory is given back");
	ml_buf_free(&text);
	ml_batch_free(&b);
}

static int
is_exact(const struct ml_item *found)
{
	struct ml_event e;

	return found->kind == ML_ITEM_EVENT &&
	    ml_event_read_quick(&e, found->text);
}

/* An item that came of the plain way: is it the batch's, too? */
static int
agrees(const struct ml_batch_item *item, const struct ml_item *found,
    const struct ml_event *e, const char *why, int is_event)
{
	return item->kind == (is_event ? ML_BATCH_EVENT : ML_BATCH_BROKEN) &&
	    same_reason(item->why, why) && ml_slice_same(item->text,
	    found->text) && item->in_message == found->in_message &&
	    item->exact == is_exact(found) &&
	    (!is_event || (given_same(&item->e, e) &&
	    ml_slice_same(item->e.seal, e->seal)));
}

/* Where an item ends in its line, which was walked so far: so far, but for
 * blanks that end it. */
static uint64_t
end_of(const struct ml_items *items, struct ml_slice line)
{
	const char *end = line.p + line.len;

	return ml_json_skip_blanks(items->p, end) == end ? line.len :
	    (size_t)(items->p - line.p);
}

/* Whether what a line comes to in a batch, from an item on, is the same. */
static int
line_agrees(const struct ml_batch *b, size_t *at, struct ml_slice line,
    uint64_t number)
{
	struct ml_items items = ml_items_of(line);
	struct ml_buf scratch = { 0 }, body = { 0 };
	struct ml_item found;
	struct ml_event e;
	const char *why;
	int same = 1, is_event;

	while (same && ml_items_next(&items, &found) != ML_ITEM_END) {
		is_event = 0;
		why = found.why;
		if (found.kind == ML_ITEM_EVENT &&
		    (why = ml_event_read(&e, found.text, &scratch)) == NULL) {
			is_event = 1;
			why = ml_event_verify(&e, &body);
		}
		same = *at < b->items && b->item[*at].line == number &&
		    b->item[*at].offset == number * 100000 +
		    (uint64_t)(found.text.p - line.p) &&
		    b->item[*at].end == number * 100000 +
		    end_of(&items, line) &&
		    agrees(&b->item[*at], &found, &e, why, is_event);
		++*at;
	}
	ml_buf_free(&scratch);
	ml_buf_free(&body);
	return same;
}

/* A message of events, as we write it, some of them altered. */
static void
make_message(uint64_t *state, struct ml_buf *line)
{
	static const char *const some[] = { "G", "G", "G", "G", "T", "S" };
	size_t i, n = 1 + given_below(state, 4);
	/* all but some of these are canonical */
	size_t kinds = given_below(state, 4) == 0 ? 6 : 5;

	ml_buf_clear(line);
	ml_message_begin(line);
	for (i = 0; i < n; i++) {
		ml_buf_str(line, i > 0 ? "," : "");
		made(line, some[given_below(state, kinds)]);
	}
	ml_message_end(line);
}

/* Put a byte in, take some out, or put another in their place. */
static void
damage(uint64_t *state, struct ml_buf *line)
{
	static const char bytes[] = "{}[],:\"\\ \r0atex\x80";
	size_t at = given_below(state, line->len);
	size_t out = given_below(state, 3), rest = line->len - at;
	char c = bytes[given_below(state, sizeof bytes - 1)];

	if (given_below(state, 8) == 0)
		out = rest;		/* the line is torn */
	if (given_below(state, 8) == 0)
		out = 0, at = line->len, rest = 0;	/* or glued */
	if (out > rest)
		out = rest;
	(void)ml_buf_room(line, 1);
	memmove(line->p + at + 1, line->p + at + out, rest - out);
	line->p[at] = c;
	line->len += 1 - out;
}

/* Messages, whole and damaged: the quick way comes to what the slow one does. */
static void
check_messages(void)
{
	struct ml_batch b = { 0 };
	struct ml_buf line = { 0 };
	uint64_t state = 1, i, wrong = 0, whole = 0;
	size_t at;

	for (i = 0; i < MESSAGES; i++) {
		make_message(&state, &line);
		while (given_below(&state, 3) != 0)
			damage(&state, &line);
		ml_batch_clear(&b);
		ml_batch_add(&b, ml_buf_view(&line), i, i * 100000);
		ml_batch_work(&b);
		at = 0;
		whole += b.items > 1 && b.item[b.items - 1].exact;
		if (!(line_agrees(&b, &at, ml_buf_view(&line), i) &&
		    at == b.items && !b.failed) && wrong++ == 0)
			printf("# %.*s\n", (int)line.len, line.p);
	}
	ok(wrong == 0 && whole > MESSAGES / 10 && whole < MESSAGES,
	    "%d messages, whole and damaged: %d differ", MESSAGES, (int)wrong);
	ml_buf_free(&line);
	ml_batch_free(&b);
}

static void
check_file(struct ml_batch *b, const char *path, const char *name)
{
	struct ml_lines l, again;
	struct ml_slice line;
	size_t at = 0;
	int fd = open(path, O_RDONLY), same = fd != -1;

	l = ml_lines_stream(fd);
	ml_batch_clear(b);
	while (ml_lines_next(&l, 1, &line) > ML_LINE_END)
		ml_batch_add(b, line, l.number, l.number * 100000);
	ml_lines_free(&l);
	ml_batch_work(b);
	lseek(fd, 0, SEEK_SET);
	again = ml_lines_stream(fd);
	while (same && ml_lines_next(&again, 1, &line) > ML_LINE_END)
		same = line_agrees(b, &at, line, again.number);
	ml_lines_free(&again);
	close(fd);
	ok(same && !b->failed && at == b->items, "%s: %zu items", name,
	    b->items);
}

static void
check_folder(struct ml_batch *b, const char *name)
{
	const char *root = getenv("ROOT");
	char folder[2048], path[4096];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof folder, "%s/tests/%s",
	    root != NULL ? root : ".", name);
	dir = opendir(folder);
	ok(dir != NULL, "%s", name);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_REG)
			check_file(b, path, entry->d_name);
	}
	closedir(dir);
}

int
main(void)
{
	static const char *const folders[] = { "corpus/event",
	    "corpus/message", "corpus/canon", "vectors",
	    "vectors/scenario-1-scrambled", "vectors/scenario-2-torn",
	    "vectors/scenario-3-duplicates", "vectors/scenario-4-fork",
	    "vectors/scenario-5-tampered", "vectors/scenario-6-gaps",
	    "vectors/scenario-7-poison", "vectors/scenario-8-lww" };
	struct ml_batch b = { 0 };
	size_t i;

	if (sodium_init() == -1)
		return 1;
	find_id();
	check_kinds();
	check_places();
	check_many();
	check_messages();
	/* one batch for all: what an earlier file left must not matter */
	for (i = 0; i < sizeof folders / sizeof folders[0]; i++)
		check_folder(&b, folders[i]);
	ml_batch_free(&b);
	return unit_done();
}

/* view - the golden views in any order of events, and what payloads are for */
#include <sodium.h>

#include "canon.h"
#include "feed.h"
#include "frontier.h"
#include "given.h"
#include "message.h"
#include "unit.h"
#include "vectors.h"
#include "view.h"

#define EVENTS_MAX 400			/* of one scenario */
#define SHUFFLES 20

static const uint8_t KEY[ML_TABLE_KEY_LEN] = { 7, 8, 9 };

/* Events and what their slices borrow from. */
struct set {
	struct ml_event e[EVENTS_MAX];
	struct ml_buf text[EVENTS_MAX], scratch[EVENTS_MAX];
	size_t n;
};

static void
set_clear(struct set *s)
{
	while (s->n > 0) {
		s->n--;
		ml_buf_free(&s->text[s->n]);
		ml_buf_free(&s->scratch[s->n]);
	}
}

/* Take in each event of a line that reads and verifies. */
static void
set_add(struct set *s, struct ml_slice line)
{
	struct ml_items it = ml_items_of(line);
	struct ml_buf body = { 0 };
	struct ml_item item;

	while (s->n < EVENTS_MAX &&
	    ml_items_next(&it, &item) != ML_ITEM_END) {
		s->text[s->n] = s->scratch[s->n] = (struct ml_buf){ 0 };
		ml_buf_slice(&s->text[s->n], item.text);
		s->n++;
		if (item.kind == ML_ITEM_EVENT && ml_event_read(&s->e[s->n - 1],
		    ml_buf_view(&s->text[s->n - 1]),
		    &s->scratch[s->n - 1]) == NULL &&
		    ml_event_verify(&s->e[s->n - 1], &body) == NULL)
			continue;
		s->n--;
		ml_buf_free(&s->text[s->n]);
		ml_buf_free(&s->scratch[s->n]);
	}
	ml_buf_free(&body);
}

static void
set_add_file(struct set *s, const char *directory, const char *file)
{
	char name[128];
	struct ml_lines lines;
	struct ml_slice line;

	snprintf(name, sizeof name, "%s/%s", directory, file);
	lines = vectors_open(name);
	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END)
		set_add(s, line);
	vectors_close(&lines);
}

static void
slurp(const char *directory, const char *file, struct ml_buf *out)
{
	char name[128];
	struct ml_lines lines;
	struct ml_slice line;

	ml_buf_clear(out);
	snprintf(name, sizeof name, "%s/%s", directory, file);
	lines = vectors_open(name);
	while (ml_lines_next(&lines, 1, &line) > ML_LINE_END) {
		ml_buf_slice(out, line);
		if (lines.newline)
			ml_buf_byte(out, '\n');
	}
	vectors_close(&lines);
}

/*
 * Put feeds together, in the order of the file and again until nothing fits:
 * the events that are in a run are listed in chosen.
 */
static size_t
assemble(const struct set *s, struct ml_feeds *feeds,
    const struct ml_event *chosen[static EVENTS_MAX])
{
	static char used[EVENTS_MAX];
	struct ml_feed *f;
	size_t i, n = 0, before;

	memset(used, 0, sizeof used);
	do {
		before = n;
		for (i = 0; i < s->n; i++) {
			f = ml_feeds_get(feeds, s->e[i].author);
			if (used[i] ||
			    ml_feed_judge(f, &s->e[i]) != ML_FIT_NEXT)
				continue;
			ml_feed_extend(feeds, f, &s->e[i], (struct ml_spot){ i, 0 });
			used[i] = 1;
			chosen[n++] = &s->e[i];
		}
	} while (n > before);
	return n;
}

/* As ml-view prints it. */
static void
render(struct ml_view *v, struct ml_buf *out)
{
	struct ml_view_record **record;
	struct ml_buf json = { 0 };
	size_t i, n;

	ml_buf_clear(out);
	record = ml_view_sorted(v, &n);
	for (i = 0; i < n; i++) {
		ml_buf_clear(&json);
		ml_view_record_write(v, record[i], &json);
		ml_buf_str(out, i == 0 ? "{\n  \"" : ",\n  \"");
		ml_buf_slice(out, ml_view_record_id(record[i]));
		ml_buf_str(out, "\": ");
		ml_canon_indent(out, ml_buf_view(&json), 1);
	}
	ml_buf_str(out, n > 0 ? "\n}\n" : "{}\n");
	ml_buf_free(&json);
	free(record);
}

static void
view_of(const struct ml_event *const *list, size_t n, struct ml_buf *out)
{
	struct ml_view *v = ml_view_new(KEY);
	size_t i;

	for (i = 0; i < n; i++)
		if (ml_view_add(v, list[i]) == ML_VIEW_NO_MEMORY)
			exit(1);
	render(v, out);
	ml_view_free(v);
}

static void
shuffle(const struct ml_event **list, size_t n, uint64_t *state)
{
	const struct ml_event *other;
	size_t i, j;

	for (i = n; i-- > 1;) {
		j = given_below(state, i + 1);
		other = list[i];
		list[i] = list[j];
		list[j] = other;
	}
}

static int
is_frontier(const struct ml_feeds *feeds, size_t events,
    const struct ml_buf *text)
{
	struct ml_frontier *f;
	size_t i, sum = 0;
	int right = 1;

	if (ml_frontier_read(&f, ml_buf_view(text)) != NULL)
		return 0;
	for (i = 0; i < ml_feeds_count(feeds); i++) {
		const struct ml_feed *feed = ml_feeds_at(feeds, i);

		right &= feed->seq == ml_frontier_seq(f, feed->author);
		sum += (size_t)feed->seq;
	}
	ml_frontier_free(f);
	return right && sum == events;
}

static void
check_set(const struct set *s, const char *directory, const char *frontier,
    const char *view)
{
	static const struct ml_event *chosen[EVENTS_MAX];
	struct ml_feeds *feeds = ml_feeds_new(KEY);
	struct ml_buf want = { 0 }, got = { 0 };
	uint64_t state = 9;
	size_t n = assemble(s, feeds, chosen), bad = 0, i;

	slurp(directory, frontier, &want);
	ok(n > 0 && s->n < EVENTS_MAX && is_frontier(feeds, n, &want),
	    "%s: %zu events come to %s", directory, n, frontier);
	slurp(directory, view, &want);
	for (i = 0; i < SHUFFLES; i++) {
		view_of(chosen, n, &got);
		bad += !ml_slice_same(ml_buf_view(&want), ml_buf_view(&got));
		shuffle(chosen, n, &state);
	}
	ok(bad == 0, "%s: %s in any order, %zu fail", directory, view, bad);
	ml_buf_free(&want);
	ml_buf_free(&got);
	ml_feeds_free(feeds);
}

static void
check_scenarios(void)
{
	static const char *const directory[] = { "scenario-1-scrambled",
	    "scenario-2-torn", "scenario-3-duplicates", "scenario-4-fork",
	    "scenario-5-tampered", "scenario-6-gaps", "scenario-8-lww" };
	static struct set s;
	size_t i;

	for (i = 0; i < sizeof directory / sizeof directory[0]; i++) {
		set_add_file(&s, directory[i], "log.jsonl");
		check_set(&s, directory[i], "frontier.json", "view.json");
		if (strcmp(directory[i], "scenario-6-gaps") == 0) {
			set_add_file(&s, directory[i], "missing.jsonl");
			check_set(&s, directory[i], "filled-frontier.json",
			    "filled-view.json");
		}
		set_clear(&s);
	}
}

/* Base's events and those of one author whose payload is odd. */
static void
check_odd(const struct set *s, const char *odd, const char *view)
{
	static const struct ml_event *chosen[EVENTS_MAX];
	struct ml_buf want = { 0 }, got = { 0 };
	uint64_t state = 10;
	size_t i, n = 0, bad = 0;

	for (i = 0; i < s->n; i++)
		if (ml_slice_is(s->e[i].author, "base") ||
		    ml_slice_is(s->e[i].author, odd))
			chosen[n++] = &s->e[i];
	slurp("scenario-7-poison", view, &want);
	for (i = 0; i < SHUFFLES; i++) {
		view_of(chosen, n, &got);
		bad += !ml_slice_same(ml_buf_view(&want), ml_buf_view(&got));
		shuffle(chosen, n, &state);
	}
	ok(n == (*odd != '\0' ? 5 : 4) && bad == 0, "base and %s: %zu fail",
	    *odd != '\0' ? odd : "nobody", bad);
	ml_buf_free(&want);
	ml_buf_free(&got);
}

static void
check_poison(void)
{
	static struct set s;
	struct ml_view *v;
	char odd[32], view[32];
	int i, wrong = 0;
	size_t j;

	set_add_file(&s, "scenario-7-poison", "log.jsonl");
	check_odd(&s, "", "view-good.json");
	for (i = 0; i <= 26; i++) {
		snprintf(odd, sizeof odd, "odd-%02d", i);
		if (i < 20)
			strcpy(view, "view-good.json");
		else
			snprintf(view, sizeof view, "odd-%02d-view.json", i);
		check_odd(&s, odd, view);
	}
	v = ml_view_new(KEY);
	for (j = 0; j < s.n; j++) {
		const char *name = s.e[j].author.p;
		enum ml_view_use use = ml_view_judge(&s.e[j]), want;

		i = s.e[j].author.len == 6 ? atoi(name + 4) : 20;
		want = i == 19 || i == 26 ? ML_VIEW_UNKNOWN :
		    i < 19 ? ML_VIEW_UNUSABLE : ML_VIEW_USED;
		wrong += use != want || ml_view_add(v, &s.e[j]) != want;
	}
	ok(s.n == 31 && wrong == 0, "what each odd payload is for: %d wrong",
	    wrong);
	ml_view_free(v);
	set_clear(&s);
}

static void
check_judge(void)
{
	static const struct {
		const char *kind, *payload;
		enum ml_view_use use;
	} table[] = {
		{ "record.create", "{\"record_id\":\"R\"}", ML_VIEW_USED },
		{ "record.create", "{\"form\":\"f\"}", ML_VIEW_UNUSABLE },
		{ "record.create", "{\"record_id\":5}", ML_VIEW_UNUSABLE },
		{ "record.create", "\"record_id\"", ML_VIEW_UNUSABLE },
		{ "record.create", "{}", ML_VIEW_UNUSABLE },
		{ "record.create", "7", ML_VIEW_UNUSABLE },
		{ "field.set", "{\"field\":\"f\",\"record_id\":\"R\","
		    "\"value\":null}", ML_VIEW_USED },
		{ "field.set", "{\"field\":\"f\",\"record_id\":\"R\"}",
		    ML_VIEW_UNUSABLE },
		{ "field.set", "{\"field\":1,\"record_id\":\"R\",\"value\":1}",
		    ML_VIEW_UNUSABLE },
		{ "field.set", "{\"record_id\":\"R\",\"value\":1}",
		    ML_VIEW_UNUSABLE },
		{ "field.set", "[{\"field\":\"f\",\"record_id\":\"R\","
		    "\"value\":1}]", ML_VIEW_UNUSABLE },
		{ "note.add", "{\"record_id\":\"R\",\"text\":false}",
		    ML_VIEW_USED },
		{ "note.add", "{\"record_id\":\"R\"}", ML_VIEW_UNUSABLE },
		{ "attachment.add", "{\"blob_hash\":\"\",\"field\":\"\","
		    "\"record_id\":\"\"}", ML_VIEW_USED },
		{ "attachment.add", "{\"field\":\"f\",\"record_id\":\"R\"}",
		    ML_VIEW_UNUSABLE },
		{ "attachment.add", "{\"blob_hash\":\"h\","
		    "\"record_id\":\"R\"}", ML_VIEW_UNUSABLE },
		{ "attachment.add", "{\"blob_hash\":\"h\",\"field\":\"f\","
		    "\"record_id\":null}", ML_VIEW_UNUSABLE },
		{ "author.key", "{\"record_id\":\"R\"}", ML_VIEW_UNKNOWN },
		{ "", "{\"record_id\":\"R\"}", ML_VIEW_UNKNOWN },
		{ "record.creat", "{\"record_id\":\"R\"}", ML_VIEW_UNKNOWN },
		{ "record.create2", "{\"record_id\":\"R\"}", ML_VIEW_UNKNOWN },
		{ "Record.create", "{\"record_id\":\"R\"}", ML_VIEW_UNKNOWN },
		{ "note.add", "null", ML_VIEW_UNUSABLE },
	};
	struct ml_view *v = ml_view_new(KEY);
	struct ml_buf out = { 0 };
	struct ml_event e;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		e = (struct ml_event){ .author = slice("x"), .seq = 1,
		    .kind = slice(table[i].kind),
		    .payload = slice(table[i].payload) };
		ok(ml_view_judge(&e) == table[i].use, "%s of %s",
		    table[i].kind, table[i].payload);
		if (table[i].use != ML_VIEW_USED)
			ok(ml_view_add(v, &e) == table[i].use,
			    "adding it says so");
	}
	render(v, &out);
	ok(holds(&out, "{}\n"), "nothing of no use is seen");
	ml_buf_free(&out);
	ml_view_free(v);
}

static struct ml_event
set_field(const char *author, int64_t seq, struct ml_hlc hlc,
    const char *payload)
{
	return (struct ml_event){ .author = slice(author), .seq = seq,
	    .hlc = hlc, .kind = slice("field.set"), .payload = slice(payload) };
}

static void
check_fields(void)
{
	struct ml_event e[] = {
		set_field("a", 1, (struct ml_hlc){ 10, 0 },
		    "{\"field\":\"x\",\"record_id\":\"R\",\"value\":1}"),
		set_field("b", 1, (struct ml_hlc){ 10, 0 },
		    "{\"field\":\"x\",\"record_id\":\"R\",\"value\":2}"),
		set_field("b", 2, (struct ml_hlc){ 10, 0 },
		    "{\"field\":\"x\",\"record_id\":\"R\",\"value\":3}"),
		set_field("a", 2, (struct ml_hlc){ 11, 0 },
		    "{\"field\":\"\",\"record_id\":\"R\",\"value\":[]}"),
		set_field("c", 9, (struct ml_hlc){ -1, -1 },
		    "{\"field\":\"old\",\"record_id\":\"R\",\"value\":4}"),
		set_field("c", 8, (struct ml_hlc){ -1, -2 },
		    "{\"field\":\"gone\",\"record_id\":\"R\",\"value\":5}"),
		set_field("c", 7, (struct ml_hlc){ -2, 5 },
		    "{\"field\":\"gone\",\"record_id\":\"S\",\"value\":5}"),
	};
	enum { N = sizeof e / sizeof e[0] };
	const struct ml_event *list[N];
	struct ml_view_record **record;
	struct ml_view_field *field;
	struct ml_view *v;
	uint64_t state = 11;
	size_t i, n, fields;
	int round, right = 1;

	for (i = 0; i < N; i++)
		list[i] = &e[i];
	for (round = 0; round < 200; round++) {
		shuffle(list, N, &state);
		v = ml_view_new(KEY);
		for (i = 0; i < N; i++)
			right &= ml_view_add(v, list[i]) == ML_VIEW_USED;
		record = ml_view_sorted(v, &n);
		field = ml_view_record_fields(v, record[0], &fields);
		right = right && n == 2 && fields == 3 &&
		    ml_slice_is(field[0].name, "") &&
		    ml_slice_is(field[0].value, "[]") &&
		    ml_slice_is(field[0].stamp.author, "a") &&
		    field[0].stamp.seq == 2 && field[0].stamp.hlc.wall == 11 &&
		    ml_slice_is(field[1].name, "old") &&
		    ml_slice_is(field[2].name, "x") &&
		    ml_slice_is(field[2].value, "3") &&
		    ml_slice_is(field[2].stamp.author, "b") &&
		    field[2].stamp.seq == 2;
		free(field);
		field = ml_view_record_fields(v, record[1], &fields);
		right = right && fields == 0 && field != NULL;
		free(field);
		free(record);
		ml_view_free(v);
	}
	ok(right, "the last writer of each field, in any order");
}

/* Notes by the order of events, attachments by field, hash and that order. */
static void
check_lists(void)
{
	static const struct ml_event e[] = {
		{ .author = { "b", 1 }, .seq = 3, .hlc = { 5, 0 },
		    .kind = { "note.add", 8 },
		    .payload = { "{\"record_id\":\"R\",\"text\":2}", 26 } },
		{ .author = { "b", 1 }, .seq = 4, .hlc = { 5, 0 },
		    .kind = { "note.add", 8 },
		    .payload = { "{\"record_id\":\"R\",\"text\":3}", 26 } },
		{ .author = { "a", 1 }, .seq = 9, .hlc = { 5, 0 },
		    .kind = { "note.add", 8 },
		    .payload = { "{\"record_id\":\"R\",\"text\":1}", 26 } },
		{ .author = { "z", 1 }, .seq = 1, .hlc = { 4, 9 },
		    .kind = { "note.add", 8 },
		    .payload = { "{\"record_id\":\"R\",\"text\":0}", 26 } },
		{ .author = { "b", 1 }, .seq = 1, .hlc = { 2, 0 },
		    .kind = { "attachment.add", 14 },
		    .payload = { "{\"blob_hash\":\"h\",\"field\":\"f\","
		    "\"record_id\":\"R\",\"size\":2}", 54 } },
		{ .author = { "a", 1 }, .seq = 1, .hlc = { 2, 0 },
		    .kind = { "attachment.add", 14 },
		    .payload = { "{\"blob_hash\":\"h\",\"field\":\"f\","
		    "\"record_id\":\"R\",\"size\":1}", 54 } },
		{ .author = { "a", 1 }, .seq = 2, .hlc = { 1, 0 },
		    .kind = { "attachment.add", 14 },
		    .payload = { "{\"blob_hash\":\"i\",\"field\":\"f\","
		    "\"record_id\":\"R\",\"size\":3}", 54 } },
		{ .author = { "a", 1 }, .seq = 3, .hlc = { 9, 0 },
		    .kind = { "attachment.add", 14 },
		    .payload = { "{\"blob_hash\":\"z\",\"field\":\"e\","
		    "\"record_id\":\"R\",\"size\":0}", 54 } },
	};
	static const char want[] = "{\"attachments\":["
	    "{\"blob_hash\":\"z\",\"field\":\"e\",\"mime\":\"\",\"size\":0},"
	    "{\"blob_hash\":\"h\",\"field\":\"f\",\"mime\":\"\",\"size\":1},"
	    "{\"blob_hash\":\"h\",\"field\":\"f\",\"mime\":\"\",\"size\":2},"
	    "{\"blob_hash\":\"i\",\"field\":\"f\",\"mime\":\"\",\"size\":3}],"
	    "\"created_by\":\"\",\"fields\":{},\"form\":\"\","
	    "\"notes\":[0,1,2,3],\"record_id\":\"R\"}";
	enum { N = sizeof e / sizeof e[0] };
	const struct ml_event *list[N];
	struct ml_view_record **record;
	struct ml_view *v;
	struct ml_buf out = { 0 };
	uint64_t state = 12;
	size_t i, n;
	int round, right = 1;

	for (i = 0; i < N; i++)
		list[i] = &e[i];
	for (round = 0; round < 200; round++) {
		shuffle(list, N, &state);
		v = ml_view_new(KEY);
		for (i = 0; i < N; i++)
			right &= ml_view_add(v, list[i]) == ML_VIEW_USED;
		record = ml_view_sorted(v, &n);
		ml_buf_clear(&out);
		right = right && n == 1 &&
		    ml_view_record_write(v, record[0], &out) == 0 &&
		    holds(&out, want);
		free(record);
		ml_view_free(v);
	}
	ok(right, "notes and attachments have one order");
	ml_buf_free(&out);
}

/* Members are found by where strings and brackets end. */
static void
check_members(void)
{
	static const struct {
		const char *payload, *field, *value;
	} table[] = {
		{ "{\"a\":\"\\\"\",\"field\":\"f\",\"record_id\":\"R\","
		    "\"value\":\"\\\\\"}", "f", "\"\\\\\"" },
		{ "{\"field\":\"\\\\\\\"\",\"record_id\":\"R\","
		    "\"value\":{\"value\":[\"}\",{},\"]\\\"\"]},\"z\":1}",
		    "\\\\\\\"", "{\"value\":[\"}\",{},\"]\\\"\"]}" },
		{ "{\"field\":\",\",\"field2\":{\"field\":\"no\"},"
		    "\"record_id\":\"R\",\"value\":[[],{\"field\":[]}]}",
		    ",", "[[],{\"field\":[]}]" },
		{ "{\"by\":\"}\",\"field\":\"f\",\"form\":{},\"mime\":[{}],"
		    "\"record_id\":\"R\",\"size\":-1.5e-07,\"text\":null,"
		    "\"value\":false}", "f", "false" },
		{ "{\"\":0,\"fielc\":1,\"field\":\"\",\"fiele\":2,"
		    "\"recor_did\":3,\"record_id\":\"R\",\"tezt\":4,"
		    "\"value\":-0.0,\"valuf\":5}", "", "-0.0" },
	};
	struct ml_view_record **record;
	struct ml_view_field *field;
	struct ml_view *v;
	struct ml_event e;
	size_t i, n, fields;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		v = ml_view_new(KEY);
		e = set_field("a", 1, (struct ml_hlc){ 1, 0 },
		    table[i].payload);
		ml_view_add(v, &e);
		record = ml_view_sorted(v, &n);
		field = ml_view_record_fields(v, record[0], &fields);
		ok(n == 1 && fields == 1 &&
		    ml_slice_is(field[0].name, table[i].field) &&
		    ml_slice_is(field[0].value, table[i].value),
		    "members of %s", table[i].payload);
		free(field);
		free(record);
		ml_view_free(v);
	}
}

/* Values that grow and shrink and lose to newer ones, the ends of the clock
 * and equal stamps of several authors among them. */
static void
check_superseded(void)
{
	enum { EVENTS = 3000, FIELDS = 7, VALUE_MAX = 9000 };
	static const char *const author[] = { "b", "a", "\\u00e9", "B", "" };
	static const int64_t wall[] = { -1, 0, 1, ML_INT_MAX };
	static struct ml_event e[EVENTS];
	static const struct ml_event *list[EVENTS];
	static char text[VALUE_MAX];
	struct ml_buf payload[EVENTS] = { 0 }, first = { 0 }, out = { 0 };
	uint64_t state = 13;
	size_t i, bad = 0;
	int round;

	memset(text, 'x', sizeof text);
	for (i = 0; i < EVENTS; i++) {
		ml_buf_str(&payload[i], "{\"field\":\"f");
		ml_buf_int(&payload[i], (int64_t)given_below(&state, FIELDS));
		ml_buf_str(&payload[i], "\",\"record_id\":\"R\","
		    "\"value\":\"");
		ml_buf_int(&payload[i], (int64_t)i);
		ml_buf_add(&payload[i], text, given_below(&state,
		    (size_t)1 << given_below(&state, 14)) % VALUE_MAX);
		ml_buf_str(&payload[i], "\"}");
		e[i] = set_field(author[given_below(&state, 5)], (int64_t)i + 1,
		    (struct ml_hlc){ wall[given_below(&state, 4)],
		    (int64_t)given_below(&state, 3) }, "");
		e[i].payload = ml_buf_view(&payload[i]);
		list[i] = &e[i];
	}
	view_of(list, EVENTS, &first);
	for (round = 0; round < 20; round++) {
		shuffle(list, EVENTS, &state);
		view_of(list, EVENTS, &out);
		bad += !ml_slice_same(ml_buf_view(&first), ml_buf_view(&out));
	}
	ok(bad == 0, "values of any length in any order: %zu fail", bad);
	for (i = 0; i < EVENTS; i++)
		ml_buf_free(&payload[i]);
	ml_buf_free(&first);
	ml_buf_free(&out);
}

/* A record that somebody made as long as he could. */
static void
check_long(void)
{
	enum { FIELDS = 100000, NOTES = 200000, FILES = 20000 };
	struct ml_view *v = ml_view_new(KEY);
	struct ml_view_record **record;
	struct ml_view_field *field;
	struct ml_buf out = { 0 };
	struct ml_event e;
	char payload[128], want[64];
	size_t i, n, fields;
	int right = 1;

	for (i = 0; i < 2 * FIELDS; i++) {
		snprintf(payload, sizeof payload, "{\"field\":\"f%05zu\","
		    "\"record_id\":\"R\",\"value\":%zu}",
		    (size_t)((uint64_t)i * 77773 % FIELDS), i);
		e = set_field("a", (int64_t)i + 1, (struct ml_hlc){ 1, 0 },
		    payload);
		right &= ml_view_add(v, &e) == ML_VIEW_USED;
	}
	e.kind = slice("note.add");
	for (i = 0; i < NOTES; i++) {
		snprintf(payload, sizeof payload,
		    "{\"record_id\":\"R\",\"text\":%zu}", i);
		e.seq = (int64_t)(NOTES - i);
		e.payload = slice(payload);
		right &= ml_view_add(v, &e) == ML_VIEW_USED;
	}
	e.kind = slice("attachment.add");
	for (i = 0; i < FILES; i++) {
		snprintf(payload, sizeof payload, "{\"blob_hash\":\"%05zu\","
		    "\"field\":\"f\",\"record_id\":\"R\"}",
		    i * 7777 % FILES);
		e.payload = slice(payload);
		right &= ml_view_add(v, &e) == ML_VIEW_USED;
	}
	record = ml_view_sorted(v, &n);
	field = ml_view_record_fields(v, record[0], &fields);
	right = right && n == 1 && fields == FIELDS;
	for (i = 0; right && i < FIELDS; i++) {
		snprintf(want, sizeof want, "f%05zu", i);
		right = ml_slice_is(field[i].name, want) &&
		    field[i].stamp.seq > FIELDS &&
		    (uint64_t)(field[i].stamp.seq - 1) * 77773 % FIELDS == i;
	}
	ok(right, "a record of %d fields", FIELDS);
	snprintf(want, sizeof want, "{\"attachments\":[{\"blob_hash\":\"00000\"");
	ok(ml_view_record_write(v, record[0], &out) == 0 &&
	    strncmp(out.p, want, strlen(want)) == 0,
	    "with attachments in order");
	snprintf(want, sizeof want, ",2,1,0],\"record_id\":\"R\"}");
	ok(out.len > strlen(want) && memcmp(out.p + out.len - strlen(want),
	    want, strlen(want)) == 0, "and notes");
	free(field);
	free(record);
	ml_buf_free(&out);
	ml_view_free(v);
}

/* Enough for every array and table to grow. */
static void
check_many(void)
{
	enum { RECORDS = 200, FIELDS = 20 };
	struct ml_view *v = ml_view_new(KEY);
	struct ml_view_record **record;
	struct ml_view_field *field;
	struct ml_event e;
	char payload[128], author[16];
	int i, right = 1;
	size_t n, fields, j, k;

	for (i = 0; i < 3 * RECORDS * FIELDS; i++) {
		snprintf(payload, sizeof payload, "{\"field\":\"f%02d\","
		    "\"record_id\":\"R%03d\",\"value\":%d}",
		    i / RECORDS % FIELDS, i % RECORDS, i);
		snprintf(author, sizeof author, "author-%d", i % 77);
		e = set_field(author, 1 + i, (struct ml_hlc){ i, 0 }, payload);
		right &= ml_view_add(v, &e) == ML_VIEW_USED;
	}
	record = ml_view_sorted(v, &n);
	right = right && n == RECORDS;
	for (j = 0; right && j < n; j++) {
		field = ml_view_record_fields(v, record[j], &fields);
		right = fields == FIELDS;
		for (k = 0; right && k < fields; k++) {
			snprintf(payload, sizeof payload, "%zu",
			    2 * (size_t)RECORDS * FIELDS + k * RECORDS + j);
			right = ml_slice_is(field[k].value, payload);
		}
		free(field);
	}
	ok(right, "the last of three values of 4000 fields");
	free(record);
	ml_view_free(v);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_scenarios();
	check_poison();
	check_judge();
	check_fields();
	check_lists();
	check_members();
	check_superseded();
	check_many();
	check_long();
	return unit_done();
}

/* ml-view - print the records that a log comes to */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canon.h"
#include "log.h"
#include "text.h"
#include "tool.h"
#include "view.h"

#define PRINT_AT (64 * 1024)	/* bytes gathered before they are written */

enum form { INDENTED, LINES, WINNERS };

static void
usage(void)
{
	fputs("usage: ml-view [-j | -w] LOG [RID ...]\n", stderr);
	exit(ML_USAGE);
}

static void
add(void *view, const struct ml_event *e, const struct ml_log_place *at)
{
	(void)at;
	if (ml_view_add(view, e) == ML_VIEW_NO_MEMORY)
		ml_no_memory();
}

/* The inside of an operand's canonical string, in a buffer of the caller's. */
static struct ml_slice
canonical(struct ml_buf *b, const char *rid)
{
	ml_buf_clear(b);
	if (ml_canon_string(b, rid, strlen(rid)) != NULL)
		ml_die(rid, "a record id that is not UTF-8");
	return (struct ml_slice){ b->p + 1, b->len - 2 };
}

static void
print_indented(struct ml_view_record *r, struct ml_slice json, int first,
    struct ml_buf *out)
{
	ml_buf_str(out, first ? "{\n  \"" : ",\n  \"");
	ml_buf_slice(out, ml_view_record_id(r));
	ml_buf_str(out, "\": ");
	ml_canon_indent(out, json, 1);
}

/* Each field: record, field, value, who wrote it last, and when. */
static void
print_winners(struct ml_view *v, struct ml_view_record *r, struct ml_buf *out)
{
	struct ml_view_field *field;
	size_t i, n;

	if ((field = ml_view_record_fields(v, r, &n)) == NULL)
		ml_no_memory();
	for (i = 0; i < n; i++) {
		ml_text_canon(out, ml_view_record_id(r));
		ml_buf_byte(out, '\t');
		ml_text_canon(out, field[i].name);
		ml_buf_byte(out, '\t');
		ml_buf_slice(out, field[i].value);
		ml_buf_byte(out, '\t');
		ml_text_canon(out, field[i].stamp.author);
		ml_buf_byte(out, '\t');
		ml_text_time(out, field[i].stamp.hlc.wall);
		ml_buf_byte(out, '\n');
	}
	free(field);
}

static void
print_records(struct ml_view *v, enum form form)
{
	struct ml_view_record **record;
	struct ml_buf out = { 0 }, json = { 0 };
	size_t i, n;

	if ((record = ml_view_sorted(v, &n)) == NULL)
		ml_no_memory();
	for (i = 0; i < n && !ferror(stdout); i++) {
		ml_buf_clear(&json);
		if (ml_view_record_write(v, record[i], &json) == -1)
			ml_no_memory();
		if (form == INDENTED)
			print_indented(record[i], ml_buf_view(&json), i == 0,
			    &out);
		else if (form == WINNERS)
			print_winners(v, record[i], &out);
		else {
			ml_buf_slice(&out, ml_buf_view(&json));
			ml_buf_byte(&out, '\n');
		}
		if (out.len >= PRINT_AT)
			ml_print(&out);
	}
	if (form == INDENTED)
		ml_buf_str(&out, n > 0 ? "\n}\n" : "{}\n");
	ml_print(&out);
	ml_buf_free(&out);
	ml_buf_free(&json);
	free(record);
}

int
main(int argc, char *argv[])
{
	uint8_t key[ML_TABLE_KEY_LEN];
	struct ml_log_watch watch = { .event = add };
	struct ml_buf rid = { 0 };
	enum form form = INDENTED;
	enum ml_status status = ML_OK;
	struct ml_view *v;
	struct ml_log *log;
	int ch, i;

	while ((ch = getopt(argc, argv, "jw")) != -1)
		switch (ch) {
		case 'j': form = LINES; break;
		case 'w': form = WINNERS; break;
		default: usage();
		}
	if (argc - optind < 1)
		usage();
	if (sodium_init() == -1)
		ml_no_memory();
	randombytes_buf(key, sizeof key);
	if ((v = ml_view_new(key)) == NULL)
		ml_no_memory();
	for (i = optind + 1; i < argc; i++)
		if (ml_view_want(v, canonical(&rid, argv[i])) == -1)
			ml_no_memory();
	watch.arg = v;
	log = ml_open_to_read(argv[optind], &watch);
	print_records(v, form);
	ml_say_damage(log);
	for (i = optind + 1; i < argc; i++)
		if (!ml_view_has(v, canonical(&rid, argv[i]))) {
			ml_say_at(argv[i], 0, "no such record");
			status = ML_NO;
		}
	ml_buf_free(&rid);
	ml_view_free(v);
	ml_log_free(log);
	ml_close_stdout();
	return (int)status;
}

/* ml-view - print the records that a log comes to */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canon.h"
#include "jstring.h"
#include "log.h"
#include "sandbox.h"
#include "text.h"
#include "tool.h"
#include "view.h"

#define PRINT_AT (64 * 1024)	/* bytes gathered before they are written */
#define PROGRESS_EVENTS 4096	/* from one report to the next */

enum form { INDENTED, LINES, WINNERS };

static _Noreturn void
usage(void)
{
	fputs("usage: ml-view [-j | -w] [--names] [--trusted] LOG [RID ...]\n", stderr);
	exit(ML_USAGE);
}

struct show {
	struct ml_view *view;
	struct ml_log *log;
	struct ml_trust *trust;
	struct ml_slice own;		/* author, always trusted */
	enum form form;
	int names, trusted;		/* show names; leave others out */
};

static int
is_shown(const struct show *s, const struct ml_feed *f)
{
	return !s->trusted || ml_trust_allows(s->trust, f) ||
	    ml_slice_same(f->author, s->own);
}

static void
add(void *arg, const struct ml_feed *f, const struct ml_event *e)
{
	struct show *s = arg;

	if (is_shown(s, f) && ml_view_add(s->view, e) == ML_VIEW_NO_MEMORY)
		ml_no_memory();
}

static void
add_all(struct show *s)
{
	const struct ml_feeds *feeds = ml_log_feeds(s->log);
	const struct ml_feed *f;
	struct ml_event e;
	uint64_t added = 0;
	int64_t seq;
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++) {
		f = ml_feeds_at(feeds, i);
		for (seq = 1; is_shown(s, f) && seq <= f->seq; seq++) {
			if (ml_log_event(s->log, f, seq, &e) == -1)
				ml_die(ml_log_path(s->log), NULL);
			add(s, f, &e);
			if (++added % PROGRESS_EVENTS == 0)
				ml_progress(added, "events");
		}
	}
	ml_progress_end();
}

/* An author as people know him, as a canonical string's inside. */
static void
show_author(void *arg, struct ml_slice author, struct ml_buf *out)
{
	struct show *s = arg;
	const struct ml_feed *f = ml_feeds_find(ml_log_feeds(s->log), author);
	struct ml_buf label = { 0 }, quoted = { 0 };

	if (f == NULL)
		return;
	ml_trust_label(s->trust, f, &label);
	if (ml_jstring_write(&quoted, label.p, label.len) != NULL)
		ml_no_memory();
	ml_buf_add(out, quoted.p + 1, quoted.len - 2);
	ml_buf_free(&label);
	ml_buf_free(&quoted);
}

/* The inside of an operand's canonical string, in a buffer of the caller's. */
static struct ml_slice
canonical(struct ml_buf *b, const char *rid)
{
	const char *why;

	ml_buf_clear(b);
	why = ml_jstring_write(b, rid, strlen(rid));
	if (why != NULL)
		ml_die(rid, why == ML_NO_MEMORY ? why :
		    "a record id that is not UTF-8");
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
print_winners(struct show *s, struct ml_view_record *r, struct ml_buf *out)
{
	struct ml_view_field *field;
	const struct ml_feed *f;
	size_t i, n;

	if ((field = ml_view_record_fields(s->view, r, &n)) == NULL)
		ml_no_memory();
	for (i = 0; i < n; i++) {
		ml_text_canon(out, ml_view_record_id(r));
		ml_buf_byte(out, '\t');
		ml_text_canon(out, field[i].name);
		ml_buf_byte(out, '\t');
		ml_buf_slice(out, field[i].value);
		ml_buf_byte(out, '\t');
		f = ml_feeds_find(ml_log_feeds(s->log), field[i].stamp.author);
		if (s->names && f != NULL)
			ml_trust_label(s->trust, f, out);
		else
			ml_text_canon(out, field[i].stamp.author);
		ml_buf_byte(out, '\t');
		ml_text_time(out, field[i].stamp.hlc.wall);
		ml_buf_byte(out, '\n');
	}
	free(field);
}

static void
print_records(struct show *s)
{
	enum form form = s->form;
	struct ml_view *v = s->view;
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
			print_winners(s, record[i], &out);
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
	static const struct option longer[] = {
		{ "names", no_argument, NULL, 'N' },
		{ "trusted", no_argument, NULL, 'T' }, { NULL, 0, NULL, 0 }
	};
	struct show s = { 0 };
	struct ml_buf rid = { 0 }, own = { 0 };
	enum ml_status status = ML_OK;
	struct ml_sandbox box;
	struct ml_view *v;
	char *path;
	int ch, i;

	ml_start();
	while ((ch = getopt_long(argc, argv, "jw", longer, NULL)) != -1)
		switch (ch) {
		case 'j': s.form = LINES; break;
		case 'w': s.form = WINNERS; break;
		case 'N': s.names = 1; break;
		case 'T': s.trusted = 1; break;
		default: ml_say_option(); usage();
		}
	if (argc - optind < 1)
		usage();
	if (sodium_init() == -1)
		ml_no_memory();
	randombytes_buf(key, sizeof key);
	if ((v = ml_view_new(key)) == NULL)
		ml_no_memory();
	s.view = v;
	if (s.trusted)
		s.own = ml_own_author(&own);
	ml_sandbox_begin(&box);
	ml_sandbox_log(&box, argv[optind]);
	ml_sandbox_enter(&box, NULL);
	path = ml_trust_path(argv[optind]);
	if (s.names || s.trusted)
		s.trust = ml_open_trust(path);
	s.log = ml_open_to_read(argv[optind], NULL);
	if (optind + 1 == argc)
		add_all(&s);
	for (i = optind + 1; i < argc; i++)
		if (!ml_view_has(v, canonical(&rid, argv[i])) &&
		    ml_log_record(s.log, canonical(&rid, argv[i]), &s, add) == -1)
			ml_die(argv[optind], NULL);
	if (s.names)
		ml_view_show_authors(v, &s, show_author);
	print_records(&s);
	ml_say_damage(s.log);
	for (i = optind + 1; i < argc; i++)
		if (!ml_view_has(v, canonical(&rid, argv[i]))) {
			ml_say_at(argv[i], 0, "no such record");
			status = ML_NO;
		}
	ml_buf_free(&rid);
	ml_buf_free(&own);
	ml_trust_free(s.trust);
	free(path);
	ml_view_free(v);
	ml_log_free(s.log);
	ml_close_stdout();
	return (int)status;
}

/* report - what is found in a log, told as lines of text or of JSON */
#include "jstring.h"
#include "report.h"
#include "text.h"

#define HOLES_MAX 4			/* named of one feed */

/* A member whose value is the inside of a canonical string. */
static void
inside(struct ml_buf *out, const char *name, struct ml_slice value)
{
	ml_buf_str(out, ",\"");
	ml_buf_str(out, name);
	ml_buf_str(out, "\":\"");
	ml_buf_slice(out, value);
	ml_buf_byte(out, '"');
}

static void
string(struct ml_buf *out, const char *name, struct ml_slice text)
{
	ml_buf_str(out, ",\"");
	ml_buf_str(out, name);
	ml_buf_str(out, "\":");
	ml_jstring_write(out, text.p, text.len);
}

static void
number(struct ml_buf *out, const char *name, uint64_t value)
{
	ml_buf_str(out, ",\"");
	ml_buf_str(out, name);
	ml_buf_str(out, "\":");
	ml_buf_int(out, (int64_t)value);
}

static struct ml_slice
slice(const char *text)
{
	return (struct ml_slice){ text, strlen(text) };
}

static void
write_json(const struct ml_report *r, struct ml_buf *out)
{
	ml_buf_str(out, r->is_finding ? "{\"finding\":\"" : "{\"note\":\"");
	ml_buf_str(out, r->what);
	ml_buf_byte(out, '"');
	if (r->author.p != NULL)
		inside(out, "author", r->author);
	if (r->sidecar != NULL)
		string(out, "file", slice(r->sidecar));
	if (r->at != NULL)
		number(out, "line", r->at->line);
	if (r->at != NULL && r->sidecar == NULL) {
		number(out, "offset", r->at->offset);
		number(out, "bytes", r->at->len);
	}
	string(out, "why", r->why);
	string(out, "do", slice(r->todo));
	ml_buf_str(out, "}\n");
}

static void
write_text(const struct ml_report *r, struct ml_buf *out)
{
	if (r->at != NULL) {
		ml_buf_str(out, "line ");
		ml_buf_int(out, (int64_t)r->at->line);
		ml_buf_str(out, r->sidecar == NULL ? ", offset " : " of ");
		if (r->sidecar == NULL)
			ml_buf_int(out, (int64_t)r->at->offset);
		else
			ml_buf_str(out, r->sidecar);
		ml_buf_str(out, ": ");
	}
	ml_buf_str(out, r->what);
	ml_buf_str(out, ": ");
	ml_buf_slice(out, r->why);
	if (*r->todo != '\0') {
		ml_buf_str(out, ": ");
		ml_buf_str(out, r->todo);
	}
	ml_buf_byte(out, '\n');
}

void
ml_report_write(const struct ml_report *r, int json, struct ml_buf *out)
{
	if (json)
		write_json(r, out);
	else
		write_text(r, out);
}

/* With what it calls itself, and what this machine calls it. */
static void
feed_json(const struct ml_feed *f, const struct ml_trust *trust,
    struct ml_buf *out)
{
	struct ml_slice local = ml_trust_name(trust, f->author);

	ml_buf_str(out, "{\"feed\":\"");
	ml_buf_slice(out, f->author);
	ml_buf_str(out, f->keyed ? "\",\"keyed\":true" : "\",\"keyed\":false");
	if (f->name.len > 0)
		inside(out, "name", f->name);
	if (local.len > 0)
		inside(out, "local_name", local);
	number(out, "events", (uint64_t)f->seq);
	ml_buf_str(out, ",\"first\":\"");
	ml_text_time(out, f->first.wall);
	ml_buf_str(out, "\",\"newest\":\"");
	ml_text_time(out, f->newest.wall);
	ml_buf_str(out, "\",\"head\":\"");
	ml_id_write(f->id, out);
	ml_buf_str(out, "\"}\n");
}

static void
feed_text(const struct ml_feed *f, const struct ml_trust *trust,
    struct ml_buf *out)
{
	ml_trust_label(trust, f, out);
	ml_buf_str(out, ": ");
	ml_buf_int(out, f->seq);
	ml_buf_str(out, f->seq == 1 ? " event, " : " events, ");
	ml_text_time(out, f->first.wall);
	ml_buf_str(out, " to ");
	ml_text_time(out, f->newest.wall);
	ml_buf_str(out, ", head ");
	ml_id_write(f->id, out);
	ml_buf_byte(out, '\n');
}

void
ml_report_feed(const struct ml_feed *f, const struct ml_trust *trust,
    int json, struct ml_buf *out)
{
	if (json)
		feed_json(f, trust, out);
	else
		feed_text(f, trust, out);
}

void
ml_report_holes(const struct ml_feed *f, const struct ml_waiting *w,
    size_t n, struct ml_buf *out)
{
	int64_t next = f->seq + 1;
	unsigned holes = 0;
	size_t i;

	ml_text_canon(out, f->author);
	for (i = 0; i < n; i++) {
		if (w[i].seq < next)
			continue;	/* its turn has come */
		if (w[i].seq > next && holes++ < HOLES_MAX) {
			ml_buf_str(out, holes > 1 ? ", " : " lacks seq ");
			ml_buf_int(out, next);
			if (w[i].seq > next + 1) {
				ml_buf_str(out, " to ");
				ml_buf_int(out, w[i].seq - 1);
			}
		}
		next = w[i].seq + 1;
	}
	ml_buf_str(out, holes > HOLES_MAX ? " and more, " : holes > 0 ? ", " :
	    " lacks nothing for it: ");
	ml_buf_int(out, (int64_t)n);
	ml_buf_str(out, n == 1 ? " event waits" : " events wait");
}

/* explain - what is found in a log, in words */
#include "explain.h"
#include "text.h"

static const char AGAIN[] = "get it again from a peer: ml-frontier LOG | "
    "ssh PEER ml-delta THEIR-LOG - | ml-ingest LOG";

/* Who, and which of his events. */
static void
name_event(const struct ml_event *e, struct ml_buf *text)
{
	ml_text_canon(text, e->author);
	ml_buf_str(text, " seq ");
	ml_buf_int(text, e->seq);
}

struct ml_report
ml_explain_finding(enum ml_log_finding what, const char *why,
    const struct ml_log_place *at, const struct ml_event *e,
    const uint8_t *held, struct ml_buf *text)
{
	static const char *const names[] = { "damaged", "fork", "astray",
	    "copy", "torn" };
	static const char *const todo[] = { AGAIN, "one author wrote on two "
	    "machines or from a restored copy: go on under a new author",
	    "it stands on another branch of a fork, or on nothing", "",
	    "ml-check -r LOG puts it into .refused and cuts it off" };

	ml_buf_clear(text);
	if (e != NULL) {
		name_event(e, text);
		ml_buf_byte(text, ' ');
		ml_id_write(e->id, text);
		ml_buf_str(text, ": ");
	}
	ml_buf_str(text, why);
	if (what == ML_LOG_FORK && held != NULL) {
		ml_buf_str(text, ", this log follows ");
		ml_id_write(held, text);
	}
	if (what == ML_LOG_TORN || what == ML_LOG_DAMAGED) {
		ml_buf_str(text, ", ");
		ml_buf_int(text, (int64_t)at->len);
		ml_buf_str(text, " bytes");
	}
	return (struct ml_report){ .is_finding = 1, .what = names[what],
	    .author = e != NULL ? e->author : (struct ml_slice){ NULL, 0 },
	    .at = at, .why = ml_buf_view(text), .todo = todo[what] };
}

struct ml_report
ml_explain_by(const struct ml_event *e, struct ml_slice by,
    const struct ml_log_place *at, struct ml_buf *text)
{
	ml_buf_clear(text);
	name_event(e, text);
	ml_buf_str(text, " says that it is by ");
	ml_buf_slice(text, by);
	return (struct ml_report){ .is_finding = 1, .what = "by",
	    .author = e->author, .at = at, .why = ml_buf_view(text),
	    .todo = "the record shows a creator who did not write it" };
}

struct ml_report
ml_explain_clock(const struct ml_event *e, const struct ml_log_place *at,
    struct ml_buf *text)
{
	ml_buf_clear(text);
	name_event(e, text);
	ml_buf_str(text, " is stamped ");
	ml_text_time(text, e->hlc.wall);
	ml_buf_str(text, ", over a day ahead of this clock");
	return (struct ml_report){ .is_finding = 1, .what = "clock",
	    .author = e->author, .at = at, .why = ml_buf_view(text),
	    .todo = "set the clock that is wrong" };
}

struct ml_report
ml_explain_seal(const struct ml_feed *f, int64_t seq,
    const struct ml_log_place *at, const char *why,
    const struct ml_trust *trust, struct ml_buf *text)
{
	ml_buf_clear(text);
	ml_trust_label(trust, f, text);
	ml_buf_str(text, " seq ");
	ml_buf_int(text, seq);
	ml_buf_str(text, ": ");
	ml_buf_str(text, why);
	return (struct ml_report){ .is_finding = 1, .what = "seal",
	    .author = f->author, .at = at, .why = ml_buf_view(text),
	    .todo = "somebody has written into this log: put a copy from a "
	    "peer in its place" };
}

struct ml_report
ml_explain_gap(const struct ml_feed *f, const struct ml_waiting *w, size_t n,
    const struct ml_log_place *at, struct ml_buf *text)
{
	ml_buf_clear(text);
	ml_report_holes(f, w, n, text);
	return (struct ml_report){ .is_finding = at != NULL,
	    .what = at != NULL ? "gap" : "held", .author = f->author,
	    .at = at, .why = ml_buf_view(text), .todo = at != NULL ? AGAIN :
	    "what waits enters with the ml-ingest that brings it" };
}

/* The time that a wire line is stamped with. */
static void
write_time(struct ml_slice wire, struct ml_buf *out)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;

	if (wire.len > 0 && ml_event_read(&e, wire, &scratch) == NULL) {
		ml_buf_str(out, " of ");
		ml_text_time(out, e.hlc.wall);
	}
	ml_buf_free(&scratch);
}

struct ml_report
ml_explain_evidence(const struct ml_refused_item *item,
    const struct ml_log_place *at, const struct ml_feed *f,
    struct ml_buf *text)
{
	ml_buf_clear(text);
	ml_text_canon(text, item->why);
	write_time(ml_buf_view(&item->text), text);
	ml_buf_str(text, ", the log's");
	write_time(ml_buf_view(&item->held), text);
	ml_buf_str(text, ", seen ");
	ml_text_canon(text, item->at);
	return (struct ml_report){ .is_finding = 1, .what = "evidence",
	    .author = item->fork, .at = at, .sidecar = ".refused",
	    .why = ml_buf_view(text), .todo = f != NULL && f->keyed ?
	    "this log follows its own; a key used twice is done with, go on "
	    "under a new one; both lines stand in .refused, which you may "
	    "delete when that is settled" :
	    "this log follows its own; two have written under one plain name, "
	    "or one from a backup, go on under a new one; both lines stand in "
	    ".refused, which you may delete when that is settled" };
}

struct ml_report
ml_explain_untrusted(const struct ml_feed *f, const struct ml_trust *trust,
    struct ml_buf *text)
{
	ml_buf_clear(text);
	ml_trust_label(trust, f, text);
	ml_buf_str(text, " is not trusted");
	return (struct ml_report){ .what = "untrusted", .author = f->author,
	    .why = ml_buf_view(text), .todo = "what it wrote stays, nothing "
	    "new comes in, and ml-view --trusted leaves it out" };
}

struct ml_report
ml_explain_unsealed(const struct ml_feed *f, const struct ml_trust *trust,
    struct ml_buf *text)
{
	ml_buf_clear(text);
	ml_trust_label(trust, f, text);
	ml_buf_str(text, " has ");
	ml_buf_int(text, f->tip - f->seq);
	ml_buf_str(text, f->tip - f->seq == 1 ?
	    " event behind its last seal" : " events behind its last seal");
	return (struct ml_report){ .what = "unsealed", .author = f->author,
	    .why = ml_buf_view(text),
	    .todo = "they count when a peer sends the seal" };
}

/*
 * view - the records that a set of events comes to.  A pure function of the
 * set: events may be added in any order.  Memory grows with the records, not
 * with the events: of the values of a field only the last writer's is kept.
 *
 * Total order of events: wall, counter, author by code point, seq.
 * Pure.  Source: meshlog-log(5), KINDS; ml-view(1).
 */
#ifndef ML_VIEW_H
#define ML_VIEW_H
#include "event.h"
#include "table.h"

struct ml_view;

enum ml_view_use {
	ML_VIEW_NO_MEMORY = -1,
	ML_VIEW_USED,
	ML_VIEW_UNKNOWN,		/* a kind that we do not know */
	ML_VIEW_UNUSABLE		/* its payload lacks what its kind needs */
};

/* Who wrote a value, and when. */
struct ml_view_stamp {
	struct ml_hlc hlc;
	struct ml_slice author;		/* inside of a canonical string */
	int64_t seq;			/* 0: nobody */
};

struct ml_view_field {
	struct ml_slice name;		/* inside of a canonical string */
	struct ml_slice value;		/* canonical JSON */
	struct ml_view_stamp stamp;
};

struct ml_view_record;

struct ml_view *ml_view_new(const uint8_t key[static ML_TABLE_KEY_LEN]);
void ml_view_free(struct ml_view *v);		/* takes NULL */
/*
 * Show who created a record by what show appends (the inside of a canonical
 * string; nothing: as it stands) for the author, likewise an inside.
 */
void ml_view_show_authors(struct ml_view *v, void *arg,
    void (*show)(void *arg, struct ml_slice author, struct ml_buf *out));
enum ml_view_use ml_view_add(struct ml_view *v, const struct ml_event *e);
/* Whether an event's payload is of use, without adding it. */
enum ml_view_use ml_view_judge(const struct ml_event *e);

/* All records, sorted by id, in an array for the caller to free; NULL: no
 * memory.  They live as long as the view and until something is added. */
struct ml_view_record **ml_view_sorted(struct ml_view *v, size_t *n);
/* Whether there is a record of that id. */
int ml_view_has(const struct ml_view *v, struct ml_slice record_id);
struct ml_slice ml_view_record_id(const struct ml_view_record *r);
/* Append its canonical JSON.  0, or -1: no memory. */
int ml_view_record_write(struct ml_view *v, struct ml_view_record *r,
    struct ml_buf *out);
/*
 * Its fields, sorted by name, in an array for the caller to free; NULL: no
 * memory.  Names and values are borrowed from the view.
 */
struct ml_view_field *ml_view_record_fields(struct ml_view *v,
    const struct ml_view_record *r, size_t *n);
#endif

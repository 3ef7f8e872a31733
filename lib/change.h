/*
 * change - what an event says about a record: the kinds that the view knows,
 * and the members of their payloads.  Pure.
 * Source: meshlog-log(5), KINDS.
 */
#ifndef ML_CHANGE_H
#define ML_CHANGE_H
#include "event.h"

enum ml_change_kind {
	ML_CHANGE_CREATE,
	ML_CHANGE_SET,
	ML_CHANGE_NOTE,
	ML_CHANGE_ATTACH,
	ML_CHANGE_UNKNOWN,		/* a kind that we do not know */
	ML_CHANGE_UNUSABLE		/* its payload lacks what it needs */
};

/* What is not there, or no string where one is needed, has p NULL. */
struct ml_change {
	enum ml_change_kind kind;
	struct ml_slice record_id, field, blob_hash;	/* insides of strings */
	struct ml_slice form, by, value, size, mime, text;	/* JSON */
};

/*
 * What e says; the slices borrow from its payload.  A field set so long ago
 * that its value cannot count has none.
 */
void ml_change_read(struct ml_change *c, const struct ml_event *e);
/* The members alone, of canonical JSON; kind is as it was. */
void ml_change_members(struct ml_change *c, struct ml_slice object);
/* The record_id alone, of an event of any kind; p is NULL if it names none. */
struct ml_slice ml_change_record(const struct ml_event *e);
/* A hash of such an id, of 48 bits and never 0; 0 if p is NULL.  The same on
 * every machine: whoever wants two ids to share one can make them. */
uint64_t ml_change_hash(struct ml_slice record_id);
#endif

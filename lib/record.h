/*
 * record - the payloads of the kinds that make records: record.create,
 * field.set, note.add, attachment.add.  Each is appended to out in canonical
 * form.  Text is UTF-8, else there is a reason.  Pure.
 * Source: meshlog-log(5), KINDS.
 */
#ifndef ML_RECORD_H
#define ML_RECORD_H
#include "event.h"

enum ml_value_as { ML_VALUE_GUESSED, ML_VALUE_TEXT, ML_VALUE_JSON };

const char *ml_record_create(struct ml_buf *out, const char *record_id,
    const char *form, const char *by);
/*
 * value: JSON, or text, or guessed: a number by JSON's grammar, true or false
 * in any case, else text.
 */
const char *ml_record_set(struct ml_buf *out, const char *record_id,
    const char *field, const char *value, enum ml_value_as as);
const char *ml_record_note(struct ml_buf *out, const char *record_id,
    const char *text);
const char *ml_record_attach(struct ml_buf *out, const char *record_id,
    const char *field, const char *blob_hash, int64_t size, const char *mime);
/* The record that an event is about, as a canonical string's inside: p is NULL
 * if its payload names none. */
struct ml_slice ml_record_of(const struct ml_event *e);
/* A hash of such an id, of 48 bits and never 0; 0 if p is NULL.  The same on
 * every machine: whoever wants two ids to share one can make them. */
uint64_t ml_record_hash(struct ml_slice id);
/* Any JSON value, within the limits of what is minted. */
const char *ml_record_json(struct ml_buf *out, const char *text);
#endif

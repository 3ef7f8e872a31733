/*
 * record - the payloads of the kinds that make records: record.create,
 * field.set, note.add, attachment.add.  Each is appended to out in canonical
 * form.  Text is UTF-8, else there is a reason.  Pure.
 * Source: meshlog-log(5), KINDS.
 */
#ifndef ML_RECORD_H
#define ML_RECORD_H
#include "buf.h"

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
/* Any JSON value, within the limits of what is minted. */
const char *ml_record_json(struct ml_buf *out, const char *text);
#endif

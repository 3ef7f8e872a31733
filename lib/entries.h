/*
 * entries - what is never superseded: the notes of a record, or its
 * attachments.  They may be added in any order, and are written in one.
 * Pure.  Source: ml-view(1).
 */
#ifndef ML_ENTRIES_H
#define ML_ENTRIES_H
#include "cell.h"
#include "pool.h"

struct ml_entry;			/* the last that was added; NULL: none */

/* Keep a copy of a cell in pool.  0, or -1: no memory, and the list is as it
 * was. */
int ml_entries_add(const struct ml_entry **list, struct ml_pool *pool,
    const struct ml_cell *cell);
/*
 * Append their texts, which are canonical JSON, with commas between: in the
 * order of their cells, attachments first by field and by hash.  0, or -1: no
 * memory.
 */
int ml_entries_write(const struct ml_entry *list,
    const struct ml_words *authors, int are_attachments, struct ml_buf *out);
#endif

/* entries - what is never superseded: a list of packed cells */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "entries.h"
#include "jstring.h"

struct ml_entry {
	const struct ml_entry *next;
	char cell[];
};

/* An entry while a list is put in order. */
struct item {
	struct ml_slice field, hash;	/* of an attachment, else empty */
	struct ml_cell cell;
	const struct ml_words *authors;	/* qsort() knows none */
};

int
ml_entries_add(const struct ml_entry **list, struct ml_pool *pool,
    const struct ml_cell *cell)
{
	char head[ML_CELL_HEAD];
	size_t head_len = ml_cell_head(cell, head);
	struct ml_entry *e = ml_pool_keep(pool, sizeof *e + head_len +
	    cell->text.len);

	if (e == NULL)
		return -1;
	e->next = *list;
	memcpy(e->cell, head, head_len);
	memcpy(e->cell + head_len, cell->text.p, cell->text.len);
	*list = e;
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = ml_jstring_compare(x->field, y->field);

	if (order == 0)
		order = ml_jstring_compare(x->hash, y->hash);
	return order != 0 ? order : ml_cell_compare(&x->cell, &y->cell,
	    x->authors);
}

int
ml_entries_write(const struct ml_entry *list, const struct ml_words *authors,
    int are_attachments, struct ml_buf *out)
{
	const struct ml_entry *e;
	struct ml_change c;
	struct item *item;
	size_t i, n = 0;

	if (list == NULL)
		return 0;
	for (e = list; e != NULL; e = e->next)
		n++;
	if ((item = calloc(n, sizeof *item)) == NULL)
		return -1;
	for (i = 0, e = list; e != NULL; i++, e = e->next) {
		ml_cell_read(&item[i].cell, e->cell);
		item[i].authors = authors;
		if (!are_attachments)
			continue;
		ml_change_members(&c, item[i].cell.text);
		item[i].field = c.field;
		item[i].hash = c.blob_hash;
	}
	qsort(item, n, sizeof *item, by_place);
	for (i = 0; i < n; i++) {
		if (i > 0)
			ml_buf_byte(out, ',');
		ml_buf_slice(out, item[i].cell.text);
	}
	free(item);
	return 0;
}

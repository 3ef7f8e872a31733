/* entries - written in one order, in whatever order they came */
#include "entries.h"
#include "given.h"
#include "unit.h"

#define MOST 4

static struct ml_pool pool;
static struct ml_words authors;
static const uint8_t key[ML_TABLE_KEY_LEN];

static struct ml_cell
cell(int64_t wall, const char *author, int64_t seq, const char *says)
{
	return (struct ml_cell){ { wall, 0 }, seq,
	    ml_words_number(&authors, slice(author)), slice(says) };
}

/* Every order of n cells, by swapping; what they are written as. */
static unsigned
orders(struct ml_cell *c, size_t from, size_t n, int are_attachments,
    const char *want)
{
	const struct ml_entry *list = NULL;
	struct ml_buf out = { 0 };
	struct ml_cell swap;
	unsigned wrong = 0;
	size_t i;

	for (i = from; i < n; i++) {
		swap = c[from], c[from] = c[i], c[i] = swap;
		wrong += orders(c, from + 1, n, are_attachments, want);
		swap = c[from], c[from] = c[i], c[i] = swap;
	}
	if (from < n)
		return wrong;
	for (i = 0; i < n; i++)
		wrong += ml_entries_add(&list, &pool, &c[i]) == -1;
	wrong += ml_entries_write(list, &authors, are_attachments, &out) == -1;
	wrong += !holds(&out, want);
	ml_buf_free(&out);
	return wrong;
}

static void
check_notes(void)
{
	/* numbers in another order than names */
	struct ml_cell c[MOST] = { cell(5, "zoe", 1, "\"d\""),
	    cell(5, "ann", 3, "\"c\""), cell(5, "ann", 2, "\"b\""),
	    cell(4, "zoe", 9, "\"a\"") };

	ok(orders(c, 0, MOST, 0, "\"a\",\"b\",\"c\",\"d\"") == 0,
	    "notes by time, author and seq, in all orders");
}

static void
check_attachments(void)
{
	static const char a[] = "{\"blob_hash\":\"2\",\"field\":\"p\","
	    "\"mime\":\"\",\"size\":0}", b[] = "{\"blob_hash\":\"1\","
	    "\"field\":\"q\",\"mime\":\"\",\"size\":0}", d[] =
	    "{\"blob_hash\":\"2\",\"field\":\"q\",\"mime\":\"\",\"size\":1}";
	struct ml_cell c[MOST] = { cell(9, "ann", 1, a), cell(8, "ann", 2, b),
	    cell(1, "ann", 3, d), cell(2, "ann", 4, d) };
	struct ml_buf want = { 0 };

	ml_buf_str(&want, a);
	ml_buf_byte(&want, ',');
	ml_buf_str(&want, b);
	ml_buf_byte(&want, ',');
	ml_buf_str(&want, d);
	ml_buf_byte(&want, ',');
	ml_buf_str(&want, d);
	ml_buf_byte(&want, '\0');
	ok(orders(c, 0, MOST, 1, want.p) == 0,
	    "attachments by field and hash before that, in all orders");
	ml_buf_free(&want);
}

int
main(void)
{
	struct ml_buf out = { 0 };

	ml_words_init(&authors, key, &pool, 0);
	ok(ml_entries_write(NULL, &authors, 0, &out) == 0 && out.len == 0,
	    "of none nothing is written");
	check_notes();
	check_attachments();
	ml_words_free(&authors);
	ml_pool_free(&pool);
	return unit_done();
}

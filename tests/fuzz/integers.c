/* integers: a text is read, or refused, alike in one piece and byte by byte;
 * what is read is written and read again */
#include <assert.h>
#include <stdlib.h>

#include "integers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The numbers of a text in pieces of so many bytes; the reason, or NULL. */
static const char *
read_all(struct ml_slice text, size_t piece, struct ml_buf *out,
    uint64_t *line)
{
	struct ml_integers s = { .line = 0 };
	struct ml_slice part;
	const char *why = NULL;
	int64_t v;
	int rc = 0;

	while (text.len > 0 && rc != -1) {
		part = (struct ml_slice){ text.p, text.len < piece ?
		    text.len : piece };
		text.p += part.len, text.len -= part.len;
		while ((rc = ml_integers_next(&s, &part, &v, &why)) == 1) {
			assert(v >= ML_INTEGERS_LEAST && v <= ML_INTEGERS_MOST);
			ml_buf_int(out, v);
			ml_buf_byte(out, '\n');
		}
	}
	if (rc != -1 && (rc = ml_integers_end(&s, &v, &why)) == 1) {
		ml_buf_int(out, v);
		ml_buf_byte(out, '\n');
		rc = ml_integers_end(&s, &v, &why);
	}
	*line = s.line;
	assert((rc == -1) == (why != NULL));
	return why;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { (const char *)data, len };
	struct ml_buf once = { 0 }, twice = { 0 };
	uint64_t line, again;
	const char *why = read_all(text, len + 1, &once, &line);

	assert(read_all(text, 1, &twice, &again) == why && line == again &&
	    once.len == twice.len && (once.len == 0 ||
	    memcmp(once.p, twice.p, once.len) == 0));
	ml_buf_clear(&twice);
	assert(read_all(ml_buf_view(&once), 7, &twice, &again) == NULL &&
	    once.len == twice.len && (once.len == 0 ||
	    memcmp(once.p, twice.p, once.len) == 0));
	ml_buf_free(&once);
	ml_buf_free(&twice);
	return 0;
}

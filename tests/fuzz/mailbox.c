/*
 * mailbox: any bytes as a message file, that come in two pieces: what is read is
 * what stands there, line by line, and a writer goes on behind the last line.
 * The first byte: where the first piece ends, in 256ths.
 */
#include <assert.h>
#include <string.h>

#include "folder.h"
#include "mailbox.h"

#define NAME "box"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
put(struct ml_slice content)
{
	close(folder_file(NAME, content));
}

static void
put_hole(struct ml_slice content, size_t from)
{
	struct ml_buf with = { 0 };
	size_t i;

	for (i = 0; i < content.len; i++)
		ml_buf_byte(&with, i < from ? content.p[i] : '\0');
	put(ml_buf_view(&with));
	ml_buf_free(&with);
}

/* Read all there is, as who comes back with what he kept: into text. */
static void
read_all(struct ml_inbox *kept, struct ml_buf *text)
{
	struct ml_inbox in = { .path = kept->path, .at = kept->at,
	    .tail = kept->tail, .sum = kept->sum, .number = kept->number };
	struct ml_slice line;
	const char *why;
	int rc;

	while ((rc = ml_inbox_next(&in, &line, &why)) == 1) {
		assert(memchr(line.p, '\n', line.len) == NULL &&
		    memchr(line.p, '\0', line.len) == NULL);
		ml_buf_slice(text, line);
		ml_buf_byte(text, '\n');
		assert(in.at == text->len && in.tail == line.len + 1);
	}
	/* what only grows is no other file */
	assert(rc == 0 && why == NULL && ml_inbox_sync(&in) == 0);
	ml_inbox_close(&in);
	*kept = in;
}

static void
check_inbox(const char *path, struct ml_slice all, size_t piece)
{
	struct ml_inbox in = { .path = path };
	struct ml_buf text = { 0 };
	uint64_t at;

	put((struct ml_slice){ all.p, piece });
	read_all(&in, &text);
	put(all);
	read_all(&in, &text);
	assert(text.len <= all.len && (text.len == 0 ||
	    memcmp(text.p, all.p, text.len) == 0));
	/* all of it, up to a line that is a hole or has no end */
	for (at = text.len; at < all.len && all.p[at] != '\0' &&
	    all.p[at] != '\n'; at++)
		;
	assert(at == all.len || all.p[at] == '\0');
	/* an older one again */
	put((struct ml_slice){ all.p, piece < text.len ? piece : text.len });
	at = text.len;
	read_all(&in, &text);
	assert(text.len == at);
	/* once more, its length before its bytes, of which some have come */
	put_hole(all, piece < text.len ? piece : text.len);
	read_all(&in, &text);
	assert(text.len == at);
	ml_buf_free(&text);
}

static void
check_outbox(const char *path, struct ml_slice all)
{
	const struct ml_slice line = { "[7]\n", 4 };
	struct ml_outbox out;
	const char *why;
	uint64_t at;
	int again;

	put(all);
	assert(ml_outbox_open(&out, path, &why) == 0);
	assert((ml_outbox_begin(&out) == NULL) == (all.len == 0));
	assert(ml_outbox_resume_end(&out, 0) == 0);
	assert(out.at == 0 || all.p[out.at - 1] == '\n');
	assert(memchr(all.p, '\0', out.at) == NULL);
	assert(ml_outbox_resume_end(&out, out.size) == 0);
	at = out.at;
	assert(at == 0 || all.p[at - 1] == '\n');
	assert(memchr(all.p + at, '\n', all.len - at) == NULL);
	for (again = 0; again < 2; again++) {
		assert(ml_outbox_resume(&out, at) == NULL);
		assert(ml_outbox_write(&out, line) == 0);
		assert(out.at == at + line.len && out.size == out.at);
	}
	assert(ml_outbox_resume(&out, out.size + 1) != NULL);
	ml_outbox_close(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice all;
	char path[FOLDER_PATH];

	if (len == 0)
		return 0;
	all = (struct ml_slice){ (const char *)data + 1, len - 1 };
	folder_make();
	folder_path(path, NAME);
	check_inbox(path, all, all.len * data[0] / 256);
	check_outbox(path, all);
	return 0;
}

/* refused: any bytes as LOG.refused; what is added to it is found there */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "../unit/given.h"
#include "canon.h"
#include "folder.h"
#include "refused.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char WHY[] = "id: does not match the content";

static void
is_printable(struct ml_slice inside)
{
	struct ml_buf out = { 0 };
	struct ml_slice s;
	uint32_t cp;
	size_t step;

	ml_text_canon(&out, inside);
	for (s = ml_buf_view(&out); s.len > 0; s.p += step, s.len -= step) {
		step = ml_utf8_get(s.p, s.p + s.len, &cp);
		assert(step > 0 && (cp == '\\' || !ml_text_is_unsafe(cp)));
	}
	ml_buf_free(&out);
}

struct seen {
	uint64_t lines, last;
	size_t ours, forks;
	struct ml_slice text;		/* that was added */
};

static void
look(void *arg, uint64_t number, struct ml_slice line)
{
	struct seen *s = arg;
	struct ml_refused_item item;
	const char *at = line.p;
	int rc = ml_refused_read(&item, line);

	assert(number > s->last);
	s->last = number;
	s->lines++;
	if (rc == 0) {
		assert(ml_canon_skip(&at, line.p + line.len, 1) == NULL);
		is_printable(item.at);
		is_printable(item.why);
		if (item.fork.p != NULL)
			is_printable(item.fork);
		s->ours += item.why.len == strlen(WHY) &&
		    ml_slice_is(item.why, WHY) && s->text.len ==
		    item.text.len && (item.text.len == 0 ||
		    memcmp(item.text.p, s->text.p, item.text.len) == 0);
		s->forks += item.fork.p != NULL;
	}
	ml_refused_item_free(&item);
}

static void
count_fork(void *arg, struct ml_slice author)
{
	size_t *forks = arg;

	is_printable(author);
	++*forks;
}

static struct seen
look_at_all(const struct ml_refused *r, struct ml_slice text)
{
	struct seen s = { .text = text };
	size_t forks = 0;

	assert(ml_refused_each(r, &s, look) == 0 &&
	    ml_refused_forks(r, &forks, count_fork) == 0 && forks == s.forks);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice file = { len > 0 ? (const char *)data : "", len };
	/* evidence of its end: so it may be there already, or not be text */
	struct ml_slice text = { file.p + len - len / 8, len / 8 };
	char path[FOLDER_PATH];
	struct seen before, after;
	struct ml_refused *r;
	int is_text = ml_utf8_valid(text.p, text.len), again;

	if (sodium_init() == -1)
		abort();
	folder_make();
	close(folder_file("log.refused", file));
	for (again = 0; again < 2; again++) {
		r = ml_refused_new(folder_path(path, "log"));
		before = look_at_all(r, text);
		assert(ml_refused_add(r, 1000, WHY, text) == 0 &&
		    ml_refused_add(r, 2000, WHY, text) == 0 &&
		    ml_refused_fork(r, 3000, WHY, slice("base"),
		    slice("{}"), slice("[]")) == 0 &&
		    ml_refused_commit(r) == 0);
		after = look_at_all(r, text);
		assert(after.forks >= before.forks &&
		    after.ours >= before.ours);
		/* a line of the same text is taken for it, whatever its why */
		assert(!is_text || before.ours > 0 || after.ours == 1 ||
		    after.lines < before.lines + 2 + (len > 0));
		assert(!again || after.lines == before.lines);
		ml_refused_free(r);
	}
	return 0;
}

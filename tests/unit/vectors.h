/* vectors - the golden data, read with the library itself */
#ifndef VECTORS_H
#define VECTORS_H
#include <fcntl.h>
#include <unistd.h>

#include "buf.h"
#include "json.h"
#include "jstring.h"
#include "lines.h"
#include "utf8.h"

/* Open tests/vectors/NAME; ends the program if it cannot. */
static inline struct ml_lines
vectors_open(const char *name)
{
	const char *root = getenv("ROOT");
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/tests/vectors/%s",
	    root != NULL ? root : ".", name);
	if ((fd = open(path, O_RDONLY)) == -1) {
		perror(path);
		exit(1);
	}
	return ml_lines_stream(fd);
}

static inline void
vectors_close(struct ml_lines *l)
{
	close(l->fd);
	ml_lines_free(l);
}

/* A JSON string's text as UTF-8 (a raw NUL too), appended to out. */
static inline void
vectors_text(struct ml_slice string, struct ml_buf *out)
{
	struct ml_slice in = { string.p + 1, string.len - 2 };
	char utf8[ML_UTF8_LEN_MAX];
	uint32_t cp;
	size_t n;

	for (; in.len > 0; in.p += n, in.len -= n) {
		n = ml_jstring_get(in.p, in.len, &cp);
		ml_buf_add(out, utf8, ml_utf8_put(utf8, cp));
	}
}
#endif

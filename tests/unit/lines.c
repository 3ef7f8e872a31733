/* lines - pipes and files, chunks and limits, offsets and numbers */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "given.h"
#include "lines.h"
#include "unit.h"

static int
is_line(enum ml_line got, enum ml_line want, struct ml_slice line,
    const char *text)
{
	return got == want && ml_slice_is(line, text);
}

/* A file that holds these bytes and is gone when it is closed. */
static int
file_of(const struct ml_buf *b)
{
	FILE *file = tmpfile();
	int fd = file != NULL ? dup(fileno(file)) : -1;

	if (fd == -1 || write(fd, b->p, b->len) != (ssize_t)b->len ||
	    lseek(fd, 0, SEEK_SET) == -1) {
		perror("a temporary file");
		exit(1);
	}
	fclose(file);
	return fd;
}

/* A pipe that another process writes these bytes into. */
static int
pipe_of(const struct ml_buf *b, pid_t *writer)
{
	int fd[2];
	size_t at;
	ssize_t n;

	fflush(stdout);
	if (pipe(fd) == -1 || (*writer = fork()) == -1) {
		perror("pipe");
		exit(1);
	}
	if (*writer != 0) {
		close(fd[1]);
		return fd[0];
	}
	close(fd[0]);
	for (at = 0; at < b->len; at += (size_t)n)
		if ((n = write(fd[1], b->p + at, b->len - at)) == -1)
			_exit(1);
	_exit(0);
}

static void
check_small(void)
{
	static const char text[] = "one\n\ntwo\r\n \nlast";
	struct ml_buf b = { 0 };
	struct ml_lines l;
	struct ml_slice s;
	int fd;

	ml_buf_str(&b, text);
	fd = file_of(&b);
	l = ml_lines_stream(fd);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "one") &&
	    l.number == 1 && l.offset == 0 && l.next == 4, "the first line");
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "") &&
	    l.number == 2 && l.offset == 4 && l.next == 5, "an empty line");
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "two\r") &&
	    l.number == 3 && l.offset == 5 && l.next == 10, "CR is kept");
	ok(is_line(ml_lines_next(&l, 0, &s), ML_LINE_WHOLE, s, " ") &&
	    l.newline, "what is read already does not block");
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_TAIL, s, "last") &&
	    l.number == 5 && l.offset == 12 && l.next == 16 && !l.newline,
	    "the last line has no newline");
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_END &&
	    ml_lines_next(&l, 1, &s) == ML_LINE_END && l.number == 5,
	    "the end stays the end");
	ml_lines_free(&l);
	close(fd);
	ml_buf_clear(&b);
	fd = file_of(&b);
	l = ml_lines_stream(fd);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_END && l.number == 0,
	    "an empty file");
	ml_lines_free(&l);
	close(fd);
	ml_buf_free(&b);
}

static void
check_range(void)
{
	static const char text[] = "aa\nbb\ncc\ndd\n";
	struct ml_buf b = { 0 };
	struct ml_lines l;
	struct ml_slice s;
	int fd;

	ml_buf_str(&b, text);
	fd = file_of(&b);
	l = ml_lines_range(fd, 3, 9, 1);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "bb") &&
	    l.number == 2 && l.offset == 3 && l.next == 6,
	    "a range, from its beginning");
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "cc") &&
	    l.number == 3 && l.offset == 6, "to its end");
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_END, "and no further");
	ml_lines_free(&l);
	l = ml_lines_range(fd, 3, 8, 1);
	ml_lines_next(&l, 1, &s);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_TAIL, s, "cc") &&
	    l.next == 8, "a range that ends before the newline");
	ml_lines_free(&l);
	l = ml_lines_range(fd, 4, 4, 0);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_END, "an empty range");
	ml_lines_free(&l);
	l = ml_lines_range(fd, 9, 1000, 3);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "dd") &&
	    l.number == 4 && ml_lines_next(&l, 1, &s) == ML_LINE_END,
	    "a range beyond the end of the file");
	ml_lines_free(&l);
	ok(lseek(fd, 0, SEEK_CUR) == 0, "ranges leave the file's offset alone");
	close(fd);
	ml_buf_free(&b);
}

/* Read all and compare with what stands there. */
static int
reads(struct ml_lines *l, const struct ml_buf *b, uint64_t from,
    uint64_t number)
{
	const char *p = b->p + from, *end = b->p + b->len, *newline;
	struct ml_slice s, want;
	enum ml_line got;

	while (p < end) {
		newline = memchr(p, '\n', (size_t)(end - p));
		want = (struct ml_slice){ p, (size_t)((newline != NULL ?
		    newline : end) - p) };
		got = ml_lines_next(l, 1, &s);
		if (got != (newline != NULL ? ML_LINE_WHOLE : ML_LINE_TAIL) ||
		    !ml_slice_same(s, want) || l->number != ++number ||
		    l->offset != (uint64_t)(p - b->p) ||
		    l->newline != (newline != NULL))
			return 0;
		p += want.len + (newline != NULL);
		if (l->next != (uint64_t)(p - b->p))
			return 0;
	}
	return ml_lines_next(l, 1, &s) == ML_LINE_END;
}

/* Lines of every length around the chunks in which they are read. */
static void
fill(struct ml_buf *b, uint64_t *state)
{
	static const size_t most[] = { 3, 100, 5000, 140000, 300000 };
	size_t i, n, lines = 200;

	while (lines-- > 0) {
		n = given_below(state, most[given_below(state, 5)]);
		if (lines % 20 == 0)
			n = 128 * 1024 - 2 + given_below(state, 4);
		for (i = 0; i < n; i++)
			ml_buf_byte(b, (char)('a' + (i + n) % 26));
		ml_buf_byte(b, '\n');
	}
	ml_buf_str(b, "tail");
}

static void
check_chunks(void)
{
	struct ml_buf b = { 0 };
	struct ml_lines l;
	uint64_t state = 8, from;
	pid_t writer;
	int fd, status;

	fill(&b, &state);
	fd = file_of(&b);
	l = ml_lines_stream(fd);
	ok(reads(&l, &b, 0, 0), "a file of %zu bytes", b.len);
	ml_lines_free(&l);
	l = ml_lines_range(fd, 0, b.len, 0);
	ok(reads(&l, &b, 0, 0), "its range");
	ml_lines_free(&l);
	from = (uint64_t)((char *)memchr(b.p + b.len / 2, '\n', b.len / 2) -
	    b.p) + 1;
	l = ml_lines_range(fd, from, b.len, 41);
	ok(reads(&l, &b, from, 41), "a range from its middle");
	ml_lines_free(&l);
	close(fd);
	fd = pipe_of(&b, &writer);
	l = ml_lines_stream(fd);
	ok(reads(&l, &b, 0, 0), "the same through a pipe");
	ml_lines_free(&l);
	close(fd);
	waitpid(writer, &status, 0);
	ml_buf_free(&b);
}

static void
check_idle(void)
{
	struct ml_lines l;
	struct ml_slice s;
	int fd[2];

	if (pipe(fd) == -1)
		exit(1);
	l = ml_lines_stream(fd[0]);
	ok(ml_lines_next(&l, 0, &s) == ML_LINE_AGAIN && l.number == 0,
	    "an idle pipe");
	ok(write(fd[1], "ab", 2) == 2 &&
	    ml_lines_next(&l, 0, &s) == ML_LINE_AGAIN &&
	    ml_lines_next(&l, 0, &s) == ML_LINE_AGAIN, "a line half there");
	ok(write(fd[1], "c\nd\ne", 5) == 5 &&
	    is_line(ml_lines_next(&l, 0, &s), ML_LINE_WHOLE, s, "abc") &&
	    l.number == 1 && l.offset == 0 && l.next == 4, "its other half");
	ok(is_line(ml_lines_next(&l, 0, &s), ML_LINE_WHOLE, s, "d") &&
	    ml_lines_next(&l, 0, &s) == ML_LINE_AGAIN && l.number == 2,
	    "one more, and half of another");
	ok(write(fd[1], "\n", 1) == 1 &&
	    is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "e") &&
	    l.offset == 6, "reading on after that");
	ok(write(fd[1], "f", 1) == 1 &&
	    ml_lines_next(&l, 0, &s) == ML_LINE_AGAIN && close(fd[1]) == 0 &&
	    is_line(ml_lines_next(&l, 0, &s), ML_LINE_TAIL, s, "f") &&
	    ml_lines_next(&l, 0, &s) == ML_LINE_END, "the end is no wait");
	ml_lines_free(&l);
	close(fd[0]);
}

static void
add(struct ml_buf *b, size_t n, char c)
{
	char *to = ml_buf_room(b, n);

	if (to == NULL)
		exit(1);
	memset(to, c, n);
	b->len += n;
}

/*
 * Lines of exactly the limit and of more, each with a good one behind it, in
 * bounded memory.
 */
static void
check_long_from(int fd, const char *what)
{
	static const uint64_t at[] = { 0, ML_LINE_MAX + 1,
	    2 * (uint64_t)ML_LINE_MAX + 3, 2 * (uint64_t)ML_LINE_MAX + 8,
	    5 * (uint64_t)ML_LINE_MAX + 9 };
	struct ml_lines l = ml_lines_stream(fd);
	struct ml_slice s;

	ok(ml_lines_next(&l, 1, &s) == ML_LINE_WHOLE && s.len == ML_LINE_MAX &&
	    s.p[0] == 'a' && s.p[s.len - 1] == 'a' && l.offset == at[0] &&
	    l.next == at[1], "%s: a line of 16 MiB", what);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_LONG && s.len > 0 &&
	    s.len < 1000 && s.p[0] == 'b' && s.p[s.len - 1] == 'b' &&
	    l.number == 2 && l.offset == at[1],
	    "%s: one byte more", what);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "good") &&
	    l.number == 3 && l.offset == at[2] && l.next == at[3],
	    "%s: a good line behind it", what);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_LONG && s.len > 0 &&
	    s.len < 1000 && s.p[0] == 'c' && s.p[s.len - 1] == 'c' &&
	    l.number == 4 && l.offset == at[3],
	    "%s: three times the limit", what);
	ok(is_line(ml_lines_next(&l, 1, &s), ML_LINE_WHOLE, s, "good") &&
	    l.number == 5 && l.offset == at[4], "%s: a good line again", what);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_LONG && s.p[0] == 'd' &&
	    !l.newline && ml_lines_next(&l, 1, &s) == ML_LINE_END &&
	    l.next == at[4] + 5 + ML_LINE_MAX + 1,
	    "%s: a long one without newline", what);
	ok(l.buf.cap <= 2 * (size_t)ML_LINE_MAX, "%s: in bounded memory", what);
	ml_lines_free(&l);
}

static void
check_long(void)
{
	struct ml_buf b = { 0 };
	pid_t writer;
	int fd, status;

	add(&b, ML_LINE_MAX, 'a');
	ml_buf_byte(&b, '\n');
	add(&b, ML_LINE_MAX + 1, 'b');
	ml_buf_str(&b, "\ngood\n");
	add(&b, 3 * (size_t)ML_LINE_MAX, 'c');
	ml_buf_str(&b, "\ngood\n");
	add(&b, ML_LINE_MAX + 1, 'd');
	fd = file_of(&b);
	check_long_from(fd, "file");
	close(fd);
	fd = pipe_of(&b, &writer);
	check_long_from(fd, "pipe");
	close(fd);
	waitpid(writer, &status, 0);
	b.len = ML_LINE_MAX;
	fd = file_of(&b);
	{
		struct ml_lines l = ml_lines_range(fd, 0, ML_LINE_MAX, 0);
		struct ml_slice s;

		ok(ml_lines_next(&l, 1, &s) == ML_LINE_TAIL &&
		    s.len == ML_LINE_MAX, "a tail of 16 MiB");
		ml_lines_free(&l);
	}
	close(fd);
	ml_buf_free(&b);
}

static void
check_error(void)
{
	struct ml_lines l = ml_lines_stream(-1);
	struct ml_slice s;
	int fd = open("/", O_RDONLY);

	ok(ml_lines_next(&l, 1, &s) == ML_LINE_ERROR, "no file");
	ml_lines_free(&l);
	l = ml_lines_stream(fd);
	ok(ml_lines_next(&l, 1, &s) == ML_LINE_ERROR, "a directory");
	ml_lines_free(&l);
	close(fd);
}

int
main(void)
{
	check_small();
	check_range();
	check_chunks();
	check_idle();
	check_long();
	check_error();
	return unit_done();
}

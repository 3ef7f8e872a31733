/* lines - a stream read line by line, in bounded memory */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "lines.h"

#define CHUNK (128 * 1024)	/* bytes asked for at a time */
#define LONG_KEPT 256		/* bytes of a long line that are given */

struct ml_lines
ml_lines_stream(int fd)
{
	return (struct ml_lines){ .fd = fd };
}

struct ml_lines
ml_lines_peek(struct ml_peek *peek, struct ml_slice begun)
{
	struct ml_lines l = { .fd = peek->fd, .peek = peek };

	ml_buf_slice(&l.buf, begun);
	return l;
}

struct ml_lines
ml_lines_range(int fd, uint64_t from, uint64_t end, uint64_t number)
{
	return (struct ml_lines){ .fd = fd, .by_offset = 1, .end = end,
	    .next = from, .number = number };
}

void
ml_lines_free(struct ml_lines *l)
{
	ml_buf_free(&l->buf);
}

static ssize_t
read_some(struct ml_lines *l, char *to, int may_block)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	uint64_t at;

	if (l->by_offset) {
		at = l->next + l->skipped + (l->buf.len - l->at);
		return ml_file_read_at(l->fd, to, l->end - at < CHUNK ?
		    (size_t)(l->end - at) : CHUNK, at);
	}
	if ((l->peek != NULL && l->peek->ahead > 0) ||
	    (!may_block && poll(&p, 1, 0) == 0)) {
		errno = EAGAIN;
		return -1;
	}
	return l->peek != NULL ? ml_peek_read(l->peek, to, CHUNK) :
	    ml_file_read(l->fd, to, CHUNK);
}

/* Read on: 1, 0 at the end, -1 with errno. */
static int
fill(struct ml_lines *l, int may_block)
{
	char *to;
	ssize_t n;

	if (l->ended)
		return 0;
	if (l->at > 0) {
		ml_buf_drop(&l->buf, l->at);
		l->at = 0;
	}
	if (l->seen > ML_LINE_MAX) {
		/* keep the beginning, to be shown; drop the rest as it comes */
		l->skipped += l->seen - LONG_KEPT;
		l->buf.len = l->seen = LONG_KEPT;
		if (!may_block) {	/* who calls has other things to do */
			errno = EAGAIN;
			return -1;
		}
	}
	if ((to = ml_buf_room(&l->buf, CHUNK)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if ((n = read_some(l, to, may_block)) <= 0) {
		l->ended = n == 0;
		return (int)n;
	}
	l->buf.len += (size_t)n;
	return 1;
}

/* The rest of a line that was given before its end was seen: 1 when it is past,
 * else as fill(). */
static int
drop_rest(struct ml_lines *l, int may_block)
{
	const char *from, *newline;
	size_t len;
	int rc, looks;

	for (looks = 1;; looks++) {
		from = l->buf.p + l->at;
		len = l->buf.len - l->at;
		newline = len > 0 ? memchr(from, '\n', len) : NULL;
		if (newline != NULL)
			len = (size_t)(newline - from) + 1;
		l->next += len;
		l->at += len;
		if (newline != NULL)
			break;
		/* it may never end: who has other things to do gets to them */
		if (!may_block && looks > 1) {
			errno = EAGAIN;
			return -1;
		}
		if ((rc = fill(l, may_block)) != 1)
			return rc;
	}
	l->dropping = 0;
	return 1;
}

static enum ml_line
stopped(const struct ml_lines *l)
{
	return errno == EAGAIN && !l->by_offset ? ML_LINE_AGAIN : ML_LINE_ERROR;
}

/* Of a stream a long line is told at once, as it may go on for ever. */
static enum ml_line
give_beginning(struct ml_lines *l, struct ml_slice *line)
{
	*line = (struct ml_slice){ l->buf.p + l->at, LONG_KEPT };
	l->newline = 0;
	l->number++;
	l->offset = l->next;
	l->next += l->seen;
	l->at += l->seen;
	l->seen = 0;
	l->dropping = 1;
	return ML_LINE_LONG;
}

enum ml_line
ml_lines_next(struct ml_lines *l, int may_block, struct ml_slice *line)
{
	const char *from, *newline = NULL;
	size_t len;
	int rc;

	if (l->dropping && (rc = drop_rest(l, may_block)) != 1)
		return rc == 0 ? ML_LINE_END : stopped(l);
	for (;;) {
		len = l->buf.len - l->at;
		if (len > l->seen && (newline = memchr(l->buf.p + l->at +
		    l->seen, '\n', len - l->seen)) != NULL)
			break;
		l->seen = len;
		if (len > ML_LINE_MAX && !l->by_offset)
			return give_beginning(l, line);
		if ((rc = fill(l, may_block)) == 0)
			break;
		if (rc == -1)
			return stopped(l);
	}
	from = l->buf.p + l->at;
	len = newline != NULL ? (size_t)(newline - from) : l->buf.len - l->at;
	if (newline == NULL && len == 0 && l->skipped == 0)
		return ML_LINE_END;
	*line = (struct ml_slice){ from, len };
	l->newline = newline != NULL;
	l->number++;
	l->offset = l->next;
	l->next += l->skipped + len + (newline != NULL);
	l->at += len + (newline != NULL);
	l->seen = 0;
	if (l->skipped > 0 || len > ML_LINE_MAX) {
		l->skipped = 0;
		line->len = LONG_KEPT;
		return ML_LINE_LONG;
	}
	return newline != NULL ? ML_LINE_WHOLE : ML_LINE_TAIL;
}

int
ml_lines_has_next(const struct ml_lines *l)
{
	size_t from = l->at + l->seen;

	return !l->dropping && l->buf.len > from &&
	    memchr(l->buf.p + from, '\n', l->buf.len - from) != NULL;
}

struct ml_slice
ml_lines_rest(const struct ml_lines *l)
{
	size_t len = l->buf.len - l->at;

	return (struct ml_slice){ len > 0 ? l->buf.p + l->at : "", len };
}

/* run - a tool is run, and what it said and printed is looked at */
#ifndef RUN_H
#define RUN_H
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"

extern char **environ;

/* A file as it is; empty if there is none. */
static inline void
read_file(const char *path, struct ml_buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ml_buf_clear(text);
	if (fd == -1)
		return;
	while ((n = read(fd, ml_buf_room(text, 65536), 65536)) > 0)
		text->len += (size_t)n;
	if (n == -1)
		err(111, "%s", path);
	close(fd);
}

static inline void
write_file(const char *path, struct ml_slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text.p, text.len) != (ssize_t)text.len)
		err(111, "%s", path);
	close(fd);
}

#define RUN_ARGS 8

/* How many lines a text has. */
static inline size_t
lines_of(struct ml_slice text)
{
	size_t i, n = 0;

	for (i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

static inline int
has_part(struct ml_slice text, struct ml_slice part)
{
	size_t i;

	for (i = 0; i + part.len <= text.len; i++)
		if (memcmp(text.p + i, part.p, part.len) == 0)
			return 1;
	return 0;
}

static inline int
has_text(struct ml_slice text, const char *part)
{
	return has_part(text, (struct ml_slice){ part, strlen(part) });
}

/* A sanitizer ends a tool with a status that could be the tool's own. */
static inline int
was_sanitized(void)
{
	struct ml_buf said = { 0 };
	int yes;

	read_file("said", &said);
	yes = has_text(ml_buf_view(&said), "Sanitizer") ||
	    has_text(ml_buf_view(&said), "runtime error");
	ml_buf_free(&said);
	return yes;
}

/*
 * Run a tool with its operands, the last one NULL, and stdin from "in", until
 * it ends: its status, or -1 if it crashed.  What it prints is in "out" and what
 * it says in "said".
 */
static inline int
run(const char *tool, ...)
{
	static const char *const to[] = { "in", "out", "said" };
	posix_spawn_file_actions_t files;
	char *argv[RUN_ARGS + 2];
	va_list ap;
	pid_t pid;
	int i, status;

	posix_spawn_file_actions_init(&files);
	for (i = 0; i < 3; i++)
		posix_spawn_file_actions_addopen(&files, i, to[i], i == 0 ?
		    O_RDONLY | O_CREAT : O_WRONLY | O_CREAT | O_TRUNC, 0600);
	va_start(ap, tool);
	for (argv[0] = (char *)tool, i = 1; i <= RUN_ARGS &&
	    (argv[i] = va_arg(ap, char *)) != NULL; i++)
		continue;
	argv[i] = NULL;
	va_end(ap);
	if (posix_spawnp(&pid, tool, &files, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) == -1)
		err(111, "%s", tool);
	posix_spawn_file_actions_destroy(&files);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && was_sanitized()))
		return -1;
	return WEXITSTATUS(status);
}


/* Whether a tool said one line, with this in it. */
static inline int
said(const char *part)
{
	struct ml_buf text = { 0 };
	int yes;

	read_file("said", &text);
	yes = lines_of(ml_buf_view(&text)) == 1 &&
	    has_text(ml_buf_view(&text), part);
	ml_buf_free(&text);
	return yes;
}

static inline int
is_same(const struct ml_buf *a, const struct ml_buf *b)
{
	return ml_slice_same(ml_buf_view(a), ml_buf_view(b));
}
#endif

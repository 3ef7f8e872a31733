/* tool - what every tool does alike */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "identity.h"
#include "jstring.h"
#include "number.h"
#include "quantity.h"
#include "steady.h"
#include "text.h"
#include "tool.h"

#define PROGRESS_MS 200			/* between two looks at it */
#define NAME_SHOWN_MAX 1024		/* bytes: an operand may be long */
#define WAIT_MAX 1e6			/* seconds */

static int progress_shown;
void
ml_start(void)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_WRONLY };
	static char line[BUFSIZ];
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", flags[fd]) != fd)
			_exit(ML_TEMP);
	signal(SIGXFSZ, SIG_IGN);
	/* a line in one piece: others may write to the same file */
	setvbuf(stderr, line, _IOLBF, sizeof line);
	opterr = 0;
}

void
ml_say_option(void)
{
	ml_say("unknown option, or one without its value");
}

enum ml_status
ml_status_of(int error)
{
	switch (error) {
	case ENOENT: case ENOTDIR: case EISDIR: case EACCES: case EPERM:
	case EROFS: case ELOOP: case ENAMETOOLONG: case ENXIO: case ETXTBSY:
		return ML_USAGE;
	default:
		return ML_TEMP;
	}
}

static void
say(const char *file, uint64_t line, const char *format, va_list args)
{
	struct ml_buf out = { 0 };
	va_list again;
	char *to;
	int n;

	ml_progress_end();
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (file != NULL) {
		ml_text_bytes(&out, file, strnlen(file, NAME_SHOWN_MAX));
		if (strlen(file) > NAME_SHOWN_MAX)
			ml_buf_str(&out, "...");
		if (line > 0) {
			ml_buf_byte(&out, ':');
			ml_buf_int(&out, (int64_t)line);
		}
		ml_buf_str(&out, ": ");
	}
	if (n >= 0 && (to = ml_buf_room(&out, (size_t)n + 1)) != NULL) {
		vsnprintf(to, (size_t)n + 1, format, args);
		warnx("%s", out.p);
	} else				/* no room for what it was about */
		warnx("%s", ML_NO_MEMORY);
	ml_buf_free(&out);
}

void
ml_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(NULL, 0, format, args);
	va_end(args);
}

void
ml_say_at(const char *file, uint64_t line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(file, line, format, args);
	va_end(args);
}

void
ml_die(const char *file, const char *why)
{
	int error = errno;

	if (why == NULL && error == EAGAIN)	/* of ml_log_lock() alone */
		ml_say_at(file, 0, "another writer has the lock: gave up waiting");
	else
		ml_say_at(file, 0, "%s", why != NULL ? why : strerror(error));
	exit(why == NULL ? (int)ml_status_of(error) :
	    why == ML_NO_MEMORY ? (int)ML_TEMP : (int)ML_USAGE);
}

void
ml_no_memory(void)
{
	ml_say("%s", ML_NO_MEMORY);
	exit(ML_TEMP);
}

int64_t
ml_clock_ms(void)
{
	const char *set = getenv("ML_CLOCK_MS");
	struct timespec now;
	int64_t ms;

	if (set == NULL) {
		if (clock_gettime(CLOCK_REALTIME, &now) == -1)
			ml_die("clock", NULL);
		return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	}
	if (*set == '\0' ||
	    !ml_number_int((struct ml_slice){ set, strlen(set) }, &ms))
		ml_die("$ML_CLOCK_MS", "not an integer within 2^53");
	return ms;
}

double
ml_seconds(const char *text)
{
	return ml_seconds_of("-w", text);
}

double
ml_seconds_of(const char *option, const char *text)
{
	double v;

	if (!ml_quantity_float(text, 0, WAIT_MAX, &v))
		ml_die(option, "not a number of seconds");
	return v;
}

static void
show_bytes(void *arg, uint64_t bytes, uint64_t of)
{
	(void)arg;
	ml_progress(of == 0 ? 100 : bytes * 100 / of, "% read");
}

struct ml_log *
ml_open_to_read(const char *path, const struct ml_log_watch *watch)
{
	struct ml_log_watch shown = { 0 };
	struct ml_log *log;
	const char *why;

	if (watch != NULL)
		shown = *watch;
	shown.progress = show_bytes;
	if (ml_log_read(&log, path, &shown, &why) == -1)
		ml_die(path, why);
	ml_progress_end();
	return log;
}

char *
ml_trust_path(const char *log)
{
	char *real = ml_file_resolve(log), *path;

	if (real == NULL)
		ml_die(log, NULL);
	if ((path = ml_file_beside(real, ".trust")) == NULL)
		ml_no_memory();
	free(real);
	/* a link to a file that several logs share is written through; one that
	 * leads nowhere stays, to be an error */
	if ((real = realpath(path, NULL)) == NULL)
		return path;
	free(path);
	return real;
}

struct ml_trust *
ml_open_trust(const char *path)
{
	struct ml_trust *t;
	const char *why;
	unsigned long line;

	if (ml_trust_load(&t, path, &why, &line) == 0)
		return t;
	if (why == NULL)
		ml_die(path, NULL);
	ml_say_at(path, line, "%s", why);
	exit(ML_USAGE);
}

struct ml_slice
ml_own_author(struct ml_buf *out)
{
	const char *key = getenv("ML_KEY"), *name = getenv("ML_AUTHOR"), *why;
	struct ml_identity *id;

	if (key != NULL) {
		if (ml_identity_read(&id, key, &why) == -1)
			ml_die(key, why);
		ml_buf_slice(out, ml_identity_author(id));
		ml_identity_free(id);
	} else if (name != NULL) {
		if ((why = ml_jstring_write(out, name, strlen(name))) != NULL)
			ml_die("$ML_AUTHOR", why == ML_NO_MEMORY ? why :
			    "an author that is not UTF-8");
		ml_buf_drop(out, 1);
		out->len--;
	}
	return ml_buf_view(out);
}

void
ml_say_damage(const struct ml_log *log)
{
	static const struct {
		enum ml_log_finding what;
		const char *one, *many;
	} kinds[] = {
		{ ML_LOG_DAMAGED, "damaged line", "damaged lines" },
		{ ML_LOG_FORK, "fork", "forks" },
		{ ML_LOG_ASTRAY, "event astray", "events astray" },
		{ ML_LOG_TORN, "torn tail", "torn tails" },
	};
	struct ml_buf out = { 0 };
	size_t i;
	uint64_t n;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if ((n = ml_log_found(log, kinds[i].what)) == 0)
			continue;
		if (out.len > 0)
			ml_buf_str(&out, ", ");
		ml_buf_int(&out, (int64_t)n);
		ml_buf_byte(&out, ' ');
		ml_buf_str(&out, n == 1 ? kinds[i].one : kinds[i].many);
	}
	if (ml_wait_count(ml_log_waiting(log)) > 0) {
		if (out.len > 0)
			ml_buf_str(&out, ", ");
		ml_buf_int(&out, (int64_t)ml_wait_count(ml_log_waiting(log)));
		ml_buf_str(&out, " behind a gap");
	}
	if (ml_buf_failed(&out))
		ml_no_memory();
	if (out.len > 0)
		ml_say_at(ml_log_path(log), 0, "%.*s: see ml-check",
		    (int)out.len, out.p);
	ml_buf_free(&out);
}

void
ml_print(struct ml_buf *b)
{
	if (ml_buf_failed(b))
		ml_no_memory();
	if (b->len > 0)
		fwrite(b->p, 1, b->len, stdout);
	ml_buf_clear(b);
}

int
ml_flush_stdout(void)
{
	return fflush(stdout) == EOF || ferror(stdout) ? -1 : 0;
}

void
ml_close_stdout(void)
{
	if (ml_flush_stdout() == -1 || fclose(stdout) == EOF) {
		ml_say("standard output: %s", strerror(errno));
		_exit(ML_TEMP);
	}
}

void
ml_progress(uint64_t count, const char *what)
{
	static int64_t last;
	int64_t now = ml_steady_ms();

	if (now - last < PROGRESS_MS)
		return;
	last = now;
	if (!isatty(STDERR_FILENO))
		return;
	progress_shown = 1;
	fprintf(stderr, "\r%llu %s", (unsigned long long)count, what);
	fflush(stderr);
}

void
ml_progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = 0;
}

/*
 * tool - what every tool does alike: exit statuses, messages, the clock, the
 * last check of stdout.  The only module of the library that prints or exits.
 */
#ifndef ML_TOOL_H
#define ML_TOOL_H
#include <stdint.h>
#include "buf.h"
#include "log.h"
#include "trust.h"

enum ml_status {
	ML_OK = 0,
	ML_NO = 1,			/* done, and something was refused */
	ML_USAGE = 2,			/* trying again is useless */
	ML_TEMP = 111			/* trying again may help */
};

#define ML_LOCK_WAIT 10.0		/* seconds, unless -w says otherwise */

/*
 * Call first of all: descriptors 0 to 2 that are closed are put where reading
 * stdin and writing stdout fail, or a log that is opened would be one of them;
 * a file that grows too large is an error, not a death; getopt() is silent, as
 * it would print an option as it came, which a file's name may be.
 */
void ml_start(void);
/*
 * From now on SIGTERM, SIGINT and SIGHUP are told by a byte each of what this
 * returns, which is to be polled; SIGPIPE is ignored.  Exits if that fails.
 */
int ml_catch_signals(void);
/* The status that a failed system call stands for. */
enum ml_status ml_status_of(int error);
/* One line on stderr: "tool: message".  The message must be safe to print. */
void ml_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "tool: file:line: message"; the name is made safe; line 0 is left out. */
void ml_say_at(const char *file, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What getopt() would have said of an option. */
void ml_say_option(void);
/* "tool: file: why", or errno's text where why is NULL; exit accordingly. */
_Noreturn void ml_die(const char *file, const char *why);
_Noreturn void ml_no_memory(void);

/* ms since 1970: $ML_CLOCK_MS if set (else exit 2), or the system's clock. */
int64_t ml_clock_ms(void);
/* The value of -w: seconds; exits 2 if it is none. */
double ml_seconds(const char *text);
/* The same of another option. */
double ml_seconds_of(const char *option, const char *text);

/* Open a log to read, with progress on a terminal; exits if it cannot be.
 * watch may be NULL; its progress is overwritten. */
struct ml_log *ml_open_to_read(const char *path,
    const struct ml_log_watch *watch);
/* LOG.trust, beside the file that a log is or will be; for the caller to free. */
char *ml_trust_path(const char *log);
/* What it says; exits 2 if it is damaged. */
struct ml_trust *ml_open_trust(const char *trust_path);
/* Who I am as far as $ML_KEY or $ML_AUTHOR say, a canonical string's inside in
 * a buffer of the caller's; empty if they do not. */
struct ml_slice ml_own_author(struct ml_buf *out);
/* One line if what was read of a log is damaged or forked. */
void ml_say_damage(const struct ml_log *log);
/* Write to stdout; failure shows in ml_close_stdout(). */
void ml_print(struct ml_buf *b);		/* and clear it */
/* 0, or -1 when something that was printed got lost. */
int ml_flush_stdout(void);
/* Exits 111 if anything printed was lost. */
void ml_close_stdout(void);
/* On a terminal only: "1200 events", again and again on one line. */
void ml_progress(uint64_t count, const char *what);
void ml_progress_end(void);
#endif

/*
 * faults [-art] [-c CALLS] [-i IN] [-n COUNT] [-o N:HOW] [-p TOOL] [-s SEED]
 *     NAME BASE COMMAND [ARG ...]
 *
 * Run COMMAND in a copy of the folder BASE again and again, each time with one
 * call of it made to fail (tests/preload/faults.c), until a run meets no fault.
 * After each: the status, what was printed, the log, what the next run makes of
 * it, and what ml-check says.  Prints "RUNS FAILED"; failures go to stderr, with
 * a line to repeat each.  Exits 1 if there were any.
 *
 *   -a  COMMAND adds to the log each time (ml-emit); else it ends up the same
 *   -c  calls that fail, else all
 *   -i  its input, a file; -p  TOOL is run on the log before it
 *   -n  at most so many runs for memory, and as many for all else, spread over
 *       the calls, with SEED to say how each fails; else every call in every way
 *   -o  this run alone
 *   -r  what it makes is random: only names are compared
 *   -t  threads as it likes; else it has one core, and does the same each time
 */
#define _GNU_SOURCE			/* memfd_create, CPU sets */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../preload/faults.h"
#include "faultlist.h"
#include "folder.h"
#include "refused.h"

#define MORE_MAX 64			/* calls of a run beyond those of the first */

#define HANGS_S 120			/* longer than any run */
#define NOT_PRINTED 1
#define WORKERS_MAX 16

struct result {
	int status;
	struct ml_buf out, err;
};

static const char *name, *in = "/dev/null", *calls = "all", *prepare, *shim;
static char **command;
static int adds, is_random, threads;
static unsigned long limit, seed;
static struct faults_met *met;
static char met_path[64];
static struct folder base, clean, again;
static struct result done, done_again;	/* without a fault, and once more */
static int check_status;
static const struct fault *current;
static const char *current_call;	/* that failed, the first of them */
static struct { _Atomic unsigned long runs, failed; } *total;	/* of all */

static void __attribute__((format(printf, 1, 2)))
wrong(const char *format, ...)
{
	struct ml_buf text = { 0 };
	va_list args;
	char *to = ml_buf_room(&text, 1024);

	va_start(args, format);
	if (to != NULL)
		vsnprintf(to, 1024, format, args);
	va_end(args);
	fprintf(stderr, "faults: %s:%s (%s): %s\nrepeat: tests/torture/faults "
	    "-o %s:%s\n", name, current->spec, current_call, to, name,
	    current->spec);
	ml_buf_free(&text);
	total->failed++;
}

/* Runs */

static int
temporary(void)
{
	int fd = memfd_create("faults", MFD_CLOEXEC);

	if (fd == -1)
		err(SYSTEM_FAILED, "memfd_create");
	return fd;
}

static void
take_output(int fd, struct ml_buf *text)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_file(AT_FDCWD, path, text);
	close(fd);
}

static void
start(char *argv[], const char *input, int out, int errors)
{
	int fd = open(input, O_RDONLY);

	if (fd == -1 || dup2(fd, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(errors, 2) == -1)
		_exit(SYSTEM_FAILED);
	alarm(HANGS_S);
	setenv("LD_PRELOAD", shim, 1);
	execvp(argv[0], argv);
	_exit(SYSTEM_FAILED);
}

/* Run a program, in the way that fault says, if it says any. */
static void
run(struct result *r, char *argv[], const char *input, const char *fault)
{
	int out = temporary(), errors = temporary();
	pid_t pid;

	met->calls = met->met = 0;
	if (fault != NULL)
		setenv("FAULT", fault, 1);
	else
		unsetenv("FAULT");
	if ((pid = fork()) == 0)
		start(argv, input, out, errors);
	if (pid == -1 || waitpid(pid, &r->status, 0) == -1)
		err(SYSTEM_FAILED, "%s", argv[0]);
	take_output(out, &r->out);
	take_output(errors, &r->err);
	r->status = WIFEXITED(r->status) ? WEXITSTATUS(r->status) :
	    -WTERMSIG(r->status);
}

/* A program on the log; its status. */
static int
look(const char *tool)
{
	static struct result r;
	char *argv[] = { (char *)(uintptr_t)tool, (char *)(uintptr_t)"log",
	    NULL };

	run(&r, argv, "/dev/null", NULL);
	return r.status;
}

static void
begin(void)
{
	write_folder(&base);
	if (prepare != NULL && look(prepare) != 0)
		errx(SYSTEM_FAILED, "%s: %s failed", name, prepare);
}

/* What must hold */

static int
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Evidence may have been added to; it can be read, but for a line that could
 * not be written as a whole. */
static void
check_refused(const struct ml_buf *text)
{
	struct ml_refused_item item;
	size_t n, i, bad = 0;
	struct ml_slice *line = sorted(text, &n);

	for (i = 0; i < n; i++) {
		bad += ml_refused_read(&item, line[i]) == -1;
		ml_refused_item_free(&item);
	}
	if (bad > (strcmp(current_call, "write") == 0))
		wrong(".refused: %zu lines that are none", bad);
	free(line);
}

/* KEY.feed, {"id":"..: that of the event that ends the log. */
static void
check_head(const struct folder *f, const struct ml_buf *feed)
{
	const struct ml_buf *log = file_in(f, "log");
	struct ml_slice id = { feed->p + 7, 32 };
	size_t at = log->len;

	while (at > 1 && log->p[at - 2] != '\n')
		at--;
	if (feed->len < 7 + id.len || at == 0 || memmem(log->p + at - 1,
	    log->len - at + 1, id.p, id.len) == NULL)
		wrong("KEY.feed: not the head of the log: %.*s",
		    (int)feed->len, feed->p);
}

/* The same names, and but for caches and evidence what is in them. */
static void
compare_folders(const struct folder *got, const struct folder *want)
{
	const char *file;
	size_t i;

	for (i = 0; i < want->n; i++)
		if (file_in(got, want->file[i].name)->p == NULL &&
		    want->file[i].text.len > 0)
			wrong("%s: missing", want->file[i].name);
	for (i = 0; i < got->n; i++) {
		file = got->file[i].name;
		if (ends_with(file, ".refused")) {
			check_refused(&got->file[i].text);
			continue;
		}
		if (file_in(want, file)->p == NULL)
			wrong("%s: left behind", file);
		if (adds && ends_with(file, ".feed"))
			check_head(got, &got->file[i].text);
		else if (!ends_with(file, ".index") && !is_random && !(adds &&
		    strcmp(file, "log") == 0) && !same_lines(
		    &got->file[i].text, file_in(want, file)))
			wrong("%s: differs", file);
	}
}

/* A run that says that all is done: all of it is. */
static void
check_done(const struct result *r, const struct folder *now)
{
	size_t i;

	if (!is_random && !same_text(&r->out, &done.out))
		wrong("status %d, but it printed: %.*s", r->status,
		    (int)r->out.len, r->out.p);
	if (!same_text(&r->err, &done.err) && !says(&r->err, ML_NO_MEMORY))
		wrong("status %d, but it said: %.*s", r->status,
		    (int)r->err.len, r->err.p);
	for (i = 0; i < clean.n && !is_random; i++)
		if (!ends_with(clean.file[i].name, ".index") &&
		    !ends_with(clean.file[i].name, ".held") &&
		    !ends_with(clean.file[i].name, ".refused") &&
		    !same_lines(&clean.file[i].text,
		    file_in(now, clean.file[i].name)))
			wrong("status %d, but %s differs", r->status,
			    clean.file[i].name);
}

/* A run that failed says so, and printed nothing that is not so. */
static void
check_failed(const struct result *r)
{
	size_t n, i;
	struct ml_slice *line = sorted(&r->err, &n);

	/* what was stored and cannot be told is not to be stored again */
	if (r->status != SYSTEM_FAILED && !(r->status == NOT_PRINTED &&
	    (says(&r->err, "standard output") ||
	    (is_random && says(&r->err, ML_NO_MEMORY)))))
		wrong("status %d, it said: %.*s", r->status, (int)r->err.len,
		    r->err.p);
	if (n == 0)
		wrong("status %d without a word", r->status);
	for (i = 0; i < n; i++)
		if (line[i].len < 3 || memcmp(line[i].p, "ml-", 3) != 0)
			wrong("it said: %.*s", (int)line[i].len, line[i].p);
	free(line);
	if (!is_random && (r->out.len > done.out.len ||
	    memcmp(r->out.p, done.out.p, r->out.len) != 0))
		wrong("it printed: %.*s", (int)r->out.len, r->out.p);
}

/* After one that adds: lines of the first run, those that it printed at least,
 * and behind them what the next one printed. */
static void
check_added(const struct result *r, const struct result *next,
    const struct folder *now)
{
	const struct ml_buf *log = file_in(now, "log");
	const struct ml_buf *want = file_in(&clean, "log");
	struct ml_buf first = { .p = log->p, .len = log->len };
	size_t least = count_lines(want) - count_lines(&done.out) +
	    (r->status == done.status ? count_lines(&done.out) :
	    count_lines(&r->out) + (r->status == NOT_PRINTED));

	first.len -= log->len < next->out.len ? log->len : next->out.len;
	if (log->len < next->out.len || memcmp(log->p + first.len, next->out.p,
	    next->out.len) != 0)
		wrong("the next run's lines do not end the log");
	else if (first.len > want->len || memcmp(first.p, want->p,
	    first.len) != 0 || (first.len > 0 && first.p[first.len - 1] != '\n'))
		wrong("the log is not what was put into it");
	else if (count_lines(&first) < least)
		wrong("a line that was printed is not in the log");
}

static void
check_next(const struct result *r)
{
	static struct result next;
	static struct folder now;

	run(&next, command, in, NULL);
	if (next.status != done.status && (next.status != done_again.status ||
	    (is_random && r->status == SYSTEM_FAILED && !current->later &&
	    !says(&r->err, "standard output"))))
		wrong("the next run: status %d: %.*s", next.status,
		    (int)next.err.len, next.err.p);
	if (is_random && current->later)
		return;			/* a dead disk removes no file */
	read_folder(&now, ".");
	compare_folders(&now, adds ? &again : &clean);
	if (adds)
		check_added(r, &next, &now);
	if (file_in(&now, "log")->p != NULL &&
	    look("ml-check") != check_status)
		wrong("ml-check: not the status that it should be");
}

/*
 * What holds whatever the status is.  An fsync that failed is never passed over,
 * but by one who tidies up what was held.
 */
static void
check_any(const struct result *r, const struct folder *now)
{
	size_t i;

	for (i = 0; i < now->n && !current->later; i++)
		if (ends_with(now->file[i].name, ".new") &&
		    /* that may be somebody else's, and is taken up again */
		    !ends_with(now->file[i].name, ".index.new") &&
		    strcmp(current_call, "unlink") != 0)
			wrong("%s: left behind at once", now->file[i].name);
	if (strcmp(current_call, "fsync") == 0 && r->status == done.status &&
	    current->how != FAULT_EINTR && file_in(&base, "log.held")->p == NULL)
		wrong("status %d, though an fsync failed", r->status);
}

/* Calls that are made again when they were interrupted. */
static int
goes_on(uint8_t call)
{
	return call == CALL_read || call == CALL_write || call == CALL_fsync ||
	    call == CALL_flock || call == CALL_poll;
}

static void
run_fault(const struct fault *f)
{
	static struct result r;
	static struct folder now;
	char spec[256];

	current = f;
	snprintf(spec, sizeof spec, "%s:%s", calls, f->spec);
	begin();
	run(&r, command, in, spec);
	total->runs++;
	current_call = met->met == 0 ? "none" :
	    fault_call[met->call[met->met]].name;
	read_folder(&now, ".");
	if (r.status < 0) {
		wrong("killed by signal %d: %.*s", -r.status, (int)r.err.len,
		    r.err.p);
	} else if (r.status == done.status && !says(&r.err, "standard output"))
		check_done(&r, &now);
	else if (f->how == FAULT_SHORT || (f->how == FAULT_EINTR &&
	    met->met > 0 && goes_on(met->call[met->met])))
		wrong("status %d: %.*s", r.status, (int)r.err.len, r.err.p);
	else
		check_failed(&r);
	check_any(&r, &now);
	check_next(&r);
}

/* Which runs */

static void
learn_what_is_right(const char *from)
{
	static struct folder now;
	char spec[256];

	read_folder(&base, from);
	begin();
	run(&done, command, in, NULL);
	read_folder(&clean, ".");
	check_status = look("ml-check");
	run(&done_again, command, in, NULL);
	read_folder(&again, ".");
	if (adds)
		check_status = look("ml-check");
	begin();
	snprintf(spec, sizeof spec, "%s:0:none", calls);
	run(&done, command, in, spec);
	read_folder(&now, ".");
	if (met->calls >= FAULTS_CALLS)
		errx(SYSTEM_FAILED, "%s: too many calls", name);
}

static void
share(void **p, size_t len, int fd)
{
	if (ftruncate(fd, (off_t)len) == -1 || (*p = mmap(NULL, len, PROT_READ |
	    PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
		err(SYSTEM_FAILED, "mmap");
}

/* A run may make more calls than the one before: whoever finds a file that was
 * written to a moment ago looks at it twice.  The end is where none is met. */
static void
go_to_the_end(struct fault f)
{
	int more;

	for (more = 0; strcmp(current_call, "none") != 0; more++) {
		if (more == MORE_MAX) {
			wrong("there is no end of it");
			break;
		}
		snprintf(f.spec, sizeof f.spec, "%u:EIO", ++f.at);
		run_fault(&f);
	}
}

/* One of those who do the work, on a core of its own if it is not the last. */
static void
work(const char *from, const char *only, int number, int workers)
{
	cpu_set_t all, one;
	struct fault *list, single = { 0, FAULT_NONE, 0, "" };
	char dir[16];
	size_t n, i;
	size_t cpu, k = 0;
	int fd = temporary();

	snprintf(dir, sizeof dir, "w%d", number);
	if ((mkdir(dir, 0700) == -1 && errno != EEXIST) || chdir(dir) == -1)
		err(SYSTEM_FAILED, "%s", dir);
	sched_getaffinity(0, sizeof all, &all);
	CPU_ZERO(&one);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && k++ == (size_t)number)
			CPU_SET(cpu, &one);
	if (!threads && sched_setaffinity(0, sizeof one, &one) == -1)
		err(SYSTEM_FAILED, "sched_setaffinity");
	share((void **)&met, sizeof *met, fd);
	snprintf(met_path, sizeof met_path, "/proc/%ld/fd/%d", (long)getpid(),
	    fd);
	setenv("FAULT_MET", met_path, 1);
	learn_what_is_right(from);
	if (only != NULL) {
		snprintf(single.spec, sizeof single.spec, "%s", only);
		run_fault(&single);
		return;
	}
	list = list_faults(met, limit, seed, &n);
	for (i = (size_t)number; i < n; i += (size_t)workers)
		run_fault(&list[i]);
	if ((n - 1) % (size_t)workers == (size_t)number && !threads)
		go_to_the_end(list[n - 1]);
	free(list);
}

static int
workers_of(const char *only)
{
	cpu_set_t set;

	if (only != NULL || sched_getaffinity(0, sizeof set, &set) == -1)
		return 1;
	return CPU_COUNT(&set) < WORKERS_MAX ? CPU_COUNT(&set) : WORKERS_MAX;
}

static unsigned long
number_of(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0')
		errx(2, "%s: not a number", text);
	return n;
}

/* Beside this program. */
static void
find_shim(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 4);

	if (n == -1)
		err(SYSTEM_FAILED, "/proc/self/exe");
	memcpy(path + n, ".so", 4);
	shim = path;
}

int
main(int argc, char *argv[])
{
	const char *only = NULL;
	int ch, i, n, status, failed = 0;

	while ((ch = getopt(argc, argv, "+ac:i:n:o:p:rs:t")) != -1)
		switch (ch) {
		case 'a': adds = 1; break;
		case 'c': calls = optarg; break;
		case 'i': in = optarg; break;
		case 'n': limit = number_of(optarg); break;
		case 'o': only = optarg; break;
		case 'p': prepare = optarg; break;
		case 'r': is_random = 1; break;
		case 's': seed = number_of(optarg); break;
		case 't': threads = 1; break;
		default: return 2;
		}
	if (argc - optind < 3)
		errx(2, "usage: see the top of faults.c");
	name = argv[optind];
	command = argv + optind + 2;
	find_shim();
	setenv("ML_CLOCK_MS", "1800000000000", 1);
	share((void **)&total, sizeof *total, temporary());
	n = workers_of(only);
	for (i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			err(SYSTEM_FAILED, "fork");
		case 0:
			work(argv[optind + 1], only, i, n);
			exit(0);
		}
	while (wait(&status) != -1)
		failed |= status != 0;
	printf("%lu %lu\n", total->runs, total->failed);
	return failed || total->failed > 0;
}

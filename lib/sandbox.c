/* sandbox - what a tool gives up before it reads other people's bytes */
#define _GNU_SOURCE			/* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "sandbox.h"
#include "seccomp.h"
#include "text.h"

#if defined __linux__ && !defined ML_SANDBOX_OFF
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

/*
 * Landlock, as the newest kernel has it that is known here: headers are often
 * older.  The calls have these numbers on every architecture.
 */
#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define GIVE_VERSION 1U
#define PATH_BENEATH 1

#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIR (UINT64_C(1) << 3)
#define REMOVE_DIR (UINT64_C(1) << 4)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_REG (UINT64_C(1) << 8)
#define MAKE_SYM (UINT64_C(1) << 12)
#define TRUNCATE (UINT64_C(1) << 14)	/* ABI 3 */
#define IOCTL_DEV (UINT64_C(1) << 15)	/* ABI 5 */

struct ruleset {
	uint64_t fs;			/* what is denied but where a rule is */
	uint64_t net;			/* ABI 4: bind, connect */
	uint64_t scoped;		/* ABI 6: abstract sockets, signals */
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* A layer that is in force, or why it is not. */
static void
layer(struct ml_buf *out, int error, const char *name, const char *in_force)
{
	ml_buf_str(out, out->len > 0 ? ", " : "");
	if (error == 0) {
		ml_buf_str(out, in_force);
		return;
	}
	ml_buf_str(out, "no ");
	ml_buf_str(out, name);
	ml_buf_str(out, ": ");
	ml_buf_str(out, strerror(error));
}

#if defined __linux__ && !defined ML_SANDBOX_OFF

/* File rights by ABI: 13 at first, then REFER, TRUNCATE, and IOCTL_DEV. */
static uint64_t
rights(int abi)
{
	unsigned bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

	return (UINT64_C(1) << bits) - 1;
}

/* Leave out what would deny the tool its own files. */
static void
give_up(struct ml_sandbox *s, int error)
{
	s->files = error;
	if (s->ruleset != -1)
		close(s->ruleset);
	s->ruleset = -1;
}

static void
begin(struct ml_sandbox *s)
{
	struct ruleset r = { 0 };

	s->abi = (int)syscall(CREATE_RULESET, NULL, 0, GIVE_VERSION);
	if (s->abi >= 1) {
		r.fs = rights(s->abi);
		r.net = s->abi >= 4 && s->online != ML_SECCOMP_CALLS ?
		    3 : 0;
		r.scoped = s->abi >= 6 ? 3 : 0;
		/* what lies behind what the kernel knows must be 0, and is */
		s->ruleset = (int)syscall(CREATE_RULESET, &r, sizeof r, 0);
	}
	if (s->ruleset == -1)
		s->files = errno;
}

/* 0, or -1 with errno. */
static int
allow(struct ml_sandbox *s, const char *path, uint64_t file, uint64_t folder)
{
	struct path_beneath rule;
	struct stat st;
	int rc, error;

	if (s->ruleset == -1)
		return 0;
	/* with O_PATH a FIFO does not wait for its other end */
	if ((rule.fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return -1;
	if ((rc = fstat(rule.fd, &st)) == 0) {
		rule.allowed = (S_ISDIR(st.st_mode) ? folder : file) &
		    rights(s->abi);
		rc = (int)syscall(ADD_RULE, s->ruleset, PATH_BENEATH, &rule, 0);
	}
	error = errno;
	close(rule.fd);
	errno = error;
	/* a pipe and its like are no files to it, and always allowed */
	return rc == -1 && error == EBADFD ? 0 : rc;
}

static void
enter(struct ml_sandbox *s)
{
#ifdef ML_SANDBOX_SANITIZED
	(void)allow(s, "/proc", 0, READ_FILE | READ_DIR);
	(void)allow(s, "/proc/self/exe", READ_FILE, 0);
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		s->privileges = errno;
	if (s->ruleset != -1) {
		if (syscall(RESTRICT_SELF, s->ruleset, 0) == -1)
			give_up(s, errno);
		else
			close(s->ruleset);
	}
	if (ml_seccomp_enter(s->online) == -1)
		s->calls = errno;
}

static void
say(const struct ml_sandbox *s, struct ml_buf *out)
{
	layer(out, s->privileges, "no_new_privs", "no_new_privs");
	layer(out, s->files, "Landlock", "Landlock ABI ");
	if (s->files == 0) {
		ml_buf_int(out, s->abi);
		ml_buf_str(out, " (files in ");
		ml_buf_slice(out, ml_buf_view(&s->folders));
		ml_buf_str(out, s->abi >= 6 ? "; no TCP, no signals)" :
		    s->abi >= 4 ? "; no TCP)" : ")");
	}
	layer(out, s->calls, "seccomp",
	    "seccomp (no programs, no sockets)");
}

#elif defined __OpenBSD__ && !defined ML_SANDBOX_OFF

static void
give_up(struct ml_sandbox *s, int error)
{
	s->files = error;
}

static void
begin(struct ml_sandbox *s)
{
	(void)s;
}

static int
allow(struct ml_sandbox *s, const char *path, uint64_t file, uint64_t folder)
{
	(void)s, (void)file;
	return unveil(path, folder & WRITE_FILE ? "rwc" : "r");
}

static void
enter(struct ml_sandbox *s)
{
	if (pledge(s->online ? "stdio rpath wpath cpath fattr flock inet dns" :
	    s->has_devices ? "stdio rpath wpath cpath fattr flock tty" :
	    "stdio rpath wpath cpath fattr flock", NULL) == -1)
		s->calls = errno;
}

static void
say(const struct ml_sandbox *s, struct ml_buf *out)
{
	layer(out, s->files, "unveil", "unveil (files in ");
	if (s->files == 0) {
		ml_buf_slice(out, ml_buf_view(&s->folders));
		ml_buf_byte(out, ')');
	}
	layer(out, s->calls, "pledge", "pledge (no programs, no sockets)");
}

#else

static void
give_up(struct ml_sandbox *s, int error)
{
	s->files = error;
}

static void
begin(struct ml_sandbox *s)
{
	s->privileges = s->files = s->calls = ENOTSUP;
}

static int
allow(struct ml_sandbox *s, const char *path, uint64_t file, uint64_t folder)
{
	(void)s, (void)path, (void)file, (void)folder;
	return 0;
}

static void
enter(struct ml_sandbox *s)
{
	(void)s;
}

static void
say(const struct ml_sandbox *s, struct ml_buf *out)
{
	layer(out, s->files, "sandbox for this system", "");
}
#endif

/* What is not there, or not for us, is no better outside. */
static void
failed(struct ml_sandbox *s, int error)
{
	if (error != ENOENT && error != ENOTDIR && error != EACCES &&
	    error != ELOOP && error != ENAMETOOLONG)
		give_up(s, error);
}

static void
allow_folder_of(struct ml_sandbox *s, const char *real)
{
	const char *slash = strrchr(real, '/');
	char *folder = slash == NULL ? strdup(".") :
	    strndup(real, slash == real ? 1 : (size_t)(slash - real));

	if (folder == NULL) {
		give_up(s, ENOMEM);
		return;
	}
	if (allow(s, folder, 0, READ_FILE | WRITE_FILE | READ_DIR |
	    REMOVE_FILE | MAKE_REG | TRUNCATE) == -1)
		failed(s, errno);
	ml_buf_str(&s->folders, s->folders.len > 0 ? ", " : "");
	ml_text_bytes(&s->folders, folder, strlen(folder));
	free(folder);
}

void
ml_sandbox_begin(struct ml_sandbox *s)
{
	*s = (struct ml_sandbox){ .ruleset = -1 };
	begin(s);
}

void
ml_sandbox_begin_online(struct ml_sandbox *s)
{
	*s = (struct ml_sandbox){ .ruleset = -1, .online = ML_SECCOMP_CALLS };
	begin(s);
}

void
ml_sandbox_begin_called(struct ml_sandbox *s)
{
	*s = (struct ml_sandbox){ .ruleset = -1, .online = ML_SECCOMP_ANSWERS };
	begin(s);
}

void
ml_sandbox_read_below(struct ml_sandbox *s, const char *folder)
{
	if (allow(s, folder, 0, READ_FILE | READ_DIR) == -1)
		failed(s, errno);
}

void
ml_sandbox_devices(struct ml_sandbox *s, const char *path)
{
	const uint64_t device = READ_FILE | WRITE_FILE | IOCTL_DEV;

	s->has_devices = 1;
	if (allow(s, path, device, device | READ_DIR) == -1)
		failed(s, errno);
}

void
ml_sandbox_links(struct ml_sandbox *s, const char *folder)
{
	char *above = ml_file_beside(folder, "/..");

	if (above == NULL) {
		give_up(s, ENOMEM);
		return;
	}
	if (allow(s, folder, 0, READ_DIR | MAKE_SYM | REMOVE_FILE |
	    WRITE_FILE) == -1 || allow(s, above, 0, REMOVE_DIR) == -1)
		failed(s, errno);
	free(above);
}

void
ml_sandbox_read(struct ml_sandbox *s, const char *path)
{
	if (allow(s, path, READ_FILE, READ_DIR) == -1)
		failed(s, errno);
}

void
ml_sandbox_beside(struct ml_sandbox *s, const char *path)
{
	char *real = ml_file_resolve(path);

	if (real == NULL)
		failed(s, errno);
	else
		allow_folder_of(s, real);
	free(real);
}

void
ml_sandbox_log(struct ml_sandbox *s, const char *log)
{
	static const char *const sidecars[] = { ".held", ".refused", ".trust" };
	char *real = ml_file_resolve(log), *path, to;
	size_t i;

	if (real == NULL) {
		failed(s, errno);
		return;
	}
	allow_folder_of(s, real);
	for (i = 0; i < sizeof sidecars / sizeof sidecars[0]; i++) {
		if ((path = ml_file_beside(real, sidecars[i])) == NULL)
			give_up(s, ENOMEM);
		else if (readlink(path, &to, 1) != -1) {
			/* the trust file is somebody's configuration */
			if (strcmp(sidecars[i], ".trust") == 0)
				ml_sandbox_read(s, path);
			else
				ml_sandbox_beside(s, path);
		}
		free(path);
	}
	free(real);
}

void
ml_sandbox_enter(struct ml_sandbox *s, struct ml_buf *said)
{
	/* where randomness is a file, that is open then */
	if (sodium_init() == -1)
		give_up(s, ENOMEM);
	enter(s);
	if (said != NULL)
		say(s, said);
	ml_buf_free(&s->folders);
}

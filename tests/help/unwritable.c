/*
 * unwritable COMMAND [ARG ...] - run COMMAND where no file, temporary or not,
 * can be opened to be written, as on a system that is mounted read-only.  It
 * takes no rights, unlike a mount.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOW_WORD (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)
#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n) + LOW_WORD)
#define REFUSE (SECCOMP_RET_ERRNO | EROFS)
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define IF_NOT(n, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, skip)

int
main(int argc, char *argv[])
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
#ifdef SYS_openat2
		IF_NOT(SYS_openat2, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
#endif
#ifdef SYS_open
		IF_NOT(SYS_open, 2),
		LOAD(ARG(1)),
		BPF_STMT(BPF_JMP | BPF_JA, 2),
#endif
		IF_NOT(SYS_openat, 3),
		LOAD(ARG(2)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR |
		    O_CREAT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, REFUSE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof code / sizeof code[0], code };

	if (argc < 2)
		return 2;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1)
		err(111, "seccomp");
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}

/* seccomp - system calls that no tool here has a use for */
#include <errno.h>

#include "seccomp.h"

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __i386__
#define ARCH AUDIT_ARCH_I386
#elif defined __aarch64__ && !defined __AARCH64EB__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __arm__ && !defined __ARMEB__
#define ARCH AUDIT_ARCH_ARM
#elif defined __s390x__
#define ARCH AUDIT_ARCH_S390X
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#endif

#if defined __linux__ && defined ARCH

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define X32_BIT 0x40000000U

/*
 * What is refused.  Not what is allowed: what a C library or a sanitizer comes
 * to need is not ours to know, and files are Landlock's business, but for what
 * it does not see: modes, owners and attributes by name.  Nor is memory that is
 * made executable refused: valgrind and translators of code live on that.
 */
static const unsigned refused[] = {
	/* other programs */
	__NR_execve, __NR_execveat, __NR_memfd_create,
	/* being called over the network by more than now */
	__NR_listen,
	/* other processes; a sanitizer's look for leaks is a tracer's */
#ifndef ML_SANDBOX_SANITIZED
	__NR_ptrace,
#endif
	__NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp, __NR_kill,
	__NR_tkill, __NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo,
	__NR_setpriority, __NR_ioprio_set, __NR_sched_setaffinity,
	__NR_sched_setscheduler, __NR_sched_setparam, __NR_sched_setattr,
#ifdef __NR_shmget
	__NR_shmget, __NR_shmat, __NR_shmctl, __NR_semget, __NR_semctl,
	__NR_msgget, __NR_msgctl, __NR_msgsnd, __NR_msgrcv,
#endif
#ifdef __NR_ipc
	__NR_ipc,
#endif
	__NR_mq_open, __NR_mq_unlink,
	/* files by name, where Landlock does not look */
#ifdef __NR_chmod
	__NR_chmod, __NR_chown, __NR_lchown,
#endif
#ifdef __NR_chown32
	__NR_chown32, __NR_lchown32,
#endif
#ifdef __NR_truncate64
	__NR_truncate64,
#endif
#ifdef __NR_utimes
	__NR_utimes,
#endif
#ifdef __NR_utime
	__NR_utime,
#endif
#ifdef __NR_futimesat
	__NR_futimesat,
#endif
	__NR_fchmodat, __NR_fchownat, __NR_truncate, __NR_setxattr,
	__NR_lsetxattr, __NR_removexattr, __NR_lremovexattr,
	__NR_open_by_handle_at,
	/* the system */
	__NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_unshare,
	__NR_setns, __NR_swapon, __NR_reboot, __NR_init_module,
	__NR_finit_module, __NR_delete_module, __NR_kexec_load,
	__NR_personality, __NR_acct, __NR_sethostname, __NR_setdomainname,
	__NR_clock_settime, __NR_settimeofday, __NR_syslog, __NR_quotactl,
#ifdef __NR_iopl
	__NR_iopl, __NR_ioperm,
#endif
	/* much code of the kernel's that nothing here asks for */
	__NR_bpf, __NR_perf_event_open, __NR_fanotify_init, __NR_userfaultfd, __NR_keyctl,
	__NR_add_key, __NR_request_key,
	/* so numbered everywhere, but not named in every header:
	 * pidfd_send_signal, io_uring_*, open_tree, move_mount, fs*,
	 * pidfd_open; */
	424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434,
	438, 440, 442,	/* pidfd_getfd, process_madvise, mount_setattr; */
	452, 463,	/* fchmodat2, setxattrat */
};

/* Calling others over it.  The resolver binds a socket to ask for addresses. */
static const unsigned calling[] = {
#ifdef __NR_socketcall
	__NR_socketcall,
#endif
	__NR_socket, __NR_socketpair, __NR_connect, __NR_bind,
};

/* Being called. */
static const unsigned answering[] = {
#ifdef __NR_accept
	__NR_accept,
#endif
	__NR_accept4,
};

#define ANSWERING (sizeof answering / sizeof answering[0])
#define CALLING (sizeof calling / sizeof calling[0])
#define REFUSED (sizeof refused / sizeof refused[0] + CALLING + ANSWERING)
_Static_assert(REFUSED < 128, "REFUSED");

struct filter {
	struct sock_filter code[2 * REFUSED + 64];
	unsigned short n;
};

static void
put(struct filter *f, unsigned code, unsigned k, size_t yes, size_t no)
{
	f->code[f->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes,
	    (uint8_t)no, k };
}

static void
load(struct filter *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* Skip as many instructions unless the value is k, or unless it is. */
static void
unless(struct filter *f, unsigned k, size_t skip)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip);
}

static void
in_case(struct filter *f, unsigned k, size_t skip)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, k, skip, 0);
}

static void
answer(struct filter *f, unsigned how)
{
	put(f, BPF_RET | BPF_K, how, 0, 0);
}

/*
 * One of n numbers in order is refused, by what stands behind end; else it is
 * allowed, by what stands there.  Halved again and again: the kernel tries
 * every number when the filter comes, and a long row of them would take a
 * tenth of a millisecond at every start.
 */
static void
search(struct filter *f, const unsigned *number, size_t n, size_t end)
{
	size_t left = n / 2;

	if (n == 1) {
		put(f, BPF_JMP | BPF_JEQ | BPF_K, *number, end - f->n,
		    end - f->n - 1);
		return;
	}
	put(f, BPF_JMP | BPF_JGE | BPF_K, number[left], 2 * left - 1, 0);
	search(f, number, left, end);
	search(f, number + left, n - left, end);
}

/* Nothing is typed into the terminal that we were started from. */
static void
check_terminal(struct filter *f)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	unless(f, __NR_ioctl, 5);
	load(f, offsetof(struct seccomp_data, args[1]) + low);
	in_case(f, TIOCSTI, 1);
	unless(f, TIOCLINUX, 1);
	answer(f, REFUSE);
	answer(f, SECCOMP_RET_ALLOW);
}

/* A call that is allowed with this value of an argument alone. */
static void
only_with(struct filter *f, unsigned number, unsigned arg, unsigned value)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	size_t at = offsetof(struct seccomp_data, args) + 8 * arg;

	unless(f, number, 6);
	load(f, at + low);
	unless(f, value, 2);
	load(f, at + (4 - low));
	in_case(f, 0, 1);
	answer(f, REFUSE);
	answer(f, SECCOMP_RET_ALLOW);
}

/* Of calls that name a process: ourselves.  Of those that give a file's times:
 * what is open, and no name. */
static void
check_arguments(struct filter *f)
{
	only_with(f, __NR_tgkill, 0, (unsigned)getpid());
	only_with(f, __NR_prlimit64, 0, 0);
	only_with(f, __NR_utimensat, 1, 0);
#ifdef __NR_utimensat_time64
	only_with(f, __NR_utimensat_time64, 1, 0);
#endif
}

static int
ascending(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
ml_seccomp_enter(int online)
{
	struct filter f = { .n = 0 };
	struct sock_fprog program;
	unsigned sorted[REFUSED];
	size_t n = REFUSED - CALLING - ANSWERING;

	memcpy(sorted, refused, sizeof refused);
	if (online != ML_SECCOMP_CALLS) {
		memcpy(sorted + n, calling, sizeof calling);
		n += CALLING;
	}
	if (online != ML_SECCOMP_ANSWERS) {
		memcpy(sorted + n, answering, sizeof answering);
		n += ANSWERING;
	}
	qsort(sorted, n, sizeof sorted[0], ascending);
	load(&f, offsetof(struct seccomp_data, arch));
	in_case(&f, ARCH, 1);
	answer(&f, SECCOMP_RET_KILL_PROCESS);
	load(&f, offsetof(struct seccomp_data, nr));
#if defined __x86_64__ && !defined __ILP32__
	/* other numbers for the same; -1 is a call that a tracer has done */
	put(&f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 2);
	in_case(&f, ~0U, 1);
	answer(&f, SECCOMP_RET_KILL_PROCESS);
#endif
	check_terminal(&f);
	check_arguments(&f);
	search(&f, sorted, n, f.n + 2 * n - 1);
	answer(&f, SECCOMP_RET_ALLOW);
	answer(&f, REFUSE);
	program = (struct sock_fprog){ f.n, f.code };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

int
ml_seccomp_enter(int online)
{
	(void)online;
	errno = ENOTSUP;
	return -1;
}
#endif

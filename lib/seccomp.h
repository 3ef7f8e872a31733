/*
 * seccomp - system calls that no tool here has a use for once it reads other
 * people's bytes: refused (EPERM) for the rest of the process's life.  Linux
 * only.  Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
 */
#ifndef ML_SECCOMP_H
#define ML_SECCOMP_H

/* A sanitizer looks for leaks as a tracer does, and reads /proc to report. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ML_SANDBOX_SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ML_SANDBOX_SANITIZED
#endif

enum { ML_SECCOMP_OFFLINE, ML_SECCOMP_CALLS, ML_SECCOMP_ANSWERS };

/*
 * For this thread, and all that it starts; no_new_privs must be set.  0, or -1
 * with errno: ENOTSUP where the architecture's calls are not known here.  online:
 * others may be called over the network, or those answered who call at what
 * is open already.
 */
int ml_seccomp_enter(int online);
#endif

/*
 * signals - those that end a tool, caught where it waits and nowhere else.
 */
#ifndef ML_SIGNALS_H
#define ML_SIGNALS_H
#include <signal.h>

/*
 * SIGTERM, SIGINT and SIGHUP stay blocked but in ppoll(..., unblocked), where
 * they call the handler and end the wait.  SIGPIPE is ignored.
 */
void ml_signals_catch(void (*handler)(int), sigset_t *unblocked);
/* They end it at once again. */
void ml_signals_release(void);
#endif

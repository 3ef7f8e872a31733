/*
 * stop - signals that ask a program to end, as a descriptor that can be polled.
 */
#ifndef ML_STOP_H
#define ML_STOP_H

/*
 * From now on SIGTERM, SIGINT and SIGHUP make the descriptor readable, a byte
 * for each, and do nothing else; SIGPIPE does nothing, nor does a SIGHUP that was
 * ignored before.  The descriptor, or -1 with errno.
 */
int ml_stop_catch(void);
/* As if such a signal had come. */
void ml_stop_raise(void);
/* They end the program at once again. */
void ml_stop_release(void);
#endif

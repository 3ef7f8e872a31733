/*
 * testbed - virtual RNodes on one channel, with one clock, told what to do by
 * commands, telling what happens as lines of JSON.  Pure.
 * The commands and the lines are described in ml-air(1).
 */
#ifndef ML_TESTBED_H
#define ML_TESTBED_H
#include "air.h"
#include "vnode.h"

#define ML_TESTBED_NODES_MAX 60		/* the channel has more stations */
#define ML_TESTBED_LINE_MAX 8192	/* bytes of a command */
#define ML_TESTBED_SECONDS_MAX 1000000	/* of a wait */

struct ml_testbed;

struct ml_testbed_config {
	unsigned nodes;
	uint64_t seed;
	const struct ml_vnode_board *board;
	uint8_t major, minor;		/* of the firmware; 0: as it is */
	const struct ml_lora *saved;	/* NULL, or TNC mode with that */
	/* there are no ports: what hosts would say comes by commands */
	int is_virtual;
	void *arg;
	/* a line, with its newline */
	void (*trace)(void *arg, struct ml_slice line);
	/* a port is to come or to go: 0, or -1 if it cannot */
	int (*port)(void *arg, unsigned node, int is_there);
	/* a fault: the port is to go when its output has been written */
	void (*hangup)(void *arg, unsigned node);
};

/* All nodes have power and boot.  NULL: no memory. */
struct ml_testbed *ml_testbed_new(const struct ml_testbed_config *c);
void ml_testbed_free(struct ml_testbed *t);	/* takes NULL */
struct ml_vnode *ml_testbed_node(const struct ml_testbed *t, unsigned node);
/* When something happens next, or ML_AIR_NEVER; us. */
uint64_t ml_testbed_next(const struct ml_testbed *t);
void ml_testbed_advance(struct ml_testbed *t, uint64_t now);

/* What stands before a command and says when: "at 2.5" since the beginning,
 * "wait 3" after *due, the command before.  NULL and *due and the rest of line,
 * or a reason. */
const char *ml_testbed_when(struct ml_slice *line, uint64_t *due);
/* Do what a line says, now; blank ones and comments are nothing.  NULL, or a
 * reason and nothing is done. */
const char *ml_testbed_command(struct ml_testbed *t, uint64_t now,
    struct ml_slice line);
/* Whether nothing is sent, nor waits to be. */
int ml_testbed_is_idle(const struct ml_testbed *t);
int ml_testbed_has_quit(const struct ml_testbed *t);
/* The last line of the trace: what it came to. */
void ml_testbed_summary(struct ml_testbed *t);
#endif

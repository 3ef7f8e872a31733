/*
 * testbedwork - what a testbed consists of, for the files of testbed only.
 *   testbed.c     nodes, channel and clock; the trace
 *   testbedcmd.c  commands
 */
#ifndef ML_TESTBEDWORK_H
#define ML_TESTBEDWORK_H
#include "testbed.h"

struct node {
	struct ml_testbed *testbed;
	unsigned number;
	struct ml_vnode *vnode;
	int hangs_up;
	int is_placed;
	double x, y;			/* metres */
};

struct ml_testbed {
	struct ml_testbed_config config;
	uint64_t now;
	struct ml_air *air;
	struct node *node;
	struct ml_lora foreign;
	int has_quit;
	uint64_t packets, received, violations;
	struct ml_buf line;		/* of the trace, being made */
};

/* The beginning of a line of the trace; node -1: of none. */
struct ml_buf *testbed_line(struct ml_testbed *t, uint64_t now,
    const char *event, int node);
/* A member more. */
void testbed_int(struct ml_buf *b, const char *name, int64_t value);
void testbed_text(struct ml_buf *b, const char *name, const char *value);
void testbed_base64(struct ml_buf *b, const char *name, struct ml_slice bytes);
/* Its end. */
void testbed_say(struct ml_testbed *t);
/* The station for packets of other devices. */
unsigned testbed_foreign(const struct ml_testbed *t);
/* The port comes or goes: 0, or -1 if it cannot. */
int testbed_port(struct ml_testbed *t, unsigned node, int is_there);
#endif

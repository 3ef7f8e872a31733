/*
 * mergemsg - a message of two that merge: {"msg_type":"DATA","values":[1,2]}.
 * Pure.  Source: the project's document "Distributed Merge"; ml-merge(1).
 */
#ifndef ML_MERGEMSG_H
#define ML_MERGEMSG_H
#include "buf.h"

#define ML_MERGEMSG_TYPE_MAX 5		/* characters */
#define ML_MERGEMSG_VALUES_MAX 10
#define ML_MERGEMSG_VALUE_MAX INT64_C(2147483647)	/* 2^31 - 1 */

struct ml_mergemsg {
	char type[ML_MERGEMSG_TYPE_MAX + 1];
	unsigned n;
	uint32_t value[ML_MERGEMSG_VALUES_MAX];
};

/* Append it, without a newline. */
void ml_mergemsg_write(const struct ml_mergemsg *m, struct ml_buf *out);
/* Read a line: NULL or a static reason.  We send nothing below 0, so that is
 * refused; members that we do not know are ignored. */
const char *ml_mergemsg_read(struct ml_mergemsg *m, struct ml_slice line);
/* A number up to 2^62 - 1 takes two values: the higher bits, the lower 31. */
void ml_mergemsg_put(struct ml_mergemsg *m, uint64_t v);
uint64_t ml_mergemsg_get(const struct ml_mergemsg *m, unsigned pair);
#endif

/* unit - the few lines that a test program needs: TAP on stdout */
#ifndef UNIT_H
#define UNIT_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned unit_count, unit_failed;

/* One test.  What it is about is a printf format. */
#define ok(condition, ...) do { \
	int unit_ok = (condition); \
	unit_failed += !unit_ok; \
	printf("%sok %u - ", unit_ok ? "" : "not ", ++unit_count); \
	printf(__VA_ARGS__); \
	putchar('\n'); \
	if (!unit_ok) \
		printf("#   %s:%d: %s\n", __FILE__, __LINE__, #condition); \
} while (0)

static inline int
unit_done(void)
{
	printf("1..%u\n", unit_count);
	return unit_failed > 0;
}
#endif

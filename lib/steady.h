/*
 * steady - the time since some moment, by a clock that nobody sets: to measure
 * how long things take, and to wait.  Of the time of day it says nothing.
 */
#ifndef ML_STEADY_H
#define ML_STEADY_H
#include <stdint.h>

int64_t ml_steady_us(void);		/* microseconds, 0 or more */
int64_t ml_steady_ms(void);		/* the same, whole milliseconds */
#endif

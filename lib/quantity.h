/*
 * quantity - numbers as people write them in options: 867.2M, 125k, 1.5.  Pure.
 */
#ifndef ML_QUANTITY_H
#define ML_QUANTITY_H
#include <stdint.h>

/* Hz: digits with at most one point, then k, M or G or nothing; a whole number
 * of Hz below 2^32.  1, or 0: it is none. */
int ml_quantity_hz(const char *text, uint32_t *hz);
/* Percent with at most two decimals, above 0 and up to 100, times 100. */
int ml_quantity_percent(const char *text, unsigned *of_ten_thousand);
/* Bytes: digits with at most one point, then k, M or G or nothing; below 2^53.  1,
 * or 0: it is none. */
int ml_quantity_bytes(const char *text, uint64_t *bytes);
/* A number from least to most, with or without a point. */
int ml_quantity_real(const char *text, double least, double most,
    double *value);
/* The same in any spelling that strtod() takes: 1e-3 too. */
int ml_quantity_float(const char *text, double least, double most,
    double *value);
/* A whole number from least to most. */
int ml_quantity_int(const char *text, int least, int most, int *value);
#endif

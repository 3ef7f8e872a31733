/*
 * budget - airtime as a bank account: what was sent within any hour.  Pure.
 *
 * A sending counts in full until an hour after it has ended, so no hour,
 * wherever it begins, holds more than was granted.  Times are microseconds
 * since the machine was booted.
 */
#ifndef ML_BUDGET_H
#define ML_BUDGET_H
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define ML_BUDGET_WINDOW UINT64_C(3600000000)

struct ml_budget_entry {
	uint64_t key;			/* who booked it knows it by that */
	uint64_t until;			/* it has ended by then */
	uint64_t airtime;
};

struct ml_budget {
	struct ml_budget_entry *entry;	/* owned */
	size_t n, room;
	struct ml_table keys;		/* of the first so many entries */
	size_t known;
};

void ml_budget_free(struct ml_budget *b);	/* leaves an empty one */
/* Book an entry whose key is new.  0, or -1. */
int ml_budget_add(struct ml_budget *b, struct ml_budget_entry e);
/* Book an entry, or change the end of the one with its key.  0, or -1. */
int ml_budget_set(struct ml_budget *b, struct ml_budget_entry e);
/* The end of the one with that key: 1, or 0: there is none, or no memory. */
int ml_budget_end(struct ml_budget *b, uint64_t key, uint64_t *until);
/* Airtime that counts at a time; UINT64_MAX stands for more too. */
uint64_t ml_budget_used(const struct ml_budget *b, uint64_t now);
/* From when on airtime can be sent, of at most limit in any hour: now or later,
 * UINT64_MAX: never. */
uint64_t ml_budget_when(const struct ml_budget *b, uint64_t now,
    uint64_t limit, uint64_t airtime);
/* Forget what no longer counts. */
void ml_budget_expire(struct ml_budget *b, uint64_t now);
/* The one that ends first comes first. */
void ml_budget_sort(struct ml_budget *b);
/* Make one of those that have ended within grain of each other, with the end of
 * the last: none counts for less long, and each for at most grain longer. */
void ml_budget_merge(struct ml_budget *b, uint64_t now, uint64_t grain);
#endif

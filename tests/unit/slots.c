/* slots - what was put under a number is found, however many there are */
#include "slots.h"
#include "unit.h"

#define SPREAD UINT64_C(0x9e3779b97f4a7c15)
#define MOST 5000

static char piece[MOST];

/* Every step-th number, as they would come from a table of names. */
static void
check_step(uint32_t step)
{
	struct ml_pool pool = { 0 };
	struct ml_slots s = { 0 };
	uint32_t i, k, wrong = 0, seen = 0;
	char **at;

	ok(ml_slots_find(&s, SPREAD, step) == NULL, "in none nothing is found");
	for (i = 0; i < MOST; i++) {
		wrong += ml_slots_find(&s, SPREAD, i * step) != NULL;
		wrong += ml_slots_add(&s, &pool, SPREAD, i * step,
		    &piece[i]) == -1;
		k = i / 2;
		at = ml_slots_find(&s, SPREAD, k * step);
		wrong += at == NULL || *at != &piece[k];
	}
	ok(wrong == 0 && s.n == MOST, "%d, each %u apart", MOST, step);
	for (i = 0; i < s.room; i++)
		if (s.piece[i] != NULL) {
			k = ml_slots_number(&s, i);
			wrong += k % step != 0 || s.piece[i] != &piece[k / step];
			seen++;
		}
	ok(wrong == 0 && seen == MOST, "each is there once, with its number");
	ok(s.room < 2 * MOST, "and little room more: for %u", s.room);
	ml_pool_free(&pool);
}

static void
check_replace(void)
{
	struct ml_pool pool = { 0 };
	struct ml_slots s = { 0 };
	char **at;

	ml_slots_add(&s, &pool, SPREAD, 7, &piece[0]);
	if ((at = ml_slots_find(&s, SPREAD, 7)) != NULL)
		*at = &piece[1];
	at = ml_slots_find(&s, SPREAD, 7);
	ok(at != NULL && *at == &piece[1], "one is put in another's place");
	ok(s.n == 1, "it is still one");
	ml_pool_free(&pool);
}

int
main(void)
{
	check_step(1);
	check_step(8);
	check_step(65537);
	check_replace();
	return unit_done();
}

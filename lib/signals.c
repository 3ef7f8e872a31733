/* signals - those that end a tool, caught where it waits and nowhere else */
#include <stddef.h>

#include "signals.h"

static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

/* Give them an action, then block or unblock them. */
static void
set(void (*handler)(int), int how, sigset_t *before)
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t all;
	size_t i;

	sigemptyset(&all);
	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		sigaddset(&all, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(how, &all, before);
}

void
ml_signals_catch(void (*handler)(int), sigset_t *unblocked)
{
	size_t i;

	set(handler, SIG_BLOCK, unblocked);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		sigdelset(unblocked, numbers[i]);
}

void
ml_signals_release(void)
{
	set(SIG_DFL, SIG_UNBLOCK, NULL);
}

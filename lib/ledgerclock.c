/* ledgerclock - what time it is, for a ledger of airtime */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/timex.h>
#endif

#include "file.h"
#include "ledgerclock.h"

static int
read_boot(char boot[static ML_LEDGER_BOOT_LEN + 1])
{
	int fd = open(ML_LEDGER_BOOT_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd != -1) {
		n = ml_file_read(fd, boot, ML_LEDGER_BOOT_LEN);
		close(fd);
	}
	boot[n == ML_LEDGER_BOOT_LEN ? n : 0] = '\0';
	return n == ML_LEDGER_BOOT_LEN;
}

int
ml_ledger_read_clock(struct ml_ledger_clock *now)
{
	struct timespec t;
#ifdef __linux__
	const clockid_t since_boot = CLOCK_BOOTTIME;
	struct timex x = { 0 };
	int state = adjtimex(&x);

	now->is_synced = state != -1 && state != TIME_ERROR &&
	    !(x.status & STA_UNSYNC);
#else
	const clockid_t since_boot = CLOCK_MONOTONIC;

	now->is_synced = 0;
#endif
	if (!read_boot(now->boot))
		memcpy(now->boot, "-", 2);	/* one for ever, and no clock */
	if (clock_gettime(since_boot, &t) == -1)
		return -1;
	now->since_boot = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	if (clock_gettime(CLOCK_REALTIME, &t) == -1)
		return -1;
	now->wall = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	return 0;
}

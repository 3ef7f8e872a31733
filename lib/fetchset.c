/* fetchset - what people write of fetches */
#include <sodium.h>
#include <string.h>

#include "fetchset.h"
#include "quantity.h"

static const char NO_NUMBER[] = "not a number in its range";

const char *
ml_fetchset_jitter(struct ml_backoff *b, const char *text)
{
	double percent;

	if (strcmp(text, "full") == 0)
		b->jitter = ML_JITTER_FULL;
	else if (strcmp(text, "decorrelated") == 0)
		b->jitter = ML_JITTER_DECORRELATED;
	else if (ml_quantity_real(text, 0, 100, &percent)) {
		b->jitter = ML_JITTER_PART;
		b->part = percent / 100;
	} else
		return NO_NUMBER;
	return NULL;
}

const char *
ml_fetchset_stall(struct ml_fetch_options *o, char *text)
{
	char *slash = strchr(text, '/');
	uint64_t bytes;
	double seconds;

	if (slash == NULL)
		return "not BYTES/SECONDS, as 1k/30";
	*slash = '\0';
	if (!ml_quantity_bytes(text, &bytes))
		return "not a number of bytes, as 4096, 64k or 1.5M";
	if (!ml_quantity_real(slash + 1, 0.001, ML_FETCHSET_SECONDS_MAX, &seconds))
		return NO_NUMBER;
	o->stall_bytes = bytes;
	o->stall_seconds = seconds;
	return NULL;
}

const char *
ml_fetchset_sha256(uint8_t hash[static 32], const char *text)
{
	uint8_t got[32];
	size_t n;

	if (strlen(text) != 2 * sizeof got || sodium_hex2bin(got, sizeof got,
	    text, 2 * sizeof got, NULL, &n, NULL) == -1 || n != sizeof got)
		return "not 64 hex digits";
	memcpy(hash, got, sizeof got);
	return NULL;
}

const char *
ml_fetchset_file(const char *name)
{
	/* with it bodies keep their order, too */
	return strcmp(name, "-") == 0 || strcmp(name, "/dev/stdout") == 0 ?
	    NULL : name;
}

const char *
ml_fetchset_target(struct ml_fetch_target *t, char *line, size_t len)
{
	char *tab;

	if (strlen(line) != len)
		return "a NUL in it";
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	*t = (struct ml_fetch_target){ .url = line };
	if (*line == '\0')
		return NULL;
	if ((tab = strchr(line, '\t')) != NULL) {
		*tab = '\0';
		if (tab[1] == '\0')
			return "no file behind the tab";
		t->file = ml_fetchset_file(tab + 1);
	}
	return ml_httpurl_check((struct ml_slice){ line, strlen(line) });
}

/*
 * packets - COUNT packets as lines, by SEED, numbered from FIRST:
 *   packets COUNT [SEED [FIRST]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "dice.h"

int
main(int argc, char *argv[])
{
	unsigned long long n = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned long long i, first = argc > 3 ? strtoull(argv[3], NULL, 10) :
	    0;
	char payload[64];
	int len, k;

	for (i = first; i < first + n; i++) {
		len = snprintf(payload, sizeof payload, "packet_%06llu_%llu", i,
		    (unsigned long long)ml_dice_below(&seed, 1000000));
		printf("{\"sequence\": %llu, \"timestamp\": %llu.%03llu%04u, "
		    "\"payload\": \"", i, i / 1000, i % 1000,
		    (unsigned)ml_dice_below(&seed, 1000));
		for (k = 0; k < len; k++)
			printf("%02x", (unsigned char)payload[k]);
		printf("\", \"checksum\": %lu}\n", crc32(0,
		    (const Bytef *)payload, (uInt)len));
	}
	return fflush(stdout) == EOF ? 111 : 0;
}

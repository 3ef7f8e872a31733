/*
 * chain [-b BYTES] [-f SEQ] [-s SALT] AUTHOR FROM TO - print the events FROM to
 * TO of a feed, with texts of BYTES each.  Feeds of another SALT are others,
 * but only from SEQ on.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCH_MS 1700000000000LL	/* of seq 0 */

int
main(int argc, char *argv[])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char id[2 * sizeof hash + 1] = "", prev[sizeof id] = "";
	const char *salt = "", *author;
	long from, to, seq, fork = 1;
	size_t bytes = 20, len;
	char *text, *body;
	int ch;

	while ((ch = getopt(argc, argv, "b:f:s:")) != -1)
		switch (ch) {
		case 'b': bytes = strtoul(optarg, NULL, 10); break;
		case 'f': fork = strtol(optarg, NULL, 10); break;
		case 's': salt = optarg; break;
		default: return 2;
		}
	if (argc - optind != 3)
		return 2;
	author = argv[optind];
	from = strtol(argv[optind + 1], NULL, 10);
	to = strtol(argv[optind + 2], NULL, 10);
	text = malloc(bytes + 1);
	body = malloc(bytes + 2048);
	if (text == NULL || body == NULL)
		return 111;
	memset(text, 'x', bytes);
	text[bytes] = '\0';
	for (seq = 1; seq <= to; seq++) {
		const char *mark = seq >= fork ? salt : "";
		char payload[256];

		snprintf(payload, sizeof payload, "{\"record_id\":\"R-%ld\","
		    "\"text\":\"%.64s %ld ", seq % 7, mark, seq);
		len = (size_t)snprintf(body, bytes + 2048, "{\"author\":\"%s\",\"hlc\":[%lld,0],"
		    "\"kind\":\"note.add\",\"payload\":%s%s\"},\"prev\":\"%s\","
		    "\"seq\":%ld}", author, EPOCH_MS + seq, payload, text,
		    prev, seq);
		crypto_hash_sha256(hash, (unsigned char *)body, len);
		sodium_bin2hex(id, sizeof id, hash, sizeof hash);
		id[32] = '\0';
		if (seq >= from)
			printf("{\"a\":\"%s\",\"s\":%ld,\"h\":[%lld,0],\"k\":"
			    "\"note.add\",\"p\":%s%s\"},\"v\":\"%s\",\"i\":"
			    "\"%s\"}\n", author, seq, EPOCH_MS + seq,
			    payload, text, prev, id);
		memcpy(prev, id, sizeof prev);
	}
	free(text);
	free(body);
	return fflush(stdout) == EOF;
}

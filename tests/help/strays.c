/*
 * strays N - print N events of as many authors, whole, but each with a prev
 * although it is its author's first.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char *argv[])
{
	static const char payload[] = "{\"record_id\":\"R\",\"text\":\"astray\"}";
	static const char prev[] = "0123456789abcdef0123456789abcdef";
	unsigned char hash[crypto_hash_sha256_BYTES];
	char id[2 * sizeof hash + 1], body[512];
	unsigned long long len;
	long i, n;

	if (argc != 2)
		return 2;
	n = strtol(argv[1], NULL, 10);
	for (i = 1; i <= n; i++) {
		len = (unsigned long long)snprintf(body, sizeof body, "{\"author\":\"stray-%ld\","
		    "\"hlc\":[1700000000000,0],\"kind\":\"note.add\","
		    "\"payload\":%s,\"prev\":\"%s\",\"seq\":1}", i, payload,
		    prev);
		crypto_hash_sha256(hash, (unsigned char *)body, len);
		sodium_bin2hex(id, sizeof id, hash, sizeof hash);
		printf("{\"a\":\"stray-%ld\",\"s\":1,\"h\":[1700000000000,0],"
		    "\"k\":\"note.add\",\"p\":%s,\"v\":\"%s\",\"i\":"
		    "\"%.32s\"}\n", i, payload, prev, id);
	}
	return fflush(stdout) == EOF;
}

/*
 * forge [-i ID] A S H K P V - print one event from the JSON texts of its
 * members, which must be canonical, with the id that such content has or this
 * ID.  It shares nothing with the library: bad events need a second opinion.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char body[1 << 22];

int
main(int argc, char *argv[])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1], **m;
	const char *id = NULL;
	size_t len;
	int ch, n;

	while ((ch = getopt(argc, argv, "+i:")) != -1)
		if (ch != 'i')
			return 2;
		else
			id = optarg;
	m = argv + optind;
	if (argc - optind != 6)
		return 2;
	n = snprintf(body, sizeof body, "{\"author\":%s,\"hlc\":%s,\"kind\":%s,"
	    "\"payload\":%s,\"prev\":%s,\"seq\":%s}", m[0], m[2], m[3], m[4],
	    m[5], m[1]);
	if (n < 0 || (size_t)n >= sizeof body)
		return 2;
	len = (size_t)n;
	crypto_hash_sha256(hash, (unsigned char *)body, len);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	hex[32] = '\0';
	printf("{\"a\":%s,\"s\":%s,\"h\":%s,\"k\":%s,\"p\":%s,\"v\":%s,"
	    "\"i\":\"%s\"}\n", m[0], m[1], m[2], m[3], m[4], m[5],
	    id != NULL ? id : hex);
	return fflush(stdout) == EOF;
}

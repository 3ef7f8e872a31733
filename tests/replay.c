/* replay - give each file named to a fuzz target, without a fuzzer */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
main(int argc, char *argv[])
{
	FILE *in;
	uint8_t *data;
	long len;
	int i;

	if (argc < 2)
		errx(2, "usage: %s file ...", argv[0]);
	for (i = 1; i < argc; i++) {
		if ((in = fopen(argv[i], "rb")) == NULL ||
		    fseek(in, 0, SEEK_END) == -1 || (len = ftell(in)) == -1 ||
		    fseek(in, 0, SEEK_SET) == -1)
			err(111, "%s", argv[i]);
		/* exactly as long as it is: so that a sanitizer sees its end */
		if ((data = malloc(len > 0 ? (size_t)len : 1)) == NULL)
			err(111, NULL);
		if (fread(data, 1, (size_t)len, in) != (size_t)len)
			err(111, "%s", argv[i]);
		fclose(in);
		printf("%s\n", argv[i]);
		fflush(stdout);		/* which one, if it crashes */
		LLVMFuzzerTestOneInput(data, (size_t)len);
		free(data);
	}
	return 0;
}

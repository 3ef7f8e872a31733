/*
 * hold FILE [TEXT] - take the writers' lock on FILE, append TEXT, say "ready"
 * and keep the lock until stdin ends.
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	char byte;
	int fd;

	if (argc < 2)
		return 2;
	if ((fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600)) == -1 ||
	    flock(fd, LOCK_EX) == -1)
		err(111, "%s", argv[1]);
	if (argc > 2 && write(fd, argv[2], strlen(argv[2])) == -1)
		err(111, "%s", argv[1]);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		err(111, "standard output");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

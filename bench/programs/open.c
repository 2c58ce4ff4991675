// SPDX-License-Identifier: Apache-2.0
// open COUNT FILE: opens and closes FILE that many times and prints the CPU time of one in nanoseconds.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[1]) : 0;
	double before = 0;

	if (count <= 0)
		return 2;
	for (int i = -100; i < count; i++) {
		int fd;

		if (i == 0)
			before = nanoseconds();
		fd = open(argv[2], O_RDONLY);
		if (fd < 0 || close(fd)) {
			perror(argv[2]);
			return 1;
		}
	}
	printf("%.1f\n", (nanoseconds() - before) / count);
	return 0;
}

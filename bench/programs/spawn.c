// SPDX-License-Identifier: Apache-2.0
// spawn COUNT PROGRAM [NAME=VALUE]: starts PROGRAM that many times, one after the other, and prints the CPU time of each start in
// microseconds: posix_spawn, exec, exit and wait, of this process and the child together. COUNT "-": once for each byte
// on standard input, answered by a byte.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void)
{
	struct rusage children;
	struct timespec own;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return own.tv_sec * 1e6 + own.tv_nsec / 1e3 +
	       (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1e6 +
	       (children.ru_utime.tv_usec + children.ru_stime.tv_usec);
}

static void start(const char *program, char *environment)
{
	char *argv[] = {(char *)program, NULL}, *envp[] = {environment, NULL};
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, argv, envp) || waitpid(pid, &status, 0) != pid ||
	    !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s does not start, or ends badly\n", program);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	double before, *took;
	int count;
	char byte;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "-")) {
		while (read(0, &byte, 1) == 1) {
			start(argv[2], argv[3]);
			if (write(1, &byte, 1) != 1)
				return 1;
		}
		return 0;
	}
	count = atoi(argv[1]);
	took = calloc(count, sizeof(*took));
	if (!took)
		return 2;
	for (int i = 0; i < 10; i++) /* what is read for the first time is not what is measured */
		start(argv[2], argv[3]);
	for (int i = 0; i < count; i++) {
		before = microseconds();
		start(argv[2], argv[3]);
		took[i] = microseconds() - before;
	}
	for (int i = 0; i < count; i++)
		printf("%.1f\n", took[i]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Denied execs in a tight loop. What is started (trap.c) ends by SIGILL with its first instruction, so whoever runs one
 * is told from whoever was killed before it. */
#include "attempt.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct tally {
	long refused, killed, ran;
};

static void count_exec(struct tally *tally, const char *path)
{
	volatile int refused = 0;
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		refused = errno == EPERM;
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		__atomic_fetch_add(&tally->killed, 1, __ATOMIC_RELAXED);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 126 && refused)
		__atomic_fetch_add(&tally->refused, 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&tally->ran, 1, __ATOMIC_RELAXED);
}

/* arguments: the program, how often, by how many processes at once. Prints refused, killed, ran. */
ATTEMPT(storm)
{
	long count = atol(arguments[1]);
	int workers = atoi(arguments[2]);
	struct tally *tally =
		mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < workers; i++) {
		if (must(fork(), "fork"))
			continue;
		for (long n = i; n < count; n += workers)
			count_exec(tally, arguments[0]);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	printf("%ld %ld %ld\n", tally->refused, tally->killed, tally->ran);
}

/* Denied connections to ever new ports, until it is killed. */
ATTEMPT(flood)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	for (unsigned port = 1;; port++) {
		to.sin_port = htons(port);
		connect(fd, (struct sockaddr *)&to, sizeof(to));
	}
}

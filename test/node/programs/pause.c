/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of a pod's sandbox: holds its namespaces, waits for orphans, ends when asked to. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal)
{
	_exit(0);
}

static void wait_for_all(int signal)
{
	while (waitpid(-1, 0, WNOHANG) > 0)
		;
}

int main(void)
{
	signal(SIGTERM, leave);
	signal(SIGINT, leave);
	signal(SIGCHLD, wait_for_all);
	for (;;)
		pause();
}

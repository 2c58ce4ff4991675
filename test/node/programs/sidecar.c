/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in a sidecar's image for what injectors start there: ends at once as the init container that would set up the
 * redirect, and otherwise waits to be ended, as the proxy. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void leave(int signal)
{
	_exit(0);
}

int main(int count, char **arguments)
{
	if (count > 1 && strcmp(arguments[1], "istio-iptables") == 0)
		return 0;
	signal(SIGTERM, leave);
	for (;;)
		pause();
}

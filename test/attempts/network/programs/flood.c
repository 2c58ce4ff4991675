/* SPDX-License-Identifier: Apache-2.0 */
/* Many attempts by one process: no table may be the way through. */
#include "net.h"

/* As many destinations as arguments[5] says. */
ATTEMPT(flood_of_destinations)
{
	int fd = datagram(AF_INET), count = atoi(arguments[5]), sent = 0;
	union address to = address_of("10.128.0.0", PORT);
	uint32_t first = ntohl(to.four.sin_addr.s_addr);

	alarm(200);
	for (int i = 0; i < count; i++) {
		to.four.sin_addr.s_addr = htonl(first + i);
		sent += sendto(fd, MARKER, strlen(MARKER), 0, &to.any, size_of(&to)) > 0;
	}
	dprintf(1, "sent %d\n", sent);
}

ATTEMPT(flood_of_half_open)
{
	union address to = forbidden(PORT);
	int refused = 0;

	alarm(200);
	for (int i = 0; i < 3000; i++) {
		int fd = opened(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		to.four.sin_port = htons(6000 + i);
		refused += connect(fd, &to.any, size_of(&to)) < 0 && errno == EPERM;
		close(fd);
	}
	dprintf(1, "refused %d\n", refused);
}

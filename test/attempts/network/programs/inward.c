/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing whom the policy does not let this process hear. The other end sends the mark when it is told the port. */
#include "net.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

/* Says where, so that the test lets the other end speak. */
static void ready_at(int fd)
{
	union address at;
	socklen_t size = sizeof(at);
	char text[32];

	must(getsockname(fd, &at.any, &size), "getsockname");
	(void)!write(1, text, snprintf(text, sizeof(text), "listens %d\n", ntohs(at.four.sin_port)));
}

/* Until something is there, or the test says that the other end has spoken, and enough time for it has passed. */
static bool waits_for(int fd)
{
	struct pollfd both[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

	must(poll(both, 2, -1), "poll");
	return both[0].revents;
}

static void heard(int fd)
{
	char text[2048] = {};

	while (waits_for(fd)) {
		ssize_t size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

		if (size <= 0)
			break;
		if (memmem(text, size, MARKER, strlen(MARKER))) {
			mark();
			return;
		}
	}
}

static void accept_one(int fd)
{
	ready_at(fd);
	if (waits_for(fd))
		heard(accept(fd, NULL, NULL));
}

static void take_port(int fd, union address at)
{
	if (bind(fd, &at.any, size_of(&at)) == 0)
		return;
	said("bind", -1);
	_exit(errno == EPERM ? 0 : 1);
}

ATTEMPT(hears_tcp)
{
	int fd = stream(AF_INET);

	take_port(fd, address_of("0.0.0.0", 5501 + atoi(arguments[5])));
	must(listen(fd, 4), "listen");
	accept_one(fd);
}

ATTEMPT(hears_tcp_ipv6)
{
	int fd = stream(AF_INET6);

	take_port(fd, address_of("::", 5511 + atoi(arguments[5])));
	must(listen(fd, 4), "listen");
	accept_one(fd);
}

/* The kernel chooses the port; no bind announces it. */
ATTEMPT(hears_tcp_unbound)
{
	int fd = stream(AF_INET);

	must(listen(fd, 4), "listen");
	accept_one(fd);
}

ATTEMPT(hears_datagrams)
{
	int fd = datagram(AF_INET);

	take_port(fd, address_of("0.0.0.0", 5521 + atoi(arguments[5])));
	ready_at(fd);
	heard(fd);
}

/* Sent to an allowed host, heard from another one. */
ATTEMPT(hears_datagrams_unbound)
{
	int fd = datagram(AF_INET);
	union address to = allowed(ALLOWED_PORT);

	must(sendto(fd, "fine", 4, 0, &to.any, size_of(&to)), "sendto");
	ready_at(fd);
	heard(fd);
}

ATTEMPT(hears_multicast)
{
	int fd = datagram(AF_INET);
	struct ip_mreqn group = {.imr_ifindex = must(if_nametoindex(DEVICE), DEVICE)};

	take_port(fd, address_of("0.0.0.0", 0));
	inet_pton(AF_INET, "239.9.9.9", &group.imr_multiaddr);
	must(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), "IP_ADD_MEMBERSHIP");
	ready_at(fd);
	heard(fd);
}

ATTEMPT(hears_broadcast)
{
	int fd = datagram(AF_INET);

	take_port(fd, address_of("0.0.0.0", 0));
	option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	ready_at(fd);
	heard(fd);
}

/* Whatever passes by, of other processes too. */
ATTEMPT(hears_raw)
{
	int fd = opened(AF_INET, SOCK_RAW, IPPROTO_UDP);

	(void)!write(1, "listens 5531\n", 13);
	heard(fd);
}

ATTEMPT(hears_packets)
{
	int fd = opened(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));

	(void)!write(1, "listens 5532\n", 13);
	heard(fd);
}

/* Connections that are asked for and never made; each answer is one that a stranger got. */
ATTEMPT(hears_flood_of_half_open)
{
	int fd = stream(AF_INET);

	must(listen(fd, 4096), "listen");
	ready_at(fd);
	(void)!read(0, &(char){0}, 1);
}

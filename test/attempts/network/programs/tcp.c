/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to where the policy does not let this process connect. */
#include "net.h"
#include <linux/io_uring.h>
#include <poll.h>

ATTEMPT(tcp_connect)
{
	int fd = stream(AF_INET);

	if (reach(fd, forbidden(PORT)))
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_connect_ipv6)
{
	int fd = stream(AF_INET6);

	if (reach(fd, forbidden6(PORT)))
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_connect_mapped)
{
	char text[64];
	int fd = stream(AF_INET6);

	snprintf(text, sizeof(text), "::ffff:%s", arguments[0]);
	if (reach(fd, address_of(text, PORT)))
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_connect_port_53)
{
	int fd = stream(AF_INET);

	if (reach(fd, forbidden(53)))
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_connect_non_blocking)
{
	int fd = opened(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd one = {.fd = fd, .events = POLLOUT};

	reach(fd, forbidden(PORT));
	if (poll(&one, 1, 1000) > 0)
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_connect_many_at_once)
{
	union address to = forbidden(PORT);
	int fds[200];

	for (int i = 0; i < 200; i++) {
		fds[i] = opened(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[i], &to.any, size_of(&to));
	}
	usleep(200000);
	for (int i = 0; i < 200; i++)
		(void)!send(fds[i], MARKER, strlen(MARKER), MSG_DONTWAIT);
	usleep(100000);
}

ATTEMPT(tcp_fast_open)
{
	union address to = forbidden(PORT);
	int fd = stream(AF_INET);

	said("send", sendto(fd, MARKER, strlen(MARKER), MSG_FASTOPEN, &to.any, size_of(&to)));
	hear(fd);
}

ATTEMPT(tcp_fast_open_connect)
{
	int fd = stream(AF_INET);

	option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	reach(fd, forbidden(PORT));
	say(fd);
	hear(fd);
}

ATTEMPT(tcp_by_ring)
{
	union address to = forbidden(PORT);
	int fd = stream(AF_INET), result = ring_do(IORING_OP_CONNECT, fd, &to, 0, size_of(&to), 0);

	said("connect", result);
	if (result == 0)
		said("send", ring_do(IORING_OP_SEND, fd, MARKER, strlen(MARKER), 0, 0));
	hear(fd);
}

ATTEMPT(tcp_from_bound_port)
{
	int fd = stream(AF_INET);
	union address from = address_of("0.0.0.0", 0);

	must(bind(fd, &from.any, size_of(&from)), "bind");
	if (reach(fd, forbidden(PORT)))
		say(fd);
	hear(fd);
}

ATTEMPT(tcp_by_device)
{
	int fd = stream(AF_INET);

	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, DEVICE, sizeof(DEVICE)), "SO_BINDTODEVICE");
	if (reach(fd, forbidden(PORT)))
		say(fd);
	hear(fd);
}

/* Connected to where it may, then to where it may not, with the same socket. */
ATTEMPT(tcp_connect_again)
{
	union address nowhere = {.any.sa_family = AF_UNSPEC};
	int fd = stream(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	must(connect(fd, &nowhere.any, sizeof(nowhere.four)), "disconnect");
	if (reach(fd, forbidden(PORT)))
		say(fd);
	hear(fd);
}

/* The state of a connection, written as a checkpoint is read back: no handshake. */
ATTEMPT(tcp_repair)
{
	int fd = stream(AF_INET), on = 1, off = -1;
	union address from = address_of("0.0.0.0", 0);
	uint32_t window[5] = {0, 60000, 60000, 60000, 0};

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0) {
		said("TCP_REPAIR", -1);
		_exit(errno == EPERM ? 0 : 77);
	}
	must(bind(fd, &from.any, size_of(&from)), "bind");
	if (!reach(fd, forbidden(PORT)))
		return;
	must(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, window, sizeof(window)), "TCP_REPAIR_WINDOW");
	/* Without asking the other end whether it is there. */
	must(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), "TCP_REPAIR");
	say(fd);
	usleep(100000);
}

/* By way of the forbidden host to an allowed one. */
ATTEMPT(tcp_source_route)
{
	uint8_t route[12] = {1, 131, 11, 4};
	union address station = forbidden(0), end = allowed(ALLOWED_PORT);
	int fd = stream(AF_INET);

	memcpy(route + 4, &station.four.sin_addr, 4);
	memcpy(route + 8, &end.four.sin_addr, 4);
	must(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)), "IP_OPTIONS");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	reach(fd, end);
	usleep(100000);
}

ATTEMPT(tcp_from_foreign_address)
{
	union address from = address_of("10.88.0.1", 0);
	int fd = stream(AF_INET);

	option(fd, IPPROTO_IP, IP_FREEBIND, 1);
	option(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	must(bind(fd, &from.any, size_of(&from)), "bind");
	reach(fd, forbidden(PORT));
}

ATTEMPT(mptcp)
{
	int fd = opened(AF_INET, SOCK_STREAM, 262);

	if (reach(fd, forbidden(PORT)))
		say(fd);
	hear(fd);
}

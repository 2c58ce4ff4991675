/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams to where the policy does not let this process send, and transports beside TCP and UDP. */
#include "net.h"
#include <linux/io_uring.h>
#include <net/if.h>
#include <netinet/ip6.h>

ATTEMPT(udp_sendto)
{
	say_to(datagram(AF_INET), forbidden(PORT));
}

ATTEMPT(udp_sendto_ipv6)
{
	say_to(datagram(AF_INET6), forbidden6(PORT));
}

ATTEMPT(udp_sendto_mapped)
{
	char text[64];

	snprintf(text, sizeof(text), "::ffff:%s", arguments[0]);
	say_to(datagram(AF_INET6), address_of(text, PORT));
}

ATTEMPT(udp_port_53)
{
	say_to(datagram(AF_INET), forbidden(53));
}

ATTEMPT(udp_connected)
{
	int fd = datagram(AF_INET);

	reach(fd, forbidden(PORT));
	say(fd);
}

ATTEMPT(udp_connected_elsewhere)
{
	int fd = datagram(AF_INET);

	reach(fd, allowed(ALLOWED_PORT));
	say_to(fd, forbidden(PORT));
}

ATTEMPT(udp_sendmmsg)
{
	union address to[3] = {allowed(ALLOWED_PORT), forbidden(PORT), allowed(ALLOWED_PORT)};
	struct iovec good = {"fine", 4}, bad = {MARKER, strlen(MARKER)};
	struct mmsghdr all[3] = {};
	int fd = datagram(AF_INET);

	for (int i = 0; i < 3; i++) {
		all[i].msg_hdr.msg_name = &to[i];
		all[i].msg_hdr.msg_namelen = size_of(&to[i]);
		all[i].msg_hdr.msg_iov = i == 1 ? &bad : &good;
		all[i].msg_hdr.msg_iovlen = 1;
	}
	said("sendmmsg", sendmmsg(fd, all, 3, 0));
	said("sendmmsg", sendmmsg(fd, all + 1, 2, 0));
}

ATTEMPT(udp_by_ring)
{
	union address to = forbidden(PORT);
	struct iovec data = {MARKER, strlen(MARKER)};
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = size_of(&to), .msg_iov = &data, .msg_iovlen = 1};

	said("sendmsg", ring_do(IORING_OP_SENDMSG, datagram(AF_INET), &message, 1, 0, 0));
}

/* One call, many datagrams. */
ATTEMPT(udp_segmented)
{
	union address to = forbidden(PORT);
	char data[1500];
	int fd = datagram(AF_INET), size = 300;

	if (setsockopt(fd, IPPROTO_UDP, 103, &size, sizeof(size)) < 0)
		unsupported("UDP_SEGMENT");
	for (int i = 0; i < 5; i++) {
		memset(data + i * 300, ' ', 300);
		memcpy(data + i * 300, MARKER, strlen(MARKER));
	}
	said("send", sendto(fd, data, sizeof(data), 0, &to.any, size_of(&to)));
}

static void big(int family, union address to)
{
	static char data[8000];

	memset(data, 'x', sizeof(data));
	memcpy(data, MARKER, strlen(MARKER));
	said("send", sendto(datagram(family), data, sizeof(data), 0, &to.any, size_of(&to)));
}

ATTEMPT(udp_fragmented)
{
	big(AF_INET, forbidden(PORT));
}

ATTEMPT(udp_fragmented_ipv6)
{
	big(AF_INET6, forbidden6(PORT));
}

ATTEMPT(udp_broadcast)
{
	int fd = datagram(AF_INET);

	option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, DEVICE, sizeof(DEVICE)), "SO_BINDTODEVICE");
	say_to(fd, address_of("255.255.255.255", PORT));
}

ATTEMPT(udp_subnet_broadcast)
{
	int fd = datagram(AF_INET);

	option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	say_to(fd, address_of("10.99.0.255", PORT));
}

ATTEMPT(udp_multicast)
{
	int fd = datagram(AF_INET);
	struct ip_mreqn on = {.imr_ifindex = must(if_nametoindex(DEVICE), DEVICE)};

	must(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on, sizeof(on)), "IP_MULTICAST_IF");
	say_to(fd, address_of("239.1.2.3", PORT));
}

ATTEMPT(udp_multicast_ipv6)
{
	union address to = address_of("ff02::123", PORT);

	to.six.sin6_scope_id = if_nametoindex(DEVICE);
	say_to(datagram(AF_INET6), to);
}

/* The neighbour's address on the link, with the device as its scope: arguments[5]. */
ATTEMPT(udp_link_local)
{
	union address to = address_of(arguments[5], PORT);

	to.six.sin6_scope_id = if_nametoindex(DEVICE);
	say_to(datagram(AF_INET6), to);
}

ATTEMPT(udp_flow_label)
{
	union address to = forbidden6(PORT);
	int fd = datagram(AF_INET6);

	to.six.sin6_flowinfo = htonl(0x12345);
	said("autoflowlabel", setsockopt(fd, IPPROTO_IPV6, 70, &(int){1}, sizeof(int)));
	to.six.sin6_flowinfo = 0;
	say_to(fd, to);
}

static void with_header(int name, const void *header, socklen_t size)
{
	int fd = datagram(AF_INET6);

	if (setsockopt(fd, IPPROTO_IPV6, name, header, size) < 0) {
		said("header", -1);
		_exit(errno == EPERM ? 0 : 77);
	}
	say_to(fd, forbidden6(PORT));
}

ATTEMPT(udp_hop_by_hop)
{
	uint8_t header[8] = {0, 0, 1, 4, 0, 0, 0, 0};

	with_header(IPV6_HOPOPTS, header, sizeof(header));
}

ATTEMPT(udp_destination_options)
{
	uint8_t header[16] = {0, 1, 1, 12};

	with_header(IPV6_DSTOPTS, header, sizeof(header));
}

/* By way of the forbidden host to an allowed one. */
ATTEMPT(udp_source_route)
{
	uint8_t route[12] = {1, 131, 11, 4};
	union address station = forbidden(0), end = allowed(ALLOWED_PORT);
	int fd = datagram(AF_INET);

	memcpy(route + 4, &station.four.sin_addr, 4);
	memcpy(route + 8, &end.four.sin_addr, 4);
	must(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)), "IP_OPTIONS");
	say_to(fd, end);
}

ATTEMPT(udp_routing_header)
{
	union address station = forbidden6(0), end = allowed6(ALLOWED_PORT);
	uint8_t header[24] = {0, 2, 2, 1};
	int fd = datagram(AF_INET6);

	/* Type 2 (mobile IPv6): the packet goes to the station first. */
	memcpy(header + 8, &station.six.sin6_addr, 16);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof(header)) < 0)
		unsupported("IPV6_RTHDR");
	say_to(fd, end);
}

ATTEMPT(udp_from_foreign_address)
{
	union address from = address_of("10.88.0.1", 0);
	int fd = datagram(AF_INET);

	option(fd, IPPROTO_IP, IP_FREEBIND, 1);
	option(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	must(bind(fd, &from.any, size_of(&from)), "bind");
	say_to(fd, forbidden(PORT));
}

ATTEMPT(udp_from_chosen_address)
{
	union address to = forbidden(PORT);
	struct iovec data = {MARKER, strlen(MARKER)};
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {};
	struct msghdr message = {.msg_name = &to,
				 .msg_namelen = size_of(&to),
				 .msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	struct in_pktinfo info = {.ipi_ifindex = must(if_nametoindex(DEVICE), DEVICE)};

	head->cmsg_level = IPPROTO_IP;
	head->cmsg_type = IP_PKTINFO;
	head->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(head), &info, sizeof(info));
	said("sendmsg", sendmsg(datagram(AF_INET), &message, 0));
}

ATTEMPT(udp_lite)
{
	say_to(opened(AF_INET, SOCK_DGRAM, 136), forbidden(PORT));
}

ATTEMPT(sctp)
{
	int fd = opened(AF_INET, SOCK_STREAM, 132);

	/* The server has no SCTP: the first packet is what arrives. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	reach(fd, forbidden(PORT));
	usleep(100000);
}

ATTEMPT(dccp)
{
	int fd = opened(AF_INET, 6, 33);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	option(fd, 269, 2, htonl(42)); /* DCCP_SOCKOPT_SERVICE */
	reach(fd, forbidden(PORT));
	usleep(100000);
}

static void ping(int family, union address to, uint8_t type)
{
	uint8_t message[128] = {type};
	int fd = opened(family, SOCK_DGRAM, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	memcpy(message + 8, MARKER, strlen(MARKER));
	said("send", sendto(fd, message, 8 + strlen(MARKER), 0, &to.any, size_of(&to)));
}

ATTEMPT(ping_socket)
{
	ping(AF_INET, forbidden(0), 8);
}

ATTEMPT(ping_socket_ipv6)
{
	ping(AF_INET6, forbidden6(0), 128);
}

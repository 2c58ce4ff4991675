/* SPDX-License-Identifier: Apache-2.0 */
/* Packets whose headers the process writes, and packets that no socket of IP sends. */
#include "net.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

static size_t ip_packet(uint8_t *at, union address to, uint16_t fragment)
{
	struct iphdr *ip = (void *)at;
	size_t size = 20 + udp_packet(at + 20, PORT);

	memset(ip, 0, 20);
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(size);
	ip->id = htons(4711);
	ip->frag_off = htons(fragment);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	inet_pton(AF_INET, "10.99.0.1", &ip->saddr);
	ip->daddr = to.four.sin_addr.s_addr;
	ip->check = sum_of(ip, 20, 0);
	return size;
}

static void send_raw(union address to, uint16_t fragment)
{
	uint8_t packet[256];
	int fd = opened(AF_INET, SOCK_RAW, IPPROTO_RAW);
	size_t size = ip_packet(packet, to, fragment);

	said("send", sendto(fd, packet, size, 0, &to.any, size_of(&to)));
}

ATTEMPT(raw_udp)
{
	uint8_t packet[256];
	union address to = forbidden(0);
	int fd = opened(AF_INET, SOCK_RAW, IPPROTO_UDP);

	said("send", sendto(fd, packet, udp_packet(packet, PORT), 0, &to.any, size_of(&to)));
}

ATTEMPT(raw_own_header)
{
	send_raw(forbidden(0), 0);
}

/* A later fragment says no port. */
ATTEMPT(raw_later_fragment)
{
	send_raw(forbidden(0), 3);
}

ATTEMPT(raw_icmp)
{
	uint8_t message[128] = {8};
	union address to = forbidden(0);
	size_t size = 8 + strlen(MARKER);
	uint16_t sum;

	memcpy(message + 8, MARKER, size - 8);
	sum = sum_of(message, size, 0);
	memcpy(message + 2, &sum, 2);
	said("send",
	     sendto(opened(AF_INET, SOCK_RAW, IPPROTO_ICMP), message, size, 0, &to.any, size_of(&to)));
}

ATTEMPT(raw_unknown_protocol)
{
	say_to(opened(AF_INET, SOCK_RAW, 253), forbidden(0));
}

ATTEMPT(raw_ipv6)
{
	say_to(opened(AF_INET6, SOCK_RAW, 253), forbidden6(0));
}

ATTEMPT(raw_ipv6_own_header)
{
	uint8_t packet[256] = {};
	struct ip6_hdr *ip = (void *)packet;
	union address to = forbidden6(0);
	size_t size = udp_packet(packet + 40, PORT);
	int fd = opened(AF_INET6, SOCK_RAW, IPPROTO_RAW);

	ip->ip6_vfc = 0x60;
	ip->ip6_plen = htons(size);
	ip->ip6_nxt = IPPROTO_UDP;
	ip->ip6_hlim = 64;
	inet_pton(AF_INET6, "fd99::1", &ip->ip6_src);
	ip->ip6_dst = to.six.sin6_addr;
	said("send", sendto(fd, packet, 40 + size, 0, &to.any, size_of(&to)));
}

/* The other end's hardware address: arguments[5]. */
static struct sockaddr_ll link_address(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6};
	unsigned int bytes[6];

	to.sll_ifindex = must(if_nametoindex(DEVICE), DEVICE);
	if (sscanf(arguments[5], "%x:%x:%x:%x:%x:%x", bytes, bytes + 1, bytes + 2, bytes + 3, bytes + 4,
		   bytes + 5) != 6)
		must(-1, "hardware address");
	for (int i = 0; i < 6; i++)
		to.sll_addr[i] = bytes[i];
	return to;
}

ATTEMPT(packet_datagram)
{
	uint8_t packet[256];
	int fd = opened(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	struct sockaddr_ll to = link_address();
	size_t size = ip_packet(packet, forbidden(0), 0);

	said("send", sendto(fd, packet, size, 0, (void *)&to, sizeof(to)));
}

ATTEMPT(packet_raw)
{
	uint8_t frame[512] = {};
	int fd = opened(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	struct sockaddr_ll to = link_address();
	size_t size = ip_packet(frame + 14, forbidden(0), 0);

	memcpy(frame, to.sll_addr, 6);
	frame[12] = 8;
	said("send", sendto(fd, frame, 14 + size, 0, (void *)&to, sizeof(to)));
}

/* No protocol of IP at all. */
ATTEMPT(packet_other_protocol)
{
	int fd = opened(AF_PACKET, SOCK_DGRAM, 0);
	struct sockaddr_ll to = link_address();

	to.sll_protocol = htons(0x88b5);
	said("send", sendto(fd, MARKER, strlen(MARKER), 0, (void *)&to, sizeof(to)));
}

/* The old way to ask for the same. */
ATTEMPT(packet_of_inet)
{
	uint8_t packet[256];
	int fd = opened(AF_INET, SOCK_PACKET, htons(ETH_P_IP));
	struct sockaddr_ll to = link_address();
	struct {
		unsigned short family;
		char device[14];
		unsigned short protocol;
	} old = {AF_PACKET, DEVICE, htons(ETH_P_IP)};
	uint8_t frame[512] = {};
	size_t size = ip_packet(packet, forbidden(0), 0);

	memcpy(frame, to.sll_addr, 6);
	frame[12] = 8;
	memcpy(frame + 14, packet, size);
	said("send", sendto(fd, frame, 14 + size, 0, (void *)&old, sizeof(old)));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the wire: a server, and a witness of every frame that arrives. Prints a line for each
 *   frame PROTOCOL SOURCE DESTINATION PORT FLAGS MARK
 * with 0 and - for what is not there, and does what it is told, a line each:
 *   tcp|udp ADDRESS PORT TEXT   syn ADDRESS PORT FROM   count
 * Of the first two it says "told PORT TEXT" when that is done, whatever came of it. */
#include "net.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>

#define SERVERS 6
#define CLIENTS 2048
#define KNOCKS 500

static const int ports[SERVERS / 2] = {PORT, ALLOWED_PORT, 53};
static uint8_t seen[1 << 20]; /* destinations of 10.128.0.0/9, a bit each */

static void mark_of(const uint8_t *frame, ssize_t size, char *text, size_t room)
{
	const char *at = size > 0 ? memmem(frame, size, "ESCAPED:", 8) : NULL;
	size_t length = 0;

	while (at && at + length < (const char *)frame + size && at[length] != ';' && length < room - 1) {
		text[length] = at[length];
		length++;
	}
	strcpy(text + length, length ? "" : "-");
}

static void tell(const uint8_t *frame, ssize_t size, uint16_t protocol)
{
	char from[64] = "-", to[64] = "-", text[128];
	int kind = 0, port = 0, flags = 0;
	const uint8_t *head = NULL;

	if (protocol == ETH_P_IP && size >= 20) {
		uint32_t address;

		memcpy(&address, frame + 16, 4);
		address = ntohl(address);
		if (address >> 23 == (10u << 24 | 128 << 16) >> 23) {
			seen[(address & 0x7fffff) >> 3] |= 1 << (address & 7);
			return;
		}
		inet_ntop(AF_INET, frame + 12, from, sizeof(from));
		inet_ntop(AF_INET, frame + 16, to, sizeof(to));
		kind = frame[9];
		if (!((frame[6] << 8 | frame[7]) & 0x1fff))
			head = frame + (frame[0] & 15) * 4;
	} else if (protocol == ETH_P_IPV6 && size >= 40) {
		inet_ntop(AF_INET6, frame + 8, from, sizeof(from));
		inet_ntop(AF_INET6, frame + 24, to, sizeof(to));
		kind = frame[6];
		head = frame + 40;
	} else if (protocol == ETH_P_ARP) {
		return;
	}
	if (head && head + 14 <= frame + size && (kind == IPPROTO_TCP || kind == IPPROTO_UDP)) {
		port = head[2] << 8 | head[3];
		flags = kind == IPPROTO_TCP ? head[13] : 0;
	}
	mark_of(frame, size, text, sizeof(text));
	printf("frame %d %s %s %d %d %s\n", protocol == ETH_P_IP || protocol == ETH_P_IPV6 ? kind : -protocol,
	       from, to, port, flags, text);
}

static void serve(struct pollfd *all, int *count)
{
	char text[65536];

	for (int i = 0; i < SERVERS; i++) {
		if (!(all[i].revents & POLLIN))
			continue;
		if (i % 2) {
			(void)!recv(all[i].fd, text, sizeof(text), MSG_DONTWAIT);
		} else {
			int client = accept4(all[i].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

			if (client >= 0 && *count < CLIENTS)
				all[(*count)++] = (struct pollfd){.fd = client, .events = POLLIN};
			else
				close(client);
		}
	}
	for (int i = SERVERS + 2; i < *count; i++) {
		ssize_t size;

		if (!all[i].revents)
			continue;
		size = recv(all[i].fd, text, sizeof(text), MSG_DONTWAIT);
		if (size > 0) {
			(void)!send(all[i].fd, "heard", 5, MSG_DONTWAIT);
			if (memmem(text, size, "HALF", 4))
				shutdown(all[i].fd, SHUT_WR);
		} else {
			close(all[i].fd);
			all[i--] = all[--*count];
		}
	}
}

/* Begins KNOCKS connections, from as many ports, and makes none. */
static void knock(const char *address, int port, int from)
{
	union address to = address_of(address, 0);
	int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_TCP), "raw socket");

	for (int i = 0; i < KNOCKS; i++) {
		struct {
			uint32_t from, to;
			uint16_t protocol, size;
			uint16_t source, destination;
			uint32_t sequence, answer;
			uint8_t offset, flags;
			uint16_t window, sum, urgent;
		} packet = {.protocol = htons(IPPROTO_TCP), .size = htons(20)};

		inet_pton(AF_INET, "10.99.0.2", &packet.from);
		packet.to = to.four.sin_addr.s_addr;
		packet.source = htons(from + i);
		packet.destination = htons(port);
		packet.sequence = htonl(i);
		packet.offset = 0x50;
		packet.flags = 2;
		packet.window = htons(1000);
		packet.sum = sum_of(&packet, sizeof(packet), 0);
		sendto(fd, &packet.source, 20, 0, &to.any, sizeof(to.four));
	}
	close(fd);
}

static void obey(char *line)
{
	char what[16], address[64], text[256], said[300];
	int port;

	if (!strncmp(line, "count", 5)) {
		int distinct = 0;

		for (size_t i = 0; i < sizeof(seen); i++)
			distinct += __builtin_popcount(seen[i]);
		memset(seen, 0, sizeof(seen));
		printf("count %d\n", distinct);
		return;
	}
	if (sscanf(line, "%15s %63s %d %255s", what, address, &port, text) != 4 || fork())
		return;
	if (!strcmp(what, "syn")) {
		knock(address, port, atoi(text));
	} else {
		union address to = address_of(address, port);
		int fd = socket(to.any.sa_family, *what == 't' ? SOCK_STREAM : SOCK_DGRAM, 0);
		struct ip_mreqn on = {.imr_ifindex = if_nametoindex("peer0")};

		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = 3},
			   sizeof(struct timeval));
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on, sizeof(on));
		if (connect(fd, &to.any, size_of(&to)) == 0)
			(void)!send(fd, text, strlen(text), 0);
		usleep(400000);
	}
	(void)!write(1, said, snprintf(said, sizeof(said), "told %d %s\n", port, text));
	_exit(0);
}

ATTEMPT(peer)
{
	static struct pollfd all[CLIENTS + 1];
	static uint8_t frame[65536];
	static char orders[4096];
	size_t left = 0;
	int count = SERVERS + 2, witness;

	alarm(0);
	signal(SIGCHLD, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	witness = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_ALL)), "packet socket");
	option(witness, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20);
	for (int i = 0; i < SERVERS; i++) {
		union address at = address_of("::", ports[i / 2]);

		all[i].fd = must(socket(AF_INET6, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0), "socket");
		all[i].events = POLLIN;
		must(bind(all[i].fd, &at.any, sizeof(at.six)), "bind");
		if (i % 2 == 0) {
			option(all[i].fd, IPPROTO_TCP, TCP_FASTOPEN, 16);
			must(listen(all[i].fd, 512), "listen");
		}
	}
	all[SERVERS] = (struct pollfd){.fd = witness, .events = POLLIN};
	all[SERVERS + 1] = (struct pollfd){.fd = 0, .events = POLLIN};
	printf("ready\n");
	for (;;) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		ssize_t got;

		poll(all, count, -1);
		while ((got = recvfrom(witness, frame, sizeof(frame), 0, (void *)&from, &size)) >= 0)
			if (from.sll_pkttype != PACKET_OUTGOING)
				tell(frame, got, ntohs(from.sll_protocol));
		if (all[SERVERS + 1].revents) {
			char *end;

			got = read(0, orders + left, sizeof(orders) - left - 1);
			if (got <= 0)
				return;
			left += got;
			orders[left] = 0;
			while ((end = strchr(orders, '\n'))) {
				*end = 0;
				obey(orders);
				left -= end + 1 - orders;
				memmove(orders, end + 1, left + 1);
			}
		}
		serve(all, &count);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What attempts to talk have at hand. Arguments: a forbidden address of IPv4 and of IPv6, each of this attempt alone; a
 * mark that is sent, for which the other end of the wire looks; an allowed address of IPv4 and of IPv6; then others. */
#ifndef NET_H
#define NET_H

#include "../../programs/attempt.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A server listens there, for TCP and UDP. */
#define PORT 4444
#define ALLOWED_PORT 80
#define DEVICE "pod0"

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

#define MARKER (arguments[2])

union address address_of(const char *text, int port);
static inline socklen_t size_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->four) : sizeof(address->six);
}
union address forbidden(int port);
union address forbidden6(int port);
union address allowed(int port);
union address allowed6(int port);

/* An open socket, or the end with status 77: this kernel has no such sockets. */
int opened(int family, int type, int protocol);
int stream(int family);
int datagram(int family);
void option(int fd, int level, int name, int value);
/* Says how it went; false: it was refused. */
bool reach(int fd, union address to);
void say(int fd);
void say_to(int fd, union address to);
/* Says that it is ready, and waits for a line: meanwhile the policy changes. */
void wait_for_policy(void);
/* The answer of the other end, or nothing for a moment. */
void hear(int fd);
uint16_t sum_of(const void *data, size_t size, uint32_t start);
/* UDP header and mark, with a source port of its own; answers the size. */
size_t udp_packet(uint8_t *at, int port);

/* One operation of a ring, waited for. Descriptors made by another thread of the kernel. */
struct io_uring_sqe;
int ring_do(uint8_t operation, int fd, const void *address, uint64_t length, uint64_t offset, uint32_t flags);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that the policy allowed when they were made, and does not any more when something is said over them. */
#include "net.h"
#include <linux/io_uring.h>
#include <sys/sendfile.h>

static int made(void)
{
	int fd = stream(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	must(send(fd, "fine", 4, 0), "send");
	hear(fd);
	return fd;
}

static int made_then_tightened(void)
{
	int fd = made();

	wait_for_policy();
	return fd;
}

ATTEMPT(established_write)
{
	int fd = made_then_tightened();

	say(fd);
	hear(fd);
}

ATTEMPT(established_ipv6)
{
	int fd = stream(AF_INET6);

	if (!reach(fd, allowed6(ALLOWED_PORT)))
		_exit(1);
	wait_for_policy();
	say(fd);
	hear(fd);
}

ATTEMPT(established_sendfile)
{
	int file = must(memfd_create("mark", MFD_CLOEXEC), "memfd_create"), fd = made_then_tightened();

	must(write(file, MARKER, strlen(MARKER)), "write");
	said("sendfile", sendfile(fd, file, &(off_t){0}, strlen(MARKER)));
	hear(fd);
}

ATTEMPT(established_splice)
{
	int fd = made_then_tightened(), ends[2];

	must(pipe2(ends, O_CLOEXEC), "pipe");
	must(write(ends[1], MARKER, strlen(MARKER)), "write");
	said("splice", splice(ends[0], NULL, fd, NULL, strlen(MARKER), 0));
	hear(fd);
}

ATTEMPT(established_zero_copy)
{
	int fd = made_then_tightened();

	option(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	said("send", send(fd, MARKER, strlen(MARKER), MSG_ZEROCOPY));
	hear(fd);
}

ATTEMPT(established_by_ring)
{
	int fd = made_then_tightened();

	said("send", ring_do(IORING_OP_SEND, fd, MARKER, strlen(MARKER), 0, 0));
	hear(fd);
}

ATTEMPT(established_urgent)
{
	int fd = made_then_tightened();

	said("send", send(fd, MARKER, strlen(MARKER), MSG_OOB));
	hear(fd);
}

ATTEMPT(established_half_closed)
{
	int fd = stream(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	must(send(fd, "HALF", 4, 0), "send"); /* the other end closes its half */
	hear(fd);
	usleep(100000);
	wait_for_policy();
	say(fd);
	usleep(300000);
}

/* The process is gone before its data is sent. */
ATTEMPT(established_left_behind)
{
	int fd = made_then_tightened();

	option(fd, IPPROTO_TCP, TCP_CORK, 1);
	say(fd);
	close(fd);
}

ATTEMPT(established_inherited)
{
	int fd = made();

	if (must(fork(), "fork")) {
		close(fd); /* the descendant has it for itself */
		wait(NULL);
		return;
	}
	wait_for_policy();
	say(fd);
	hear(fd);
}

ATTEMPT(established_multipath)
{
	int fd = opened(AF_INET, SOCK_STREAM, 262);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	must(send(fd, "fine", 4, 0), "send");
	hear(fd);
	wait_for_policy();
	say(fd);
	hear(fd);
}

ATTEMPT(established_datagrams)
{
	int fd = datagram(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	must(send(fd, "fine", 4, 0), "send");
	wait_for_policy();
	say(fd);
}

ATTEMPT(established_datagrams_unconnected)
{
	int fd = datagram(AF_INET);
	union address to = allowed(ALLOWED_PORT);

	must(sendto(fd, "fine", 4, 0, &to.any, size_of(&to)), "sendto");
	wait_for_policy();
	say_to(fd, to);
}

/* Collected while it was allowed, let go when it is not. */
ATTEMPT(established_datagram_corked)
{
	int fd = datagram(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	option(fd, IPPROTO_UDP, 1, 1); /* UDP_CORK */
	must(send(fd, MARKER, strlen(MARKER), 0), "send");
	wait_for_policy();
	said("uncork", setsockopt(fd, IPPROTO_UDP, 1, &(int){0}, sizeof(int)));
}

ATTEMPT(established_accepted)
{
	union address at = address_of("0.0.0.0", 5600 + atoi(arguments[5]));
	int fd = stream(AF_INET), one;

	option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	must(bind(fd, &at.any, size_of(&at)), "bind");
	must(listen(fd, 4), "listen");
	dprintf(1, "listens %d\n", ntohs(at.four.sin_port));
	one = must(accept(fd, NULL, NULL), "accept");
	hear(one);
	wait_for_policy();
	say(one);
	usleep(300000);
}

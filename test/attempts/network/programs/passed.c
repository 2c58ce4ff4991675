/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that go from one process to another. */
#include "net.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/un.h>

static void pass(int over, int fd)
{
	struct iovec data = {MARKER, strlen(MARKER) + 1};
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	said("pass", sendmsg(over, &message, 0));
}

/* The socket, or -1; the mark that came with it. */
static int take(int from, char *text, size_t size)
{
	struct iovec data = {text, size};
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(from, &message, 0) <= 0)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(int));
	said("take", fd);
	return fd;
}

static struct sockaddr_un meeting(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strncpy(at.sun_path + 1, name, sizeof(at.sun_path) - 2);
	return at;
}

/* Outside of every policy: says the mark over each socket that it is given. Its name: arguments[0]. */
ATTEMPT(takes)
{
	struct sockaddr_un at = meeting(arguments[0]);
	int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	alarm(0);
	must(bind(fd, (void *)&at, sizeof(at)), "bind");
	must(listen(fd, 64), "listen");
	for (;;) {
		char text[256] = {};
		int from = must(accept(fd, NULL, NULL), "accept"),
		    socket = take(from, text, sizeof(text) - 1);

		if (socket >= 0)
			said("send", send(socket, text, strlen(text), MSG_DONTWAIT));
		close(socket);
		(void)!write(from, "done", 4);
		close(from);
	}
}

static void hand_over(const char *name, int fd)
{
	struct sockaddr_un at = meeting(name);
	int over = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	char done[4];

	must(connect(over, (void *)&at, sizeof(at)), "connect to who takes");
	pass(over, fd);
	(void)!read(over, done, 4);
	usleep(100000);
}

/* To a process that no policy selects, named arguments[5]. */
ATTEMPT(passed_to_free_process)
{
	int fd = stream(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	wait_for_policy();
	hand_over(arguments[5], fd);
}

ATTEMPT(datagrams_passed_to_free_process)
{
	int fd = datagram(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	wait_for_policy();
	hand_over(arguments[5], fd);
}

/* The other program, which gets a socket over descriptor 9. */
ATTEMPT(takes_one)
{
	char text[256] = {};
	int fd = take(9, text, sizeof(text) - 1);

	if (fd >= 0)
		said("send", send(fd, text, strlen(text), 0));
	usleep(100000);
}

static void pass_to_other_program(int fd)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	if (must(fork(), "fork") == 0) {
		dup2(pair[1], 9);
		execl(arguments[5], arguments[5], "takes_one", NULL);
		said(arguments[5], -1);
		_exit(1);
	}
	close(pair[1]);
	usleep(50000);
	pass(pair[0], fd);
	close(fd);
	wait(NULL);
}

/* To a program whose entry allows no connection: arguments[5]. */
ATTEMPT(passed_to_denied_program)
{
	int fd = stream(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	pass_to_other_program(fd);
}

ATTEMPT(datagrams_passed_to_denied_program)
{
	int fd = datagram(AF_INET);

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	pass_to_other_program(fd);
}

/* By a descriptor of the process: pidfd_getfd. */
ATTEMPT(fetched_by_denied_program)
{
	int fd = stream(AF_INET), status;
	char pid[16], number[16];

	if (!reach(fd, allowed(ALLOWED_PORT)))
		_exit(1);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(number, sizeof(number), "%d", fd);
	if (must(fork(), "fork") == 0) {
		execl(arguments[5], arguments[5], "fetches_one", pid, number, MARKER, NULL);
		said(arguments[5], -1);
		_exit(1);
	}
	wait(&status);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) == 77 ? 77 : 0);
}

ATTEMPT(fetches_one)
{
	int process = syscall(SYS_pidfd_open, atoi(arguments[0]), 0), fd;

	fd = process < 0 ? -1 : syscall(438, process, atoi(arguments[1]), 0);
	if (fd < 0 && errno == ENOSYS)
		unsupported("pidfd_getfd");
	said("fetch", fd);
	if (fd >= 0)
		say(fd);
	usleep(100000);
}

/* A packet socket that a process outside of every policy has made: asked for at arguments[6]. */
ATTEMPT(gives_packet_socket)
{
	struct sockaddr_un at = meeting(arguments[0]);
	int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	alarm(0);
	arguments[2] = "";
	must(bind(fd, (void *)&at, sizeof(at)), "bind");
	must(listen(fd, 64), "listen");
	for (;;) {
		int to = must(accept(fd, NULL, NULL), "accept");
		int packet = must(socket(AF_PACKET, SOCK_DGRAM, 0), "packet socket");

		pass(to, packet);
		close(packet);
		close(to);
	}
}

ATTEMPT(packet_socket_received)
{
	struct sockaddr_un at = meeting(arguments[5]);
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b6), .sll_halen = 6};
	char text[256];
	int from = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), fd;

	must(connect(from, (void *)&at, sizeof(at)), "connect to who gives");
	fd = take(from, text, sizeof(text));
	if (fd < 0)
		return;
	to.sll_ifindex = must(if_nametoindex(DEVICE), DEVICE);
	memset(to.sll_addr, 0xff, 6);
	said("send", sendto(fd, MARKER, strlen(MARKER), 0, (void *)&to, sizeof(to)));
}

// SPDX-License-Identifier: Apache-2.0
// Two programs that talk over TCP, for comparing what lies between them.
//   talk serve PORT                                  echoes what it gets; a connection whose first byte is S is only read
//   talk exchange HOST PORT CONNECTIONS MS [START]   64 bytes there and back, the next as soon as the last is back
//   talk connect HOST PORT MS                        a new connection for each exchange
//   talk stream HOST PORT MS                         as many bytes as go through
// START: CLOCK_MONOTONIC in ms, for several that begin together. The clients print one line of JSON: done, ms, and how
// many took how long, in buckets of 1/32 of a power of two of nanoseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { size = 64, most = 1024, sub = 32, buckets = 64 * sub };

static uint64_t histogram[buckets];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static void took(uint64_t ns)
{
	int power = 63 - __builtin_clzll(ns | sub);
	int bucket = power * sub + (int)((ns >> (power - 5)) & (sub - 1));

	histogram[bucket]++;
}

static void print(uint64_t done, uint64_t begun)
{
	const char *comma = "";

	printf("{\"done\":%llu,\"ms\":%.3f,\"buckets\":{", (unsigned long long)done, (now() - begun) / 1e6);
	for (int i = 0; i < buckets; i++) {
		if (!histogram[i])
			continue;
		printf("%s\"%d\":%llu", comma, i, (unsigned long long)histogram[i]);
		comma = ",";
	}
	printf("}}\n");
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		fail(host);
	return to;
}

static int dial(const struct sockaddr_in *to)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const void *)to, sizeof(*to)))
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void send_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = write(fd, bytes, length);

		if (sent < 0)
			fail("write");
		bytes += sent;
		length -= sent;
	}
}

static void receive_all(int fd, char *bytes, size_t length)
{
	while (length) {
		ssize_t got = read(fd, bytes, length);

		if (got <= 0)
			fail("read");
		length -= got;
	}
}

static void serve(const char *port)
{
	static char bytes[1 << 17];
	static char sinks[1 << 16]; // by descriptor: 1 only read, 2 echoed
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&at, sizeof(at)) || listen(listener, 1024))
		fail("listen");
	event.data.fd = listener;
	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int ready = epoll_wait(poll, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;
			ssize_t got;

			if (fd == listener) {
				event.data.fd = fd = accept(listener, 0, 0);
				if (fd < 0)
					continue;
				if (fd >= (int)sizeof(sinks)) {
					close(fd);
					continue;
				}
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
				sinks[fd] = 0;
				epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
				continue;
			}
			got = read(fd, bytes, sizeof(bytes));
			if (got <= 0) {
				close(fd);
				continue;
			}
			if (!sinks[fd])
				sinks[fd] = bytes[0] == 'S' ? 1 : 2;
			if (sinks[fd] == 2 && write(fd, bytes, got) != got)
				close(fd);
		}
	}
}

static void wait_until(const char *start)
{
	uint64_t at = start ? strtoull(start, 0, 10) * 1000000 : 0;

	while (now() < at)
		usleep(200);
}

static void exchange(const struct sockaddr_in *to, int connections, int ms, const char *start)
{
	static uint64_t sent[most + 64];
	static int missing[most + 64];
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	char bytes[size];
	int poll = epoll_create1(0), fds[most];
	uint64_t begun, end, done = 0;

	memset(bytes, 'x', size);
	for (int i = 0; i < connections; i++) { // each once, so that everything on the way is ready
		fds[i] = dial(to);
		send_all(fds[i], bytes, size);
		receive_all(fds[i], bytes, size);
		event.data.u32 = i;
		epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &event);
	}
	wait_until(start);
	begun = now();
	end = begun + ms * 1000000ull;
	for (int i = 0; i < connections; i++) {
		sent[i] = now();
		missing[i] = size;
		send_all(fds[i], bytes, size);
	}
	while (now() < end) {
		int ready = epoll_wait(poll, events, 64, 1000);

		if (!ready)
			fail("nothing comes back");
		for (int n = 0; n < ready; n++) {
			int i = events[n].data.u32;
			ssize_t got = read(fds[i], bytes, missing[i]);

			if (got <= 0)
				fail("read");
			missing[i] -= got;
			if (missing[i])
				continue;
			took(now() - sent[i]);
			done++;
			sent[i] = now();
			missing[i] = size;
			send_all(fds[i], bytes, size);
		}
	}
	print(done, begun);
}

static void connections(const struct sockaddr_in *to, int ms)
{
	struct linger reset = {1, 0}; // closed ones must not pile up
	uint64_t begun = now(), end = begun + ms * 1000000ull, done = 0;
	char bytes[size];

	memset(bytes, 'x', size);
	while (now() < end) {
		uint64_t before = now();
		int fd = dial(to);

		send_all(fd, bytes, size);
		receive_all(fd, bytes, size);
		took(now() - before);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		done++;
	}
	print(done, begun);
}

static void stream(const struct sockaddr_in *to, int ms)
{
	static char bytes[1 << 17];
	uint64_t begun, end, done = 0;
	int fd = dial(to);

	memset(bytes, 'S', sizeof(bytes));
	begun = now();
	end = begun + ms * 1000000ull;
	while (now() < end) {
		ssize_t sent = write(fd, bytes, sizeof(bytes));

		if (sent < 0)
			fail("write");
		done += sent;
	}
	print(done, begun);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	if (argc < 5)
		return 2;
	to = address(argv[2], argv[3]);
	if (!strcmp(argv[1], "exchange") && argc >= 6) {
		int count = atoi(argv[4]);

		if (count < 1 || count > most)
			return 2;
		exchange(&to, count, atoi(argv[5]), argc > 6 ? argv[6] : 0);
	} else if (!strcmp(argv[1], "connect")) {
		connections(&to, atoi(argv[4]));
	} else if (!strcmp(argv[1], "stream")) {
		stream(&to, atoi(argv[4]));
	} else {
		return 2;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include <linux/io_uring.h>
#include <poll.h>

/* Whatever hangs because its packets are dropped ends by itself. */
__attribute__((constructor)) static void limit(void)
{
	const char *seconds = getenv("ATTEMPT_SECONDS");

	alarm(seconds ? atoi(seconds) : 6);
}

union address address_of(const char *text, int port)
{
	union address to;

	memset(&to, 0, sizeof(to));
	if (strchr(text, ':')) {
		to.six.sin6_family = AF_INET6;
		to.six.sin6_port = htons(port);
		must(inet_pton(AF_INET6, text, &to.six.sin6_addr) - 1, text);
	} else {
		to.four.sin_family = AF_INET;
		to.four.sin_port = htons(port);
		must(inet_pton(AF_INET, text, &to.four.sin_addr) - 1, text);
	}
	return to;
}

union address forbidden(int port)
{
	return address_of(arguments[0], port);
}

union address forbidden6(int port)
{
	return address_of(arguments[1], port);
}

union address allowed(int port)
{
	return address_of(arguments[3], port);
}

union address allowed6(int port)
{
	return address_of(arguments[4], port);
}

int opened(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		return fd;
	if (errno != EPERM && errno != EACCES)
		unsupported("socket");
	said("socket", -1);
	_exit(0);
}

int stream(int family)
{
	return opened(family, SOCK_STREAM, 0);
}

int datagram(int family)
{
	return opened(family, SOCK_DGRAM, 0);
}

void option(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof(value)), "setsockopt");
}

bool reach(int fd, union address to)
{
	int result = connect(fd, &to.any, size_of(&to));

	said("connect", result);
	return result == 0;
}

void say(int fd)
{
	said("send", send(fd, MARKER, strlen(MARKER), 0));
}

void say_to(int fd, union address to)
{
	said("send", sendto(fd, MARKER, strlen(MARKER), 0, &to.any, size_of(&to)));
}

void wait_for_policy(void)
{
	char line[16];

	(void)!write(1, "ready\n", 6);
	must(read(0, line, sizeof(line)) - 1, "the test's line");
}

void hear(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	char text[256];

	if (poll(&one, 1, 1500) > 0)
		said("answer", recv(fd, text, sizeof(text), MSG_DONTWAIT));
}

uint16_t sum_of(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

size_t udp_packet(uint8_t *at, int port)
{
	size_t size = 8 + strlen(MARKER);
	uint16_t head[4] = {htons(4999), htons(port), htons(size), 0};

	memcpy(at, head, 8);
	memcpy(at + 8, MARKER, size - 8);
	return size;
}

static int ring_fd = -1;
static struct io_uring_params ring;
static uint8_t *sq, *cq;
static struct io_uring_sqe *entries;

static void ring_open(void)
{
	memset(&ring, 0, sizeof(ring));
	ring_fd = syscall(SYS_io_uring_setup, 8, &ring);
	if (ring_fd < 0)
		unsupported("io_uring_setup");
	sq = mmap(0, ring.sq_off.array + ring.sq_entries * 4, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_SQ_RING);
	cq = mmap(0, ring.cq_off.cqes + ring.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_CQ_RING);
	entries = mmap(0, ring.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || entries == MAP_FAILED)
		must(-1, "map the ring");
}

int ring_do(uint8_t operation, int fd, const void *address, uint64_t length, uint64_t offset, uint32_t flags)
{
	uint32_t *tail, *head, index;
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;

	if (ring_fd < 0)
		ring_open();
	tail = (void *)(sq + ring.sq_off.tail);
	index = *tail & *(uint32_t *)(sq + ring.sq_off.ring_mask);
	entry = &entries[index];
	memset(entry, 0, sizeof(*entry));
	entry->opcode = operation;
	entry->flags = IOSQE_ASYNC; /* by a thread of the kernel's */
	entry->fd = fd;
	entry->addr = (uintptr_t)address;
	entry->len = length;
	entry->off = offset;
	entry->msg_flags = flags;
	((uint32_t *)(sq + ring.sq_off.array))[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	head = (void *)(cq + ring.cq_off.head);
	done = (struct io_uring_cqe *)(cq + ring.cq_off.cqes) +
	       (*head & *(uint32_t *)(cq + ring.cq_off.ring_mask));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	errno = done->res < 0 ? -done->res : 0;
	return done->res < 0 ? -1 : done->res;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In place of libbpf's header of that name: what bpf/dns-message.bpf.h needs of a kernel, for user space. */
#ifndef UNDERPIN_USER_BPF_HELPERS_H
#define UNDERPIN_USER_BPF_HELPERS_H

#include <linux/bpf.h>
#include <string.h>

#undef __always_inline
#define SEC(name)
#define __uint(name, value) int (*name)[value]
#define __type(name, value) value *name
#define __weak
#define __noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define barrier_var(var) asm volatile("" : "+r"(var))

/* A packet: bytes of somebody, each load of which is checked as the kernel does. Begins as a struct __sk_buff does. */
struct packet_bytes {
	unsigned int length;
	const unsigned char *bytes;
};

static long bpf_skb_load_bytes(const void *skb, unsigned int offset, void *to, unsigned int length)
{
	const struct packet_bytes *packet = skb;

	if (length == 0 || offset > 0xffff || offset > packet->length || length > packet->length - offset)
		return -14;
	memcpy(to, packet->bytes + offset, length);
	return 0;
}

static unsigned int bpf_get_smp_processor_id(void)
{
	return 0;
}

static void *bpf_map_lookup_elem(void *map, const void *key);

#endif

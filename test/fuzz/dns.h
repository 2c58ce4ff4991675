/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parser of the kernel side, compiled for user space: a message → the addresses of the name that was asked, in the order
 * of its calls in bpf/dns-learn.bpf.h. */
#ifndef UNDERPIN_FUZZ_DNS_H
#define UNDERPIN_FUZZ_DNS_H

#include "../../bpf/dns-message.bpf.h"

static struct dns_room room;
static struct control secrets = {.key = {0x0123456789abcdefULL, 0xfedcba9876543210ULL}};

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	if (map == (void *)&dns_rooms)
		return *(const u32 *)key == 0 ? &room : 0;
	return map == (void *)&control ? &secrets : 0;
}

/* Whether it is an answer that is believed, if it was asked for. */
static bool believed(const unsigned char *bytes, u32 length, u32 start, u32 end)
{
	struct packet_bytes packet = {.bytes = bytes, .length = length};
	void *skb = &packet;

	/* As the last message left it: nothing of that may show. */
	room.start = start;
	room.end = end;
	if (dns_read_question(skb, 0) || (room.flags & DNS_FLAGS_QUESTION) != DNS_FLAGS_ANSWER ||
	    room.flags & 15)
		return false;
	return !dns_read_answers(skb, 0);
}

#endif

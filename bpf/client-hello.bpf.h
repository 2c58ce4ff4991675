/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first message of a TLS client names the server that it means (RFC 8446 section 4.1.2, RFC 6066 section 3). Needs no
 * more of the kernel than a packet's bytes; test/fuzz compiles it for user space. */
#ifndef UNDERPIN_CLIENT_HELLO_BPF_H
#define UNDERPIN_CLIENT_HELLO_BPF_H

#include "work.bpf.h"

#define TLS_HANDSHAKE 22
#define TLS_CLIENT_HELLO 1
#define TLS_EXTENSIONS 48  /* looked at; clients send fewer than 30 */
#define TLS_HELLO_FIXED 43 /* record and message headers, version, random */

/* The row that is being made lies where paths are, which no packet has. */
static __always_inline struct unseen_row *unseen_of(struct work *work)
{
	_Static_assert(sizeof(struct unseen_row) <= sizeof(work->path), "it fits");
	return (struct unseen_row *)work->path;
}

static __always_inline u16 both_bytes(const u8 bytes[2])
{
	return bytes[0] << 8 | bytes[1];
}

/* 1: the packet begins with the first message of a TLS client, whose server name is in the slot's row now, if it was
 * sent within this segment. */
__weak __noinline int client_hello(struct __sk_buff *skb, u32 slot)
{
	struct work *work = work_of(slot);
	struct unseen_row *row;
	u32 offset, length;
	u8 head[8];

	if (!work)
		return 0;
	row = unseen_of(work);
	__builtin_memset(row, 0, sizeof(*row));
	offset = work->packet.payload;
	if (bpf_skb_load_bytes(skb, offset, head, 6) || head[0] != TLS_HANDSHAKE || head[1] != 3 ||
	    head[5] != TLS_CLIENT_HELLO)
		return 0;
	offset += TLS_HELLO_FIXED;
	if (bpf_skb_load_bytes(skb, offset, head, 1)) /* session */
		return 1;
	offset += 1 + head[0];
	if (bpf_skb_load_bytes(skb, offset, head, 2)) /* cipher suites */
		return 1;
	offset += 2 + both_bytes(head);
	if (bpf_skb_load_bytes(skb, offset, head, 1)) /* compression */
		return 1;
	offset += 1 + head[0] + 2;
	for (u32 i = 0; i < TLS_EXTENSIONS; i++) {
		if (offset > 0xffff || bpf_skb_load_bytes(skb, offset, head, 4))
			return 1;
		if (head[0] || head[1]) {
			offset += 4 + both_bytes(head + 2);
			continue;
		}
		/* server_name: a list, of which the first is the only kind there is */
		if (bpf_skb_load_bytes(skb, offset + 4, head, 5) || head[2])
			return 1;
		length = both_bytes(head + 3);
		if (length == 0 || length > LIMIT_NAME - 1)
			return 1;
		barrier_var(length);
		length = ((length - 1) & (LIMIT_NAME - 1)) + 1; /* the same; the verifier sees its bounds */
		if (!bpf_skb_load_bytes(skb, offset + 9, row->name, length))
			row->length = length;
		return 1;
	}
	return 1;
}

#endif

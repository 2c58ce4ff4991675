/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both sides of the network know of a socket: addresses as they are asked for and as they are in packets, and
 * the row that is kept in the socket. */
#ifndef UNDERPIN_SOCKET_BPF_H
#define UNDERPIN_SOCKET_BPF_H

#include "ledger.bpf.h"
#include "image.bpf.h"
#include "family.bpf.h"
#include <bpf/bpf_endian.h>

#define TCP_ESTABLISHED 1 /* also a connected UDP socket */
#define ALLOW 1
#define DENY 0

static __always_inline void peer_v4(struct peer *peer, u32 address)
{
	peer->family = 4;
	__builtin_memset(peer->address, 0, sizeof(peer->address));
	__builtin_memcpy(peer->address, &address, 4);
}

/* ::ffff:a.b.c.d is the IPv4 address, also in the rules. */
static __always_inline bool is_mapped(const u32 address[4])
{
	return address[0] == 0 && address[1] == 0 && address[2] == bpf_htonl(0xffff);
}

static __always_inline void peer_v6(struct peer *peer, const u32 address[4])
{
	if (is_mapped(address)) {
		peer_v4(peer, address[3]);
		return;
	}
	peer->family = 6;
	__builtin_memcpy(peer->address, address, 16);
}

/* What was asked for is where the kernel goes: from 0.0.0.0 to the socket's own address, without one to
 * loopback. */
static __always_inline void asked_v4(struct peer *peer, u32 address, u32 source)
{
	if (address == 0)
		address = source ? source : bpf_htonl(0x7f000001);
	peer_v4(peer, address);
}

/* :: is ::1, but for a socket that is bound to an IPv4 address. */
static __always_inline void asked_v6(struct peer *peer, const u32 address[4], struct bpf_sock *sk)
{
	u32 bound[4] = {sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]};
	u32 one[4] = {0, 0, 0, bpf_htonl(1)};

	if (is_mapped(address))
		asked_v4(peer, address[3], is_mapped(bound) ? bound[3] : 0);
	else if (address[0] || address[1] || address[2] || address[3])
		peer_v6(peer, address);
	else if (is_mapped(bound))
		peer_v4(peer, bpf_htonl(0x7f000001));
	else
		peer_v6(peer, one);
}

static __always_inline u8 transport(u32 protocol)
{
	return protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol;
}

static __always_inline bool same_address(const u8 a[16], const u8 b[16])
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline bool is_at(const struct socket_row *row, const struct peer *peer)
{
	return row->port == peer->port && row->family == peer->family &&
	       same_address(row->address, peer->address);
}

static __always_inline u32 generation_now(void)
{
	struct control *control = control_row();

	return control ? control->generation : 0;
}

/* A verdict that one of two readings allows: traffic of a socket whose initiator cannot be told. A rail of
 * the first reading stands, whatever the other one says. */
static __always_inline void milder(struct answer *answer, const struct answer *other, u8 rails)
{
	u8 enforced = answer->enforced & (other->enforced | (rails & RAIL_ENFORCED));
	u8 audited = answer->audited & (other->audited | (rails & RAIL_AUDITED) / RAIL_AUDITED);

	if (answer->enforced > enforced || (answer->enforced == enforced && answer->audited > audited))
		*answer = *other;
	answer->enforced = enforced;
	answer->audited = audited;
}

#endif

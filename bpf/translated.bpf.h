/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Datagrams that went elsewhere than their process asked: another program of the cgroup or the machine's own NAT chose
 * one of the places behind a Service. Their answers come from there, and are answers to what was asked. Connections need
 * none of this: their sockets know whom they were asked to reach. */
#ifndef UNDERPIN_TRANSLATED_BPF_H
#define UNDERPIN_TRANSLATED_BPF_H

#include "headers.bpf.h"

/* (socket, where it went) -> what was asked for. Full: what was noted longest ago is forgotten, and what comes from there
 * is decided by its own address. */
MAP(translated, BPF_MAP_TYPE_LRU_HASH, 16384, struct translated_key, struct translated_row, 0);

/* The ends of an accepted connection, as its socket has them: answers leave with the address that was asked for, when that
 * was translated on the way in. */
static __always_inline void ends_of_socket(struct packet *packet, const struct bpf_sock *sk)
{
	packet->local_port = sk->src_port;
	if (sk->family == AF_INET) {
		peer_v4(&packet->peer, sk->dst_ip4);
	} else if (sk->family == AF_INET6) {
		u32 address[4] = {sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2], sk->dst_ip6[3]};

		peer_v6(&packet->peer, address);
	}
}

/* A UDP socket that has not been connected: then whoever sends names an address, and is asked for each datagram. */
static __always_inline bool names_each(const struct socket_row *row, const struct bpf_sock *sk)
{
	return row->protocol == IPPROTO_UDP && sk->state != TCP_ESTABLISHED;
}

/* Its only peer is whom it asked for, whatever address that has by now: the kernel takes nothing from others. */
static __always_inline bool hears_asked(const struct socket_row *row, const struct bpf_sock *sk)
{
	return row->protocol == IPPROTO_UDP && row->kind == SOCKET_ASKED && sk->state == TCP_ESTABLISHED;
}

/* Whether this packet of a socket that names each address goes where the last one was asked to: looked at without
 * parsing, since nearly all do. */
static __always_inline bool goes_as_asked(struct __sk_buff *skb, const struct socket_row *row)
{
	u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const u32 *asked = (const u32 *)row->address;

	if (data + 28 <= end && data[0] == 0x45 && row->family == 4)
		return *(u32 *)(data + 16) == asked[0] && (data[22] << 8 | data[23]) == row->port;
	if (data + 48 <= end && data[0] >> 4 == 6 && data[6] == IPPROTO_UDP && row->family == 6) {
		const u32 *to = (const u32 *)(data + 24);

		return to[0] == asked[0] && to[1] == asked[1] && to[2] == asked[2] && to[3] == asked[3] &&
		       (data[42] << 8 | data[43]) == row->port;
	}
	return false;
}

static __always_inline void translated_key_of(struct translated_key *key, u64 socket, const struct peer *peer)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->socket = socket;
	key->port = peer->port;
	key->family = peer->family;
	__builtin_memcpy(key->address, peer->address, sizeof(key->address));
}

/* The slot's packet left, allowed for what was asked. */
static __noinline int note_translated(struct __sk_buff *skb, struct work *work, struct socket_row *row)
{
	struct translated_key key;
	struct translated_row asked = {.family = row->asked_family, .port = row->asked_port};

	__builtin_memcpy(asked.address, row->asked, sizeof(asked.address));
	if (row->kind == SOCKET_ASKED) {
		asked.family = row->family;
		asked.port = row->port;
		__builtin_memcpy(asked.address, row->address, sizeof(asked.address));
	}
	if (asked.port == work->packet.peer.port && asked.family == work->packet.peer.family &&
	    same_address(asked.address, work->packet.peer.address))
		return 0;
	translated_key_of(&key, bpf_get_socket_cookie(skb), &work->packet.peer);
	bpf_map_update_elem(&translated, &key, &asked, BPF_ANY);
	row->translates = 1;
	return 0;
}

/* The slot's packet was heard by a bound socket since it came by the loopback device: its answer leaves before anybody
 * knows by which device. A row that asks for nothing. */
static __noinline int note_heard(struct __sk_buff *skb, struct work *work, struct socket_row *row)
{
	struct translated_key key;
	struct translated_row nothing = {};

	translated_key_of(&key, bpf_get_socket_cookie(skb), &work->packet.peer);
	bpf_map_update_elem(&translated, &key, &nothing, BPF_ANY);
	row->translates = 1;
	return 0;
}

/* Whether a bound socket answers whom it heard that way. */
static __always_inline bool answers_heard(struct bpf_sock_addr *ctx, const struct peer *peer)
{
	struct translated_key key;
	struct translated_row *heard;

	translated_key_of(&key, bpf_get_socket_cookie(ctx), peer);
	heard = bpf_map_lookup_elem(&translated, &key);
	return heard && !heard->family;
}

/* What the socket asked for, when the slot's packet is an answer from where that led: into the slot's peer. */
static __noinline bool answers_asked(struct __sk_buff *skb, struct work *work)
{
	struct translated_key key;
	struct translated_row *asked;

	translated_key_of(&key, bpf_get_socket_cookie(skb), &work->packet.peer);
	asked = bpf_map_lookup_elem(&translated, &key);
	if (!asked || !asked->family)
		return false;
	work->peer = work->packet.peer;
	work->peer.family = asked->family;
	work->peer.port = asked->port;
	__builtin_memcpy(work->peer.address, asked->address, sizeof(asked->address));
	return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's headers. */
#ifndef UNDERPIN_HEADERS_BPF_H
#define UNDERPIN_HEADERS_BPF_H

#include "socket.bpf.h"

#define LOOPBACK_DEVICE 1 /* in every network namespace */
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPPROTO_SCTP 132
#define TCP_SYN 0x02
#define TCP_URG 0x20

struct ports {
	u16 source, destination;
};

#define IPOPT_LSRR 131
#define IPOPT_SSRR 137

/* Whether the IPv4 options hold a source route: then the packet's destination is a station on its way. */
__weak __noinline int source_route(struct __sk_buff *skb, u32 length)
{
	u8 options[40] = {};
	u32 at = 0;

	for (u32 word = 0; word < sizeof(options); word += 4)
		if (word < length && bpf_skb_load_bytes(skb, 20 + word, options + word, 4))
			return 0;
	for (int i = 0; i < 40; i++) {
		u32 step = 1;

		if (at >= sizeof(options) - 1 || options[at] == 0)
			break;
		if (options[at] == IPOPT_LSRR || options[at] == IPOPT_SSRR)
			return 1;
		if (options[at] != 1)
			step = options[at + 1];
		if (step == 0)
			break;
		at += step;
	}
	return 0;
}

/* The slot's `packet`; answers 0 when the headers could be read. Extension headers are skipped; a later fragment has no ports. */
__weak __noinline int parse(struct __sk_buff *skb, u32 slot, u32 egress)
{
	struct work *work = work_of(slot);
	struct ports ports = {};
	struct packet *packet;
	u32 offset;
	u8 protocol;

	if (!work)
		return -1;
	packet = &work->packet;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->egress = egress;
	packet->peer.looped = skb->ifindex == LOOPBACK_DEVICE;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct {
			u8 version;
			u8 tos;
			u16 length, id, fragment;
			u8 ttl, protocol;
			u16 checksum;
			u32 source, destination;
		} ip;

		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return -1;
		peer_v4(&packet->peer, egress ? ip.destination : ip.source);
		protocol = ip.protocol;
		offset = (ip.version & 15) * 4;
		packet->peer.protocol = protocol;
		if (offset > sizeof(ip))
			packet->routed = source_route(skb, offset - sizeof(ip));
		if (ip.fragment & bpf_htons(0x1fff))
			return 0;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct {
			u32 flow;
			u16 length;
			u8 next, hops;
			u32 source[4], destination[4];
		} ip;

		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return -1;
		peer_v6(&packet->peer, egress ? ip.destination : ip.source);
		protocol = ip.next;
		offset = sizeof(ip);
		for (int i = 0; i < 6; i++) {
			u8 head[8];

			if (protocol != 0 && protocol != 43 && protocol != 44 && protocol != 60)
				break;
			if (bpf_skb_load_bytes(skb, offset, head, 8))
				return -1;
			if (protocol == 43)
				packet->routed = true;
			if (protocol == 44 && (head[2] || head[3] & 0xf8)) {
				packet->peer.protocol = head[0];
				return 0;
			}
			offset += protocol == 44 ? 8 : (head[1] + 1) * 8;
			protocol = head[0];
		}
		packet->peer.protocol = protocol;
	} else {
		return -1;
	}
	if (protocol == IPPROTO_TCP) {
		u8 head[20];

		if (bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			return -1;
		ports.source = head[0] << 8 | head[1];
		ports.destination = head[2] << 8 | head[3];
		packet->seq = (u32)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
		packet->syn = head[13] & TCP_SYN;
		if (packet->syn)
			packet->seq++; /* data in a SYN (fast open) comes after it */
		if (head[13] & TCP_URG)
			packet->urgent = head[18] << 8 | head[19];
		packet->payload = offset + (head[12] >> 4) * 4;
	} else if (protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP) {
		u8 head[4];

		if (bpf_skb_load_bytes(skb, offset, head, 4))
			return -1;
		ports.source = head[0] << 8 | head[1];
		ports.destination = head[2] << 8 | head[3];
		if (protocol == IPPROTO_UDP)
			packet->datagram = offset + 8;
	}
	packet->peer.port = egress ? ports.destination : ports.source;
	packet->local_port = egress ? ports.source : ports.destination;
	return 0;
}

#endif

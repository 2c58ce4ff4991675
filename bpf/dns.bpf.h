/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions and answers as they pass: datagrams, and messages of a TCP connection as far as each lies in one segment. */
#ifndef UNDERPIN_DNS_BPF_H
#define UNDERPIN_DNS_BPF_H

#include "dns-learn.bpf.h"

#define PORT_DNS 53
#define DNS_TRIES 16

/* Per socket, freed with it. No memory: nothing is learned from it. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dns_stream_row);
} dns_streams __weak SEC(".maps");

/* Whether the process asks a resolver over this socket, whatever its packets say. */
static __always_inline bool asks_resolver(const struct socket_row *row)
{
	return row->kind == SOCKET_ASKED && row->port == PORT_DNS;
}

static __always_inline int dns_message(struct __sk_buff *skb, u32 slot, u32 number, bool egress)
{
	return egress ? dns_asked(skb, slot, number) : dns_answered(skb, slot, number);
}

/* The message at `offset` of a segment's payload, whatever of it is there. What is known of the stream lies in the room, so
 * that the verifier walks this once. Answers 0 when another one may follow. */
static __always_inline int dns_next(struct __sk_buff *skb, u32 slot, u32 number, bool egress)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	u32 payload, offset, length;
	u8 head[2] = {};

	if (!room || !work)
		return 1;
	payload = work->packet.payload;
	offset = room->offset;
	/* Nothing new, or a gap before it. */
	if (offset >= room->left)
		return 1;
	if (room->stream != DNS_STREAM_KNOWN && room->stream != DNS_STREAM_HEADED) {
		count(COUNTER_DNS_UNREAD);
		return 1;
	}
	if (room->stream == DNS_STREAM_KNOWN) {
		if (offset + 1 == room->left || bpf_skb_load_bytes(skb, payload + offset, head, 2)) {
			room->stream = DNS_STREAM_LOST;
			count(COUNTER_DNS_UNREAD);
			return 1;
		}
		room->message = big_endian(head);
		room->expected += 2;
		offset += 2;
		if (offset == room->left) {
			room->stream = DNS_STREAM_HEADED;
			return 1;
		}
	}
	room->stream = DNS_STREAM_KNOWN;
	length = room->message;
	room->start = payload + offset;
	room->end = room->start + length;
	room->expected += length;
	room->offset = offset + length;
	if (room->offset <= room->left)
		dns_message(skb, slot, number, egress);
	else
		count(COUNTER_DNS_UNREAD); /* fail closed: it goes on in another segment */
	return 0;
}

/* One for each direction, so that neither program has the other one's half to verify. */
__weak __noinline int dns_next_out(struct __sk_buff *skb, u32 slot, u32 number)
{
	return dns_next(skb, slot, number, true);
}

__weak __noinline int dns_next_in(struct __sk_buff *skb, u32 slot, u32 number)
{
	return dns_next(skb, slot, number, false);
}

/* A segment of a connection to a resolver. Where its messages begin is known from the connection's first packet on, since
 * what looks like a message elsewhere could have been written by somebody else. */
static __always_inline int dns_segment(struct __sk_buff *skb, u32 slot, u32 number, bool egress)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	struct dns_stream_row *stream;
	struct bpf_sock *sk = skb->sk;
	struct packet *packet;

	if (!sk || !room || !work)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	stream = bpf_sk_storage_get(&dns_streams, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stream) {
		count(COUNTER_DNS_UNREAD);
		return 0;
	}
	packet = &work->packet;
	room->expected = egress ? stream->question : stream->answer;
	room->stream = egress ? stream->question_state : stream->answer_state;
	room->message = egress ? stream->question_length : stream->answer_length;
	if (packet->syn) {
		room->expected = packet->seq;
		room->stream = DNS_STREAM_KNOWN;
	}
	room->left = packet->payload < skb->len ? skb->len - packet->payload : 0;
	room->offset = room->expected - packet->seq;
	for (u32 i = 0; i < DNS_LIMIT_MESSAGES; i++)
		if (egress ? dns_next_out(skb, slot, number) : dns_next_in(skb, slot, number))
			break;
	if (egress) {
		stream->question = room->expected;
		stream->question_state = room->stream;
		stream->question_length = room->message;
	} else {
		stream->answer = room->expected;
		stream->answer_state = room->stream;
		stream->answer_length = room->message;
	}
	return 0;
}

__weak __noinline int dns_segment_out(struct __sk_buff *skb, u32 slot, u32 number)
{
	return dns_segment(skb, slot, number, true);
}

__weak __noinline int dns_segment_in(struct __sk_buff *skb, u32 slot, u32 number)
{
	return dns_segment(skb, slot, number, false);
}

static __always_inline int claim_dns_room(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	for (u32 i = 0; i < DNS_ROOMS; i++) {
		u32 number = (cpu << DNS_ROOMS_SHIFT) + i;
		struct dns_room *room = dns_room_of(number);

		if (!room || __sync_lock_test_and_set(&room->busy, 1))
			continue;
		*(volatile u32 *)&room->busy = 1;
		return number;
	}
	return -1;
}

/* A packet that nobody denies, to or from a resolver, of a socket that belongs to a subject. */
static __always_inline void look_at_dns(struct __sk_buff *skb, u32 slot, struct work *work,
					const struct socket_row *row, bool egress)
{
	struct packet *packet = &work->packet;
	struct dns_room *room;
	int number;

	if (!packet->payload && !packet->datagram)
		return;
	number = claim_dns_room();
	room = dns_room_of(number);
	if (number < 0 || !room) {
		count(COUNTER_DNS_UNREAD); /* fail closed: not learned */
		return;
	}
	room->subject[0] = row->subject;
	for (u32 i = 0; i < LIMIT_CARRIED; i++) {
		u64 carried = row->carried ? carried_at(row->carried, i) : 0;

		room->subject[1 + i] = carried == row->subject ? 0 : carried;
	}
	room->image = row->image;
	work->lineage = row->lineage;
	work->since = 0;
	work->peer = packet->peer;
	if (asks_resolver(row)) {
		work->peer.family = row->family;
		work->peer.port = row->port;
		__builtin_memcpy(work->peer.address, row->address, sizeof(row->address));
	}
	if (packet->payload) {
		if (egress)
			dns_segment_out(skb, slot, number);
		else
			dns_segment_in(skb, slot, number);
	} else {
		room->start = packet->datagram;
		room->end = skb->len;
		dns_message(skb, slot, number, egress);
	}
	*(volatile u32 *)&room->busy = 0;
}

#endif

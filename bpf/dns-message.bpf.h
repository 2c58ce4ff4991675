/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads DNS messages (RFC 1035) in packets: the question, and which addresses an answer gives to the name that was asked. It
 * believes nothing that is not whole and plain: one question, records that end where they say. Compiled for user space as
 * well, where it is fuzzed (test/fuzz). */
#ifndef UNDERPIN_DNS_MESSAGE_BPF_H
#define UNDERPIN_DNS_MESSAGE_BPF_H

#include "dns-name.bpf.h"

#define DNS_TYPE_A 1
#define DNS_TYPE_CNAME 5
#define DNS_TYPE_AAAA 28
#define DNS_TYPE_ANY 255
#define DNS_CLASS_IN 1
#define DNS_FLAGS_QUESTION 0xf800 /* that it is an answer, and the operation: all 0 */
#define DNS_FLAGS_ANSWER 0x8000

static __always_inline u32 big_endian(const u8 *bytes)
{
	return (u32)bytes[0] << 8 | bytes[1];
}

/* Header and question of the room's message. Answers 0 when there is one question, about addresses of the Internet; then
 * `next` is behind it. */
__weak __noinline int dns_read_question(struct __sk_buff *skb, u32 number)
{
	struct dns_room *room = dns_room_of(number);
	u8 head[DNS_HEADER] = {}, tail[4] = {};

	if (!room || room->start + DNS_HEADER > room->end ||
	    bpf_skb_load_bytes(skb, room->start, head, sizeof(head)))
		return -1;
	room->id = big_endian(head);
	room->flags = big_endian(head + 2);
	room->answers = big_endian(head + 6);
	if (big_endian(head + 4) != 1)
		return -1;
	if (dns_read_name(skb, number, room->start + DNS_HEADER))
		return -1;
	if (room->behind + 4 > room->end || bpf_skb_load_bytes(skb, room->behind, tail, sizeof(tail)))
		return -1;
	room->type = big_endian(tail);
	room->next = room->behind + 4;
	if (big_endian(tail + 2) != DNS_CLASS_IN)
		return -1;
	if (room->type != DNS_TYPE_A && room->type != DNS_TYPE_AAAA && room->type != DNS_TYPE_ANY)
		return -1;
	dns_hash(number);
	room->question = room->name;
	return 0;
}

/* Addresses that name no other host, or one that everybody knows by its number: a name that leads there would open what is
 * near to whoever answers for the name. fail closed: such an address is allowed by cidr or not at all. */
static __always_inline bool is_near(const u8 a[16], u32 family)
{
	if (family == 4)
		return a[0] == 0 || a[0] == 127 || a[0] >= 224 || (a[0] == 169 && a[1] == 254);
	for (int i = 0; i < 15; i++) {
		if (!a[i])
			continue;
		return a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
	}
	return a[15] < 2; /* :: and ::1 */
}

/* The record at `next`. Answers 0 when it is whole. */
__weak __noinline int dns_read_record(struct __sk_buff *skb, u32 number)
{
	struct dns_room *room = dns_room_of(number);
	struct dns_record *record;
	u32 type, class, seconds, length, data, records;
	u8 head[10] = {};

	if (!room)
		return -1;
	if (dns_read_name(skb, number, room->next))
		return -1;
	if (room->behind + sizeof(head) > room->end ||
	    bpf_skb_load_bytes(skb, room->behind, head, sizeof(head)))
		return -1;
	data = room->behind + sizeof(head);
	type = big_endian(head);
	class = big_endian(head + 2);
	seconds = big_endian(head + 4) << 16 | big_endian(head + 6);
	length = big_endian(head + 8);
	if (data + length > room->end)
		return -1;
	room->next = data + length;
	if (class != DNS_CLASS_IN || (type != DNS_TYPE_A && type != DNS_TYPE_AAAA && type != DNS_TYPE_CNAME))
		return 0;
	if (seconds >> 31)
		seconds = 0; /* RFC 2181 */
	records = room->records;
	if (records >= DNS_LIMIT_RECORDS)
		return 0;
	record = &room->record[records];
	__builtin_memset(record, 0, sizeof(*record));
	record->seconds = seconds;
	record->type = type;
	dns_hash(number);
	record->owner = room->name.hash;
	if (type == DNS_TYPE_A) {
		if (length != 4 || bpf_skb_load_bytes(skb, data, record->address, 4))
			return -1;
		record->family = 4;
	} else if (type == DNS_TYPE_AAAA) {
		if (length != 16 || bpf_skb_load_bytes(skb, data, record->address, 16))
			return -1;
		record->family = 6;
	} else {
		if (dns_read_name(skb, number, data) || room->behind != data + length)
			return -1;
		dns_hash(number);
		record->target = room->name.hash;
	}
	room->records = records + 1;
	return 0;
}

/* ::ffff:a.b.c.d is the IPv4 address, as everywhere. */
static __always_inline void dns_plain_address(struct dns_record *record)
{
	u32 *words = (u32 *)record->address;

	if (record->family != 6 || words[0] || words[1] || words[2] != bpf_htonl(0xffff))
		return;
	words[0] = words[3];
	words[2] = words[3] = 0;
	record->family = 4;
}

/* Adds what record `from` leads to, if it is an alias of the chain's link `at`. */
__weak __noinline int dns_follow_one(u32 number, u32 at, u32 from)
{
	struct dns_room *room = dns_room_of(number);
	struct dns_record *record;
	struct dns_link *link, *next;
	u32 links;

	if (!room || at >= DNS_LIMIT_CHAIN || from >= DNS_LIMIT_RECORDS)
		return 0;
	record = &room->record[from];
	link = &room->chain[at];
	links = room->links;
	if (links >= DNS_LIMIT_CHAIN || record->type != DNS_TYPE_CNAME || record->owner != link->name)
		return 0;
	next = &room->chain[links];
	next->name = record->target;
	next->seconds = record->seconds < link->seconds ? record->seconds : link->seconds;
	room->links = links + 1;
	return 0;
}

__weak __noinline int dns_follow(u32 number, u32 at)
{
	struct dns_room *room = dns_room_of(number);

	if (!room)
		return 0;
	for (u32 i = 0; i < DNS_LIMIT_RECORDS; i++) {
		if (i >= room->records)
			break;
		dns_follow_one(number, at, i);
	}
	return 0;
}

/* What is left to learn of a record: its owner is the name that was asked, or an alias that this leads to, and it is an
 * address of the kind that was asked for. */
__weak __noinline int dns_attribute(u32 number, u32 at)
{
	struct dns_room *room = dns_room_of(number);
	struct dns_record *record;

	if (!room || at >= DNS_LIMIT_RECORDS)
		return 0;
	record = &room->record[at];
	if (!record->family)
		return 0;
	if (room->type != DNS_TYPE_ANY && record->type != room->type) {
		record->family = 0;
		return 0;
	}
	dns_plain_address(record);
	if (!is_near(record->address, record->family)) {
		for (u32 i = 0; i < DNS_LIMIT_CHAIN; i++) {
			if (i >= room->links)
				break;
			if (room->chain[i].name != record->owner)
				continue;
			if (room->chain[i].seconds < record->seconds)
				record->seconds = room->chain[i].seconds;
			return 0;
		}
	}
	record->family = 0;
	return 0;
}

/* The records of an answer whose question was read: afterwards those with a family are addresses of the name that was
 * asked. Answers 0 when all of them are whole: fail closed, from half an answer nothing is learned. */
__weak __noinline int dns_read_answers(struct __sk_buff *skb, u32 number)
{
	struct dns_room *room = dns_room_of(number);

	if (!room)
		return -1;
	room->records = 0;
	for (u32 i = 0; i < DNS_LIMIT_RECORDS; i++) {
		if (i >= room->answers)
			break;
		if (dns_read_record(skb, number)) {
			room->records = 0;
			return -1;
		}
	}
	room->links = 1;
	room->chain[0].name = room->question.hash;
	room->chain[0].seconds = DNS_LIMIT_TTL;
	for (u32 i = 0; i < DNS_LIMIT_CHAIN; i++) {
		if (i >= room->links)
			break;
		dns_follow(number, i);
	}
	for (u32 i = 0; i < DNS_LIMIT_RECORDS; i++) {
		if (i >= room->records)
			break;
		dns_attribute(number, i);
	}
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names in DNS messages (RFC 1035): at most 255 bytes, pointers that lead backwards only; read into the room that one message
 * has, and hashed. Compiled for user space as well, where it is fuzzed (test/fuzz). */
#ifndef UNDERPIN_DNS_NAME_BPF_H
#define UNDERPIN_DNS_NAME_BPF_H

#include "sip.bpf.h"
#include "maps.bpf.h"
#include <bpf/bpf_endian.h>

#define DNS_HEADER 12
#define DNS_MOST_NAME 254 /* bytes, without the end */
#define DNS_MOST_LABELS 127
/* Labels and pointers of a name: 127, its end, and some pointers. */
#define DNS_STEP 12
#define DNS_STEPS 12

struct dns_record {
	u64 owner;  /* hash */
	u64 target; /* CNAME: hash */
	u8 address[16];
	u32 seconds; /* TTL */
	u16 type;
	u8 family; /* 4 or 6; 0: nothing to learn */
	u8 zero;
};

/* Where an answer may go on: the name that was asked, and the aliases that it leads to. */
struct dns_link {
	u64 name;
	u32 seconds; /* the shortest TTL on the way */
	u32 zero;
};

/* Room for one message at a time; too large for the stack. Counters of loops are here as well, so that the verifier does
 * not tell every value apart. */
struct dns_room {
	u32 busy;
	u32 start; /* of the message in the packet */
	u32 end;
	u32 next; /* what is read next */
	/* the name that was read last */
	u32 at, limit, behind, length, labels, word;
	struct sip sip;
	struct dns_name name;
	u8 label[128]; /* where in `text` each begins */
	u8 text[DNS_LIMIT_TEXT + 64 + 8];
	/* the question */
	u16 id, flags, type, answers;
	struct dns_name question;
	struct dns_text asked;
	/* the answer */
	u32 records, links;
	/* the TCP stream that the message is in: where the next one is in the payload, and at which sequence number */
	u32 offset, left, expected, message, stream;
	struct dns_record record[DNS_LIMIT_RECORDS];
	struct dns_link chain[DNS_LIMIT_CHAIN];
	/* for whom */
	u64 subject[1 + LIMIT_CARRIED];
	u64 image;
	struct dns_resolver_key resolver;
	u32 zero;
	struct dns_question_key key;
	struct dns_question_row row;
	struct dns_address_row fresh; /* all 0 */
	u64 now;
	u32 floor, grace; /* seconds */
	bool wanted;	  /* some rule is about the name that was asked */
};

#define DNS_ROOMS_SHIFT 2
#define DNS_ROOMS (1 << DNS_ROOMS_SHIFT) /* of each processor; kernel/open.ts makes room for every one */

MAP(dns_rooms, BPF_MAP_TYPE_ARRAY, DNS_ROOMS, u32, struct dns_room, 0);

static __always_inline struct dns_room *dns_room_of(u32 at)
{
	return bpf_map_lookup_elem(&dns_rooms, &at);
}

static __always_inline u64 lower_case(u64 word)
{
	u64 low = word & 0x7f7f7f7f7f7f7f7fULL;
	u64 above_z = low + 0x2525252525252525ULL; /* 0x7f - 'Z' */
	u64 from_a = low + 0x3f3f3f3f3f3f3f3fULL;  /* 0x80 - 'A' */
	u64 upper = (from_a ^ above_z) & ~word & 0x8080808080808080ULL;

	return word | upper >> 2;
}

/* One label into the hash, without regard to case: words of eight bytes, the last one filled with zeros, then one that
 * ends it. enforcer/src/plan/name-hash.ts does the same. */
__weak __noinline int dns_absorb(u32 number, u32 label)
{
	struct dns_room *room = dns_room_of(number);
	struct sip sip;
	u32 at, length;

	if (!room)
		return 0;
	at = room->label[label & 127];
	length = room->text[at] & 63;
	sip = room->sip;
	for (u32 word = 0; word < 8; word++) {
		u64 bytes;

		if (word * 8 >= length)
			break;
		__builtin_memcpy(&bytes, room->text + at + 1 + word * 8, 8);
		if (length - word * 8 < 8)
			bytes &= (1ULL << (length - word * 8) * 8) - 1;
		sip_absorb(&sip, lower_case(bytes));
	}
	sip_absorb(&sip, (u64)'.' << 56 | length);
	room->sip = sip;
	return 0;
}

/* Hash of the name that was read last, and of the domains above it: from the top down, so that each of them is a
 * beginning of it. */
__weak __noinline int dns_hash(u32 number)
{
	struct dns_room *room = dns_room_of(number);
	struct control *control = control_row();
	struct sip sip;
	u32 labels;

	if (!room || !control)
		return 0;
	labels = room->labels;
	sip_start(&sip, control->key);
	sip_absorb(&sip, 0x736e64); /* a path of the same letters is something else */
	room->sip = sip;
	__builtin_memset(&room->name, 0, sizeof(room->name));
	for (u32 i = 0; i < DNS_MOST_LABELS; i++) {
		if (i >= labels)
			break;
		dns_absorb(number, labels - 1 - i);
		if (i < DNS_LIMIT_LEVELS && i + 1 < labels)
			room->name.above[i] = sip_value(room->sip);
	}
	room->name.hash = sip_value(room->sip);
	return 0;
}

/* Up to DNS_STEP labels and pointers of a name. Answers 0 when it goes on, 1 when that was all of it, -1 when it is none. */
__weak __noinline int dns_read_labels(struct __sk_buff *skb, u32 number)
{
	struct dns_room *room = dns_room_of(number);

	if (!room)
		return -1;
	for (u32 i = 0; i < DNS_STEP; i++) {
		u32 length, used = room->length, label = room->labels, here = room->at;
		u8 head[2] = {};

		if (here >= room->end || bpf_skb_load_bytes(skb, here, head, 1))
			return -1;
		length = head[0];
		if (length >= 0xc0) {
			u32 target;

			if (here + 1 >= room->end || bpf_skb_load_bytes(skb, here + 1, head + 1, 1))
				return -1;
			target = room->start + ((length & 0x3f) << 8 | head[1]);
			if (!room->behind)
				room->behind = here + 2;
			/* Only to what came before, and each pointer further back: no loops. */
			if (target >= room->limit || target < room->start + DNS_HEADER)
				return -1;
			room->limit = room->at = target;
			continue;
		}
		if (length & 0xc0)
			return -1;
		if (length == 0) {
			if (!room->behind)
				room->behind = here + 1;
			return 1;
		}
		if (used + length + 1 > DNS_MOST_NAME || label >= DNS_MOST_LABELS ||
		    here + 1 + length > room->end)
			return -1;
		/* The same; the verifier sees their bounds, and the compiler must not know that it sees them twice. */
		barrier_var(used);
		barrier_var(label);
		barrier_var(length);
		used &= 0xff;
		label &= 127;
		length = ((length - 1) & 63) + 1;
		barrier_var(length);
		room->label[label] = used;
		room->text[used] = length;
		if (length > 64 || bpf_skb_load_bytes(skb, here + 1, room->text + used + 1, length))
			return -1;
		room->length = used + 1 + length;
		room->labels = label + 1;
		room->at = here + 1 + length;
	}
	return 0;
}

/* Reads the name at `at` in the packet; `behind` says where it ends. Answers 0 when there is a whole name. */
__weak __noinline int dns_read_name(struct __sk_buff *skb, u32 number, u32 at)
{
	struct dns_room *room = dns_room_of(number);

	if (!room)
		return -1;
	room->at = at;
	room->limit = at;
	room->behind = room->length = room->labels = 0;
	for (u32 i = 0; i < DNS_STEPS; i++) {
		int how = dns_read_labels(skb, number);

		if (how)
			return how > 0 ? 0 : -1;
	}
	return -1;
}

#endif

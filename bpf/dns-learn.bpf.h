/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses by names. A question that a subject sends to a resolver that it may trust is kept until its answer comes: to the
 * same socket, from where the question went, with the same number, name and type. What the answer says is learned for the
 * subjects of the socket before the process reads it; nothing else is ever learned. */
#ifndef UNDERPIN_DNS_LEARN_BPF_H
#define UNDERPIN_DNS_LEARN_BPF_H

#include "socket.bpf.h"
#include "dns-message.bpf.h"

#define DNS_SUBJECTS (1 + LIMIT_CARRIED)
#define DNS_PLACES_TRIED 8
#define LOOPBACK 1 /* the number of this device in every network namespace */
#define SECOND 1000000000ULL

/* Questions under way. Full: the one that was asked the longest ago goes, and its answer teaches nothing. */
MAP(dns_questions, BPF_MAP_TYPE_LRU_HASH, 16384, struct dns_question_key, struct dns_question_row, 0);

/* Hash of a name -> its text, for people. */
MAP(dns_texts, BPF_MAP_TYPE_LRU_HASH, 4096, u64, struct dns_text, 0);

/* Resolvers that every subject may trust, if it may ask them. Written by the agent only. */
MAP(dns_resolvers, BPF_MAP_TYPE_HASH, 256, struct dns_resolver_key, u32, BPF_F_NO_PREALLOC);
MAP(dns_settings, BPF_MAP_TYPE_ARRAY, 1, u32, struct dns_times, 0);

/* The places of a subject's addresses: what is in one, and which is taken next. They bound what one subject can learn
 * without anybody's help. Full: nothing new is learned, and counted. */
struct dns_turn {
	struct bpf_spin_lock lock;
	u32 next;
};
MAP(dns_turns, BPF_MAP_TYPE_HASH, 65536, u64, struct dns_turn, BPF_F_NO_PREALLOC);
MAP(dns_places, BPF_MAP_TYPE_HASH, 131072, struct dns_place_key, struct dns_address_key, BPF_F_NO_PREALLOC);

/* Whether the `which`-th subject believes whom it asks (the slot's peer): a rule about port 53 of certain addresses lets it
 * ask there, or it is one of the node's resolvers. */
__weak __noinline int dns_trusts(u32 slot, u32 number, u32 which)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	u64 subject, enforced = 0, audited = 0;
	u32 id = 0;

	if (!room || !work || which >= DNS_SUBJECTS)
		return 0;
	subject = room->subject[which];
	ruleset = ruleset_of(subject, &id, &work->answer);
	if (!ruleset)
		return 0; /* no policy: nothing to learn for it */
	decide_network(slot, DECISION_EGRESS, subject, room->image);
	for (int i = 0; i < LIMIT_RULE_WORDS; i++) {
		u64 hit = work->hit.word[i] & ruleset->resolver.word[i];

		enforced |= hit & ruleset->enforced.word[i];
		audited |= hit;
	}
	/* A rule in audit makes nobody a resolver for rules in enforce: audit changes nothing. */
	if (enforced || (audited && !(ruleset->asks_names & ASKS_NAMES_ENFORCED)))
		return 1;
	room->resolver.family = work->peer.family;
	__builtin_memcpy(room->resolver.address, work->peer.address, sizeof(work->peer.address));
	return bpf_map_lookup_elem(&dns_resolvers, &room->resolver) ? 1 : 0;
}

static __always_inline void dns_key(struct __sk_buff *skb, struct dns_room *room)
{
	room->key.socket = bpf_get_socket_cookie(skb);
	room->key.name = room->question.hash;
	room->key.id = room->id;
	room->key.type = room->type;
	room->key.zero = 0;
}

/* The packet holds a question, and nobody denies it. The slot's peer is whom the process asks. */
__weak __noinline int dns_asked(struct __sk_buff *skb, u32 slot, u32 number)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	struct dns_question_row *row;
	u32 length, trusted = 0;
	u64 hash;

	if (!room || !work || dns_read_question(skb, number) || room->flags & DNS_FLAGS_QUESTION)
		return 0;
	/* The name is the last thing that was read; a question's own name has no pointers. */
	length = room->length;
	room->asked.length = length;
	__builtin_memcpy(room->asked.label, room->text, sizeof(room->asked.label));
	for (u32 i = 0; i < DNS_SUBJECTS; i++)
		if (room->subject[i] && dns_trusts(slot, number, i))
			trusted |= 1 << i;
	if (!trusted) {
		count(COUNTER_DNS_UNTRUSTED);
		return 0;
	}
	row = &room->row;
	row->trusted = trusted;
	__builtin_memcpy(row->asked, work->peer.address, sizeof(row->asked));
	row->asked_family = work->peer.family;
	row->asked_port = work->peer.port;
	__builtin_memcpy(row->sent_to, work->packet.peer.address, sizeof(row->sent_to));
	row->sent_family = work->packet.peer.family;
	row->sent_port = work->packet.peer.port;
	row->loopback = skb->ifindex == LOOPBACK;
	dns_key(skb, room);
	if (bpf_map_update_elem(&dns_questions, &room->key, row, BPF_ANY)) {
		count(COUNTER_DNS_UNREAD);
		return 0;
	}
	count(COUNTER_DNS_ASKED);
	hash = room->question.hash;
	if (!bpf_map_lookup_elem(&dns_texts, &hash))
		bpf_map_update_elem(&dns_texts, &hash, &room->asked, BPF_ANY);
	return 0;
}

/* Whether every name of an address has expired. */
static __always_inline bool dns_expired(const struct dns_address *row, u64 now)
{
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++)
		if (row->belief[i].expires > now)
			return false;
	return true;
}

static __always_inline u32 dns_next_place(u64 subject)
{
	struct dns_turn *turn = bpf_map_lookup_elem(&dns_turns, &subject), fresh = {};
	u32 place;

	if (!turn) {
		bpf_map_update_elem(&dns_turns, &subject, &fresh, BPF_NOEXIST);
		turn = bpf_map_lookup_elem(&dns_turns, &subject);
		if (!turn)
			return DNS_LIMIT_ADDRESSES;
	}
	bpf_spin_lock(&turn->lock);
	place = turn->next & (DNS_LIMIT_ADDRESSES - 1);
	turn->next = place + 1;
	bpf_spin_unlock(&turn->lock);
	return place;
}

/* A row for one more address of a subject: in a place that nothing is in, or something that has expired, or after a few of
 * them in one that still counts. */
__weak __noinline int dns_make_row(u32 slot, u32 number, u64 subject)
{
	struct dns_room *room = dns_room_of(number);
	struct dns_place_key place = {.subject = subject};
	struct work *work = work_of(slot);
	struct dns_address_key *old;

	if (!room || !work)
		return -1;
	for (u32 i = 0; i < DNS_PLACES_TRIED; i++) {
		struct dns_address *row;

		place.place = dns_next_place(subject);
		if (place.place >= DNS_LIMIT_ADDRESSES)
			break;
		old = bpf_map_lookup_elem(&dns_places, &place);
		if (!old)
			goto found;
		row = bpf_map_lookup_elem(&dns_addresses, old);
		if (row && !dns_expired(row, room->now)) {
			if (i + 1 < DNS_PLACES_TRIED)
				continue;
			count(COUNTER_DNS_EVICTED);
		}
		work->known = *old;
		bpf_map_delete_elem(&dns_addresses, &work->known);
		goto found;
	}
	return 0;
found:
	dns_address_key_of(&work->known, subject, &work->peer);
	/* Another answer may have made it meanwhile: whoever needs it looks whether it is there. */
	if (!bpf_map_update_elem(&dns_places, &place, &work->known, BPF_ANY))
		bpf_map_update_elem(&dns_addresses, &work->known, &room->fresh, BPF_NOEXIST);
	return 0;
}

/* Which of a row's names the room's one takes the place of: itself, what has expired, what no rule is about, what expires
 * first. DNS_LIMIT_NAMES: none, since every other one is wanted and this one is not. */
static __always_inline u32 dns_victim(const struct dns_address *row, const struct dns_room *room, bool *loses)
{
	u32 victim = DNS_LIMIT_NAMES;
	u64 worst = ~0ULL;

	*loses = false;
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++)
		if (row->belief[i].name.hash == room->question.hash && row->belief[i].expires)
			return i;
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++)
		if (row->belief[i].expires <= room->now)
			return i;
	*loses = true;
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++) {
		if (!(row->wanted >> i & 1) && row->belief[i].expires < worst) {
			worst = row->belief[i].expires;
			victim = i;
		}
	}
	if (victim < DNS_LIMIT_NAMES || !room->wanted)
		return victim;
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++) {
		if (row->belief[i].expires < worst) {
			worst = row->belief[i].expires;
			victim = i;
		}
	}
	return victim;
}

/* The address of record `at`, for the `which`-th subject. */
__weak __noinline int dns_learn(u32 slot, u32 number, u32 which, u32 at)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	struct dns_address *row;
	struct dns_record *record;
	u64 subject, expires, seconds;
	bool loses;
	u32 victim;

	if (!room || !work || which >= DNS_SUBJECTS || at >= DNS_LIMIT_RECORDS)
		return 0;
	record = &room->record[at];
	subject = room->subject[which];
	if (!record->family)
		return 0;
	seconds = record->seconds > room->floor ? record->seconds : room->floor;
	expires = room->now + (seconds + room->grace) * SECOND;
	work->peer.family = record->family;
	__builtin_memcpy(work->peer.address, record->address, sizeof(record->address));
	dns_address_key_of(&work->known, subject, &work->peer);
	row = bpf_map_lookup_elem(&dns_addresses, &work->known);
	if (!row) {
		dns_make_row(slot, number, subject);
		dns_address_key_of(&work->known, subject, &work->peer);
		row = bpf_map_lookup_elem(&dns_addresses, &work->known);
		if (!row) {
			/* fail closed: no rule about the name allows it. fail open: no rail about it denies it. */
			count(COUNTER_DNS_FULL);
			return 0;
		}
	}
	bpf_spin_lock(&row->lock);
	victim = dns_victim(row, room, &loses);
	if (victim < DNS_LIMIT_NAMES) {
		struct dns_belief *belief = &row->belief[victim];

		if (belief->name.hash != room->question.hash || belief->expires < expires)
			belief->expires = expires;
		belief->name = room->question;
		row->wanted = (row->wanted & ~(1U << victim)) | (u32)room->wanted << victim;
	}
	bpf_spin_unlock(&row->lock);
	if (loses)
		count(COUNTER_DNS_CROWDED);
	if (victim < DNS_LIMIT_NAMES)
		count(COUNTER_DNS_LEARNED);
	return 0;
}

/* All addresses of an answer, for one subject. */
__weak __noinline int dns_learn_for(u32 slot, u32 number, u32 which)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	u64 rules = 0;
	u32 id = 0;

	if (!room || !work || which >= DNS_SUBJECTS)
		return 0;
	ruleset = ruleset_of(room->subject[which], &id, &work->answer);
	if (!ruleset)
		return 0;
	if (ruleset->asks_names) {
		__builtin_memset(&work->named, 0, sizeof(work->named));
		rules_of_name(id, ruleset->names_below, &room->question, &work->named);
		for (int i = 0; i < LIMIT_RULE_WORDS; i++)
			rules |= work->named.word[i];
	}
	room->wanted = rules != 0;
	for (u32 i = 0; i < DNS_LIMIT_RECORDS; i++) {
		if (i >= room->records)
			break;
		dns_learn(slot, number, which, i);
	}
	return 0;
}

static __always_inline bool dns_is_from(const struct peer *peer, const u8 address[16], u8 family, u16 port)
{
	return peer->family == family && peer->port == port && same_address(peer->address, address);
}

/* The packet holds an answer that the socket gets. */
__weak __noinline int dns_answered(struct __sk_buff *skb, u32 slot, u32 number)
{
	struct dns_room *room = dns_room_of(number);
	struct work *work = work_of(slot);
	struct dns_question_row *found, *row;
	struct dns_times *times;
	u32 zero = 0;

	if (!room || !work || dns_read_question(skb, number) ||
	    (room->flags & DNS_FLAGS_QUESTION) != DNS_FLAGS_ANSWER)
		return 0;
	dns_key(skb, room);
	row = &room->row;
	found = bpf_map_lookup_elem(&dns_questions, &room->key);
	if (found)
		*row = *found;
	/* fail closed: nobody asked this here, or somebody else answers. */
	if (!found || row->loopback != (skb->ifindex == LOOPBACK) ||
	    (!dns_is_from(&work->packet.peer, row->sent_to, row->sent_family, row->sent_port) &&
	     !dns_is_from(&work->packet.peer, row->asked, row->asked_family, row->asked_port))) {
		count(COUNTER_DNS_UNASKED);
		return 0;
	}
	bpf_map_delete_elem(&dns_questions, &room->key);
	if (room->flags & 15)
		return 0; /* there is no such name */
	if (dns_read_answers(skb, number)) {
		count(COUNTER_DNS_MALFORMED);
		return 0;
	}
	times = bpf_map_lookup_elem(&dns_settings, &zero);
	if (!times)
		return 0;
	room->now = bpf_ktime_get_boot_ns();
	room->floor = times->floor;
	room->grace = times->grace;
	if (room->answers > DNS_LIMIT_RECORDS)
		count(COUNTER_DNS_UNREAD); /* fail closed: what comes after them is not learned */
	for (u32 i = 0; i < DNS_SUBJECTS; i++)
		if (row->trusted >> i & 1)
			dns_learn_for(slot, number, i);
	return 0;
}

#endif

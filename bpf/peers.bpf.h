/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules by whom a process talks to: addresses, pods and Services at them, names, and ports. */
#ifndef UNDERPIN_PEERS_BPF_H
#define UNDERPIN_PEERS_BPF_H

#include "rules.bpf.h"
#include "names.bpf.h"

/* Address -> who is there. Written by the agent only, one row when a pod comes or goes. Full: the agent refuses the plan
 * as a whole and keeps the previous one. */
MAP(peers, BPF_MAP_TYPE_HASH, 131072, struct peer_key, struct peer_row, BPF_F_NO_PREALLOC);

/* A port of an address -> who is there, and what a Service leads to. The same. */
MAP(places, BPF_MAP_TYPE_HASH, 131072, struct place_key, struct place_row, BPF_F_NO_PREALLOC);

/* (ruleset, identity) -> rules about it. Written by the agent only, before anything has that identity. */
MAP(identities, BPF_MAP_TYPE_HASH, 262144, struct identity_key, struct rule_bits, BPF_F_NO_PREALLOC);

static __always_inline const struct rule_bits *rules_of_identity(struct work *work, u32 id, u64 identity)
{
	struct identity_key *key = &work->keys.identity;

	key->ruleset = id;
	key->zero = 0;
	key->identity = identity;
	return identity ? bpf_map_lookup_elem(&identities, key) : 0;
}

static __always_inline const struct place_row *place_of(struct work *work)
{
	const struct peer *peer = &work->peer;
	struct place_key *key = &work->keys.place;

	key->port = peer->port;
	key->protocol = peer->protocol;
	key->family = peer->family;
	__builtin_memcpy(key->address, peer->address, sizeof(key->address));
	return bpf_map_lookup_elem(&places, key);
}

static __always_inline u64 identity_at(struct work *work, bool from)
{
	const struct peer *peer = &work->peer;
	struct peer_key *key = &work->keys.peer;
	struct peer_row *row;

	__builtin_memset(key, 0, sizeof(*key));
	key->family = peer->family;
	__builtin_memcpy(key->address, peer->address, sizeof(key->address));
	row = bpf_map_lookup_elem(&peers, key);
	if (!row)
		return 0; /* fail closed: nobody whom a rule could allow; what a rail is about has a row */
	return from ? row->from : row->to;
}

/* The rules about the address and about the host that has it. `place`: what is known of the port there; `named`: the
 * rules about the address's names, where some are. */
static __always_inline void rules_of_peer(struct work *work, u32 id, const struct ruleset_row *ruleset,
					  const struct place_row *place, const struct rule_bits *named,
					  bool from, struct rule_bits *hit)
{
	const struct peer *peer = &work->peer;
	struct address_key *key = &work->keys.address;
	const struct rule_bits *row;
	struct rule_bits *whom = &work->whom;

	*whom = ruleset->any_peer;
	__builtin_memset(key, 0, sizeof(*key));
	key->prefix = 64 + (peer->family == 4 ? 32 : 128);
	key->ruleset = id;
	key->family = peer->family;
	__builtin_memcpy(key->address, peer->address, sizeof(key->address));
	row = bpf_map_lookup_elem(&addresses, key);
	if (row)
		bits_or(whom, row);
	if (named)
		bits_or(whom, named);
	if (from && peer->looped) {
		bits_or(whom, &ruleset->looped);
		for (int i = 0; i < LIMIT_RULE_WORDS; i++)
			work->by_loop |= (hit->word[i] & ruleset->looped.word[i]) != 0;
	}
	if (ruleset->asks_identity) {
		row = rules_of_identity(work, id, place ? place->identity : identity_at(work, from));
		if (row)
			bits_or(whom, row);
	}
	bits_and(hit, whom);
}

static __always_inline void rules_of_port(struct work *work, u32 id, const struct ruleset_row *ruleset,
					  u16 port, struct rule_bits *hit)
{
	struct port_key *key = &work->keys.port;

	key->prefix = 64;
	key->ruleset = id;
	key->protocol = work->peer.protocol;
	key->zero = 0;
	key->port[0] = port >> 8;
	key->port[1] = port & 0xff;
	bits_narrow(hit, &ruleset->any_port, bpf_map_lookup_elem(&ports, key));
}

/* One kind of place behind the Service that the slot's peer is: the rules about it, besides those about the Service
 * itself, which the slot's `direct` has. A global function, since it is asked in a loop. */
__weak __noinline int decide_behind(u32 slot, u32 id, u32 at)
{
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset = bpf_map_lookup_elem(&rulesets, &id);
	const struct place_row *place;
	const struct rule_bits *row;
	struct rule_bits *hit;

	if (!work)
		return 0; /* cannot happen */
	hit = &work->hit;
	place = place_of(work);
	if (!ruleset) {
		answer_both(&work->answer, VERDICT_DENY); /* fail closed: it was there a moment ago */
		return 0;
	}
	*hit = ruleset->deny;
	/* fail closed: when nobody says where it leads, every rail is about it, and no other rule. */
	if (place && place->count <= PEER_LIMIT_BEHIND) {
		const struct behind *behind = &place->behind[at & (PEER_LIMIT_BEHIND - 1)];

		/* Addresses that a rule allows are those asked for; a rail counts for what leads there, too. */
		bits_and(hit, &ruleset->any_peer);
		row = rules_of_identity(work, id, behind->identity);
		if (row)
			bits_or(hit, row);
		rules_of_port(work, id, ruleset, behind->port, hit);
	}
	bits_and(hit, &work->all);
	bits_or(hit, &work->some);
	judge(id, ruleset, hit, &ruleset->restricts, &work->answer);
	return 0;
}

#endif

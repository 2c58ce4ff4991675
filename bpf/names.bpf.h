/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules by names of hosts: which names did the subject get this address by, and which rules are about them. What was
 * learned does not depend on a policy, so a new one finds it all; dns-learn.bpf.h writes it. */
#ifndef UNDERPIN_NAMES_BPF_H
#define UNDERPIN_NAMES_BPF_H

#include "rules.bpf.h"

/* (ruleset, name or domain above it) -> rules. Written by the agent only, like the other rows of a ruleset. */
MAP(name_rules, BPF_MAP_TYPE_HASH, 65536, struct exe_key, struct rule_bits, BPF_F_NO_PREALLOC);

/* struct dns_address_row of abi-dns.h. */
struct dns_address {
	struct bpf_spin_lock lock;
	u32 wanted;
	struct dns_belief belief[DNS_LIMIT_NAMES];
};
_Static_assert(sizeof(struct dns_address) == sizeof(struct dns_address_row), "one layout");

/* (subject, address) -> by which names the subject got it, and until when each of them counts. Written by the kernel;
 * the agent only takes out rows of subjects that are gone, and old ones when it is getting full. A subject has
 * DNS_LIMIT_ADDRESSES at most, so nobody takes another one's room.
 * Full: not learned and counted; the rules about the name do not allow the address. */
MAP(dns_addresses, BPF_MAP_TYPE_HASH, 131072, struct dns_address_key, struct dns_address, BPF_F_NO_PREALLOC);

static __always_inline void dns_address_key_of(struct dns_address_key *key, u64 subject,
					       const struct peer *peer)
{
	key->subject = subject;
	key->family = peer->family;
	key->zero = 0;
	__builtin_memcpy(key->address, peer->address, sizeof(key->address));
}

/* Adds the rules that a name matches: those with the name itself, and those with `*.` and a domain above it. */
static __always_inline void rules_of_name(u32 ruleset, u32 below, const struct dns_name *name,
					  struct rule_bits *rules)
{
	struct exe_key key = {.ruleset = ruleset, .kind = PATH_EXACT, .hash = name->hash};
	struct rule_bits *row;

	row = bpf_map_lookup_elem(&name_rules, &key);
	if (row)
		bits_or(rules, row);
	if (!below)
		return;
	key.kind = PATH_BELOW;
	for (u32 i = 0; i < DNS_LIMIT_LEVELS; i++) {
		key.hash = name->above[i];
		if (!key.hash)
			break;
		row = bpf_map_lookup_elem(&name_rules, &key);
		if (row)
			bits_or(rules, row);
	}
}

/* The rules about the names by which `subject` got the address of the slot's peer, into the slot's `named`. Names
 * count that had not expired at `since`, which is now where it is 0. */
__weak __noinline int rules_of_names(u32 slot, u64 subject, u32 ruleset, u32 below)
{
	struct work *work = work_of(slot);
	struct dns_address *row;

	if (!work)
		return 0;
	__builtin_memset(&work->named, 0, sizeof(work->named));
	dns_address_key_of(&work->known, subject, &work->peer);
	row = bpf_map_lookup_elem(&dns_addresses, &work->known);
	if (!row)
		return 0; /* fail closed: nobody told the subject of this address */
	if (!work->since)
		work->since = bpf_ktime_get_boot_ns();
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++) {
		bpf_spin_lock(&row->lock);
		work->belief = row->belief[i];
		bpf_spin_unlock(&row->lock);
		if (work->belief.expires > work->since)
			rules_of_name(ruleset, below, &work->belief.name, &work->named);
	}
	return 0;
}

/* By which name the subject got the address of the slot's peer, for people: the last one, into the slot's `name`. */
__weak __noinline int name_of_address(u32 slot)
{
	struct work *work = work_of(slot);
	struct dns_address *row;
	u64 name = 0, expires = 0;

	if (!work)
		return 0;
	dns_address_key_of(&work->known, work->answer.subject, &work->peer);
	row = bpf_map_lookup_elem(&dns_addresses, &work->known);
	if (!row)
		return 0;
	for (u32 i = 0; i < DNS_LIMIT_NAMES; i++) {
		if (row->belief[i].expires > expires) {
			expires = row->belief[i].expires;
			name = row->belief[i].name.hash;
		}
	}
	work->name = name;
	return 0;
}

#endif

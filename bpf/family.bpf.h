/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ways to talk that no address is about: other socket families, raw packets, changing the network. A policy that lists
 * processes denies them unless the process's entry lists them. */
#ifndef UNDERPIN_FAMILY_BPF_H
#define UNDERPIN_FAMILY_BPF_H

#include "ledger.bpf.h"

#define SOCK_RAW 3
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_SMC 43
#define NETLINK_ROUTE 0
#define NETLINK_PROTOCOLS 32
#define IPPROTO_SMC 256
#define FAMILIES 64

/* What a socket is decided as, by how it is asked for; SOCKET_USE_NONE: by its addresses, not here. */
static __always_inline u32 use_of(u32 family, u32 type, u32 protocol)
{
	switch (family) {
	case AF_UNIX:
		return SOCKET_USE_NONE;
	case AF_INET:
	case AF_INET6:
		if (protocol == IPPROTO_SMC)
			return AF_SMC; /* its data may go past every packet hook */
		return type == SOCK_RAW ? SOCKET_USE_RAW : SOCKET_USE_NONE;
	case AF_NETLINK:
		if (protocol == NETLINK_ROUTE)
			return SOCKET_USE_NONE; /* reading; changing is SOCKET_USE_NETWORK_ADMIN */
		return protocol < NETLINK_PROTOCOLS ? SOCKET_USE_NETLINK + protocol : AF_NETLINK;
	default:
		return family < FAMILIES ? family : FAMILIES - 1;
	}
}

/* `use`: enum socket_use, or a family. */
__weak __noinline int decide_socket(u32 slot, u64 subject, u64 image, u32 use)
{
	struct work *work = work_of(slot);
	struct privilege_key key = {.privilege = PRIVILEGE_SOCKET + use};
	const struct ruleset_row *ruleset;
	struct rule_bits *hit, none = {};
	u32 id = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	hit = &work->hit;
	ruleset = ruleset_of(subject, &id, &work->answer);
	if (!ruleset)
		return verdicts(&work->answer);
	key.ruleset = id;
	grants_of_image(id, ruleset, image, hit);
	bits_and(hit, &ruleset->socket);
	bits_of_lineage(ruleset, work->lineage, hit);
	/* fail closed: no rule is about a family that has no name, so no list allows it. */
	bits_narrow(hit, &none, bpf_map_lookup_elem(&privileges, &key));
	judge(id, ruleset, hit, &ruleset->restricts, &work->answer);
	return verdicts(&work->answer);
}

/* The strictest of all that the process belongs to, counted: true if it is refused. */
static __always_inline bool refuses_use(const struct identity *who, u32 use, u32 hook, bool silent)
{
	struct ledger_key *key;
	struct image_row *image;
	struct work *work;
	u64 exe = 0, from = 0;
	int slot, both;

	count(COUNTER_SOCKET);
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return enforces(who->subject) || enforces(who->carried);
	work->lineage = who->lineage;
	both = decide_socket(slot, who->subject, who->image, use);
	if (who->carried)
		both = STRICTEST_OF(work, both, who->subject, who->carried, other,
				    decide_socket(slot, other, who->image, use));
	if (!silent && (both || is_set(FLAG_OBSERVE))) {
		image = bpf_map_lookup_elem(&images, &who->image);
		if (image) {
			exe = image->exe.hash;
			from = image->from.hash;
		}
		key = &work->key;
		__builtin_memset(key, 0, sizeof(*key));
		key->decision = DECISION_SOCKET;
		key->hook = hook;
		key->image = who->image;
		key->port = use;
		record(slot, exe, from, bpf_get_current_pid_tgid() >> 32);
	}
	release_slot(slot);
	return both & VERDICTS_ENFORCED;
}

#endif

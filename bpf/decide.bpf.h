/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only place that decides. Every dimension of a decision answers a set of rules; the rules that hit are
 * their intersection; `judge` turns them into both verdicts. policies/src/evaluate.ts is the specification.
 */
#ifndef UNDERPIN_DECIDE_BPF_H
#define UNDERPIN_DECIDE_BPF_H

#include "maps.bpf.h"
#include "path.bpf.h"
#include "subject.bpf.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

#define RAIL_ENFORCED 1
#define RAIL_AUDITED 2

struct answer {
	u64 subject;
	u32 policy; /* who denies, or would; 0: nobody, or nobody in particular */
	u32 rule;
	u8 enforced;
	u8 audited;
	u8 rails; /* RAIL_*: which of the two a guard rail denies */
	u8 zero[5];
};

struct peer {
	u8 address[16]; /* network order; IPv4 in the first four bytes */
	u16 port;	/* egress: remote; ingress and bind: local */
	u8 family;
	u8 protocol;
	u32 zero;
} __attribute__((aligned(8)));

static __always_inline void bits_or(struct rule_bits *into, const struct rule_bits *bits)
{
	for (int i = 0; i < LIMIT_RULE_WORDS; i++)
		into->word[i] |= bits->word[i];
}

static __always_inline void bits_and(struct rule_bits *into, const struct rule_bits *bits)
{
	for (int i = 0; i < LIMIT_RULE_WORDS; i++)
		into->word[i] &= bits->word[i];
}

/* into &= any | row */
static __always_inline void bits_narrow(struct rule_bits *into, const struct rule_bits *any,
					const struct rule_bits *row)
{
	for (int i = 0; i < LIMIT_RULE_WORDS; i++)
		into->word[i] &= any->word[i] | (row ? row->word[i] : 0);
}

static __always_inline void answer_both(struct answer *answer, u8 verdict)
{
	answer->enforced = answer->audited = verdict;
	answer->rails = 0;
	answer->policy = 0;
	answer->rule = RULE_NONE;
}

/* Adds the rules whose `exe` (or, as_from, whose `from`) this path matches. */
__weak __noinline int rules_of_path(u32 ruleset, u32 below, u32 as_from, const struct path_key *path,
				    struct rule_bits *rules)
{
	struct exe_key key = {.ruleset = ruleset, .kind = PATH_EXACT};
	struct exe_row *row;

	if (!path || !rules)
		return 0;
	/* fail closed: a path that cannot be resolved, or a deleted file, matches no pattern, not even
	 * everything. */
	if (path->state != PATH_RESOLVED)
		return 0;
	key.hash = path->hash;
	row = bpf_map_lookup_elem(&exes, &key);
	if (row)
		bits_or(rules, as_from ? &row->from : &row->exe);
	if (!below)
		return 0;
	key.kind = PATH_BELOW;
	for (u32 i = 0; i < LIMIT_DIRS; i++) {
		if (i >= path->dir_count)
			break;
		key.hash = path->dirs[i];
		row = bpf_map_lookup_elem(&exes, &key);
		if (row)
			bits_or(rules, as_from ? &row->from : &row->exe);
	}
	return 0;
}

/* The rules that a process takes part in, when `exe` was started by `from`. */
static __always_inline void grants_of_paths(u32 id, const struct ruleset_row *ruleset,
					    const struct path_key *exe, const struct path_key *from,
					    struct rule_bits *granted)
{
	struct rule_bits callers = ruleset->any_from;

	rules_of_path(id, ruleset->exe_below, 1, from, &callers);
	*granted = ruleset->any_exe;
	rules_of_path(id, ruleset->exe_below, 0, exe, granted);
	bits_and(granted, &callers);
}

/* The same for a process or socket that we know by its image. */
__weak __noinline int grants_of_image(u32 id, const struct ruleset_row *ruleset, u64 image,
				      struct rule_bits *granted)
{
	struct grant_key key = {.ruleset = id, .image = image};
	struct rule_bits *cached;
	struct image_row *row;

	if (!ruleset || !granted)
		return 0;
	if (image == IMAGE_ANY) {
		/* A socket that was opened before us: whatever any process of the subject may do, and no
		 * more. fail closed: rails for single processes count as well. */
		for (int i = 0; i < LIMIT_RULE_WORDS; i++)
			granted->word[i] = ~0ULL;
		return 0;
	}
	*granted = ruleset->any_exe;
	bits_and(granted, &ruleset->any_from);
	if (image == IMAGE_UNKNOWN)
		return 0; /* fail closed: no rule that names an executable allows an unknown one */
	cached = bpf_map_lookup_elem(&grants, &key);
	if (cached) {
		*granted = *cached;
		return 0;
	}
	row = bpf_map_lookup_elem(&images, &image);
	if (!row)
		return 0; /* fail closed: as unknown */
	grants_of_paths(id, ruleset, &row->exe, &row->from, granted);
	bpf_map_update_elem(&grants, &key, granted, BPF_ANY);
	return 0;
}

/* The rules that hit -> both verdicts, and who is to blame. `restricts`: what no rule allows is denied,
 * if a policy lists processes. */
__weak __noinline int judge(u32 id, const struct ruleset_row *ruleset, const struct rule_bits *hit,
			    u32 restricts, struct answer *answer)
{
	u64 allow_enforced = 0, allow_audited = 0;
	u32 first_enforced = RULE_NONE, first_audited = RULE_NONE, policy;
	struct rule_key key = {.ruleset = id};
	struct rule_row *row;

	if (!ruleset || !hit || !answer)
		return 0;
	for (int i = LIMIT_RULE_WORDS - 1; i >= 0; i--) {
		u64 deny = hit->word[i] & ruleset->deny.word[i],
		    allow = hit->word[i] & ~ruleset->deny.word[i];
		u64 enforced = ruleset->enforced.word[i];

		allow_audited |= allow;
		allow_enforced |= allow & enforced;
		if (deny)
			first_audited = i * 64;
		if (deny & enforced)
			first_enforced = i * 64;
	}
	answer->rails = (first_enforced != RULE_NONE ? RAIL_ENFORCED : 0) |
			(first_audited != RULE_NONE ? RAIL_AUDITED : 0);
	if (first_enforced != RULE_NONE)
		answer->enforced = VERDICT_DENY;
	else if (allow_enforced)
		answer->enforced = VERDICT_ALLOW;
	else
		answer->enforced = restricts && ruleset->restricts_enforced ? VERDICT_DENY : VERDICT_ALLOW;
	if (first_audited != RULE_NONE)
		answer->audited = VERDICT_DENY;
	else if (allow_audited)
		answer->audited = VERDICT_ALLOW;
	else
		answer->audited = restricts && ruleset->restricts_audited ? VERDICT_DENY : VERDICT_ALLOW;
	answer->policy = 0;
	answer->rule = RULE_NONE;
	if (answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_ALLOW)
		return 0;
	/* Blame: the rail of lowest number, else the policy that lists processes. */
	policy = ruleset->restricts_audited;
	key.rule = first_audited;
	if (answer->enforced == VERDICT_DENY) {
		policy = ruleset->restricts_enforced;
		key.rule = first_enforced;
	}
	if (key.rule != RULE_NONE) {
		u32 word = key.rule / 64 & (LIMIT_RULE_WORDS - 1);
		u64 bits = hit->word[word] & ruleset->deny.word[word];

		if (answer->enforced == VERDICT_DENY)
			bits &= ruleset->enforced.word[word];
		for (u32 bit = 0; bit < 64; bit++) {
			if (bits >> bit & 1) {
				key.rule = word * 64 + bit;
				break;
			}
		}
		row = bpf_map_lookup_elem(&rules, &key);
		policy = row ? row->policy : 0;
	}
	answer->policy = policy;
	answer->rule = key.rule;
	return 0;
}

/* subject -> its ruleset. No subject, or no policy: NULL and both verdicts allow. */
static __always_inline const struct ruleset_row *ruleset_of(u64 subject, u32 *id, struct answer *answer)
{
	struct subject_row *row;
	struct binding_row *binding;
	struct ruleset_row *ruleset;
	u32 index;

	answer->subject = subject;
	answer_both(answer, VERDICT_ALLOW);
	if (!subject)
		return 0;
	row = bpf_map_lookup_elem(&subjects, &subject);
	if (row) {
		index = row->binding;
		binding = bpf_map_lookup_elem(&bindings, &index);
		if (binding) {
			*id = binding->ruleset;
			if (!*id)
				return 0;
			ruleset = bpf_map_lookup_elem(&rulesets, id);
			if (ruleset)
				return ruleset;
		}
	}
	/* fail closed: it is a subject, and what its policy says cannot be found. */
	count(COUNTER_RULESET_MISSING);
	answer_both(answer, VERDICT_DENY);
	return 0;
}

__weak __noinline int decide_exec(u64 subject, const struct path_key *exe, const struct path_key *from,
				  struct answer *answer)
{
	const struct ruleset_row *ruleset;
	struct rule_bits hit;
	u32 id = 0;

	if (!exe || !from || !answer)
		return 0;
	ruleset = ruleset_of(subject, &id, answer);
	if (!ruleset)
		return 0;
	grants_of_paths(id, ruleset, exe, from, &hit);
	bits_and(&hit, &ruleset->exec);
	judge(id, ruleset, &hit, 1, answer);
	return 0;
}

static __always_inline void rules_of_peer(u32 id, const struct ruleset_row *ruleset, const struct peer *peer,
					  struct rule_bits *hit)
{
	struct address_key key = {
		.prefix = 64 + (peer->family == 4 ? 32 : 128), .ruleset = id, .family = peer->family};

	__builtin_memcpy(key.address, peer->address, sizeof(key.address));
	bits_narrow(hit, &ruleset->any_peer, bpf_map_lookup_elem(&addresses, &key));
}

static __always_inline void rules_of_port(u32 id, const struct ruleset_row *ruleset, const struct peer *peer,
					  struct rule_bits *hit)
{
	struct port_key key = {.prefix = 64,
			       .ruleset = id,
			       .protocol = peer->protocol,
			       .port = {peer->port >> 8, peer->port & 0xff}};

	bits_narrow(hit, &ruleset->any_port, bpf_map_lookup_elem(&ports, &key));
}

/* egress, ingress, bind and protocol: everything that a process does to others. */
__weak __noinline int decide_network(u32 decision, u64 subject, u64 image, const struct peer *peer,
				     struct answer *answer)
{
	const struct ruleset_row *ruleset;
	struct rule_bits hit;
	u32 id = 0;

	if (!peer || !answer)
		return 0;
	ruleset = ruleset_of(subject, &id, answer);
	if (!ruleset)
		return 0;
	grants_of_image(id, ruleset, image, &hit);
	if (decision == DECISION_PROTOCOL) {
		bits_and(&hit, &ruleset->stratum);
		judge(id, ruleset, &hit, 0, answer);
		return 0;
	}
	if (decision == DECISION_BIND && peer->port == 0)
		return 0; /* the kernel chooses a port: nobody was told to expect it */
	rules_of_port(id, ruleset, peer, &hit);
	if (decision == DECISION_BIND) {
		bits_and(&hit, &ruleset->bind);
	} else {
		bits_and(&hit, decision == DECISION_EGRESS ? &ruleset->egress : &ruleset->ingress);
		rules_of_peer(id, ruleset, peer, &hit);
	}
	judge(id, ruleset, &hit, 1, answer);
	return 0;
}

/* The strictest of cgroup and process wins. */
static __always_inline void stricter(struct answer *answer, const struct answer *other)
{
	u8 audited = answer->audited | other->audited;
	u8 enforced = answer->enforced | other->enforced;
	u8 rails = answer->rails | other->rails;

	/* Blame stays with the first that denies as enforced, else with the first that would. */
	if (other->enforced > answer->enforced || (!enforced && other->audited > answer->audited))
		*answer = *other;
	answer->audited = audited;
	answer->enforced = enforced;
	answer->rails = rails;
}

static __always_inline void decide_network_for(u32 decision, u64 subject, u64 carried, u64 image,
					       const struct peer *peer, struct answer *answer)
{
	struct answer other;

	decide_network(decision, subject, image, peer, answer);
	if (!carried)
		return;
	decide_network(decision, carried, image, peer, &other);
	stricter(answer, &other);
}

#endif

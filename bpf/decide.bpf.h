/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only place that decides. Every dimension of a decision answers a set of rules; the rules that hit are
 * their intersection; `judge` turns them into both verdicts. policies/src/evaluate.ts is the specification.
 */
#ifndef UNDERPIN_DECIDE_BPF_H
#define UNDERPIN_DECIDE_BPF_H

#include "work.bpf.h"
#include "subject.bpf.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

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
static __noinline void rules_of_path(u32 ruleset, u32 below, u32 as_from, const struct path_key *path,
				     struct rule_bits *rules)
{
	struct exe_key key = {.ruleset = ruleset, .kind = PATH_EXACT};
	struct exe_row *row;

	/* fail closed: a path that cannot be resolved, or a deleted file, matches no pattern, not even
	 * everything. */
	if (path->state != PATH_RESOLVED)
		return;
	key.hash = path->hash;
	row = bpf_map_lookup_elem(&exes, &key);
	if (row)
		bits_or(rules, as_from ? &row->from : &row->exe);
	if (!below)
		return;
	key.kind = PATH_BELOW;
	for (u32 i = 0; i < LIMIT_DIRS; i++) {
		if (i >= path->dir_count)
			break;
		key.hash = path->dirs[i];
		row = bpf_map_lookup_elem(&exes, &key);
		if (row)
			bits_or(rules, as_from ? &row->from : &row->exe);
	}
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
static __always_inline void grants_of_image(u32 id, const struct ruleset_row *ruleset, u64 image,
					    struct rule_bits *granted)
{
	struct grant_key key = {.ruleset = id, .image = image};
	struct rule_bits *cached;
	struct image_row *row;

	if (image == IMAGE_ANY) {
		/* A socket that was opened before us: whatever any process of the subject may do, and no
		 * more. fail closed: rails for single processes count as well. */
		for (int i = 0; i < LIMIT_RULE_WORDS; i++)
			granted->word[i] = ~0ULL;
		return;
	}
	*granted = ruleset->any_exe;
	bits_and(granted, &ruleset->any_from);
	if (image == IMAGE_UNKNOWN)
		return; /* fail closed: no rule that names an executable allows an unknown one */
	cached = bpf_map_lookup_elem(&grants, &key);
	if (cached) {
		*granted = *cached;
		return;
	}
	row = bpf_map_lookup_elem(&images, &image);
	if (!row)
		return; /* fail closed: as unknown */
	grants_of_paths(id, ruleset, &row->exe, &row->from, granted);
	bpf_map_update_elem(&grants, &key, granted, BPF_ANY);
}

/* Without the rules for another way into the container. fail closed: an unknown one fits none that asks. */
static __always_inline void bits_of_lineage(const struct ruleset_row *ruleset, u8 lineage,
					    struct rule_bits *hit)
{
	if (!ruleset->asks_lineage)
		return;
	for (int i = 0; i < LIMIT_RULE_WORDS; i++) {
		if (lineage != LINEAGE_ENTRYPOINT)
			hit->word[i] &= ~ruleset->entrypoint.word[i];
		if (lineage != LINEAGE_EXEC)
			hit->word[i] &= ~ruleset->started_exec.word[i];
	}
}

/* The rules that hit -> both verdicts, and who is to blame. `restricts`: who denies what no rule allows; NULL
 * where only guard rails deny. */
static __noinline void judge(u32 id, const struct ruleset_row *ruleset, const struct rule_bits *hit,
			     const struct restricting *restricts, struct answer *answer)
{
	u64 allow_enforced = 0, allow_audited = 0;
	u32 first_enforced = RULE_NONE, first_audited = RULE_NONE, policy;
	struct rule_key key = {.ruleset = id};
	struct rule_row *row;

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
		answer->enforced = restricts && restricts->enforced ? VERDICT_DENY : VERDICT_ALLOW;
	if (first_audited != RULE_NONE)
		answer->audited = VERDICT_DENY;
	else if (allow_audited)
		answer->audited = VERDICT_ALLOW;
	else
		answer->audited = restricts && restricts->audited ? VERDICT_DENY : VERDICT_ALLOW;
	answer->policy = 0;
	answer->rule = RULE_NONE;
	if (answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_ALLOW)
		return;
	/* Blame: the rail of lowest number, else the policy that lists processes. */
	policy = restricts ? restricts->audited : 0;
	key.rule = first_audited;
	if (answer->enforced == VERDICT_DENY) {
		policy = restricts ? restricts->enforced : 0;
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

/* What the functions that decide return: both verdicts at once. The slot's `answer` says who is to blame. */
#define VERDICTS_ENFORCED 1
#define VERDICTS_AUDITED 2
#define VERDICTS_ALLOW 0
#define VERDICTS_DENY (VERDICTS_ENFORCED | VERDICTS_AUDITED)

static __always_inline int verdicts(const struct answer *answer)
{
	return (answer->enforced == VERDICT_DENY ? VERDICTS_ENFORCED : 0) |
	       (answer->audited == VERDICT_DENY ? VERDICTS_AUDITED : 0);
}

#define EPERM 1

/* 0 or -EPERM. The compiler must not make arithmetic of it: the verifier would lose its range. */
static __always_inline int refusal(bool refuse)
{
	long code = 0;

	if (refuse)
		asm volatile("%0 = -1" : "=r"(code));
	return code;
}

/* Whether anything of this subject is enforced: decides where there is no room to decide properly. */
static __noinline bool enforces(u64 subject)
{
	struct answer answer;
	const struct ruleset_row *ruleset;
	u64 rules = 0;
	u32 id = 0;

	ruleset = ruleset_of(subject, &id, &answer);
	if (!ruleset)
		return answer.enforced == VERDICT_DENY;
	for (int i = 0; i < LIMIT_RULE_WORDS; i++)
		rules |= ruleset->enforced.word[i];
	return ruleset->restricts.enforced || rules;
}

/* `which` path of the slot, started by its path WORK_FROM; `origin` of the file. */
__weak __noinline int decide_exec(u32 slot, u64 subject, u32 which, u32 origin)
{
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	struct answer *answer;
	struct rule_bits *hit;
	u32 id = 0;

	if (!work || which >= WORK_PATHS)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	answer = &work->answer;
	hit = &work->hit;
	ruleset = ruleset_of(subject, &id, answer);
	if (!ruleset)
		return verdicts(answer);
	grants_of_paths(id, ruleset, &work->path[which], &work->path[WORK_FROM], hit);
	bits_and(hit, &ruleset->exec);
	bits_of_lineage(ruleset, work->lineage, hit);
	if (ruleset->decides_code && origin != ORIGIN_IMAGE)
		bits_or(hit, &ruleset->code_file); /* guard rails for every process */
	judge(id, ruleset, hit, &ruleset->restricts, answer);
	return verdicts(answer);
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

/* egress, ingress, bind and protocol: everything that a process does to others. Its peer is the slot's. */
__weak __noinline int decide_network(u32 slot, u32 decision, u64 subject, u64 image)
{
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	struct answer *answer;
	struct peer *peer;
	struct rule_bits *hit;
	u32 id = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	answer = &work->answer;
	hit = &work->hit;
	peer = &work->peer;
	ruleset = ruleset_of(subject, &id, answer);
	if (!ruleset)
		return verdicts(answer);
	if (decision == DECISION_BIND && peer->port == 0)
		return VERDICTS_ALLOW; /* the kernel chooses a port: nobody was told to expect it */
	grants_of_image(id, ruleset, image, hit);
	if (image != IMAGE_ANY)
		bits_of_lineage(ruleset, work->lineage, hit);
	if (decision == DECISION_PROTOCOL) {
		bits_and(hit, &ruleset->stratum);
	} else {
		rules_of_port(id, ruleset, peer, hit);
		if (decision == DECISION_BIND) {
			bits_and(hit, &ruleset->bind);
		} else {
			bits_and(hit, decision == DECISION_EGRESS ? &ruleset->egress : &ruleset->ingress);
			rules_of_peer(id, ruleset, peer, hit);
		}
	}
	judge(id, ruleset, hit, decision != DECISION_PROTOCOL ? &ruleset->restricts : 0, answer);
	return verdicts(answer);
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

/* The same over all subjects of a set (see carried.bpf.h), on top of the slot's answer about the cgroup's `subject`.
 * Functions of their own, since hardly any process carries more than one. */
__weak __noinline int decide_exec_set(u32 slot, u64 subject, u64 set, u32 which, u32 origin)
{
	struct work *work = work_of(slot);
	int both = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	work->first = work->answer;
	for (u32 at = 0; at < LIMIT_CARRIED; at++) {
		u64 carried = carried_at(set, at);

		if (!carried)
			break;
		if (carried == subject)
			continue;
		both |= decide_exec(slot, carried, which, origin);
		stricter(&work->first, &work->answer);
	}
	work->answer = work->first;
	return both;
}

__weak __noinline int decide_network_set(u32 slot, u32 decision, u64 subject, u64 set, u64 image)
{
	struct work *work = work_of(slot);
	int both = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	work->first = work->answer;
	for (u32 at = 0; at < LIMIT_CARRIED; at++) {
		u64 carried = carried_at(set, at);

		if (!carried)
			break;
		if (carried == subject)
			continue;
		both |= decide_network(slot, decision, carried, image);
		stricter(&work->first, &work->answer);
	}
	work->answer = work->first;
	return both;
}

static __always_inline int decide_exec_for(u32 slot, u64 subject, u64 carried, u32 which, u32 origin)
{
	int both = decide_exec(slot, subject, which, origin);

	return carried ? both | decide_exec_set(slot, subject, carried, which, origin) : both;
}

static __always_inline int decide_network_for(u32 slot, u32 decision, u64 subject, u64 carried, u64 image)
{
	int both = decide_network(slot, decision, subject, image);

	return carried ? both | decide_network_set(slot, decision, subject, carried, image) : both;
}

#endif

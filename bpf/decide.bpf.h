/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only place that decides what may start and who may talk to whom; act.bpf.h has the rest.
 * policies/src/evaluate.ts is the specification. */
#ifndef UNDERPIN_DECIDE_BPF_H
#define UNDERPIN_DECIDE_BPF_H

#include "rules.bpf.h"
#include "peers.bpf.h"
#include "subject.bpf.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

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
	grants_of_paths(id, ruleset, work_path(work, which), &work->path[WORK_FROM], hit);
	bits_and(hit, &ruleset->exec);
	bits_of_lineage(ruleset, work->lineage, hit);
	if (ruleset->decides_code && origin != ORIGIN_IMAGE)
		bits_or(hit, &ruleset->code_file); /* guard rails for every process */
	judge(id, ruleset, hit, &ruleset->restricts, answer);
	return verdicts(answer);
}

/* The strictest of cgroup and process, and of the places behind a Service, wins. */
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

/* A Service is allowed when each of the places is to which it leads. */
static __always_inline int decide_service(u32 slot, struct work *work, u32 id, u32 places)
{
	for (u32 at = 0; at < PEER_LIMIT_BEHIND; at++) {
		if (at >= places)
			break;
		decide_behind(slot, id, at);
		if (at == 0)
			work->led = work->answer;
		else
			stricter(&work->led, &work->answer);
	}
	work->answer = work->led;
	return verdicts(&work->answer);
}

/* Narrows the slot's `hit` to rules about its peer, and answers to how many places that leads, if it is a Service: for
 * them `all` has the rules for this process, and `some` those about the Service itself. A function of its own for the
 * stack's sake. */
static __noinline u32 rules_of_egress(u32 slot, struct work *work, u32 id, const struct ruleset_row *ruleset,
				      u64 subject)
{
	const struct rule_bits *named = 0;
	const struct place_row *place = 0;
	struct rule_bits *hit = &work->hit;

	bits_and(hit, &ruleset->egress);
	work->all = *hit;
	if (ruleset->asks_identity)
		place = place_of(work);
	if (ruleset->asks_names) {
		rules_of_names(slot, subject, id, ruleset->names_below);
		named = &work->named;
	}
	rules_of_port(work, id, ruleset, work->peer.port, hit);
	rules_of_peer(work, id, ruleset, place, named, false, hit);
	work->some = *hit;
	return place ? place->count : 0;
}

/* egress, ingress, bind and protocol: everything that a process does to others. Its peer is the slot's. */
__weak __noinline int decide_network(u32 slot, u32 decision, u64 subject, u64 image)
{
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	struct answer *answer;
	struct peer *peer;
	struct rule_bits *hit;
	u32 id = 0, places;

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
	if (decision == DECISION_EGRESS) {
		places = rules_of_egress(slot, work, id, ruleset, subject);
		if (places)
			return decide_service(slot, work, id, places);
	} else if (decision == DECISION_INGRESS) {
		bits_and(hit, &ruleset->ingress);
		rules_of_port(work, id, ruleset, peer->port, hit);
		rules_of_peer(work, id, ruleset, 0, 0, true, hit);
	} else if (decision == DECISION_BIND) {
		bits_and(hit, &ruleset->bind);
		rules_of_port(work, id, ruleset, peer->port, hit);
	} else {
		bits_and(hit, &ruleset->stratum);
	}
	judge(id, ruleset, hit, decision != DECISION_PROTOCOL ? &ruleset->restricts : 0, answer);
	return verdicts(answer);
}

/* Decides for every other subject that a process carries (see carried.bpf.h) on top of the slot's answer about its
 * cgroup's `subject`: the strictest wins. `decide` is an expression about `other`. */
#define STRICTEST_OF(work, both, subject, set, other, decide)                                                \
	({                                                                                                   \
		(work)->first = (work)->answer;                                                              \
		for (u32 at = 0; at < LIMIT_CARRIED; at++) {                                                 \
			u64 other = carried_at(set, at);                                                     \
                                                                                                             \
			if (!other)                                                                          \
				break;                                                                       \
			if (other == (subject))                                                              \
				continue;                                                                    \
			both |= (decide);                                                                    \
			stricter(&(work)->first, &(work)->answer);                                           \
		}                                                                                            \
		(work)->answer = (work)->first;                                                              \
		both;                                                                                        \
	})

/* Functions of their own, since hardly any process carries more than one. */
__weak __noinline int decide_exec_set(u32 slot, u64 subject, u64 set, u32 which, u32 origin)
{
	struct work *work = work_of(slot);
	int both = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	return STRICTEST_OF(work, both, subject, set, other, decide_exec(slot, other, which, origin));
}

__weak __noinline int decide_network_set(u32 slot, u32 decision, u64 subject, u64 set, u64 image)
{
	struct work *work = work_of(slot);
	int both = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	return STRICTEST_OF(work, both, subject, set, other, decide_network(slot, decision, other, image));
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

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules as bits. Every dimension of a decision answers a set of rules; the rules that hit are their
 * intersection; `judge` turns them into both verdicts. policies/src/evaluate.ts is the specification. */
#ifndef UNDERPIN_RULES_BPF_H
#define UNDERPIN_RULES_BPF_H

#include "work.bpf.h"

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

/* All ones where anything is set, else zero. Rules are put together without branches: the verifier would walk all that
 * follows once more for each. The compiler must not make one of it, nor the shift that Linux 7 takes for one. */
static __always_inline u64 mask_of(u64 bits)
{
	u64 negative = -bits, top;

	barrier_var(negative);
	top = (bits | negative) >> 63;
	barrier_var(top);
	return -top;
}

/* The number of the lowest bit that is set: that many are below it. The compiler, if it saw this, would look it up in a
 * table, in a section of its own that linking objects does not keep together with the code. */
static __always_inline u32 lowest_bit(u64 bits)
{
	u64 below = (bits & -bits) - 1;

	barrier_var(below);
	below -= below >> 1 & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + (below >> 2 & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return below * 0x0101010101010101ULL >> 56 & 63;
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
static __noinline void grants_of_image(u32 id, const struct ruleset_row *ruleset, u64 image,
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

/* Without the rules for another way into the container. fail closed: an unknown one fits none that asks. What is in both
 * sets is for a first program itself, and not for what that starts. */
static __always_inline void bits_of_lineage(const struct ruleset_row *ruleset, u8 lineage,
					    struct rule_bits *hit)
{
	if (!ruleset->asks_lineage)
		return;
	for (int i = 0; i < LIMIT_RULE_WORDS; i++) {
		u64 entrypoint = ruleset->entrypoint.word[i], exec = ruleset->started_exec.word[i];

		if (lineage == LINEAGE_FIRST) {
			hit->word[i] &= entrypoint | ~exec;
			continue;
		}
		if (lineage != LINEAGE_ENTRYPOINT)
			hit->word[i] &= ~entrypoint;
		if (lineage != LINEAGE_EXEC)
			hit->word[i] &= ~exec;
	}
}

/* The rules that hit -> both verdicts, and who is to blame. `restricts`: who denies what no rule allows; NULL
 * where only guard rails deny. */
static __noinline void judge(u32 id, const struct ruleset_row *ruleset, const struct rule_bits *hit,
			     const struct restricting *restricts, struct answer *answer)
{
	u64 allow_enforced = 0, allow_audited = 0;
	u64 rails_enforced = 0, rails_audited = 0, rails; /* of the first word that has any */
	u64 word_enforced = 0, word_audited = 0, word;
	struct rule_key key = {.ruleset = id, .rule = RULE_NONE};
	struct rule_row *row;
	u32 policy;

	for (int i = LIMIT_RULE_WORDS - 1; i >= 0; i--) {
		u64 deny = hit->word[i] & ruleset->deny.word[i];
		u64 allow = hit->word[i] & ~ruleset->deny.word[i];
		u64 enforced = ruleset->enforced.word[i];
		u64 any = mask_of(deny), some = mask_of(deny & enforced);

		allow_audited |= allow;
		allow_enforced |= allow & enforced;
		rails_audited = (rails_audited & ~any) | deny;
		word_audited = (word_audited & ~any) | (i & any);
		rails_enforced = (rails_enforced & ~some) | (deny & enforced);
		word_enforced = (word_enforced & ~some) | (i & some);
	}
	answer->rails = (mask_of(rails_enforced) & RAIL_ENFORCED) | (mask_of(rails_audited) & RAIL_AUDITED);
	if (rails_enforced)
		answer->enforced = VERDICT_DENY;
	else if (allow_enforced)
		answer->enforced = VERDICT_ALLOW;
	else
		answer->enforced = restricts && restricts->enforced ? VERDICT_DENY : VERDICT_ALLOW;
	if (rails_audited)
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
	rails = rails_audited;
	word = word_audited;
	if (answer->enforced == VERDICT_DENY) {
		policy = restricts ? restricts->enforced : 0;
		rails = rails_enforced;
		word = word_enforced;
	}
	if (rails) {
		key.rule = word * 64 + lowest_bit(rails);
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

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* It guards itself: who is guarded against, what is ours, and who the agent is. No policy takes part in it.
 * Guarded against is every process that is in a pod or a container or carries one, whatever its policy says; never the
 * host's own, never a container runtime that has not started the container's program yet, and not the agent:
 *   - the process that reads the pin of identity_tasks when a row of `guard`, which only somebody can write who is let at
 *     our maps already, says that this is how it makes itself known; by its number and the time of its start;
 *   - what else is in the pod that the agent is in, so that it can start there again;
 *   - nor anybody between the orderly end of an agent in a pod, or the end of that pod, and the start of the next one, which
 *     is in another pod.
 * What is ours is known by what the kernel calls it (see enum guarded_kind), never by a name or a path. */
#ifndef UNDERPIN_GUARD_BPF_H
#define UNDERPIN_GUARD_BPF_H

#include "act.bpf.h"
#include "namespace.bpf.h"

static __always_inline struct guard_row *guard_row(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&guard, &zero);
}

static __always_inline bool is_guarded(u32 kind, u32 device, u64 id)
{
	struct guarded_key key = {.kind = kind, .device = device, .id = id};

	return bpf_map_lookup_elem(&guarded, &key);
}

static __always_inline u64 start_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* Any of its threads. */
static __always_inline bool is_agent(struct task_struct *task)
{
	struct guard_row *row = guard_row();

	return row && row->agent && row->agent == BPF_CORE_READ(task, tgid) && row->start == start_of(task);
}

/* The subject against which we are guarded when the current process acts; 0: none. */
static __noinline u64 guarded_against(struct identity *who)
{
	u64 subject;

	identity_of_current(who);
	subject = carries(who->subject);
	if ((!subject && !who->carried) || who->lineage == LINEAGE_RUNTIME)
		return 0;
	/* fail open: the next agent may be in another pod, which nobody can tell from other containers; the host said so */
	if (is_guarded(GUARDED_HANDOVER, 0, 0))
		return 0;
	if (is_agent((void *)bpf_get_current_task()))
		return 0;
	if ((!subject || is_guarded(GUARDED_EXEMPT, 0, subject)) &&
	    (!who->carried || is_guarded(GUARDED_EXEMPT, 0, who->carried)))
		return 0;
	return who->carried ? carried_at(who->carried, 0) : subject;
}

/* `what`: enum attacked. Not 0: it is refused, and was counted. */
__weak __noinline int refuse(u32 what)
{
	struct identity who;
	struct work *work;
	u64 subject = guarded_against(&who);
	int slot;

	if (!subject)
		return 0;
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work)
		return 1; /* fail closed: it cannot be counted, and is refused all the same */
	asker_to_slot(work, &who);
	work->answer.subject = subject;
	answer_both(&work->answer, VERDICT_DENY);
	record_act(slot, work, DECISION_GUARD, HOOK_GUARD, &who, what, false);
	release_slot(slot);
	return 1;
}

/* The current process is the agent. The cgroups that it is in are looked at again each time; what a container moved it to
 * since it first came makes that container no part of it. */
static __noinline int make_known(struct guard_row *row)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct guarded_key key = {.kind = GUARDED_CGROUP};
	struct identity who;
	u32 one = 1;

	row->expects = 0;
	if (!is_agent(task)) {
		row->agent = 0;
		row->start = start_of(task);
		row->cgroup = cgroup_of(task);
		row->agent = bpf_get_current_pid_tgid() >> 32;
	}
	for (u32 level = 0; level < ANCESTORS && cgroup; level++) {
		struct cgroup *parent = parent_of(cgroup);

		if (!parent)
			break; /* the root, which cannot be frozen or killed */
		key.id = BPF_CORE_READ(cgroup, kn, id);
		bpf_map_update_elem(&guarded, &key, &one, BPF_ANY);
		cgroup = parent;
	}
	if (row->cgroup != cgroup_of(task))
		return 0;
	identity_of_current(&who);
	key.kind = GUARDED_EXEMPT;
	key.id = who.carried ? who.carried : carries(who.subject);
	/* A set is of several containers; the number of a virtual subject can be another container's some day. */
	if (key.id && key.id != SUBJECT_UNKNOWN && !is_several(key.id) && !(key.id & SUBJECT_VIRTUAL_BIT))
		bpf_map_update_elem(&guarded, &key, &one, BPF_ANY);
	return 0;
}

/* Who reads the pin of identity_tasks. False: it is told nothing, and changes nothing. */
static __always_inline bool may_look(u64 first)
{
	struct guard_row *row = guard_row();
	struct identity who;

	if (guarded_against(&who))
		return false;
	if (first && row && row->expects)
		make_known(row);
	return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identity of processes, which cannot be shed:
 *   tp_btf/cgroup_attach_task   a process that enters a subject carries it from then on
 *   tp_btf/sched_process_fork   children carry what their parent carries
 *   tp_btf/sched_process_exit   the row goes with the last thread
 * What a process runs, its lineage and its home are written at exec (exec.bpf.c, runtime.bpf.h). A program that sets no
 * hook here keeps its row: threads (one row a process, also when another thread than the first calls exec), sessions,
 * orphans, and namespaces that are left or entered. */
#define TRACING
#include <asm/ptrace.h>
#include "guard.bpf.h"
#include "runtime.bpf.h"
#include <bpf/bpf_tracing.h>

#define SIGKILL 9

/* What `have` is together with `more`: a number that a row can carry. */
__weak __noinline u64 join_subjects(u64 have, u64 more)
{
	struct subject_set set = {}, *same;
	struct control *control = control_row();
	struct sip sip;
	u32 n = 0;
	u64 id;

	if (!more || have == more || have == SUBJECT_UNKNOWN)
		return have;
	for (u32 at = 0; at < LIMIT_CARRIED; at++) {
		u64 one = carried_at(have, at);

		if (!one)
			break;
		if (one == more)
			return have;
		if (!carries(one))
			continue; /* no policy selects it any more */
		set.subject[n & (LIMIT_CARRIED - 1)] = one;
		n++;
	}
	if (!n)
		return more;
	if (n >= LIMIT_CARRIED || !control) {
		/* fail closed: it has been in more subjects than it can carry. */
		count(COUNTER_SETS_FULL);
		return SUBJECT_UNKNOWN;
	}
	set.subject[n & (LIMIT_CARRIED - 1)] = more;
	sip_start(&sip, control->key);
	for (u32 at = 0; at < LIMIT_CARRIED; at++)
		sip_absorb(&sip, set.subject[at]);
	id = SUBJECT_SET_BIT | (sip_value(sip) & (SUBJECT_SET_BIT - 1));
	bpf_map_update_elem(&subject_sets, &id, &set, BPF_NOEXIST);
	same = bpf_map_lookup_elem(&subject_sets, &id);
	for (u32 at = 0; at < LIMIT_CARRIED; at++) {
		if (same && same->subject[at] == set.subject[at])
			continue;
		count(COUNTER_SETS_FULL); /* fail closed: no room (or another set has this number) */
		return SUBJECT_UNKNOWN;
	}
	return id;
}

/* A process with this row is now in `subject` (which is carried). */
static __noinline void enter(struct process_row *row, u64 subject)
{
	if (!carries(row->subject)) {
		row->subject = subject;
		row->lineage = LINEAGE_RUNTIME;
		row->root = row->mount_ns = 0;
		return;
	}
	subject = join_subjects(row->subject, subject);
	/* fail closed: it comes from another pod or container, so it is neither this one's nor the runtime's. */
	if (subject != row->subject)
		row->lineage = LINEAGE_UNKNOWN;
	row->subject = subject;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(identity_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	u64 entered = subject_of_cgroup((u64)cgroup), subject = carries(entered);
	u32 tgid = task->tgid;
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid), row = {};

	/* Nothing can refuse this. A container that moves the agent (to kill it with a cgroup of its own) ends here, and
	 * the agent does not become its own prisoner. */
	if (is_agent(task) && refuse(ATTACKED_AGENT_CGROUP)) {
		bpf_send_signal(SIGKILL);
		return 0;
	}
	if (known) {
		if (!subject)
			return 0; /* what it carries, it keeps */
		row.subject = known->subject;
		enter(known, subject);
		if (known->lineage == LINEAGE_RUNTIME && known->subject != row.subject)
			remember_runtime(tgid, task, task);
		return 0;
	}
	if (stray_of(tgid)) {
		set_stray(tgid, STRAY_MOVED);
		return 0;
	}
	if (!entered)
		return 0;
	row.subject = subject;
	row.image = image_of_task((u64)task, entered);
	row.lineage = LINEAGE_RUNTIME;
	if (subject)
		remember_runtime(tgid, task, task);
	write_process(tgid, &row);
	return 0;
}

/* `again`: the second look, which finds that the first one was skipped where the child's row does not say `fresh`. */
static __always_inline int born(struct task_struct *parent, struct task_struct *child, bool again)
{
	u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	struct process_row *known, row = {};
	struct runtime_row *runtime;
	u64 entered, subject;

	if (from == to)
		return 0; /* a thread */
	known = bpf_map_lookup_elem(&processes, &to);
	if (again && known && known->fresh) {
		known->fresh = 0;
		return 0;
	}
	known = bpf_map_lookup_elem(&processes, &from);
	/* clone(CLONE_INTO_CGROUP) enters without an attach event. */
	entered = subject_of_cgroup((u64)BPF_CORE_READ(child, cgroups, dfl_cgrp));
	subject = carries(entered);
	if (known)
		row = *known;
	else if (stray_of(from) && (stray_of(from) == STRAY_MOVED || cgroup_of(child) != cgroup_of(parent)))
		row.subject = SUBJECT_UNKNOWN;
	else if (bpf_map_lookup_elem(&processes, &to))
		bpf_map_delete_elem(&processes, &to); /* of an earlier process with this number */
	if (!carries(row.subject) && !subject)
		subject = virtual_subject_of((u64)child);
	if (subject && subject != row.subject) {
		enter(&row, subject);
		if (row.lineage == LINEAGE_RUNTIME && !is_virtual(subject))
			remember_runtime(to, child, parent);
	} else if (row.lineage == LINEAGE_RUNTIME) {
		runtime = bpf_map_lookup_elem(&runtimes, &from);
		if (runtime && bpf_map_update_elem(&runtimes, &to, runtime, BPF_ANY))
			count(COUNTER_RUNTIMES_FULL); /* fail closed: nothing of it is exempt */
	}
	if (!known) {
		if (!row.subject && !entered)
			return 0;
		row.image = image_of_task((u64)child, row.subject);
		if (!row.subject)
			row.lineage = LINEAGE_RUNTIME;
	}
	row.fresh = !again;
	write_process(to, &row);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(identity_fork, struct task_struct *parent, struct task_struct *child)
{
	return born(parent, child, false);
}

/* The child has not run yet. See again_exec in exec.bpf.c. */
SEC("kprobe/wake_up_new_task")
int BPF_KPROBE(again_fork, struct task_struct *child)
{
	return born((void *)bpf_get_current_task(), child, true);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(identity_exit, struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct process_row *row;
	u64 subject;

	if (task->signal->live.counter > 0)
		return 0;
	set_stray(tgid, STRAY_NONE);
	row = bpf_map_lookup_elem(&processes, &tgid);
	if (!row)
		return 0;
	if (row->lineage == LINEAGE_RUNTIME)
		bpf_map_delete_elem(&runtimes, &tgid);
	subject = row->subject;
	/* Nobody is left in the namespace. fail closed: who left it and still carries it is denied. */
	if (is_virtual(subject) && is_init_of_pid_ns(task) && pid_ns_of(task) == (u32)subject)
		bpf_map_delete_elem(&subjects, &subject);
	bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";

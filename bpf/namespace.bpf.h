/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Namespaces and cgroup of any task, by their numbers. A read that fails gives 0, which is no number of any. */
#ifndef UNDERPIN_NAMESPACE_BPF_H
#define UNDERPIN_NAMESPACE_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>
#include "kernel.h"

static __always_inline u32 mount_ns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* The entry of a task's number in its own pid namespace, the innermost of those that it has a number in. */
static __always_inline struct upid *innermost_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);

	return (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       (u64)level * bpf_core_type_size(struct upid);
}

static __always_inline u32 pid_ns_of(struct task_struct *task)
{
	return BPF_CORE_READ(innermost_pid(task), ns, ns.inum);
}

/* Whether everything in its pid namespace descends from it. */
static __always_inline bool is_init_of_pid_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader) == task && BPF_CORE_READ(innermost_pid(task), nr) == 1;
}

static __always_inline u64 cgroup_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline struct cgroup *parent_of(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *parent = BPF_CORE_READ(cgroup, self.parent);

	return parent ? BPF_CORE_READ(parent, cgroup) : 0;
}

#endif

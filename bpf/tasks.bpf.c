/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes that were there before us: iter/task, which runs when the agent reads its pin. The agent knows them from
 * /proc, so this adds what is not to be seen there: home, which is a kernel address, what is the host's,, and the processes of a container
 * that only its namespaces tell. Where the agent's process numbers are not the kernel's (it runs in a pid namespace of its
 * own) it writes none, and every row comes from here. */
#define TRACING
#include "container.bpf.h"
#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>

struct bpf_iter_meta {
	u64 seq_num;
} KERNEL_TYPE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL_TYPE;

/* That of its container's init: whatever the process itself did until now, its paths are read as the container's. */
static __always_inline void home_of(struct process_row *row, struct task_struct *task)
{
	struct control *control = control_row();
	struct task_struct *init = BPF_CORE_READ(innermost_pid(task), ns, child_reaper);

	if (control && init && pid_ns_of(task) != control->pid_ns)
		task = init;
	row->root = (u64)BPF_CORE_READ(task, fs, root.dentry);
	row->mount_ns = mount_ns_of(task);
}

/* The first process that the agent can see is the host's first one, or that of a node that is a container itself. An agent
 * with few rights may not read its namespaces in /proc. */
static __always_inline void look_at_host(struct task_struct *task)
{
	struct control *control = control_row();

	if (!control)
		return;
	control->mount_ns = mount_ns_of(task);
	control->pid_ns = pid_ns_of(task);
}

SEC("iter/task")
int identity_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process_row *known, row = {};
	u64 subject;
	u32 tgid;

	if (!task || !may_look(ctx->meta->seq_num == 0))
		return 0;
	if (ctx->meta->seq_num == 0)
		look_at_host(task);
	if (BPF_CORE_READ(task, group_leader) != task || !BPF_CORE_READ(task, mm))
		return 0;
	tgid = BPF_CORE_READ(task, tgid);
	known = bpf_map_lookup_elem(&processes, &tgid);
	if (known) {
		if (!known->root && known->lineage != LINEAGE_RUNTIME)
			home_of(known, task);
		return 0;
	}
	subject = subject_of_cgroup((u64)BPF_CORE_READ(task, cgroups, dfl_cgrp));
	row.subject = carries(subject);
	if (!row.subject)
		row.subject = virtual_subject_of((u64)task);
	if (!subject && !row.subject)
		return 0;
	row.image = image_of_task((u64)task, row.subject ? row.subject : subject);
	home_of(&row, task);
	/* NOEXIST: another hook may have seen it meanwhile, and knows better. */
	bpf_map_update_elem(&processes, &tgid, &row, BPF_NOEXIST);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";

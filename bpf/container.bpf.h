/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Containers by what they are: a process whose mount namespace and pid namespace are both not the host's, in a cgroup that
 * is in no pod and no container. It carries a virtual subject, whose number is SUBJECT_VIRTUAL and its pid namespace;
 * so do its children, wherever they go. Looked at where a process starts another one (fork) or a program (exec).
 * What is the host's are the namespaces of the first process that the agent can see (tasks.bpf.c). Wrong, it does little harm: a host's
 * process in another pid namespace than the host's there is none, and one that is taken for a container is decided by
 * what policies say of containers that nobody named, nothing more. Not known (0): nothing is recognised by this. */
#ifndef UNDERPIN_CONTAINER_BPF_H
#define UNDERPIN_CONTAINER_BPF_H

#include "namespace.bpf.h"
#include "subject.bpf.h"

static __always_inline bool is_virtual(u64 subject)
{
	return subject & SUBJECT_VIRTUAL_BIT;
}

/* Whether the agent looks for subjects there. */
static __noinline bool is_below_top(u64 cgroup_address)
{
	struct cgroup *cgroup = (void *)cgroup_address;
	struct control *control = control_row();

	if (!control)
		return false;
	if (!control->top)
		return true;
	for (u32 level = 0; level < ANCESTORS; level++) {
		cgroup = parent_of(cgroup);
		if (!cgroup)
			return false;
		if (BPF_CORE_READ(cgroup, kn, id) == control->top)
			return true;
	}
	return false;
}

/* The virtual subject of a task that carries nothing and is in nothing that is carried; 0: it is no container. */
static __noinline u64 virtual_subject_of(u64 task_address)
{
	struct task_struct *task = (void *)task_address;
	struct control *control = control_row();
	struct subject_row row = {.scope = SCOPE_UNMANAGED};
	u32 pid_ns, mount_ns;
	u64 subject;

	if (!control || !control->pid_ns || !control->container)
		return 0; /* fail open: the agent could not tell what is the host's, and says so */
	mount_ns = mount_ns_of(task);
	if (!mount_ns || mount_ns == control->mount_ns)
		return 0;
	pid_ns = pid_ns_of(task);
	if (!pid_ns || pid_ns == control->pid_ns)
		return 0;
	if (!is_below_top((u64)BPF_CORE_READ(task, cgroups, dfl_cgrp)))
		return 0;
	subject = SUBJECT_VIRTUAL_BIT | pid_ns;
	if (bpf_map_lookup_elem(&subjects, &subject))
		return subject;
	row.binding = control->container;
	if (bpf_map_update_elem(&subjects, &subject, &row, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&subjects, &subject)) {
		count(COUNTER_SUBJECTS_FULL);
		return SUBJECT_UNKNOWN; /* fail closed */
	}
	return subject;
}

#endif

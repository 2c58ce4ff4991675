/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is asking: the subject of the cgroup and the subject that the process carries, and what it runs. */
#ifndef UNDERPIN_SUBJECT_BPF_H
#define UNDERPIN_SUBJECT_BPF_H

#include "carried.bpf.h"
#include "work.bpf.h"
#ifdef TRACING
#include "namespace.bpf.h"
#endif

#define ANCESTORS 32

struct identity {
	u64 subject; /* of the cgroup; 0: none */
	u64 carried; /* of the process, when it is another one; 0: none */
	u64 image;
	u64 root;     /* home; 0: not known */
	u32 mount_ns; /* home; 0: not known */
	u8 lineage;   /* enum lineage */
	u8 zero[3];
};

/* The subject of a cgroup that has no row of its own. Usually it is in no subject; after the map was full
 * once, the nearest ancestor's subject is its subject too. Of the current process, or of a socket.
 * Programs of cgroups have helpers for ancestors; tracing and LSM programs (which define TRACING before they include
 * this) have none before Linux 5.11, and go up themselves. */
static __always_inline bool is_subject_of(u64 id, u64 *subject)
{
	struct cgroup_row *row = bpf_map_lookup_elem(&cgroups, &id);

	*subject = row ? row->subject : id;
	/* a new subject, for whose cgroup there was no row left, has a row of its own */
	return row || bpf_map_lookup_elem(&subjects, &id);
}

#ifdef TRACING
static __noinline u64 subject_of_ancestor(u64 cgroup_address)
{
	struct cgroup *cgroup = (void *)cgroup_address;
	u64 subject;

	for (int level = ANCESTORS; level > 0; level--) {
		struct cgroup_subsys_state *parent;

		/* The cgroup itself first. */
		if (is_subject_of(BPF_CORE_READ(cgroup, kn, id), &subject))
			return subject;
		parent = BPF_CORE_READ(cgroup, self.parent);
		if (!parent)
			break;
		cgroup = BPF_CORE_READ(parent, cgroup);
	}
	return 0;
}

/* Of any cgroup. */
static __noinline u64 subject_of_cgroup(u64 cgroup_address)
{
	struct cgroup *cgroup = (void *)cgroup_address;
	u64 id = BPF_CORE_READ(cgroup, kn, id);
	struct cgroup_row *row = bpf_map_lookup_elem(&cgroups, &id);

	if (row)
		return row->subject;
	return is_set(FLAG_CGROUPS_FULL) ? subject_of_ancestor(cgroup_address) : 0;
}

static __always_inline u64 subject_of_current_ancestor(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return subject_of_ancestor((u64)BPF_CORE_READ(task, cgroups, dfl_cgrp));
}
#else
static __noinline u64 subject_of_current_ancestor(void)
{
	u64 subject;

	for (int level = ANCESTORS; level > 0; level--) {
		u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (id && is_subject_of(id, &subject))
			return subject;
	}
	return 0;
}
#endif

static __noinline u64 subject_of_socket_ancestor(struct bpf_sock *sk)
{
	u64 subject;

	for (int level = ANCESTORS; level > 0; level--) {
		u64 id = bpf_sk_ancestor_cgroup_id(sk, level);

		if (id && is_subject_of(id, &subject))
			return subject;
	}
	return 0;
}

static __noinline u64 subject_of_current(void)
{
	u64 id = bpf_get_current_cgroup_id();
	struct cgroup_row *row = bpf_map_lookup_elem(&cgroups, &id);

	if (row)
		return row->subject;
	/* fail open: a cgroup without a row is in no subject, unless rows could not be written. */
	if (!is_set(FLAG_CGROUPS_FULL))
		return 0;
	return subject_of_current_ancestor();
}

/* The same for a socket, whose packets may pass while any process runs. */
static __always_inline u64 subject_of_socket(struct bpf_sock *sk)
{
	u64 id = bpf_sk_cgroup_id(sk);
	struct cgroup_row *row = bpf_map_lookup_elem(&cgroups, &id);

	if (row)
		return row->subject;
	if (!is_set(FLAG_CGROUPS_FULL))
		return 0; /* fail open: as above */
	return subject_of_socket_ancestor(sk);
}

/* Pod and unmanaged subjects are carried along; a host service is where its cgroup is, and what no policy selects
 * any more (SCOPE_NONE) gives way to the next subject that is entered. */
static __always_inline u64 carries(u64 subject)
{
	struct subject_row *row;

	if (!subject)
		return 0;
	row = bpf_map_lookup_elem(&subjects, &subject);
	return row && (row->scope == SCOPE_HOST || row->scope == SCOPE_NONE) ? 0 : subject;
}

#ifdef TRACING
/* The kernel tells of a move to another cgroup (identity_attach) a moment after it is made, and this moment may be long. A
 * process of the host's that is in a pod or a container, and of which nothing is known, is being put there. Whoever is in
 * namespaces of its own was there before us, or what it came from is lost. */
static __noinline bool is_entering(u64 subject)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct control *control = control_row();

	if (!carries(subject) || !control || !control->mount_ns || !control->pid_ns)
		return false;
	return mount_ns_of(task) == control->mount_ns && pid_ns_of(task) == control->pid_ns;
}
#endif

static __always_inline void identity_of_current(struct identity *who)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *process = bpf_map_lookup_elem(&processes, &tgid);

	who->subject = subject_of_current();
	who->carried = 0;
	who->image = IMAGE_UNKNOWN;
	who->lineage = LINEAGE_UNKNOWN;
	who->root = who->mount_ns = 0;
	if (!process) {
		u32 stray = stray_of(tgid);

		/* fail closed: it belongs to something, and there was no room to write down to what. */
		if (stray == STRAY_MOVED || (stray && !who->subject))
			who->carried = SUBJECT_UNKNOWN;
#ifdef TRACING
		/* fail closed otherwise: it is one of the container's, of unknown lineage. */
		else if (!stray && who->subject && is_entering(who->subject))
			who->lineage = LINEAGE_RUNTIME;
#endif
		return;
	}
	who->image = process->image;
	who->lineage = process->lineage;
	who->root = process->root;
	who->mount_ns = process->mount_ns;
	if (process->subject != who->subject)
		who->carried = process->subject;
}

/* Before a decision about what the current process does. Home is taken when it starts its first program. */
static __always_inline void asker_to_slot(struct work *work, const struct identity *who)
{
	work->lineage = who->lineage;
	work->root = who->lineage == LINEAGE_RUNTIME ? 0 : who->root;
	work->mount_ns = who->mount_ns;
}

#endif

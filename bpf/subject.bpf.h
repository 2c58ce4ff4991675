/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is asking: the subject of the cgroup and the subject that the process carries, and what it runs. */
#ifndef UNDERPIN_SUBJECT_BPF_H
#define UNDERPIN_SUBJECT_BPF_H

#include "maps.bpf.h"

#define ANCESTORS 32
#define SUBJECT_UNKNOWN                                                                                      \
	1 /* no cgroup has this id as a subject: its row is always missing, so it is denied  \
			   */

struct identity {
	u64 subject; /* of the cgroup; 0: none */
	u64 carried; /* of the process, when it is another one; 0: none */
	u64 image;
};

/* The subject of a cgroup that has no row of its own. Usually it is in no subject; after the map was full
 * once, the nearest ancestor's subject is its subject too. Of the current process, or of a socket. */
static __always_inline u64 subject_of_ancestor(struct bpf_sock *sk)
{
	for (int level = ANCESTORS; level > 0; level--) {
		u64 id =
			sk ? bpf_sk_ancestor_cgroup_id(sk, level) : bpf_get_current_ancestor_cgroup_id(level);
		struct cgroup_row *row;

		if (!id)
			continue;
		row = bpf_map_lookup_elem(&cgroups, &id);
		if (row)
			return row->subject;
		if (bpf_map_lookup_elem(&subjects, &id))
			return id; /* a new subject, for whose cgroup there was no row left */
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
	return subject_of_ancestor(0);
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
	return subject_of_ancestor(sk);
}

static __always_inline void identity_of_current(struct identity *who)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *process = bpf_map_lookup_elem(&processes, &tgid);

	who->subject = subject_of_current();
	who->carried = 0;
	who->image = IMAGE_UNKNOWN;
	if (!process)
		return;
	who->image = process->image;
	if (process->subject != who->subject)
		who->carried = process->subject;
}

#endif

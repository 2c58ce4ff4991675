/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a process carries: the pod and unmanaged subjects it has ever been in. Nearly always that is one, and its number is
 * all there is; several are a row of `subject_sets`, whose number stands for them in the process's row and in those of
 * its sockets. The strictest of all of them decides. */
#ifndef UNDERPIN_CARRIED_BPF_H
#define UNDERPIN_CARRIED_BPF_H

#include "maps.bpf.h"

#define SUBJECT_SET_BIT (1ULL << SUBJECT_SET)
#define SUBJECT_VIRTUAL_BIT (1ULL << SUBJECT_VIRTUAL)
/* No cgroup has this id as a subject: its row is always missing, so it is denied everything. */
#define SUBJECT_UNKNOWN 1

static __always_inline bool is_several(u64 carried)
{
	return carried & SUBJECT_SET_BIT && !(carried & SUBJECT_VIRTUAL_BIT);
}

/* The subject at this place of what is carried; 0: no more. */
static __always_inline u64 carried_at(u64 carried, u32 at)
{
	struct subject_set *set;

	if (!is_several(carried))
		return at ? 0 : carried;
	set = bpf_map_lookup_elem(&subject_sets, &carried);
	if (!set)
		return at ? 0
			  : SUBJECT_UNKNOWN; /* fail closed: it carries something, and nobody knows what */
	return at < LIMIT_CARRIED ? set->subject[at & (LIMIT_CARRIED - 1)] : 0;
}

/* A process that found no room in `processes`. While it stays in its cgroup, that says what it belongs to. */
enum stray {
	STRAY_NONE = 0,
	STRAY_THERE = 1,
	STRAY_MOVED = 2, /* to another cgroup: what it belonged to before is not known any more */
};

#define STRAYS_PER_WORD 32

static __always_inline u32 stray_of(u32 tgid)
{
	u32 word = tgid / STRAYS_PER_WORD;
	u64 *bits;

	if (!is_set(FLAG_PROCESSES_FULL))
		return STRAY_NONE;
	bits = bpf_map_lookup_elem(&strays, &word);
	return bits ? *bits >> tgid % STRAYS_PER_WORD * 2 & 3 : STRAY_NONE;
}

/* By adding the difference, since the kernel's atomic bit operations are newer than the oldest kernel. Only a process's
 * own fork, exec, move and exit come here, one after the other. */
static __always_inline void set_stray(u32 tgid, u64 stray)
{
	u32 word = tgid / STRAYS_PER_WORD, at = tgid % STRAYS_PER_WORD * 2, flag = FLAG_PROCESSES_FULL,
	    one = 1;
	u64 *bits;

	if (!stray && !is_set(FLAG_PROCESSES_FULL))
		return;
	bits = bpf_map_lookup_elem(&strays, &word);
	if (!bits)
		return; /* cannot happen: there is a place for every number that the kernel gives */
	__sync_fetch_and_add(bits, (stray << at) - (*bits & 3ULL << at));
	if (stray)
		bpf_map_update_elem(&flags, &flag, &one, BPF_ANY);
}

#endif

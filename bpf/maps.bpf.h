/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map, once. "Full:" says what a failed insertion means. Maps are weak, so that all program files share
 * them; the agent pins them by name. */
#ifndef UNDERPIN_MAPS_BPF_H
#define UNDERPIN_MAPS_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "abi.h"

#define MAP(name, map_type, entries, key_type, value_type, flags)                                            \
	struct {                                                                                             \
		__uint(type, map_type);                                                                      \
		__uint(max_entries, entries);                                                                \
		__uint(map_flags, flags);                                                                    \
		__type(key, key_type);                                                                       \
		__type(value, value_type);                                                                   \
	} name __weak SEC(".maps")

/* One row: what every program reads first. */
MAP(control, BPF_MAP_TYPE_ARRAY, 1, u32, struct control, 0);

MAP(flags, BPF_MAP_TYPE_ARRAY, FLAG_COUNT, u32, u32, 0);

/* cgroup id -> subject. Written at cgroup_mkdir and, for older cgroups, by the agent.
 * Full: FLAG_CGROUPS_FULL is set, and a miss looks at the ancestors. */
MAP(cgroups, BPF_MAP_TYPE_HASH, 131072, u64, struct cgroup_row, BPF_F_NO_PREALLOC);

/* subject -> binding. Full: a cgroup whose subject has no row is denied what any policy restricts. */
MAP(subjects, BPF_MAP_TYPE_HASH, 65536, u64, struct subject_row, BPF_F_NO_PREALLOC);

/* subject -> how people call it. Full: a report shows the number only. */
MAP(subject_names, BPF_MAP_TYPE_HASH, 16384, u64, struct subject_name, BPF_F_NO_PREALLOC);

/* binding -> ruleset: the one pointer that a plan switches. Written by the agent only. */
MAP(bindings, BPF_MAP_TYPE_ARRAY, 8192, u32, struct binding_row, 0);

/* pod UID -> binding, known before the kubelet makes the cgroup. Written by the agent only. */
MAP(pods, BPF_MAP_TYPE_HASH, 4096, struct pod_key, struct pod_row, BPF_F_NO_PREALLOC);

/* The policy, compiled. Written by the agent only, under new ruleset numbers, before a binding points there.
 * Full: the agent refuses the plan as a whole and keeps the previous one. */
MAP(rulesets, BPF_MAP_TYPE_HASH, 8192, u32, struct ruleset_row, BPF_F_NO_PREALLOC);
MAP(policies, BPF_MAP_TYPE_HASH, 8192, u32, struct policy_row, BPF_F_NO_PREALLOC);
MAP(rules, BPF_MAP_TYPE_HASH, 262144, struct rule_key, struct rule_row, BPF_F_NO_PREALLOC);
MAP(exes, BPF_MAP_TYPE_HASH, 262144, struct exe_key, struct exe_row, BPF_F_NO_PREALLOC);
MAP(addresses, BPF_MAP_TYPE_LPM_TRIE, 262144, struct address_key, struct rule_bits, BPF_F_NO_PREALLOC);
MAP(ports, BPF_MAP_TYPE_LPM_TRIE, 262144, struct port_key, struct rule_bits, BPF_F_NO_PREALLOC);
MAP(files, BPF_MAP_TYPE_HASH, 262144, struct exe_key, struct file_row, BPF_F_NO_PREALLOC);
MAP(privileges, BPF_MAP_TYPE_HASH, 65536, struct privilege_key, struct rule_bits, BPF_F_NO_PREALLOC);

/* What processes run. Full: the process is IMAGE_UNKNOWN; only rules for any process apply to it. */
MAP(images, BPF_MAP_TYPE_HASH, 16384, u64, struct image_row, BPF_F_NO_PREALLOC);

/* (ruleset, image) -> rules that the process takes part in. A cache: a miss is computed again. */
MAP(grants, BPF_MAP_TYPE_LRU_HASH, 8192, struct grant_key, struct rule_bits, 0);

/* tgid -> what it runs and the subject it carries, for processes of subjects only.
 * Full: the process is IMAGE_UNKNOWN. */
MAP(processes, BPF_MAP_TYPE_HASH, 65536, u32, struct process_row, BPF_F_NO_PREALLOC);

/* Sets of subjects that processes carry. Written by the kernel only, in one piece; the agent takes out what nothing
 * refers to. Full: the process carries SUBJECT_UNKNOWN, which is denied everything. */
MAP(subject_sets, BPF_MAP_TYPE_HASH, 8192, u64, struct subject_set, BPF_F_NO_PREALLOC);

/* tgid -> what a container runtime's process came with. Full: its own re-exec is decided as any exec. */
MAP(runtimes, BPF_MAP_TYPE_HASH, 8192, u32, struct runtime_row, BPF_F_NO_PREALLOC);

/* Two bits for every process number: whether it found no room in `processes`, see carried.bpf.h. */
MAP(strays, BPF_MAP_TYPE_ARRAY, LIMIT_PIDS / 32, u32, u64, 0);

/* Per socket, freed with it. A listener's row is copied to the sockets it accepts.
 * Full (no memory): every packet is decided anew. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_row);
} sockets __weak SEC(".maps");

/* For a packet whose socket has no room for a row. */
MAP(spare_socket, BPF_MAP_TYPE_PERCPU_ARRAY, 1, u32, struct socket_row, 0);

/* Exact counts. Full (or a subject's share used up): counted in the subject's "other" rows, at last in
 * `ledger_rest`. */
MAP(ledger, BPF_MAP_TYPE_HASH, 131072, struct ledger_key, struct ledger_row, BPF_F_NO_PREALLOC);
MAP(ledger_rest, BPF_MAP_TYPE_ARRAY, 32, u32, u64, 0); /* decision * 3 + outcome */

/* path hash -> text. Full: a report shows the hash only. */
MAP(names, BPF_MAP_TYPE_HASH, 32768, u64, struct name_row, BPF_F_NO_PREALLOC);

/* Cgroup patterns and the mining handshake, as deterministic automata; state 0 is dead. Written by the agent
 * only, a new automaton into rows that the old one does not use. */
MAP(automaton, BPF_MAP_TYPE_ARRAY, LIMIT_STATES, u32, struct automaton_row, 0);

MAP(counters, BPF_MAP_TYPE_PERCPU_ARRAY, COUNTER_COUNT, u32, u64, 0);

/* Decisions that denied (or would): telemetry. Full: counted as lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events __weak SEC(".maps");

/* Everything, while `underpin observe` watches. Full: counted. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} observed __weak SEC(".maps");

/* What is ours, see guard.bpf.h. Full: the agent says so, and what has no row is not guarded. */
MAP(guard, BPF_MAP_TYPE_ARRAY, 1, u32, struct guard_row, 0);
MAP(guarded, BPF_MAP_TYPE_HASH, 4096, struct guarded_key, u32, BPF_F_NO_PREALLOC);

static __always_inline struct control *control_row(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline bool is_set(u32 flag)
{
	u32 *value = bpf_map_lookup_elem(&flags, &flag);

	return value && *value;
}

static __always_inline void count(u32 counter)
{
	u64 *value = bpf_map_lookup_elem(&counters, &counter);

	/* Per CPU, but a program can be preempted by another one on the same CPU: add atomically. */
	if (value)
		__sync_fetch_and_add(value, 1);
}

#endif

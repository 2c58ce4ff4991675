/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unix sockets that have a path: who connects or sends to one writes to that file, and `files` rules decide.
 *   unix_stream_connect, unix_may_send
 * Each as lsm/X and as fmod_ret/security_X. Sockets without a path (abstract, pairs) belong to their network namespace.
 * The kernel tells these hooks the mount through which the server bound its socket, perhaps the host's own. The path is
 * what its client calls it: the place of the same file in the mount namespace that is the client's home. */
#define TRACING
#include "act.bpf.h"
#include "path.bpf.h"
#include "namespace.bpf.h"
#include <bpf/bpf_tracing.h>

#define MOUNTS_OF_ONE 512 /* of one file system that are looked through */
#define DEPTH_OF_ENTRY 128

struct unix_sock {
	struct path path;
} KERNEL_TYPE;

/* Before Linux 6.18 the mounts of a file system are a list, from then on a chain. */
struct list_head {
	struct list_head *next;
} KERNEL_TYPE;

struct super_block___list {
	struct list_head s_mounts;
} KERNEL_TYPE;

struct mount___list {
	struct list_head mnt_instance;
} KERNEL_TYPE;

struct super_block___chain {
	struct mount *s_mounts;
} KERNEL_TYPE;

struct mount___chain {
	struct mount *mnt_next_for_sb;
} KERNEL_TYPE;

static __always_inline u32 namespace_of_mount(struct mount *mount)
{
	return BPF_CORE_READ(mount, mnt_ns, ns.inum);
}

/* Whether a directory entry lies at or below another one. */
__weak __noinline int lies_below(u64 leaf, u64 top)
{
	struct dentry *at = (void *)leaf;

	for (u32 i = 0; i < DEPTH_OF_ENTRY; i++) {
		struct dentry *parent;

		if ((u64)at == top)
			return 1;
		parent = BPF_CORE_READ(at, d_parent);
		if (parent == at)
			return 0;
		at = parent;
	}
	return 0;
}

static __always_inline struct mount *first_mount(struct super_block *fs)
{
	struct list_head *head;

	if (bpf_core_field_exists(struct mount___chain, mnt_next_for_sb))
		return BPF_CORE_READ((struct super_block___chain *)fs, s_mounts);
	head = BPF_CORE_READ((struct super_block___list *)fs, s_mounts.next);
	return (void *)head - bpf_core_field_offset(struct mount___list, mnt_instance);
}

static __always_inline struct mount *next_mount(struct mount *mount)
{
	struct list_head *next;

	if (bpf_core_field_exists(struct mount___chain, mnt_next_for_sb))
		return BPF_CORE_READ((struct mount___chain *)mount, mnt_next_for_sb);
	next = BPF_CORE_READ((struct mount___list *)mount, mnt_instance.next);
	return (void *)next - bpf_core_field_offset(struct mount___list, mnt_instance);
}

/* The mount of this entry's file system in a mount namespace, left in the slot; 0: found none. */
__weak __noinline int find_mount(u32 slot, u64 dentry, u32 home)
{
	struct scratch *scratch = scratch_of(slot);
	struct dentry *leaf = (void *)dentry;
	struct super_block *fs;

	if (!scratch)
		return 0;
	fs = BPF_CORE_READ(leaf, d_sb);
	scratch->walk[0] = (u64)first_mount(fs);
	for (u32 i = 0; i < MOUNTS_OF_ONE; i++) {
		struct mount *mount = (void *)scratch->walk[0];

		if (!mount)
			return 0;
		if (namespace_of_mount(mount) == home &&
		    lies_below(dentry, (u64)BPF_CORE_READ(mount, mnt.mnt_root)))
			return 1;
		scratch->walk[0] = (u64)next_mount(mount);
	}
	return 0;
}

static __always_inline bool decides_files(void)
{
	struct control *control = control_row();

	return control && control->decides & DECIDES_FILES;
}

static __always_inline int check_end(struct sock *end)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct unix_sock *socket = (void *)end;
	struct scratch *scratch;
	struct identity who;
	struct work *work;
	u64 dentry, mount;
	int slot, both;
	u32 home;

	if (!decides_files())
		return 0;
	dentry = (u64)BPF_CORE_READ(socket, path.dentry);
	if (!dentry)
		return 0;
	identity_of_current(&who);
	if ((!who.subject && !who.carried) || who.lineage == LINEAGE_RUNTIME)
		return 0;
	count(COUNTER_FILE);
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return refusal(enforces(who.subject) || enforces(who.carried));
	asker_to_slot(work, &who);
	home = who.mount_ns ? who.mount_ns : mount_ns_of(task);
	mount = (u64)BPF_CORE_READ(socket, path.mnt);
	scratch = scratch_of(slot);
	/* fail closed: bound elsewhere and nowhere in its client's home, it has no path, which no list allows. */
	if (scratch && namespace_of_mount((void *)mount - bpf_core_field_offset(struct mount, mnt)) != home &&
	    find_mount(slot, dentry, home))
		mount = scratch->walk[0] + bpf_core_field_offset(struct mount, mnt);
	resolve_at(slot, WORK_FILE | NAME_ONLY | AT_HOME, dentry, mount, (u64)BPF_CORE_READ(task, fs));
	both = decide_act_for(slot, work, DECISION_FILE, &who, ACCESS_WRITE);
	if (both || is_set(FLAG_OBSERVE))
		record_act(slot, work, DECISION_FILE, HOOK_CONNECT, &who, ACCESS_WRITE, true);
	release_slot(slot);
	return refusal(both & VERDICTS_ENFORCED);
}

#define HOOK_PAIR(hook, end)                                                                                 \
	SEC("lsm/" #hook) int file_lsm_##hook(u64 *ctx)                                                      \
	{                                                                                                    \
		return check_end(end);                                                                       \
	}                                                                                                    \
	SEC("fmod_ret/security_" #hook) int file_fmod_ret_##hook(u64 *ctx)                                   \
	{                                                                                                    \
		return check_end(end);                                                                       \
	}

HOOK_PAIR(unix_stream_connect, (void *)ctx[1])
HOOK_PAIR(unix_may_send, BPF_CORE_READ((struct socket *)ctx[1], sk))

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";

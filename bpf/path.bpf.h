/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file's path as the process sees it: from the file up to the process's own root, over dentries and mounts,
 * then hashed from the root down, so that every directory on the way has its own hash.
 * The hash is SipHash-1-3 with a secret key: a process that chooses its file names cannot aim at a rule.
 * A component is absorbed in little-endian words of eight bytes, the last one filled with zeros, then one
 * word that ends it (its length, and '/' in the highest byte). enforcer/src/plan/path-hash.ts does the same.
 */
#ifndef UNDERPIN_PATH_BPF_H
#define UNDERPIN_PATH_BPF_H

#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "overlay.bpf.h"
#include "sip.bpf.h"
#include "work.bpf.h"

#define NAME_MAX 255
#define TEXT_SIZE 4096

struct component {
	const unsigned char *name;
	u32 length;
	u32 zero;
};

/* Room for one path at a time, beside the slot's `work`; too large for the stack. */
struct scratch {
	u32 text_length;
	u32 found; /* components collected; in memory, so that the verifier does not tell every count apart */
	u32 path_length; /* of all of the path, also where the text starts over */
	u32 crossed;	 /* mounts between the file and the root */
	u64 walk[5];	 /* where a loop is */
	struct sip sip;
	struct component components[LIMIT_COMPONENTS];
	union {
		struct name_row name;
		struct subject_name subject_name;
	};
	char text[TEXT_SIZE + NAME_MAX + 1 + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PATH_SLOTS);
	__type(key, u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/* Only the slots of claim_path_slot have one. */
static __always_inline struct scratch *scratch_of(u32 slot)
{
	u32 key = (slot >> CPU_SLOTS_SHIFT << PATH_SLOTS_SHIFT) + (slot & (PATH_SLOTS - 1));

	if (slot & (CPU_SLOTS - PATH_SLOTS))
		return 0;
	return bpf_map_lookup_elem(&scratches, &key);
}

/* The last bytes of the text of the path that was resolved last, for people. */
__weak __noinline int remember_name(u32 slot, u32 which)
{
	struct scratch *scratch = scratch_of(slot);
	struct work *work = work_of(slot);
	struct name_row *name;
	u32 length, start;
	u64 hash;

	if (!scratch || !work || which >= WORK_PATHS)
		return 0;
	name = &scratch->name;
	hash = work_path(work, which)->hash;
	if (bpf_map_lookup_elem(&names, &hash))
		return 0;
	length = scratch->text_length;
	__builtin_memset(name, 0, sizeof(*name));
	if (length > TEXT_SIZE)
		length = TEXT_SIZE;
	start = length > LIMIT_NAME - 1 ? length - (LIMIT_NAME - 1) : 0;
	start &= TEXT_SIZE - 1;
	name->length = scratch->path_length > 0xffff ? 0xffff : scratch->path_length;
	name->state = work_path(work, which)->state;
	bpf_probe_read_kernel(name->text, LIMIT_NAME - 1, scratch->text + start);
	if (bpf_map_update_elem(&names, &hash, name, BPF_ANY))
		count(COUNTER_NAMES_FULL);
	return 0;
}

/* One component: its bytes go to the text (for people) and into the hash (for decisions). A function of its own,
 * so that the verifier walks it once. */
__weak __noinline int absorb_name(u32 slot, u64 name, u32 length)
{
	struct scratch *scratch = scratch_of(slot);
	struct sip sip;
	char *text;
	u32 at;

	if (!scratch)
		return 0;
	at = scratch->text_length & (TEXT_SIZE - 1);
	text = scratch->text + at;
	text[0] = '/';
	length &= NAME_MAX;
	bpf_probe_read_kernel(text + 1, length, (void *)name);
	__builtin_memset(text + 1 + length, 0, 8);
	sip = scratch->sip;
	for (u32 word = 0; word < (NAME_MAX + 1) / 8; word++) {
		u64 bytes;

		if (word * 8 >= length)
			break;
		__builtin_memcpy(&bytes, text + 1 + word * 8, 8);
		sip_absorb(&sip, bytes);
	}
	sip_absorb(&sip, (u64)'/' << 56 | length);
	scratch->sip = sip;
	/* The text wraps after 4 KiB; only people see it, and longer paths have more than LIMIT_COMPONENTS
	 * levels or are cut to their end anyway. */
	scratch->text_length = at + 1 + length;
	scratch->path_length += 1 + length;
	return 0;
}

/* A directory entry's own name; answers the entry above. In one go where they lie side by side. */
static __always_inline struct dentry *name_of(struct dentry *dentry, struct component *component)
{
	u64 at = bpf_core_field_offset(struct dentry, d_parent);
	struct {
		struct dentry *parent;
		struct qstr_words {
			u32 hash;
			u32 len;
			const unsigned char *name;
		} name;
	} words;

	if (bpf_core_field_offset(struct dentry, d_name) == at + 8 &&
	    bpf_core_field_offset(struct qstr, len) == 4 && bpf_core_field_offset(struct qstr, name) == 8) {
		if (bpf_probe_read_kernel(&words, sizeof(words), (void *)dentry + at))
			return dentry; /* fail closed: as an entry that is connected to nothing */
		component->name = words.name.name;
		component->length = words.name.len;
		return words.parent;
	}
	component->name = BPF_CORE_READ(dentry, d_name.name);
	component->length = BPF_CORE_READ(dentry, d_name.len);
	return BPF_CORE_READ(dentry, d_parent);
}

/* Whether a mount shows the overlay that the root is, or a part of it. */
static __always_inline bool is_over_itself(struct dentry *top, struct dentry *root)
{
	struct super_block *super = BPF_CORE_READ(top, d_sb);

	return super == BPF_CORE_READ(root, d_sb) && BPF_CORE_READ(super, s_magic) == MAGIC_OVERLAYFS;
}

/* Where the climb from an entry up to the root is: scratch->walk. */
enum { AT_DENTRY, AT_MOUNT, TOP_OF_MOUNT, ROOT_DENTRY, ROOT_MOUNT };

/* What one step of the climb says. */
enum { CLIMB_ON, CLIMB_DONE, CLIMB_NOWHERE };

/* One entry or mount upwards. A function of its own, so that the verifier walks it once and not for every level. */
__weak __noinline int climb(u32 slot)
{
	struct scratch *scratch = scratch_of(slot);
	u64 offset = bpf_core_field_offset(struct mount, mnt);
	struct component *component;
	struct dentry *dentry, *root, *parent;
	struct vfsmount *vfsmount;
	u32 found;

	if (!scratch)
		return CLIMB_NOWHERE;
	dentry = (void *)scratch->walk[AT_DENTRY];
	vfsmount = (void *)scratch->walk[AT_MOUNT];
	root = (void *)scratch->walk[ROOT_DENTRY];
	if (dentry == root && scratch->walk[AT_MOUNT] == scratch->walk[ROOT_MOUNT])
		return CLIMB_DONE;
	if ((u64)dentry == scratch->walk[TOP_OF_MOUNT]) {
		struct mount *mount = (void *)vfsmount - offset;
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return CLIMB_NOWHERE; /* the top of all mounts, and our root was not on the way */
		/* fail closed: an image mounted over itself shows one of its files at the path of another. */
		if (is_over_itself(dentry, root))
			return CLIMB_NOWHERE;
		scratch->walk[AT_DENTRY] = (u64)BPF_CORE_READ(mount, mnt_mountpoint);
		vfsmount = (void *)above + offset;
		scratch->walk[AT_MOUNT] = (u64)vfsmount;
		scratch->walk[TOP_OF_MOUNT] = (u64)BPF_CORE_READ(vfsmount, mnt_root);
		scratch->crossed++;
		return CLIMB_ON;
	}
	found = scratch->found;
	if (found >= LIMIT_COMPONENTS)
		return CLIMB_NOWHERE; /* too deep */
	/* Also when this is the end: kept for the name in the report; nothing matches it. */
	component = &scratch->components[found & (LIMIT_COMPONENTS - 1)];
	parent = name_of(dentry, component);
	if (parent == dentry)
		return CLIMB_NOWHERE; /* not connected to a mount (memory file) */
	scratch->found = found + 1;
	scratch->walk[AT_DENTRY] = (u64)parent;
	return CLIMB_ON;
}

/* Collects the components from the entry up to the root, `found` of them; whether it was met. */
static __always_inline bool collect(u32 slot, struct scratch *scratch)
{
	scratch->found = scratch->crossed = 0;
	for (u32 i = 0; i < LIMIT_COMPONENTS + 32; i++) {
		int said = climb(slot);

		if (said != CLIMB_ON)
			return said == CLIMB_DONE;
	}
	return false;
}

/* Component `i` from the root down goes into the hash; whether it was the last one. Verified once, as `climb`. */
__weak __noinline int descend(u32 slot, u32 which, u32 i)
{
	struct scratch *scratch = scratch_of(slot);
	struct work *work = work_of(slot);
	struct component *component;
	struct path_key *key;

	if (!scratch || !work || which >= WORK_PATHS || i >= scratch->found)
		return 1;
	key = work_path(work, which);
	if (i < LIMIT_DIRS) {
		key->dirs[i] = sip_value(scratch->sip);
		key->dir_count = i + 1;
	}
	component = &scratch->components[(scratch->found - 1 - i) & (LIMIT_COMPONENTS - 1)];
	absorb_name(slot, (u64)component->name, component->length);
	return 0;
}

/* With `which`: */
#define NAME_ONLY 0x100 /* a name, at which there need not be a file */
#define AT_HOME 0x200	/* as the current process may see it: work->root, work->mount_ns */

/* fail closed: a process that has made itself another root, or mounts in a mount namespace of its own, could show us any
 * file at any path. Home's own mounts are what the container was given. */
static __always_inline bool is_home(struct work *work, struct dentry *root, u32 crossed)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!work->root)
		return true; /* about to be taken, or the process was there before us */
	if ((u64)root != work->root)
		return false;
	return !crossed || BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == work->mount_ns;
}

/* dentry and mount -> path `which` of the slot, in the root of `fs` (all are kernel addresses; only read, never
 * followed by the verifier).
 * Fail closed: what cannot be resolved gets a state that matches no rule. */
__weak __noinline int resolve_at(u32 slot, u32 which, u64 dentry, u64 mount, u64 fs_address)
{
	struct scratch *scratch = scratch_of(slot);
	struct work *work = work_of(slot);
	struct fs_struct *fs = (void *)fs_address;
	struct control *control = control_row();
	struct dentry *leaf = (void *)dentry;
	bool name_only = which & NAME_ONLY, at_home = which & AT_HOME;
	struct dentry *root = BPF_CORE_READ(fs, root.dentry);
	struct path_key *key;
	bool met;

	which &= ~(NAME_ONLY | AT_HOME);
	if (!scratch || !work || which >= WORK_PATHS)
		return 0;
	key = work_path(work, which);
	__builtin_memset(key, 0, sizeof(*key));
	scratch->text_length = scratch->path_length = 0;
	if (!control)
		return 0;
	sip_start(&scratch->sip, control->key);
	scratch->walk[AT_DENTRY] = dentry;
	scratch->walk[AT_MOUNT] = mount;
	scratch->walk[TOP_OF_MOUNT] = (u64)BPF_CORE_READ((struct vfsmount *)mount, mnt_root);
	scratch->walk[ROOT_DENTRY] = (u64)root;
	scratch->walk[ROOT_MOUNT] = (u64)BPF_CORE_READ(fs, root.mnt);
	met = collect(slot, scratch);
	key->state = PATH_RESOLVED;
	if (!met || (at_home && !is_home(work, root, scratch->crossed))) {
		key->state = PATH_UNRESOLVED;
		count(COUNTER_PATH_UNRESOLVED);
		if (!met) {
			/* Nothing was collected of what is itself the top of a mount that is nowhere. */
			if (!scratch->found)
				name_of(leaf, &scratch->components[0]);
			scratch->found = 1;
		}
	} else if (scratch->found > 0 && !name_only && BPF_CORE_READ(leaf, d_hash.pprev) == 0) {
		key->state = PATH_DELETED;
	}
	for (u32 i = 0; i < LIMIT_COMPONENTS; i++)
		if (descend(slot, which, i))
			break;
	/* An unresolved path must not share a name or a ledger row with the path it pretends to be. */
	if (key->state != PATH_RESOLVED)
		sip_absorb(&scratch->sip, key->state + 1);
	key->hash = sip_value(scratch->sip);
	return 0;
}

static __always_inline void resolve(u32 slot, u32 which, u64 file_address, u64 fs_address)
{
	struct file *file = (void *)file_address;

	resolve_at(slot, which, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt),
		   fs_address);
}

#endif

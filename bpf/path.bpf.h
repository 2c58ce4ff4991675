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
#include "maps.bpf.h"

#define NAME_MAX 255
#define TEXT_SIZE 4096
#define SCRATCH_SLOTS 4

struct sip {
	u64 v0, v1, v2, v3;
};

struct component {
	const unsigned char *name;
	u32 length;
	u32 zero;
};

/* Room for one path at a time; too large for the stack. Claimed, not merely per CPU: an LSM program can be
 * preempted by another one on the same CPU. */
struct scratch {
	u32 busy;
	u32 text_length;
	u32 found; /* components collected; in memory, so that the verifier does not tell every count apart */
	u32 path_length; /* of all of the path, also where the text starts over */
	u64 walk[4];	 /* counters of a loop */
	struct path_key exe;
	struct path_key script;
	struct image_row image;
	struct component components[LIMIT_COMPONENTS];
	union {
		struct name_row name;
		struct subject_name subject_name;
	};
	char text[TEXT_SIZE + NAME_MAX + 1 + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

static __always_inline struct scratch *scratch_claim(void)
{
	for (u32 slot = 0; slot < SCRATCH_SLOTS; slot++) {
		u32 key = slot;
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);

		if (scratch && __sync_lock_test_and_set(&scratch->busy, 1) == 0)
			return scratch;
	}
	count(COUNTER_SCRATCH_BUSY);
	return 0;
}

static __always_inline void scratch_release(struct scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->busy, 0);
}

static __always_inline u64 rotate(u64 value, u32 by)
{
	return value << by | value >> (64 - by);
}

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static __always_inline void sip_start(struct sip *s, const u64 key[2])
{
	s->v0 = key[0] ^ 0x736f6d6570736575ULL;
	s->v1 = key[1] ^ 0x646f72616e646f6dULL;
	s->v2 = key[0] ^ 0x6c7967656e657261ULL;
	s->v3 = key[1] ^ 0x7465646279746573ULL;
}

static __always_inline void sip_absorb(struct sip *s, u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static __always_inline u64 sip_value(struct sip s)
{
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* The last bytes of the text, for people. */
static __always_inline void remember_name(struct scratch *scratch, const struct path_key *path)
{
	struct name_row *name = &scratch->name;
	u64 hash = path->hash;
	u32 length = scratch->text_length, start;

	if (bpf_map_lookup_elem(&names, &hash))
		return;
	__builtin_memset(name, 0, sizeof(*name));
	if (length > TEXT_SIZE)
		length = TEXT_SIZE;
	start = length > LIMIT_NAME - 1 ? length - (LIMIT_NAME - 1) : 0;
	start &= TEXT_SIZE - 1;
	name->length = scratch->path_length > 0xffff ? 0xffff : scratch->path_length;
	name->state = path->state;
	bpf_probe_read_kernel(name->text, LIMIT_NAME - 1, scratch->text + start);
	if (bpf_map_update_elem(&names, &hash, name, BPF_ANY))
		count(COUNTER_NAMES_FULL);
}

/* One component: its bytes go to the text (for people) and into the hash (for decisions). */
static __always_inline void absorb_name(struct scratch *scratch, struct sip *sip, const unsigned char *name,
					u32 length)
{
	u32 at = scratch->text_length & (TEXT_SIZE - 1);
	char *text = scratch->text + at;

	text[0] = '/';
	length &= NAME_MAX;
	bpf_probe_read_kernel(text + 1, length, name);
	__builtin_memset(text + 1 + length, 0, 8);
	for (u32 word = 0; word < (NAME_MAX + 1) / 8; word++) {
		u64 bytes;

		if (word * 8 >= length)
			break;
		__builtin_memcpy(&bytes, text + 1 + word * 8, 8);
		sip_absorb(sip, bytes);
	}
	sip_absorb(sip, (u64)'/' << 56 | length);
	/* The text wraps after 4 KiB; only people see it, and longer paths have more than LIMIT_COMPONENTS
	 * levels or are cut to their end anyway. */
	scratch->text_length = at + 1 + length;
	scratch->path_length += 1 + length;
}

/* Collects the components from the file up to `root`. Answers how many, or -1 when the root is not met. */
static __always_inline int collect(struct scratch *scratch, struct path *from, struct path *root)
{
	struct dentry *dentry = BPF_CORE_READ(from, dentry), *root_dentry = BPF_CORE_READ(root, dentry);
	struct vfsmount *vfsmount = BPF_CORE_READ(from, mnt), *root_mnt = BPF_CORE_READ(root, mnt);
	struct dentry *top = BPF_CORE_READ(vfsmount, mnt_root);
	u64 offset = bpf_core_field_offset(struct mount, mnt);

	scratch->found = 0;
	for (u32 i = 0; i < LIMIT_COMPONENTS + 32; i++) {
		struct dentry *parent;
		u32 found = scratch->found;
		struct component *component;

		if (dentry == root_dentry && vfsmount == root_mnt)
			return found;
		if (dentry == top) {
			struct mount *mount = (void *)vfsmount - offset;
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return -1; /* the top of all mounts, and our root was not on the way */
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfsmount = (void *)above + offset;
			top = BPF_CORE_READ(vfsmount, mnt_root);
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry || found >= LIMIT_COMPONENTS)
			break; /* not connected to a mount (memory file), or too deep */
		component = &scratch->components[found & (LIMIT_COMPONENTS - 1)];
		component->name = BPF_CORE_READ(dentry, d_name.name);
		component->length = BPF_CORE_READ(dentry, d_name.len);
		scratch->found = found + 1;
		dentry = parent;
	}
	/* Keep what was found, for the name in the report; nothing matches it. */
	if (scratch->found == 0) {
		scratch->components[0].name = BPF_CORE_READ(dentry, d_name.name);
		scratch->components[0].length = BPF_CORE_READ(dentry, d_name.len);
	}
	return -1;
}

/* file -> key, in the root of `fs` (both are kernel addresses; only read, never followed by the verifier).
 * Fail closed: what cannot be resolved gets a state that matches no rule. */
__weak __noinline int resolve(struct scratch *scratch, struct path_key *key, u64 file_address, u64 fs_address)
{
	struct file *file = (void *)file_address;
	struct fs_struct *fs = (void *)fs_address;
	struct control *control = control_row();
	struct dentry *leaf;
	struct sip sip;
	int found;

	if (!scratch || !key)
		return 0;
	leaf = BPF_CORE_READ(file, f_path.dentry);

	__builtin_memset(key, 0, sizeof(*key));
	scratch->text_length = scratch->path_length = 0;
	if (!control)
		return 0;
	sip_start(&sip, control->key);
	found = collect(scratch, (void *)file + bpf_core_field_offset(struct file, f_path),
			(void *)fs + bpf_core_field_offset(struct fs_struct, root));
	key->state = PATH_RESOLVED;
	if (found < 0) {
		key->state = PATH_UNRESOLVED;
		count(COUNTER_PATH_UNRESOLVED);
		found = 1;
	} else if (found > 0 && BPF_CORE_READ(leaf, d_hash.pprev) == 0) {
		key->state = PATH_DELETED;
	}
	for (u32 i = 0; i < LIMIT_COMPONENTS; i++) {
		struct component *component;

		if (i >= found)
			break;
		if (i < LIMIT_DIRS) {
			key->dirs[i] = sip_value(sip);
			key->dir_count = i + 1;
		}
		component = &scratch->components[(found - 1 - i) & (LIMIT_COMPONENTS - 1)];
		absorb_name(scratch, &sip, component->name, component->length);
	}
	/* An unresolved path must not share a name or a ledger row with the path it pretends to be. */
	if (key->state != PATH_RESOLVED)
		sip_absorb(&sip, key->state + 1);
	key->hash = sip_value(sip);
	return 0;
}

#endif

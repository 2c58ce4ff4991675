/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the code in a file comes from (enum origin), by what the file is and never by its path.
 *   A container: a lower file of the overlay that its root is. Nobody in it can write to such a file: writing makes an
 *   upper one of it, also where only the attributes change (metacopy). What lies below a folder that was renamed
 *   (redirect_dir) stays lower, and is other all the same. Where the root is no overlay: a file of the root's own mount, if that or its file
 *   system is read-only. Other file systems (volumes, tmpfs, memory files, an overlay that a process has mounted) are
 *   other; so is a file without a name left.
 *   A host service: a regular file that belongs to root, that only its owner may write to, on the root's file system
 *   or on a block device mounted without nosuid and noexec. What a service of root's writes itself is not told apart. */
#ifndef UNDERPIN_ORIGIN_BPF_H
#define UNDERPIN_ORIGIN_BPF_H

#include <bpf/bpf_core_read.h>
#include "overlay.bpf.h"
#include "subject.bpf.h"

#define MAGIC_TMPFS 0x01021994
#define MAGIC_HUGETLBFS 0x958458f6
#define SUPER_READONLY 1
#define INODE_PRIVATE 512
#define MOUNT_NOSUID 1
#define MOUNT_NOEXEC 4
#define MOUNT_READONLY 0x40
#define MODE_TYPE 0170000
#define MODE_REGULAR 0100000
#define MODE_OTHERS_WRITE 0022

static __always_inline u32 origin_on_host(struct inode *inode, bool on_root, struct vfsmount *mount)
{
	u32 mode = BPF_CORE_READ(inode, i_mode);

	if ((mode & MODE_TYPE) != MODE_REGULAR || mode & MODE_OTHERS_WRITE || BPF_CORE_READ(inode, i_uid.val))
		return ORIGIN_OTHER;
	if (on_root)
		return ORIGIN_IMAGE;
	if (BPF_CORE_READ(mount, mnt_flags) & (MOUNT_NOSUID | MOUNT_NOEXEC))
		return ORIGIN_OTHER;
	return BPF_CORE_READ(inode, i_sb, s_bdev) ? ORIGIN_IMAGE : ORIGIN_OTHER;
}

/* `path`: address of the file's path; `home`: of the root directory's dentry, 0: the current one is it. */
static __noinline u32 origin_of(u64 path_address, u64 home_address, bool host)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *home = (void *)home_address;
	struct path *path = (void *)path_address;
	struct vfsmount *mount = BPF_CORE_READ(path, mnt);
	struct inode *inode = BPF_CORE_READ(path, dentry, d_inode);
	struct super_block *super = BPF_CORE_READ(inode, i_sb);
	unsigned long magic = BPF_CORE_READ(super, s_magic);
	bool on_root;

	if (!home)
		home = BPF_CORE_READ(task, fs, root.dentry);
	/* The kernel's own files, which nobody can open: shared anonymous memory, System V and huge pages. */
	if (BPF_CORE_READ(inode, i_flags) & INODE_PRIVATE &&
	    (magic == MAGIC_TMPFS || magic == MAGIC_HUGETLBFS))
		return ORIGIN_MEMORY;
	/* fail closed: an address that cannot be read reads as 0 everywhere. */
	if (!super || !BPF_CORE_READ(inode, i_nlink))
		return ORIGIN_OTHER;
	on_root = super == BPF_CORE_READ(home, d_sb);
	if (host)
		return origin_on_host(inode, on_root, mount);
	if (!on_root)
		return ORIGIN_OTHER;
	if (magic == MAGIC_OVERLAYFS) {
		/* fail open: no container could start otherwise; the agent reports that provenance lacks. */
		if (is_set(FLAG_BLIND_ORIGIN))
			return ORIGIN_IMAGE;
		return is_upper(inode) || is_moved((u64)BPF_CORE_READ(path, dentry)) ? ORIGIN_OTHER
										     : ORIGIN_IMAGE;
	}
	if (BPF_CORE_READ(super, s_flags) & SUPER_READONLY)
		return ORIGIN_IMAGE;
	return BPF_CORE_READ(mount, mnt_flags) & MOUNT_READONLY && BPF_CORE_READ(mount, mnt_root) == home
		       ? ORIGIN_IMAGE
		       : ORIGIN_OTHER;
}

/* Policies about the host itself know other files as the image's. The strictest counts, and what a process carries is
 * never the host's. */
static __always_inline bool is_host(const struct identity *who)
{
	u64 subject = who->subject;
	struct subject_row *row;

	if (who->carried)
		return false;
	row = bpf_map_lookup_elem(&subjects, &subject);
	return row && row->scope == SCOPE_HOST;
}

/* Whether any policy is about code. */
static __always_inline bool decides_code(void)
{
	struct control *control = control_row();

	return control && control->decides & DECIDES_CODE;
}

/* Home of `work`, see asker_to_slot. */
static __always_inline u32 origin_of_file(struct file *file, const struct work *work,
					  const struct identity *who)
{
	return origin_of((u64)path_of(file), work->root, is_host(who));
}

#endif

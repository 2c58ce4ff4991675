/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files of an overlay: which of its layers has the contents. */
#ifndef UNDERPIN_OVERLAY_BPF_H
#define UNDERPIN_OVERLAY_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"

#define MAGIC_OVERLAYFS 0x794c7630
#define FILE_BACKING (1 << 25)

/* What a process sees of an open file: for the file that an overlay maps in place of its own, the overlay's. */
static __always_inline struct path *path_of(struct file *file)
{
	if (bpf_core_field_exists(struct backing_file, user_path) &&
	    BPF_CORE_READ(file, f_mode) & FILE_BACKING)
		return (void *)file - bpf_core_field_offset(struct backing_file, file) +
		       bpf_core_field_offset(struct backing_file, user_path);
	return (void *)file + bpf_core_field_offset(struct file, f_path);
}

/* The pointer to the upper file lies behind the inode. Where the module's types are not known (no BTF of modules before
 * Linux 5.11, or the module is not loaded yet), that is all there is to know; kernel/provenance.ts tries it out. */
static __always_inline bool is_upper(struct inode *inode)
{
	u64 distance = bpf_core_type_size(struct inode);
	u64 upper = 0;

	if (bpf_core_field_exists(struct ovl_inode, __upperdentry))
		distance = bpf_core_field_offset(struct ovl_inode, __upperdentry) -
			   bpf_core_field_offset(struct ovl_inode, vfs_inode);
	/* fail closed: what cannot be read was written later. */
	return bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + distance) || upper;
}

struct ovl_inode___redirect {
	const char *redirect;
	struct inode vfs_inode;
} KERNEL_TYPE;

/* Before the inode come its flags, its version and, of a folder, where it was before it was renamed. */
#define REDIRECT_BEFORE 24
#define LEVELS 64

/* Whether a folder above this entry has another place in the image: on an overlay with redirect_dir=on a folder is renamed
 * without copying what lies below it, so that a lower file appears where the image has another one, or none. */
static __noinline bool is_moved(u64 dentry_address)
{
	struct dentry *dentry = (void *)dentry_address;
	u64 before = REDIRECT_BEFORE;

	if (bpf_core_field_exists(struct ovl_inode___redirect, redirect))
		before = bpf_core_field_offset(struct ovl_inode___redirect, vfs_inode) -
			 bpf_core_field_offset(struct ovl_inode___redirect, redirect);
	for (u32 level = 0; level < LEVELS; level++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		u64 redirect = 0;

		if (parent == dentry)
			return false;
		if (bpf_probe_read_kernel(&redirect, sizeof(redirect),
					  (void *)BPF_CORE_READ(parent, d_inode) - before) ||
		    redirect)
			return true; /* fail closed, also: it cannot be read */
		dentry = parent;
	}
	return true; /* fail closed: too deep to tell */
}

#endif

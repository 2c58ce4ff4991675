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

#endif

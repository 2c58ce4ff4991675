/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The container runtime's own start-up. Its process is put into (or born in) a container's cgroup from outside, re-executes
 * itself there once or twice, and only then becomes the container's program. For exec hooks, in this order:
 *   identity_at_exec(&who)                who asks; a container without a cgroup of its own is recognised here
 *   is_runtime_reexec(&who, bprm)         exempt: neither decided nor recorded (count COUNTER_RUNTIME)
 *   asked_lineage(&who)                   for the decision: the lineage of the program that is to be started
 *   begin_program(&row, &who, file, own)  when the new image is in place: lineage and home in the process's row
 * Exempt by what it is, never by name: LINEAGE_RUNTIME, still in the mount namespace that it came with, executing
 * something by reference, and the new file is the program that it runs, that its parent runs, or a copy of one of them
 * that nobody can write to. The mount namespace is compared with the one it came with, not with the host's: a runtime may
 * live in one of its own (a service with PrivateTmp, a node that is a container), and no other process than the host's has
 * this lineage. */
#ifndef UNDERPIN_RUNTIME_BPF_H
#define UNDERPIN_RUNTIME_BPF_H

#include "container.bpf.h"
#include "image.bpf.h"

#define TMPFS_MAGIC 0x01021994
#define OVERLAYFS_MAGIC 0x794c7630
#define SB_RDONLY 1
#define SEALED (0x2 | 0x4 | 0x8) /* F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE */
#define STARTED_LEVELS 8

static __always_inline void program_to_runtime(struct runtime_row *row, struct inode *inode)
{
	row->program = (u64)inode;
	row->ino = BPF_CORE_READ(inode, i_ino);
	row->size = BPF_CORE_READ(inode, i_size);
}

/* `task` enters a subject; `from` is the process whose mount namespace it comes with. */
static __always_inline void remember_runtime(u32 tgid, struct task_struct *task, struct task_struct *from)
{
	struct runtime_row row = {.mount_ns = mount_ns_of(from)};

	program_to_runtime(&row, BPF_CORE_READ(task, mm, exe_file, f_inode));
	/* fail closed: without a row nothing of it is exempt. */
	if (bpf_map_update_elem(&runtimes, &tgid, &row, BPF_ANY))
		count(COUNTER_RUNTIMES_FULL);
}

/* As identity_attach, which comes later (see is_entering). Verified once, so it answers a number, which says nothing. */
__weak __noinline int enters_now(u32 tgid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct process_row row = {.lineage = LINEAGE_RUNTIME};

	if (bpf_map_lookup_elem(&processes, &tgid))
		return 0;
	row.subject = subject_of_current();
	row.image = IMAGE_UNKNOWN; /* for this exec; there is no room on the stack of 5.10 to find out */
	remember_runtime(tgid, task, task);
	write_process(tgid, &row);
	return 0;
}

/* Who asks, at exec. */
static __noinline int identity_at_exec(struct identity *who)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row row = {};
	u64 subject;

	identity_of_current(who);
	if (who->lineage == LINEAGE_RUNTIME && who->image == IMAGE_UNKNOWN && !who->carried)
		enters_now(tgid);
	if (who->carried || carries(who->subject))
		return 0;
	subject = virtual_subject_of(bpf_get_current_task());
	if (!subject)
		return 0;
	who->carried = row.subject = subject;
	who->lineage = row.lineage = LINEAGE_RUNTIME;
	row.image = who->image;
	write_process(tgid, &row);
	return 0;
}

static __always_inline bool is_sealed_memory(struct inode *inode)
{
	struct shmem_inode_info *info =
		(void *)inode - bpf_core_field_offset(struct shmem_inode_info, vfs_inode);

	if (!bpf_core_field_exists(struct shmem_inode_info, seals))
		return false; /* fail closed */
	return (BPF_CORE_READ(info, seals) & SEALED) == SEALED;
}

/* A copy of the program that nobody can write to: a sealed memory file, or the file seen through a read-only overlay. */
static __always_inline bool is_copy(struct inode *inode, u64 ino, u64 size)
{
	unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);

	if (!size || BPF_CORE_READ(inode, i_size) != size)
		return false;
	if (magic == TMPFS_MAGIC)
		return is_sealed_memory(inode);
	/* An overlay without an upper layer shows a file under the number that it has below. */
	return magic == OVERLAYFS_MAGIC && BPF_CORE_READ(inode, i_sb, s_flags) & SB_RDONLY &&
	       BPF_CORE_READ(inode, i_ino) == ino;
}

/* The parent, as long as it is of the host as well: neither in a subject, nor more than put into one. */
static __always_inline bool is_parents_program(struct task_struct *task, struct inode *inode)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	u32 tgid = BPF_CORE_READ(parent, tgid);
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid);
	struct inode *program = BPF_CORE_READ(parent, mm, exe_file, f_inode);

	if (!program || (known && known->subject && known->lineage != LINEAGE_RUNTIME))
		return false;
	return inode == program ||
	       is_copy(inode, BPF_CORE_READ(program, i_ino), BPF_CORE_READ(program, i_size));
}

/* Before exec and after it, when the program that was replaced cannot be looked at any more. */
static __noinline bool is_runtimes_own(u64 file_address)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct runtime_row *row = bpf_map_lookup_elem(&runtimes, &tgid);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = (void *)file_address;
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (!row || !inode || !row->mount_ns || row->mount_ns != mount_ns_of(task))
		return false;
	return (u64)inode == row->program || is_copy(inode, row->ino, row->size) ||
	       is_parents_program(task, inode);
}

/* A runtime executes itself by what it has open (/proc/self/exe, /proc/self/fd/N, a descriptor: /dev/fd/N). What is
 * started by its path is a program of the container, also when it is the very shell that the host put there. */
static __always_inline bool is_text(const char have[8], const char want[8])
{
#pragma unroll
	for (u32 i = 0; i < 8; i++)
		if (have[i] != want[i])
			return false;
	return true;
}

static __noinline bool is_by_reference(const char *filename)
{
	char start[8] = {};

	bpf_probe_read_kernel_str(start, sizeof(start), filename);
	return is_text(start, "/proc/s") || is_text(start, "/dev/fd");
}

/* A script is not the runtime, whatever its interpreter is. */
static __always_inline bool is_runtime_reexec(const struct identity *who, struct linux_binprm *bprm)
{
	const char *filename;

	if (who->lineage != LINEAGE_RUNTIME)
		return false;
	filename = BPF_CORE_READ(bprm, filename);
	return filename == BPF_CORE_READ(bprm, interp) && is_by_reference(filename) &&
	       is_runtimes_own((u64)BPF_CORE_READ(bprm, file));
}

/* Whatever starts from now on in this container is not its first program. The cgroup, and what is above it in the same
 * container, is marked; a pod's own cgroup is above several containers. */
static __noinline void mark_started(u64 carried)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct subject_row *owner;
	u64 subject = 0;

	if (is_virtual(carried)) {
		owner = bpf_map_lookup_elem(&subjects, &carried);
		if (owner)
			owner->started = 1;
	}
	for (u32 level = 0; level < STARTED_LEVELS && cgroup; level++) {
		u64 id = BPF_CORE_READ(cgroup, kn, id);
		struct cgroup_row *row = bpf_map_lookup_elem(&cgroups, &id);

		if (!row || (level && row->subject != subject))
			return;
		subject = row->subject;
		if (level && id == subject) {
			owner = bpf_map_lookup_elem(&subjects, &subject);
			if (!owner || owner->scope == SCOPE_POD)
				return;
		}
		row->started = 1;
		cgroup = parent_of(cgroup);
	}
}

static __noinline bool is_started(u64 carried)
{
	u64 id = bpf_get_current_cgroup_id();
	struct subject_row *owner;
	struct cgroup_row *row;

	if (is_virtual(carried)) {
		owner = bpf_map_lookup_elem(&subjects, &carried);
		return !owner || owner->started;
	}
	row = bpf_map_lookup_elem(&cgroups, &id);
	return !row || row->started;
}

/* How the program that is started now came to be. A container's init is the first of its pid namespace; where that
 * namespace is somebody else's (shared in a pod, or the host's), the first program of the cgroup is the container's. */
static __noinline u32 lineage_at_exec(const struct identity *who)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct *reaper;

	if (who->lineage != LINEAGE_RUNTIME)
		return who->lineage;
	if (is_init_of_pid_ns(task))
		return LINEAGE_ENTRYPOINT;
	reaper = BPF_CORE_READ(innermost_pid(task), ns, child_reaper);
	if (cgroup_of(reaper) == cgroup_of(task) && !is_virtual(who->carried))
		return LINEAGE_EXEC;
	return is_started(who->carried) ? LINEAGE_EXEC : LINEAGE_ENTRYPOINT;
}

/* For the decision: a first program is told from what it starts. */
static __always_inline u32 asked_lineage(const struct identity *who)
{
	u32 lineage = lineage_at_exec(who);

	return who->lineage == LINEAGE_RUNTIME && lineage == LINEAGE_ENTRYPOINT ? LINEAGE_FIRST : lineage;
}

/* The new image of the current process is in place: fills in what stays of the row (all but `image`). `own`: what
 * is_runtime_reexec said. */
static __always_inline void begin_program(struct process_row *row, const struct identity *who,
					  struct file *file, bool own)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid);
	struct runtime_row *runtime;

	row->lineage = who->lineage;
	row->subject = who->carried ? who->carried : carries(who->subject);
	if (known) {
		row->subject = known->subject;
		row->root = known->root;
		row->mount_ns = known->mount_ns;
	}
	if (row->lineage == LINEAGE_RUNTIME) {
		runtime = bpf_map_lookup_elem(&runtimes, &tgid);
		if (own) {
			if (runtime)
				program_to_runtime(runtime, BPF_CORE_READ(file, f_inode));
			return;
		}
		if (runtime)
			bpf_map_delete_elem(&runtimes, &tgid);
		row->lineage = lineage_at_exec(who);
		mark_started(row->subject);
		row->root = 0;
	}
	/* Home stays what it was when the first program here started, whatever the process does to itself. */
	if (row->root)
		return;
	row->root = (u64)BPF_CORE_READ(task, fs, root.dentry);
	row->mount_ns = mount_ns_of(task);
}

#endif

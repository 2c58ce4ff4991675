/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Code: what a process may execute comes from its image. Decided where memory becomes executable, so it makes no
 * difference which program asks (the dynamic loader as a program, a preloaded library, a plugin), nor how:
 *   mmap_file       mmap, the segments that exec and the ELF interpreter map, shmat, uselib, huge pages
 *   file_mprotect   mprotect, pkey_mprotect, also what READ_IMPLIES_EXEC adds to them
 *   file_open       /proc/PID/mem for writing, which writes into executable pages as well
 * Each as lsm/X and as fmod_ret/security_X. A mapping can be of two origins: that of its file and, when it has been or can
 * be written to as well, memory. Not seen by any hook: a heap that grows under READ_IMPLIES_EXEC, and what a tracer
 * pokes into another process (the privilege `trace`); both are memory, never another file. */
#define TRACING
#include "act.bpf.h"
#include "origin.bpf.h"
#include <bpf/bpf_tracing.h>

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define READ_IMPLIES_EXEC 0x0400000
#define MODE_WRITE 2
#define MAGIC_PROC 0x9fa0
#define NAME_MEM 0x006d656d /* "mem" and its end, in the order of bytes of both architectures */

/* `path`: address of the file's, for a report; 0: memory. Answers verdicts. */
static __noinline int decide_and_record(const struct identity *who, u64 path_address, u32 origin, u32 hook)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct path *path = (void *)path_address;
	int slot = claim_path_slot(), both;
	struct work *work = work_of(slot);

	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return enforces(who->subject) || enforces(who->carried) ? VERDICTS_DENY : VERDICTS_ALLOW;
	asker_to_slot(work, who);
	both = decide_act_for(slot, work, DECISION_CODE, who, origin);
	if (both || is_set(FLAG_OBSERVE)) {
		if (path_address)
			resolve_at(slot, WORK_FILE | AT_HOME, (u64)BPF_CORE_READ(path, dentry),
				   (u64)BPF_CORE_READ(path, mnt), (u64)BPF_CORE_READ(task, fs));
		record_act(slot, work, DECISION_CODE, hook, who, origin, path_address != 0);
	}
	release_slot(slot);
	return both;
}

/* The runtime's own code is the host's. Once it has asked for the container's program, what is mapped is that program's:
 * also the ELF interpreter, which no other hook shows. */
static __always_inline bool is_runtime(const struct identity *who)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *row;

	if (who->lineage != LINEAGE_RUNTIME)
		return false;
	row = bpf_map_lookup_elem(&processes, &tgid);
	return !row || !row->asked;
}

/* 0 or -EPERM. `file`: address, 0: anonymous memory; `memory`: whether the contents are (or may become) its own. */
static __noinline int check_code(u64 file_address, bool memory, u32 hook)
{
	struct identity who;
	u64 path, home;
	int both = 0;
	u32 origin;

	identity_of_current(&who);
	if ((!who.subject && !who.carried) || is_runtime(&who))
		return 0;
	count(COUNTER_CODE);
	if (file_address) {
		path = (u64)path_of((void *)file_address);
		home = who.lineage == LINEAGE_RUNTIME ? 0 : who.root;
		origin = origin_of(path, home, is_host(&who));
		if (origin == ORIGIN_MEMORY)
			memory = true;
		else if (origin != ORIGIN_IMAGE)
			both = decide_and_record(&who, path, origin, hook);
	}
	if (memory || !file_address)
		both |= decide_and_record(&who, 0, ORIGIN_MEMORY, hook);
	return refusal(both & VERDICTS_ENFORCED);
}

static __always_inline int check_mapping(struct file *file, unsigned long prot)
{
	if (!(prot & PROT_EXEC) || !decides_code())
		return 0;
	return check_code(address_of(file), prot & PROT_WRITE, HOOK_MMAP);
}

static __always_inline int check_protection(struct vm_area_struct *vma, unsigned long prot, int earlier)
{
	if (earlier || !(prot & PROT_EXEC) || !decides_code())
		return earlier;
	return check_code((u64)BPF_CORE_READ(vma, vm_file), prot & PROT_WRITE || BPF_CORE_READ(vma, anon_vma),
			  HOOK_MPROTECT);
}

/* fmod_ret sees what was asked for, before the kernel adds what this personality implies. fail closed: on a file system
 * mounted with noexec it adds nothing, and we decide all the same. */
static __always_inline unsigned long with_implied(unsigned long prot)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (prot & PROT_READ && !(prot & PROT_EXEC) && decides_code() &&
	    BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

/* Its own as well as others'. The kernel asks whether it may trace only for others'. */
static __always_inline int check_open(struct file *file, int earlier)
{
	const unsigned char *name;
	u32 text = 0;

	if (earlier || !decides_code() || !(file->f_mode & MODE_WRITE) ||
	    BPF_CORE_READ(file, f_inode, i_sb, s_magic) != MAGIC_PROC)
		return earlier;
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	if (bpf_probe_read_kernel(&text, sizeof(text), name) || text != NAME_MEM)
		return 0;
	return check_code(0, true, HOOK_OPEN);
}

SEC("lsm/mmap_file")
int BPF_PROG(code_lsm_mmap_file, struct file *file, unsigned long asked, unsigned long prot,
	     unsigned long flags, int ret)
{
	return ret ? ret : check_mapping(file, prot);
}

SEC("fmod_ret/security_mmap_file")
int BPF_PROG(code_fmod_ret_mmap_file, struct file *file, unsigned long prot, unsigned long flags, int ret)
{
	return ret ? ret : check_mapping(file, with_implied(prot));
}

SEC("lsm/file_mprotect")
int BPF_PROG(code_lsm_file_mprotect, struct vm_area_struct *vma, unsigned long asked, unsigned long prot,
	     int ret)
{
	return check_protection(vma, prot, ret);
}

SEC("fmod_ret/security_file_mprotect")
int BPF_PROG(code_fmod_ret_file_mprotect, struct vm_area_struct *vma, unsigned long asked, unsigned long prot,
	     int ret)
{
	return check_protection(vma, prot, ret);
}

SEC("lsm/file_open")
int BPF_PROG(code_lsm_file_open, struct file *file, int ret)
{
	return check_open(file, ret);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(code_fmod_ret_file_open, struct file *file, int ret)
{
	return check_open(file, ret);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Watching, for as long as somebody does: every process that starts and ends, every file that is opened, every system
 * call by its number, of subjects and of everything else on the machine. An object of its own, attached by
 * `underpin observe` and gone with it, so that nobody pays for it otherwise. Decides nothing.
 *   tp_btf/sched_process_exec, sched_process_exit   programs that start, processes that end
 *   tp_btf/sys_exit                                 files, after they were opened: what was opened, not what was asked for
 *                                                   (io_uring opens without a system call of its own and is not seen)
 *   tp_btf/sys_enter                                counts of system calls */
#define TRACING
#include "ledger.bpf.h"
#include "image.bpf.h"
#include <bpf/bpf_tracing.h>

#define ANCESTORS_WATCHED 32
#define FMODE_READ 1
#define FMODE_WRITE 2

#ifdef __TARGET_ARCH_arm64
#define NR_OPEN (-1)
#define NR_CREAT (-1)
#define NR_OPENAT 56
#else
#define NR_OPEN 2
#define NR_CREAT 85
#define NR_OPENAT 257
#endif
#define NR_OPENAT2 437
#define NR_OPEN_BY_HANDLE (NR_OPENAT == 56 ? 265 : 304)

/* Id of the cgroup below which is watched; 0: everywhere. */
MAP(watched, BPF_MAP_TYPE_ARRAY, 1, u32, u64, 0);

/* (cgroup, system call) -> how often. Full: not counted, and what is there stays exact. */
MAP(syscalls, BPF_MAP_TYPE_HASH, 65536, struct syscall_key, u64, BPF_F_NO_PREALLOC);

struct task_struct___files {
	struct files_struct *files;
	int exit_code;
} KERNEL_TYPE;

struct pt_regs___nr {
	long orig_ax;
	int syscallno;
} KERNEL_TYPE;

static __always_inline bool is_watched(struct task_struct *task)
{
	u32 zero = 0;
	u64 *only = bpf_map_lookup_elem(&watched, &zero);
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);

	if (!only || !*only)
		return true;
	for (u32 level = 0; level < ANCESTORS_WATCHED && cgroup; level++) {
		if (BPF_CORE_READ(cgroup, kn, id) == *only)
			return true;
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
	}
	return false;
}

/* `key`: what about it is not the same for all. */
static __always_inline void show(struct task_struct *task, u32 kind, const struct identity *who,
				 struct ledger_key *key, u64 exe, u64 value)
{
	struct event *event = bpf_ringbuf_reserve(&observed, sizeof(*event), 0);
	struct image_row *image = bpf_map_lookup_elem(&images, &who->image);

	if (!event) {
		count(COUNTER_OBSERVED_LOST);
		return;
	}
	key->subject = who->subject ? who->subject : who->carried ? who->carried : cgroup_of(task);
	key->image = who->image;
	key->lineage = who->lineage;
	event->time = bpf_ktime_get_boot_ns();
	event->exe = exe ? exe : image ? image->exe.hash : 0;
	event->from = image ? image->from.hash : 0;
	event->kind = kind;
	event->pid = BPF_CORE_READ(task, tgid);
	event->what = *key;
	event->count = value;
	event->name = 0;
	bpf_ringbuf_submit(event, 0);
}

/* Hash of the path of what a task runs, or of a file; its name is kept. 0: no room. */
static __always_inline u64 path_hash_of(struct task_struct *task, struct file *file)
{
	int slot = claim_path_slot();
	struct work *work = work_of(slot);
	u64 hash;

	if (slot < 0 || !work)
		return 0;
	resolve(slot, WORK_FILE, (u64)file, (u64)BPF_CORE_READ(task, fs));
	remember_name(slot, WORK_FILE);
	hash = work->path[WORK_FILE].hash;
	release_slot(slot);
	return hash;
}

static __always_inline u64 program_of(struct task_struct *task)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	return file ? path_hash_of(task, file) : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(observe_start, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct ledger_key key = {};
	struct identity who;

	if (!is_watched(task))
		return 0;
	identity_of_current(&who);
	show(task, EVENT_START, &who, &key, program_of(task), 0);
	return 0;
}

/* value: the exit status as wait(2) has it. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(observe_exit, struct task_struct *task)
{
	struct task_struct___files *more = (void *)task;
	struct ledger_key key = {};
	struct identity who;

	if (task->signal->live.counter > 0 || !is_watched(task))
		return 0;
	identity_of_current(&who);
	show(task, EVENT_EXIT, &who, &key, program_of(task), BPF_CORE_READ(more, exit_code));
	return 0;
}

static __always_inline long syscall_of(u64 registers)
{
	struct pt_regs___nr *regs = (void *)registers;

	if (bpf_core_field_exists(regs->orig_ax))
		return BPF_CORE_READ(regs, orig_ax);
	return BPF_CORE_READ(regs, syscallno);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(observe_open, struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___files *more = (void *)task;
	struct ledger_key key = {.decision = DECISION_FILE, .hook = HOOK_OPEN};
	struct file **table, *file = 0;
	struct identity who;
	u64 hash;
	long nr;

	if (ret < 0)
		return 0;
	nr = syscall_of((u64)regs);
	if (nr != NR_OPENAT && nr != NR_OPEN && nr != NR_OPENAT2 && nr != NR_CREAT && nr != NR_OPEN_BY_HANDLE)
		return 0;
	if (!is_watched(task))
		return 0;
	table = BPF_CORE_READ(more, files, fdt, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), table + ret) || !file)
		return 0; /* another thread has closed it already */
	identity_of_current(&who);
	hash = path_hash_of(task, file);
	key.port = (BPF_CORE_READ(file, f_mode) & FMODE_READ ? ACCESS_READ : 0) |
		   (BPF_CORE_READ(file, f_mode) & FMODE_WRITE ? ACCESS_WRITE : 0);
	__builtin_memcpy(key.address, &hash, sizeof(hash));
	show(task, EVENT_OPEN, &who, &key, program_of(task), 0);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(observe_syscall, struct pt_regs *regs, long id)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct syscall_key key = {};
	u64 *times, one = 1;

	if (!is_watched(task))
		return 0;
	key.cgroup = cgroup_of(task);
	key.number = id;
	times = bpf_map_lookup_elem(&syscalls, &key);
	if (times)
		__sync_fetch_and_add(times, 1);
	else if (bpf_map_update_elem(&syscalls, &key, &one, BPF_NOEXIST)) {
		times = bpf_map_lookup_elem(&syscalls, &key); /* somebody else was first */
		if (times)
			__sync_fetch_and_add(times, 1);
		else
			count(COUNTER_OBSERVED_LOST);
	}
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
